"""Acts of phones and strangers with the real gateway and core behind the simulated Asterisk.

Each run of docs/acts/acts.toml: what comes out is what the file says, no rule of the core is
broken, nobody is ordered out of a bridge, and nothing is left when all have hung up.
"""

import pytest

from tests.worlds.acts.outcome import times, without_times
from tests.worlds.acts.recorded import SCENES
from tests.worlds.acts.runs import RUNS, longer, scene_of
from tests.worlds.acts.thread import play_killed, play_whole


def test_every_scene_has_a_run_in_the_row_that_it_names():
    assert [(number, run.scene) for number, run in RUNS] == sorted(
        ((scene.number, scene.name) for scene in SCENES), key=lambda pair: pair[0]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("number", "run"), RUNS, ids=lambda each: getattr(each, "scene", each))
async def test_what_comes_out_is_what_the_table_says(number, run, seed):
    told = await play_whole(scene_of(run), run.ready, seed)
    assert without_times(told["parts"]) == without_times(run.parts)
    assert times(told["parts"]) == pytest.approx(times(run.parts), abs=0.11)
    for field in ("calls", "offers", "own", "shown", "moved"):
        assert told[field] == getattr(run, field), field


@pytest.mark.parametrize(("number", "run"), RUNS, ids=lambda each: getattr(each, "scene", each))
async def test_a_router_that_is_killed_after_any_line_tears_nobody_away(number, run):
    """P37: who talks at the end has the call, whatever the router has missed."""
    scene = scene_of(run)
    for line in range(1, len(scene.script.split("\n"))):
        await play_killed(scene, run.ready, after=line)


ACTS = ("completes", "refers", "presses", "ami", "dials *8", "dials 70", "hangs up", "answers")


@pytest.mark.parametrize(("number", "run"), RUNS, ids=lambda each: getattr(each, "scene", each))
async def test_an_act_that_nobody_has_heard_is_found(number, run):
    """P37: the router is dead while it happens."""
    scene = scene_of(run)
    for place, line in enumerate(longer(scene.script).splitlines()):
        if place and any(act in line for act in ACTS):
            await play_killed(scene, run.ready, after=place, deaf=1)
