"""T-140: the router is killed with -9 under 20 waiting and 10 talking calls, again and again.

Nobody may be lost, nobody overtaken, nobody rung twice; how long routing rests is printed. Agents
hang up after 1.5 to 3.3 s, so that some become free while the router is dead and their phones must
be found idle by the next one. (No sooner: a conversation that begins *and* ends while nobody
listens leaves no trace in Asterisk, and is counted as abandoned.)
"""

import random
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import time_passes
from tests.lanes import lane
from tests.worlds.cards.play import all_answered, in_order, one_at_a_time
from tests.worlds.cards.router import stories, word
from tests.worlds.cards.words import Call, Phone
from tests.worlds.cards.world import World, until_channels

pytestmark = [
    pytest.mark.cards,
    pytest.mark.alone,
    pytest.mark.room("gateway", "journal", "simulators", "asterisk-config"),
]

TALKING, WAITING = 10, 20
ROUNDS = lane(2, whole=20)
LIMIT_S = 5.0
SEED = 20261121

AGENTS = {str(8001 + n): Phone(after_ms=100, talk_ms=1500 + 200 * n) for n in range(TALKING)}


async def one_round(world: World, delay_s: float) -> float:
    """Kill under load; seconds from the kill to the first phone that rings again."""
    router = world.router
    before = len(await router.events())
    await world.call(Call(stay_ms=120_000, count=TALKING + WAITING))
    await router.until(lambda events: said(events[before:], "queued arrived") == TALKING + WAITING)
    await time_passes(delay_s)  # the moment of the kill is what this test varies
    killed_at = time.time()
    router.kill()
    await router.start(wait=False)
    events = await router.until(
        lambda events: said(events[before:], "callCleared answered") == TALKING + WAITING, 110
    )
    check_round(events[before:])
    await until_channels(world, 0)
    rung = [at(event) for event in events[before:] if event["type"] == "cti.delivered"]
    return min(moment for moment in rung if moment > killed_at) - killed_at


def said(events: list[dict[str, Any]], wanted: str) -> int:
    return sum(word(event) == wanted for event in events)


def check_round(events: list[dict[str, Any]]) -> None:
    assert len(stories(events)) == TALKING + WAITING
    all_answered(events)
    in_order(events)
    one_at_a_time(events)
    numbers = [int(event["seq"]) for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    established = [e["data"]["call_id"] for e in events if e["type"] == "cti.established"]
    assert len(established) == len(set(established)) == TALKING + WAITING


def at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


async def kill_again_and_again(world: World, capsys: Any) -> None:
    draw = random.Random(SEED)
    await world.router.start()
    await world.router.ready(*AGENTS)
    rests = [await one_round(world, draw.uniform(0.0, 1.5)) for _ in range(ROUNDS)]
    breaches = await world.router.get("/v1/invariants")
    assert not any(breaches["breaches"].values()), breaches
    figures = ", ".join(f"{rest:.2f}" for rest in rests)
    with capsys.disabled():
        print(  # noqa: T201  # the figure that this card is about
            f"\nT-140 {world.name}: {ROUNDS} x kill -9 under {WAITING} waiting and {TALKING} "
            f"talking; calls lost 0, order kept, double offers 0; "
            f"seconds until a phone rings again: {figures}"
        )
    assert max(rests) <= LIMIT_S


@pytest.mark.timeout(lane(120, whole=600))
async def test_killed_router_on_the_simulated_asterisk(tmp_path: Path, capsys: Any):
    from tests.worlds.cards.simulated import SimulatedWorld

    world = SimulatedWorld(AGENTS)
    await world.start(tmp_path)
    try:
        await kill_again_and_again(world, capsys)
    finally:
        await world.stop()


@pytest.mark.real
@pytest.mark.timeout(lane(120, whole=600))
async def test_killed_router_on_a_real_asterisk(tmp_path: Path, lab: None, capsys: Any):
    from tests.worlds.cards.real import RealWorld

    world = RealWorld(AGENTS)
    await world.start(tmp_path)
    try:
        await kill_again_and_again(world, capsys)
    finally:
        await world.stop()
