"""Which revision a database is at. Alembic, which knows more, costs half a second at a start."""

from typing import Final

from sqlalchemy import ColumnElement, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.store.engine import Store

HEAD: Final = "0004"
"""The newest file of `migrations/versions`; a test holds it to that."""

NOTHING: Final = ""


class WrongRevisionError(Exception):
    """The database is not at our revision; `str()` says what to do."""


async def revision_of(connection: AsyncConnection) -> str:
    """The revision, `NOTHING` of an empty database."""
    names = await connection.run_sync(lambda made: inspect(made).get_table_names())
    if "alembic_version" not in names:
        return NOTHING
    version: ColumnElement[str] = column("version_num")
    asked = select(version).select_from(table("alembic_version"))
    return await connection.scalar(asked) or NOTHING


async def check_revision(store: Store) -> None:
    """Raises WrongRevisionError, and StoreError."""
    async with store.read() as connection:
        found = await revision_of(connection)
    if found == HEAD:
        return
    if found > HEAD:
        raise WrongRevisionError(
            f"the database is at revision {found}, this program knows {HEAD};"
            " next: start the newer program, or with it: cti centre migrate --to " + HEAD
        )
    raise WrongRevisionError(
        f"the database is at revision {found or 'none'}, not at {HEAD}; next: cti centre migrate"
    )
