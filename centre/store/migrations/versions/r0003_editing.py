"""Who has a form open; one-time passwords that end."""

import sqlalchemy as sa
from alembic import op

from centre.store.migrations.kinds import key, number, word

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A table, and a column that is 0 for every password that was not given by somebody else."""
    op.create_table(
        "editing", key(), word("entity"), word("entity_id", 128), word("who", 128),
        number("until_us"),
        sa.PrimaryKeyConstraint("id", name="pk_editing"),
        sa.UniqueConstraint("entity", "entity_id", name="uq_editing_entity_entity_id"),
    )  # fmt: skip
    column = sa.Column("until_us", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("accounts", column)


def downgrade() -> None:
    """Take both away."""
    op.drop_column("accounts", "until_us")
    op.drop_table("editing")
