"""The state documents that the broker retains: one an agent, one a queue.

Pure. `apply` follows the events, so the board needs no look into the core and says what a reader
of all events would know; `restore` fills it after a start from the core's own records, since the
events that led there are history. A document is written when it is sent, not when it changes: ten
changes while the link is busy make one message.

A call counts for its queue as `waiting` (in line), `offered` (an agent is being rung for it) or
`talking`. The longest wait is that of the calls nobody talks with yet, so `offered` ones count: the
caller does not care why he still hears music.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cti.record.cloudevents import AsOf, CloudEventEncoder
from cti.record.directory import Directory
from cti.record.envelope import Envelope
from cti.record.topics import Subject
from routing import events as e
from routing.agent import Agent
from routing.call import Call, CallState
from routing.ids import AgentId, CallId, QueueId
from routing.transfers.messages import CallTransferred, Connection

Key = tuple[Subject, str]
"""What a document is about."""

Changed = dict[Key, None]
"""A set that keeps its order."""


class Phase(StrEnum):
    """How far a call is, as a waiting line sees it."""

    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"


_PHASES = {
    CallState.WAITING: Phase.WAITING,
    CallState.OUT_OF_SIGHT: Phase.WAITING,
    CallState.OFFERED: Phase.OFFERED,
    CallState.TALKING: Phase.TALKING,
    CallState.HELD: Phase.TALKING,
}


_CONNECTED_AS = {
    Connection.QUEUED: Phase.WAITING,
    Connection.ALERTING: Phase.OFFERED,
    Connection.CONNECTED: Phase.TALKING,
    Connection.HOLD: Phase.TALKING,
}
"""Where a customer is who was transferred."""


@dataclass(slots=True)
class AgentLine:
    """What is known of one agent. Times in microseconds since 1970, 0 for none."""

    state: e.AgentState = e.AgentState.NULL
    reason: str = ""
    pending: str = ""
    since_us: int = 0
    until_us: int = 0
    call_id: str = ""
    device: str = ""
    reachable: bool = True


@dataclass(slots=True)
class QueueLine:
    """One queue: its calls by phase (with the time of their first arrival) and who serves it."""

    calls: dict[Phase, dict[CallId, int]] = field(
        default_factory=lambda: {phase: {} for phase in Phase}
    )
    agents_logged_on: int = 0
    agents_ready: int = 0

    @property
    def is_empty(self) -> bool:
        """No call is in it, in whatever phase."""
        return not any(self.calls.values())


class StateBoard:
    """All documents, and which of them have changed since they were last taken."""

    def __init__(self, encoder: CloudEventEncoder) -> None:
        self._encoder = encoder
        self._at = AsOf(0, 0, 0)  # what the documents are true as of
        self._agents: dict[AgentId, AgentLine] = {}
        self._queues: dict[QueueId, QueueLine] = {}
        self._calls: dict[CallId, tuple[QueueId, Phase]] = {}
        self.changed_agents: Changed = {}
        self.changed_queues: Changed = {}
        self.gone: dict[str, None] = {}  # topics whose retained document is to be removed
        # `OfferEnded` is not here: CallQueued or CallCleared follows it in the same command.
        self._followed: dict[type[e.Event], Callable[[Any], None]] = {
            e.AgentStateChanged: self._agent_state_changed,
            e.AgentLoggedOn: self._agent_logged_on,
            e.AgentLoggedOff: self._agent_logged_off,
            e.DeviceChanged: self._device_changed,
            e.CallQueued: self._call_queued,
            e.OfferMade: self._offer_made,
            e.CallEstablished: self._call_established,
            e.ConnectionCleared: self._connection_cleared,
            CallTransferred: self._call_transferred,
            e.CallDiverted: self._call_left,
            e.CallCleared: self._call_left,
        }
        self.use(encoder.directory)

    def use(self, directory: Directory) -> None:
        """Take over a new configuration: who is new gets a document, who left it loses his.

        An agent still signed in, a queue with calls in it, keep theirs until that is over.
        """
        before = self._topics()
        self._encoder.directory = directory
        agents = {name: AgentLine() for name in directory.agents}
        queues = {name: QueueLine() for name in directory.queues}
        for name, line in self._agents.items():
            if name in agents or line.state is not e.AgentState.NULL:
                agents[name] = line
        for queue_id, queue in self._queues.items():
            if queue_id in queues or not queue.is_empty:
                queues[queue_id] = queue
        self._agents, self._queues = agents, queues
        self._recount()
        kept = set(self._topics())
        self.gone = {where: None for where in (*self.gone, *before) if where not in kept}
        self.change_all()

    def restore(self, agents: Iterable[Agent], calls: Iterable[Call], at: AsOf) -> None:
        """Begin with the core's records as they are at that moment.

        They say since when an agent's state or what he asked for next is as it is, so `since_us`
        may be too late for one who has asked for something during a call.
        """
        for agent in agents:
            in_work = agent.shown is e.AgentState.WORKING_AFTER_CALL
            self._agents[agent.agent_id] = AgentLine(
                state=agent.shown,
                reason=agent.reason,
                pending=agent.pending,
                since_us=agent.shown_since_us,
                until_us=agent.work_until_us if in_work else 0,
                call_id=agent.call_id,
                device=agent.device,
                reachable=agent.reachable,
            )
        for call in calls:
            self._move(call.call_id, call.queue_id, _PHASES.get(call.state), call.first_queued_us)
        self._at = at
        self._recount()
        self.change_all()

    def change_all(self) -> None:
        """Every document is to be sent (again): a broker may have forgotten what it was told."""
        self.changed_agents = dict.fromkeys(self._agent_keys())
        self.changed_queues = dict.fromkeys(self._queue_keys())

    def apply(self, envelope: Envelope) -> None:
        """Follow one event. Costs as much as the agent serves queues, whatever the site's size."""
        self._at = AsOf(envelope.epoch, envelope.seq, envelope.at_us)
        follow = self._followed.get(type(envelope.event))
        if follow is not None:
            follow(envelope.event)

    def document(self, key: Key) -> tuple[str, bytes]:
        """Topic and body of one state document as it is now; forgets that it had changed."""
        kind, name = key
        if kind is Subject.AGENT:
            self.changed_agents.pop(key, None)
            data = self._agent_data(AgentId(name))
        else:
            self.changed_queues.pop(key, None)
            data = self._queue_data(QueueId(name))
        body = self._encoder.state(kind, name, self._at, data)
        return self._encoder.state_topic(kind, name), body

    # --- following events ---

    def _agent_state_changed(self, event: e.AgentStateChanged) -> None:
        line = self._agent(event.agent_id)
        self._count(event.agent_id, line, -1)
        if (event.state, event.reason) != (line.state, line.reason):
            line.since_us = self._at.at_us
        line.state, line.reason, line.pending = event.state, event.reason, event.pending
        line.until_us, line.call_id = event.until_us, event.call_id
        self._count(event.agent_id, line, 1)
        unknown = event.agent_id not in self._encoder.directory.agents
        if unknown and line.state is e.AgentState.NULL:
            self._forget((Subject.AGENT, event.agent_id))
            del self._agents[event.agent_id]

    def _agent_logged_on(self, event: e.AgentLoggedOn) -> None:
        self._agent(event.agent_id).device = event.device
        self.changed_agents[Subject.AGENT, event.agent_id] = None

    def _agent_logged_off(self, event: e.AgentLoggedOff) -> None:
        line = self._agents.get(event.agent_id)
        if line is not None:  # else forgotten already, with his last state
            line.device = ""
            self.changed_agents[Subject.AGENT, event.agent_id] = None

    def _device_changed(self, event: e.DeviceChanged) -> None:
        line = self._agent(event.agent_id)
        self._count(event.agent_id, line, -1)
        line.reachable = event.reachable
        self._count(event.agent_id, line, 1)

    def _call_queued(self, event: e.CallQueued) -> None:
        self._move(event.call_id, event.queue_id, Phase.WAITING, event.first_queued_us)

    def _offer_made(self, event: e.OfferMade) -> None:
        first_us = self._at.at_us - event.decision.waited_us
        self._move(event.call_id, event.queue_id, Phase.OFFERED, first_us)

    def _call_established(self, event: e.CallEstablished) -> None:
        self._move(event.call_id, event.queue_id, Phase.TALKING)

    def _connection_cleared(self, event: e.ConnectionCleared) -> None:
        if event.by is not e.ClearedBy.TRANSFER:  # else where the customer is now comes next
            self._move(event.call_id, event.queue_id, None)

    def _call_transferred(self, event: CallTransferred) -> None:
        self._move(event.call_id, event.queue_id, _CONNECTED_AS[event.connection])
        if event.to_agent:
            self._agent(event.to_agent).call_id = event.call_id
            self.changed_agents[Subject.AGENT, event.to_agent] = None

    def _call_left(self, event: e.CallDiverted | e.CallCleared) -> None:
        self._move(event.call_id, event.queue_id, None)

    # --- inside ---

    def _agent_keys(self) -> list[Key]:
        return [(Subject.AGENT, name) for name in self._agents]

    def _queue_keys(self) -> list[Key]:
        return [(Subject.QUEUE, name) for name in self._queues]

    def _topics(self) -> list[str]:
        keys = (*self._agent_keys(), *self._queue_keys())
        return [self._encoder.state_topic(*key) for key in keys]

    def _agent(self, agent_id: AgentId) -> AgentLine:
        line = self._agents.get(agent_id)
        if line is None:
            line = self._agents[agent_id] = AgentLine()
        return line

    def _queue(self, queue_id: QueueId) -> QueueLine:
        line = self._queues.get(queue_id)
        if line is None:
            line = self._queues[queue_id] = QueueLine()
        return line

    def _forget(self, key: Key) -> None:
        self.changed_agents.pop(key, None)
        self.changed_queues.pop(key, None)
        self.gone[self._encoder.state_topic(*key)] = None

    def _count(self, agent_id: AgentId, line: AgentLine, sign: int) -> None:
        """Add the agent to (or take him from) the figures of the queues he serves."""
        self.changed_agents[Subject.AGENT, agent_id] = None
        logged_on = line.state is not e.AgentState.NULL
        ready = line.state is e.AgentState.READY and line.reachable
        for queue_id in self._encoder.directory.card(agent_id).queues:
            queue = self._queue(queue_id)
            queue.agents_logged_on += sign * logged_on
            queue.agents_ready += sign * ready
            self.changed_queues[Subject.QUEUE, queue_id] = None

    def _recount(self) -> None:
        for queue in self._queues.values():
            queue.agents_logged_on = queue.agents_ready = 0
        for agent_id, line in self._agents.items():
            self._count(agent_id, line, 1)

    def _move(
        self, call_id: CallId, queue_id: QueueId, phase: Phase | None, first_us: int = 0
    ) -> None:
        """The call is now there; with `phase` None it is nowhere."""
        before = self._calls.pop(call_id, None)
        if before is not None:
            known_us = self._queue(before[0]).calls[before[1]].pop(call_id)
            first_us = first_us or known_us
            self.changed_queues[Subject.QUEUE, before[0]] = None
        if phase is not None:
            self._calls[call_id] = (queue_id, phase)
            self._queue(queue_id).calls[phase][call_id] = first_us
            self.changed_queues[Subject.QUEUE, queue_id] = None
        if before is not None:
            self._drop_if_over(before[0])

    def _drop_if_over(self, queue_id: QueueId) -> None:
        if queue_id not in self._encoder.directory.queues and self._queue(queue_id).is_empty:
            del self._queues[queue_id]
            self._forget((Subject.QUEUE, queue_id))

    def _agent_data(self, agent_id: AgentId) -> dict[str, Any]:
        line = self._agent(agent_id)
        return {
            "agent_id": agent_id,
            "state": line.state,
            "since_us": line.since_us,
            "reason": line.reason,
            "pending": line.pending,
            "until_us": line.until_us,
            "call_id": line.call_id,
            "device": line.device,
            "reachable": line.reachable,
            "queues": self._encoder.directory.card(agent_id).queues,
        }

    def _queue_data(self, queue_id: QueueId) -> dict[str, Any]:
        line = self._queue(queue_id)
        waiting, offered = line.calls[Phase.WAITING], line.calls[Phase.OFFERED]
        return {
            "queue_id": queue_id,
            "waiting": len(waiting),
            "offered": len(offered),
            "talking": len(line.calls[Phase.TALKING]),
            "longest_waiting_since_us": min((*waiting.values(), *offered.values()), default=0),
            "agents_logged_on": line.agents_logged_on,
            "agents_ready": line.agents_ready,
        }
