"""Teams, people, and how they sign in."""

import sqlalchemy as sa
from alembic import op

from centre.store.migrations.kinds import key, number, text, word

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "teams", key(), number("rev"), word("code"), word("name", 100), word("unit"),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("code", name="uq_teams_code"),
    )  # fmt: skip
    op.create_table(
        "people", key(), number("rev"), word("agent_id"), word("name", 100),
        sa.Column("team", text(64), nullable=True),
        word("employer"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("agent_id", name="uq_people_agent_id"),
        sa.ForeignKeyConstraint(["team"], ["teams.code"], name="fk_people_team"),
    )  # fmt: skip
    op.create_table(
        "accounts", key(), number("rev"), key("person_id"), word("password_hash", 200),
        sa.Column("must_change", sa.Boolean, nullable=False),
        word("totp_secret"), number("totp_step"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("person_id", name="uq_accounts_person_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_accounts_person_id"),
    )  # fmt: skip
    op.create_table(
        "grants", key(), number("rev"), key("person_id"), word("role"), word("scope", 80),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("person_id", "role", "scope", name="uq_grants_person_id_role_scope"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_grants_person_id"),
    )  # fmt: skip
    _sessions()
    op.create_table(
        "tries", word("id"), number("failures"), number("last_us"),
        sa.PrimaryKeyConstraint("id", name="pk_tries"),
    )  # fmt: skip


def _sessions() -> None:
    op.create_table(
        "sessions", key(), key("person_id"), word("token_hash"), word("seat"), word("source", 128),
        number("began_us"), number("seen_us"),
        sa.Column("ended_us", sa.BigInteger, nullable=True), word("ended_why"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id"),
    )  # fmt: skip
    for name, live in (
        ("person_id", "ended_us IS NULL"),
        ("seat", "ended_us IS NULL AND seat <> ''"),
    ):
        where = sa.text(live)
        op.create_index(
            f"one_live_{name}", "sessions", [name], unique=True,
            sqlite_where=where, postgresql_where=where,
        )  # fmt: skip


def downgrade() -> None:
    """Take them away, with what they hold."""
    for name in ("tries", "sessions", "grants", "accounts", "people", "teams"):
        op.drop_table(name)
