"""Rough weather: events lost, doubled and late, links cut, Asterisk and router restarted, by seed.

Safety while it blows: no rule of the core is broken, nobody who talks is torn apart by us. Liveness
when it is over: everything that has ended is forgotten, and calls are served again.
"""

import pytest

from routing.events import AgentState, CallEstablished
from simulators.pbx.faults import CALM, ROUGH
from simulators.pbx.phones import Caller
from simulators.people.habits import PhoneHabits
from simulators.people.handsets import handsets
from simulators.prng import Prng, Ratio
from tests.lanes import lane
from tests.worlds.gateway.thread import ThreadWorld, config

pytestmark = pytest.mark.soak

AGENTS = 6
CALLS = 120
HABITS = PhoneHabits(
    misses=Ratio(30),
    busy=Ratio(20),
    rejects=Ratio(20),
    answers_after_ms=(200, 3_000),
    talks_mean_ms=8_000,
)


def stormy(seed: int, *, kills: int = 0) -> ThreadWorld:
    """A world after its storm: all callers have come, and have ended or wait."""
    draw = Prng(seed)
    names = [f"p{8001 + n}" for n in range(AGENTS)]
    phones = handsets(names, draw.fork("phones"), HABITS)
    world = ThreadWorld(phones, routing=config(AGENTS, 2_000_000), rates=ROUGH, seed=seed)
    world.ready()
    people, moments = draw.fork("people"), draw.fork("kills")
    deaths = [moments.between(1, CALLS) for _ in range(kills)]
    for number in range(CALLS):
        caller = Caller(
            str(number),
            "loans",
            gives_up_after_ms=people.exponential(60_000),
            talk_ms=max(500, people.exponential(8_000)),
        )
        world.pbx.world.call(caller, world.reports.append)
        world.pass_ms(people.exponential(1_800))
        if number in deaths:
            world.kill_router()
            world.pass_ms(people.between(10, 3_000))
            world.start_router()
        for agent in world.engine.agents.values():
            if agent.shown is AgentState.NOT_READY:
                world.make_ready(agent.agent_id)
    return world


def heal(world: ThreadWorld) -> None:
    world.pbx.set_rates(CALM)
    world.pass_ms(300_000)


@pytest.mark.parametrize("seed", range(1, 1 + lane(12, whole=80)))
def test_after_the_storm_everything_is_as_it_should_be(seed):
    world = stormy(seed)
    heal(world)
    assert world.at_rest()
    before = len(world.events(CallEstablished))
    for agent in world.engine.agents.values():
        if agent.shown is AgentState.NOT_READY:
            world.make_ready(agent.agent_id)
    for number in range(10):
        world.call(f"after-{number}", talk_ms=1_000)
    world.pass_ms(120_000)
    assert world.at_rest()
    assert len(world.events(CallEstablished)) - before == 10


@pytest.mark.parametrize("seed", range(101, 101 + lane(8, whole=60)))
def test_a_router_that_dies_again_and_again_in_the_storm(seed):
    world = stormy(seed, kills=4)
    heal(world)
    assert world.at_rest()
    assert world.epoch > 2
