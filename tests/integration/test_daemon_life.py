"""The daemon as operators live with it: start, stop, a second one, another configuration."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulators.pbx import phones
from tests.eventually import eventually, time_passes
from tests.lab.ports import free_port
from tests.worlds.cards.router import Router, stories, word
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.words import Call, Phone

pytestmark = pytest.mark.room("cti", "journal", "gateway")

A = {"8001": Phone(talk_ms=400)}

# Its own limits add up to 3 s (`cti.app`); what is left over is for a busy machine.
STOPS_WITHIN_S = 10


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld(A)
    await world.start(tmp_path)
    yield world
    await world.stop()


def log_of(router: Router) -> str:
    return router.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_clean_stop_is_quick_and_leaves_nothing_to_replay(
    world: SimulatedWorld, number: signal.Signals
):
    router = world.router
    await router.start()
    await router.ready("8001")
    await world.call(Call(stay_ms=30_000, count=3))
    await router.until(lambda events: any(word(event) == "established 8001" for event in events))
    assert router.process is not None
    began = time.monotonic()
    router.process.send_signal(number)
    process = router.process
    await eventually(lambda: process.poll() is not None, 5)
    assert process.returncode == 0, router.last_words()
    assert time.monotonic() - began < STOPS_WITHIN_S
    assert list((router.folder / "data" / "snapshots").glob("*.snapshot"))
    await router.start()
    events = await router.until(
        lambda events: sum(word(event) == "callCleared answered" for event in events) == 3
    )
    assert {event["epoch"] for event in events} == {1, 2}
    assert ", 0 commands replayed" in log_of(router)
    assert [int(event["seq"]) for event in events] == list(range(1, len(events) + 1))


async def test_a_second_daemon_on_the_same_directory_is_refused(world: SimulatedWorld):
    router = world.router
    await router.start()
    second = await asyncio.create_subprocess_exec(
        "python", "-m", "cti", "serve", "--config", str(router.folder / "cti.toml"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    _, said = await second.communicate()
    assert second.returncode != 0
    assert router.process is not None
    assert f"is in use by process {router.process.pid}" in said.decode()
    await router.until_routing()


async def test_an_asterisk_that_is_not_there_does_not_keep_the_daemon_from_starting(
    world: SimulatedWorld,
):
    world.wire.cut()
    router = world.router
    await router.start(wait=False)

    async def health_of() -> dict[str, Any]:
        try:
            return await router.get("/v1/health")
        except (aiohttp.ClientError, OSError):
            return {}

    health = await eventually(health_of)
    failing = {check["name"] for check in health["checks"] if not check["ok"]}
    assert failing == {"asterisk a1"}
    world.wire.mend()
    await router.until_routing(8)


async def test_a_changed_configuration_is_in_force_after_a_restart(world: SimulatedWorld):
    router = world.router
    await router.start()
    await router.stop()
    config = router.folder / "cti.toml"
    text = config.read_text(encoding="utf-8")
    world.pbx.world.add_phones([phones.Phone("a8099")])
    config.write_text(text + '[[agents]]\nid = "8099"\ndevice = "a8099"\n', encoding="utf-8")
    await router.start()
    await router.ready("8099")
    events = await router.events()
    changes = [event["data"] for event in events if event["type"] == "cti.configApplied"]
    assert [change["version"] for change in changes] == [1, 2]
    await router.stop()
    await router.start()
    again = [event for event in await router.events() if event["type"] == "cti.configApplied"]
    assert len(again) == 2


async def test_who_waits_is_served_after_the_router_lost_its_directory(world: SimulatedWorld):
    router = world.router
    await router.start()
    await world.call(Call(stay_ms=60_000, count=3))
    await router.until(lambda events: len(stories(events)) == 3)
    order = list(stories(await router.events()))
    router.kill()
    (router.folder / "data").rename(router.folder / "lost")
    await router.start()
    await router.ready("8001")
    events = await router.until(
        lambda events: sum(word(event) == "callCleared answered" for event in events) == 3, 30
    )
    served = [event for event in events if word(event) == "delivered 8001"]
    assert list(stories(served)) == order


async def test_a_stopped_process_that_goes_on_has_lost_nobody(world: SimulatedWorld):
    router = world.router
    await router.start()
    await router.ready("8001")
    await world.call(Call(stay_ms=60_000, count=4))
    assert router.process is not None
    os.kill(router.process.pid, signal.SIGSTOP)
    await time_passes(3)  # longer than pings, shorter than the callers' patience
    os.kill(router.process.pid, signal.SIGCONT)
    events = await router.until(
        lambda events: sum(word(event) == "callCleared answered" for event in events) == 4, 30
    )
    outcomes = [word(event) for event in events if word(event).startswith("failed")]
    assert "failed undelivered" not in outcomes


async def test_a_link_that_is_silent_is_given_up_and_made_up_for(world: SimulatedWorld):
    router = world.router
    await router.start()
    await router.ready("8001")
    await world.call(Call(stay_ms=60_000, count=2))
    world._ami.freeze()
    lost = await router.until(lambda events: state_of(events) == "lost", 8)
    assert lost
    world._ami.thaw()
    await router.until(
        lambda events: sum(word(event) == "callCleared answered" for event in events) == 2, 30
    )


def state_of(events: list[dict]) -> str:
    states = [e["data"]["state"] for e in events if e["type"] == "cti.systemStatus"]
    return states[-1] if states else ""


async def test_nothing_that_it_writes_can_be_read_by_others(world: SimulatedWorld):
    """Whatever the umask, the folder's mode before, and where the event log is."""
    router = world.router
    config = router.folder / "cti.toml"
    text = config.read_text(encoding="utf-8")
    log = router.folder / "elsewhere.db"
    log.touch()
    log.chmod(0o644)
    bus = f'[bus]\nport = {free_port(socket.SOCK_STREAM)}\n[event_log]\npath = "{log}"'
    config.write_text(text.replace("[bus]\nenabled = false", bus), encoding="utf-8")
    data = router.folder / "data"
    data.mkdir()
    data.chmod(0o755)
    await router.start()
    await router.ready("8001")
    await world.call(Call(stay_ms=60_000))
    await router.until(lambda events: any(word(event) == "established 8001" for event in events))
    await router.stop()
    written = [data, *data.rglob("*"), *router.folder.glob("elsewhere.db*")]
    assert [path for path in written if path.lstat().st_mode & 0o077] == []
    assert {"journal", "snapshots", "broker", "epoch"} <= {path.name for path in written}
    said = log_of(router)
    assert f"{data} was open to others (mode 0755): it is 0700 now" in said
    assert f"{log} was open to others (mode 0644): it is 0600 now" in said


async def test_a_data_folder_that_may_be_somebody_elses_is_refused(world: SimulatedWorld):
    router = world.router
    data = router.folder / "data"
    data.mkdir()
    (data / "letters").touch()
    data.chmod(0o755)
    await router.start(wait=False)
    process = router.process
    assert process is not None
    await eventually(lambda: process.poll() is not None, 10)
    assert process.returncode == 1
    assert f"next: chmod 700 {data}, or name a folder of its own" in log_of(router)
    assert data.stat().st_mode & 0o777 == 0o755


async def test_the_bus_does_not_hold_up_the_start(world: SimulatedWorld):
    """Enabled, and nobody there: calls are routed all the same, and health says so."""
    router = world.router
    config = router.folder / "cti.toml"
    text = config.read_text(encoding="utf-8")
    bus = "[bus]\nenabled = true\nembedded = false\nport = 1"
    config.write_text(text.replace("[bus]\nenabled = false", bus), encoding="utf-8")
    await router.start()
    health = await router.get("/v1/health")
    assert {check["name"] for check in health["checks"] if not check["ok"]} == {"bus"}
    assert json.dumps(health)
    _, stop_s = await router.stop()
    assert stop_s < STOPS_WITHIN_S
