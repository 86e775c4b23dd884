"""Up and down between revisions, each way one transaction: a migration that fails changes nothing.

The only file that loads Alembic; the server never does.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from centre.store.engine import Store
from centre.store.schema import METADATA
from centre.store.schema_at import NOTHING, revision_of

FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x70616964  # "paid": of this program among PostgreSQL's advisory locks


class NoRevisionError(ValueError):
    """There is no such revision."""


def revisions() -> list[str]:
    """All that there are, oldest first."""
    found = [each.revision for each in ScriptDirectory(str(FOLDER)).walk_revisions()]
    return found[::-1]


async def migrate(store: Store, to: str) -> tuple[str, str]:
    """Go to a revision, up or down (`NOTHING`: an empty database); from where, and to where.

    Raises NoRevisionError, StoreError, and whatever a migration raises.
    """
    known = revisions()
    if to != NOTHING and to not in known:
        raise NoRevisionError(f"no revision {to}; there are {', '.join(known)}")
    async with store.write(limit_s=None) as connection:
        if store.dialect == "postgresql":  # SQLite's writer is the only one by now
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        at = await revision_of(connection)
        if at != NOTHING and at not in known:
            raise NoRevisionError(f"the database is at {at}, which this program does not know")
        await connection.run_sync(_go, at, to)
    return at, to


def _go(connection: Connection, at: str, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes.update(connection=connection, metadata=METADATA)
    if to > at:
        command.upgrade(config, to)
    elif to < at:
        command.downgrade(config, to or "base")
