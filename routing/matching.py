"""Who gets which call: the few verbs that every handler uses.

`line_up` puts a call in line, `offer_to_best_agent` and `agent_is_free` make a match from either
side, `make_offer` reserves; where a call stands is in `places`. The rule that holds after every
command (an invariant): no agent who can be given a call stands beside a waiting call whose need he
meets.
"""

from typing import TYPE_CHECKING

from routing.agent import WORK_TABLE, Agent, WorkTrigger, shown_state
from routing.breaks import note_break
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.deadlines import DeadlineKind
from routing.events import (
    AgentState,
    AgentStateChanged,
    CallQueued,
    Decision,
    OfferMade,
    ReserveChanged,
)
from routing.forecast import UNKNOWN
from routing.ids import NO_TRANSFER, AgentId, CallId, OfferId, PbxId
from routing.index.ordered import Item
from routing.index.places import by_score, calls_in_front, pin_pools_of, pool_of, priority_of
from routing.index.pools import Pool
from routing.index.selection import (
    PPM,
    best_agent,
    best_calls,
    passed_over,
)
from routing.machine import advance
from routing.offer import Offer
from routing.queue import STICKY_STEP, Queue

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

Rivals = tuple[tuple[CallId, int], ...]


# --- calls ------------------------------------------------------------------------------------


def line_up(core: "RoutingEngine", call: Call, cause: str) -> None:
    """The call stands in line (again) and everyone hears of it; nobody is offered it yet."""
    queue = core.queues[call.queue_id]
    front = calls_in_front(core, queue, call)
    forecast = queue.forecast
    p50_us, p90_us = forecast.raw(front)
    if cause == "arrived":  # judged even while it is not said: that is how trust comes back
        call.p50_us, call.p90_us = p50_us, p90_us
    if call.wanted or not forecast.is_trusted(core.now_us):
        p50_us = p90_us = UNKNOWN  # how long one agent goes on talking is nobody's forecast
    if not is_in_sight(core, call):
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
            p50_us,
            p90_us,
            cause,
        )
    )
    check_reserve(core, queue)


def is_in_sight(core: "RoutingEngine", call: Call) -> bool:
    """Can the call be connected now? A call-back needs only an Asterisk to dial from."""
    return call.pbx not in core.pbx_lost and not call.paused_until_us


def hear_nothing_of(core: "RoutingEngine", pbx: PbxId) -> None:
    """From now on this Asterisk is lost; when it stays so for too long, its calls are."""
    core.pbx_lost[pbx] = "lost"
    core.deadlines.set(DeadlineKind.PBX, pbx, core.now_us + core.limits.telephony_lost_us)


def enter_pool(core: "RoutingEngine", call: Call) -> None:
    """Put the call into the pool of its present need, and wait for the next change of need."""
    queue = core.queues[call.queue_id]
    if call.state is CallState.OUT_OF_SIGHT:
        call.state = advance(CALL_TABLE, call.state, CallTrigger.REGAIN_SIGHT)
    if call.wanted:
        call.step = STICKY_STEP
    else:
        waited_us = core.now_us - call.asked_us
        call.step = queue.step_at(waited_us, prefers=call.preferred != "")
    core.pools.enter_line(call, pool_of(core, call, queue), queue, priority_of(queue, call))
    wait_for_change(core, call)


def wait_for_change(core: "RoutingEngine", call: Call) -> None:
    """Set the deadline of a waiting call: the next step, announcement, or the longest wait."""
    change_us = next_change_us(core, call)
    if change_us is not None:
        call.change_us = change_us
        core.deadlines.set(DeadlineKind.CALL, call.call_id, call.asked_us + change_us)


def next_change_us(core: "RoutingEngine", call: Call) -> int | None:
    """After how much waiting something changes for the call; None for never.

    Nothing does for who wants one agent: he waits as his transfer says.
    """
    if call.wanted:
        return None
    return core.queues[call.queue_id].next_change_us(
        core.now_us - call.asked_us,
        prefers=call.preferred != "",
        may_leave=not call.callback,
    )


def leave_pool(core: "RoutingEngine", call: Call) -> None:
    """Take the call out of line."""
    core.pools.leave_line(call)
    core.deadlines.cancel(DeadlineKind.CALL, call.call_id)


def check_reserve(core: "RoutingEngine", queue: Queue) -> None:
    """Open or close the queue's reserve, if so many wait now."""
    if queue.toggles_reserve():
        match_in_order(core, dict.fromkeys(toggle_reserve(core, queue), "reserveOpened"))


def check_reserves(core: "RoutingEngine") -> None:
    """The same for all, when fewer wait in more than one line."""
    for queue in core.queues.values():
        check_reserve(core, queue)


def toggle_reserve(core: "RoutingEngine", queue: Queue) -> list[Call]:
    """Open or close the queue's reserve: its waiting calls change pool, each keeping its place.
    Returns those who may find more agents now.

    Bounded by the thresholds: it opens at `open_at` calls and closes at `close_at`.
    """
    queue.reserve_open = not queue.reserve_open
    queue.wishes.clear()
    pin_pools_of(core, queue)
    core.emit(ReserveChanged(queue.queue_id, queue.reserve_open, queue.waiting))
    calls = [entry[2] for band in queue.bands for entry in band]
    for call in calls:
        core.pools.leave_line(call)
        core.pools.enter_line(call, pool_of(core, call, queue), queue, priority_of(queue, call))
    return calls if queue.reserve_open else []


def match_after(core: "RoutingEngine", calls: list[Call], trigger: str) -> None:
    """These calls came into line at once, in any of the lines: reserves first, then matches, so
    that nobody jumps the others because his queue opened its reserve between two matches.
    """
    triggers = dict.fromkeys(calls, trigger)
    for queue in core.queues.values():
        if queue.toggles_reserve():
            for call in toggle_reserve(core, queue):
                triggers.setdefault(call, "reserveOpened")
    match_in_order(core, triggers)


def match_in_order(core: "RoutingEngine", triggers: dict[Call, str]) -> None:
    """The call with the highest score chooses first. Each with what has brought it here."""
    for call in by_score(core, triggers):
        offer_to_best_agent(core, call, triggers[call])


# --- matches ----------------------------------------------------------------------------------


def offer_to_best_agent(core: "RoutingEngine", call: Call, trigger: str) -> None:
    """Give a waiting call to the best agent who can be given one now, if there is any."""
    band = call.band
    if band is None:
        return
    agent = best_agent(band.pool, band.queue)
    if agent is not None:
        make_offer(core, call, agent, trigger)


def agent_is_free(core: "RoutingEngine", agent: Agent, trigger: str) -> None:
    """The agent may have become offerable: give him the best call, or let him stand ready."""
    if agent.entries is not None or not agent.is_offerable:
        return
    rows = core.limits.decision_rows
    found = best_calls(agent, core.now_us, rows)
    if found:
        make_offer(core, found[0][3], agent, trigger, _rivals(found[:rows]))
    else:
        core.pools.enter_ready(agent)


def agent_is_not_free(core: "RoutingEngine", agent: Agent) -> None:
    """The agent can no longer be given a call."""
    core.pools.leave_ready(agent)


def make_offer(
    core: "RoutingEngine", call: Call, agent: Agent, trigger: str, rivals: Rivals = ()
) -> None:
    """Reserve the agent for the call; the gateway reads the event and has his phone rung.

    `rivals`: the calls with their scores among which the agent had the choice, if it was his.
    """
    now = core.now_us
    queue = core.queues[call.queue_id]
    decision = _decide(core, call, trigger, rivals)
    leave_pool(core, call)
    core.pools.leave_ready(agent)
    _tell_queue(core, queue, call, agent)
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
    core.deadlines.set(DeadlineKind.OFFER, offer.offer_id, now + core.limits.deliver_timeout_us)
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
            call.callback,
            decision,
            call.transfer_id if call.consult_for else NO_TRANSFER,
        )
    )
    check_reserve(core, queue)


def _tell_queue(core: "RoutingEngine", queue: Queue, call: Call, agent: Agent) -> None:
    """What the queue learns from a match: how fast it moves, whose turn it was."""
    queue.forecast.departed(core.now_us, queue.waiting)
    if call.p50_us != UNKNOWN:
        queue.forecast.judged(core.now_us - call.first_queued_us, call.p50_us, call.p90_us)
        call.p50_us = call.p90_us = UNKNOWN
    if queue.splits:
        employer = agent.spec.employer
        queue.given[employer] = queue.given.get(employer, 0) + 1


def _decide(core: "RoutingEngine", call: Call, trigger: str, rivals: Rivals) -> Decision:
    """The record of why. Made before anybody is moved."""
    rows, now = core.limits.decision_rows, core.now_us
    band = call.band
    assert band is not None  # noqa: S101  a waiting call stands in a band
    pool = band.pool
    candidates = () if rivals else _first_ready(pool, rows)
    return Decision(
        trigger,
        pool.strategy,
        pool.text,
        call.step,
        band.score(now - call.first_queued_us),
        now - call.first_queued_us,
        core.config.version,
        call.rules,
        candidates,
        tuple((who.agent_id, why) for who, why in passed_over(pool, rows)),
        rivals,
    )


def _rivals(found: list[Item]) -> Rivals:
    rivals: list[tuple[CallId, int]] = []
    for points, _, _, call in found:
        rival: Call = call
        rivals.append((rival.call_id, -points))
    return tuple(rivals)


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
    if agent.shown is not AgentState.NULL:
        spent_us = now - agent.shown_since_us
        agent.state_us[agent.shown] = agent.state_us.get(agent.shown, 0) + spent_us
    core.emit(
        AgentStateChanged(
            agent.agent_id,
            state,
            agent.reason,
            agent.pending,
            agent.shown,
            now - agent.shown_since_us,
            agent.work_until_us,
            agent.call_id,
            by,
        )
    )
    agent.shown = state
    agent.shown_since_us = now
    if core.caps_breaks:
        note_break(core, agent)
