"""The history, to which lines are only added."""

import sqlalchemy as sa
from alembic import op

from centre.store.migrations.kinds import LONG, key, word

revision = "0001"
down_revision = None

_REFUSED = "history is only added to"


def upgrade() -> None:
    """Make the table, and what guards it."""
    op.create_table(
        "history",
        key(),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        word("entity"),
        word("entity_id", 128),
        word("act"),
        word("who", 128),
        word("reason", 500),
        word("source", 128),
        sa.Column("changes", LONG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_entity_entity_id_id", "history", ["entity", "entity_id", "id"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER history_no_{act.lower()} BEFORE {act} ON history"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = '23514'; END $$"
    )
    op.execute(
        "CREATE TRIGGER history_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON history"
        " FOR EACH STATEMENT EXECUTE FUNCTION history_refuse()"
    )


def downgrade() -> None:
    """Take it away, with what it holds."""
    op.drop_table("history")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION history_refuse()")
