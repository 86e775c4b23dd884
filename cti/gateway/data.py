"""Call data between the dialplan and the core. Pure.

The router tells each Asterisk which names to look for, in the global CTI_DATA; the dialplan sends
an argument `NAME=VALUE` for each with its questions, URI-encoded, of a value at most one byte more
than it may have. A value that is unfit is left out and named; the call is taken in any case. Values
are never repeated in what is said.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from routing.config import DataField
from routing.data import Data, fits


def wanted(fields: tuple[DataField, ...]) -> str:
    """The value of CTI_DATA: `customer:65*language:9`."""
    return "*".join(f"{field.name}:{field.max_bytes + 1}" for field in fields)


def read_data(given: Iterable[str], fields: tuple[DataField, ...]) -> tuple[Data, tuple[str, ...]]:
    """What fits, and for each value that does not its name and the rule."""
    found: list[tuple[str, str]] = []
    wrong: list[str] = []
    listed = {field.name: field for field in fields}
    for name, raw in _pairs(given):
        field = listed.get(name)
        value = _text(raw)
        if field is None:
            wrong.append(f"{name if name.isidentifier() else '?'} (no such name in call_data)")
        elif value is None:
            wrong.append(f"{name} (longer than {field.max_bytes} bytes, or no UTF-8)")
        elif not fits(field, value):
            rule = f"longer than {field.max_bytes} bytes, or with a control character, ${{ or $["
            wrong.append(f"{name} ({rule})")
        else:
            found.append((name, value))
    return tuple(found), tuple(wrong)


def kept(before: Data, arrived: Data) -> Data:
    """The data of a caller who comes to the line once more: what the dialplan says counts, and what
    it says nothing about stays as it was.
    """
    return tuple({**dict(before), **dict(arrived)}.items())


def _pairs(given: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for part in given:
        name, _, value = part.partition("=")
        if value:
            yield name[:32], unquote_to_bytes(value)


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
