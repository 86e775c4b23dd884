"""Who is changing what just now: so that two do not type into the same form and one loses the text.

It warns, and forbids nothing: what is saved is guarded by its version (If-Match). A desk says it
again while its form is open; what is not said again is over after a minute, since browsers die.
"""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Table, UniqueConstraint, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.store.keys import new_key
from centre.store.rows import one
from centre.store.schema import METADATA, key, time_us, word

LASTS_US: Final = 60_000_000

EDITING: Final = Table(
    "editing", METADATA, key(), word("entity"), word("entity_id", 128), word("who", 128),
    time_us("until_us"),
    UniqueConstraint("entity", "entity_id"),
)  # fmt: skip


class Editing(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has a form open until then, unless they say it again."""

    who: str
    until_us: int


async def editor(
    connection: AsyncConnection, entity: str, entity_id: str, now_us: int
) -> Editing | None:
    """Who changes it now."""
    asked = select(EDITING.c.who, EDITING.c.until_us).where(_of(entity, entity_id))
    found = await one(connection, asked, Editing)
    return found if found is not None and found.until_us > now_us else None


async def begin(
    connection: AsyncConnection, entity: str, entity_id: str, who: str, now_us: int
) -> Editing:
    """Somebody opens a form, or has it open still; whose turn it is: theirs or another's."""
    mine = Editing(who=who, until_us=now_us + LASTS_US)
    free = (EDITING.c.until_us <= now_us) | (EDITING.c.who == who)
    values = {"who": who, "until_us": mine.until_us}
    taken = await connection.execute(
        update(EDITING).where(_of(entity, entity_id) & free).values(values)
    )
    if taken.rowcount:
        return mine
    new = {"id": new_key(), "entity": entity, "entity_id": entity_id, **values}
    try:
        async with connection.begin_nested():
            await connection.execute(insert(EDITING).values(new))
    except IntegrityError:
        other = await editor(connection, entity, entity_id, now_us)
        return other if other is not None else mine
    return mine


async def end(connection: AsyncConnection, entity: str, entity_id: str, who: str) -> None:
    """The form is closed. Somebody else's stays."""
    await connection.execute(delete(EDITING).where(_of(entity, entity_id) & (EDITING.c.who == who)))


def _of(entity: str, entity_id: str) -> ColumnElement[bool]:
    return (EDITING.c.entity == entity) & (EDITING.c.entity_id == entity_id)
