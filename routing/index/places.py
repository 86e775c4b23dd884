"""Where a call stands in line: in which pool, behind how many, in which order.

Nothing changes here, except that a new need makes a pool.
"""

from collections.abc import Iterable
from functools import partial

from routing.call import Call
from routing.index.needs import AgentIs, Need, both, parse, text_of
from routing.index.ordered import Item
from routing.index.pool import Band, Pool, PoolKey
from routing.index.pools import PoolIndex
from routing.queue import STICKY_STEP, Queue, Wish


def by_score(now_us: int, calls: Iterable[Call]) -> list[Call]:
    """These calls, all of them in line, in the order in which they would be served now."""
    ranked = []
    for call in calls:
        band = call.band
        assert isinstance(band, Band)  # noqa: S101  they stand in line
        points = band.score(now_us - call.first_queued_us)
        ranked.append((-points, call.first_queued_us, call.number, call))
    return [entry[3] for entry in sorted(ranked)]


def priority_of(queue: Queue, call: Call) -> int:
    """The part of the score that does not grow."""
    return queue.priority + call.priority


def calls_in_front(now_us: int, queue: Queue, call: Call) -> int:
    """How many waiting calls of this queue have a higher score, or the same and came earlier.

    Of a band these are the older ones, so that a binary search finds how many they are.
    """
    ageing = queue.ageing
    priority = priority_of(queue, call)
    first_us, number = call.first_queued_us, call.number
    points = priority + ageing.points(now_us - first_us)
    front = 0
    for band in queue.bands:
        if band.priority == priority:
            front += band.count_older(first_us, number)
        elif ageing.sl_points:
            mine = (-points, first_us, number)
            front += band.count_while(partial(_is_before, band, now_us, mine))
        else:
            # Equal points mean an earlier arrival in a band of lower priority, which is in front,
            # and a later one in a band of higher priority, which is not.
            missing = points - band.priority + (1 if band.priority > priority else 0)
            front += band.count_older(now_us - ageing.least_wait_us(missing) + 1, 0)
    return front


def _is_before(band: Band, now_us: int, mine: tuple[int, int, int], entry: Item) -> bool:
    """Is this call of the band in front of the one whose order is `mine`?"""
    return (-band.score(now_us - entry[0]), entry[0], entry[1]) < mine


def present_need(call: Call, queue: Queue) -> Need:
    """What the call needs of an agent at its present step."""
    if call.wanted:
        return AgentIs(call.wanted)
    need = AgentIs(call.preferred) if call.step == STICKY_STEP else queue.needs[call.step]
    return both(need, parse(call.needs)) if call.needs else need


def pool_of(pools: PoolIndex, call: Call, queue: Queue) -> Pool:
    """The pool of the call's present need."""
    if not call.needs and call.step != STICKY_STEP and not call.training:
        return queue.pools[call.step]
    wish = _wish_of(call)
    found = queue.wishes.get(wish)
    if found is None:
        need = present_need(call, queue)
        found = queue.remember(wish, (key_of(queue, need, training=call.training), need))
    return pools.pool(*found)


def _wish_of(call: Call) -> Wish:
    """All of the call that `present_need` and the choice of a pool go by."""
    if call.wanted:
        return STICKY_STEP, "", call.wanted, call.training
    preferred = call.preferred if call.step == STICKY_STEP else ""
    return call.step, call.needs, preferred, call.training


def key_of(queue: Queue, need: Need, *, training: bool = False) -> PoolKey:
    """The pool that serves this need in this queue."""
    return (text_of(need), queue.spec.strategy, queue.splits, training)


def pin_pools_of(pools: PoolIndex, queue: Queue) -> None:
    """Make the pools of the queue's own needs, and keep them."""
    queue.pools = [pools.pool(key_of(queue, need), need) for need in queue.needs]
    for pool in queue.pools:
        pools.pin(pool)
