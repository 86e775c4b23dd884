"""The whole call path in one thread, with people who act by themselves."""

from collections.abc import Iterable
from typing import Any

import msgspec

from cti.record.envelope import Envelope
from routing.commands import LogOnAgent
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.ids import AgentId, QueueId
from routing.verbs.conversation import IN_CONVERSATION
from tests.worlds.acts.office import AGENTS, QUEUE
from tests.worlds.acts.outcome import NAMES, Event, outcome
from tests.worlds.acts.recorded import Scene
from tests.worlds.acts.runs import longer
from tests.worlds.acts.script import play
from tests.worlds.acts.simulated import SimulatedStage, phones
from tests.worlds.gateway.thread import A1, SECOND_US, ThreadWorld

CONFIG = RoutingConfig(
    version=2,
    queues=(QueueSpec(QueueId(QUEUE), after_call_work_us=30 * SECOND_US),),
    agents=tuple(AgentSpec(AgentId(device[1:]), device) for device in AGENTS),
    pbxs=(A1,),
)
LONGEST_LOOK_MS = 35_000
LATE_MS = 100  # the last reports


def _begin(ready: Iterable[str], seed: int) -> tuple[ThreadWorld, SimulatedStage]:
    world = ThreadWorld(phones(), routing=CONFIG, seed=seed)
    for device in AGENTS:
        world.dispatcher.submit(LogOnAgent(AgentId(device[1:])))
    stage = SimulatedStage(world.clock, world.pbx)
    for agent in ready:
        world.make_ready(agent)
    world.told.clear()
    return world, stage


async def play_whole(scene: Scene, ready: Iterable[str], seed: int) -> dict[str, Any]:
    """What came out, in the words of `docs.acts.table.Run`."""
    world, stage = _begin(ready, seed)
    await play(stage, longer(scene.script))
    await stage.end()
    world.pass_ms(LATE_MS)
    told = outcome(event for event in map(_named, world.told) if event is not None)
    _leave_nothing(world)
    return told


async def play_killed(scene: Scene, ready: Iterable[str], *, after: int, deaf: int = 0) -> None:
    """The router is killed after so many lines, and comes back before the next one; or after some
    more, which nobody hears.
    """
    world, stage = _begin(ready, 1)
    lines = longer(scene.script).splitlines()
    await play(stage, "\n".join(lines[:after]))
    world.kill_router()
    await play(stage, "\n".join(lines[after : after + deaf]))
    world.pass_ms(LATE_MS)
    world.start_router()
    assert _owners(world) == _talking(world)
    await play(stage, "\n".join(lines[after + deaf :]))
    await stage.end()
    world.pass_ms(LATE_MS)
    _leave_nothing(world)


def _talking(world: ThreadWorld) -> set[str]:
    """The agents who hear a customer, by the bridges."""
    found = set()
    for channel in world.pbx.world.channels.values():
        is_customer = channel.name.startswith("PJSIP/trunk") or channel.get("CTI_STAGE")
        if is_customer and channel.bridge is not None and not channel.bridge.holds:
            phones = (each.phone for each in channel.bridge.members if each is not channel)
            found |= {phone.endpoint[1:] for phone in phones if phone is not None}
    return found & {device[1:] for device in AGENTS}


def _owners(world: ThreadWorld) -> set[str]:
    """Those who have a customer, by the core."""
    calls = world.engine.calls.values()
    return {call.agent_id for call in calls if call.state in IN_CONVERSATION}


def _leave_nothing(world: ThreadWorld) -> None:
    world.pass_ms(LONGEST_LOOK_MS)
    assert world.at_rest()
    assert not world.a1.legs.phone_legs
    assert not world.a1.legs.bridges


def _named(envelope: Envelope) -> Event | None:
    event = envelope.event
    data = msgspec.to_builtins(event)
    name = NAMES.get(type(event).__name__)
    if type(event).__name__ == "AgentStateChanged":
        name = f"cti.agent{data['state'][0].upper()}{data['state'][1:]}"
    return (name, data) if name else None
