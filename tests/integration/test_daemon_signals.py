"""What each signal does to a running daemon, and the line that it leaves."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.worlds.cards.router import Router, word
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.words import Call, Phone

pytestmark = pytest.mark.room("cti")

A = {"8001": Phone(talk_ms=400)}
MORE = '[[queues]]\nid = "cards"\n'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld(A)
    await world.start(tmp_path)
    await world.router.start()
    yield world
    await world.stop()


def said(router: Router) -> str:
    return router.log.read_text(encoding="utf-8")


def send(router: Router, number: signal.Signals) -> None:
    assert router.process is not None
    router.process.send_signal(number)


async def until_said(router: Router, text: str) -> None:
    await eventually(lambda: text in said(router), 10)


async def test_hangup_puts_the_file_in_force_and_nobody_loses_a_call(world: SimulatedWorld):
    router = world.router
    await world.call(Call(stay_ms=60_000))
    await router.until(lambda events: any(word(event) == "queued arrived" for event in events))
    config = router.folder / "cti.toml"
    config.write_text(config.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    send(router, signal.SIGHUP)
    await until_said(router, "SIGHUP: reading the configuration again")
    await until_said(router, "SIGHUP: configuration 2 is in force: queue cards added")
    queues = await router.get("/v1/queues")
    assert [row["queue_id"] for row in queues["queues"]] == ["loans", "cards"]
    await router.ready("8001")
    await router.until(
        lambda events: any(word(event) == "callCleared answered" for event in events), 20
    )
    send(router, signal.SIGHUP)
    await until_said(router, "says what is in force already")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("nod = 1\n", "nod: unknown key; did you mean node?"),
        ('[[queues]]\nid = "loans"\n', "is not applied"),
    ],
)
async def test_a_file_that_is_wrong_changes_nothing_and_is_said(
    world: SimulatedWorld, more: str, line: str
):
    router = world.router
    config = router.folder / "cti.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(more + text if more.startswith("nod") else text + more, encoding="utf-8")
    send(router, signal.SIGHUP)
    await until_said(router, line)
    assert (await router.get("/v1/config"))["version"] == 1


async def test_what_needs_a_restart_is_said(world: SimulatedWorld):
    router = world.router
    config = router.folder / "cti.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("slice_s = 5", "slice_s = 7"), encoding="utf-8")
    send(router, signal.SIGHUP)
    await until_said(router, "SIGHUP: needs a restart: slice_s")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
async def test_a_signal_without_a_meaning_is_said_and_ends_nothing(
    world: SimulatedWorld, number: signal.Signals
):
    send(world.router, number)
    await until_said(world.router, f"{number.name} has no meaning here; next: SIGHUP reads")
    await world.router.get("/v1/status")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_a_signal_that_stops_says_so_and_stops_cleanly(
    world: SimulatedWorld, number: signal.Signals
):
    process = world.router.process
    assert process is not None
    send(world.router, number)
    await eventually(lambda: process.poll() is not None, 5)
    assert process.returncode == 0
    assert f"{number.name}: stopping" in said(world.router)
    assert list((world.router.folder / "data" / "snapshots").glob("*.snapshot"))


async def test_a_log_that_nobody_reads_any_more_costs_no_call(world: SimulatedWorld):
    """The journal restarted, or `cti serve | rotatelogs` with a dead reader: SIGPIPE, EPIPE."""
    router = world.router
    await router.stop()
    command = (sys.executable, "-m", "cti", "serve", "--config", str(router.folder / "cti.toml"))
    router.process = subprocess.Popen(  # noqa: ASYNC220  # it is there at once
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    await router.until_routing()
    assert router.process.stderr is not None
    router.process.stderr.close()
    send(router, signal.SIGUSR1)  # makes it write
    await router.ready("8001")
    await world.call(Call(stay_ms=60_000))
    await eventually(lambda: world.served == 1, 20)
    assert (await router.stop())[0] == 0


async def test_a_terminal_that_is_closed_ends_it_cleanly(world: SimulatedWorld):
    router = world.router
    await router.stop()
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", "cti", "serve", "--config", str(router.folder / "cti.toml"))
    process = router.process = subprocess.Popen(  # noqa: ASYNC220
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    await router.until_routing()
    os.read(ours, 65536)
    process.send_signal(signal.SIGHUP)
    began = time.monotonic()
    seen = b""
    while b"the terminal is gone: stopping" not in seen and time.monotonic() - began < 10:
        seen += os.read(ours, 65536)
    os.close(ours)
    await eventually(lambda: process.poll() is not None, 5)
    assert process.returncode == 0
