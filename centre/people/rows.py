"""The tables of teams and people, and what is asked of them."""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    Table,
    UniqueConstraint,
    false,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.contracts.directory import Standing
from centre.contracts.rights import Principal, Scope
from centre.people.model import Member, Person, Team
from centre.store.rows import every, one
from centre.store.schema import METADATA, key, rev, text, word, yes_or_no

TEAMS = Table(
    "teams", METADATA, key(), rev(), word("code"), word("name", 100), word("unit"),
    UniqueConstraint("code"),
)  # fmt: skip
PEOPLE = Table(
    "people", METADATA, key(), rev(), word("agent_id"), word("name", 100),
    Column("team", text(64), ForeignKey("teams.code"), nullable=True),
    word("employer"), yes_or_no("active"),
    UniqueConstraint("agent_id"),
    Index(None, "team"),
)  # fmt: skip

_MEMBERS: Select[Any] = select(PEOPLE, TEAMS.c.unit).outerjoin(TEAMS, PEOPLE.c.team == TEAMS.c.code)


async def team(connection: AsyncConnection, code: str) -> Team | None:
    """The team of this code."""
    return await one(connection, select(TEAMS).where(TEAMS.c.code == code), Team)


async def teams(connection: AsyncConnection) -> list[Team]:
    """All of them: a great centre has some hundred."""
    return await every(connection, select(TEAMS).order_by(TEAMS.c.code), Team)


async def person(connection: AsyncConnection, agent_id: str) -> Person | None:
    """The row of a person, to change it."""
    return await one(connection, select(PEOPLE).where(PEOPLE.c.agent_id == agent_id), Person)


async def everybody(connection: AsyncConnection) -> list[Person]:
    """Every row: for an import, which compares a file with what is there."""
    return await every(connection, select(PEOPLE).order_by(PEOPLE.c.id), Person)


async def member(connection: AsyncConnection, agent_id: str) -> Member | None:
    """A person with the unit of their team."""
    return await one(connection, _MEMBERS.where(PEOPLE.c.agent_id == agent_id), Member)


async def members(
    connection: AsyncConnection, who: Principal, after: str, limit: int
) -> list[Member]:
    """Those whom somebody may see, by key, after one."""
    seen = or_(false(), *(_within(scope, who.person) for scope in who.scopes("people.read")))
    asked = _MEMBERS.where(seen, PEOPLE.c.id > after).order_by(PEOPLE.c.id).limit(limit)
    return await every(connection, asked, Member)


def _within(scope: Scope, person_id: str) -> ColumnElement[bool]:
    """`Scope.reaches` for the database: a test holds one to the other."""
    match scope.kind:
        case "all":
            return true()
        case "self":
            return PEOPLE.c.id == person_id
        case "team":
            return PEOPLE.c.team == scope.value
        case "unit":
            return TEAMS.c.unit == scope.value
        case "employer":
            return PEOPLE.c.employer == scope.value
        case "queue":
            return false()


class Directory:
    """What accounts ask of people (`centre.contracts.directory`)."""

    async def by_agent_id(self, connection: AsyncConnection, agent_id: str) -> Standing | None:
        """The person who signs in with this ID."""
        return _standing(await member(connection, agent_id))

    async def by_id(self, connection: AsyncConnection, person_id: str) -> Standing | None:
        """The person with this key."""
        return _standing(await one(connection, _MEMBERS.where(PEOPLE.c.id == person_id), Member))

    async def hold(self, connection: AsyncConnection, person_id: str) -> None:
        """One at a time; SQLite's writers are that anyhow."""
        asked = select(PEOPLE.c.id).where(PEOPLE.c.id == person_id).with_for_update()
        await connection.execute(asked)


def _standing(found: Member | None) -> Standing | None:
    if found is None:
        return None
    return Standing(
        id=found.id, agent_id=found.agent_id, name=found.name, active=found.active,
        place=found.place,
    )  # fmt: skip
