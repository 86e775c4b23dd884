"""What is said on an AMI link: greeting, event, response, action. Pure data; knows no wire and no
socket.

Names of headers are compared without case, because Asterisk itself is of two minds: an `AGI` action
carries ``CommandID``, its events answer ``CommandId``. Repeated headers are all kept: a channel has
one ``ChanVariable`` line per variable.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self

import msgspec

from cti.ami.text import decode_text

FieldValue = str | int | Sequence[str]

_SECRET_NAMES: Final = frozenset({"secret", "key", "md5secret"})


class Headers:
    """
    The header lines of one message, in order, repeated ones included. Immutable.

    Lines that come from the wire are read on the first question, not before: most messages that a
    client receives are looked at once or not at all, and reading costs ten times the looking.
    """

    __slots__ = ("_first", "_pairs", "_raw")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._raw: bytes | None = None
        self._pairs: tuple[tuple[str, str], ...] = tuple(pairs)
        self._first: dict[str, str] | None = None

    @classmethod
    def from_wire(cls, raw: bytes) -> Self:
        """Headers to be read from CRLF-separated lines when first asked for."""
        headers = cls()
        headers._raw = raw
        return headers

    def get(self, name: str, default: str = "") -> str:
        """Value of the first header of that name (any case), or the default."""
        first = self._first
        if first is None:
            first = self._index()
        return first.get(name.lower(), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Values of all headers of that name (any case), in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.items() if key.lower() == wanted)

    def items(self) -> tuple[tuple[str, str], ...]:
        """All headers as (name as written, value), in order."""
        if self._raw is not None:
            self._pairs = _read_lines(self._raw)
            self._raw = None
        return self._pairs

    def _index(self) -> dict[str, str]:
        """First value by lower-case name, made once."""
        first: dict[str, str] = {}
        for key, value in self.items():
            first.setdefault(key.lower(), value)
        self._first = first
        return first

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in (self._first or self._index())

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
    r"""
    Pairs of CRLF-separated ``Name: value`` lines; a line without a colon is passed over.

    Exactly one blank after the colon belongs to the form: ``Output:`` lines of a Command are
    indented by what follows it. A bare LF at the end of a value is Asterisk's own slip
    (``Message: No Contacts found\n``) and is cut; one inside a value stays, and starts no header.
    """
    try:
        lines = raw.decode().split("\r\n")
    except UnicodeDecodeError:
        lines = [decode_text(line) for line in raw.split(b"\r\n")]
    pairs = []
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            value = value[1:] if value[:1] == " " else value
            pairs.append((key, value.rstrip("\n") if value[-1:] == "\n" else value))
    return tuple(pairs)


def _without_secrets(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, "***" if key.lower() in _SECRET_NAMES else value) for key, value in pairs)
