"""Starting, stopping, and what runs beside the calls."""

import asyncio
import socket

import pytest

from cti.journal.keeper import Keeper
from cti.supervision import Background, Stages, notify, watchdog
from tests.eventually import eventually, time_passes
from tests.worlds.journal.life import OPENING, Life, arrival


async def test_stages_stop_in_the_opposite_order_whatever_they_do(caplog):
    stages, order = Stages(), []

    async def hang():
        order.append("hangs")
        await asyncio.Event().wait()

    async def fail():
        order.append("fails")
        raise RuntimeError("broken")

    stages.at_stop_call("first", lambda: order.append("first"))
    stages.at_stop("second", fail, 1)
    stages.at_stop("third", hang, 0.01)
    stages.at_stop_call("last", lambda: order.append("last"))
    await stages.stop()
    assert order == ["last", "hangs", "fails", "first"]
    assert "given up after its limit" in caplog.text
    await stages.stop()
    assert len(order) == 4


async def test_a_stage_that_does_not_start_is_named(caplog):
    with pytest.raises(OSError, match="taken"):
        async with Stages().starting("questions"):
            raise OSError("the port is taken")
    assert "start: questions failed: the port is taken" in caplog.text


async def test_background_work_that_raises_is_started_again(monkeypatch):
    monkeypatch.setattr("cti.supervision.RETRY_MIN_S", 0.001)
    background, runs = Background(), []

    async def work():
        runs.append(1)
        if len(runs) < 3:
            raise RuntimeError("not yet")

    background.keep("work", work, may_end=True)
    await eventually(lambda: len(runs) == 3)
    assert background.counters.failures == 2
    assert background.ailing() == ["work"]
    monkeypatch.setattr("cti.supervision.AILING_S", 0)
    assert background.ailing() == []
    await background.stop()


async def test_background_work_that_ends_though_it_should_not_is_started_again(monkeypatch, caplog):
    monkeypatch.setattr("cti.supervision.RETRY_MIN_S", 0.001)
    background, runs = Background(), []

    async def work():
        runs.append(1)

    background.keep("work", work)
    await eventually(lambda: len(runs) == 3)
    assert background.ailing() == ["work"]
    assert "work has ended by itself" in caplog.text
    await background.stop()


async def test_background_work_that_is_cancelled_from_within_does_not_die_in_silence():
    background = Background()

    async def work():
        raise asyncio.CancelledError

    background.keep("work", work)
    await eventually(lambda: background.ailing() == ["work"])
    await background.stop()


async def test_work_that_fails_once_in_a_long_while_is_not_kept_waiting_ever_longer(monkeypatch):
    monkeypatch.setattr("cti.supervision.RETRY_MIN_S", 0.001)
    monkeypatch.setattr("cti.supervision.RETRY_MAX_S", 0.01)
    background, pauses, ended_s = Background(), [], []

    async def work():
        now_s = asyncio.get_running_loop().time()
        pauses.extend(now_s - before_s for before_s in ended_s[-1:])
        await time_passes(0.02)  # longer than the longest pause: it has been well
        ended_s.append(asyncio.get_running_loop().time())
        raise RuntimeError("once in a while")

    background.keep("work", work)
    await eventually(lambda: len(pauses) >= 8)
    await background.stop()
    assert min(pauses[4:]) < 0.01, "doubled each time it would be the longest by now"


async def test_systemd_hears_what_it_wants_to_hear(tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "2000")
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
        task = asyncio.create_task(watchdog())
        heard = []

        def hear():
            try:
                heard.append(systemd.recv(100))
            except BlockingIOError:
                return False
            return len(heard) >= 3

        await eventually(hear)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert set(heard) == {b"WATCHDOG=1"}
    notify("STOPPING=1")  # nobody there: nothing happens
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")
    monkeypatch.setenv("WATCHDOG_USEC", "soon")
    await watchdog()


def keeper_of(life: Life, **settings: float) -> Keeper:
    return Keeper(
        life.engine,
        life.journal,
        life.snapshots,
        epoch=life.epoch,
        sync_s=settings.get("sync_s", 0.001),
        snapshot_every=int(settings.get("snapshot_every", 3)),
    )


async def test_snapshots_come_after_so_many_commands_and_free_old_segments(tmp_path):
    life = Life(tmp_path)
    life.start()
    keeper = keeper_of(life)
    for number in range(5):
        life.run(*(OPENING if number == 0 else ()), arrival(number))
        await keeper.snapshot()
    assert len(life.segments()) <= 4
    assert life.start().replayed == 0
    life.journal.close()


async def test_a_disk_that_stays_full_keeps_the_journal_degraded(tmp_path, monkeypatch):
    life = Life(tmp_path)
    life.start()
    life.run(*OPENING)
    keeper = keeper_of(life)
    life.journal.give_up("the disk is full")
    await keeper.snapshot()  # of a state whose journal has a hole: not now
    assert list((tmp_path / "snapshots").glob("*")) == [] or not (tmp_path / "snapshots").exists()

    def full(_self, _snapshot):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cti.journal.snapshots.SnapshotStore.write", full)
    assert not await keeper.heal()
    assert life.journal.degraded
    monkeypatch.setattr("cti.journal.file.os.write", full)
    assert not await keeper.heal()
    monkeypatch.undo()
    assert await keeper.heal()
    assert not life.journal.degraded
    life.run(arrival(1))
    assert life.start().missing == 0
    assert life.engine.seq == 5
    life.journal.close()


async def test_flushing_goes_on_beside_everything(tmp_path):
    life = Life(tmp_path)
    life.start()
    keeper = keeper_of(life)
    background = Background()
    background.keep("journal", keeper.flush_forever)
    background.keep("snapshots", keeper.snapshot_forever)
    life.run(*OPENING)
    await eventually(lambda: life.journal.counters.flushes >= 1)
    await eventually(lambda: list((tmp_path / "snapshots").glob("*.snapshot")), 5)
    await background.stop()
    life.journal.close()
