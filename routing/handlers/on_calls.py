"""Commands about a call: it comes, it is held, it goes."""

from typing import TYPE_CHECKING, Final

from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    CallTaken,
    OfferOutcome,
)
from routing.conversation import IN_CONVERSATION, clear_connection, hold, retrieve
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.handlers.on_agents import after_work
from routing.handlers.on_offers import end_offer
from routing.ids import CONSULTS, NO_AGENT
from routing.index.needs import NeedError, parse, text_of
from routing.index.selection import apply_boosts
from routing.lines import enter_queue, forget_call
from routing.machine import advance
from routing.matching import hear_nothing_of, leave_pool
from routing.refusals import Refusal
from routing.transfers.handover import leg_cleared
from routing.transfers.messages import TransferCause
from routing.transfers.seeking import end_transfer, forget_consultation, tell_failed
from routing.transfers.transfer import Transfer, TransferState

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

BEFORE_CONVERSATION: Final = (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED)


def call_arrived(core: "RoutingEngine", command: CallArrived) -> None:
    """A caller reached a queue."""
    refusal = _why_not_taken(core, command)
    if refusal is not None:
        core.refuse(command, command.call_id, refusal)
        return
    core.last_call += 1
    now, caller, needs, priority = core.now_us, command.caller, command.needs, command.priority
    preferred, first_us = command.preferred_agent, command.first_queued_us
    if not 0 < first_us <= now:
        first_us = now
    regained_us = core.queues[command.queue_id].regain(caller, now) if caller else 0
    if 0 < regained_us < first_us:
        first_us = regained_us
    call = Call(
        command.call_id,
        core.last_call,
        command.queue_id,
        command.pbx,
        priority,
        text_of(parse(needs)) if needs else "",
        first_us,
        caller,
        preferred if preferred in core.agents else NO_AGENT,
        priority,
        command.tags,
        training=command.training,
        asked_us=first_us,
    )
    apply_boosts(core.config.boosts, call)
    core.calls[call.call_id] = call
    core.arrived += 1
    if core.pbx_lost.get(call.pbx) == "gone":
        hear_nothing_of(core, call.pbx)  # it asks, so it lives again: its calls need a deadline
    enter_queue(core, call, "regained" if regained_us else "arrived")


def _why_not_taken(core: "RoutingEngine", command: CallArrived) -> Refusal | None:
    call_id, needs = command.call_id, command.needs
    if call_id in core.calls:
        return Refusal.CALL_EXISTS
    if CONSULTS in call_id:
        return Refusal.BAD_VALUE  # that is how consultations are named
    if command.queue_id not in core.queues:
        return Refusal.UNKNOWN_QUEUE
    if len(core.calls) >= core.limits.calls:
        return Refusal.TOO_MANY_CALLS
    return _why_not_needed(core, needs) if needs else None


def _why_not_needed(core: "RoutingEngine", needs: str) -> Refusal | None:
    if core.pools.in_use >= core.limits.needs:
        return Refusal.TOO_MANY_NEEDS
    try:
        parse(text_of(parse(needs)))  # what is kept is the canonical text, which may be longer
    except NeedError:
        return Refusal.BAD_NEEDS
    return None


def caller_hung_up(core: "RoutingEngine", command: CallerHungUp) -> None:
    """The caller is gone, in whatever state the call was."""
    call = core.calls.get(command.call_id)
    if call is None or call.consult_for:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    if call.callback and call.state in BEFORE_CONVERSATION:
        return  # that is what was agreed: the place is kept without a channel
    queue = core.queues[call.queue_id]
    if queue.spec.regain_us and call.caller and not call.established_us:
        queue.drop(call.caller, call.first_queued_us, core.now_us + queue.spec.regain_us)
    end_call(core, call, ClearedBy.CALLER, CallOutcome.ABANDONED)


def call_taken(core: "RoutingEngine", command: CallTaken) -> None:
    """The dialplan has the call back."""
    call = core.calls.get(command.call_id)
    if call is None or call.consult_for:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    end_call(core, call, ClearedBy.SYSTEM, CallOutcome.TAKEN)


def lose_call(core: "RoutingEngine", call: Call) -> None:
    """Its Asterisk is gone, and the call with it."""
    end_call(core, call, ClearedBy.SYSTEM, CallOutcome.LOST)


def end_call(core: "RoutingEngine", call: Call, by: ClearedBy, unanswered: CallOutcome) -> None:
    """Whatever the call is doing ends; `unanswered` is its outcome if nobody spoke to it."""
    if call.transfer_id:
        _abandon_transfer(core, core.transfers[call.transfer_id], by, unanswered)
    agent_id = call.agent_id
    if call.state is CallState.OFFERED:
        blame = OfferOutcome.CALLER_GONE if by is ClearedBy.CALLER else OfferOutcome.WITHDRAWN
        agent_id = end_offer(core, core.offers[call.offer_id], blame)
    elif call.state in IN_CONVERSATION:
        clear_connection(core, call, by)
    leave_pool(core, call)
    if call.callback:
        core.deadlines.cancel(DeadlineKind.CALLBACK, call.call_id)
    outcome = CallOutcome.ANSWERED if call.established_us else unanswered
    if call.consult_for:
        forget_consultation(core, call, outcome)
    else:
        forget_call(core, call, outcome)
    if agent_id:
        after_work(core, core.agents[agent_id])


def _abandon_transfer(
    core: "RoutingEngine", transfer: Transfer, by: ClearedBy, unanswered: CallOutcome
) -> None:
    """The customer is gone: there is nothing left to hand on, so the consultation ends too."""
    consult = core.calls[transfer.consult_id]
    lost = unanswered is CallOutcome.LOST
    if transfer.state is not TransferState.RECALLING:  # that one has been told to have failed
        tell_failed(
            core,
            transfer,
            TransferCause.SWITCHING_FUNCTION_TERMINATED if lost else TransferCause.CALL_CANCELLED,
        )
    end_transfer(core, transfer)
    if consult.consult_for:
        end_call(core, consult, by, unanswered)


def call_held(core: "RoutingEngine", command: CallHeld) -> None:
    """The agent put the caller on hold."""
    call = core.calls.get(command.call_id)
    if call is None or call.state is not CallState.TALKING or holds_itself(core, call):
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
    else:
        hold(core, call)


def call_retrieved(core: "RoutingEngine", command: CallRetrieved) -> None:
    """The agent took the caller back."""
    call = core.calls.get(command.call_id)
    if call is None or call.state is not CallState.HELD or holds_itself(core, call):
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
    else:
        retrieve(core, call)


def holds_itself(core: "RoutingEngine", call: Call) -> bool:
    """Does a transfer, rather than the keys of the phones, say who of its calls is on hold?"""
    if not call.transfer_id:
        return False
    return core.transfers[call.transfer_id].state is not TransferState.SEEKING


def agent_leg_cleared(core: "RoutingEngine", command: AgentLegCleared) -> None:
    """The agent's channel is gone; the caller's may live on."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    if call.transfer_id:
        left = leg_cleared(core, core.transfers[call.transfer_id], command.agent_id)
    else:
        left = call.state in IN_CONVERSATION and call.agent_id == command.agent_id
        if left:
            agent = clear_connection(core, call, ClearedBy.AGENT)
            call.state = advance(CALL_TABLE, CallState.TALKING, CallTrigger.AGENT_LEFT)
            after_work(core, agent)
    if not left:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
