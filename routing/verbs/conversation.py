"""A conversation: it begins when both legs were seen in one bridge, and ends for one agent.

Each agent's part is closed by itself, with its own times: whoever hands a customer on is charged
nothing that comes later.
"""

from typing import Final

from routing.agent import SIGN_OUT, WORK_TABLE, Agent, WorkTrigger
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import RequestedState
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import (
    CallEstablished,
    CallHeldEvent,
    CallRetrievedEvent,
    ClearedBy,
    ConnectionCleared,
)
from routing.ids import NO_AGENT, NO_CALL, NO_LEG, NO_OFFER, LegId
from routing.machine import advance
from routing.offer import Offer
from routing.verbs.shown import becomes_idle, show

IN_CONVERSATION: Final = (CallState.TALKING, CallState.HELD)


def establish(core: Core, offer: Offer) -> None:
    """Both legs of the offer are in one bridge: the call is established."""
    now, call, agent = core.now_us, core.calls[offer.call_id], core.agents[offer.agent_id]
    close_offer(core, offer)
    call.state = advance(CALL_TABLE, call.state, CallTrigger.ESTABLISH)
    _begin(core, call, agent, offer.leg_id)
    core.emit(
        CallEstablished(
            offer_id=offer.offer_id,
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=agent.agent_id,
            waited_us=now - call.asked_us,
            rang_us=now - (offer.ringing_us or offer.made_us),
            leg_id=offer.leg_id,
        )
    )
    show(core, agent)


def take_up(core: Core, call: Call, agent: Agent, leg_id: LegId) -> None:
    """The agent has the caller, who stands in no line, by no offer of ours. After a conversation it
    is another request, which has not waited.
    """
    if call.state is CallState.RELEASED or call.state in IN_CONVERSATION:
        call.requests += 1
        call.request_no = call.requests
        call.asked_us = core.now_us
    change = CallTrigger.CHANGE_HANDS if call.state is CallState.TALKING else CallTrigger.TAKEN_UP
    call.state = advance(CALL_TABLE, call.state, change)
    agent.call_id = call.call_id
    _begin(core, call, agent, leg_id)
    core.emit(
        CallEstablished(
            offer_id=NO_OFFER,
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=agent.agent_id,
            waited_us=core.now_us - call.asked_us,
            rang_us=0,
            leg_id=leg_id,
        )
    )
    show(core, agent)


def _begin(core: Core, call: Call, agent: Agent, leg_id: LegId) -> None:
    """The agent's part of the call begins."""
    now = core.now_us
    call.agent_id, call.agent_leg = agent.agent_id, leg_id
    if not call.established_us:
        call.waited_us = now - call.asked_us
    call.established_us = now
    call.held_us = 0
    agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.CONNECT)
    agent.work_since_us = now
    agent.calls += 1
    agent.in_a_row.clear()
    if agent.last_call and not agent.pending:
        agent.pending = SIGN_OUT


def close_offer(core: Core, offer: Offer) -> None:
    """The offer is over and forgotten; its call and its agent name none."""
    del core.offers[offer.offer_id]
    core.deadlines.cancel(DeadlineKind.OFFER, offer.offer_id)
    core.calls[offer.call_id].offer_id = NO_OFFER
    core.agents[offer.agent_id].offer_id = NO_OFFER


def clear_connection(core: Core, call: Call, by: ClearedBy) -> Agent:
    """The conversation is over; the agent's after-call work begins, if there is any.

    The caller of this must call `after_work` when the call's own fate has been told.
    """
    agent = part(core, call, by)
    now = core.now_us
    agent.worked_us += now - agent.work_since_us
    agent.work_since_us = now
    work_us = core.queues[call.queue_id].spec.after_call_work_us
    if agent.pending == RequestedState.WORKING_AFTER_CALL:
        agent.pending = agent.pending_reason = agent.pending_by = ""
        work_us = core.limits.open_work_us
    if work_us:
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.CLEAR)
        agent.work_until_us = now + work_us
        core.deadlines.set(DeadlineKind.WORK, agent.agent_id, agent.work_until_us)
        show(core, agent)
    else:
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.CLEAR_TO_IDLE)
        agent.call_id = NO_CALL
        becomes_idle(core, agent)
    return agent


def part(core: Core, call: Call, by: ClearedBy) -> Agent:
    """Caller and agent have parted: say how long they talked. The agent is as busy as before."""
    now, agent = core.now_us, core.agents[call.agent_id]
    if call.state is CallState.HELD:
        call.held_us += now - call.held_since_us
        call.state = advance(CALL_TABLE, call.state, CallTrigger.RETRIEVE)
    talked_us = now - call.established_us - call.held_us
    call.talked_us += talked_us
    core.emit(
        ConnectionCleared(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=agent.agent_id,
            by=by,
            talked_us=talked_us,
            held_us=call.held_us,
            leg_id=call.agent_leg,
            cause=call.cause,
        )
    )
    call.released_by = by
    call.agent_id, call.agent_leg = NO_AGENT, NO_LEG
    return agent


def hold(core: Core, call: Call) -> None:
    """The caller hears music from this moment on."""
    call.state = advance(CALL_TABLE, call.state, CallTrigger.HOLD)
    call.held_since_us = core.now_us
    core.emit(CallHeldEvent(call.call_id, call.request_no, call.queue_id, call.agent_id))


def retrieve(core: Core, call: Call) -> None:
    """Caller and agent hear each other again."""
    call.state = advance(CALL_TABLE, call.state, CallTrigger.RETRIEVE)
    held_us = core.now_us - call.held_since_us
    call.held_us += held_us
    core.emit(
        CallRetrievedEvent(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=call.agent_id,
            held_us=held_us,
        )
    )
