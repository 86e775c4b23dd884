"""The state documents that the broker retains: one an agent, one a queue.

Pure. They are the rows of `cti.view`, said as CloudEvents; the view tells which have changed. A
document is written when it is sent, not when it changes: ten changes while the link is busy make
one message. What is shown no longer, or moved to the topics of another site, leaves an empty
message behind, which makes the broker forget it.

A call counts for its queue as `waiting` (in line), `offered` (an agent is being rung for it) or
`talking`. The longest wait is that of the callers on the line nobody talks with yet, so `offered`
ones count: a caller does not care why they still hear music.
"""

from typing import Literal

import msgspec
from msgspec.structs import asdict

from cti.bus.link import Message
from cti.record.cloudevents import CloudEventEncoder
from cti.record.topics import Subject
from cti.view import AgentRow, QueueRow, StateView
from routing.events import AgentState
from routing.ids import AgentId, CallId, QueueId


class AgentDocument(msgspec.Struct, frozen=True):
    """How an agent is at the moment, and what they are busy with. Removed with the agent."""

    agent_id: AgentId
    state: AgentState
    since_us: int
    reason: str
    pending: str
    until_us: int
    call_id: CallId
    device: str
    reachable: bool
    queues: tuple[QueueId, ...]


class QueueDocument(msgspec.Struct, frozen=True):
    """The calls and agents of a queue at the moment; at most once a second a queue."""

    queue_id: QueueId
    waiting: int
    offered: int
    talking: int
    callbacks: int
    longest_waiting_since_us: int
    agents_logged_on: int
    agents_ready: int


class RouterDocument(msgspec.Struct, frozen=True):
    """Whether the router speaks: `running`, `stopped` (its last word), or `lost` (its will, said by
    the broker).
    """

    node: str
    state: Literal["running", "stopped", "lost"]
    started_us: int


Key = tuple[Subject, str]
"""What a document is about."""


class StateDocuments:
    """Which documents are due, and what they say. One link after the other takes them from here."""

    def __init__(self, view: StateView, encoder: CloudEventEncoder) -> None:
        self._view = view
        self._encoder = encoder
        self._changes = view.changes()
        self._topics = {key: encoder.state_topic(*key) for key in self._keys()}
        self._left: dict[str, None] = {}  # topics whose document is to be removed, in order
        self.change_all()

    def change_all(self) -> None:
        """Every document is to be sent (again): a broker may have forgotten what it was told."""
        self._changes.agents |= dict.fromkeys(self._view.agent_ids())
        self._changes.queues |= dict.fromkeys(self._view.queue_ids())

    @property
    def changed_agents(self) -> dict[AgentId, None]:
        """Whose documents are due, the first to have changed first."""
        return self._changes.agents

    @property
    def changed_queues(self) -> dict[QueueId, None]:
        """The same of queues."""
        return self._changes.queues

    def agent(self, agent_id: AgentId) -> Message | None:
        """The agent's document as it is now, no longer due; None when there is no such agent."""
        self._changes.agents.pop(agent_id, None)
        row = self._view.agent(agent_id)
        return self._message((Subject.AGENT, agent_id), self._agent(row) if row else None)

    def queue(self, queue_id: QueueId) -> Message | None:
        """The same of a queue."""
        self._changes.queues.pop(queue_id, None)
        row = self._view.queue(queue_id, self._view.at.at_us)
        return self._message((Subject.QUEUE, queue_id), self._queue(row) if row else None)

    def removal(self) -> Message | None:
        """Makes the broker forget a document that is no more; None when there is none to forget."""
        if not self._left:
            return None
        topic = next(iter(self._left))
        del self._left[topic]
        return Message(topic, b"")  # an empty one removes what is retained (MQTT 3.1.1, 3.3.1.3)

    # --- inside ---

    def _keys(self) -> list[Key]:
        agents = [(Subject.AGENT, str(name)) for name in self._view.agent_ids()]
        return [*agents, *((Subject.QUEUE, str(name)) for name in self._view.queue_ids())]

    def _message(self, key: Key, data: AgentDocument | QueueDocument | None) -> Message | None:
        """The document; None when there is none any more. Its topic of before is noted as left."""
        before = self._topics.pop(key, None)
        topic = self._encoder.state_topic(*key) if data is not None else None
        if topic is not None:
            self._topics[key] = topic
            self._left.pop(topic, None)
        if before is not None and before != topic:
            self._left[before] = None
        if topic is None or data is None:
            return None
        return Message(topic, self._encoder.state(*key, self._view.at, asdict(data)))

    def _agent(self, row: AgentRow) -> AgentDocument:
        return AgentDocument(
            agent_id=row.agent_id,
            state=row.state,
            since_us=row.since_us,
            reason=row.reason,
            pending=row.pending,
            until_us=row.until_us,
            call_id=row.call_id,
            device="" if row.state is AgentState.NULL else row.device,
            reachable=row.reachable,
            queues=self._view.directory.card(row.agent_id).queues,
        )

    @staticmethod
    def _queue(row: QueueRow) -> QueueDocument:
        return QueueDocument(
            queue_id=row.queue_id,
            waiting=row.waiting - row.ringing,
            offered=row.ringing,
            talking=row.talking,
            callbacks=row.callbacks,
            longest_waiting_since_us=row.waiting_since_us,
            agents_logged_on=row.agents_logged_on,
            agents_ready=row.agents_ready,
        )
