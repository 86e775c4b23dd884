"""Which waiting call an agent gets: one order over all queues, and nobody is forgotten in it."""

from random import Random

import pytest

from routing import commands as c
from routing.config import SECOND_US, Boost, Mode, Overflow, QueueSpec, Step
from routing.events import CallDiverted, CallQueued
from routing.index.ageing import Ageing
from routing.index.places import calls_in_front
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision, of, one

TO_B = (Overflow("queueTimeOverflow", "b"),)


def score(spec: QueueSpec, priority: int, waited_us: int) -> int:
    return priority + Ageing(spec).points(waited_us)


# --- the score --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "priority", "waited_s", "points"),
    [
        (QueueSpec("q"), 0, 0, 0),
        (QueueSpec("q"), 7, 0, 7),
        (QueueSpec("q"), 7, 12, 19),
        (QueueSpec("q", age_points=3), 0, 5, 15),
        (QueueSpec("q", age_points=10, age_every_us=60 * SECOND_US), 0, 59, 0),
        (QueueSpec("q", age_points=10, age_every_us=60 * SECOND_US), 0, 60, 10),
        (QueueSpec("q", age_cap=30), 5, 29, 34),
        (QueueSpec("q", age_cap=30), 5, 31, 35),
        (QueueSpec("q", age_points=0), -3, 1000, -3),
        (QueueSpec("q", sl_points=100, age_points=0), 1, 10, 1),
        (QueueSpec("q", sl_points=100, age_points=0), 1, 15, 51),
        (QueueSpec("q", sl_points=100), 0, 20, 120),
    ],
)
def test_score_is_priority_and_capped_age_and_danger(spec, priority, waited_s, points):
    assert score(spec, priority, int(waited_s * SECOND_US)) == points


@pytest.mark.parametrize(
    ("waited_us", "points"),
    [
        (0, 0),
        (10 * S, 0),
        (10 * S + S // 10, 1),
        (15 * S, 50),
        (20 * S - 1, 99),
        (20 * S, 100),
        (900 * S, 100),
    ],
)
def test_danger_grows_evenly_until_the_level_is_missed_and_stays(waited_us, points):
    spec = QueueSpec("q", service_level_us=20 * S, sl_points=100, sl_window_us=10 * S)
    assert Ageing(spec).at_risk(waited_us) == points


def test_the_score_never_falls_with_age():
    """What lets a band be judged by its head."""
    rng = Random(1)
    for _ in range(200):
        spec = QueueSpec(
            "q",
            age_points=rng.randint(0, 5),
            age_every_us=rng.randint(1, 5) * S,
            age_cap=rng.randint(0, 50),
            sl_points=rng.choice((0, 40)),
            sl_window_us=rng.randint(1, 30) * S,
        )
        ages = sorted(rng.randrange(60 * S) for _ in range(50))
        scores = [score(spec, 3, age) for age in ages]
        assert scores == sorted(scores)


# --- one order over all queues -----------------------------------------------------------------


def two_queues(**high):
    return Centre(
        [queue("high", need="s", **{"priority": 30, **high}), queue("low", need="s")],
        [agent("8001", "s")],
    )


def served(centre, calls):
    """In which order the one agent is given the calls; each caller hangs up at once."""
    order = []
    centre.ready("8001")
    for _ in range(calls):
        call_id = centre.core.agents["8001"].call_id
        order.append(call_id)
        centre.hang_up(call_id)
    return order


def test_priority_goes_first_until_age_makes_up_for_it():
    centre = two_queues()
    centre.call("old", "low")
    centre.wait(10)
    centre.call("vip", "high")
    assert served(centre, 2) == ["vip", "old"]
    centre = two_queues()
    centre.call("old", "low")
    centre.wait(31)
    centre.call("vip", "high")
    assert served(centre, 2) == ["old", "vip"]


def test_equal_scores_are_served_by_first_arrival_then_by_number():
    centre = two_queues(priority=30)
    centre.call("old", "low")
    centre.wait(30)
    centre.call("vip", "high")
    centre.call("vip2", "high")
    assert served(centre, 3) == ["old", "vip", "vip2"]


def test_a_callers_own_priority_counts():
    centre = two_queues(priority=0)
    centre.call("plain", "low")
    centre.call("urgent", "low", priority=5)
    centre.call("patient", "low", priority=-5)
    assert served(centre, 3) == ["urgent", "plain", "patient"]


def test_what_they_waited_elsewhere_counts():
    centre = two_queues(priority=0)
    centre.call("here", "low")
    queued = one(centre.call("back", "low", first_queued_us=centre.now_us - 60 * S), CallQueued)
    assert queued.calls_in_front == 0
    assert queued.first_queued_us == centre.now_us - 60 * S
    assert served(centre, 2) == ["back", "here"]


@pytest.mark.parametrize("moment", [0, -5, 1])
def test_a_first_arrival_that_cannot_be_counts_as_now(moment):
    centre = two_queues()
    when = centre.now_us + S if moment == 1 else moment
    queued = one(centre.call("c1", "low", first_queued_us=when), CallQueued)
    assert queued.first_queued_us == centre.now_us


def test_first_queue_time_survives_offers_overflow_and_relaxation():
    centre = Centre(
        [
            queue("a", steps=(Step(10 * S, "a | x"),), max_wait_us=20 * S, overflows=TO_B),
            queue("b"),
        ],
        [agent("8001", "a"), agent("8002", "b")],
    )
    start_us = centre.now_us
    centre.ready("8001")
    centre.call("c1", "a")
    centre.fail("8001", c.OfferOutcome.NO_ANSWER)
    centre.wait(20)
    queued = of(centre.told, CallQueued)
    assert [e.cause for e in queued] == ["arrived", "noAnswer", "queueTimeOverflow"]
    assert {e.first_queued_us for e in queued} == {start_us}
    assert centre.core.calls["c1"].step == 0
    assert decision(centre.ready("8002")).waited_us == 20 * S


# --- boosts -----------------------------------------------------------------------------------

BOOSTS = (
    Boost("r-loss", "loss", 200),
    Boost("r-fraud", "fraud", 150),
    Boost("r-elderly", "elderly", 20),
    Boost("r-vip", "vip", 50, ("high",)),
    Boost("r-repeat", "repeat", 10),
    Boost("r-complaint", "complaint", 30),
)


def boosted():
    return Centre(
        [queue("high", need="s"), queue("low", need="s")], [agent("8001", "s")], boosts=BOOSTS
    )


@pytest.mark.parametrize("rule", BOOSTS, ids=lambda rule: rule.rule_id)
def test_each_rule_lifts_its_callers_and_its_id_is_in_the_record(rule):
    centre = boosted()
    centre.call("plain", "high")
    centre.call("lifted", "high", tags=(rule.tag,))
    events = centre.ready("8001")
    assert centre.offered(events) == [("lifted", "8001")]
    assert decision(events).rules == (rule.rule_id,)
    assert decision(events).score == rule.points
    assert decision(events).rivals == (("lifted", rule.points), ("plain", 0))


def test_a_loss_report_beats_every_other_rule():
    centre = boosted()
    for tags in (("vip",), ("fraud",), ("elderly", "repeat", "complaint"), ("loss",)):
        centre.call("+".join(tags), "high", tags=tags)
    assert served(centre, 4) == ["loss", "fraud", "elderly+repeat+complaint", "vip"]


def test_rules_add_up_in_the_order_of_the_configuration():
    centre = boosted()
    centre.call("c1", "high", tags=("repeat", "vip", "unheard of"))
    record = decision(centre.ready("8001"))
    assert (record.rules, record.score) == (("r-vip", "r-repeat"), 60)


def test_a_rule_of_one_queue_is_none_in_another():
    centre = boosted()
    centre.call("c1", "low", tags=("vip",))
    assert decision(centre.ready("8001")).rules == ()


def test_a_call_that_overflows_is_lifted_by_the_rules_of_its_new_queue():
    full = queue("low", need="s", max_waiting=1, overflows=(Overflow("queueFull", "high"),))
    centre = Centre([queue("high", need="s"), full], [agent("8001", "s")], boosts=BOOSTS)
    centre.call("c1", "low")
    centre.call("c2", "low", tags=("vip",))
    record = decision(centre.ready("8001"))
    assert (record.rules, record.rivals[0][0]) == (("r-vip",), "c2")


def test_an_emergency_rule_lifts_who_waits_already_and_lets_them_down_again():
    storm = Mode("storm", boosts=(Boost("storm-vip", "vip", 500),))
    centre = Centre([queue("low", need="s")], [agent("8001", "s")], modes=(storm,))
    centre.call("plain", "low")
    centre.call("vip", "low", tags=("vip",))
    centre.do(c.SetMode("storm", on=True))
    assert centre.core.calls["vip"].priority == 500
    centre.do(c.SetMode("storm", on=False))
    assert served(centre, 2) == ["plain", "vip"]


# --- the service level ------------------------------------------------------------------------


def test_who_is_about_to_miss_their_level_is_served_first():
    """The card line promises 20 s, the loan line 60 s: the younger card call is in danger first."""
    centre = Centre(
        [
            queue("cards", need="s", sl_points=50, service_level_us=20 * S, age_points=0),
            queue("loans", need="s", sl_points=50, service_level_us=60 * S, age_points=0),
        ],
        [agent("8001", "s")],
    )
    centre.call("loan", "loans")
    centre.wait(5)
    centre.call("card", "cards")
    centre.wait(15)
    assert served(centre, 2) == ["card", "loan"]


def test_service_level_points_come_on_top_of_age():
    centre = two_queues(priority=0, sl_points=40, service_level_us=20 * S)
    centre.call("low", "low")
    centre.call("high", "high")
    centre.wait(20)
    events = centre.ready("8001")
    assert decision(events).rivals == (("high", 60), ("low", 20))


# --- nobody starves ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_overtaken_by_who_came_later_than_the_bound(seed):
    """With a cap above the difference D of priorities and r points a second, a call is overtaken
    only by calls that came at most D / r after it, however many they are.
    """
    rng = Random(seed)
    difference, rate = 40, 2
    centre = Centre(
        [
            queue("vip", need="s", priority=difference, age_points=rate, after_call_work_us=0),
            queue("plain", need="s", age_points=rate, after_call_work_us=0),
        ],
        [agent("8001", "s")],
    )
    arrived = {}
    waiting = set()
    centre.ready("8001")
    for number in range(150):
        name = f"c{number}"
        centre.call(name, rng.choice(("vip", "vip", "vip", "plain")))
        arrived[name] = centre.now_us
        waiting.add(name)
        talking = centre.talking("8001")
        if talking and rng.random() < 0.4:  # more come than are served: the line grows
            centre.hang_up(talking)
        chosen = centre.core.agents["8001"].call_id
        if chosen in waiting:
            waiting.discard(chosen)
            later_s = [(arrived[chosen] - arrived[other]) / S for other in waiting]
            assert max(later_s, default=0) <= difference / rate
            centre.answer("8001")
        centre.wait(rng.choice((0, 1, 2)))
    assert len(waiting) > 50


def test_a_cap_below_the_difference_is_a_standing_order_of_queues():
    """Who wants this says so: then age decides only within the queue."""
    centre = Centre(
        [queue("vip", need="s", priority=100), queue("plain", need="s", age_cap=50)],
        [agent("8001", "s")],
    )
    centre.call("patient", "plain")
    centre.wait(3600)
    centre.call("vip", "vip")
    assert served(centre, 2) == ["vip", "patient"]


# --- the position -----------------------------------------------------------------------------


def test_the_position_counts_everyone_who_would_be_served_before():
    centre = Centre([queue("q")], [], boosts=(Boost("b", "vip", 10),))
    assert one(centre.call("c1", "q"), CallQueued).calls_in_front == 0
    centre.wait(3)
    assert one(centre.call("c2", "q"), CallQueued).calls_in_front == 1
    assert one(centre.call("c3", "q", tags=("vip",)), CallQueued).calls_in_front == 0
    assert one(centre.call("c4", "q", tags=("vip",)), CallQueued).calls_in_front == 1
    assert one(centre.call("c5", "q", priority=3), CallQueued).calls_in_front == 3
    assert one(centre.call("c6", "q", priority=2), CallQueued).calls_in_front == 4


def test_an_equal_score_of_another_priority_is_settled_by_first_arrival():
    centre = Centre([queue("q")], [])
    centre.call("c1", "q")
    centre.wait(5)
    assert one(centre.call("c2", "q", priority=5), CallQueued).calls_in_front == 1


def test_positions_of_other_queues_are_their_own():
    centre = two_queues()
    centre.call("c1", "high")
    assert one(centre.call("c2", "low"), CallQueued).calls_in_front == 0


def test_the_order_of_service_is_the_order_of_positions():
    """Whoever is told n in front sees n others served before, if nobody else comes or goes."""
    rng = Random(3)
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q")])
    for number in range(40):
        centre.call(f"c{number}", "q", priority=rng.choice((0, 0, 5, 9, 30)))
        centre.wait(rng.choice((0, 1, 4)))
    core = centre.core
    places = {
        name: calls_in_front(core.now_us, core.queues["q"], call)
        for name, call in core.calls.items()
    }
    assert sorted(places.values()) == list(range(40))
    order = []
    centre.ready("8001")
    for _ in range(40):
        call_id = core.agents["8001"].call_id
        order.append(call_id)
        centre.hang_up(call_id)
    assert [places[name] for name in order] == list(range(40))


@pytest.mark.parametrize("sl_points", [0, 4])
@pytest.mark.parametrize("age_cap", [3, 3600])
def test_the_position_is_the_place_in_the_sorted_line(sl_points, age_cap):
    """Many equal scores, several calls at one moment: what is computed is what counting gives."""
    rng = Random(9)
    spec = queue("q", sl_points=sl_points, age_cap=age_cap, age_every_us=2 * S)
    centre = Centre([spec], [])
    for number in range(60):
        centre.call(f"c{number}", "q", priority=rng.choice((0, 1, 2, 3, 5)))
        centre.wait(rng.choice((0, 0, 1, 3)))
    core = centre.core
    line = sorted(
        (-score(spec, call.priority, core.now_us - call.first_queued_us), call.first_queued_us,
         call.number, call.call_id)
        for call in core.calls.values()
    )  # fmt: skip
    places = [calls_in_front(core.now_us, core.queues["q"], core.calls[entry[3]]) for entry in line]
    assert places == list(range(60))


def test_a_call_back_in_line_after_a_change_of_priorities_is_filed_anew():
    centre = two_queues()
    centre.call("c1", "low")
    centre.call("c2", "high")
    specs = centre.core.base.queues
    apply(centre, queues=(specs[0], queue("low", need="s", priority=90)))
    assert served(centre, 2) == ["c1", "c2"]
    assert of(centre.told, CallDiverted) == []
