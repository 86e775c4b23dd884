"""What the record has kept, read back: the event as the core said it.

Pure. Not every record holds an event: one that had no form was set aside (`cti.record.set_aside`),
and another version of the program may have written what this one does not know.
"""

import msgspec

from cti.record.cloudevents import Record
from cti.record.envelope import Envelope
from routing.events import Event


class Kept(msgspec.Struct, frozen=True, gc=False):
    """One event with its place in history; `employer` is that of the agent it names, as of then."""

    envelope: Envelope
    employer: str


class _Body(msgspec.Struct, gc=False):
    """What is of interest of a CloudEvent."""

    data: msgspec.Raw
    employer: str = ""


_body = msgspec.json.Decoder(_Body).decode
_event = msgspec.json.Decoder(Event).decode


def kept(record: Record) -> Kept | None:
    """The event of a record; None for one that holds none that can be read."""
    try:
        body = _body(record.body)
        event = _event(body.data)
    except msgspec.DecodeError:
        return None
    return Kept(Envelope(record.epoch, record.seq, record.at_us, event), body.employer)
