"""Who gets which call.

`line_up` puts a call in line, `offer_to_best_agent` and `agent_is_free` make a match from either
side, `make_offer` reserves. The rule that holds after every command (an invariant): no agent who
can be given a call stands beside a waiting call whose need that agent meets.

A queue's reserve is here too: it opens and closes with the number of waiting calls, which every
match changes, and its opening leads to matches.
"""

from routing.agent import WORK_TABLE, Agent, WorkTrigger
from routing.call import CALL_TABLE, Call, CallTrigger
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallQueued, OfferMade, ReserveChanged
from routing.forecast import UNKNOWN
from routing.ids import NO_TRANSFER, OfferId
from routing.index.places import by_score, calls_in_front, pin_pools_of, pool_of, priority_of
from routing.index.pool import Band
from routing.index.selection import best_agent, best_calls
from routing.machine import advance
from routing.offer import Offer
from routing.queue import Queue
from routing.verbs.decision import Rivals, decide, rivals_of
from routing.verbs.shown import show
from routing.verbs.waiting import enter_pool, is_in_sight, leave_pool


def line_up(core: Core, call: Call, cause: str) -> None:
    """The call stands in line (again) and everyone hears of it; nobody is offered it yet."""
    queue = core.queues[call.queue_id]
    front = calls_in_front(core.now_us, queue, call)
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
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            pbx=call.pbx,
            caller=call.caller,
            calls_in_front=front,
            first_queued_us=call.first_queued_us,
            wait_p50_us=p50_us,
            wait_p90_us=p90_us,
            cause=cause,
            leg_id=call.leg_id,
            caller_name=call.caller_name,
        )
    )
    check_reserve(core, queue)


# --- the reserve ------------------------------------------------------------------------------


def check_reserve(core: Core, queue: Queue) -> None:
    """Open or close the queue's reserve, if so many wait now."""
    if queue.toggles_reserve():
        _match_in_order(core, dict.fromkeys(_toggle_reserve(core, queue), "reserveOpened"))


def check_reserves(core: Core) -> None:
    """The same for all queues, when fewer wait in more than one of them."""
    for queue in core.queues.values():
        check_reserve(core, queue)


def _toggle_reserve(core: Core, queue: Queue) -> list[Call]:
    """Open or close the queue's reserve: its waiting calls change pool, each keeping its place.
    Returns those that may find more agents now.

    Bounded by the thresholds: it opens at `open_at` calls and closes at `close_at`.
    """
    queue.reserve_open = not queue.reserve_open
    queue.wishes.clear()
    pin_pools_of(core.pools, queue)
    core.emit(ReserveChanged(queue.queue_id, queue.reserve_open, queue.waiting))
    calls = [entry[2] for band in queue.bands for entry in band]
    for call in calls:
        core.pools.leave_line(call, queue)
        pool = pool_of(core.pools, call, queue)
        core.pools.enter_line(call, pool, queue, priority_of(queue, call))
    return calls if queue.reserve_open else []


def match_after(core: Core, calls: list[Call], trigger: str) -> None:
    """These calls came into line at once, in any of the queues: reserves first, then matches, so
    that no call jumps the others because its queue opened its reserve between two matches.
    """
    triggers = dict.fromkeys(calls, trigger)
    for queue in core.queues.values():
        if queue.toggles_reserve():
            for call in _toggle_reserve(core, queue):
                triggers.setdefault(call, "reserveOpened")
    _match_in_order(core, triggers)


def _match_in_order(core: Core, triggers: dict[Call, str]) -> None:
    """The call with the highest score chooses first. Each with what has brought it here."""
    for call in by_score(core.now_us, triggers):
        offer_to_best_agent(core, call, triggers[call])


# --- matches ----------------------------------------------------------------------------------


def offer_to_best_agent(core: Core, call: Call, trigger: str) -> None:
    """Give a waiting call to the best agent who can be given one now, if there is any."""
    band = call.band
    if not isinstance(band, Band):
        return
    agent = best_agent(band.pool, core.queues[call.queue_id], call.pbx)
    if agent is not None:
        make_offer(core, call, agent, trigger)


def agent_is_free(core: Core, agent: Agent, trigger: str) -> None:
    """The agent may have become offerable: give the best call, or let the agent stand ready."""
    if agent.entries is not None or not agent.is_offerable:
        return
    rows = core.limits.decision_rows
    found = best_calls(agent, core.now_us, rows)
    if found:
        make_offer(core, found[0][3], agent, trigger, rivals_of(found[:rows]))
    else:
        core.pools.enter_ready(agent)


def make_offer(core: Core, call: Call, agent: Agent, trigger: str, rivals: Rivals = ()) -> None:
    """Reserve the agent for the call; the gateway reads the event and has the phone rung."""
    now = core.now_us
    queue = core.queues[call.queue_id]
    decision = decide(core, call, trigger, rivals)
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
            offer_id=offer.offer_id,
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            pbx=call.pbx,
            agent_id=agent.agent_id,
            device=agent.device,
            ring_timeout_us=queue.spec.ring_timeout_us,
            caller=call.caller,
            callback=call.callback,
            decision=decision,
            transfer_id=call.transfer_id if call.consult_for else NO_TRANSFER,
        )
    )
    check_reserve(core, queue)


def _tell_queue(core: Core, queue: Queue, call: Call, agent: Agent) -> None:
    """What the queue learns from a match: how fast it moves, whose turn it was."""
    queue.forecast.departed(core.now_us, queue.waiting)
    if call.p50_us != UNKNOWN:
        queue.forecast.judged(core.now_us - call.first_queued_us, call.p50_us, call.p90_us)
        call.p50_us = call.p90_us = UNKNOWN
    if queue.splits:
        employer = agent.spec.employer
        queue.given[employer] = queue.given.get(employer, 0) + 1
