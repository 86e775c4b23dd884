"""Up and down with data in it, on both databases, and the same tables on both."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from centre.store import migrate as migrating
from centre.store.history import By, note
from centre.store.migrate import NoRevisionError, migrate, revisions
from centre.store.schema import METADATA
from centre.store.schema_at import HEAD, NOTHING, WrongRevisionError, check_revision, revision_of


async def tables(store):
    async with store.read() as connection:
        if store.dialect == "sqlite":
            asked = "SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger', 'index')"
        else:
            asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return set(await connection.scalars(text(asked)))


async def at(store):
    async with store.read() as connection:
        return await revision_of(connection)


def test_the_newest_revision_is_the_one_that_we_say():
    assert revisions()[-1] == HEAD
    assert revisions() == sorted(revisions())


async def test_each_revision_goes_up_and_down_with_data_in_it(stores, kind):
    store = stores.empty(kind)
    steps = [NOTHING, *revisions()]
    for revision in steps[1:]:
        await migrate(store, revision)
        async with store.write() as connection:
            await note(connection, By(who="os:root", at_us=1), "thing", revision, "created")
    for revision in reversed(steps):
        await migrate(store, revision)
        assert await at(store) == revision
        if revision != NOTHING:
            async with store.read() as connection:
                kept = await connection.scalars(text("SELECT entity_id FROM history"))
                assert set(kept) == set(steps[1:])
    assert await tables(store) <= {"alembic_version", "sqlite_autoindex_alembic_version_1"}
    await migrate(store, HEAD)
    await check_revision(store)


async def test_the_tables_are_what_the_modules_say(store):
    """What `alembic check` does, on both databases."""
    async with store.write() as connection:
        found = await connection.run_sync(
            lambda made: compare_metadata(
                MigrationContext.configure(made, opts={"compare_type": True}), METADATA
            )
        )
    assert found == []


async def test_two_that_migrate_at_once_do_it_once(stores, kind):
    place = stores.place(kind)
    first, second = stores.open(place), stores.open(place)
    await asyncio.gather(migrate(first, HEAD), migrate(second, HEAD))
    await check_revision(first)


async def test_a_migration_that_fails_changes_nothing(stores, kind, monkeypatch):
    store = stores.empty(kind)

    def fail(connection, at, to):
        connection.execute(text("CREATE TABLE half (done INTEGER)"))
        raise ZeroDivisionError

    monkeypatch.setattr(migrating, "_go", fail)
    with pytest.raises(ZeroDivisionError):
        await migrate(store, HEAD)
    assert "half" not in await tables(store)


async def test_an_empty_and_a_newer_database_are_told_apart(stores, kind):
    store = stores.empty(kind)
    with pytest.raises(WrongRevisionError, match="next: cti centre migrate"):
        await check_revision(store)
    await migrate(store, HEAD)
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongRevisionError, match="start the newer program"):
        await check_revision(store)
    with pytest.raises(NoRevisionError, match="9999"):
        await migrate(store, HEAD)


async def test_a_revision_that_is_not_there(store):
    with pytest.raises(NoRevisionError, match="no revision 0815; there are 0001"):
        await migrate(store, "0815")


async def test_people_of_an_older_revision_are_there_after_it_and_after_the_way_back(stores, kind):
    store = stores.empty(kind)
    await migrate(store, "0002")
    async with store.write() as connection:
        for statement in (
            "INSERT INTO teams VALUES ('T', 1, 'loans', '贷款', 'retail')",
            "INSERT INTO people VALUES ('P', 1, '8001', '李雷', 'loans', 'own', true)",
            "INSERT INTO accounts VALUES ('A', 1, 'P', 'hash', true, '', 0)",
        ):
            await connection.execute(text(statement))

    async def kept(column):
        async with store.read() as connection:
            asked = f"SELECT name, {column} FROM people JOIN accounts ON people.id = person_id"  # noqa: S608
            return tuple((await connection.execute(text(asked))).one())

    await migrate(store, "0003")
    assert await kept("until_us") == ("李雷", 0)
    await migrate(store, "0002")
    assert await kept("password_hash") == ("李雷", "hash")
    await migrate(store, HEAD)
    assert await kept("until_us") == ("李雷", 0)
