"""What was saved can be restored, into either database, whole or not at all."""

import gzip
import io

import pytest
from sqlalchemy import insert, select

from centre.store.backup import BackupError, restore, save
from centre.store.history import HISTORY, By, note
from centre.store.keys import new_key
from centre.store.schema_at import HEAD, NOTHING, check_revision, revision_of
from tests.worlds.centre.stores import KINDS

LINES = 1200


async def filled(stores, kind):
    store = await stores.ready(kind)
    async with store.write() as connection:
        by = By(who="9001", at_us=1, reason="换岗 ' \\ \n", source="10.1.2.3")
        await note(connection, by, "thing", "0", "created", {"name": (None, "王")})
        row = (await connection.execute(select(HISTORY))).mappings().one()
        more = [{**row, "id": new_key(), "at_us": number} for number in range(1, LINES)]
        await connection.execute(insert(HISTORY), more)
    return store


async def rows(store):
    async with store.read() as connection:
        found = await connection.execute(select(HISTORY).order_by(HISTORY.c.id))
        return [tuple(row) for row in found]


async def saved(store):
    out = io.BytesIO()
    assert await save(store, out) == LINES
    return out.getvalue()


@pytest.mark.parametrize("into", KINDS)
async def test_a_backup_fills_either_database(stores, kind, into, postgres):
    stores.postgres = postgres
    store = await filled(stores, kind)
    there = stores.empty(into)
    assert await restore(there, io.BytesIO(await saved(store))) == LINES
    await check_revision(there)
    assert await rows(there) == await rows(store)


async def test_a_backup_is_of_one_moment_while_people_work(stores, kind):
    store = await filled(stores, kind)
    out = io.BytesIO()
    async with store.write() as other:
        await note(other, By(who="9002", at_us=1), "thing", "late", "created")
        assert await save(store, out) == LINES


def broken(raw):
    lines = gzip.decompress(raw).splitlines(keepends=True)
    changed = [line.replace(b"9001", b"9002") for line in lines]
    foreign = [b'{"format":"paidui-router-1","revision":"0001"}\n', *lines[1:]]
    newer = [lines[0].replace(HEAD.encode(), b"9999"), *lines[1:]]
    return {
        "its checksum is wrong": gzip.compress(b"".join(changed)),
        "its end is missing": gzip.compress(b"".join(lines[:-1])),
        "it cannot be read": raw[: len(raw) // 2],
        "it cannot be read:": b"PK\x03\x04 a zip",
        "no backup of a centre": gzip.compress(b"".join(foreign)),
        "of revision 9999": gzip.compress(b"".join(newer)),
    }


async def test_a_broken_backup_changes_nothing(stores, kind):
    raw = await saved(await filled(stores, kind))
    there = stores.empty(kind)
    for why, bad in broken(raw).items():
        with pytest.raises(BackupError, match=why):
            await restore(there, io.BytesIO(bad))
        async with there.read() as connection:
            assert await revision_of(connection) == NOTHING
    assert await restore(there, io.BytesIO(raw)) == LINES


async def test_a_database_with_something_in_it_is_left_alone(stores, kind):
    store = await filled(stores, kind)
    with pytest.raises(BackupError, match="not empty"):
        await restore(store, io.BytesIO(await saved(store)))
