"""What is said on an AMI link: greeting, event, response, action. Pure data; knows no wire and no
socket.

Names of headers are compared without case, because Asterisk itself is of two minds: an `AGI` action
carries ``CommandID``, its events answer ``CommandId``. Repeated headers are all kept: a channel has
one ``ChanVariable`` line per variable.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, Self

import msgspec

from cti.ami.text import decode_text

FieldValue = str | int | Sequence[str]

SHUTTING_DOWN: Final = "Asterisk is shutting down"

_SECRET_NAMES: Final = frozenset({"secret", "key", "md5secret"})


class Headers:
    """
    The header lines of one message, in order, repeated ones included. Immutable.

    Lines that come from the wire stay bytes. A client looks at four of the thirty headers of an
    event, so `get` searches for the one that is asked for, which costs a tenth of reading all.
    """

    __slots__ = ("_first", "_lower", "_pairs", "_raw")

    def __init__(
        self, pairs: Iterable[tuple[str, str]] | None = (), wire: bytes | None = None
    ) -> None:
        self._raw = wire  # each line between CRLF and CRLF; None: not from the wire
        self._lower = wire.lower() if wire else b""  # to search in
        self._pairs = None if pairs is None else tuple(pairs)
        self._first: dict[str, str] | None = None

    @classmethod
    def from_wire(cls, lines: bytes) -> Self:
        """Headers in CRLF-separated lines, each of them read when it is asked for."""
        return cls(None, b"\r\n%b\r\n" % lines)

    def get(self, name: str, default: str = "") -> str:
        """Value of the first header of that name (any case), or the default."""
        raw = self._raw
        if raw is None:
            return (self._first or self._index()).get(name.lower(), default)
        mark = _line_start(name)
        start = self._lower.find(mark)
        if start < 0:
            return default
        start += len(mark)
        value = raw[start : raw.find(b"\r\n", start)]
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = decode_text(value)
        return text.removeprefix(" ").rstrip("\n")

    def count(self, name: str) -> int:
        """How many headers have that name (any case)."""
        if self._raw is None:
            return len(self.all(name))
        return self._lower.count(_line_start(name))

    def all(self, name: str) -> tuple[str, ...]:
        """Values of all headers of that name (any case), in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.items() if key.lower() == wanted)

    def items(self) -> tuple[tuple[str, str], ...]:
        """All headers as (name as written, value), in order."""
        if self._pairs is None:
            self._pairs = _read_lines(self._raw or b"")
        return self._pairs

    def _index(self) -> dict[str, str]:
        """First value by lower-case name, made once."""
        first: dict[str, str] = {}
        for key, value in self.items():
            first.setdefault(key.lower(), value)
        self._first = first
        return first

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.count(name) > 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.items() == other.items()

    __hash__ = None  # type: ignore[assignment]  # messages are compared, never looked up

    def __repr__(self) -> str:
        return f"Headers({_without_secrets(self.items())})"


class AmiGreeting(msgspec.Struct, frozen=True, gc=False):
    """The first line of a connection, ``Asterisk Call Manager/11.0.0``."""

    version: str


class AmiEvent(msgspec.Struct, frozen=True, gc=False):
    """
    One event. `headers` are the lines after ``Event: name``.

    A second ``Event`` line (anyone who may write a UserEvent can make one) is a header like others
    and never changes the name.
    """

    name: str
    headers: Headers = Headers()

    @property
    def action_id(self) -> str:
        """ActionID of the action that this event belongs to, or empty."""
        return self.headers.get("ActionID")

    @property
    def is_forged(self) -> bool:
        """
        Whether it says twice what Asterisk says once: what it is, or whose channel it is about.

        The second comes from a line end in somebody's value (a dialplan that writes a caller's name
        into a UserEvent, say), and nothing tells which of the two is Asterisk's.
        """
        count = self.headers.count
        return count("Event") > 0 or count("Uniqueid") > 1 or count("Channel") > 1


class AmiResponse(msgspec.Struct, frozen=True, gc=False):
    """
    The answer to one action. `headers` are the lines after ``Response: Success`` or ``Error``.

    `events` are the items of a list answer, without the closing one, whose headers are of no use
    beyond telling the end. Success means that Asterisk took the order, not that anything happened.
    """

    success: bool
    headers: Headers = Headers()
    events: tuple[AmiEvent, ...] = ()

    @property
    def message(self) -> str:
        """Asterisk's sentence about it, or empty."""
        return self.headers.get("Message")

    @property
    def action_id(self) -> str:
        """ActionID of the action that is answered, or empty."""
        return self.headers.get("ActionID")

    @property
    def is_shutting_down(self) -> bool:
        """
        Whether Asterisk refuses this action since it refuses all of them.

        From `core restart gracefully` on it takes no login, no action and no new channel until the
        last call has ended, as long as that takes; it still tells events (22.10.1, measured).
        """
        return not self.success and self.message == SHUTTING_DOWN


class AmiAction(msgspec.Struct, frozen=True, gc=False):
    """An order to Asterisk. `fields` are (name, value) in order; a name may repeat."""

    name: str
    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Value of the first field of that name (any case), or the default."""
        return next(iter(self.all(name)), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Values of all fields of that name (any case), in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.fields if key.lower() == wanted)

    @property
    def action_id(self) -> str:
        """ActionID that the peer chose; empty on actions of ours, where the client adds it."""
        return self.get("ActionID")

    def __repr__(self) -> str:
        return f"AmiAction({self.name!r}, {_without_secrets(self.fields)})"


def action(name: str, /, *pairs: tuple[str, str], **fields: FieldValue) -> AmiAction:
    """
    An action in the order of writing; a sequence of values repeats its field.

    >>> action("Originate", Channel="PJSIP/a1", Variable=["A=1", "B=2"]).all("Variable")
    ('A=1', 'B=2')
    """
    return AmiAction(name, (*pairs, *_spread(fields)))


def event(name: str, /, *pairs: tuple[str, str], **fields: FieldValue) -> AmiEvent:
    """An event, written like `action`; for whoever plays Asterisk."""
    return AmiEvent(name, Headers((*pairs, *_spread(fields))))


def response(
    success: bool, message: str = "", /, *pairs: tuple[str, str], **fields: FieldValue
) -> AmiResponse:
    """An answer with its Message last, as Asterisk writes it; for whoever plays Asterisk."""
    last = (("Message", message),) if message else ()
    return AmiResponse(success, Headers((*pairs, *_spread(fields), *last)))


def _spread(fields: dict[str, FieldValue]) -> Iterator[tuple[str, str]]:
    for key, value in fields.items():
        if isinstance(value, str | int):
            yield key, str(value)
        else:
            yield from ((key, each) for each in value)


def _read_lines(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Pairs of CRLF-separated ``Name: value`` lines; a line without a colon is passed over."""
    try:
        lines = raw.decode().split("\r\n")
    except UnicodeDecodeError:
        lines = [decode_text(line) for line in raw.split(b"\r\n")]
    pairs = []
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            pairs.append((key, _value(value)))
    return tuple(pairs)


def _value(text: str) -> str:
    r"""
    What a line says after its colon.

    Exactly one blank belongs to the form: ``Output:`` lines of a Command are indented by what
    follows it. A bare LF at the end is Asterisk's own slip (``Message: No Contacts found\n``) and
    is cut; one inside a value stays, and starts no header.
    """
    return text.removeprefix(" ").rstrip("\n")


@lru_cache(maxsize=1024)  # the names that our own code asks for
def _line_start(name: str) -> bytes:
    """How a line of that name begins, in lower case, the end of the line before it included."""
    return f"\r\n{name.lower()}:".encode()


def _without_secrets(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, "***" if key.lower() in _SECRET_NAMES else value) for key, value in pairs)
