"""Who gets which call: the few verbs that every handler uses.

`line_up` puts a call in line, `offer_to_best_agent` and `offer_best_call` make a match from either
side, `make_offer` reserves. The rule that holds after every command (an invariant): no agent who
can be given a call stands beside a waiting call whose need he meets.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from routing.agent import WORK_TABLE, Agent, AgentWork, WorkTrigger, shown_state
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
from routing.ids import NO_CALL, NO_TRANSFER, AgentId, CallId, OfferId, PbxId
from routing.machine import advance
from routing.needs import AgentIs, Need, both, parse, text_of
from routing.offer import Offer
from routing.pools import Band, Pool, PoolKey, WaitEntry
from routing.queue import STICKY_STEP, Queue, Wish
from routing.selection import (
    PPM,
    best_agent,
    best_calls,
    least_wait_us,
    passed_over,
    score,
)

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

Rivals = tuple[tuple[CallId, int], ...]


# --- calls ------------------------------------------------------------------------------------


def line_up(core: "RoutingEngine", call: Call, cause: str) -> None:
    """The call stands in line (again) and everyone hears of it; nobody is offered it yet."""
    queue = core.queues[call.queue_id]
    front = calls_in_front(core, queue, call)
    p50_us = p90_us = UNKNOWN
    if not call.wanted:  # how long one agent goes on talking is nobody's forecast
        p50_us, p90_us = queue.forecast.say(front, core.now_us)
    if cause == "arrived":  # judged even while it is not said: that is how trust comes back
        call.p50_us, call.p90_us = queue.forecast.raw(front)
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
    core.deadlines.set(DeadlineKind.PBX, pbx, core.now_us + core.config.limits.telephony_lost_us)


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
    calls = [entry[2] for band in queue.bands for entry in band.line]
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


def by_score(core: "RoutingEngine", calls: Iterable[Call]) -> list[Call]:
    """These calls, all of them in line, in the order in which they would be served."""
    ranked = []
    for call in calls:
        band = call.band
        assert band is not None  # noqa: S101  they stand in line
        points = score(band.spec, band.priority, core.now_us - call.first_queued_us)
        ranked.append((-points, call.first_queued_us, call.number, call))
    return [entry[3] for entry in sorted(ranked)]


def priority_of(queue: Queue, call: Call) -> int:
    """The part of the score that does not grow."""
    return queue.spec.priority + call.priority


def calls_in_front(core: "RoutingEngine", queue: Queue, call: Call) -> int:
    """How many waiting calls of this queue have a higher score, or the same and came earlier.

    Of a band these are the older ones, so that a binary search finds how many they are.
    """
    now, priority, spec = core.now_us, priority_of(queue, call), queue.spec
    place = (call.first_queued_us, call.number)
    points = score(spec, priority, now - call.first_queued_us)
    front = 0
    for band in queue.bands:
        if band.priority == priority:
            front += band.line.count_before(place)
        elif spec.sl_points:
            mine = (-points, *place)
            front += band.line.count_while(partial(_is_before, band, now, mine))
        else:
            as_many = least_wait_us(spec, points - band.priority)
            more = least_wait_us(spec, points - band.priority + 1)
            equal_until = min((now - as_many + 1,), place)
            front += band.line.count_before(max((now - more + 1,), equal_until))
    return front


def _is_before(band: Band, now_us: int, mine: tuple[int, int, int], entry: WaitEntry) -> bool:
    """Is this call of the band in front of the one whose order is `mine`?"""
    points = score(band.spec, band.priority, now_us - entry[0])
    return (-points, entry[0], entry[1]) < mine


def present_need(call: Call, queue: Queue) -> Need:
    """What the call needs of an agent at its present step."""
    if call.wanted:
        return AgentIs(call.wanted)
    need = AgentIs(call.preferred) if call.step == STICKY_STEP else queue.needs[call.step]
    return both(need, parse(call.needs)) if call.needs else need


def pool_of(core: "RoutingEngine", call: Call, queue: Queue) -> Pool:
    """The pool of the call's present need."""
    if not call.needs and call.step != STICKY_STEP and not call.training:
        return queue.pools[call.step]
    wish = _wish_of(call)
    found = queue.wishes.get(wish)
    if found is None:
        need = present_need(call, queue)
        found = queue.remember(wish, (text_of(need), need))
    text, need = found
    return core.pools.pool((text, queue.spec.strategy, queue.splits, call.training), need)


def _wish_of(call: Call) -> Wish:
    """All of the call that `present_need` goes by."""
    if call.wanted:
        return STICKY_STEP, "", call.wanted
    return call.step, call.needs, call.preferred if call.step == STICKY_STEP else ""


def key_of(queue: Queue, need: Need, *, training: bool = False) -> PoolKey:
    """The pool that serves this need in this queue."""
    return (text_of(need), queue.spec.strategy, queue.splits, training)


def pin_pools_of(core: "RoutingEngine", queue: Queue) -> None:
    """Make the pools of the queue's own needs, and keep them."""
    queue.pools = [core.pools.pool(key_of(queue, need), need) for need in queue.needs]
    for pool in queue.pools:
        core.pools.pin(pool)


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
    rows = core.config.limits.decision_rows
    found = best_calls(agent, core.now_us, rows)
    if found:
        rivals = tuple((entry[2].call_id, -points) for points, entry in found[:rows])
        make_offer(core, found[0][1][2], agent, trigger, rivals)
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
    rows, now = core.config.limits.decision_rows, core.now_us
    band = call.band
    assert band is not None  # noqa: S101  a waiting call stands in a band
    pool = band.pool
    candidates = () if rivals else _first_ready(pool, rows)
    return Decision(
        trigger,
        pool.strategy,
        pool.text,
        call.step,
        score(band.spec, band.priority, now - call.first_queued_us),
        now - call.first_queued_us,
        core.config.version,
        call.rules,
        candidates,
        tuple((who.agent_id, why) for who, why in passed_over(pool, rows)),
        rivals,
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
            agent.work_until_us if agent.work is AgentWork.AFTER_CALL_WORK else 0,
            agent.call_id if agent.work is not AgentWork.IDLE else NO_CALL,
            by,
        )
    )
    agent.shown = state
    agent.shown_since_us = now
    if core.config.break_caps:
        note_break(core, agent)
