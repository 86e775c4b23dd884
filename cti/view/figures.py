"""What is counted of one queue, after the catalogue of indicators (names K…, SL-…, rules C…).

* A request is counted when the queue is asked for an agent, and ends in exactly one way, so that
  offered = answered + abandoned + diverted + lost + callbacks_unmet + those still in hand.
* Within T includes T (C5). The wait runs through ringing and stops at the answer (C4); what wait
  an answer had is said by the event, not measured here.
* Totals only grow, for the metrics; screens show the part of them that belongs to the present day.
"""

from collections import Counter
from enum import StrEnum

from cti.view.rows import Level, QueueRow
from routing.ids import CallId, QueueId


class Count(StrEnum):
    """What can be counted of a request."""

    OFFERED = "offered"
    ANSWERED = "answered"
    ANSWERED_IN_TIME = "answered_in_time"
    ABANDONED = "abandoned"
    DIVERTED = "diverted"
    LOST = "lost"
    UNMET = "unmet"


class QueueFigures:
    """Who is in one queue now, and what has been counted of it."""

    __slots__ = (
        "_before_today", "accepting", "level_us", "line", "promised", "queue_id", "reserve_open",
        "ringing", "talking", "totals",
    )  # fmt: skip

    def __init__(self, queue_id: QueueId, level_us: int) -> None:
        self.queue_id = queue_id
        self.level_us = level_us  # T of the service level
        self.line: dict[CallId, int] = {}  # waiting or ringing, with the first arrival
        self.promised: dict[CallId, int] = {}  # the same, to be called back
        self.accepting = True
        self.reserve_open = False
        self.ringing = 0
        self.talking = 0
        self.totals: Counter[Count] = Counter()
        self._before_today: Counter[Count] = Counter()

    def count(self, what: Count) -> None:
        """One more."""
        self.totals[what] += 1

    def answered(self, waited_us: int) -> None:
        """A request was answered after so much waiting."""
        self.count(Count.ANSWERED)
        if waited_us <= self.level_us:
            self.count(Count.ANSWERED_IN_TIME)

    @property
    def is_busy(self) -> bool:
        """Somebody waits or talks."""
        return bool(self.line or self.promised or self.talking)

    def empty(self) -> None:
        """Nobody is in the queue; what was counted stays."""
        self.line.clear()
        self.promised.clear()
        self.ringing = self.talking = 0

    def turn_day(self) -> None:
        """Today's figures begin at nothing."""
        self._before_today = self.totals.copy()

    def row(self, now_us: int) -> QueueRow:
        """The queue at this moment."""
        offered, answered, in_time, abandoned, diverted, lost, unmet = (
            self.totals[what] - self._before_today[what] for what in Count
        )
        ended = answered + abandoned + diverted + lost + unmet
        first_us = min(self.line.values(), default=now_us)
        return QueueRow(
            self.queue_id,
            len(self.line) + len(self.promised),
            self.ringing,
            self.talking,
            max(now_us - first_us, 0),
            offered,
            answered,
            abandoned,
            diverted,
            lost,
            Level("SL-B", self.level_us, in_time, answered + abandoned),
            Level("SL-A", self.level_us, in_time, ended),
            accepting=self.accepting,
            reserve_open=self.reserve_open,
            callbacks=len(self.promised),
            callbacks_unmet=unmet,
        )
