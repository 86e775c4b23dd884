"""The core gets what the operator wrote, in its own units."""

from cti.config import (
    AgentSettings,
    AsteriskSettings,
    OutcomeSettings,
    OverflowSettings,
    PolicySettings,
    QueueSettings,
    Secret,
    Settings,
    StepSettings,
    routing_config,
)
from routing.config import AgentSpec, Overflow, QueueSpec, RoutingConfig, Step
from routing.config_check import problems


def test_the_defaults_are_those_of_the_core():
    settings = Settings(
        queues=(QueueSettings(id="q"),),
        agents=(AgentSettings(id="1", device="d"),),
        asterisks=(AsteriskSettings(name="a1", host="h", secret=Secret("s")),),
    )
    config = RoutingConfig(queues=(QueueSpec("q"),), agents=(AgentSpec("1", "d"),), pbxs=("a1",))
    assert routing_config(settings) == config
    assert problems(config) == []


def test_seconds_become_microseconds_exactly():
    queue = QueueSettings(
        id="q",
        ring_timeout_s=0.1,
        after_call_work_s=1.000001,
        service_level_s=20,
        age_every_s=0.3,
        steps=(StepSettings(after_s=29.97, need="a"),),
        overflows=(OverflowSettings(cause="queueFull", to_extension="x"),),
    )
    (spec,) = routing_config(Settings(queues=(queue,))).queues
    assert (spec.ring_timeout_us, spec.after_call_work_us) == (100_000, 1_000_001)
    assert (spec.service_level_us, spec.age_every_us) == (20_000_000, 300_000)
    assert spec.steps == (Step(29_970_000, "a"),)
    assert spec.overflows == (Overflow("queueFull", "", "x"),)


def test_the_order_of_skills_in_a_file_does_not_matter():
    one = AgentSettings(id="1", device="d", skills={"b": 1, "a": 2})
    other = AgentSettings(id="1", device="d", skills={"a": 2, "b": 1})
    assert routing_config(Settings(agents=(one,))) == routing_config(Settings(agents=(other,)))


def test_an_agent_is_at_the_site_of_the_router_unless_he_is_elsewhere():
    agents = (AgentSettings(id="1", device="d"), AgentSettings(id="2", device="e", site="east"))
    specs = routing_config(Settings(site="west", agents=agents)).agents
    assert [spec.site for spec in specs] == ["west", "east"]


def test_the_reasons_of_the_core_stay_known_when_a_house_writes_its_own():
    reasons = routing_config(Settings(reasons=("tea", "busy"))).reasons
    assert reasons[:2] == ("tea", "busy")
    assert {"loggedOn", "forced", "ringNoAnswer", "rejected", "unreachable"} < set(reasons)
    assert len(set(reasons)) == len(reasons)


def test_policies_are_those_of_the_four_ways_a_phone_can_fail():
    policies = PolicySettings(rejected=OutcomeSettings(gap_s=2.5, not_ready_after=3))
    rejected = routing_config(Settings(policies=policies)).policies.rejected
    assert (rejected.gap_us, rejected.not_ready_after) == (2_500_000, 3)
