"""The configuration: what is wrong has a path, a change is one step, modes lie on top of it."""

import msgspec
import pytest

from routing import commands as c
from routing.config import (
    AgentSpec,
    Announcement,
    Boost,
    BreakCap,
    Limits,
    Mode,
    OutcomePolicy,
    Overflow,
    Policies,
    Reserve,
    RoutingConfig,
    Step,
)
from routing.config_check import changes, problems
from routing.engine import RoutingEngine
from routing.events import ConfigApplied
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision, of, refusal


def with_queue(**fields):
    return RoutingConfig(queues=(queue("loans", **fields), queue("cards")))


def with_agent(**fields):
    return RoutingConfig(agents=(AgentSpec("8001", **{"device": "p", **fields}),))


def with_mode(**fields):
    return RoutingConfig(queues=(queue("loans"),), modes=(Mode("storm", **fields),))


# --- what is wrong ------------------------------------------------------------------------------

WRONG = [
    (RoutingConfig(queues=(queue("a"), queue("a"))), "queues[a]: is there twice"),
    (RoutingConfig(queues=(queue(""),)), "queues: an id must not be empty"),
    (RoutingConfig(agents=(agent("a"), agent("a"))), "agents[a]: is there twice"),
    (RoutingConfig(agents=(agent(""),)), "agents: an id must not be empty"),
    (with_queue(need="a &"), "queues[loans].need: the expression ends too early"),
    (with_queue(steps=(Step(S, "a &"),)), "queues[loans].steps[0].need: the expression ends"),
    (with_queue(steps=(Step(0, "a"),)), "queues[loans].steps[0].after_us: more than 0"),
    (
        with_queue(steps=(Step(S, "a"), Step(S, "b"))),
        "queues[loans].steps: no two at the same time",
    ),
    *(
        (with_queue(**{name: value}), f"queues[loans].{name}: more than 0")
        for name in ("ring_timeout_us", "age_every_us", "max_waiting", "sl_window_us")
        for value in (0, -1)
    ),
    *(
        (with_queue(**{name: -1}), f"queues[loans].{name}: not negative")
        for name in (
            "after_call_work_us", "max_wait_us", "sticky_us", "age_points", "age_cap", "regain_us",
            "sl_points", "callback_attempts", "callback_retry_us",
        )
    ),
    (
        with_queue(allocation=(("own", 60), ("north", 39))),
        "queues[loans].allocation: the percents add up to 100",
    ),
    (
        with_queue(allocation=(("own", 101), ("north", -1))),
        "queues[loans].allocation: not negative",
    ),
    (
        with_queue(allocation=(("own", 50), ("own", 50))),
        "queues[loans].allocation: each employer once",
    ),
    (with_queue(reserve=Reserve("x &", 1)), "queues[loans].reserve.need: the expression ends"),
    *(
        (with_queue(reserve=Reserve("x", *pair)), "queues[loans].reserve: 0 <= close_at < open_at")
        for pair in ((1, 1), (0, 0), (2, -1))
    ),
    (
        with_queue(announcements=(Announcement("a", S, 0, "song"),)),
        "queues[loans].announcements: 'song' is none of plain, position, wait",
    ),
    *(
        (
            with_queue(announcements=(Announcement("a", *pair),)),
            "queues[loans].announcements: after_us more than 0, every_us 0 or at least a second",
        )
        for pair in ((0, 0), (-S, 0), (S, S - 1), (S, -S))
    ),
    (
        with_queue(overflows=(Overflow("rain", "cards"),)),
        "queues[loans].overflows: 'rain' is none of queueFull, noAvailableAgents, queueTime",
    ),
    (
        with_queue(overflows=(Overflow("queueFull", "loans"),)),
        "queues[loans].overflows: queueFull leads back to the same queue",
    ),
    (
        with_queue(overflows=(Overflow("queueFull", "gone"),)),
        "queues[loans].overflows: there is no queue 'gone'",
    ),
    (
        with_queue(overflows=(Overflow("queueFull", "cards"), Overflow("queueFull"))),
        "queues[loans].overflows: each cause once",
    ),
    (with_agent(device=""), "agents[8001].device: must not be empty"),
    (with_agent(weight=0), "agents[8001].weight: more than 0"),
    (with_agent(skills=(("a", 0),)), "agents[8001].skills: levels are more than 0"),
    (with_agent(skills=(("a", 1), ("a", 2))), "agents[8001].skills: each once"),
    (RoutingConfig(boosts=(Boost("", "t", 1),)), "boosts: an id must not be empty"),
    (RoutingConfig(boosts=(Boost("b", "t", 1),) * 2), "boosts[b]: is there twice"),
    (
        RoutingConfig(boosts=(Boost("b", "t", 1, ("gone",)),)),
        "boosts[b].queues: there is no queue 'gone'",
    ),
    (
        RoutingConfig(break_caps=(BreakCap("", ("break",), -1),)),
        "break_caps[0].limit: not negative",
    ),
    (
        RoutingConfig(break_caps=(BreakCap("", ("rain",), 1),)),
        "break_caps[0].reasons: 'rain' is no not-ready reason",
    ),
    (RoutingConfig(modes=(Mode("m"), Mode("m"))), "modes[m]: is there twice"),
    (
        with_mode(queues=(queue("new"),)),
        "modes[storm].queues[new]: a mode changes queues, it adds none",
    ),
    (
        with_mode(queues=(queue("loans", max_waiting=0),)),
        "modes[storm].queues[loans].max_waiting: more than 0",
    ),
    *(
        (
            RoutingConfig(policies=Policies(**{name: OutcomePolicy(S - 1, strikes)})),
            f"policies.{name}.gap_us: at least 1000000 unless not_ready_after is 1",
        )
        for name in ("no_answer", "busy", "rejected", "unreachable")
        for strikes in (0, 2)
    ),
    *(
        (RoutingConfig(limits=Limits(**{name: 0})), f"limits.{name}: more than 0")
        for name in (
            "calls", "needs", "deliver_timeout_us", "bridge_timeout_us", "open_work_us",
            "telephony_lost_us",
        )
    ),
    *(
        (RoutingConfig(limits=Limits(**{name: -1})), f"limits.{name}: not negative")
        for name in ("decision_rows", "ring_grace_us")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named_by_path_and_rule(config, message):
    found = problems(config)
    assert len(found) == 1
    assert found[0].startswith(message)


@pytest.mark.parametrize(
    "config",
    [
        RoutingConfig(),
        with_queue(
            max_waiting=1, ring_timeout_us=1, age_every_us=1, sl_window_us=1, after_call_work_us=0,
            age_points=0, age_cap=0, callback_attempts=0, callback_retry_us=0,
            steps=(Step(1, "a"), Step(2, "a")), allocation=(("own", 100), ("north", 0)),
            reserve=Reserve("x", 1, 0),
            announcements=(Announcement("a", 1), Announcement("b", 1, S, "position")),
            overflows=(Overflow("queueFull", "cards"), Overflow("calendarOverflow")),
        ),
        with_agent(weight=1, skills=(("a", 1), ("b", 1))),
        RoutingConfig(boosts=(Boost("a", "t", -5), Boost("b", "t", 0))),
        RoutingConfig(break_caps=(BreakCap("", ("break",), 0),)),
        RoutingConfig(policies=Policies(busy=OutcomePolicy(S), rejected=OutcomePolicy(0, 1))),
        RoutingConfig(limits=Limits(decision_rows=0, ring_grace_us=0, calls=1, needs=1)),
        with_mode(queues=(queue("loans", priority=5),), boosts=(Boost("x", "t", 1),)),
    ],
)  # fmt: skip
def test_the_bounds_themselves_are_right(config):
    assert problems(config) == []


def test_everything_that_is_wrong_is_named_at_once():
    config = with_queue(need="(", max_waiting=0, age_points=-1)
    assert len(problems(config)) == 3


def test_an_engine_does_not_begin_with_a_wrong_configuration():
    with pytest.raises(ValueError, match=r"agents\[8001\].weight: more than 0; limits"):
        RoutingEngine(msgspec.structs.replace(with_agent(weight=0), limits=Limits(calls=0)))


# --- what changes -------------------------------------------------------------------------------


def test_a_difference_names_what_is_added_changed_and_removed():
    old = RoutingConfig(queues=(queue("a"), queue("b")), agents=(agent("1"), agent("2")))
    new = RoutingConfig(
        queues=(queue("a"), queue("c")),
        agents=(agent("1", "x"), agent("2")),
        boosts=(Boost("b", "t", 1),),
        limits=Limits(calls=5),
    )
    assert changes(old, new) == (
        "queue c added",
        "queue b removed",
        "agent 1 changed",
        "limits changed",
        "boosts changed",
    )
    assert changes(old, old) == ()


# --- one step -----------------------------------------------------------------------------------


def shop():
    return Centre(
        [queue("loans", after_call_work_us=0), queue("cards", after_call_work_us=0)],
        [agent("8001", "loans"), agent("8002", "cards")],
        modes=(
            Mode(
                "storm",
                queues=(queue("loans", need="loans | cards"),),
                boosts=(Boost("storm-loss", "loss", 100),),
            ),
            Mode("drill", queues=(queue("loans", need="loans", priority=9),)),
        ),
    )


def test_a_wrong_configuration_is_refused_whole():
    centre = shop()
    before = centre.core.config
    bad = msgspec.structs.replace(before, version=2, queues=(queue("loans", need="("),))
    assert refusal(centre.do(c.ApplyConfig(bad))) == "badConfig"
    assert centre.core.config is before
    assert centre.core.previous is None


@pytest.mark.parametrize("what", ["queue of a waiting call", "agent signed on"])
def test_what_is_in_use_cannot_be_taken_away(what):
    centre = shop()
    if what == "agent signed on":
        centre.do(c.LogOnAgent("8002"))
        assert refusal(apply(centre, agents=centre.config.agents[:1])) == "badConfig"
        centre.do(c.LogOffAgent("8002"))
        assert of(apply(centre, agents=centre.config.agents[:1]), ConfigApplied)
    else:
        centre.call("c1", "cards")
        only_loans = {"queues": centre.config.queues[:1], "modes": ()}
        assert refusal(apply(centre, **only_loans)) == "badConfig"
        centre.hang_up("c1")
        assert of(apply(centre, **only_loans), ConfigApplied)


def test_what_a_change_does_not_name_is_untouched():
    centre = shop()
    centre.ready("8001", "8002")
    centre.call("c1", "loans")
    centre.answer("8001")
    idle_since = centre.core.agents["8002"].idle_since_us
    centre.wait(30)
    told = apply(centre, agents=(agent("8001", "loans", "new"), agent("8002", "cards")))
    assert told == [ConfigApplied(2, ("agent 8001 changed",))]
    assert centre.core.agents["8002"].idle_since_us == idle_since
    assert centre.talking("8001") == "c1"


def test_new_skills_hold_at_once_for_an_idle_agent_and_who_waits():
    centre = shop()
    centre.ready("8002")
    centre.call("c1", "loans")
    events = apply(centre, agents=(agent("8001", "loans"), agent("8002", "cards", "loans")))
    assert centre.offered(events) == [("c1", "8002")]
    assert decision(events).trigger == "configApplied"
    assert decision(events).config_version == 2


def test_lost_skills_hold_for_the_next_call():
    centre = shop()
    centre.ready("8002")
    apply(centre, agents=(agent("8001", "loans"), agent("8002", "other")))
    assert centre.offered(centre.call("c1", "cards")) == []


def test_new_skills_of_who_is_signed_off_hold_when_they_sign_on():
    centre = shop()
    apply(centre, agents=(agent("8001", "cards"), agent("8002", "cards")))
    centre.ready("8001")
    assert centre.offered(centre.call("c1", "loans")) == []
    assert centre.offered(centre.call("c2", "cards")) == [("c2", "8001")]
