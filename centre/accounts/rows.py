"""The tables of accounts, and what is asked of them."""

import hashlib

import msgspec
from sqlalchemy import Index, Table, UniqueConstraint, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.accounts.model import Account, Grant, Seen, Session
from centre.accounts.rules import FORGOTTEN_AFTER_US
from centre.store.history import By, note
from centre.store.rows import every, one
from centre.store.schema import (
    METADATA,
    SECRET,
    key,
    number,
    refers,
    rev,
    time_us,
    word,
    yes_or_no,
)

ACCOUNTS = Table(
    "accounts", METADATA, key(), rev(), refers("person_id", "people.id"),
    word("password_hash", 200, info=SECRET), yes_or_no("must_change"),
    word("totp_secret", info=SECRET), number("totp_step"),
    time_us("until_us"),
    UniqueConstraint("person_id"),
)  # fmt: skip
GRANTS = Table(
    "grants", METADATA, key(), rev(), refers("person_id", "people.id"), word("role"),
    word("scope", 80),
    UniqueConstraint("person_id", "role", "scope"),
)  # fmt: skip
SESSIONS = Table(
    "sessions", METADATA, key(), refers("person_id", "people.id"),
    word("token_hash", info=SECRET), word("seat"), word("source", 128), time_us("began_us"),
    time_us("seen_us"), time_us("ended_us", nullable=True), word("ended_why"),
    UniqueConstraint("token_hash"),
    Index(None, "person_id", "source"),
)  # fmt: skip

# One live session of a person, and one at a seat: the database says so, whoever comes at once.
_LIVE, _SEATED = text("ended_us IS NULL"), text("ended_us IS NULL AND seat <> ''")
Index("one_live_person_id", SESSIONS.c.person_id, unique=True,
      sqlite_where=_LIVE, postgresql_where=_LIVE)  # fmt: skip
Index("one_live_seat", SESSIONS.c.seat, unique=True,
      sqlite_where=_SEATED, postgresql_where=_SEATED)  # fmt: skip

TRIES = Table(
    "tries", METADATA, word("id", primary_key=True), number("failures"), time_us("last_us"),
    Index(None, "last_us"),
)  # fmt: skip


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """Wrong passwords in a row."""

    id: str
    failures: int = 0
    last_us: int = 0


async def account(connection: AsyncConnection, person_id: str) -> Account | None:
    """How somebody signs in; None before they were given a password."""
    return await one(connection, select(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id), Account)


async def grants(connection: AsyncConnection, person_id: str) -> list[Grant]:
    """What somebody was granted, oldest first."""
    asked = select(GRANTS).where(GRANTS.c.person_id == person_id).order_by(GRANTS.c.id)
    return await every(connection, asked, Grant)


async def anybody_with(connection: AsyncConnection, role: str) -> bool:
    """Whether a role was granted to anybody, active or not."""
    asked = select(GRANTS.c.id).where(GRANTS.c.role == role).limit(1)
    return await connection.scalar(asked) is not None


async def revoke(connection: AsyncConnection, grant: Grant, by: By) -> None:
    """Take a grant away."""
    await connection.execute(delete(GRANTS).where(GRANTS.c.id == grant.id))
    changes = {"role": (grant.role, None), "scope": (grant.scope, None)}
    await note(connection, by, "grants", grant.id, "revoked", changes)


# --- sessions ------------------------------------------------------------------------------------


async def live(connection: AsyncConnection, hashed: str) -> Session | None:
    """The session of a token that has not ended."""
    asked = select(SESSIONS).where(SESSIONS.c.token_hash == hashed, SESSIONS.c.ended_us.is_(None))
    return await one(connection, asked, Session)


async def sessions(connection: AsyncConnection, person_id: str, limit: int = 20) -> list[Seen]:
    """The newest of somebody."""
    asked = select(SESSIONS).where(SESSIONS.c.person_id == person_id)
    return await every(connection, asked.order_by(SESSIONS.c.id.desc()).limit(limit), Seen)


async def in_the_way(connection: AsyncConnection, person_id: str, seat: str) -> list[Session]:
    """Live sessions of this person, and at this seat."""
    mine = SESSIONS.c.person_id == person_id
    there = mine | (SESSIONS.c.seat == seat) if seat else mine
    asked = select(SESSIONS).where(there, SESSIONS.c.ended_us.is_(None))
    return await every(connection, asked, Session)


async def begin(connection: AsyncConnection, session: Session) -> bool:
    """Write a new session; False when another one is live meanwhile, and nothing is written."""
    try:
        async with connection.begin_nested():
            await connection.execute(insert(SESSIONS).values(msgspec.structs.asdict(session)))
    except IntegrityError:
        return False
    return True


async def end(connection: AsyncConnection, session_id: str, now_us: int, why: str) -> None:
    """A session is over."""
    mine = (SESSIONS.c.id == session_id) & SESSIONS.c.ended_us.is_(None)
    await connection.execute(update(SESSIONS).where(mine).values(ended_us=now_us, ended_why=why))


async def end_all(connection: AsyncConnection, person_id: str, now_us: int, why: str) -> int:
    """Every session of somebody is over; how many were live."""
    mine = (SESSIONS.c.person_id == person_id) & SESSIONS.c.ended_us.is_(None)
    done = await connection.execute(
        update(SESSIONS).where(mine).values(ended_us=now_us, ended_why=why)
    )
    return done.rowcount


async def seen(connection: AsyncConnection, session_id: str, now_us: int) -> None:
    """A session was used."""
    await connection.execute(
        update(SESSIONS).where(SESSIONS.c.id == session_id).values(seen_us=now_us)
    )


async def has_been_at(connection: AsyncConnection, person_id: str, source: str) -> bool:
    """Whether somebody has signed in from this address before."""
    asked = select(SESSIONS.c.id).where(
        SESSIONS.c.person_id == person_id, SESSIONS.c.source == source
    )
    return await connection.scalar(asked.limit(1)) is not None


# --- tries ---------------------------------------------------------------------------------------


def tries_key(agent_id: str, source: str) -> str:
    """Of an account and an address; a stranger's text does not stand in the table."""
    return hashlib.sha256(f"{agent_id}\n{source}".encode()).hexdigest()


async def tries(connection: AsyncConnection, key_of: str) -> Tries:
    """How many there were."""
    found = await one(connection, select(TRIES).where(TRIES.c.id == key_of), Tries)
    return found or Tries(id=key_of)


async def count_try(connection: AsyncConnection, before: Tries, now_us: int) -> bool:
    """One more; False when somebody else counted in the same moment, who is then the one to go on.

    What is older than a day is forgotten, so that the table does not grow without end.
    """
    is_old = now_us - before.last_us >= FORGOTTEN_AFTER_US
    failures = 1 if is_old else before.failures + 1
    if not before.failures:
        try:
            async with connection.begin_nested():
                values = {"id": before.id, "failures": failures, "last_us": now_us}
                await connection.execute(insert(TRIES).values(values))
        except IntegrityError:
            return False
        await connection.execute(delete(TRIES).where(TRIES.c.last_us < now_us - FORGOTTEN_AFTER_US))
        return True
    mine = (TRIES.c.id == before.id) & (TRIES.c.failures == before.failures)
    done = await connection.execute(
        update(TRIES).where(mine).values(failures=failures, last_us=now_us)
    )
    return done.rowcount == 1


async def forget_tries(connection: AsyncConnection, *keys: str) -> None:
    """The password was right."""
    await connection.execute(delete(TRIES).where(TRIES.c.id.in_(keys)))
