"""The life of one call in words, from what the event log has kept of it.

The log keeps CloudEvents; their `data` is the event as the core said it, with customers' numbers
masked, so it can be read back and told by `routing.explain`.
"""

from collections.abc import Iterable

import msgspec

from cti.record.cloudevents import Record
from routing.events import Event
from routing.explain import explain

LANGUAGES = ("en", "zh")


class _Kept(msgspec.Struct):
    """What is of interest of a CloudEvent."""

    data: msgspec.Raw


_body = msgspec.json.Decoder(_Kept).decode
_event = msgspec.json.Decoder(Event).decode


def story(records: Iterable[Record], lang: str) -> tuple[list[str], int]:
    """The lines, and how many events could not be read: another version of the program wrote them
    in another form.
    """
    history: list[tuple[int, Event]] = []
    unreadable = 0
    for record in records:
        try:
            history.append((record.at_us, _event(_body(record.body).data)))
        except msgspec.DecodeError:
            unreadable += 1
    return explain(history, lang), unreadable
