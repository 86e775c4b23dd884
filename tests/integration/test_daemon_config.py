"""The configuration of a running daemon: changed while callers wait, and after a `kill -9`."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.worlds.cards.router import Router, stories, word
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.words import Call, Phone

pytestmark = pytest.mark.room("cti", "config")

MODE = '\n[[modes]]\nname = "storm"\n[[modes.queues]]\nid = "loans"\nring_timeout_s = 2\n'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld({"8001": Phone(talk_ms=300)})
    await world.start(tmp_path)
    yield world
    await world.stop()


def cti(router: Router, *words: str) -> str:
    """What the command prints; it must succeed."""
    command = [sys.executable, "-m", "cti", *words, "--socket", str(router.socket), "--lang", "en"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CTI_")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def night(router: Router) -> str:
    """Another file, in which everybody may be given calls of the queue and a mode is known."""
    text = (router.folder / "cti.toml").read_text(encoding="utf-8")
    text = text.replace('id = "loans"', 'id = "loans"\npriority = 7')
    file = router.folder / "night.toml"
    file.touch(mode=0o600)
    file.write_text(text + MODE, encoding="utf-8")
    return str(file)


async def test_what_was_applied_survives_a_kill_and_so_does_a_rollback(world: SimulatedWorld):
    router = world.router
    await router.start()
    staged = cti(router, "config", "stage", night(router))
    assert "queues.loans.priority: 0 → 7" in staged
    cti(router, *staged.splitlines()[-1].split()[2:])
    cti(router, "mode", "storm", "on")
    router.kill()
    await router.start()
    assert (await router.get("/v1/config"))["version"] == 2
    assert (await router.get("/v1/status"))["modes"] == {"storm": True}
    assert "priority = 7" in cti(router, "config", "show")
    cti(router, "config", "rollback")
    router.kill()
    await router.start()
    assert (await router.get("/v1/config"))["version"] == 1
    assert "priority" not in cti(router, "config", "show")


async def test_who_waits_keeps_his_place_through_every_change(world: SimulatedWorld):
    router = world.router
    await router.start()
    await world.call(Call(stay_ms=60_000, count=3))
    await router.until(lambda events: len(stories(events)) == 3)
    order = list(stories(await router.events()))
    cti(router, "config", "apply", night(router))
    cti(router, "mode", "storm", "on")
    cti(router, "config", "rollback")
    assert [row["call_id"] for row in (await router.get("/v1/calls"))["calls"]] == order
    await router.ready("8001")
    events = await router.until(
        lambda events: sum(word(event) == "callCleared answered" for event in events) == 3, 30
    )
    answered = [e["contactid"] for e in events if e["type"] == "cti.established"]
    assert answered == order
    told = cti(router, "explain", order[0])
    assert "configuration 1" in told
    assert told.splitlines()[-1].endswith("over: answered")


async def test_a_closed_queue_takes_nobody_and_says_so_after_a_kill(world: SimulatedWorld):
    router = world.router
    await router.start()
    cti(router, "queue", "loans", "close")
    router.kill()
    await router.start()
    assert not (await router.get("/v1/queues"))["queues"][0]["accepting"]
    await world.call(Call(stay_ms=60_000))
    await router.until(lambda events: any(word(e) == "diverted calendarOverflow" for e in events))
