"""Who gets which call: the few verbs that every handler uses.

`line_up` puts a call in line, `offer_to_best_agent` and `offer_best_call` make a match from either
side, `make_offer` reserves. The rule that holds after every command (an invariant): no agent who
can be given a call stands beside a waiting call whose need he meets.
"""

from typing import TYPE_CHECKING

from routing.agent import WORK_TABLE, Agent, AgentWork, WorkTrigger, shown_state
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.deadlines import DeadlineKind
from routing.events import (
    AgentStateChanged,
    CallQueued,
    Decision,
    OfferMade,
)
from routing.ids import NO_CALL, AgentId, OfferId
from routing.machine import advance
from routing.needs import AgentIs, Need, both, parse, text_of
from routing.offer import Offer
from routing.pools import Pool
from routing.queue import STICKY_STEP, Queue
from routing.selection import PPM, best_call, passed_over, rivals, score

if TYPE_CHECKING:
    from routing.engine import RoutingEngine


# --- calls ------------------------------------------------------------------------------------


def line_up(core: "RoutingEngine", call: Call, cause: str) -> None:
    """The call stands in line (again) and everyone hears of it; nobody is offered it yet."""
    queue = core.queues[call.queue_id]
    front = calls_in_front(queue, call)
    if call.pbx in core.pbx_lost:
        call.state = advance(CALL_TABLE, call.state, CallTrigger.LOSE_SIGHT)
    else:
        enter_pool(core, call)
    core.emit(
        CallQueued(
            call.call_id,
            call.request_no,
            call.queue_id,
            call.pbx,
            call.caller,
            front,
            call.first_queued_us,
            cause,
        )
    )


def enter_pool(core: "RoutingEngine", call: Call) -> None:
    """Put the call into the pool of its present need, and wait for the next change of need."""
    queue = core.queues[call.queue_id]
    waited_us = core.now_us - call.first_queued_us
    prefers = call.preferred != ""
    if call.state is CallState.OUT_OF_SIGHT:
        call.state = advance(CALL_TABLE, call.state, CallTrigger.REGAIN_SIGHT)
    call.step = queue.step_at(waited_us, prefers=prefers)
    pool = _pool_of(core, call, queue)
    core.pools.enter_line(call, pool, queue, priority_of(queue, call))
    change_us = queue.next_change_us(waited_us, prefers=prefers)
    if change_us is not None:
        core.deadlines.set(DeadlineKind.CALL, call.call_id, call.first_queued_us + change_us)


def leave_pool(core: "RoutingEngine", call: Call) -> None:
    """Take the call out of line."""
    core.pools.leave_line(call)
    core.deadlines.cancel(DeadlineKind.CALL, call.call_id)


def priority_of(queue: Queue, call: Call) -> int:
    """The part of the score that does not grow."""
    return queue.spec.priority + call.priority


def calls_in_front(queue: Queue, call: Call) -> int:
    """How many waiting calls of this queue have a higher or equal priority and came earlier."""
    priority = priority_of(queue, call)
    probe = (call.first_queued_us, call.number, call)
    front = 0
    for band in queue.bands:
        if band.priority > priority:
            front += len(band.line)
        elif band.priority == priority:
            front += band.line.count_before(probe)
    return front


def present_need(call: Call, queue: Queue) -> Need:
    """What the call needs of an agent at its present step."""
    need = AgentIs(call.preferred) if call.step == STICKY_STEP else queue.needs[call.step]
    return both(need, parse(call.needs)) if call.needs else need


def _pool_of(core: "RoutingEngine", call: Call, queue: Queue) -> Pool:
    if not call.needs and call.step != STICKY_STEP:
        return queue.pools[call.step]
    need = present_need(call, queue)
    return core.pools.pool(text_of(need), need, queue.spec.strategy)


# --- matches ----------------------------------------------------------------------------------


def offer_to_best_agent(core: "RoutingEngine", call: Call, trigger: str) -> None:
    """Give a waiting call to the best agent who can be given one now, if there is any."""
    band = call.band
    if band is not None and band.pool.ready:
        agent = band.pool.ready.first()[3]
        make_offer(core, call, agent, trigger)


def agent_is_free(core: "RoutingEngine", agent: Agent, trigger: str) -> None:
    """The agent may have become offerable: give him the best call, or let him stand ready."""
    if agent.entries is not None or not agent.is_offerable:
        return
    found = best_call(agent, core.now_us)
    if found is None:
        core.pools.enter_ready(agent)
    else:
        make_offer(core, found[2], agent, trigger)


def agent_is_not_free(core: "RoutingEngine", agent: Agent) -> None:
    """The agent can no longer be given a call."""
    core.pools.leave_ready(agent)


def make_offer(core: "RoutingEngine", call: Call, agent: Agent, trigger: str) -> None:
    """Reserve the agent for the call; the gateway reads the event and has his phone rung."""
    now = core.now_us
    queue = core.queues[call.queue_id]
    decision = _decide(core, call, agent, trigger)
    leave_pool(core, call)
    core.pools.leave_ready(agent)
    core.last_offer += 1
    offer = Offer(OfferId(core.last_offer), call.call_id, agent.agent_id, call.queue_id, now)
    core.offers[offer.offer_id] = offer
    call.state = advance(CALL_TABLE, call.state, CallTrigger.OFFER)
    call.offer_id = agent.offer_id = offer.offer_id
    call.offered_us = now
    agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.RESERVE)
    agent.call_id = call.call_id
    agent.last_offer = core.last_offer
    agent.offers += 1
    core.deadlines.set(
        DeadlineKind.OFFER, offer.offer_id, now + core.config.limits.deliver_timeout_us
    )
    show(core, agent)
    core.emit(
        OfferMade(
            offer.offer_id,
            call.call_id,
            call.request_no,
            call.queue_id,
            call.pbx,
            agent.agent_id,
            agent.device,
            queue.spec.ring_timeout_us,
            call.caller,
            decision,
        )
    )


def _decide(core: "RoutingEngine", call: Call, agent: Agent, trigger: str) -> Decision:
    """The record of why. Made before anybody is moved."""
    rows, now = core.config.limits.decision_rows, core.now_us
    band = call.band
    assert band is not None  # noqa: S101  a waiting call stands in a band
    pool = band.pool
    if agent.entries is None:  # he has just become free: the choice was among calls
        candidates: tuple[tuple[AgentId, int], ...] = ()
        others = tuple((head[2].call_id, points) for points, head in rivals(agent, now, rows))
    else:
        candidates = _first_ready(pool, rows)
        others = ()
    return Decision(
        trigger,
        pool.strategy,
        pool.text,
        call.step,
        score(band, call.first_queued_us, now),
        now - call.first_queued_us,
        core.config.version,
        call.rules,
        candidates,
        tuple((who.agent_id, why) for who, why in passed_over(pool, rows)),
        others,
    )


def _first_ready(pool: Pool, rows: int) -> tuple[tuple[AgentId, int], ...]:
    found: list[tuple[AgentId, int]] = []
    for entry in pool.ready:
        if len(found) == rows:
            break
        found.append((entry[3].agent_id, entry[0]))
    return tuple(found)


# --- agents -----------------------------------------------------------------------------------


def becomes_idle(core: "RoutingEngine", agent: Agent) -> None:
    """The agent has nothing to do from now on: what ranks him is fixed here."""
    agent.idle_since_us = core.now_us
    signed_in_us = core.now_us - agent.logged_on_us
    agent.occupancy_ppm = agent.worked_us * PPM // signed_in_us if signed_in_us else 0


def show(core: "RoutingEngine", agent: Agent, *, by: str = "") -> None:
    """Tell the world the agent's state, as CSTA names it."""
    now = core.now_us
    state = shown_state(agent)
    core.emit(
        AgentStateChanged(
            agent.agent_id,
            state,
            agent.reason,
            agent.pending,
            agent.shown,
            now - agent.shown_since_us,
            agent.work_until_us if agent.work is AgentWork.AFTER_CALL_WORK else 0,
            agent.call_id if agent.work is not AgentWork.IDLE else NO_CALL,
            by,
        )
    )
    agent.shown = state
    agent.shown_since_us = now
