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
    CallCleared,
    CallDiverted,
    CallHeldEvent,
    CallOutcome,
    CallRelaxed,
    CallRetrievedEvent,
    ClearedBy,
    ConnectionCleared,
)
from routing.ids import NO_AGENT, NO_CALL, QueueId
from routing.machine import advance
from routing.matching import (
    becomes_idle,
    enter_pool,
    leave_pool,
    line_up,
    offer_to_best_agent,
    present_need,
    show,
)
from routing.needs import NeedError, parse, text_of
from routing.on_agents import after_work
from routing.on_offers import end_offer
from routing.refusals import Refusal

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

MAX_HOPS = 10
"""Changes of queue by overflow; more is a circle in the configuration."""

IN_CONVERSATION = (CallState.TALKING, CallState.HELD)


def call_arrived(core: "RoutingEngine", command: CallArrived) -> None:
    """A caller reached a queue."""
    refusal = _why_not_taken(core, command)
    if refusal is not None:
        core.refuse(command, command.call_id, refusal)
        return
    core.last_call += 1
    first_us = command.first_queued_us
    if not 0 < first_us <= core.now_us:
        first_us = core.now_us
    call = Call(
        command.call_id,
        core.last_call,
        command.queue_id,
        command.pbx,
        command.priority,
        text_of(parse(command.needs)),
        first_us,
        command.caller,
        command.preferred_agent if command.preferred_agent in core.agents else NO_AGENT,
        (),
    )
    core.calls[call.call_id] = call
    enter_queue(core, call, "arrived")


def _why_not_taken(core: "RoutingEngine", command: CallArrived) -> Refusal | None:
    if command.call_id in core.calls:
        return Refusal.CALL_EXISTS
    if command.queue_id not in core.queues:
        return Refusal.UNKNOWN_QUEUE
    if len(core.calls) >= core.config.limits.calls:
        return Refusal.TOO_MANY_CALLS
    if command.needs and len(core.pools.pools) >= core.config.limits.needs:
        return Refusal.TOO_MANY_NEEDS
    try:
        parse(command.needs)
    except NeedError:
        return Refusal.BAD_NEEDS
    return None


def enter_queue(core: "RoutingEngine", call: Call, cause: str) -> None:
    """Line up in the call's queue, or go where an overflow of that queue sends it."""
    queue = core.queues[call.queue_id]
    if queue.waiting >= queue.spec.max_waiting:
        divert(core, call, "queueFull")
    elif "noAvailableAgents" in queue.overflows and not _anyone_signed_in(core, call):
        divert(core, call, "noAvailableAgents")
    else:
        line_up(core, call, cause)
        offer_to_best_agent(core, call, cause)


def _anyone_signed_in(core: "RoutingEngine", call: Call) -> bool:
    return any(pool.members for pool in core.queues[call.queue_id].pools)


def divert(core: "RoutingEngine", call: Call, cause: str) -> None:
    """The call, in no line now, leaves its queue: to another one or out of the router."""
    flow = core.queues[call.queue_id].overflows.get(cause)
    to_queue = flow.to_queue if flow else QueueId("")
    if to_queue and call.hops >= MAX_HOPS:
        to_queue, cause = QueueId(""), "maximumHops"
    core.emit(
        CallDiverted(
            call.call_id,
            call.request_no,
            call.queue_id,
            call.pbx,
            to_queue,
            cause,
            core.now_us - call.first_queued_us,
            flow.to_extension if flow else "",
        )
    )
    if to_queue:
        call.hops += 1
        call.request_no += 1
        call.queue_id = to_queue
        enter_queue(core, call, cause)
    else:
        forget_call(core, call, CallOutcome.DIVERTED)


def wait_deadline(core: "RoutingEngine", call: Call) -> None:
    """The need of a waiting call changes now, or it has waited for as long as it may."""
    queue = core.queues[call.queue_id]
    waited_us = core.now_us - call.first_queued_us
    leave_pool(core, call)
    if 0 < queue.spec.max_wait_us <= waited_us:
        divert(core, call, "queueTimeOverflow")
        return
    enter_pool(core, call)
    need = text_of(present_need(call, queue))
    core.emit(CallRelaxed(call.call_id, call.request_no, call.queue_id, call.step, need, waited_us))
    offer_to_best_agent(core, call, f"step{call.step}")


def caller_hung_up(core: "RoutingEngine", command: CallerHungUp) -> None:
    """The caller is gone, in whatever state the call was."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
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
    answered = call.established_us != 0
    forget_call(core, call, CallOutcome.ANSWERED if answered else unanswered)
    if agent_id:
        after_work(core, core.agents[agent_id])


def forget_call(core: "RoutingEngine", call: Call, outcome: CallOutcome) -> None:
    """The contact is over: nothing of it remains here."""
    waited_us = call.waited_us if call.established_us else core.now_us - call.first_queued_us
    del core.calls[call.call_id]
    core.emit(
        CallCleared(
            call.call_id, call.request_no, call.queue_id, outcome, waited_us, call.talked_us
        )
    )


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
    talked_us = now - call.established_us
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
