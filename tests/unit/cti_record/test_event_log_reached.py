"""How far the event log has got: what recovery and the journal rest on."""

import pytest

from cti.record.event_log import EventLogUnavailableError
from tests.eventually import eventually
from tests.worlds.record.history import NOON_US, History
from tests.worlds.record.log_file import full, nothings, opened, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


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


async def test_a_tail_longer_than_the_memory_is_got_in_two_starts(path, monkeypatch):
    """The disk refuses while it is handed over: the newest wait, the others are asked for again."""
    life = nothings(History(), 3000)
    async with opened(path, backlog=1000) as log:
        await full(log, 30)
        assert await log.append_missing(life, newest=3000) < 1000
        counters = log.counters
        assert (counters.failing, counters.lost) == (True, 0)
        assert log.last_seq() == 3000
        await full(log, 1_000_000)
        await eventually(lambda: log.counters.backlog == 0)
        reached = log.reached
        assert 0 < reached < 3000
    async with opened(path, backlog=1000) as log:
        assert log.reached == reached
        await log.append_missing(life[reached:], newest=3000)
        assert log.reached == 3000
    assert rows(path) == list(range(1, 3001))


async def test_a_log_that_is_not_open_takes_the_newest_of_the_tail(path):
    path.mkdir()
    life = nothings(History(), 500)
    async with opened(path, backlog=200) as log:
        await log.append_missing(life, newest=500)
        assert (log.counters.backlog, log.counters.lost) == (100, 0)
        assert [record.seq for record in await log.read_after(400, 3)] == [401, 402, 403]
        with pytest.raises(EventLogUnavailableError):
            await log.read_after(300, 3)  # not "there is nothing"
        with pytest.raises(EventLogUnavailableError):
            await log.by_call("a1-1.1")
