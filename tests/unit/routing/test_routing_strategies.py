"""Which free agent a call gets. Every strategy is tried on a stream of calls for what it promises
over a day, and on one call for what decides.
"""

from collections import Counter
from random import Random

import pytest

from routing import commands as c
from routing.config import Strategy
from routing.events import CallEstablished, OfferMade
from routing.index.selection import _most_behind
from routing.queue import Queue
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision, of


def centre_with(strategy, *agents, **fields):
    line = queue("q", need="s", strategy=strategy, after_call_work_us=0, **fields)
    return Centre([line], list(agents))


def stream(centre, calls, rng, *, every_s=(4, 8), talk_s=(5, 30), queues=("q",)):
    """Callers come, are answered at once and talk; who got each of them.

    Callers never have to wait for long: the choice is among free agents.
    """
    ends = []
    taken = []
    for number in range(calls):
        for end_us, name in sorted(ends):
            if end_us <= centre.now_us:
                centre.hang_up(name)
                ends.remove((end_us, name))
        name = f"c{len(taken)}-{number}"
        offered = centre.offered(centre.call(name, rng.choice(queues)))
        if not offered:
            centre.hang_up(name)
        for _, who in offered:
            taken.append(who)
            centre.answer(who)
            ends.append((centre.now_us + rng.randint(*talk_s) * S, name))
        centre.wait(rng.randint(*every_s))
    for _, name in ends:
        centre.hang_up(name)
    return taken


def spread(taken):
    counts = Counter(taken)
    return max(counts.values()) - min(counts.values())


FOUR = tuple(agent(str(n), "s") for n in range(8001, 8005))
NAMES = tuple(str(n) for n in range(8001, 8005))


# --- over many calls ---------------------------------------------------------------------------


def test_longest_idle_gives_everyone_their_rest():
    """Nobody is given a call while somebody else has been idle for longer."""
    centre = centre_with(Strategy.LONGEST_IDLE, *FOUR)
    centre.ready(*NAMES)
    rng = Random(1)
    idle_before = {}
    for number in range(300):
        idle_before = {
            name: centre.core.agents[name].idle_since_us
            for name in NAMES
            if centre.core.agents[name].is_offerable
        }
        offered = centre.offered(centre.call(f"c{number}", "q"))
        for _, who in offered:
            assert idle_before[who] == min(idle_before.values())
            centre.answer(who)
        centre.wait(rng.randint(1, 5))
        for name in NAMES:
            if centre.talking(name) and rng.random() < 0.5:
                centre.hang_up(centre.talking(name))
    assert {e.agent_id for e in of(centre.told, OfferMade)} == set(NAMES)


def test_round_robin_gives_everyone_their_turn():
    centre = centre_with(Strategy.ROUND_ROBIN, *FOUR)
    centre.ready(*NAMES)
    taken = stream(centre, 400, Random(2), talk_s=(1, 3))
    assert taken == [NAMES[number % 4] for number in range(400)]


def test_fewest_calls_keeps_the_numbers_of_calls_together():
    centre = centre_with(Strategy.FEWEST_CALLS, *FOUR)
    centre.ready(*NAMES)
    taken = stream(centre, 400, Random(3), talk_s=(1, 20))
    assert len(taken) == 400
    assert spread(taken) <= 1


def test_least_occupied_keeps_the_shares_of_busy_time_together():
    """8001 gets long talks by chance of the draw, and therefore fewer of them."""
    centre = centre_with(Strategy.LEAST_OCCUPIED, *FOUR)
    centre.ready(*NAMES)
    rng = Random(4)
    for number in range(400):
        for _, who in centre.offered(centre.call(f"c{number}", "q")):
            centre.answer(who)
        centre.wait(5)
        for name in NAMES:
            ends = 0.1 if name == "8001" else 0.5
            if centre.talking(name) and rng.random() < ends:
                centre.hang_up(centre.talking(name))
    worked = {name: centre.core.agents[name].worked_us for name in NAMES}
    calls = {name: centre.core.agents[name].calls for name in NAMES}
    assert max(worked.values()) < 1.25 * min(worked.values())
    assert calls["8001"] < 0.5 * min(calls[name] for name in NAMES[1:])


def test_best_skill_gives_the_expert_what_they_can_take():
    centre = centre_with(
        Strategy.BEST_SKILL, agent("8001", "s:1"), agent("8002", "s:9"), agent("8003", "s:5")
    )
    centre.ready("8001", "8002", "8003")
    assert set(stream(centre, 100, Random(5), talk_s=(1, 3))) == {"8002"}
    counts = Counter(stream(centre, 300, Random(5), talk_s=(5, 14)))
    assert counts["8002"] > counts["8003"] > counts["8001"]


def test_least_flexible_keeps_the_generalists_free():
    centre = centre_with(
        Strategy.LEAST_FLEXIBLE,
        agent("8001", "s", "t", "u"),
        agent("8002", "s"),
        agent("8003", "s", "t"),
    )
    centre.ready("8001", "8002", "8003")
    counts = Counter(stream(centre, 300, Random(6), talk_s=(5, 14)))
    assert counts["8002"] > counts["8003"] > counts.get("8001", 0)


@pytest.mark.parametrize("weights", [(1, 2, 3, 4), (1, 1, 1, 7)])
def test_weighted_gives_each_their_part(weights):
    agents = [agent(name, "s", weight=w) for name, w in zip(NAMES, weights, strict=True)]
    centre = centre_with(Strategy.WEIGHTED, *agents)
    centre.ready(*NAMES)
    taken = stream(centre, 1000, Random(7), talk_s=(1, 3))
    counts = Counter(taken)
    for name, weight in zip(NAMES, weights, strict=True):
        assert abs(counts[name] - 1000 * weight / sum(weights)) <= 2


def test_offers_that_failed_count_in_turns_and_weights_but_are_no_calls():
    for strategy, field in ((Strategy.WEIGHTED, "offers"), (Strategy.FEWEST_CALLS, "calls")):
        centre = centre_with(strategy, agent("8001", "s"))
        centre.ready("8001")
        centre.call("c1", "q")
        centre.hang_up("c1")
        assert getattr(centre.core.agents["8001"], field) == (field == "offers")


# --- on one call -------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_tie_goes_to_who_signed_on_first(strategy):
    centre = centre_with(strategy, *FOUR)
    for name in ("8003", "8001", "8002"):
        centre.do(c.LogOnAgent(name))
    for name in ("8001", "8002", "8003"):
        centre.do(c.SetAgentState(name, c.RequestedState.READY))
    assert centre.offered(centre.call("c1", "q")) == [("c1", "8003")]


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy.LEAST_OCCUPIED,
        Strategy.FEWEST_CALLS,
        Strategy.BEST_SKILL,
        Strategy.LEAST_FLEXIBLE,
        Strategy.WEIGHTED,
    ],
)
def test_equal_figures_go_to_the_longest_idle(strategy):
    centre = centre_with(strategy, *FOUR)
    for name in ("8002", "8001"):
        centre.do(c.LogOnAgent(name))
    for name in ("8001", "8002"):
        centre.wait(1)
        centre.do(c.SetAgentState(name, c.RequestedState.READY))
    assert centre.offered(centre.call("c1", "q")) == [("c1", "8001")]


def test_the_record_says_by_which_figure():
    centre = centre_with(Strategy.LEAST_FLEXIBLE, agent("8001", "s", "t"), agent("8002", "s"))
    centre.ready("8001", "8002")
    record = decision(centre.call("c1", "q"))
    assert record.strategy == "leastFlexible"
    assert record.candidates == (("8002", 1), ("8001", 2))


@pytest.mark.parametrize(
    ("strategy", "first"),
    [(Strategy.BEST_SKILL, "8001"), (Strategy.LEAST_FLEXIBLE, "8002")],
)
def test_the_strategy_can_be_switched_while_it_runs(strategy, first):
    centre = centre_with(Strategy.LONGEST_IDLE, agent("8002", "s"), agent("8001", "s:5", "t"))
    centre.ready("8002", "8001")
    apply(centre, queues=(queue("q", need="s", strategy=strategy),))
    assert centre.offered(centre.call("c1", "q")) == [("c1", first)]


def test_idle_time_begins_with_the_end_of_the_work():
    centre = centre_with(Strategy.LONGEST_IDLE, *FOUR)
    centre.ready("8001", "8002")
    centre.call("c1", "q")
    centre.answer("8001")
    centre.wait(1)
    centre.hang_up("c1")  # 8002 has been idle for longer now
    assert centre.offered(centre.call("c2", "q")) == [("c2", "8002")]


def test_being_not_ready_begins_idle_time_anew():
    centre = centre_with(Strategy.LONGEST_IDLE, *FOUR)
    centre.ready("8001", "8002")
    centre.wait(5)
    centre.not_ready("8001")
    centre.do(c.SetAgentState("8001", c.RequestedState.READY))
    assert centre.offered(centre.call("c1", "q")) == [("c1", "8002")]


# --- shares of employers -----------------------------------------------------------------------


def employers(*shares, strategy=Strategy.LONGEST_IDLE):
    """Three agents of each employer named, calls shared out as said."""
    agents = [
        agent(f"{employer}{number}", "s", employer=employer)
        for employer, _ in shares
        for number in range(3)
    ]
    centre = centre_with(strategy, *agents, allocation=shares)
    centre.ready(*(str(each.agent_id) for each in agents))
    return centre


def shares_of(taken):
    counts = Counter(name[:-1] for name in taken)
    return {employer: 100 * count / len(taken) for employer, count in counts.items()}


@pytest.mark.parametrize(
    "shares",
    [
        (("own", 70), ("north", 30)),
        (("own", 50), ("north", 50)),
        (("own", 34), ("north", 33), ("south", 33)),
        (("own", 97), ("north", 3)),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_calls_are_shared_within_one_percent_over_a_thousand(shares, seed):
    centre = employers(*shares)
    taken = stream(centre, 1000, Random(seed), every_s=(6, 12), talk_s=(5, 14))
    assert len(taken) == 1000
    for employer, percent in shares:
        assert abs(shares_of(taken)[employer] - percent) <= 1


def picks(shares, number, free=None):
    """Whose turn it is, so many times, if `free` (all) always have somebody free."""
    line = Queue(queue("q", allocation=shares))
    turns = []
    for _ in range(number):
        employer = _most_behind(line, free or [name for name, _ in shares])
        line.given[employer] = line.given.get(employer, 0) + 1
        turns.append(employer)
    return turns


@pytest.mark.parametrize(
    "shares",
    [
        (("own", 70), ("north", 30)),
        (("own", 34), ("north", 33), ("south", 33)),
        (("own", 97), ("north", 3)),
        (("own", 100), ("north", 0)),
    ],
)
def test_at_no_moment_is_anybody_more_than_one_call_off_their_share(shares):
    turns = picks(shares, 1000)
    for number in range(1, 1001):
        counts = Counter(turns[:number])
        for employer, percent in shares:
            assert abs(counts[employer] - number * percent / 100) <= 1


def test_a_small_share_has_its_first_call_as_soon_as_that_is_nearer_than_none():
    assert picks((("own", 97), ("north", 3)), 100).index("north") == 16
    assert picks((("own", 60), ("north", 40)), 5) == ["own", "north", "own", "north", "own"]


def test_whose_name_is_not_in_the_agreement_comes_last_and_they_take_turns():
    assert picks((("own", 100),), 3, free=["zeta", "own", "alpha"]) == ["own"] * 3
    assert picks((("own", 100),), 3, free=["zeta", "alpha"]) == ["alpha", "zeta", "alpha"]


def test_within_an_employer_the_strategy_decides():
    centre = employers(("own", 50), ("north", 50), strategy=Strategy.ROUND_ROBIN)
    taken = stream(centre, 60, Random(1), talk_s=(1, 3))
    assert spread(taken) == 0


def test_a_failed_offer_is_not_counted_as_a_call_of_the_employer():
    centre = employers(("own", 50), ("north", 50))
    for number in range(4):
        centre.call(f"c{number}", "q")
        who = next(e.agent_id for e in reversed(centre.told) if isinstance(e, OfferMade))
        centre.hang_up(f"c{number}")
        assert who.startswith("own"), "the first of equals, again and again"
    assert centre.core.queues["q"].given == {"own": 0}


def test_who_has_nobody_free_does_not_hold_up_the_others_and_catches_up():
    centre = employers(("own", 50), ("north", 50))
    for number in range(3):
        centre.not_ready(f"north{number}")
    assert shares_of(stream(centre, 100, Random(1), talk_s=(1, 3))) == {"own": 100}
    for number in range(3):
        centre.do(c.SetAgentState(f"north{number}", c.RequestedState.READY))
    later = stream(centre, 100, Random(1), talk_s=(1, 3))
    assert shares_of(later) == {"north": 100}


def test_an_employer_outside_the_agreement_gets_what_is_left():
    centre = employers(("own", 100), ("guest", 0))
    apply(centre, queues=(queue("q", need="s", allocation=(("own", 100),)),))
    offers = [centre.offered(centre.call(f"c{n}", "q"))[0][1] for n in range(6)]
    assert [name[:-1] for name in offers] == ["own"] * 3 + ["guest"] * 3


def test_among_several_outside_the_agreement_the_name_decides():
    agents = [agent(name, "s", employer=name) for name in ("zeta", "alpha")]
    centre = centre_with(Strategy.LONGEST_IDLE, *agents, allocation=(("own", 100),))
    centre.ready("zeta", "alpha")
    assert centre.offered(centre.call("c1", "q")) == [("c1", "alpha")]


def test_a_tie_between_employers_is_settled_as_they_are_listed():
    centre = employers(("south", 50), ("north", 50))
    assert centre.offered(centre.call("c1", "q")) == [("c1", "south0")]


def test_other_shares_count_from_the_moment_they_are_agreed():
    """An employer who had 10 of 100 is not owed the missing 40 when 50 are agreed."""
    centre = employers(("own", 90), ("north", 10))
    stream(centre, 300, Random(1), talk_s=(1, 3))
    apply(
        centre,
        queues=(
            queue("q", need="s", after_call_work_us=0, allocation=(("own", 50), ("north", 50))),
        ),
    )
    later = stream(centre, 100, Random(1), talk_s=(1, 3))
    assert shares_of(later) == {"own": 50, "north": 50}


def test_shares_and_answers_agree():
    centre = employers(("own", 60), ("north", 40))
    taken = stream(centre, 200, Random(1), talk_s=(5, 14))
    assert [e.agent_id for e in of(centre.told, CallEstablished)] == taken
    assert sum(centre.core.queues["q"].given.values()) == len(taken)


def test_occupancy_is_a_whole_number_of_millionths():
    """A fraction would not be the same on every machine, and it is part of the state."""
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q")
    centre.answer("8001")
    centre.wait(1)
    centre.hang_up("c1")
    centre.wait(2)
    centre.not_ready("8001")
    centre.ready("8001")
    occupancy = centre.core.agents["8001"].occupancy_ppm
    assert type(occupancy) is int
    assert 300_000 < occupancy < 400_000
