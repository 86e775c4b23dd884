"""One router's events, folded: every event is counted once, and what is missing is said. Pure."""

from collections.abc import Mapping
from typing import Any

from cti.figures.agent_time import AgentTime
from cti.figures.book import Book, Calendar
from cti.figures.counts import AgentCounts, QueueCounts
from cti.figures.requests import AgentBook, EmployerBook, QueueBook, Requests
from cti.record.envelope import Envelope
from routing.ids import AgentId, QueueId


class Figures:
    """What is counted of queues, agents and employers, by local day and its quarters.

    `apply` takes events in order of `seq`. One that is not above the last is dropped, so whoever
    tells twice changes nothing; `missing` counts those that never came.
    """

    def __init__(self, calendar: Calendar | None = None) -> None:
        self.calendar = calendar or Calendar()
        self.queues: QueueBook = Book(QueueCounts, self.calendar)
        self.employers: EmployerBook = Book(AgentCounts, self.calendar)
        # Of agents by day only: thousands of them times a hundred quarters.
        self.agents: AgentBook = Book(AgentCounts, self.calendar, by_interval=False)
        self.seq = 0
        self.at_us = 0  # counted up to this moment
        self.missing = 0
        self._requests = Requests(self.queues, self.agents, self.employers)
        self._time = AgentTime(self.calendar, self.queues, self.agents, self.employers)
        self._handlers = _by_event(self._requests.handlers, self._time.handlers)

    def begin_after(self, seq: int, since_us: int) -> None:
        """The next event is the one after `seq`; what happened before `since_us` is followed, so
        that calls and agents are known, but not counted.
        """
        self.seq = seq
        for book in (self.queues, self.agents, self.employers):
            book.begin(since_us)

    def count_live(self) -> None:
        """From the next event on also count in `live`, which only grows."""
        for book in (self.queues, self.agents, self.employers):
            book.count_live()

    def apply(self, envelope: Envelope, employer: str) -> None:
        """Take in one event; `employer` is that of the agent it names, "" when it names none."""
        if envelope.seq <= self.seq:
            return
        self.missing += envelope.seq - self.seq - 1
        self.seq, self.at_us = envelope.seq, envelope.at_us
        for handler in self._handlers.get(type(envelope.event), ()):
            handler(envelope.event, envelope.at_us, employer)

    def seen(self, seq: int, at_us: int) -> None:
        """An event of which nothing is counted: its number will do."""
        if seq > self.seq:
            self.missing += seq - self.seq - 1
            self.seq, self.at_us = seq, at_us

    def pass_over(self, seq: int) -> None:
        """An event that is there and cannot be read: it counts as missing."""
        if seq > self.seq:
            self.missing += seq - self.seq
            self.seq = seq

    def settle(self, now_us: int) -> None:
        """Count the time of agents up to now; all events of before are known."""
        self._time.settle(now_us)

    def in_hand(self) -> Mapping[QueueId, int]:
        """How many requests of each queue have not ended yet."""
        return self._requests.in_hand()

    def queue(self, queue_id: QueueId, at_us: int) -> QueueCounts:
        """A queue's counts of that moment's day, not to be changed."""
        return self.queues.of_day(at_us).get(queue_id) or QueueCounts()

    def agent(self, agent_id: AgentId, at_us: int) -> AgentCounts:
        """An agent's counts of that moment's day, not to be changed."""
        return self.agents.of_day(at_us).get(agent_id) or AgentCounts()


def _by_event(*tables: dict[type, Any]) -> dict[type, tuple[Any, ...]]:
    """For each class of event those who want to hear of it, in the order of the tables."""
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {kind: tuple(table[kind] for table in tables if kind in table) for kind in kinds}
