"""The two doors, on both databases, and what a database does wrong."""

import asyncio
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from centre.store.engine import open_store
from centre.store.errors import StoreAwayError, StoreBusyError, StoreError, StoreFullError
from centre.store.history import HISTORY, By, note, of_entity

BY = By(who="os:root", at_us=1, reason="test")


async def write_line(store, entity_id="1", limit_s=10.0):
    async with store.write(limit_s) as connection:
        await note(connection, BY, "thing", entity_id, "created", {"name": (None, "王")})


async def count(store):
    async with store.read() as connection:
        return await connection.scalar(select(func.count()).select_from(HISTORY))


async def test_what_is_written_is_read(store):
    await write_line(store)
    async with store.read() as connection:
        (line,) = await of_entity(connection, "thing", "1")
    assert line.changes == {"name": (None, "王")}
    assert (line.who, line.reason, line.act) == ("os:root", "test", "created")


async def test_a_write_that_raises_leaves_nothing(store):
    async def line_and_mistake():
        async with store.write() as connection:
            await note(connection, BY, "thing", "1", "created")
            await connection.execute(text("DELETE FROM history"))

    with pytest.raises(IntegrityError):
        await line_and_mistake()
    assert await count(store) == 0


async def test_a_write_that_is_cancelled_leaves_nothing_and_is_in_nobodys_way(store):
    inside, never = asyncio.Event(), asyncio.Event()

    async def hang():
        async with store.write() as connection:
            await note(connection, BY, "thing", "1", "created")
            inside.set()
            await never.wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await write_line(store, "2")
    assert await count(store) == 1


async def test_the_reading_door_does_not_write(store):
    with pytest.raises((DBAPIError, StoreError), match=r"read-?only"):
        async with store.read() as connection:
            await note(connection, BY, "thing", "1", "created")


async def test_a_reader_sees_one_state(store):
    await write_line(store)
    async with store.read() as connection:
        asked = select(func.count()).select_from(HISTORY)
        before = await connection.scalar(asked)
        await write_line(store, "2")
        assert await connection.scalar(asked) == before == 1


async def test_many_writers_at_once_lose_nothing(store):
    await asyncio.gather(*(write_line(store, str(number)) for number in range(40)))
    assert await count(store) == 40


async def test_history_is_only_added_to(store):
    await write_line(store)
    for statement in ("UPDATE history SET who = 'x'", "DELETE FROM history"):
        with pytest.raises(IntegrityError, match="only added to"):
            async with store.write() as connection:
                await connection.execute(text(statement))
    assert await count(store) == 1


async def test_a_use_that_takes_too_long_is_given_up(store):
    never = asyncio.Event()
    with pytest.raises(StoreAwayError, match="took longer"):
        async with store.write(0.05):
            await never.wait()
    await write_line(store)


async def test_a_timeout_of_the_caller_is_the_callers(store):
    with pytest.raises(TimeoutError):
        async with store.write():
            raise TimeoutError


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_writers_of_one_process_wait_for_their_turn(store):
    async with store.write():
        with pytest.raises(StoreBusyError, match="waiting for other writers"):
            await write_line(store, limit_s=0.05)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_another_process_may_write_too(store, stores, kind):
    place = await stores.ready_place(kind)
    ours = stores.open(place)
    await write_line(ours)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=5);"
        "c.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.readline();"
        "c.execute('COMMIT')"
    )
    with subprocess.Popen(  # noqa: ASYNC220  # read in a thread
        (sys.executable, "-c", script, place), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        await asyncio.to_thread(other.stdout.readline)
        waiting = asyncio.create_task(write_line(ours, "2"))
        assert await count(ours) == 1  # readers do not wait
        other.communicate(b"\n")
        await waiting
    assert await count(ours) == 2


async def test_a_file_of_sqlite_is_for_us_only(tmp_path):
    file = tmp_path / "data/centre.db"
    await open_store("", file).close()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a_file_that_is_no_database_is_said(tmp_path):
    file = tmp_path / "data/centre.db"
    file.parent.mkdir(mode=0o700)
    file.write_text("not a database, and long enough to be looked at" * 100)
    store = open_store("", file)
    with pytest.raises(DBAPIError, match="not a database"):
        await count(store)
    await store.close()


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_nothing_is_half_done(store):
    """SQLite's own limit of pages gives the error of a full disk (SQLITE_FULL)."""

    async def many_lines():
        async with store.write() as connection:
            for number in range(1000):
                await note(connection, BY, "thing", str(number), "created")

    await write_line(store)
    async with store.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1"))  # as many as there are
    with pytest.raises(StoreFullError):
        await many_lines()
    assert await count(store) == 1
    async with store.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
    await many_lines()
    assert await count(store) == 1001


async def test_a_database_that_is_not_there_is_away():
    store = open_store("postgresql://paidui@127.0.0.1:1/centre", None)
    for door in (store.read, store.write):
        with pytest.raises(StoreAwayError, match="cannot be reached"):
            async with door():
                pass
    await store.close()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_a_database_that_went_and_came_back(store, stores):
    await write_line(store)
    stores.postgres.down()
    with pytest.raises(StoreAwayError):
        await write_line(store, "2")
    stores.postgres.up()
    await write_line(store, "3")
    assert await count(store) == 2


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_a_database_that_hangs_is_given_up(store, stores):
    await write_line(store)
    stores.postgres.freeze(on=True)
    try:
        with pytest.raises(StoreAwayError, match="took longer"):
            await write_line(store, "2", limit_s=0.3)
    finally:
        stores.postgres.freeze(on=False)
    await write_line(store, "3")
    async with store.read() as connection:
        assert await of_entity(connection, "thing", "3")


def test_sqlite_can_what_we_ask_of_it():
    """Partial indexes, generated columns, RETURNING: Debian 12 has 3.40."""
    assert sqlite3.sqlite_version_info >= (3, 37)
