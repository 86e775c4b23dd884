"""Who has done what to which row, when and why. Lines are added and never changed.

The changes of an entity's lines, one after the other, give its row; a secret column stands in them
as `***`.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Index, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.store.keys import new_key
from centre.store.schema import METADATA, key, lines, plain, time_us, word

HISTORY: Final = Table(
    "history",
    METADATA,
    key(),
    time_us("at_us"),
    word("entity"),
    word("entity_id", 128),
    word("act"),
    word("who", 128),
    word("reason", 500),
    word("source", 128),
    lines("changes"),
    Index(None, "entity", "entity_id", "id"),
)


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: an agent ID, or `os:NAME` for somebody at the machine's own command line. `source`:
    the address that it came from.
    """

    who: str
    at_us: int
    reason: str = ""
    source: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `changes` is `{field: [before, after]}`."""

    id: str
    at_us: int
    entity: str
    entity_id: str
    act: str
    who: str
    reason: str
    source: str
    changes: dict[str, tuple[Any, Any]]


async def note(
    connection: AsyncConnection,
    by: By,
    entity: str,
    entity_id: str,
    act: str,
    changes: dict[str, tuple[Any, Any]] | None = None,
) -> None:
    """Write a line, in the transaction that does what it says."""
    values = {
        "id": new_key(),
        "at_us": by.at_us,
        "entity": entity,
        "entity_id": entity_id,
        "act": act,
        "who": by.who,
        "reason": by.reason,
        "source": by.source,
        "changes": msgspec.json.encode(changes or {}).decode(),
    }
    await connection.execute(insert(HISTORY).values(values))


async def of_entity(
    connection: AsyncConnection, entity: str, entity_id: str, after: str = "", limit: int = 100
) -> list[Line]:
    """The lines of one row, oldest first, those after the line `after`."""
    mine = (HISTORY.c.entity == entity) & (HISTORY.c.entity_id == entity_id)
    asked = select(HISTORY).where(mine, HISTORY.c.id > after).order_by(HISTORY.c.id).limit(limit)
    return [
        msgspec.convert({**plain(row), "changes": msgspec.json.decode(row["changes"])}, Line)
        for row in (await connection.execute(asked)).mappings()
    ]
