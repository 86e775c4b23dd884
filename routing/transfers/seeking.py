"""The search for the target of a transfer, and what to do when no target can be had.

What stands in line for the target is the *seeker*: the consultation, or the customer's own call
when the sender has left. A target is sought up to `until_us`; a phone that rings at that moment is
not interrupted. When the search fails the policy has three answers (`IfMissed`), of which the last
resort is always the recall: the sender still has the customer, or is asked to take the customer
back.

A recall after a single-step transfer looks for the sender only while the sender is ready for calls,
and not for long; then the customer is in line in the queue that the call came from. The customer is
in some line throughout.
"""

from typing import Final

from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import Call, CallState
from routing.commands import OfferOutcome
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome
from routing.ids import NO_AGENT, AgentId, QueueId
from routing.index.selection import apply_boosts
from routing.machine import advance
from routing.queue import Queue
from routing.refusals import Refusal
from routing.transfers.messages import IfMissed, TransferCause
from routing.transfers.telling import (
    end_transfer,
    forget_consultation,
    tell_diverted,
    tell_failed,
)
from routing.transfers.transfer import TRANSFER_TABLE, Transfer, TransferState, TransferTrigger
from routing.verbs.matching import check_reserve, line_up, offer_to_best_agent
from routing.verbs.waiting import leave_pool

MISSED: Final = {
    OfferOutcome.NO_ANSWER: ("no_answer", TransferCause.RECALL_NO_ANSWER),
    OfferOutcome.BUSY: ("busy", TransferCause.RECALL_BUSY),
    OfferOutcome.REJECTED: ("busy", TransferCause.RECALL_BUSY),
}
"""How an offer to the target failed, as the rule of the policy that covers it and CSTA's cause."""

NOT_THERE: Final = ("not_ready", TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)
"""The same for every other way in which a target cannot be had."""


# --- standing in line ---------------------------------------------------------------------------


def readdress(core: Core, call: Call, queue_id: QueueId, wanted: AgentId) -> None:
    """The contact asks for somebody else from now on: a new request. The call is in no line."""
    left = core.queues[call.queue_id]
    call.request_no = next_request(core, call)
    call.asked_us = core.now_us
    call.queue_id = queue_id
    call.wanted = wanted
    call.preferred = NO_AGENT
    apply_boosts(core.config.boosts, call)
    check_reserve(core, left)


def next_request(core: Core, call: Call) -> int:
    """The number of a new request of the contact; one is used once, also when it fails."""
    contact = core.calls[call.consult_for] if call.consult_for else call
    contact.requests += 1
    return contact.requests


def seek(core: Core, seeker: Call, cause: str) -> None:
    """The seeker stands in line, and gets the best agent if there is one."""
    line_up(core, seeker, cause)
    offer_to_best_agent(core, seeker, cause)


def wait_in_line(core: Core, transfer: Transfer, for_us: int) -> None:
    """A target is sought for this long, from now on."""
    transfer.until_us = core.now_us + for_us
    wait_until(core, transfer, transfer.until_us)


def wait_until(core: Core, transfer: Transfer, due_us: int) -> None:
    """Give the transfer its deadline; while we hear nothing of its Asterisk it has none."""
    if core.calls[transfer.call_id].pbx not in core.pbx_lost:
        core.deadlines.set(DeadlineKind.TRANSFER, transfer.transfer_id, due_us)


def why_no_queue(queue: Queue, sender: AgentId) -> Refusal | None:
    """Why nobody can be transferred to this queue; None when it can be done."""
    if not queue.accepting:
        return Refusal.QUEUE_CLOSED
    if queue.waiting >= queue.spec.max_waiting:
        return Refusal.QUEUE_FULL
    if not any(len(pool.members) > (sender in pool.members) for pool in queue.pools):
        return Refusal.NOBODY_SIGNED_IN
    return None


# --- nobody comes -------------------------------------------------------------------------------


def target_missed(core: Core, seeker: Call, outcome: OfferOutcome) -> None:
    """An offer to the target failed; the seeker is in no line. A group has others to ask."""
    transfer = core.transfers[seeker.transfer_id]
    rule, cause = MISSED.get(outcome, NOT_THERE)
    if transfer.state is TransferState.RECALLING:
        _go_home(core, transfer, cause)
    elif seeker.wanted:
        _missed(core, transfer, rule, cause, outcome.value)
    elif core.now_us < transfer.until_us:
        seek(core, seeker, outcome.value)
    else:
        recall(core, transfer, cause)


def _missed(core: Core, transfer: Transfer, rule: str, cause: TransferCause, why: str) -> None:
    """The one agent who will do cannot be had now: what does the policy say?"""
    answer: IfMissed = getattr(transfer.policy, rule)
    if answer is IfMissed.QUEUE_TO_AGENT and core.now_us < transfer.until_us:
        seek(core, core.calls[transfer.consult_id], why)
    elif answer is IfMissed.OVERFLOW and _may_overflow(core, transfer):
        _overflow(core, transfer, cause)
    else:
        recall(core, transfer, cause)


def _may_overflow(core: Core, transfer: Transfer) -> bool:
    queue = core.queues.get(transfer.policy.overflow_to)
    return queue is not None and why_no_queue(queue, transfer.initiator) is None


def _overflow(core: Core, transfer: Transfer, cause: TransferCause) -> None:
    """Anybody of another queue will do. A customer whose own call stands there is one of that
    queue's calls: the transfer is over.
    """
    seeker, to_queue = core.calls[transfer.consult_id], transfer.policy.overflow_to
    tell_diverted(core, seeker, to_queue, cause)
    if transfer.has_consultation:
        wait_in_line(core, transfer, transfer.policy.wait_us)
    else:
        end_transfer(core, transfer)
    readdress(core, seeker, to_queue, NO_AGENT)
    seek(core, seeker, cause)


def recall(core: Core, transfer: Transfer, cause: TransferCause) -> None:
    """Nobody was found; the seeker is in no line. The sender has the customer, or is asked to take
    the customer back.
    """
    seeker = core.calls[transfer.consult_id]
    tell_failed(core, transfer, cause)
    if transfer.has_consultation:
        end_transfer(core, transfer)
        forget_consultation(core, seeker, CallOutcome.RECALLED)
        return
    sender = core.agents.get(transfer.initiator)
    if sender is None or sender.status is not AgentStatus.READY or not _has_phone(sender, seeker):
        _go_home(core, transfer, cause)
        return
    tell_diverted(core, seeker, seeker.queue_id, cause)
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.RECALL)
    wait_in_line(core, transfer, transfer.policy.recall_us)
    readdress(core, seeker, seeker.queue_id, transfer.initiator)
    seek(core, seeker, cause)


def _has_phone(agent: Agent, call: Call) -> bool:
    """Can the agent's phone be called from the Asterisk that has the call?"""
    return agent.phone.is_reachable and call.pbx not in agent.phone.barred


def _go_home(core: Core, transfer: Transfer, cause: TransferCause) -> None:
    """Nor can the sender take the customer back: the call is in line where it came from, which is
    the queue on whose behalf the target was asked for.
    """
    call = core.calls[transfer.call_id]
    tell_diverted(core, call, call.queue_id, cause)
    end_transfer(core, transfer)
    readdress(core, call, call.queue_id, NO_AGENT)
    seek(core, call, cause)


def nobody_found(core: Core, consult: Call) -> None:
    """The queue sends its callers out of the router; a consultation cannot go there."""
    recall(core, core.transfers[consult.transfer_id], TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)


def search_deadline(core: Core, transfer: Transfer) -> None:
    """A target was sought for long enough. If a phone rings right now, that is waited for."""
    seeker = core.calls[transfer.consult_id]
    if seeker.state is CallState.OFFERED:
        return
    leave_pool(core, seeker)
    target = core.agents.get(seeker.wanted)
    busy = target is not None and target.work in (AgentWork.BUSY, AgentWork.RESERVED)
    cause = TransferCause.RECALL_BUSY if busy else TransferCause.RECALL_RESOURCES_NOT_AVAILABLE
    if transfer.state is TransferState.RECALLING:
        _go_home(core, transfer, cause)
    else:
        recall(core, transfer, cause)


def wanted_agent_left(core: Core, agent: Agent) -> None:
    """An agent signed out: no call goes on waiting for this agent, unless the policy says so."""
    for transfer in list(core.transfers.values()):
        seeker = core.calls[transfer.consult_id]
        if seeker.wanted != agent.agent_id or seeker.state is not CallState.WAITING:
            continue
        leave_pool(core, seeker)
        if transfer.state is TransferState.RECALLING:
            _go_home(core, transfer, TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)
        else:
            _missed(core, transfer, *NOT_THERE, "agentLoggedOff")
