"""Acts of phones and strangers with the real daemon on a real Asterisk: each run of acts.toml.

Some of them here; `make acts` plays all.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lanes import WHOLE
from tests.worlds.acts.outcome import times, without_times
from tests.worlds.acts.routed import Routed, routed_office
from tests.worlds.acts.runs import RUNS

pytestmark = [
    pytest.mark.real,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.acts,
    pytest.mark.room("gateway", "asterisk-config"),
]

QUICK = (
    "refer-phone", "attended-phone", "attended-queue", "receptionist-waiting",
    "receptionist-talking", "pickup", "parked-taken", "local", "redirect-talking", "redirect-leg",
    "originate-instead-of-offer", "second-customer", "no-sound",
)  # fmt: skip
"""One of each way in which a channel comes to another bridge, or goes."""

PLAYED = [(number, run) for number, run in RUNS if WHOLE or run.scene in QUICK]
KILLED = (
    ("attended-phone", "a8001 talks a8002"),
    ("attended-phone", "a8001 completes"),
    ("receptionist-talking", "c1 talks a8001"),
    ("pickup", "c1 talks a8002"),
    ("refer-phone", "c1 talks a8002"),
)
EARLY_S = 0.3
"""Times in the table are of a virtual clock, where each key takes 30 ms."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def routed(lab: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Routed]:
    folder: Path = tmp_path_factory.mktemp("acts")
    async with routed_office(folder) as made:
        yield made
        breaches = await made.router.get("/v1/invariants")
        assert not any(breaches["breaches"].values()), breaches


@pytest.mark.parametrize(("number", "run"), PLAYED, ids=lambda each: getattr(each, "scene", each))
async def test_what_comes_out_is_what_the_table_says(routed, number, run):
    told = await routed.play(run)
    assert without_times(told["parts"]) == without_times(run.parts)
    for real, wanted in zip(times(told["parts"]), times(run.parts), strict=True):
        assert real >= wanted - EARLY_S
    for field in ("calls", "offers", "own", "shown", "moved"):
        assert told[field] == getattr(run, field), field


@pytest.mark.parametrize(("scene", "after"), KILLED[: None if WHOLE else 2])
async def test_a_router_that_is_killed_finds_who_talks_to_whom(routed, scene, after):
    """P37."""
    run = next(run for _, run in RUNS if run.scene == scene)
    told = await routed.play_killed(run, after=after)
    agents = [part.split(" ")[0] for part in told["parts"]]
    assert agents == [part.split(" ")[0] for part in run.parts]
