"""Structs in and out of tables. A change names the `rev` that it has seen, and writes its line of
history in the same transaction: there is no other way to write a row that people own.

A struct has the fields of its table's columns, `id` and `rev` among them.
"""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.store.history import By, note
from centre.store.keys import new_key
from centre.store.schema import plain

HIDDEN = "***"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row has. A new one gets its key here."""

    id: str = msgspec.field(default_factory=new_key)
    rev: int = 1


T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R", bound=Row)


class ChangedMeanwhileError(Exception):
    """The row has another `rev` than whoever changes it has seen. Nothing was written."""

    def __init__(self, entity: str, rev: int) -> None:
        super().__init__(f"{entity} is at rev {rev}")
        self.rev = rev


async def every(connection: AsyncConnection, asked: Select[Any], kind: type[T]) -> list[T]:
    """The rows of a query as structs."""
    found = await connection.execute(asked)
    return [msgspec.convert(plain(row), kind) for row in found.mappings()]


async def one(connection: AsyncConnection, asked: Select[Any], kind: type[T]) -> T | None:
    """The row of a query, None where there is none."""
    row = (await connection.execute(asked)).mappings().one_or_none()
    return None if row is None else msgspec.convert(plain(row), kind)


async def by_key(connection: AsyncConnection, table: Table, key: str, kind: type[T]) -> T | None:
    """The row with this key."""
    return await one(connection, select(table).where(table.c.id == key), kind)


async def add(connection: AsyncConnection, table: Table, row: R, by: By) -> R:
    """Write a new row. Raises IntegrityError for one that is there already."""
    await connection.execute(insert(table).values(msgspec.structs.asdict(row)))
    whole = {name: (None, value) for name, value in msgspec.structs.asdict(row).items()}
    await note(connection, by, f"{table.name}", row.id, "created", _shown(table, whole))
    return row


async def change(
    connection: AsyncConnection, table: Table, before: R, after: R, by: By, act: str = "changed"
) -> R:
    """Write `after` in the place of `before`, with the next `rev`; the row as it is then.

    What changes nothing writes nothing. Raises ChangedMeanwhileError.
    """
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    fields = [name for name in new if name not in ("id", "rev") and new[name] != old[name]]
    if not fields:
        return before
    values = {name: new[name] for name in fields} | {"rev": before.rev + 1}
    seen = (table.c.id == before.id) & (table.c.rev == before.rev)
    written = await connection.execute(update(table).where(seen).values(values))
    if written.rowcount != 1:
        now = await connection.scalar(select(table.c.rev).where(table.c.id == before.id))
        raise ChangedMeanwhileError(f"{table.name}", now or 0)
    changes = {name: (old[name], new[name]) for name in fields}
    await note(connection, by, f"{table.name}", before.id, act, _shown(table, changes))
    return msgspec.structs.replace(after, id=before.id, rev=before.rev + 1)


def _shown(table: Table, changes: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    return {
        name: tuple(_hide(each) for each in pair) if table.c[name].info.get("secret") else pair
        for name, pair in changes.items()
    }


def _hide(value: Any) -> Any:
    return HIDDEN if value else value
