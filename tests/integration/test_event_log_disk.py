"""The event log on a disk that is really full, and after a program that was really killed.

The full disk is a tmpfs of 1 MB where we may mount one (root, in most containers that have
CAP_SYS_ADMIN). Where we may not, the unit tests still make SQLite itself say "disk is full".
"""

import asyncio
import sqlite3
import subprocess
import sys

import pytest

from cti.record.event_log import EventLog
from routing import events as e
from tests.eventually import eventually
from tests.worlds.record import event_log_writer
from tests.worlds.record.history import History, encoder, made

pytestmark = pytest.mark.room("record")


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def nothings(history, count):
    return history.say_all([made(e.ConfigApplied)] * count)


async def test_a_full_disk_holds_nobody_up_and_all_is_there_afterwards(small_disk):
    ballast = small_disk / "ballast"
    log = EventLog(small_disk / "events.db", encoder().record)
    history = History()
    try:
        await log.start()
        for envelope in nothings(history, 100):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 100)
        fill(ballast)
        for envelope in nothings(history, 3000):
            log.offer(envelope)
        await eventually(lambda: log.counters.failures > 1)
        assert not log.counters.degraded
        assert [r.seq for r in await log.read_after(3095, 9)] == list(range(3096, 3101))
        ballast.unlink()
        grow(small_disk)
        await eventually(lambda: log.counters.written == 3100, 10)
        assert not log.counters.failing
        assert (await log.read_after(0, 1))[0].seq == 1
    finally:
        await log.close()


async def test_a_router_starts_on_a_full_disk_and_catches_up(small_disk):
    ballast = small_disk / "ballast"
    fill(ballast)
    log = EventLog(small_disk / "events.db", encoder().record)
    try:
        await log.start()
        assert log.counters.failing
        for envelope in nothings(History(), 10):
            log.offer(envelope)
        ballast.unlink()
        await eventually(lambda: log.counters.written == 10)
    finally:
        await log.close()


async def test_a_kill_costs_what_was_not_flushed_and_the_tail_makes_it_good(tmp_path):
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", event_log_writer.__name__, str(tmp_path / "events.db"),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        while int(await writer.stdout.readline()) < 2000:
            pass
    finally:
        writer.kill()
        await writer.communicate()
    log = EventLog(tmp_path / "events.db", encoder().record)
    try:
        await log.start()
        kept = log.last_seq()
        assert kept >= 1900
        tail = nothings(History(), kept + 50)[kept - 500 :]
        assert await log.append_missing(tail) == 50
        assert await log.append_missing(tail) == 0
    finally:
        await log.close()
    db = sqlite3.connect(tmp_path / "events.db")
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*), max(seq) FROM events").fetchone() == (kept + 50,) * 2
    finally:
        db.close()


def fill(path):
    """Take all room that is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass


def grow(folder):
    subprocess.run(["mount", "-o", "remount,size=20m", folder], check=True)
