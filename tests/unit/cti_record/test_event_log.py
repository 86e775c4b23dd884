import asyncio
import sqlite3
from contextlib import asynccontextmanager

import msgspec
import pytest

from cti.record import event_store
from cti.record.event_log import BATCH, EventLog, EventLogError, EventLogUnavailableError
from routing import events as e
from tests.eventually import eventually
from tests.worlds.record.history import NOON_US, History, call_life, encoder, made


@asynccontextmanager
async def opened(path, **given):
    log = EventLog(path, encoder().record, **given)
    try:
        await log.start()
        yield log
    finally:
        await log.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


def rows(path, sql="SELECT seq FROM events ORDER BY seq"):
    db = sqlite3.connect(path)
    try:
        return [row[0] if len(row) == 1 else row for row in db.execute(sql)]
    finally:
        db.close()


def nothings(history, count):
    return history.say_all([made(e.ConfigApplied)] * count)


def full(log, pages):
    """The disk is full from now on: SQLite may not use more than so many pages."""
    return log._store._db.execute(f"PRAGMA max_page_count = {pages}")


async def test_what_is_offered_is_written_and_can_be_read(path):
    life = History().say_all(call_life())
    async with opened(path) as log:
        for envelope in life:
            log.offer(envelope)
        await eventually(lambda: log.counters.written == len(life))
        records = await log.read_after(0, 100)
        assert records == [encoder().record(envelope) for envelope in life]
        assert log.last_seq() == len(life)


async def test_a_stopped_log_has_written_everything(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 1234):
            log.offer(envelope)
    assert rows(path) == list(range(1, 1235))


async def test_events_are_written_in_batches(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 4 * BATCH):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 4 * BATCH)
        assert log.counters.flushes == 4


async def test_what_is_not_written_yet_can_be_read(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 5):
            log.offer(envelope)
        assert log.counters.written == 0
        assert [record.seq for record in await log.read_after(2, 100)] == [3, 4, 5]
        assert [record.seq for record in await log.read_after(2, 2)] == [3, 4]
        assert await log.read_after(5, 100) == []


async def test_reading_while_writing_misses_nothing_and_repeats_nothing(path):
    history = History()
    async with opened(path) as log:
        seen = 0
        for _ in range(300):
            for envelope in nothings(history, 7):
                log.offer(envelope)
            for record in await log.read_after(seen, 20):
                assert record.seq == seen + 1
                seen += 1
        while batch := await log.read_after(seen, 500):
            assert [record.seq for record in batch] == list(range(seen + 1, seen + 1 + len(batch)))
            seen = batch[-1].seq
        assert seen == history.seq


async def test_a_contacts_life_can_be_read(path):
    history = History()
    lives = [history.say_all(call_life(f"a1-{n}.{n}")) for n in range(3)]
    async with opened(path) as log:
        for envelope in [*lives[0], *lives[1]]:
            log.offer(envelope)
        await eventually(lambda: log.counters.backlog == 0)
        for envelope in lives[2]:
            log.offer(envelope)
        for n in range(3):
            found = await log.by_call(f"a1-{n}.{n}")
            assert {record.call_id for record in found} == {f"a1-{n}.{n}"}
            assert len(found) == 11  # all but the agent's return to ready
        assert await log.by_call("a1-9.9") == []


async def test_reports_can_ask_sqlite_for_what_the_events_say(path):
    async with opened(path) as log:
        for envelope in History().say_all(call_life()):
            log.offer(envelope)
    sql = "SELECT json_extract(body, '$.data.talked_us') FROM events WHERE type = 'cti.callCleared'"
    assert rows(path, sql) == [30_000_000]
    assert rows(path, "SELECT count(*) FROM events WHERE agent_id = '8001'") == [10]


async def test_after_a_restart_it_goes_on(path):
    history = History()
    for start in range(3):
        async with opened(path) as log:
            assert log.last_seq() == start * 10
            for envelope in nothings(history, 10):
                log.offer(envelope)
    assert rows(path) == list(range(1, 31))


async def test_the_journals_tail_is_appended_once(path):
    life = nothings(History(), 1300)
    async with opened(path) as log:
        for envelope in life[:700]:
            log.offer(envelope)
    for expected in (600, 0):
        async with opened(path) as log:
            assert await log.append_missing(life[500:]) == expected
            assert log.last_seq() == 1300
    assert rows(path) == list(range(1, 1301))


async def test_a_hole_of_an_earlier_run_is_filled_by_the_tail(path):
    life = nothings(History(), 20)
    async with opened(path) as log:
        for envelope in [*life[:8], *life[12:]]:
            log.offer(envelope)
    async with opened(path) as log:
        assert await log.append_missing(life[4:]) == 4
        assert [record.seq for record in await log.read_after(6, 8)] == list(range(7, 15))


async def test_a_bookmark_outlives_the_program(path):
    async with opened(path) as log:
        assert await log.bookmark("bus", 77) == 77
        log.mark("bus", 5)
        log.mark("bus", 9)
        assert await log.bookmark("bus", 0) == 9
    async with opened(path) as log:
        assert await log.bookmark("bus", 0) == 9


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
    with pytest.raises(EventLogError, match="has version 9, this program knows 1"):
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
    import threading

    path.write_bytes(b"no database, and long enough to be looked at by SQLite" * 40)
    before = threading.active_count()
    log = EventLog(path, encoder().record)
    with pytest.raises(EventLogError):
        await log.start()
    await eventually(lambda: threading.active_count() == before)
    await log.close()


async def test_old_events_are_forgotten_but_none_that_a_reader_still_needs(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 3000):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 3000)
        assert await log.prune(NOON_US + 2500 * 1000, up_to_seq=2200) == 2200
        assert await log.prune(NOON_US + 2500 * 1000, up_to_seq=10_000) == 299
        assert [record.seq for record in await log.read_after(0, 1)] == [2500]
        assert log.last_seq() == 3000


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


async def test_another_program_may_read_meanwhile(path):
    async with opened(path) as log:
        reader = sqlite3.connect(path)
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            for envelope in nothings(History(), 10):
                log.offer(envelope)
            await eventually(lambda: log.counters.written == 10)
        finally:
            reader.close()


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


async def test_close_does_not_wait_for_a_better_batch(path):
    """The daemon gives it less time than a batch may wait (`cti.app.LIMIT_S`)."""
    log = EventLog(path, encoder().record)
    await log.start()
    log.offer(History().say(made(e.ConfigApplied)))
    await asyncio.sleep(0.05)  # the writing task waits for more by now
    await asyncio.wait_for(log.close(), 0.5)
    assert log.counters.written == 1


async def test_close_before_start_and_twice(path):
    log = EventLog(path, encoder().record)
    await log.close()
    await log.start()
    await log.close()
    await log.close()


async def test_close_on_a_full_disk_ends(path):
    log = EventLog(path, encoder().record)
    await log.start()
    await full(log, 1)
    for envelope in nothings(History(), 2000):
        log.offer(envelope)
    await eventually(lambda: log.counters.failing)
    await asyncio.wait_for(log.close(), 5)


async def test_a_number_that_is_taken_is_not_written_over_and_is_said(path):
    life = History().say_all(call_life())
    async with opened(path) as log:
        for envelope in life:
            log.offer(envelope)
        await eventually(lambda: log.counters.backlog == 0)
        log.offer(History(epoch=8).say(made(e.ConfigApplied)))
        await eventually(lambda: log.counters.backlog == 0)
        assert (log.counters.repeated, log.counters.misnumbered) == (1, 1)
        assert (await log.read_after(0, 1))[0].type == "cti.queued"


# --- what cannot be written -----------------------------------------------------------------------


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


# --- how far it has got ---------------------------------------------------------------------------


async def test_it_knows_how_far_it_has_got(path):
    history = History()
    async with opened(path) as log:
        assert log.reached == 0
        for envelope in nothings(history, 10):
            log.offer(envelope)
        assert log.reached == 0
        await eventually(lambda: log.reached == 10)
        assert await log.make_safe() == 10
    assert log.reached == 10
    assert await log.make_safe() == 10
    async with opened(path) as log:
        assert (log.reached, log.last_epoch) == (10, 7)


async def test_a_hole_is_remembered_and_filled_by_the_next_start(path):
    """What came after it is in the file: the highest number alone would hide it."""
    life = nothings(History(), 1005)
    async with opened(path, backlog=600) as log:
        await full(log, 1)
        for envelope in life[:1000]:
            log.offer(envelope)
        await full(log, 1_000_000)
        await eventually(lambda: log.counters.written == 600)
        for envelope in life[1000:]:
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 605)
        assert (log.reached, log.last_seq()) == (600, 1005)
    async with opened(path) as log:
        assert (log.reached, log.last_seq()) == (600, 1005)
        assert await log.append_missing(life[600:], newest=1005) == 400
        assert log.reached == 1005
        assert not log.counters.degraded
    async with opened(path) as log:
        assert log.reached == 1005
    assert rows(path) == list(range(1, 1006))


async def test_what_is_nowhere_any_more_is_said_once_and_counted(path, caplog):
    life = nothings(History(), 100)
    async with opened(path) as log:
        for envelope in life[:50]:
            log.offer(envelope)
    async with opened(path) as log:
        assert await log.append_missing(life[90:], newest=100) == 10
        assert (log.counters.lost, log.counters.degraded) == (40, True)
        assert "40 of the events 51 to 100 are missing" in caplog.text
    async with opened(path) as log:
        assert log.reached == 100
        assert await log.append_missing([], newest=100) == 0
        assert not log.counters.degraded


async def test_a_new_file_begins_where_it_begins(path):
    """The operator has moved the old one away: nothing is lost by that."""
    async with opened(path) as log:
        assert await log.append_missing(nothings(History(seq=500), 20), newest=520) == 20
        assert (log.reached, log.counters.degraded) == (520, False)


async def test_nothing_behind_a_hole_is_forgotten(path):
    life = nothings(History(), 30)
    async with opened(path) as log:
        for envelope in [*life[:10], *life[15:]]:
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 25)
        assert await log.prune(NOON_US * 2, up_to_seq=30) == 10
        assert await log.append_missing(life[10:15], newest=30) == 5
        assert log.reached == 30


async def test_numbers_of_another_run_are_noticed(path, caplog):
    """Journal behind the log after a power cut, and the log shut at the start: nobody knew."""
    async with opened(path) as log:
        for envelope in nothings(History(epoch=6), 10):
            log.offer(envelope)
    shut = path.with_suffix(".aside")
    path.rename(shut)
    path.mkdir()
    async with opened(path) as log:
        for envelope in nothings(History(epoch=7, seq=7), 10):
            log.offer(envelope)
        path.rmdir()
        shut.rename(path)
        await eventually(lambda: log.counters.backlog == 0)
        assert (log.counters.lost, log.counters.degraded) == (3, True)
        assert "3 numbers from 8 on were another run's" in caplog.text
