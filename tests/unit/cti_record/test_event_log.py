"""The event log: what is offered is written, read and found again."""

import asyncio
import sqlite3

import pytest

from cti.record import event_log as module
from cti.record.event_log import BATCH, EventLog
from routing import events as e
from tests.eventually import eventually, time_passes
from tests.worlds.record.history import NOON_US, History, call_life, encoder, made
from tests.worlds.record.log_file import nothings, opened, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


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


async def test_old_events_are_forgotten_but_none_that_a_reader_still_needs(path):
    async with opened(path) as log:
        for envelope in nothings(History(), 3000):
            log.offer(envelope)
        await eventually(lambda: log.counters.written == 3000)
        assert await log.prune(NOON_US + 2500 * 1000, up_to_seq=2200) == 2200
        assert await log.prune(NOON_US + 2500 * 1000, up_to_seq=10_000) == 299
        assert [record.seq for record in await log.read_after(0, 1)] == [2500]
        assert log.last_seq() == 3000


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


async def test_close_does_not_wait_for_a_better_batch(path, monkeypatch):
    """The daemon gives it less time than a batch may wait (`cti.app.LIMIT_S`)."""
    monkeypatch.setattr(module, "FLUSH_S", 3600)
    log = EventLog(path, encoder().record)
    await log.start()
    log.offer(History().say(made(e.ConfigApplied)))
    await time_passes(0.05)  # the writing task waits for more by now
    await asyncio.wait_for(log.close(), 10)
    assert log.counters.written == 1


async def test_close_before_start_and_twice(path):
    log = EventLog(path, encoder().record)
    await log.close()
    await log.start()
    await log.close()
    await log.close()


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
