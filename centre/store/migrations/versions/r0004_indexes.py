"""What is asked at each sign-in is found by an index: sessions grow for years."""

from alembic import op

revision = "0004"
down_revision = "0003"

_INDEXES = {"sessions": ["person_id", "source"], "tries": ["last_us"], "people": ["team"]}


def upgrade() -> None:
    """Make them."""
    for table, columns in _INDEXES.items():
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """Take them away."""
    for table, columns in _INDEXES.items():
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
