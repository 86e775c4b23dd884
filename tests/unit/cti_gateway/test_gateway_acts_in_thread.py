"""Acts of phones and strangers with the real gateway and core behind the simulated Asterisk.

Held for every recorded scene: no rule of the core is broken, nobody is ordered out of a bridge, and
nothing is left when all have hung up. `PARTS` says who has talked to the customer.
"""

import pytest

from routing.commands import LogOnAgent
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.events import CallEstablished
from routing.ids import AgentId, QueueId
from tests.worlds.acts.office import AGENTS
from tests.worlds.acts.recorded import SCENES, Scene
from tests.worlds.acts.script import play
from tests.worlds.acts.simulated import SimulatedStage, phones
from tests.worlds.gateway.thread import A1, ThreadWorld

CONFIG = RoutingConfig(
    version=2,
    queues=(QueueSpec(QueueId("loans")),),
    agents=tuple(AgentSpec(AgentId(device[1:]), device) for device in AGENTS),
    pbxs=(A1,),
)
LONGEST_LOOK_MS = 35_000

PARTS = {
    "refer-phone": ["8001", "8002"],
    "refer-not-answered": ["8001"],
    "refer-queue": ["8001"],
    "attended-queue": ["8001"],
    "receptionist-waiting": [],
    "receptionist-talking": ["8001"],
    "pickup": ["8002"],
    "parked-returns": ["8001", "8001"],
    "parked-taken": ["8001", "8002"],
    "parked-forgotten": ["8001"],
    "forwarded": [],
    "local": ["8001"],
    "local-stays": ["8001"],
    "redirect-waiting": ["8002"],
    "redirect-talking": ["8001", "8002"],
    "redirect-away": ["8001"],
    "redirect-leg": ["8001"],
    "originate": [],
    "originate-not-answered": [],
    "bridged": ["8001"],
    "own-call": [],
    "internal": [],
    "holds": ["8001"],
    "customer-holds": ["8001"],
    "consultation-ends": ["8001"],
    "attended-phone": ["8001", "8002"],
}


def longer(script: str) -> str:
    """Each conversation lasts: below 0.2 s there was none (docs/call-flow.md)."""
    lines = (
        f"{line}\ntime 1500" if len(line.split()) == 3 and line.split()[1] == "talks" else line
        for line in script.splitlines()
    )
    return "\n".join(lines)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_nobody_is_torn_away_and_whoever_talks_has_the_call(scene: Scene, seed: int):
    world = ThreadWorld(phones(), routing=CONFIG, seed=seed)
    stage = SimulatedStage(world.clock, world.pbx)
    for device in AGENTS:
        world.dispatcher.submit(LogOnAgent(AgentId(device[1:])))
    if scene.answers[0].startswith("deliver"):
        world.make_ready("8001")
    await play(stage, longer(scene.script))
    await stage.end()
    world.pass_ms(LONGEST_LOOK_MS)
    assert world.at_rest()
    assert not world.a1.legs.phone_legs
    parts = [event.agent_id for event in world.events(CallEstablished)]
    assert parts == PARTS[scene.name]
