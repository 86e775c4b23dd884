"""The configuration: what is wrong has a path, a change is one step, modes lie on top of it."""

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
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
)
from routing.events import (
    AgentStateChanged,
    CallEstablished,
    ConfigApplied,
    ModeChanged,
    OfferMade,
)
from routing.on_config import overlaid
from tests.complaints.centre import Centre, S, agent, queue
from tests.unit.routing.told import apply, of, one, refusal, told_alike_after_a_restart


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


def test_an_offer_and_a_conversation_go_on_whatever_changes():
    centre = shop()
    centre.ready("8001")
    centre.call("c1", "loans")
    apply(centre, agents=(agent("8001", "other"), agent("8002", "cards")))
    centre.answer("8001")
    assert centre.count(CallEstablished) == 1
    assert of(centre.hang_up("c1"), AgentStateChanged)[-1].state == "ready"


def test_shares_that_come_while_a_phone_rings_stop_nothing():
    centre = shop()
    centre.ready("8001")
    centre.call("c1", "loans")
    apply(centre, queues=(queue("loans", allocation=(("own", 100),)), queue("cards")))
    assert centre.fail("8001", c.OfferOutcome.REJECTED)
    assert centre.core.queues["loans"].given == {}


def test_waiting_calls_choose_anew_with_the_most_important_first():
    centre = Centre([queue("a", need="x"), queue("b", need="y")], [agent("8001", "z")])
    centre.ready("8001")
    centre.call("c1", "a")
    centre.call("c2", "b", priority=5)
    events = apply(centre, queues=(queue("a", need="z"), queue("b", need="z")))
    assert centre.offered(events) == [("c2", "8001")]


def test_a_queue_and_an_agent_are_added():
    centre = shop()
    apply(
        centre,
        queues=(*centre.config.queues, queue("new")),
        agents=(*centre.config.agents, agent("8003", "new")),
    )
    centre.ready("8003")
    assert centre.offered(centre.call("c1", "new")) == [("c1", "8003")]


def test_rolling_back_goes_back_and_forth():
    centre = shop()
    assert refusal(centre.do(c.RollbackConfig())) == "noPreviousConfig"
    apply(centre, reasons=("break", "loggedOn", "x"))
    apply(centre, reasons=("break", "loggedOn", "y"))
    versions = [one(centre.do(c.RollbackConfig()), ConfigApplied).version for _ in range(3)]
    assert versions == [2, 3, 2]


def test_rolling_back_is_refused_when_something_new_is_in_use():
    centre = shop()
    apply(centre, queues=(*centre.config.queues, queue("new")))
    centre.call("c1", "new")
    assert refusal(centre.do(c.RollbackConfig())) == "badConfig"
    centre.hang_up("c1")
    assert one(centre.do(c.RollbackConfig()), ConfigApplied).version == 1


def test_rolling_back_survives_a_restart():
    centre = shop()
    apply(centre, reasons=("break", "loggedOn"))
    told = told_alike_after_a_restart(centre, c.RollbackConfig())
    assert one(told, ConfigApplied).version == 1


# --- modes --------------------------------------------------------------------------------------


def test_a_mode_is_one_command_on_and_one_command_off():
    centre = shop()
    centre.ready("8002")
    centre.call("c1", "loans")
    events = centre.do(c.SetMode("storm", on=True, by="boss"))
    told = one(events, ModeChanged)
    assert (told.name, told.on, told.by) == ("storm", True, "boss")
    assert one(events, ConfigApplied).changes == ("queue loans changed", "boosts changed")
    assert centre.offered(events) == [("c1", "8002")]
    assert centre.do(c.SetMode("storm", on=True)) == []
    centre.do(c.SetMode("storm", on=False))
    assert centre.core.config == centre.core.base
    assert refusal(centre.do(c.SetMode("flood", on=True))) == "unknownMode"


def test_modes_lie_over_each_other_in_the_order_of_the_configuration():
    centre = shop()
    centre.do(c.SetMode("drill", on=True))
    centre.do(c.SetMode("storm", on=True))
    assert centre.core.config.queues[0].priority == 9
    assert overlaid(centre.core.base, {"storm": True}).queues[0].need == "loans | cards"
    centre.do(c.SetMode("drill", on=False))
    assert centre.core.config.queues[0].need == "loans | cards"


def test_a_mode_stays_on_through_a_new_configuration_that_still_has_it():
    centre = shop()
    centre.do(c.SetMode("storm", on=True))
    apply(centre, reasons=("break", "loggedOn"))
    assert centre.core.modes == {"storm": True}
    assert centre.core.config.boosts[0].rule_id == "storm-loss"
    apply(centre, modes=())
    assert centre.core.modes == {}
    assert centre.core.config == centre.core.base


def test_modes_survive_a_restart():
    centre = shop()
    centre.do(c.SetMode("storm", on=True))
    centre.ready("8002")
    events = told_alike_after_a_restart(centre, c.CallArrived("c1", "loans", "a1", tags=("loss",)))
    assert one(events, OfferMade).decision.rules == ("storm-loss",)
    assert told_alike_after_a_restart(centre, c.SetMode("storm", on=False))


def test_a_specification_is_what_it_says():
    """Defaults that other parts rely on."""
    spec = QueueSpec("q")
    assert (spec.ring_timeout_us, spec.service_level_us) == (15 * S, 20 * S)
    assert (spec.max_wait_us, spec.regain_us, spec.sl_points) == (0, 0, 0)
