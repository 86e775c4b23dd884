"""A question that proves itself for a channel that is not there, beside a caller who is."""

from pathlib import Path

import pytest

from tests.worlds.agi.crowd import ask, connect_now, proven
from tests.worlds.cards.router import stories
from tests.worlds.cards.table import ABANDONED, QUEUED, Call, Phone, talk
from tests.worlds.cards.world import World

A = "8001"
PHANTOM = "1795900000.7"
PHONES = {A: Phone(talk_ms=300)}


async def phantom_beside_a_caller(world: World) -> None:
    """The one is dropped, the other neither lost nor overtaken."""
    router = world.router
    await router.start()
    await world.call(Call(stay_ms=30_000))
    await router.until(stories)
    sock = connect_now(world.agi_port)
    try:
        request = proven(PHANTOM, "PJSIP/trunk-00009999", world.agi_secret)
        assert b"wait*" in await ask(sock, request)
    finally:
        sock.close()
    events = await router.until(lambda events: ABANDONED in str(stories(events)))
    assert stories(events)[f"a1-{PHANTOM}"] == [QUEUED, ABANDONED]
    await router.ready(A)
    events = await router.until(lambda events: "callCleared answered" in str(stories(events)))
    (caller,) = (story for call_id, story in stories(events).items() if PHANTOM not in call_id)
    assert caller == [QUEUED, *talk(A, "connectionCleared agent")]


async def test_on_the_simulated_asterisk(tmp_path: Path):
    from tests.worlds.cards.simulated import SimulatedWorld

    world = SimulatedWorld(PHONES)
    await world.start(tmp_path)
    try:
        await phantom_beside_a_caller(world)
    finally:
        await world.stop()


@pytest.mark.real
async def test_on_a_real_asterisk(tmp_path: Path, lab: None):
    from tests.worlds.cards.real import RealWorld

    world = RealWorld(PHONES)
    await world.start(tmp_path)
    try:
        await phantom_beside_a_caller(world)
    finally:
        await world.stop()
