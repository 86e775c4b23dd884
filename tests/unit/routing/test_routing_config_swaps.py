"""A change of configuration while callers wait: one step, undone in one; modes lie on top."""

from routing import commands as c
from routing.config import (
    Boost,
    Mode,
    QueueSpec,
    overlaid,
)
from routing.events import (
    AgentStateChanged,
    CallEstablished,
    ConfigApplied,
    ModeChanged,
    OfferMade,
)
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, of, one, refusal, told_alike_after_a_restart


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
