"""What is counted of each queue, after the catalogue of indicators (names K…, SL-…, rules C…).

* A request is counted when the queue is asked for an agent, and ends in exactly one way, so that
  offered = answered + abandoned + diverted + lost + callbacks_unmet + those still in hand.
* Within T includes T (C5). The wait runs through ringing and stops at the answer (C4); what wait
  an answer had is said by the event, not measured here.
* Totals only grow, for the metrics; screens show the part of them that belongs to the present day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

from cti.view.rows import CallNow, CallStage
from routing import events as e
from routing.config import SECOND_US
from routing.ids import CallId, QueueId

DEFAULT_LEVEL_US: Final = 20 * SECOND_US


class Count(StrEnum):
    """What can be counted of a request."""

    OFFERED = "offered"
    ANSWERED = "answered"
    ANSWERED_IN_TIME = "answered_in_time"
    ABANDONED = "abandoned"
    DIVERTED = "diverted"
    LOST = "lost"
    UNMET = "unmet"


Counts = Counter[Count]

_OUTCOMES: Final = {
    e.CallOutcome.ABANDONED: Count.ABANDONED,
    e.CallOutcome.DIVERTED: Count.DIVERTED,
    e.CallOutcome.TAKEN: Count.LOST,
    e.CallOutcome.LOST: Count.LOST,
    e.CallOutcome.CALLBACK_FAILED: Count.UNMET,
    e.CallOutcome.CALLBACK_CANCELLED: Count.UNMET,
}
_WAITS: Final = (CallStage.WAITING, CallStage.RINGING)


class Figures:
    """Requests by queue, and by what became of them."""

    def __init__(self) -> None:
        self._levels: dict[QueueId, int] = {}  # T of the service level
        self._totals: dict[QueueId, Counts] = {}
        self._before_today: dict[QueueId, Counts] = {}
        self._requests: dict[CallId, tuple[int, bool]] = {}  # number, and whether it has ended
        self.handlers: dict[type, Any] = {
            e.CallQueued: self._asked,
            e.CallDiverted: self._diverted,
            e.CallEstablished: self._established,
            e.CallCleared: self._cleared,
        }

    def configure(self, levels: Iterable[tuple[QueueId, int]]) -> None:
        """These are the queues, each with the T of its service level."""
        self._levels = dict(levels)
        self._totals = {name: self._totals.get(name, Counter()) for name in self._levels}

    def reset(self, calls: Iterable[CallNow]) -> None:
        """These are the live calls; what was counted stays."""
        self._requests = {c.call_id: (c.request_no, c.stage not in _WAITS) for c in calls}

    def level_us(self, queue_id: QueueId) -> int:
        """T of the service level."""
        return self._levels.get(queue_id, DEFAULT_LEVEL_US)

    def today(self, queue_id: QueueId) -> Counts:
        """What was counted on the present day."""
        before = self._before_today.get(queue_id, Counter())
        return Counter({what: self._of(queue_id)[what] - before[what] for what in Count})

    def totals(self) -> Iterator[tuple[QueueId, Counts]]:
        """What was counted in all; never goes back."""
        yield from self._totals.items()

    def turn_day(self) -> None:
        """The present day's figures begin at nothing."""
        self._before_today = {name: counts.copy() for name, counts in self._totals.items()}

    # --- events ----------------------------------------------------------------------------------

    def _asked(self, event: e.CallQueued | e.CallDiverted, _at_us: int) -> None:
        """Count the request when it is a new one; a call back in line after an offer is not."""
        known, _ = self._requests.get(event.call_id, (0, False))
        if known != event.request_no:
            self._requests[event.call_id] = (event.request_no, False)
            self._of(event.queue_id)[Count.OFFERED] += 1

    def _diverted(self, event: e.CallDiverted, at_us: int) -> None:
        self._asked(event, at_us)
        self._of(event.queue_id)[Count.DIVERTED] += 1
        self._requests[event.call_id] = (event.request_no, True)

    def _established(self, event: e.CallEstablished, _at_us: int) -> None:
        counts = self._of(event.queue_id)
        counts[Count.ANSWERED] += 1
        if event.waited_us <= self.level_us(event.queue_id):
            counts[Count.ANSWERED_IN_TIME] += 1
        self._requests[event.call_id] = (event.request_no, True)

    def _cleared(self, event: e.CallCleared, _at_us: int) -> None:
        _, has_ended = self._requests.pop(event.call_id, (0, True))
        if not has_ended and (what := _OUTCOMES.get(event.outcome)):
            self._of(event.queue_id)[what] += 1

    def _of(self, queue_id: QueueId) -> Counts:
        counts = self._totals.get(queue_id)
        if counts is None:
            counts = self._totals[queue_id] = Counter()
        return counts
