"""The event log's SQLite file: its tables, its SQL, and whose fault an error is.

WAL with `synchronous=NORMAL`: a commit is in the operating system's hands, so a `kill -9` costs no
committed row, a power cut may cost some, and neither can damage the file. What is lost is made good
from the command journal, which is the one that is synced; `FULL` would pay a disk flush for each
batch to protect what can be had again. WAL also lets reports read the file while we write it; one
that keeps a transaction open for hours keeps the `-wal` file from shrinking.

Each hop to aiosqlite's thread costs some 0.1 ms of processor time, as much as writing ten rows: so
the connection commits by itself and a batch is one statement.

`seq` alone is the key: it never comes twice, restarts included.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiosqlite

from cti.record.cloudevents import Record

PRUNE_BATCH = 1000
_BUSY_TIMEOUT_S = 2.0  # for another program that writes to our file, which nobody should

_APPLICATION_ID = 0x43544945  # "CTIE", so that a stranger's database is not taken for ours
_VERSION = 1
# `body` is the CloudEvent as text, so that `json_extract(body, '$.data.waited_us')` works.
_SCHEMA = f"""
BEGIN;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    type TEXT NOT NULL,
    call_id TEXT,
    agent_id TEXT,
    queue_id TEXT,
    topic TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at_us);
CREATE INDEX events_by_type ON events (type, at_us);
CREATE INDEX events_by_call ON events (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX events_by_agent ON events (agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX events_by_queue ON events (queue_id) WHERE queue_id IS NOT NULL;
CREATE TABLE bookmarks (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_ROW = "(?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''), ?, ?)"
_SELECT = """
SELECT seq, epoch, at_us, type, ifnull(call_id, ''), ifnull(agent_id, ''), ifnull(queue_id, ''),
       topic, body
FROM events
"""
_AFTER = f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT ?"
_OF_CALL = f"{_SELECT} WHERE call_id = ? ORDER BY seq LIMIT ?"
_PRUNE = """
DELETE FROM events WHERE seq IN
    (SELECT seq FROM events WHERE at_us < ? AND seq <= ? ORDER BY seq LIMIT ?)
"""
_MARK = """
INSERT INTO bookmarks VALUES (?, ?) ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq
"""


class EventLogError(Exception):
    """The file is not ours or of another version: an operator has to look."""


class EventLogUnavailableError(EventLogError):
    """The disk is full, or ails, or another program holds the file: it may work later."""


class EventStore:
    """One open file. Every method raises EventLogUnavailableError when the disk will not."""

    def __init__(self, path: Path, db: aiosqlite.Connection, last_seq: int) -> None:
        self._path = path
        self._db = db
        self.last_seq = last_seq  # as it was when opened

    @classmethod
    async def open(cls, path: Path) -> "EventStore":
        """Open or make the file. Raises EventLogError too, for a file that is not ours."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # personal data
            db = await aiosqlite.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise EventLogUnavailableError(f"{path}: {error}") from error
        try:
            return cls(path, db, await _prepare(db, path))
        except sqlite3.OperationalError as error:
            await db.close()
            raise EventLogUnavailableError(f"{path}: {error}") from error
        except sqlite3.DatabaseError as error:
            await db.close()
            raise EventLogError(f"{path}: {error}") from error
        except BaseException:
            await db.close()
            raise

    async def close(self) -> None:
        """To be called in any case: aiosqlite's thread is no daemon and keeps the process alive."""
        await self._db.close()

    async def append(self, records: list[Record]) -> int:
        """Write events, all or none; returns how many were new.

        Some 3,600 at most: each has nine values, and SQLite takes 32,766 in one statement.
        """
        before = self._db.total_changes
        values = [value for record in records for value in _row(record)]
        await self._run(_insert(len(records)), values)
        return self._db.total_changes - before

    async def mark(self, reader: str, seq: int) -> None:
        """Keep how far this reader has got."""
        await self._run(_MARK, (reader, seq))

    async def after(self, seq: int, limit: int) -> list[Record]:
        """The first `limit` events above `seq`."""
        return [_record(row) for row in await self._run(_AFTER, (seq, limit))]

    async def of_call(self, call_id: str, limit: int) -> list[Record]:
        """The first `limit` events of this contact."""
        return [_record(row) for row in await self._run(_OF_CALL, (call_id, limit))]

    async def bookmark(self, reader: str) -> int | None:
        """How far this reader had got."""
        rows = await self._run("SELECT seq FROM bookmarks WHERE reader = ?", (reader,))
        return int(rows[0][0]) if rows else None

    async def prune(self, before_us: int, up_to_seq: int) -> int:
        """Forget at most `PRUNE_BATCH` events of before that time, none above `up_to_seq`."""
        before = self._db.total_changes
        await self._run(_PRUNE, (before_us, up_to_seq, PRUNE_BATCH))
        return self._db.total_changes - before

    async def _run(self, sql: str, values: Sequence[str | int]) -> list[Any]:
        """One statement, one hop, one transaction."""
        try:
            return list(await self._db.execute_fetchall(sql, values))
        except (sqlite3.Error, ValueError) as error:  # ValueError: closed meanwhile
            raise EventLogUnavailableError(f"{self._path}: {error}") from error


@lru_cache(maxsize=64)
def _insert(rows: int) -> str:
    places = ",".join([_ROW] * rows)
    return f"INSERT INTO events VALUES {places} ON CONFLICT (seq) DO NOTHING"  # noqa: S608  no input


async def _prepare(db: aiosqlite.Connection, path: Path) -> int:
    """Set the connection up, make the tables of a new file, return the last `seq`."""
    await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = NORMAL")
    await db.execute("PRAGMA journal_size_limit = 67108864")
    if not await _number(db, "SELECT count(*) FROM sqlite_master"):
        await db.executescript(_SCHEMA)
    if await _number(db, "PRAGMA application_id") != _APPLICATION_ID:
        raise EventLogError(f"{path} is a database, but no event log")
    version = await _number(db, "PRAGMA user_version")
    if version != _VERSION:
        raise EventLogError(f"{path} has version {version}, this program knows {_VERSION}")
    return await _number(db, "SELECT ifnull(max(seq), 0) FROM events")


async def _number(db: aiosqlite.Connection, sql: str) -> int:
    async with db.execute(sql) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _row(record: Record) -> tuple[str | int, ...]:
    return (
        record.seq, record.epoch, record.at_us, record.type,
        record.call_id, record.agent_id, record.queue_id, record.topic, record.body.decode(),
    )  # fmt: skip


def _record(row: Any) -> Record:
    seq, epoch, at_us, kind, call_id, agent_id, queue_id, topic, body = row
    return Record(seq, epoch, at_us, kind, call_id, agent_id, queue_id, topic, body.encode())
