"""How requests are counted: each time a human is asked for, until it ends in exactly one way (C1).

A request begins with a new `request_no` of a contact and stands in one queue. A call that is back
in line after an offer has the same number and is no new request. The wait runs through ringing and
failed offers (C4), and through overflows too, whose `CallDiverted` ends one request and begins the
next; a search for the target of a transfer begins its wait anew, and so does its recall (C15).

When a consultation is handed over, the customer's call takes over its request. One that was asked
on behalf of a customer who still talked to the sender is `withdrawn` when it comes to nothing:
nobody was left waiting.

A fold may begin in the midst of calls. Of a call that is not known, events say enough themselves:
waits, outcomes, and by their cause whether a call in line is a new request.
"""

from dataclasses import dataclass
from typing import Any, Final

from cti.figures.book import Book
from cti.figures.counts import AgentCounts, QueueCounts, whole_seconds
from routing import events as e
from routing.commands import OfferOutcome
from routing.ids import NO_OFFER, AgentId, CallId, PbxId, QueueId, contact_of
from routing.transfers.messages import CallTransferred, TransferCause

QueueBook = Book[QueueId, QueueCounts]
AgentBook = Book[AgentId, AgentCounts]
EmployerBook = Book[str, AgentCounts]

_BACK_IN_LINE: Final = {outcome.value for outcome in OfferOutcome}
_SEARCHES: Final = {cause.value for cause in TransferCause}
_DIVERTED: Final = {
    "noAvailableAgents": "no_staff",
    "queueFull": "full",
    "queueTimeOverflow": "timed_out",
    "calendarOverflow": "closed",
}
_PHONES: Final = {
    OfferOutcome.NO_ANSWER: "no_answer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}
_UNANSWERED: Final = {
    e.CallOutcome.LOST: "lost",
    e.CallOutcome.TAKEN: "taken",
    e.CallOutcome.CALLBACK_FAILED: "callbacks_unmet",
    e.CallOutcome.CALLBACK_CANCELLED: "callbacks_unmet",
}


@dataclass(slots=True)
class _Request:
    """The present request of one live call, or the one that ended last."""

    number: int
    queue_id: QueueId
    pbx: PbxId
    asked_us: int  # when its wait began
    first_queue: QueueId  # that the contact asked first
    origins: tuple[QueueId, ...] = ()  # queues that it flowed out of
    has_ended: bool = False
    rang_us: int = 0  # when an offer of it ended because the caller left


class Requests:
    """Follows calls; counts in the books of queues, agents and employers."""

    def __init__(self, queues: QueueBook, agents: AgentBook, employers: EmployerBook) -> None:
        self._queues = queues
        self._agents = agents
        self._employers = employers
        self._requests: dict[CallId, _Request] = {}
        self._gone_us: dict[PbxId, int] = {}
        self.handlers: dict[type, Any] = {
            e.CallQueued: self._queued,
            e.CallDiverted: self._diverted,
            e.CallEstablished: self._established,
            e.OfferEnded: self._offer_ended,
            e.ConnectionCleared: self._connection_cleared,
            CallTransferred: self._transferred,
            e.CallCleared: self._cleared,
            e.TelephonyChanged: self._telephony_changed,
        }

    def in_hand(self) -> dict[QueueId, int]:
        """How many requests of each queue have not ended yet."""
        found: dict[QueueId, int] = {}
        for request in self._requests.values():
            if not request.has_ended:
                found[request.queue_id] = found.get(request.queue_id, 0) + 1
        return found

    # --- a request begins ------------------------------------------------------------------------

    def _queued(self, event: e.CallQueued, at_us: int, _employer: str) -> None:
        known = self._requests.get(event.call_id)
        if known is None:
            is_contact = contact_of(event.call_id) == event.call_id
            request = self._begin(event, event.first_queued_us if is_contact else at_us)
            is_new = event.cause not in _BACK_IN_LINE
        else:
            request, is_new = known, known.number != event.request_no
            if is_new:
                request = self._begin_next(known, event, at_us)
        if is_new:
            for counts in self._queues.cells(event.queue_id, at_us):
                counts.offered += 1
        request.queue_id = event.queue_id

    def _begin(self, event: e.CallQueued | e.CallDiverted, asked_us: int) -> _Request:
        """The first that is heard of a call."""
        request = self._requests[event.call_id] = _Request(
            event.request_no, event.queue_id, event.pbx, asked_us, event.queue_id
        )
        return request

    def _begin_next(
        self, known: _Request, event: e.CallQueued | e.CallDiverted, at_us: int
    ) -> _Request:
        request = self._requests[event.call_id] = _Request(
            event.request_no, event.queue_id, event.pbx, at_us, known.first_queue
        )
        if known.origins and known.has_ended:  # it flows on: one wait, asked where it came from
            request.origins, request.asked_us = known.origins, known.asked_us
        return request

    # --- a request ends --------------------------------------------------------------------------

    def _diverted(self, event: e.CallDiverted, at_us: int, _employer: str) -> None:
        request = self._requests.get(event.call_id)
        if request is None or request.number != event.request_no:
            # It was never in line there: full, closed, or nobody signed in.
            asked_us = at_us - event.waited_us
            request = (
                self._begin(event, asked_us)
                if request is None
                else self._begin_next(request, event, asked_us)
            )
            for counts in self._queues.cells(event.queue_id, at_us):
                counts.offered += 1
        name = "flowed_out" if event.to_queue else _DIVERTED.get(event.cause, "sent_away")
        self._end(request, name, at_us)
        request.asked_us = at_us - event.waited_us
        if event.to_queue:
            request.origins = (*request.origins, event.queue_id)
        if event.cause in _SEARCHES:
            request.origins = ()  # somebody else is looked for, and that is another wait

    def _established(self, event: e.CallEstablished, at_us: int, employer: str) -> None:
        request = self._requests.get(event.call_id)
        waited_s = whole_seconds(event.waited_us)
        # Taken up by an agent who was not offered it: a request that was in no line.
        is_new = event.offer_id == NO_OFFER and (
            request is None or request.number != event.request_no
        )
        for counts in self._queues.cells(event.queue_id, at_us):
            counts.offered += is_new
            counts.answered += 1
            counts.answered_wait_us += event.waited_us
            counts.answered_after_s[waited_s] = counts.answered_after_s.get(waited_s, 0) + 1
        for agent in self._of_agent(event.agent_id, employer, at_us):
            agent.offers += event.offer_id != NO_OFFER
            agent.answered += 1
        if request is not None:
            request.has_ended, request.number = True, event.request_no
            for origin in request.origins:
                for counts in self._queues.cells(origin, at_us):
                    counts.flowed_out_answered += 1
            request.origins = ()

    def _cleared(self, event: e.CallCleared, at_us: int, _employer: str) -> None:
        request = self._requests.pop(event.call_id, None)
        is_contact = contact_of(event.call_id) == event.call_id
        if is_contact:
            first = request.first_queue if request else event.queue_id
            for counts in self._queues.cells(first, at_us):
                counts.contacts += 1
                counts.contacts_answered += event.outcome is e.CallOutcome.ANSWERED
        if request is None:
            # Its end is told by this event alone, unless a conversation or a rule of ours ended it.
            known = event.outcome in (e.CallOutcome.ANSWERED, e.CallOutcome.DIVERTED)
            if known or not is_contact:
                return
            pbx = PbxId("")
            asked_us = at_us - event.waited_us
            request = _Request(event.request_no, event.queue_id, pbx, asked_us, event.queue_id)
        if not request.has_ended:
            self._end_unanswered(request, event, at_us, is_contact=is_contact)

    def _end_unanswered(
        self, request: _Request, event: e.CallCleared, at_us: int, *, is_contact: bool
    ) -> None:
        if not is_contact:
            self._end(request, "withdrawn", at_us)
        elif event.outcome in _UNANSWERED:
            self._end(request, _UNANSWERED[event.outcome], at_us)
        elif self._gone_us.get(request.pbx) == at_us:
            self._end(request, "lost", at_us)  # answered once, lost while they waited again
        else:
            self._abandoned(request, at_us)

    def _abandoned(self, request: _Request, at_us: int) -> None:
        rings = request.rang_us == at_us
        self._end(request, "abandoned_ringing" if rings else "abandoned_waiting", at_us)
        wait_us = max(at_us - request.asked_us, 0)
        waited_s = whole_seconds(wait_us)
        for counts in self._queues.cells(request.queue_id, at_us):
            counts.abandoned_wait_us += wait_us
            counts.abandoned_after_s[waited_s] = counts.abandoned_after_s.get(waited_s, 0) + 1

    def _end(self, request: _Request, name: str, at_us: int) -> None:
        for counts in self._queues.cells(request.queue_id, at_us):
            setattr(counts, name, getattr(counts, name) + 1)
        request.has_ended = True

    def _transferred(self, event: CallTransferred, _at_us: int, _employer: str) -> None:
        """The customer's call takes over the consultation's request, if there was one."""
        if event.secondary_old_call == event.call_id:
            return  # they stand in line themselves: their next request is told by `CallQueued`
        consult = self._requests.pop(event.secondary_old_call, None)
        if consult is None:
            return
        call = self._requests.get(event.call_id)
        if call is not None:
            consult.first_queue = call.first_queue
        self._requests[event.call_id] = consult

    # --- what else is counted of a call ----------------------------------------------------------

    def _offer_ended(self, event: e.OfferEnded, at_us: int, employer: str) -> None:
        request = self._requests.get(event.call_id)
        if request is not None and event.outcome is OfferOutcome.CALLER_GONE:
            request.rang_us = at_us
        name = _PHONES.get(event.outcome)
        for agent in self._of_agent(event.agent_id, employer, at_us):
            agent.offers += 1
            if name is not None:
                setattr(agent, name, getattr(agent, name) + 1)

    def _connection_cleared(self, event: e.ConnectionCleared, at_us: int, employer: str) -> None:
        if contact_of(event.call_id) != event.call_id:
            return  # two agents have parted, no customer
        held = event.held_us > 0
        transferred, released = event.by is e.ClearedBy.TRANSFER, event.by is e.ClearedBy.AGENT
        for queue in self._queues.cells(event.queue_id, at_us):
            queue.held += held
            queue.transferred += transferred
            queue.released += released
        for agent in self._of_agent(event.agent_id, employer, at_us):
            agent.held += held
            agent.transferred += transferred
            agent.released += released

    def _telephony_changed(self, event: e.TelephonyChanged, at_us: int, _employer: str) -> None:
        if event.state == "gone":
            self._gone_us[event.pbx] = at_us

    def _of_agent(self, agent_id: AgentId, employer: str, at_us: int) -> list[AgentCounts]:
        return self._agents.cells(agent_id, at_us) + self._employers.cells(employer, at_us)
