"""The event log's SQLite file: its tables, its SQL, and whose fault an error is.

WAL with `synchronous=NORMAL`: a commit is in the operating system's hands, so a `kill -9` costs no
committed row, a power cut may cost some, and neither can damage the file. What is lost is made good
from the command journal, which is the one that is synced; `FULL` would pay a disk flush for each
batch to protect what can be had again. Before journal is let go the `-wal` is flushed.
WAL also lets reports read the file while we write it; one that keeps a transaction open for hours
keeps the `-wal` file from shrinking.

Each hop to aiosqlite's thread costs some 0.1 ms of processor time, as much as writing ten rows: so
the connection commits by itself and a batch is one statement.

`seq` alone is the key: it never comes twice, restarts included.
"""

import logging
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiosqlite

from cti.private import FOLDER, own_file
from cti.record.cloudevents import Record

log = logging.getLogger(__name__)

PRUNE_BATCH = 1000
_BUSY_TIMEOUT_S = 0.25
"""For another program that writes to our file, which nobody should. It cannot be cut short, so it
is less than the stop allows (`cti.app.LIMIT_S`); the writing task tries again.
"""

_HOLE = "(hole)"
"""The bookmark under which the first event stands that the log lacks while it has later ones."""

_ASIDE = (
    "Move it away with its -wal and -shm, and keep them: they are the record. The next start makes "
    "a new one, with what the journal still has; `sqlite3 FILE .recover` gets back what can be read"
)

_APPLICATION_ID = 0x43544945  # "CTIE", so that a stranger's database is not taken for ours
_MASKED_VERSION = 1
_VERSION = 2
"""2: bodies are whole. One of 1, with masked numbers, is taken on: what it has stays masked, and
the bookmark `(whole)` says from which event on it is not. A program that knows 1 only would publish
what it reads as it is, so it must not read 2.
"""

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


_TAKE_ON = """
BEGIN;
INSERT OR IGNORE INTO bookmarks SELECT '(whole)', ifnull(max(seq), 0) + 1 FROM events;
PRAGMA user_version = 2;
COMMIT;
"""


class EventLogError(Exception):
    """The file is not ours or of another version: an operator has to look."""


class EventLogUnavailableError(EventLogError):
    """The disk is full, or ails, or another program holds the file: it may work later."""


class _RefusedError(EventLogError):
    """There is an event that SQLite will never take; nothing of its batch was written."""


@dataclass(slots=True)
class Appended:
    """What became of a batch. `repeated` were there already; `strange` are the numbers among them
    under which another run had written something else, `refused` those that SQLite did not take.
    """

    added: int = 0
    repeated: int = 0
    strange: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


class EventStore:
    """One open file. Every method raises EventLogUnavailableError when the disk will not.

    `written` is the highest event in it, 0 for none, `last_epoch` the epoch of the one that was the
    highest when it was opened.
    """

    def __init__(
        self, path: Path, db: aiosqlite.Connection, written: int, last_epoch: int, hole: int
    ) -> None:
        self._path = path
        self._db = db
        self.written = written
        self.last_epoch = last_epoch
        self._hole = hole  # the first event that it lacks while it has later ones; 0: none

    @property
    def reached(self) -> int:
        """It has all events up to this one."""
        return self._hole - 1 if self._hole else self.written

    @classmethod
    async def open(cls, path: Path) -> "EventStore":
        """Open or make the file. Raises EventLogError too, for a file that is not ours."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER)
            own_file(path)  # personal data; -wal and -shm get its mode (SQLite)
            db = await aiosqlite.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise EventLogUnavailableError(f"{path}: {error}") from error
        try:
            return cls(path, db, *await _prepare(db, path))
        except sqlite3.OperationalError as error:
            await db.close()
            raise EventLogUnavailableError(f"{path}: {error}") from error
        except sqlite3.DatabaseError as error:
            await db.close()
            raise EventLogError(f"{path}: {error}. {_ASIDE}") from error
        except BaseException:
            await db.close()
            raise

    async def close(self) -> None:
        """To be called in any case: aiosqlite's thread is no daemon and keeps the process alive."""
        await self._db.close()

    async def append(self, records: list[Record]) -> Appended:
        """Write events, all or none, in order of `seq`. Not those that SQLite refuses.

        Some 3,600 at most: each has nine values, and SQLite takes 32,766 in one statement.
        """
        await self._look_for_hole(records)
        appended = Appended()
        await self._append(records, appended)
        return appended

    async def take_stock(self, reached: int, newest: int) -> int:
        """How many of the events after `reached`, up to `newest`, there are not. To be asked when
        there is nowhere to get them from any more: from now on they do not count as a hole.
        """
        first = reached + 1 if reached else newest + 1  # a new file begins where it begins
        sql = "SELECT count(*) FROM events WHERE seq BETWEEN ? AND ?"
        missing = max(0, newest - first + 1) - int((await self._run(sql, (first, newest)))[0][0])
        if missing:
            log.critical(
                "event log: %d of the events %d to %d are missing and in no journal any more",
                missing, first, newest,
            )  # fmt: skip
        await self._note_hole(0)
        return missing

    async def mark(self, reader: str, seq: int) -> None:
        """Keep how far this reader has got."""
        await self._run(_MARK, (reader, seq))

    async def after(self, seq: int, limit: int) -> list[Record]:
        """The first `limit` events above `seq`."""
        return [_record(row) for row in await self._run(_AFTER, (seq, limit))]

    async def first_since(self, at_us: int) -> tuple[int, int] | None:
        """Number and time of the first event at or after this moment."""
        sql = "SELECT seq, at_us FROM events WHERE at_us >= ? ORDER BY at_us, seq LIMIT 1"
        rows = await self._run(sql, (at_us,))
        return (int(rows[0][0]), int(rows[0][1])) if rows else None

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

    async def _append(self, records: list[Record], appended: Appended) -> None:
        before = self._db.total_changes
        values = [value for record in records for value in _row(record)]
        try:
            await self._run(_insert(len(records)), values)
        except _RefusedError:
            if len(records) == 1:
                await self._refuse(records[0].seq, appended)
                return
            half = len(records) // 2
            await self._append(records[:half], appended)
            await self._append(records[half:], appended)
            return
        added = self._db.total_changes - before
        self.written = max(self.written, records[-1].seq)
        appended.added += added
        if added < len(records):
            appended.repeated += len(records) - added
            appended.strange += await self._strange(records)

    async def _refuse(self, seq: int, appended: Appended) -> None:
        if not self._hole:
            await self._note_hole(seq)
        appended.refused.append(seq)

    async def _strange(self, records: list[Record]) -> list[int]:
        """Another run's: journal and log were at odds after a power cut, and this file could not be
        opened at the start, so that nobody knew.
        """
        sql = "SELECT seq, epoch FROM events WHERE seq BETWEEN ? AND ?"
        there = dict(await self._run(sql, (records[0].seq, records[-1].seq)))
        return [record.seq for record in records if there.get(record.seq) != record.epoch]

    async def _look_for_hole(self, records: list[Record]) -> None:
        """Noted before later events are written: so it is known whatever happens next."""
        expected = self.written + 1 if self.written else records[0].seq
        for record in records:
            if record.seq > expected and not self._hole:
                await self._note_hole(expected)
            expected = max(expected, record.seq + 1)

    async def _note_hole(self, seq: int) -> None:
        if seq != self._hole:
            await self.mark(_HOLE, seq)
            self._hole = seq

    async def _run(self, sql: str, values: Sequence[str | int]) -> list[Any]:
        """One statement, one hop, one transaction."""
        try:
            return list(await self._db.execute_fetchall(sql, values))
        except (sqlite3.Error, OverflowError, ValueError) as error:  # ValueError: closed meanwhile
            if _is_refusal(error):
                raise _RefusedError(f"{self._path}: {type(error).__name__}") from error
            raise EventLogUnavailableError(f"{self._path}: {error}") from error


def _is_refusal(error: Exception) -> bool:
    """It is the value: too large, or of no type that SQLite knows (measured, Python 3.11)."""
    refusals = (OverflowError, UnicodeError, sqlite3.DataError, sqlite3.IntegrityError)
    return isinstance(error, refusals) or "binding parameter" in str(error)


@lru_cache(maxsize=64)
def _insert(rows: int) -> str:
    places = ",".join([_ROW] * rows)
    return f"INSERT INTO events VALUES {places} ON CONFLICT (seq) DO NOTHING"  # noqa: S608  no input


async def _prepare(db: aiosqlite.Connection, path: Path) -> tuple[int, int, int]:
    """Set the connection up, make the tables of a new file; its last `seq`, its epoch, its hole."""
    await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = NORMAL")
    await db.execute("PRAGMA journal_size_limit = 67108864")
    if not await _number(db, "SELECT count(*) FROM sqlite_master"):
        await db.executescript(_SCHEMA)
    if await _number(db, "PRAGMA application_id") != _APPLICATION_ID:
        raise EventLogError(f"{path} is a database, but no event log: name another file")
    version = await _number(db, "PRAGMA user_version")
    if version == _MASKED_VERSION:
        await db.executescript(_TAKE_ON)
        version = _VERSION
    if version != _VERSION:
        raise EventLogError(
            f"{path} has version {version}, this program knows {_VERSION}: start the program that "
            f"wrote it, or name another file"
        )
    return (
        await _number(db, "SELECT ifnull(max(seq), 0) FROM events"),
        await _number(db, "SELECT epoch FROM events ORDER BY seq DESC LIMIT 1"),
        await _number(db, f"SELECT seq FROM bookmarks WHERE reader = '{_HOLE}'"),  # noqa: S608  ours
    )


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


def flush_wal(path: Path) -> None:
    """Have the disk keep what SQLite has written beside the file. Blocks; raises OSError.

    Not the file itself: closing a descriptor of it would take away SQLite's locks (POSIX).
    """
    try:
        descriptor = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # all of it is in the file, which SQLite has flushed
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
