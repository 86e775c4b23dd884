"""The containers below the rules: sorted lines, deadlines, pools; and the door of the engine."""

from bisect import bisect_left
from random import Random

import pytest

from routing import RoutingConfig, RoutingEngine, Stamped, snapshot
from routing import commands as c
from routing.bug import Bug
from routing.call import CALL_TABLE, CallState, CallTrigger
from routing.commands import ServeGroup
from routing.config import Limits, Mode, Step, Strategy
from routing.deadlines import DeadlineKind, Deadlines
from routing.index.needs import parse
from routing.index.ordered import BLOCK, OrderedLine
from routing.index.pools import SPARE_POOLS
from routing.machine import advance
from routing.queue import Queue
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision

# --- sorted lines -------------------------------------------------------------------------------


def line_of(items):
    line = OrderedLine()
    for item in items:
        line.add(item)
    return line


@pytest.mark.parametrize("order", ["ascending", "descending", "mixed"])
@pytest.mark.parametrize("size", [0, 1, 2, BLOCK, BLOCK + 1, 2 * BLOCK + 3, 5 * BLOCK])
def test_a_line_is_sorted_whatever_the_order_of_arrival(order, size):
    items = [(number, 0) for number in range(size)]
    arrival = list(items)
    if order == "descending":
        arrival.reverse()
    elif order == "mixed":
        Random(size).shuffle(arrival)
    line = line_of(arrival)
    assert list(line) == items
    assert len(line) == size
    assert max((len(block) for block in line._blocks), default=0) <= BLOCK
    if size:
        assert line.heads[0] == items[0]


def test_a_line_agrees_with_a_sorted_list_whatever_happens_to_it():
    rng = Random(5)
    line, plain = OrderedLine(), []
    for step in range(6000):
        if plain and rng.random() < (0.3 if step < 3500 else 0.7):
            item = plain.pop(rng.randrange(len(plain)))
            line.remove(item)
        else:
            item = (rng.randrange(10**6), step)
            line.add(item)
            plain.insert(bisect_left(plain, item), item)
        assert len(line) == len(plain)
        assert bool(line) == bool(plain)
        if plain:
            assert line.heads[0] == plain[0]
        if step % 50 == 0:
            assert list(line) == plain
            probe = (rng.randrange(10**6), rng.randrange(6000))
            assert line.count_before(probe) == bisect_left(plain, probe)
            limit = rng.randrange(10**6)
            held = sum(item[0] < limit for item in plain)
            assert line.count_while(lambda item, limit=limit: item[0] < limit) == held


@pytest.mark.parametrize("size", [1, BLOCK + 1, 3 * BLOCK])
def test_counting_at_every_place_and_beyond_the_ends(size):
    items = [(2 * number, 0) for number in range(size)]
    line = line_of(items)
    for number in (0, 1, BLOCK // 2, size - 1):
        if number < size:
            assert line.count_before((2 * number, 0)) == number
            assert line.count_before((2 * number + 1, 0)) == number + 1
            assert line.count_while(lambda item, n=number: item[0] <= 2 * n) == number + 1
    assert line.count_before((-1, 0)) == 0
    assert line.count_before((2 * size, 0)) == size
    assert line.count_while(lambda _: False) == 0
    assert line.count_while(lambda _: True) == size


def test_an_empty_line_counts_nothing():
    line = OrderedLine()
    assert line.count_before((1,)) == 0
    assert line.count_while(lambda _: True) == 0
    assert not line


def test_what_is_not_in_the_line_cannot_be_taken_out():
    items = [(number,) for number in range(0, 20, 2)]
    line = line_of(items)
    for stranger in ((-1,), (3,), (99,)):
        with pytest.raises(KeyError) as problem:
            line.remove(stranger)
        assert problem.value.args == (stranger,)
    assert len(line) == 10


@pytest.mark.parametrize("take", [OrderedLine.remove, lambda line, _: line.remove_first()])
def test_taking_out_heads_and_whole_blocks_keeps_the_heads_right(take):
    items = [(number,) for number in range(3 * BLOCK)]
    line = line_of(items)
    for item in items[: BLOCK // 2 + 1]:
        take(line, item)
    assert line.heads[0] == items[BLOCK // 2 + 1]
    assert [block[0] for block in line._blocks] == line.heads
    for item in items[BLOCK // 2 + 1 :]:
        take(line, item)
    assert line._blocks == line.heads == []
    assert len(line) == 0


# --- deadlines ----------------------------------------------------------------------------------

CALL, WORK = DeadlineKind.CALL, DeadlineKind.WORK


def drained(deadlines, now_us):
    found = []
    while (due := deadlines.pop_due(now_us)) is not None:
        found.append(due)
    return found


def test_deadlines_come_by_time_and_equal_ones_as_they_were_set():
    deadlines = Deadlines()
    for subject, due_us in (("late", 30), ("b", 20), ("a", 20), ("early", 10)):
        deadlines.set(CALL, subject, due_us)
    assert deadlines.next_us() == 10
    assert drained(deadlines, 29) == [(CALL, "early"), (CALL, "b"), (CALL, "a")]
    assert deadlines.next_us() == 30
    assert len(deadlines) == 1
    assert drained(deadlines, 30) == [(CALL, "late")]
    assert deadlines.next_us() is None


def test_setting_again_replaces_and_cancelling_forgets():
    deadlines = Deadlines()
    deadlines.set(CALL, "a", 10)
    deadlines.set(CALL, "a", 50)
    deadlines.set(WORK, "a", 20)
    deadlines.set(CALL, "b", 30)
    deadlines.cancel(CALL, "b")
    deadlines.cancel(CALL, "never set")
    assert (deadlines.due_us(CALL, "a"), deadlines.due_us(WORK, "a")) == (50, 20)
    assert deadlines.due_us(CALL, "b") == 0
    assert deadlines.next_us() == 20
    assert drained(deadlines, 100) == [(WORK, "a"), (CALL, "a")]


def test_dead_entries_do_not_pile_up():
    deadlines = Deadlines()
    deadlines.set(CALL, "far", 1 << 40)
    assert deadlines.next_us() == 1 << 40  # all that comes now comes before it
    for number in range(10_000):
        deadlines.set(CALL, "a", number)
        assert len(deadlines._near) <= 2 * len(deadlines) + 256
    assert deadlines.next_us() == 9999
    assert drained(deadlines, 10_000) == [(CALL, "a")]
    assert deadlines.next_us() == 1 << 40


def test_what_is_cancelled_long_before_it_is_due_takes_no_room():
    deadlines = Deadlines()
    deadlines.set(CALL, "near", 1)
    assert deadlines.next_us() == 1
    for number in range(100):
        deadlines.set(CALL, "a", (1 + number) << 20)
        deadlines.set(CALL, "b", (2 + number) << 20)
    deadlines.cancel(CALL, "a")
    deadlines.cancel(CALL, "b")
    assert not any(deadlines._slots.values())


@pytest.mark.parametrize("all_near", [False, True])
def test_deadlines_far_apart_and_close_together_come_in_one_order(all_near):
    rng, plain, deadlines = Random(7), {}, Deadlines()
    if all_near:  # all that comes now comes before it
        deadlines.set(CALL, "far", 1 << 40)
        plain["far"] = (deadlines.next_us(), -1)
    for step in range(20_000):
        subject, now_us = str(rng.randrange(300)), step * 1_000
        if rng.random() < 0.3:
            deadlines.cancel(CALL, subject)
            plain.pop(subject, None)
        else:
            due_us = now_us + rng.choice((1, 50, 60_000, 900_000, 9_000_000)) + rng.randrange(3)
            deadlines.set(CALL, subject, due_us)
            plain[subject] = (due_us, step)
        assert deadlines.next_us() == min(plain.values(), default=(None,))[0]
        if rng.random() < 0.2:
            due = sorted((entry, who) for who, entry in plain.items() if entry[0] <= now_us)
            assert drained(deadlines, now_us) == [(CALL, who) for _, who in due]
            for _, who in due:
                del plain[who]


def test_deadlines_are_restored_as_they_were():
    deadlines = Deadlines()
    deadlines.set(CALL, "b", 20)
    deadlines.set(CALL, "gone", 5)
    deadlines.set(CALL, "a", 20)
    deadlines.cancel(CALL, "gone")
    stored = deadlines.stored()
    assert stored == [(20, 1, CALL, "b"), (20, 3, CALL, "a")]
    other = Deadlines()
    other.restore(stored, deadlines.number)
    assert other.stored() == stored
    other.set(CALL, "c", 20)
    assert drained(other, 20) == [(CALL, "b"), (CALL, "a"), (CALL, "c")]


# --- pools --------------------------------------------------------------------------------------


def test_needs_of_single_callers_are_kept_for_a_while_and_then_forgotten():
    """Rebuilding one costs a walk; keeping all would fill the memory."""
    centre = Centre([queue("q")], [agent("8001", "q", "x")], limits=Limits(needs=20_000))
    centre.ready("8001")
    centre.not_ready("8001")
    core = centre.core
    core.pools.pool(("x & q", Strategy.LONGEST_IDLE, False, False), parse("x & q"))
    for number in range(SPARE_POOLS + 5):
        need = f"x>={number + 2} & q"
        core.pools.pool((need, Strategy.LONGEST_IDLE, False, False), parse(need))
    assert len(core.pools.pools) == SPARE_POOLS + 1
    assert core.pools.in_use == 1
    assert all(key[0] != "x & q" for key in core.pools.pools)
    assert {pool.text for pool in core.agents["8001"].pools} == {"q"}


@pytest.mark.parametrize("need", ["!x", "x | q", "@8001", "x & !q", ""])
def test_a_forgotten_need_leaves_nothing_behind(need):
    centre = Centre([queue("q")], [agent("8001", "x"), agent("8002", "q", "x")])
    centre.ready("8001", "8002")
    core = centre.core
    key = (need, Strategy.BEST_SKILL, True, False)
    pool = core.pools.pool(key, parse(need))
    assert core.pools.pool(key, parse(need)) is pool
    assert sum(len(line) for _, line in pool.ready_for("a1")) == len(pool.members)
    core.pools._drop(core.pools._spare.pop(key) and pool)
    assert key not in core.pools.pools
    assert all(pool not in found.pools for found in core.agents.values())
    for found in core.agents.values():
        assert len(found.entries) == len(found.pools)
    hooks = [*core.pools._by_anchor.values(), core.pools._unanchored]
    assert all(pool not in each for each in hooks)
    assert all(each for each in hooks[:-1]), "no empty hook is left"


def test_a_need_in_which_calls_wait_is_never_forgotten():
    centre = Centre([queue("q")], [])
    centre.call("c1", "q", needs="rare")
    core = centre.core
    for number in range(SPARE_POOLS + 5):
        core.pools.pool((f"x>={number + 2}", Strategy.LONGEST_IDLE, False, False), parse("x"))
    assert ("q & rare", Strategy.LONGEST_IDLE, False, False) in core.pools.pools
    assert core.pools.in_use == 2


def test_needs_of_queues_that_are_gone_become_spare():
    centre = Centre([queue("q"), queue("old")], [])
    assert centre.core.pools.in_use == 2
    apply(centre, queues=(queue("q"),))
    assert centre.core.pools.in_use == 1


def test_what_a_restored_engine_keeps_is_what_the_first_one_kept():
    """The limit on needs refuses, or not, in both."""
    storm = Mode("storm", queues=(queue("q", need="q | z"),))
    centre = Centre([queue("q")], [], modes=(storm,), limits=Limits(needs=2))
    centre.do(c.SetMode("storm", on=True))
    centre.call("c1", "q", needs="a")
    centre.hang_up("c1")
    restored = snapshot.load(snapshot.dump(centre.core))
    assert restored.pools.in_use == centre.core.pools.in_use == 1


def test_who_signs_on_finds_the_needs_that_wait_already_whatever_their_form():
    centre = Centre([queue("q", need="")], [agent("8001", "x:2")])
    wishes = ("x", "x>=3", "!y", "@8001", "@8002", "x | y", "")
    for number, needs in enumerate(wishes):
        centre.call(f"c{number}", "q", needs=needs)
    centre.do(c.LogOnAgent("8001"))
    assert {pool.text for pool in centre.core.agents["8001"].pools} == {
        "", "x", "!y", "@8001", "x | y",
    }  # fmt: skip
    centre.do(c.LogOffAgent("8001"))
    assert centre.core.agents["8001"].pools == []
    assert centre.core.pools._holders == {}


# --- the queue ----------------------------------------------------------------------------------


def test_steps_are_taken_in_the_order_of_time():
    line = Queue(queue("q", steps=(Step(20 * S, "b"), Step(10 * S, "a")), sticky_us=5 * S))
    at = [line.step_at(seconds * S, prefers=True) for seconds in (0, 4, 5, 9, 10, 19, 20, 99)]
    assert at == [-1, -1, 0, 0, 1, 1, 2, 2]
    assert line.step_at(0, prefers=False) == 0


# --- the engine's door --------------------------------------------------------------------------


@pytest.mark.parametrize(("seq", "at_us"), [(1, 100), (3, 100), (2, 99)])
def test_a_command_out_of_order_is_a_bug_of_whoever_sends_it(seq, at_us):
    core = RoutingEngine(RoutingConfig())
    core.handle(Stamped(1, 100, c.DeadlinesReached()))
    with pytest.raises(Bug, match="after 1 at 100"):
        core.handle(Stamped(seq, at_us, c.DeadlinesReached()))


def test_what_no_table_says_is_a_bug_of_ours():
    with pytest.raises(Bug, match="no way from waiting by hold"):
        advance(CALL_TABLE, CallState.WAITING, CallTrigger.HOLD)


def test_events_are_counted_without_gaps():
    centre = Centre([queue("q")], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q")
    assert centre.core.event_seq == len(centre.told)


# --- snapshots ----------------------------------------------------------------------------------


def test_equal_states_have_one_hash_and_different_ones_two():
    centre = Centre([queue("q")], [])
    centre.call("c1", "q")
    data = snapshot.dump(centre.core)
    assert snapshot.state_hash(centre.core) == snapshot.state_hash(snapshot.load(data))
    before = snapshot.state_hash(centre.core)
    centre.hang_up("c1")
    assert snapshot.state_hash(centre.core) != before


def test_what_is_no_snapshot_is_refused():
    for data in (b"", b"{}", b"[1, 2", b'{"version": "one"}'):
        with pytest.raises(snapshot.SnapshotError, match="not a snapshot"):
            snapshot.load(data)


def test_a_snapshot_of_another_version_is_refused():
    data = snapshot.dump(RoutingEngine(RoutingConfig()))
    ours = f'"version":{snapshot.VERSION},'.encode()
    assert data.startswith(b"{" + ours)
    with pytest.raises(snapshot.SnapshotError, match="snapshot version 99, this program reads"):
        snapshot.load(data.replace(ours, b'"version":99,', 1))


def test_the_need_of_a_queue_stays_however_many_others_come_and_go():
    """An agent who signs in later would not find a pool that had been dropped."""
    centre = Centre([queue("q")], [agent("8001", "q")])
    centre.call("c1", "q")
    centre.hang_up("c1")
    core = centre.core
    for number in range(SPARE_POOLS + 5):
        core.pools.pool((f"x>={number + 2}", Strategy.LONGEST_IDLE, False, False), parse("x"))
    assert centre.offered([*centre.ready("8001"), *centre.call("c2", "q")]) == [("c2", "8001")]


def test_the_need_that_a_queue_had_before_a_change_is_no_longer_kept():
    centre = Centre([queue("q")], [agent("8001", "q", "x")])
    before = centre.core.pools.in_use
    apply(centre, queues=(queue("q", need="x"),))
    assert centre.core.pools.in_use == before
    assert not any(pool.pinned for pool in centre.core.pools._spare.values())


def test_a_record_names_who_was_passed_over_in_the_order_of_signing_in():
    centre = Centre([queue("q")], [agent("b", "q"), agent("a", "q"), agent("c", "q")])
    centre.ready("b", "a", "c")
    centre.not_ready("a")
    centre.not_ready("b")
    for serving in (False, True):  # b comes back to the pool after a, and was before a
        centre.do(ServeGroup("b", "q", serving))
    passed_over = decision(centre.call("c1", "q")).passed_over
    assert passed_over == (("b", "break"), ("a", "break"))
