"""Commands that have crashed the core once are not given to it again.

Without this, one call that the core cannot stand would crash each start anew: it waits in Asterisk,
the next router finds it there, and so on, and nobody else would be served. With it that one caller
gets no answer, which the dialplan takes for an absent router: music, and then failsafe, where a
person answers.

It holds for the program version that crashed, and for a day. Passing time (`DeadlinesReached`) is
never held back: without it nothing would ever end.
"""

import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from routing.commands import Command, DeadlinesReached

log = logging.getLogger(__name__)

DAY_US: Final = 86_400_000_000
LIMIT: Final = 1000

_encode = msgspec.json.Encoder(order="deterministic").encode


class Abandoned(msgspec.Struct, frozen=True):
    """One line of `abandoned.jsonl`: a command that crashed the core, and how."""

    seq: int
    at_us: int
    epoch: int
    code: str
    command: Command
    error: str


class Quarantine:
    """`held` are the commands that this program, of this version, has crashed at lately."""

    def __init__(
        self, abandoned: Iterable[Abandoned] = (), *, code: str = "", now_us: int = 0
    ) -> None:
        self._keys = {
            _key(each.command)
            for each in abandoned
            if each.code == code and now_us - each.at_us < DAY_US
        }
        self.refused = 0

    def holds(self, command: Command) -> bool:
        """Whether this command must not reach the core. Cheap while nothing is held."""
        if not self._keys or isinstance(command, DeadlinesReached):
            return False
        if _key(command) not in self._keys:
            return False
        self.refused += 1
        return True


def read_abandoned(lines: Iterable[bytes]) -> list[Abandoned]:
    """The last of them; a line that cannot be read is passed over."""
    found = []
    for line in list(lines)[-LIMIT:]:
        try:
            found.append(msgspec.json.decode(line, type=Abandoned))
        except msgspec.DecodeError:
            log.warning("abandoned.jsonl: a line cannot be read")
    return found


def _key(command: Command) -> bytes:
    """What is said about one call is the same thing, however it is worded; all else is itself."""
    call_id = getattr(command, "call_id", "")
    if call_id:
        return f"{type(command).__name__} {call_id}".encode()
    return _encode(command)
