"""The record is kept as long as the operator says, and what a reader has not is kept longer."""

import asyncio
import logging
import sqlite3

import pytest

from cti.record.event_log import EventLog
from cti.record.event_store import EventLogUnavailableError
from cti.record.retention import DAY_US, prune, prune_forever
from tests.eventually import eventually
from tests.worlds.record.history import NOON_US, History, call_life, encoder


@pytest.fixture
async def log(tmp_path):
    log = EventLog(tmp_path / "events.db", encoder().record)
    await log.start()
    yield log
    await log.close()


async def filled(log, events):
    envelopes = History().say_all(events)
    await log.append_missing(envelopes, len(envelopes))
    assert log.reached == len(envelopes)
    return len(envelopes)


async def seqs(log):
    return [record.seq for record in await log.read_after(0, 10_000)]


async def test_what_is_older_is_forgotten_as_far_as_all_readers_have_it(log):
    last = await filled(log, call_life())
    now_us = NOON_US + 30 * DAY_US
    assert await prune(log, now_us, 31, last) == 0
    assert await prune(log, now_us + DAY_US, 30, 4) == 4
    assert await seqs(log) == list(range(5, last + 1))
    assert await prune(log, now_us + DAY_US, 30, last) == last - 4
    assert await seqs(log) == []


async def test_many_go_bit_by_bit_while_others_are_written(log):
    events = call_life() * 150
    last = await filled(log, events)
    later = History(seq=last).say_all(call_life())
    going = asyncio.create_task(prune(log, NOON_US + 31 * DAY_US, 30, last))
    log.offer_all(later)
    assert await going == last
    assert await seqs(log) == [envelope.seq for envelope in later]


async def test_a_disk_that_will_not_is_said_and_tried_again(log, monkeypatch, caplog):
    last = await filled(log, call_life())
    store = log._store

    async def refuse(*_):
        raise EventLogUnavailableError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(type(store), "prune", refuse)
        with caplog.at_level(logging.WARNING):
            assert await prune(log, NOON_US + 31 * DAY_US, 30, last) == 0
    assert "disk is full" in caplog.text
    assert await prune(log, NOON_US + 31 * DAY_US, 30, last) == last


async def test_it_is_looked_at_again_and_again(log, tmp_path):
    class Noon:
        us = NOON_US

        def now_us(self):
            return self.us

    last, clock = await filled(log, call_life()), Noon()
    task = asyncio.create_task(prune_forever(log, clock, 30, lambda: last, every_s=0.01))
    try:
        clock.us += 31 * DAY_US
        await eventually(lambda: count(tmp_path) == 0)
    finally:
        task.cancel()


def count(folder):
    with sqlite3.connect(folder / "events.db") as db:
        return db.execute("SELECT count(*) FROM events").fetchone()[0]
