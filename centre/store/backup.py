"""Everything that the database holds, as lines: what `cti centre backup` writes.

The first line says what it is and at which revision, then each table has its line and one line for
each row, and the last line counts them and has the SHA-256 of all lines before it. gzip around it.
The lines are the same from SQLite and from PostgreSQL, so that a backup is also how to move from
one to the other. They come from one read transaction: one state, while people work on.

Password hashes and secrets of second factors stand in it: keep it as you keep the database.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

import msgspec
from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.store.engine import Store
from centre.store.migrate import migrate
from centre.store.schema import plain
from centre.store.schema_at import HEAD, NOTHING, revision_of

FORMAT: Final = "paidui-centre-1"
BATCH: Final = 500
MAX_LINE: Final = 16 * 1024 * 1024


class BackupError(Exception):
    """It is no whole backup of ours, or must not go there; nothing was changed."""


class _Line(msgspec.Struct, omit_defaults=True):
    """One line: exactly one of these is set."""

    format: str = ""
    revision: str = ""
    table: str = ""
    row: dict[str, Any] | None = None
    rows: int = -1
    sha256: str = ""


_line = msgspec.json.Decoder(_Line)


async def save(store: Store, out: IO[bytes]) -> int:
    """Write every row of every table; how many. Raises StoreError, BackupError, OSError."""
    digest, rows = hashlib.sha256(), 0
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:

        def write(line: _Line) -> None:
            raw = msgspec.json.encode(line) + b"\n"
            digest.update(raw)
            packed.write(raw)

        async with store.read(limit_s=None) as connection:
            found = await revision_of(connection)
            if found != HEAD:
                raise BackupError(f"the database is at revision {found or 'none'}, not at {HEAD}")
            write(_Line(format=FORMAT, revision=found))
            for table in (await connection.run_sync(_tables)).values():
                write(_Line(table=f"{table.name}"))
                by_key = select(table).order_by(*table.primary_key.columns)
                async for row in (await connection.stream(by_key)).mappings():
                    write(_Line(row=plain(row)))
                    rows += 1
        raw = msgspec.json.encode(_Line(rows=rows, sha256=digest.hexdigest())) + b"\n"
        packed.write(raw)
    return rows


async def restore(store: Store, source: IO[bytes]) -> int:
    """Fill an empty database from a backup, whole or not at all, and bring it to our revision; how
    many rows. Raises BackupError, StoreError, OSError.
    """
    lines = _lines(source)
    head = next(lines, _Line())
    if head.format != FORMAT:
        raise BackupError("this is no backup of a centre")
    if head.revision > HEAD:
        raise BackupError(
            f"it is of revision {head.revision}, this program knows {HEAD}; next: the newer program"
        )
    async with store.read() as connection:
        if await revision_of(connection) != NOTHING:
            raise BackupError("the database is not empty; next: name a new one")
    await migrate(store, head.revision)
    try:
        async with store.write(limit_s=None) as connection:
            rows = await _fill(connection, lines)
    except BaseException:
        await migrate(store, NOTHING)
        raise
    await migrate(store, HEAD)
    return rows


async def _fill(connection: AsyncConnection, lines: Iterator[_Line]) -> int:
    there = await connection.run_sync(_tables)
    table: Table | None = None
    batch: list[dict[str, Any]] = []
    rows = 0
    for line in lines:
        if line.row is not None and table is not None:
            batch.append(line.row)
            rows += 1
        if batch and table is not None and (line.row is None or len(batch) == BATCH):
            await connection.execute(insert(table), batch)
            batch = []
        if line.table:
            table = there.get(line.table)
            if table is None:
                raise BackupError(f"there is no table {line.table[:64]!r} at its revision")
        if line.rows >= 0 and line.rows != rows:
            raise BackupError(f"it says {line.rows} rows and has {rows}")
    return rows


def _tables(connection: Connection) -> dict[str, Table]:
    """Those of the database as it is, in the order in which they can be filled: a backup of an
    older revision has older columns.
    """
    found = MetaData()
    found.reflect(connection)
    return {f"{each.name}": each for each in found.sorted_tables if each.name != "alembic_version"}


def _lines(source: IO[bytes]) -> Iterator[_Line]:
    """The lines; the last one has proved that all are there. Raises BackupError."""
    digest, whole = hashlib.sha256(), False
    try:
        with gzip.GzipFile(fileobj=source) as packed:
            while raw := packed.readline(MAX_LINE):
                line = _line.decode(raw)
                if line.sha256 and line.sha256 != digest.hexdigest():
                    raise BackupError("its checksum is wrong: it was changed on its way")
                digest.update(raw)
                whole = bool(line.sha256)
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile, msgspec.MsgspecError) as error:
        raise BackupError(f"it cannot be read: {error}") from error
    if not whole:
        raise BackupError("its end is missing")
