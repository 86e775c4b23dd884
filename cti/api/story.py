"""The life of one call in words, from what the event log has kept of it, and how it stands now.

`cti.record.reading` gives the events back, `routing.explain` tells them. Customers' numbers are
shown masked.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cti.record.cloudevents import Record
from cti.record.masking import masked
from cti.record.reading import kept
from routing.engine import RoutingEngine
from routing.events import CallQueued, Event
from routing.explain import explain, standing_of, tell_standing
from routing.ids import CallId, QueueId
from routing.transfers.messages import TransferStarted

History = list[tuple[int, Event]]
"""(at_us, event), in order."""

MAX_CONSULTATIONS = 20


class Beginning(NamedTuple):
    """Where a story begins. `at_us` is microseconds since 1970 UTC, 0 when it is not known."""

    at_us: int = 0
    caller: str = ""
    queue_id: QueueId = QueueId("")


def read(records: Iterable[Record]) -> tuple[History, int]:
    """The events, and how many records could not be read back."""
    found = [kept(record) for record in records]
    history = [(each.envelope.at_us, each.envelope.event) for each in found if each is not None]
    return history, len(found) - len(history)


def consultations(history: History) -> list[CallId]:
    """The calls that were made on behalf of this one: their events belong to its story."""
    found = [event.consult_id for _, event in history if isinstance(event, TransferStarted)]
    return [call_id for call_id in dict.fromkeys(found) if call_id][:MAX_CONSULTATIONS]


def beginning(history: History) -> Beginning:
    """When it came, who called, and which queue was asked for first."""
    for at_us, event in history:
        if isinstance(event, CallQueued):
            return Beginning(event.first_queued_us or at_us, masked(event.caller), event.queue_id)
    return Beginning(history[0][0]) if history else Beginning()


def told(history: History, lang: str) -> list[str]:
    """What has happened, a line each."""
    return explain(history, lang)


def now(engine: RoutingEngine, call_id: CallId, now_us: int, lang: str) -> list[str]:
    """How a live call stands, and why it waits; nothing for one that is over."""
    standing = standing_of(engine, call_id, now_us)
    return [] if standing is None else tell_standing(standing, lang)
