"""What a reader may see of a record. Pure.

The record is whole; whoever passes it on says up to which class a reader may see it, and gets it
masked accordingly. By the classes of `cti.record.classes`, so what nobody has listed is hidden too.
A record of before the log was whole holds masked numbers already: they stay as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

import msgspec

from cti.record.classes import FieldClass, name_of, protected, shown
from cti.record.cloudevents import CloudEvent, Record, csta_names
from cti.record.masking import masked
from cti.record.set_aside import EventSetAside
from routing.events import Event

_KINDS: Final[Mapping[str, type[msgspec.Struct]]] = {
    name_of(kind): kind for kind in (*get_args(Event), EventSetAside)
}
_OPEN: Final = frozenset(
    f"cti.{name}"
    for kind in (*get_args(Event), EventSetAside)
    if not protected(kind)
    for name in csta_names(kind)
)
"""Types of events in which nothing is protected: as they are for everybody."""

_envelope: Final = msgspec.json.Decoder(CloudEvent).decode
_data: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode


def seen(record: Record, upto: FieldClass = FieldClass.PUBLIC) -> bytes:
    """The CloudEvent for a reader who may see what is of this class and below."""
    if upto is FieldClass.SECRET or record.type in _OPEN:
        return record.body
    envelope = _envelope(record.body)
    data = _data(envelope.data)
    kind = _KINDS.get(str(data.get("type", "")))
    given = protected(kind) if kind is not None else _unknown(data)
    mask: Callable[[str], str] = str if upto is FieldClass.PERSONAL else masked
    hidden = {name: _shown(data[name], given[name], mask) for name in given if name in data}
    return _encode(msgspec.structs.replace(envelope, data=msgspec.Raw(_encode(data | hidden))))


def _unknown(data: Mapping[str, Any]) -> dict[str, FieldClass]:
    """Of an event that this program does not know: all but its type, numbers and truth values."""
    plain = (bool, int, float, type(None))
    return {
        name: FieldClass.PERSONAL
        for name, value in data.items()
        if name != "type" and not isinstance(value, plain)
    }


def employer_of(record: Record) -> str:
    """Whose agent it names, as of then; "" for none."""
    return _envelope(record.body).employer if record.agent_id else ""


def _shown(value: Any, given: FieldClass, mask: Callable[[str], str]) -> Any:
    """As `shown`; what can be masked neither as a text nor as pairs is left empty."""
    pairs = isinstance(value, list) and all(_is_pair(each) for each in value)
    if given is FieldClass.PERSONAL and not (isinstance(value, str) or pairs):
        return type(value)()
    return shown(value, given, mask)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(x, str) for x in value)
