"""`store.write()` and `store.read()`: the only doors to the database.

    async with store.write() as connection:     # one transaction, whole or not at all
        ...

SQLite knows one writer at a time. So writers of one process wait for their turn at one connection,
and each transaction begins as IMMEDIATE: one that began as a reader could not become a writer when
another process has written meanwhile (https://www.sqlite.org/lang_transaction.html, 2.2). Readers
have connections of their own, which cannot write and see one state from beginning to end.

PostgreSQL: READ COMMITTED for writers, so what must not happen twice is a unique index or a change
that names the `rev` it has seen; REPEATABLE READ and read-only for readers.

Each use has `limit_s`: a database that hangs is one that is away.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event, exc, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from centre.store.errors import StoreAwayError, StoreBusyError, store_error
from cti.config import Secret
from cti.private import own_file, own_folder

LIMIT_S: Final = 10.0
"""One use of the store: somebody waits before a page. Longer work says so itself."""

BUSY_MS: Final = 5_000
"""How long SQLite waits for another process (`cti user …` beside the server)."""

READERS: Final = 4
CONNECTIONS: Final = 10
"""To PostgreSQL, of one process; its default is 100 for everybody."""

CONNECT_S: Final = 5.0


class Store:
    """Made by `open_store`. Nothing is connected before the first use."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, turn: asyncio.Lock | None) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = turn

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    def write(
        self, limit_s: float | None = LIMIT_S
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that is committed at the end, and rolled back when anything is raised.

        Raises StoreError, and IntegrityError for a constraint that does not hold.
        """
        return self._use(self._writer, self._turn, limit_s)

    def read(self, limit_s: float | None = LIMIT_S) -> AbstractAsyncContextManager[AsyncConnection]:
        """One state of the whole database; it refuses to write. Raises StoreError."""
        return self._use(self._reader, None, limit_s)

    async def close(self) -> None:
        """Close every connection. May be called twice."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _use(
        self, engine: AsyncEngine, turn: asyncio.Lock | None, limit_s: float | None
    ) -> AsyncIterator[AsyncConnection]:
        limit = asyncio.timeout(limit_s)
        at = "waiting for other writers"
        try:
            async with limit, turn or nullcontext():
                at = "connecting to it"
                connection = await _connected(engine)
                at = "using it"
                try:
                    async with connection.begin():
                        yield connection
                finally:  # back into the pool, whoever has given up waiting
                    await asyncio.shield(connection.close())
        except exc.SQLAlchemyError as error:
            if (known := store_error(error)) is not None:
                raise known from error
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise
            kind = StoreBusyError if at.startswith("waiting") else StoreAwayError
            raise kind(f"the database: {at} took longer than {limit_s:g} s") from error


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except OSError as error:  # asyncpg: refused, no such host, too slow
        why = error.strerror or str(error) or type(error).__name__
        raise StoreAwayError(f"the database cannot be reached: {why}") from error


def open_store(url: str, file: Path, password: Secret = Secret()) -> Store:  # noqa: B008
    """The store that the configuration names; `url` "" is SQLite in `file`. Raises OSError."""
    return _postgres(make_url(url), password) if url else _sqlite(file)


def _sqlite(file: Path) -> Store:
    own_folder(file.parent, marks=(file.name,))
    own_file(file)
    url = URL.create("sqlite+aiosqlite", database=str(file))
    # It logs each statement with its values at DEBUG: hashes and personal data.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    writer = create_async_engine(
        url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0, hide_parameters=True
    )
    reader = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=READERS,
        max_overflow=0,
        hide_parameters=True,
    )
    _on_sqlite(writer, "BEGIN IMMEDIATE", "query_only=OFF")
    _on_sqlite(reader, "BEGIN", "query_only=ON")
    return Store(writer, reader, asyncio.Lock())


def _on_sqlite(engine: AsyncEngine, begin: str, *pragmas: str) -> None:
    always = (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # Python's own BEGIN would be a deferred one
        cursor = connection.cursor()
        for pragma in (*always, *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", lambda made: made.exec_driver_sql(begin))


def _postgres(url: URL, password: Secret) -> Store:
    url = url.set(drivername="postgresql+asyncpg", password=password.reveal() or None)
    engine = create_async_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_S,
            "server_settings": {"application_name": "paidui centre", "timezone": "UTC"},
        },
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Store(engine, reader, None)
