"""Commands about a call: it comes, it is held, it goes."""

from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    CallTaken,
)
from routing.core import Core
from routing.data import fitting
from routing.events import CallOutcome, ClearedBy
from routing.ids import CONSULTS, NO_AGENT
from routing.index.needs import NeedError, parse, text_of
from routing.index.selection import apply_boosts
from routing.legs import CustomerHeld, CustomerRetrieved
from routing.machine import advance
from routing.refusals import Refusal
from routing.transfers.handover import leg_cleared
from routing.transfers.transfer import TransferState
from routing.verbs.agents import after_work
from routing.verbs.calls import BEFORE_CONVERSATION, end_call
from routing.verbs.conversation import IN_CONVERSATION, clear_connection, hold, retrieve
from routing.verbs.data import tell_data
from routing.verbs.lines import enter_queue
from routing.verbs.waiting import hear_nothing_of


def call_arrived(core: Core, command: CallArrived) -> None:
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
    call = Call(  # by position: a keyword costs the compiled core a dictionary for each call
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
    )
    call.training = command.training
    call.asked_us = first_us
    call.caller_name = command.caller_name
    if command.data:
        call.data = fitting(core.config.call_data, command.data)
    apply_boosts(core.config.boosts, call)
    core.calls[call.call_id] = call
    core.arrived += 1
    if core.pbx_lost.get(call.pbx) == "gone":
        hear_nothing_of(core, call.pbx)  # it asks, so it lives again: its calls need a deadline
    if call.data:
        tell_data(core, call, tuple(name for name, _ in call.data), "")
    enter_queue(core, call, "regained" if regained_us else "arrived")


def _why_not_taken(core: Core, command: CallArrived) -> Refusal | None:
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


def _why_not_needed(core: Core, needs: str) -> Refusal | None:
    if core.pools.in_use >= core.limits.needs:
        return Refusal.TOO_MANY_NEEDS
    try:
        parse(text_of(parse(needs)))  # what is kept is the canonical text, which may be longer
    except NeedError:
        return Refusal.BAD_NEEDS
    return None


def caller_hung_up(core: Core, command: CallerHungUp) -> None:
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
    call.cause = command.cause
    end_call(core, call, command.by, CallOutcome.ABANDONED)


def call_taken(core: Core, command: CallTaken) -> None:
    """The dialplan has the call back."""
    call = core.calls.get(command.call_id)
    if call is None or call.consult_for:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    end_call(core, call, ClearedBy.SYSTEM, CallOutcome.TAKEN)


def call_held(core: Core, command: CallHeld) -> None:
    """One has put the other on hold; only the agent's hold is one of the call."""
    call = core.calls.get(command.call_id)
    if command.by is ClearedBy.CALLER:
        _customer_holds(core, command, call, CustomerHeld)
        return
    if call is None or call.state is not CallState.TALKING or _transfer_holds(core, call):
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
    else:
        hold(core, call)


def call_retrieved(core: Core, command: CallRetrieved) -> None:
    """… and takes them back."""
    call = core.calls.get(command.call_id)
    if command.by is ClearedBy.CALLER:
        _customer_holds(core, command, call, CustomerRetrieved)
        return
    if call is None or call.state is not CallState.HELD or _transfer_holds(core, call):
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
    else:
        retrieve(core, call)


def _customer_holds(
    core: Core,
    command: CallHeld | CallRetrieved,
    call: Call | None,
    told: type[CustomerHeld | CustomerRetrieved],
) -> None:
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
    elif call.state not in IN_CONVERSATION:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
    else:
        core.emit(told(call.call_id, call.request_no, call.agent_id))


def _transfer_holds(core: Core, call: Call) -> bool:
    """Does a transfer, rather than the keys of the phones, say who of its calls is on hold?"""
    if not call.transfer_id:
        return False
    return core.transfers[call.transfer_id].state is not TransferState.SEEKING


def agent_leg_cleared(core: Core, command: AgentLegCleared) -> None:
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
            call.cause = command.cause
            agent = clear_connection(core, call, command.by)
            call.state = advance(CALL_TABLE, CallState.TALKING, CallTrigger.AGENT_LEFT)
            after_work(core, agent)
    if not left:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
