"""The simulated Asterisk tells of an act what the real one told of it."""

from collections.abc import Sequence

import pytest

from cti.agi.messages import AgiCommand, AgiRequest, set_variable
from cti.ami.messages import action
from simulators.pbx.asterisk import PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.link import AgiInThread
from simulators.virtual_clock import VirtualClock
from tests.worlds.acts.recorded import SCENES, Scene, transcripts
from tests.worlds.acts.script import play
from tests.worlds.acts.simulated import SimulatedStage, phones
from tests.worlds.acts.told import NOT_TOLD, Told, read, stories
from tests.worlds.simulators.routed_calls import EPOCH


async def simulated(scene: Scene, seed: int) -> dict[str, list[Told]]:
    """What is told of this scene; the seed decides the races."""
    clock = VirtualClock()
    answers = list(scene.answers)

    def answer(_request: AgiRequest) -> Sequence[AgiCommand]:
        return [set_variable("CTI_NEXT", answers.pop(0) if len(answers) > 1 else answers[0])]

    settings = PbxSettings(dialplan=DialplanGlobals(retry_s=1))
    pbx = SimulatedAsterisk(clock, AgiInThread(clock, answer), seed=seed, settings=settings)
    pbx.world.add_phones(phones())
    stage = SimulatedStage(clock, pbx)
    stage.ask(action("Setvar", Variable="CTI_EPOCH", Value=EPOCH))
    await play(stage, scene.script)
    await stage.end()
    assert not pbx.world.channels
    assert not any(phone.legs for phone in pbx.world.phones.values())
    return stories(event for event in stage.events if event["Event"] not in NOT_TOLD)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_an_act_is_told_as_the_real_asterisk_told_it(scene: Scene):
    told = [stories(read(path.read_text(encoding="utf-8"))) for path in transcripts(scene)]
    assert told
    ours = [await simulated(scene, seed) for seed in range(1, 7)]
    for each in ours:
        assert each in told or each == told[0]
    assert all(each in ours for each in told)
