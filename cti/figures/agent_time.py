"""How the time of agents is counted: every moment from sign-in to sign-out in one bucket (C16).

What an agent does follows from CSTA's state, and while they are busy from the calls they have part
in: talk, hold (the customer hears music), or consult (they talk to another agent, with a customer
on hold; both sides of it, C17). A bucket is closed when the next begins, and its time is given to
the quarters of the day that it lies in; `settle` does so at any moment.

Talk, hold, consult and after-call work also count for the queue of the agent's last conversation.

A fold may begin while agents are signed in. The first change of an agent's state says what they did
before and for how long, but not why they were not ready: that reason is "".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cti.figures.book import Calendar
from cti.figures.counts import AgentCounts, QueueCounts
from cti.figures.requests import AgentBook, EmployerBook, QueueBook
from routing import events as e
from routing.ids import AgentId, CallId, QueueId, contact_of
from routing.transfers.messages import CallConferenced, CallTransferred, Connection


class Bucket(StrEnum):
    """What an agent does; the value is the field of the counts."""

    READY = "ready_us"
    RING = "ring_us"
    TALK = "talk_us"
    HOLD = "hold_us"
    CONSULT = "consult_us"
    ACW = "acw_us"
    NOT_READY = "not_ready_us"


NO_QUEUE: Final = QueueId("")

_BUCKETS: Final = {
    e.AgentState.READY: Bucket.READY,
    e.AgentState.RESERVED: Bucket.RING,
    e.AgentState.BUSY: Bucket.TALK,
    e.AgentState.WORKING_AFTER_CALL: Bucket.ACW,
    e.AgentState.NOT_READY: Bucket.NOT_READY,
}
_BUSY: Final = (Bucket.TALK, Bucket.HOLD, Bucket.CONSULT)
_HANDLING: Final = (*_BUSY, Bucket.ACW)


@dataclass(slots=True)
class _SignedIn:
    """One agent. `queue_id`: of the conversation that they have, or had last."""

    agent_id: AgentId
    employer: str
    bucket: Bucket
    since_us: int
    reason: str = ""
    queue_id: QueueId = NO_QUEUE


class AgentTime:
    """Follows agents; counts in the books of agents, employers and queues."""

    def __init__(
        self,
        calendar: Calendar,
        queues: QueueBook,
        agents: AgentBook,
        employers: EmployerBook,
    ) -> None:
        self._calendar = calendar
        self._queues = queues
        self._agents = agents
        self._employers = employers
        self._signed_in: dict[AgentId, _SignedIn] = {}
        self._holders: dict[CallId, AgentId] = {}  # who has each call
        self._consults: dict[CallId, CallId] = {}  # of contacts: two agents talk, not all three
        self.handlers: dict[type, Any] = {
            e.AgentLoggedOn: self._logged_on,
            e.AgentStateChanged: self._state_changed,
            e.CallEstablished: self._established,
            e.CallHeldEvent: self._held,
            e.CallRetrievedEvent: self._retrieved,
            e.ConnectionCleared: self._connection_cleared,
            e.CallCleared: self._cleared,
            CallConferenced: self._conferenced,
            CallTransferred: self._transferred,
        }

    def settle(self, now_us: int) -> None:
        """Count what everybody has been doing up to now. To be called with all events known."""
        for agent in self._signed_in.values():
            self._close(agent, now_us)

    # --- agents ----------------------------------------------------------------------------------

    def _logged_on(self, event: e.AgentLoggedOn, at_us: int, employer: str) -> None:
        for counts in self._agents.cells(event.agent_id, at_us):
            counts.log_ons += 1
        for counts in self._employers.cells(employer, at_us):
            counts.log_ons += 1

    def _state_changed(self, event: e.AgentStateChanged, at_us: int, employer: str) -> None:
        agent = self._signed_in.get(event.agent_id)
        if agent is None:
            since_us = at_us - event.previous_us
            bucket = _BUCKETS.get(event.previous)
            agent = _SignedIn(event.agent_id, employer, bucket or Bucket.NOT_READY, since_us)
            if bucket is None:
                agent.since_us = at_us  # signed out until now
        self._close(agent, at_us)
        if event.state is e.AgentState.NULL:
            self._signed_in.pop(event.agent_id, None)
            return
        self._signed_in[event.agent_id] = agent
        agent.employer, agent.reason = employer, event.reason
        if not (event.state is e.AgentState.BUSY and agent.bucket in _BUSY):
            agent.bucket = _BUCKETS[event.state]

    # --- calls -----------------------------------------------------------------------------------

    def _established(self, event: e.CallEstablished, at_us: int, _employer: str) -> None:
        self._holders[event.call_id] = event.agent_id
        contact = contact_of(event.call_id)
        is_consult = contact != event.call_id
        bucket = Bucket.CONSULT if is_consult else Bucket.TALK
        self._does(event.agent_id, bucket, at_us, event.queue_id)
        if is_consult:
            self._consults[contact] = event.call_id
            sender = self._signed_in.get(self._holders.get(contact, AgentId("")))
            if sender is not None and sender.bucket is Bucket.HOLD:
                self._does(sender.agent_id, Bucket.CONSULT, at_us)

    def _held(self, event: e.CallHeldEvent, at_us: int, _employer: str) -> None:
        consults = event.call_id in self._consults
        self._does(event.agent_id, Bucket.CONSULT if consults else Bucket.HOLD, at_us)

    def _retrieved(self, event: e.CallRetrievedEvent, at_us: int, _employer: str) -> None:
        self._does(event.agent_id, Bucket.TALK, at_us)

    def _conferenced(self, event: CallConferenced, at_us: int, _employer: str) -> None:
        self._consults.pop(event.call_id, None)
        self._does(event.agent_id, Bucket.TALK, at_us)
        self._does(event.to_agent, Bucket.TALK, at_us)

    def _transferred(self, event: CallTransferred, at_us: int, _employer: str) -> None:
        self._consults.pop(event.call_id, None)
        if event.connection is Connection.CONNECTED:
            self._holders[event.call_id] = event.to_agent
            self._does(event.to_agent, Bucket.TALK, at_us, event.queue_id)
        elif event.connection is Connection.HOLD:
            self._holders[event.call_id] = event.to_agent
            self._does(event.to_agent, Bucket.HOLD, at_us, event.queue_id)

    def _connection_cleared(self, event: e.ConnectionCleared, _at_us: int, _employer: str) -> None:
        self._holders.pop(event.call_id, None)
        agent = self._signed_in.get(event.agent_id)
        if agent is not None and contact_of(event.call_id) == event.call_id:
            agent.queue_id = event.queue_id

    def _cleared(self, event: e.CallCleared, at_us: int, _employer: str) -> None:
        self._holders.pop(event.call_id, None)
        contact = contact_of(event.call_id)
        if self._consults.get(contact) != event.call_id:
            return
        del self._consults[contact]
        sender = self._signed_in.get(self._holders.get(contact, AgentId("")))
        if sender is not None and sender.bucket is Bucket.CONSULT:
            self._does(sender.agent_id, Bucket.HOLD, at_us)

    # --- inside ----------------------------------------------------------------------------------

    def _does(
        self, agent_id: AgentId, bucket: Bucket, at_us: int, queue_id: QueueId | None = None
    ) -> None:
        """From now on the agent does this."""
        agent = self._signed_in.get(agent_id)
        if agent is None:
            return
        self._close(agent, at_us)
        agent.bucket = bucket
        if queue_id is not None:
            agent.queue_id = queue_id

    def _close(self, agent: _SignedIn, at_us: int) -> None:
        """What the agent did until now is counted."""
        for from_us, length_us in self._calendar.pieces(agent.since_us, at_us):
            for counts in self._agents.cells(agent.agent_id, from_us):
                _spend(counts, agent, length_us)
            for counts in self._employers.cells(agent.employer, from_us):
                _spend(counts, agent, length_us)
            if agent.bucket in _HANDLING and agent.queue_id:
                for queue in self._queues.cells(agent.queue_id, from_us):
                    _handle(queue, agent.bucket, length_us)
        agent.since_us = max(agent.since_us, at_us)


def _spend(counts: AgentCounts, agent: _SignedIn, length_us: int) -> None:
    counts.signed_in_us += length_us
    if agent.bucket is Bucket.NOT_READY:
        spent = counts.not_ready_us
        spent[agent.reason] = spent.get(agent.reason, 0) + length_us
    else:
        setattr(counts, agent.bucket, getattr(counts, agent.bucket) + length_us)


def _handle(counts: QueueCounts, bucket: Bucket, length_us: int) -> None:
    setattr(counts, bucket, getattr(counts, bucket) + length_us)
