"""Commands about a call: it comes, it is held, it goes."""

from typing import TYPE_CHECKING

from routing.agent import WORK_TABLE, WorkTrigger
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
from routing.deadlines import DeadlineKind
from routing.events import (
    CallHeldEvent,
    CallOutcome,
    CallRetrievedEvent,
    ClearedBy,
    ConnectionCleared,
)
from routing.ids import NO_AGENT, NO_CALL
from routing.lines import apply_boosts, enter_queue, forget_call
from routing.machine import advance
from routing.matching import (
    becomes_idle,
    hear_nothing_of,
    leave_pool,
    show,
)
from routing.needs import NeedError, parse, text_of
from routing.on_agents import after_work
from routing.on_offers import end_offer
from routing.refusals import Refusal

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

IN_CONVERSATION = (CallState.TALKING, CallState.HELD)
BEFORE_CONVERSATION = (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED)


def call_arrived(core: "RoutingEngine", command: CallArrived) -> None:
    """A caller reached a queue."""
    refusal = _why_not_taken(core, command)
    if refusal is not None:
        core.refuse(command, command.call_id, refusal)
        return
    core.last_call += 1
    queue = core.queues[command.queue_id]
    first_us = command.first_queued_us
    if not 0 < first_us <= core.now_us:
        first_us = core.now_us
    regained_us = queue.regain(command.caller, core.now_us) if command.caller else 0
    call = Call(
        command.call_id,
        core.last_call,
        command.queue_id,
        command.pbx,
        command.priority,
        text_of(parse(command.needs)),
        min(regained_us or first_us, first_us),
        command.caller,
        command.preferred_agent if command.preferred_agent in core.agents else NO_AGENT,
        command.priority,
        command.tags,
        training=command.training,
    )
    apply_boosts(core.config.boosts, call)
    core.calls[call.call_id] = call
    core.arrived += 1
    if core.pbx_lost.get(call.pbx) == "gone":
        hear_nothing_of(core, call.pbx)  # it asks, so it lives again: its calls need a deadline
    enter_queue(core, call, "regained" if regained_us else "arrived")


def _why_not_taken(core: "RoutingEngine", command: CallArrived) -> Refusal | None:
    if command.call_id in core.calls:
        return Refusal.CALL_EXISTS
    if command.queue_id not in core.queues:
        return Refusal.UNKNOWN_QUEUE
    if len(core.calls) >= core.config.limits.calls:
        return Refusal.TOO_MANY_CALLS
    if command.needs and core.pools.in_use >= core.config.limits.needs:
        return Refusal.TOO_MANY_NEEDS
    try:
        parse(command.needs)
    except NeedError:
        return Refusal.BAD_NEEDS
    return None


def caller_hung_up(core: "RoutingEngine", command: CallerHungUp) -> None:
    """The caller is gone, in whatever state the call was."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    if call.callback and call.state in BEFORE_CONVERSATION:
        return  # that is what was agreed: the place is kept without a channel
    queue = core.queues[call.queue_id]
    if queue.spec.regain_us and call.caller and not call.established_us:
        queue.drop(call.caller, call.first_queued_us, core.now_us + queue.spec.regain_us)
    _end(core, call, ClearedBy.CALLER, CallOutcome.ABANDONED)


def call_taken(core: "RoutingEngine", command: CallTaken) -> None:
    """The dialplan has the call back."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    _end(core, call, ClearedBy.SYSTEM, CallOutcome.TAKEN)


def lose_call(core: "RoutingEngine", call: Call) -> None:
    """Its Asterisk is gone, and the call with it."""
    _end(core, call, ClearedBy.SYSTEM, CallOutcome.LOST)


def _end(core: "RoutingEngine", call: Call, by: ClearedBy, unanswered: CallOutcome) -> None:
    """Whatever the call is doing ends; `unanswered` is its outcome if nobody spoke to it."""
    agent_id = call.agent_id
    if call.state is CallState.OFFERED:
        blame = OfferOutcome.CALLER_GONE if by is ClearedBy.CALLER else OfferOutcome.WITHDRAWN
        agent_id = end_offer(core, core.offers[call.offer_id], blame)
    elif call.state in IN_CONVERSATION:
        clear_connection(core, call, by)
    leave_pool(core, call)
    core.deadlines.cancel(DeadlineKind.CALLBACK, call.call_id)
    answered = call.established_us != 0
    forget_call(core, call, CallOutcome.ANSWERED if answered else unanswered)
    if agent_id:
        after_work(core, core.agents[agent_id])


def call_held(core: "RoutingEngine", command: CallHeld) -> None:
    """The agent put the caller on hold."""
    call = core.calls.get(command.call_id)
    if call is None or call.state is not CallState.TALKING:
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
        return
    call.state = advance(CALL_TABLE, call.state, CallTrigger.HOLD)
    call.held_since_us = core.now_us
    core.emit(CallHeldEvent(call.call_id, call.request_no, call.queue_id, call.agent_id))


def call_retrieved(core: "RoutingEngine", command: CallRetrieved) -> None:
    """The agent took the caller back."""
    call = core.calls.get(command.call_id)
    if call is None or call.state is not CallState.HELD:
        code = Refusal.UNKNOWN_CALL if call is None else Refusal.CALL_STATE
        core.refuse(command, command.call_id, code)
        return
    call.state = advance(CALL_TABLE, call.state, CallTrigger.RETRIEVE)
    held_us = core.now_us - call.held_since_us
    call.held_us += held_us
    core.emit(
        CallRetrievedEvent(call.call_id, call.request_no, call.queue_id, call.agent_id, held_us)
    )


def agent_leg_cleared(core: "RoutingEngine", command: AgentLegCleared) -> None:
    """The agent's channel is gone; the caller's may live on."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    if call.state not in IN_CONVERSATION or call.agent_id != command.agent_id:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
        return
    agent = core.agents[call.agent_id]
    clear_connection(core, call, ClearedBy.AGENT)
    call.state = advance(CALL_TABLE, CallState.TALKING, CallTrigger.AGENT_LEFT)
    after_work(core, agent)


def clear_connection(core: "RoutingEngine", call: Call, by: ClearedBy) -> None:
    """The conversation is over; the agent's after-call work begins, if there is any.

    The caller of this must call `after_work` when the call's own fate has been told.
    """
    now, agent = core.now_us, core.agents[call.agent_id]
    if call.state is CallState.HELD:
        call.held_us += now - call.held_since_us
        call.state = advance(CALL_TABLE, call.state, CallTrigger.RETRIEVE)
    talked_us = now - call.established_us - call.held_us
    call.talked_us += talked_us
    core.emit(
        ConnectionCleared(
            call.call_id,
            call.request_no,
            call.queue_id,
            agent.agent_id,
            by,
            talked_us,
            call.held_us,
        )
    )
    call.agent_id = NO_AGENT
    agent.worked_us += now - agent.work_since_us
    agent.work_since_us = now
    work_us = core.queues[call.queue_id].spec.after_call_work_us
    open_ended = agent.pending == "workingAfterCall"
    if open_ended:
        agent.pending = agent.pending_reason = agent.pending_by = ""
        work_us = core.config.limits.open_work_us
    if work_us:
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.CLEAR)
        agent.work_until_us = now + work_us
        core.deadlines.set(DeadlineKind.WORK, agent.agent_id, agent.work_until_us)
        show(core, agent)
    else:
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.CLEAR_TO_IDLE)
        agent.call_id = NO_CALL
        becomes_idle(core, agent)
