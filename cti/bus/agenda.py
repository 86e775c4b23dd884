"""What is said next: state documents and events in turns, so that neither can starve the other.

Over a new link all state comes first (a broker may have forgotten what it retained), then the
events. An agent's document is due as soon as it has changed, those of queues come in a batch at
most every `queue_state_every_s`: at a busy site they change with each call.
"""

import asyncio
from collections import deque

from cti.bus.documents import StateDocuments
from cti.bus.link import Message
from cti.record.classes import FieldClass
from cti.record.seen import employer_of, seen
from cti.record.subscription import Subscription
from cti.record.topics import protected_topic
from routing.ids import QueueId


class Agenda:
    """The order of business over one link after the other."""

    def __init__(
        self,
        documents: StateDocuments,
        events: Subscription,
        queue_state_every_s: float,
        *,
        protected: bool = False,
    ) -> None:
        self._documents = documents
        self._events = events
        self._every_s = queue_state_every_s
        self._batch: deque[QueueId] = deque()  # queues whose turn it is
        self._batch_due_s = 0.0  # loop time of the next batch
        self._protected = protected
        self._second: Message | None = None  # an event whose copy has gone out
        self._greeting = False  # all state is being sent: events wait
        self._state_had_turn = False

    def begin(self) -> None:
        """A new link: everything that is so, then all that is not acknowledged."""
        self._events.rewind()
        self._second = None
        self._documents.change_all()
        self._batch.clear()
        self._batch_due_s = 0.0
        self._greeting = True

    async def next(self) -> Message | None:
        """The next message, None when there is none now. Raises UnreadableError."""
        if self._second is not None:
            second, self._second = self._second, None
            return second
        if self._greeting or not self._state_had_turn:
            message = self._next_state()
            if message is not None:
                self._state_had_turn = True
                return message
            self._greeting = False
        self._state_had_turn = False
        record = await self._events.take()
        if record is None:
            return self._next_state()
        event = Message(record.topic, seen(record), record.seq)
        employer = employer_of(record) if self._protected else ""
        if not employer:
            return event
        self._second = event
        where = protected_topic(record.topic, employer)
        return Message(where, seen(record, FieldClass.PERSONAL), copy=True)

    def wait_s(self) -> float | None:
        """When to ask again though nothing is offered: queues have changed, it is too early yet."""
        return self._batch_due_s - _now_s() if self._documents.changed_queues else None

    def _next_state(self) -> Message | None:
        documents = self._documents
        while documents.changed_agents:
            if message := documents.agent(next(iter(documents.changed_agents))):
                return message
        if not self._batch and documents.changed_queues and _now_s() >= self._batch_due_s:
            self._batch.extend(documents.changed_queues)
            documents.changed_queues.clear()
            self._batch_due_s = _now_s() + self._every_s
        while self._batch:
            if message := documents.queue(self._batch.popleft()):
                return message
        return documents.removal()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
