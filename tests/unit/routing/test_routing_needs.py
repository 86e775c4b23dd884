"""What a call needs of an agent: the expression, its steps over time, the agent known to it."""

import pytest

from routing import commands as c
from routing.config import Step
from routing.events import CallQueued, CallRelaxed
from routing.index.needs import (
    ANYONE,
    MAX_DEPTH,
    MAX_TEXT,
    AgentIs,
    AllOf,
    AnyOf,
    AtLeast,
    NeedError,
    Not,
    anchors,
    both,
    named_skills,
    parse,
    text_of,
)
from routing.index.predicates import is_met
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import decision, of, one, refusal

# --- the expression ---------------------------------------------------------------------------

SKILLS = {"english": 3, "loans": 1}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("", True),
        ("   ", True),
        ("english", True),
        ("english>=3", True),
        ("english>=4", False),
        ("english:3", True),
        ("english : 4", False),
        ("cards", False),
        ("!cards", True),
        ("!!english", True),
        ("!english>=4", True),
        ("english & loans", True),
        ("english & cards", False),
        ("cards | loans", True),
        ("cards | vip", False),
        ("cards & english | loans", True),  # & binds tighter
        ("cards & (english | loans)", False),
        ("@8001", True),
        ("@8002", False),
        ("english & !@8002", True),
        ("english & !@8001", False),
    ],
)
def test_an_expression_admits_whom_it_says(text, met):
    assert is_met(parse(text), "8001", SKILLS) is met


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("english >", "unexpected '>' at character 9"),
        ("english loans", "unexpected 'loans' at character 9"),
        ("english)", r"unexpected '\)' at character 8"),
        ("& english", "unexpected '&' at character 1"),
        ("english | | loans", "unexpected '\\|' at character 11"),
        ("english &", "ends too early"),
        ("!", "ends too early"),
        ("(english", "the parenthesis at character 1 is not closed"),
        ("@", "unexpected '@' at character 1"),
        ("@8001>=2", "@ takes an agent id and no level, at character 1"),
        ("english>=0", "level 0 of english is not within 1…1000"),
        ("english>=1001", "level 1001 of english is not within 1…1000"),
        ("(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1), "more than 8 levels deep"),
        ("x" * (MAX_TEXT + 1), "longer than 400 characters"),
    ],
)
def test_what_is_no_expression_says_what_and_where(text, message):
    with pytest.raises(NeedError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "english>=1000",
        "x" * MAX_TEXT,
        "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH,
        "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH + " & (y)",  # depth is counted, not parentheses
        "!" * MAX_DEPTH + "x",
    ],
)
def test_the_bounds_themselves_are_allowed(text):
    assert parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("english>=1", "english"),
        ("english : 3&loans", "english>=3 & loans"),
        ("((a)) | b", "a | b"),
        ("a&(b|c)", "a & (b | c)"),
        ("!(a|b)", "!(a | b)"),
        ("! a & @8001", "!a & @8001"),
        ("(a & b) | c", "(a & b) | c"),
    ],
)
def test_equal_needs_have_one_text(text, canonical):
    need = parse(text)
    assert text_of(need) == canonical
    assert parse(canonical) == need


@pytest.mark.parametrize(
    ("left", "right", "together"),
    [
        ("a", "b", "a & b"),
        ("a", "a", "a"),
        ("a & b", "b & c", "a & b & c"),
        ("a | b", "c", "(a | b) & c"),
        ("", "b", "b"),
        ("a", "", "a"),
    ],
)
def test_the_callers_need_joins_the_queues(left, right, together):
    assert is_met(both(parse(left), parse(right)), "x", {"a": 1, "b": 1, "c": 1})
    assert text_of(both(parse(left), parse(right))) == together


def test_a_need_names_the_skills_that_it_asks_for_each_once():
    assert named_skills(parse("a & (b | a) & !c & @8001")) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "hooks"),
    [
        ("a", ("a",)),
        ("@8001", ("@8001",)),
        ("!a", None),
        ("", None),
        ("(a | b) & c", ("c",)),  # the shorter list
        ("!a & b", ("b",)),
        ("!a & !b", None),
        ("a | b | a", ("a", "b")),
        ("a | !b", None),
    ],
)
def test_anchors_are_skills_that_whoever_fits_must_have(text, hooks):
    assert anchors(parse(text)) == hooks


def test_the_tree_is_what_was_said():
    assert parse("a>=2 & !(b | @8001)") == AllOf(
        (AtLeast("a", 2), Not(AnyOf((AtLeast("b", 1), AgentIs("8001")))))
    )
    assert parse("") == ANYONE


# --- in the queue -----------------------------------------------------------------------------


def test_a_caller_brings_a_language_with_them():
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans", "uyghur:2")])
    centre.ready("8001", "8002")
    assert centre.offered(centre.call("c1", "loans", needs="uyghur>=2")) == [("c1", "8002")]


def test_a_need_that_cannot_be_read_is_refused_and_takes_nobody_in():
    centre = Centre([queue("loans")], [])
    assert refusal(centre.call("c1", "loans", needs="english >")) == "badNeeds"
    assert not centre.core.calls


def test_too_many_different_needs_are_refused():
    from routing.config import Limits

    centre = Centre([queue("loans")], [], limits=Limits(needs=2))
    assert of(centre.call("c1", "loans", needs="a"), CallQueued)
    assert refusal(centre.call("c2", "loans", needs="b")) == "tooManyNeeds"
    assert of(centre.call("c3", "loans"), CallQueued), "who brings no need is welcome"


def test_needs_that_nobody_brings_any_more_do_not_count():
    from routing.config import Limits

    centre = Centre([queue("loans")], [], limits=Limits(needs=2))
    centre.call("c1", "loans", needs="a")
    centre.hang_up("c1")
    assert of(centre.call("c2", "loans", needs="b"), CallQueued)


def steps_centre():
    """Loans at level 3, then level 1, then cards, then anyone."""
    steps = (Step(30 * S, ""), Step(10 * S, "loans"), Step(20 * S, "loans | cards"))
    return Centre(
        [queue("loans", need="loans>=3", steps=steps)],
        [agent("8001", "loans"), agent("8002", "cards"), agent("8003", "other")],
    )


@pytest.mark.parametrize(
    ("who", "after_s", "step", "need"),
    [("8001", 10, 1, "loans"), ("8002", 20, 2, "loans | cards"), ("8003", 30, 3, "")],
)
def test_the_longer_they_wait_the_less_they_need(who, after_s, step, need):
    centre = steps_centre()
    centre.ready(who)
    centre.call("c1", "loans")
    assert centre.offered(centre.wait(after_s - 0.1)) == []
    events = centre.wait(0.1)
    assert centre.offered(events) == [("c1", who)]
    assert (decision(events).step, decision(events).need) == (step, need)
    assert decision(events).trigger == f"step{step}"


def test_each_step_is_told_with_the_need_it_brings():
    centre = steps_centre()
    centre.call("c1", "loans")
    told = of(centre.wait(60), CallRelaxed)
    assert [(e.step, e.need, e.waited_us) for e in told] == [
        (1, "loans", 10 * S),
        (2, "loans | cards", 20 * S),
        (3, "", 30 * S),
    ]


def test_relaxing_keeps_the_place():
    centre = steps_centre()
    centre.call("c1", "loans")
    centre.wait(5)
    centre.call("c2", "loans")
    centre.wait(12)
    assert centre.core.calls["c1"].step == 1
    assert centre.core.calls["c2"].step == 1
    assert centre.offered(centre.ready("8001")) == [("c1", "8001")]


def test_the_callers_own_need_is_never_relaxed():
    centre = Centre(
        [queue("loans", need="loans>=3", steps=(Step(10 * S, ""),))],
        [agent("8001", "x"), agent("8002", "english")],
    )
    centre.ready("8001")
    centre.call("c1", "loans", needs="english")
    assert centre.offered(centre.wait(60)) == []
    assert centre.offered(centre.ready("8002")) == [("c1", "8002")]


def test_a_step_is_not_frozen_at_joining():
    """A new configuration changes what a call that waits already is going to need."""
    from tests.worlds.routing.told import apply

    centre = Centre([queue("loans", need="loans>=3")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.wait(5)
    apply(centre, queues=(queue("loans", need="loans>=3", steps=(Step(10 * S, "loans"),)),))
    assert centre.offered(centre.wait(4.9)) == []
    assert centre.offered(centre.wait(0.1)) == [("c1", "8001")]


# --- the agent known to the caller -------------------------------------------------------------


def sticky_centre():
    centre = Centre(
        [queue("loans", sticky_us=20 * S)], [agent("8001", "loans"), agent("8002", "loans")]
    )
    centre.ready("8001")
    return centre


def test_the_agent_they_know_is_waited_for():
    centre = sticky_centre()
    assert centre.offered(centre.call("c1", "loans", preferred_agent="8002")) == []
    centre.wait(19)
    events = centre.ready("8002")
    assert centre.offered(events) == [("c1", "8002")]
    assert (decision(events).step, decision(events).need) == (-1, "@8002")


def test_the_wait_for_them_has_an_end():
    centre = sticky_centre()
    centre.call("c1", "loans", preferred_agent="8002")
    assert centre.offered(centre.wait(19.9)) == []
    events = centre.wait(0.1)
    assert one(events, CallRelaxed).step == 0
    assert centre.offered(events) == [("c1", "8001")]


def test_who_waits_for_the_agent_they_know_does_not_stop_the_others():
    centre = sticky_centre()
    centre.call("c1", "loans", preferred_agent="8002")
    assert centre.offered(centre.call("c2", "loans")) == [("c2", "8001")]


def test_an_agent_whom_nobody_knows_is_not_waited_for():
    centre = sticky_centre()
    assert centre.offered(centre.call("c1", "loans", preferred_agent="9999")) == [("c1", "8001")]


def test_the_agent_they_know_must_still_speak_their_language():
    centre = Centre(
        [queue("loans", sticky_us=20 * S)],
        [agent("8001", "loans"), agent("8002", "loans", "uyghur")],
    )
    centre.ready("8001")
    assert centre.offered(centre.call("c1", "loans", preferred_agent="8001", needs="uyghur")) == []
    centre.ready("8002")
    assert centre.offered(centre.wait(20)) == [("c1", "8002")]


def test_after_a_failed_offer_of_the_agent_they_know_the_wait_goes_on():
    centre = sticky_centre()
    centre.ready("8002")
    centre.call("c1", "loans", preferred_agent="8002")
    centre.wait(1)
    assert centre.offered(centre.fail("8002", c.OfferOutcome.NO_ANSWER)) == []
    assert centre.offered(centre.wait(19)) == [("c1", "8001")]


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        (")", ")", 1),
        ("loans & )", ")", 9),
        ("!)", ")", 2),
        ("()", ")", 2),
        ("| loans", "|", 1),
        ("loans & & cards", "&", 9),
    ],
)
def test_a_sign_where_a_skill_should_be_is_told_with_its_place(text, word, place):
    with pytest.raises(NeedError) as problem:
        parse(text)
    assert str(problem.value) == f"unexpected {word!r} at character {place}"
