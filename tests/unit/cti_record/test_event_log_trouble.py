"""The event log on a disk, in a file or with events that will not."""

import asyncio
import sqlite3
import threading

import msgspec
import pytest

from cti.record import event_store
from cti.record.event_log import EventLog, EventLogError, EventLogUnavailableError
from routing import events as e
from tests.eventually import eventually
from tests.worlds.record.history import NOON_US, History, encoder, made
from tests.worlds.record.log_file import full, nothings, opened, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


async def test_a_full_disk_costs_nothing_while_the_backlog_holds(path):
    history = History()
    async with opened(path) as log:
        await full(log, 30)
        for envelope in nothings(history, 2000):
            log.offer(envelope)
        await eventually(lambda: log.counters.failures > 1)
        counters = log.counters
        assert (counters.failing, counters.degraded) == (True, False)
        assert counters.written + counters.backlog == 2000
        assert [record.seq for record in await log.read_after(1990, 99)] == list(range(1991, 2001))
        await full(log, 1_000_000)
        await eventually(lambda: log.counters.written == 2000)
        assert not log.counters.failing
    assert rows(path) == list(range(1, 2001))


async def test_a_backlog_that_runs_over_is_said(path):
    history = History()
    async with opened(path, backlog=600) as log:
        await full(log, 1)
        for envelope in nothings(history, 1000):
            log.offer(envelope)
        counters = log.counters
        assert (counters.backlog, counters.lost, counters.degraded) == (600, 400, True)
        await full(log, 1_000_000)
        await eventually(lambda: log.counters.written == 600)
        for envelope in nothings(history, 5):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 605)
        assert log.counters.degraded, "the record of this run has a hole, whatever comes after"
        assert [record.seq for record in await log.read_after(598, 4)] == [599, 600, 1001, 1002]


async def test_a_restart_after_a_degraded_run_gets_the_hole_from_the_journal(path):
    life = nothings(History(), 1000)
    async with opened(path, backlog=600) as log:
        await full(log, 1)
        for envelope in life:
            log.offer(envelope)
        await full(log, 1_000_000)
        await eventually(lambda: log.counters.written == 600)
    async with opened(path) as log:
        assert not log.counters.degraded
        assert await log.append_missing(life[100:]) == 400
    assert rows(path) == list(range(1, 1001))


async def test_a_log_that_cannot_be_opened_keeps_trying(path):
    path.mkdir()  # SQLite: unable to open database file
    async with opened(path) as log:
        assert log.counters.failing
        for envelope in nothings(History(), 3):
            log.offer(envelope)
        assert await log.append_missing([]) == 0
        assert [record.seq for record in await log.read_after(0, 9)] == [1, 2, 3]
        assert await log.bookmark("bus", 4) == 4
        with pytest.raises(EventLogError):
            await log.prune(NOON_US, 2)
        path.rmdir()
        await eventually(lambda: log.counters.written == 3)
    assert rows(path) == [1, 2, 3]


async def test_strangers_files_are_left_alone(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE shopping (item)")
    db.commit()
    db.close()
    with pytest.raises(EventLogError, match="no event log"):
        async with opened(path):
            pass
    assert rows(path, "SELECT name FROM sqlite_master") == ["shopping"]


async def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"certainly not SQLite, but long enough to be looked at" * 40)
    with pytest.raises(EventLogError, match="not a database"):
        async with opened(path):
            pass


async def test_a_newer_version_is_refused_by_name(path):
    async with opened(path):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(EventLogError, match="has version 9, this program knows 2"):
        async with opened(path):
            pass


async def test_a_file_that_cannot_be_used_says_what_to_do(path):
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4080)
    with pytest.raises(EventLogError, match=r"Move it away with its -wal and -shm, and keep them"):
        async with opened(path):
            pass


async def test_a_damaged_page_costs_no_event_that_comes_after(path):
    """SQLite says so when it writes: events wait, health says it, nothing is thrown away."""
    async with opened(path) as log:
        for envelope in nothings(History(), 2000):
            log.offer(envelope)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 2 - 4096))
    async with opened(path) as log:
        for envelope in nothings(History(seq=2000), 600):
            log.offer(envelope)
        await eventually(lambda: log.counters.failing)
        assert log.counters.writing
        assert log.counters.backlog == 600


async def test_a_failed_start_leaves_no_thread_behind(path):

    path.write_bytes(b"no database, and long enough to be looked at by SQLite" * 40)
    before = set(threading.enumerate())  # some of which may be about to end
    log = EventLog(path, encoder().record)
    with pytest.raises(EventLogError):
        await log.start()
    await eventually(lambda: set(threading.enumerate()) <= before)
    await log.close()


async def test_a_disk_that_does_not_obey_is_an_error_to_who_asks(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 5):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 5)
        await log._store._db.execute("PRAGMA query_only = 1")
        with pytest.raises(EventLogUnavailableError, match="readonly"):
            await log.prune(NOON_US * 2, 5)
        await log._store.close()
        with pytest.raises(EventLogUnavailableError):
            await log.read_after(0, 9)


async def test_a_program_that_holds_the_file_is_waited_for(path, monkeypatch):
    monkeypatch.setattr(event_store, "_BUSY_TIMEOUT_S", 0.05)
    async with opened(path) as log:
        holder = sqlite3.connect(path)
        try:
            holder.execute("BEGIN IMMEDIATE")
            for envelope in nothings(History(), 10):
                log.offer(envelope)
            await eventually(lambda: log.counters.failing)
            holder.rollback()
            await eventually(lambda: log.counters.written == 10)
        finally:
            holder.close()


async def test_close_does_not_wait_longer_than_it_may_for_a_write(path, monkeypatch):
    monkeypatch.setattr(event_store, "_BUSY_TIMEOUT_S", 0.5)
    log = EventLog(path, encoder().record)
    await log.start()
    holder = sqlite3.connect(path)
    try:
        holder.execute("BEGIN IMMEDIATE")
        log.offer(History().say(made(e.ConfigApplied)))
        await log.close(0.05)
        assert log.counters.backlog == 1
    finally:
        holder.close()


async def test_close_on_a_full_disk_ends(path):
    log = EventLog(path, encoder().record)
    await log.start()
    await full(log, 1)
    for envelope in nothings(History(), 2000):
        log.offer(envelope)
    await eventually(lambda: log.counters.failing)
    await asyncio.wait_for(log.close(), 5)


async def test_an_event_without_a_form_is_set_aside_and_the_log_goes_on(path):
    history = History()
    bad = made(e.DeviceChanged, agent_id="8001", reachable=object())
    async with opened(path) as log:
        for envelope in [*nothings(history, 5), history.say(bad), *nothings(history, 900)]:
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 906)
        assert log.counters.writing
        assert not log.counters.failing
        assert (await log.read_after(5, 1))[0].type == "cti.eventSetAside"
    assert rows(path) == list(range(1, 907))


class Choosy:
    """Encodes, but for one number, of which it makes something that SQLite cannot hold."""

    def __init__(self, bad_seq, **wrong):
        self.bad_seq = bad_seq
        self.wrong = wrong
        self.encode = encoder().record

    def __call__(self, envelope):
        record = self.encode(envelope)
        if envelope.seq == self.bad_seq:
            return msgspec.structs.replace(record, **self.wrong)
        return record


@pytest.mark.parametrize(
    "wrong", [{"epoch": 2**64}, {"topic": None}, {"call_id": object()}, {"agent_id": "\ud800"}]
)
@pytest.mark.parametrize("bad_seq", [1, 77, 500])
async def test_an_event_that_sqlite_refuses_is_left_out_and_said(path, wrong, bad_seq, caplog):
    log = EventLog(path, Choosy(bad_seq, **wrong))
    await log.start()
    for envelope in nothings(History(), 700):
        log.offer(envelope)
    await eventually(lambda: log.counters.backlog == 0)
    counters = log.counters
    assert (counters.written, counters.refused, counters.degraded) == (699, 1, True)
    assert log.reached == bad_seq - 1
    assert f"SQLite refuses 1 events, the first is {bad_seq}" in caplog.text
    await log.close()
    assert rows(path) == [seq for seq in range(1, 701) if seq != bad_seq]


async def test_whatever_an_encoder_raises_the_writing_goes_on(path):
    trouble = [KeyError("a defect")]

    def encode(envelope):
        if trouble:
            raise trouble[0]
        return encoder().record(envelope)

    log = EventLog(path, encode)
    await log.start()
    log.offer(History().say(made(e.ConfigApplied)))
    await eventually(lambda: log.counters.failing)
    assert log.counters.writing
    trouble.clear()
    await eventually(lambda: log.counters.written == 1)
    assert not log.counters.failing
    await log.close()
    assert not log.counters.writing


async def test_how_long_the_oldest_event_waits_is_told(path):
    async with opened(path) as log:
        assert log.counters.waiting_us == 0
        holder = sqlite3.connect(path)
        try:
            holder.execute("BEGIN IMMEDIATE")
            log.offer(History().say(made(e.ConfigApplied)))
            await eventually(lambda: log.counters.waiting_us > 300_000)
            holder.rollback()
            await eventually(lambda: log.counters.waiting_us == 0)
        finally:
            holder.close()
