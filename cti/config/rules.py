"""What each kind of field may hold, said once: the pattern for the machine, the words for people.

Everything that can reach AMI, AGI, the dialplan or an MQTT topic is held to a positive list of
characters. None of them contains CR, LF, NUL, `$`, `{`, `,`, `&`, `/` or a blank, so no value can
end a header, start an expression, or add a second destination to a `Dial`.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from cti.config.secret import Secret
from routing.config_check import MAX_DATA_BYTES, is_data_name
from routing.index.needs import MAX_LEVEL, MAX_TEXT


@dataclass(frozen=True, slots=True)
class Text:
    """A text that `fits`; `says` completes the sentence "must be …". `pattern` is the rule for
    other readers (JSON Schema, ECMA-262 too), "" where no pattern says it.
    """

    fits: Callable[[str], object]
    says: str
    pattern: str = ""

    def admits(self, value: str | Secret) -> bool:
        """Whether the value keeps to the rule."""
        return bool(self.fits(value.reveal() if isinstance(value, Secret) else value))


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds, both included."""

    low: float
    high: float
    unit: str = ""

    def admits(self, value: float) -> bool:
        """Whether the value keeps to the rule."""
        return self.low <= value <= self.high

    @property
    def says(self) -> str:
        """The sentence after "must be", such as `1 to 25 seconds`."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.low:.9g} to {self.high:.9g}{unit}"


def matching(pattern: str, says: str) -> Text:
    """`fullmatch`, not `$`, which would let a trailing line feed through."""
    return Text(re.compile(pattern).fullmatch, says, pattern)


def _network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


_NO_CONTROL = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"

NAME = matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 of A-Z a-z 0-9 _ -")
# docs/call-flow.md: the name of an Asterisk, a hyphen, and its id of the channel.
CALL_ID = matching(r"[A-Za-z0-9_.-]{1,161}", "1 to 161 of A-Z a-z 0-9 _ . -")
# The order to deliver travels as an extension, EPOCH*OFFER*RING_S*ENDPOINT (docs/call-flow.md), and
# Asterisk cuts extensions at AST_MAX_EXTENSION = 80 bytes with the closing NUL
# (include/asterisk/channel.h): 40 for the endpoint leave 36 digits for the other three.
_ENDPOINT = matching(r"[A-Za-z0-9_.-]{1,40}", "1 to 40 of A-Z a-z 0-9 _ . -")
_HOST = matching(r"[A-Za-z0-9_.:-]{1,253}", "a host name or an IP address")
_PATH = matching(rf"{_NO_CONTROL}{{1,4096}}", "a path without control characters")
_TOPIC = matching(
    r"(?=.{1,128}\Z)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*",
    "topic levels of A-Z a-z 0-9 _ - joined by /, 128 characters at most",
)
_NETWORK = Text(_network, "a network such as 10.1.0.0/16 or one address such as 10.1.2.3/32")
# AMI strips blanks around a value and manager.conf starts a comment at `;`.
_AMI_SECRET = matching(
    r"(?!.*\$\{)[!-:<-~]{8,128}", "8 to 128 printable ASCII characters without blank, ; and ${"
)
_OPTIONAL_AMI_SECRET = matching(
    r"(?!.*\$\{)(?:[!-:<-~]{8,128})?",
    "empty, or 8 to 128 printable ASCII characters without blank, ; and ${",
)
# The dialplan hashes it inside SHA1(…): nothing that an expression would read.
_AGI_SECRET = matching(r"[A-Za-z0-9_.+=-]{16,128}", "16 to 128 of A-Z a-z 0-9 _ . + = -")
_BUS_SECRET = matching(
    rf"{_NO_CONTROL}{{0,256}}", "at most 256 characters, none a control character"
)
_NEED = matching(
    rf"[A-Za-z0-9_.:&|()!>=@ -]{{0,{MAX_TEXT}}}",
    f"a need such as english>=3 & loans, {MAX_TEXT} characters at most",
)

# --- as annotations ------------------------------------------------------------------------------

Name = Annotated[str, NAME]
DataName = Annotated[str, Text(is_data_name, "1 to 32 letters, digits and _, a letter first")]
DataBytes = Annotated[int, Range(1, MAX_DATA_BYTES, "bytes")]
Sound = Annotated[
    str, matching(r"[a-z0-9_-]{1,64}", "a sound of the folder cti/: 1 to 64 of a-z 0-9 _ -")
]
Endpoint = Annotated[str, _ENDPOINT]
Extension = Annotated[str, matching(r"[A-Za-z0-9_-]{0,64}", "at most 64 of A-Z a-z 0-9 _ -")]
OptionalName = Annotated[str, matching(r"[A-Za-z0-9_-]{0,64}", "at most 64 of A-Z a-z 0-9 _ -")]
OPTIONAL_ENDPOINT = matching(r"[A-Za-z0-9_.-]{0,40}", "at most 40 of A-Z a-z 0-9 _ . -")
Host = Annotated[str, _HOST]
FilePath = Annotated[str, _PATH]
ABSOLUTE_PATH = matching(
    rf"/{_NO_CONTROL}{{0,4095}}", "an absolute path without control characters"
)
OptionalPath = Annotated[
    str, matching(rf"{_NO_CONTROL}{{0,4096}}", "a path without control characters")
]
Topic = Annotated[str, _TOPIC]
Network = Annotated[str, _NETWORK]
BusUser = Annotated[str, _BUS_SECRET]
AmiSecret = Annotated[Secret, _AMI_SECRET]
OptionalAmiSecret = Annotated[Secret, _OPTIONAL_AMI_SECRET]
AgiSecret = Annotated[Secret, _AGI_SECRET]
BusSecret = Annotated[Secret, _BUS_SECRET]
Need = Annotated[str, _NEED]
Port = Annotated[int, Range(1, 65535)]
ListenPort = Annotated[int, Range(0, 65535)]  # 0: any free port, for tests and demonstrations
Count = Annotated[int, Range(0, 1_000_000)]
PositiveCount = Annotated[int, Range(1, 1_000_000)]
KeepDays = Annotated[int, Range(0, 36_500, "days")]  # a century
Points = Annotated[int, Range(0, 1_000_000)]
Priority = Annotated[int, Range(0, 1000)]  # the range of docs/call-flow.md
Level = Annotated[int, Range(1, MAX_LEVEL)]
Percent = Annotated[int, Range(0, 100)]
Seconds = Annotated[float, Range(0, 86_400, "seconds")]
PositiveSeconds = Annotated[float, Range(0.001, 86_400, "seconds")]
UtcOffset = Annotated[int, Range(-720, 840, "minutes")]  # of all places on earth
SliceSeconds = Annotated[int, Range(1, 25, "seconds")]  # docs/call-flow.md, SLICE_S
RingSeconds = Annotated[float, Range(0.1, 600, "seconds")]
