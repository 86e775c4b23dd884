"""Decision records: among what an offer was chosen, and why."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Boost, Limits, Step
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision

# --- the record ----------------------------------------------------------------------------------


def test_an_arriving_call_had_the_choice_among_agents():
    centre = Centre([queue("q")], [agent(name, "q") for name in ("a", "b", "c")])
    centre.ready("a", "b", "c")
    centre.not_ready("c")
    record = decision(centre.call("c1", "q"))
    assert (record.trigger, record.strategy, record.need) == ("arrived", "longestIdle", "q")
    assert [name for name, _ in record.candidates] == ["a", "b"]
    assert record.passed_over == (("c", "break"),)
    assert record.rivals == ()


def test_an_agent_who_comes_free_had_the_choice_among_calls():
    centre = Centre([queue("q"), queue("r", need="q", priority=5)], [agent("a", "q")])
    centre.call("c1", "q")
    centre.wait(2)
    centre.call("c2", "r")
    record = decision(centre.ready("a"))
    assert record.trigger == "agentReady"
    assert record.rivals == (("c2", 5), ("c1", 2))
    assert record.candidates == ()


def test_only_heads_of_lines_are_rivals():
    centre = Centre([queue("q")], [agent("a", "q")])
    for number in range(3):
        centre.call(f"c{number}", "q")
    assert decision(centre.ready("a")).rivals == (("c0", 0),)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_records_are_bounded_and_the_bound_changes_no_choice(rows):
    team = [agent(name, "q") for name in "abcdef"]
    centre = Centre([queue("q")], team, limits=Limits(decision_rows=rows))
    centre.ready(*"abcdef")
    for name in "ab":
        centre.not_ready(name)
    record = decision(centre.call("c1", "q"))
    assert len(record.candidates) == rows
    assert len(record.passed_over) == rows
    assert centre.offer_of("c")
    for number in range(2, 8):
        centre.call(f"c{number}", "q", priority=number)
    record = decision(centre.do(c.SetAgentState("a", c.RequestedState.READY)))
    assert len(record.rivals) == rows


def test_looking_for_reasons_is_bounded_too():
    """Of many who are free only twice the rows are looked at for one who is not."""
    names = [f"{number:04}" for number in range(40)]
    centre = Centre([queue("q")], [agent(name, "q") for name in names])
    centre.ready(*names)
    centre.not_ready(names[7])
    centre.not_ready(names[8])
    record = decision(centre.call("c1", "q"))
    assert record.passed_over == ((names[7], "break"),), "the eighth is looked at, the ninth not"


def test_the_record_names_rules_step_and_version():
    centre = Centre(
        [queue("q", need="q>=2", steps=(Step(10 * S, "q"),))],
        [agent("a", "q")],
        boosts=(Boost("r-vip", "vip", 7),),
    )
    centre.ready("a")
    centre.call("c1", "q", tags=("vip",))
    apply(centre, boosts=(Boost("r-vip", "vip", 8),))
    record = decision(centre.wait(10))
    assert (record.step, record.rules, record.score, record.config_version) == (
        1,
        ("r-vip",),
        18,
        2,
    )
    assert (record.trigger, record.waited_us) == ("step1", 10 * S)


@pytest.mark.parametrize(
    ("outcome", "trigger"),
    [(outcome, str(outcome)) for outcome in list(OfferOutcome)[1:5]],
)
def test_after_a_failed_offer_the_trigger_says_how_it_failed(outcome, trigger):
    centre = Centre([queue("q")], [agent("a", "q"), agent("b", "q")])
    centre.ready("a", "b")
    centre.call("c1", "q")
    assert decision(centre.fail("a", outcome)).trigger == trigger
