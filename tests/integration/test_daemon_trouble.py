"""What breaks inside the daemon: a crash of the core, a full disk. In this process, to break it."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.app import CRASHED, UNUSABLE, Daemon, serve
from cti.config import Settings
from cti.config.load import load
from cti.journal.segments import SUFFIX
from cti.parts import make_health
from cti.record.envelope import Envelope
from routing.commands import CallArrived, LogOnAgent, RequestedState, SetAgentState
from routing.engine import RoutingEngine
from routing.events import DeviceChanged
from routing.ids import AgentId
from routing.snapshot import state_hash
from simulators.pbx.phones import Caller
from tests.eventually import eventually
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.words import Call, Phone

pytestmark = pytest.mark.room("cti", "journal")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld({"8001": Phone(talk_ms=300)})
    await world.start(tmp_path)
    yield world
    await world.stop()


def settings_of(world: SimulatedWorld) -> Settings:
    return load(world.router.folder / "cti.toml", {})


class Running:
    """A daemon in this loop."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.daemon = Daemon(settings_of(world))

    async def __aenter__(self) -> Daemon:
        await self.daemon.start()
        return self.daemon

    async def __aexit__(self, *_: object) -> None:
        await self.daemon.stop()


def ready(daemon: Daemon) -> None:
    daemon.parts.dispatcher.submit(LogOnAgent(AgentId("8001")))
    daemon.parts.dispatcher.submit(SetAgentState(AgentId("8001"), RequestedState.READY))


class PoisonError(RuntimeError):
    pass


async def test_a_call_that_crashes_the_core_does_so_once(
    world: SimulatedWorld, monkeypatch: pytest.MonkeyPatch
):
    """It waits in Asterisk still, so the next router meets it again, and leaves it to failsafe."""
    handle = RoutingEngine.handle

    def crash(self, stamped):
        if isinstance(stamped.command, CallArrived) and stamped.command.priority == 666:
            raise PoisonError("a call that nobody thought of")
        return handle(self, stamped)

    monkeypatch.setattr(RoutingEngine, "handle", crash)
    serving = asyncio.create_task(serve(settings_of(world)))
    await eventually(lambda: "CTI_EPOCH" in world.pbx.world.globals)
    await world.call(Call(stay_ms=60_000))
    await eventually(lambda: world._agi.asked_count >= 1)
    world.pbx.world.call(Caller("666", "loans", priority="666"))
    assert await asyncio.wait_for(serving, 5) == CRASHED
    async with Running(world) as daemon:
        abandoned = (world.router.folder / "data" / "abandoned.jsonl").read_text()
        assert "a call that nobody thought of" in abandoned
        await eventually(lambda: daemon.parts.dispatcher.counters.held > 0, 10)
        ready(daemon)
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 2, 10)
        assert not daemon.ending.is_set()


async def test_a_damaged_journal_refuses_to_start_and_says_what_to_do(
    world: SimulatedWorld, caplog: pytest.LogCaptureFixture
):
    async with Running(world) as daemon:
        ready(daemon)
    data = world.router.folder / "data"
    for snapshot in (data / "snapshots").iterdir():
        snapshot.unlink()
    first = min((data / "journal").glob(f"*{SUFFIX}"))
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert await serve(settings_of(world)) == UNUSABLE
    assert "move it away and start with an empty one" in caplog.text


async def test_a_full_disk_does_not_stop_calls_and_history_is_whole_again_afterwards(
    world: SimulatedWorld, monkeypatch: pytest.MonkeyPatch
):
    write = os.write
    full = [False]

    def writes(file: int, data: bytes) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr("cti.journal.file.os.write", writes)
    async with Running(world) as daemon:
        ready(daemon)
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 1, 10)
        full[0] = True
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 2, 10)
        assert daemon.parts.journal.degraded
        assert daemon.parts.journal.counters.unjournalled > 0
        full[0] = False
        await eventually(lambda: not daemon.parts.journal.degraded, 10)
        await world.call(Call(stay_ms=60_000, count=2))
        await eventually(lambda: world.served == 4, 10)
        before = state_hash(daemon.parts.core.engine)
        daemon.parts.keeper.distrust()  # no snapshot at the end: what is on disk must do
        seq = daemon.parts.core.engine.seq
    async with Running(world) as daemon:
        kept = [line.stamped.seq for line in daemon.parts.journal.read(seq - 3)]
        assert kept[0] == seq - 2
        assert daemon.parts.core.epoch == 2
    assert before


async def test_a_broken_rule_is_counted_and_the_daemon_goes_on(world: SimulatedWorld):
    async with Running(world) as daemon:
        ready(daemon)
        daemon.parts.core.engine.devices.clear()
        daemon.parts.invariants.check()
        assert daemon.parts.metrics.breaches()["devices"] > 0
        daemon.parts.core.engine.devices["a8001"] = AgentId("8001")
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 1, 10)


async def test_a_start_that_fails_leaves_nothing_open(world: SimulatedWorld):
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    config = world.router.folder / "cti.toml"
    text = config.read_text()
    config.write_text(text.replace("[metrics]\nport = 0", f"[metrics]\nport = {port}"))
    with pytest.raises(OSError, match=r"address (already )?in use"):
        await serve(settings_of(world))
    taken.close()
    await taken.wait_closed()
    config.write_text(text)
    async with Running(world) as daemon:
        assert daemon.parts.core.epoch == 2


async def test_a_number_never_comes_twice_though_the_journal_was_lost(world: SimulatedWorld):
    """A power cut may cost the journal more than the event log."""
    async with Running(world) as daemon:
        ready(daemon)
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 1, 10)
        last = daemon.parts.disk.event_log.last_seq()
    data = world.router.folder / "data"
    for folder in ("journal", "snapshots"):
        (data / folder).rename(data / f"lost-{folder}")
    async with Running(world) as daemon:
        ready(daemon)
        assert daemon.parts.core.engine.event_seq > last
        daemon.parts.keeper.distrust()  # as after a kill: no snapshot at the end
        seen = daemon.parts.core.engine.event_seq
    async with Running(world) as daemon:
        assert daemon.parts.core.engine.event_seq >= seen
        events = await daemon.parts.disk.event_log.read_after(0, 100_000)
        assert [record.seq for record in events] == list(range(1, events[-1].seq + 1))


async def test_an_event_without_a_form_makes_health_red_and_nothing_else(world: SimulatedWorld):
    async with Running(world) as daemon:
        ready(daemon)
        bad = DeviceChanged(AgentId("8001"), object())  # type: ignore[arg-type]
        daemon.parts.core.engine.event_seq += 1  # as if the core had said it
        daemon.parts.disk.event_log.offer(
            Envelope(daemon.parts.core.epoch, daemon.parts.core.engine.event_seq, 1, bad)
        )
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served == 1, 10)
        await eventually(lambda: daemon.parts.disk.record_watch.counters.set_aside == 1)
        checks = {
            check.name: check.ok
            for check in make_health(daemon.parts, daemon.background, lambda: False).all()
        }
        assert (checks["record"], checks["event log"], checks["background"]) == (False, True, True)
        records = await daemon.parts.disk.event_log.read_after(0, 100_000)
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        assert [record.type for record in records].count("cti.eventSetAside") == 1
