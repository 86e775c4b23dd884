"""The figures of the day outlive a router that is killed: they come from the record."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.worlds.cards.router import Router, word
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.table import Call, Phone

pytestmark = pytest.mark.room("cti", "figures", "view")

COUNTED = (
    "offered", "answered", "abandoned", "diverted", "lost", "service_level",
    "service_level_strict", "callbacks_unmet",
)  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld({"8001": Phone(talk_ms=300)})
    await world.start(tmp_path)
    yield world
    await world.stop()


async def ended(router: Router, answered: int, abandoned: int) -> None:
    def have(events: list[dict[str, Any]]) -> bool:
        words = [word(event) for event in events]
        found = words.count("callCleared answered"), words.count("callCleared abandoned")
        return found == (answered, abandoned)

    await router.until(have)


async def counted(router: Router) -> dict[str, Any]:
    """The figures, when the whole day is in them."""
    said: dict[str, Any] = {}

    async def is_whole() -> bool:
        nonlocal said
        said = await router.get("/v1/queues")
        return said["counting_to_us"] == 0

    await eventually(is_whole)
    assert said["events_missing"] == 0
    (row,) = said["queues"]
    return {name: row[name] for name in COUNTED} | {"since_us": said["counting_since_us"]}


async def test_a_router_that_is_killed_in_the_middle_of_the_day_loses_no_figure(
    world: SimulatedWorld,
):
    router = world.router
    await router.start()
    await router.ready("8001")
    await world.call(Call(stay_ms=30_000, count=2))
    await ended(router, 2, 0)
    await router.not_ready("8001")
    await world.call(Call(stay_ms=200))
    await ended(router, 2, 1)
    before = await counted(router)
    assert (before["offered"], before["answered"], before["abandoned"]) == (3, 2, 1)
    for abandoned in (2, 3):
        router.kill()
        await router.start()
        assert await counted(router) == before
        await world.call(Call(stay_ms=200))
        await ended(router, 2, abandoned)
        after = await counted(router)
        assert (after["offered"], after["abandoned"]) == (abandoned + 2, abandoned)
        assert after["since_us"] == before["since_us"]
        before = after


async def test_a_caller_who_waits_while_the_router_is_killed_is_counted_once(
    world: SimulatedWorld,
):
    router = world.router
    await router.start()
    await world.call(Call(stay_ms=30_000))
    await router.until(lambda events: any(word(event).startswith("queued") for event in events))
    router.kill()
    await router.start()
    await router.ready("8001")
    await ended(router, 1, 0)
    after = await counted(router)
    assert (after["offered"], after["answered"], after["abandoned"]) == (1, 1, 0)
