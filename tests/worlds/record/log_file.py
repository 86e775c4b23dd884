"""An event log and its file, as tests look at them."""

import sqlite3
from contextlib import asynccontextmanager

from cti.record.event_log import EventLog
from routing import events as e
from tests.worlds.record.history import encoder, made


@asynccontextmanager
async def opened(path, **given):
    log = EventLog(path, encoder().record, **given)
    try:
        await log.start()
        yield log
    finally:
        await log.close()


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
