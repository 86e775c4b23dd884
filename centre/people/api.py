"""Operations on teams and people. Each looks whether it may, then acts and writes its history."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.contracts import editing
from centre.contracts.editing import Editing
from centre.contracts.faults import (
    BEING_EDITED,
    NOT_FOUND,
    TAKEN,
    allow,
    at_rev,
    by,
    changed,
    version,
)
from centre.contracts.importing import Plan, Values, plan
from centre.contracts.rights import Place, Principal, Scope
from centre.contracts.tables.text import Row
from centre.people import importing, rows, rules
from centre.people.model import (
    Member,
    Page,
    Person,
    PersonEdit,
    PersonIn,
    Team,
    TeamEdit,
    TeamIn,
    Teams,
    Why,
)
from centre.store.engine import Store
from centre.store.history import By, Line, of_entity
from centre.store.rows import ChangedMeanwhileError, R, add, change
from cti.routes.declare import Asked, route
from cti.routes.problem import CHANGED, NOT_ALLOWED, ApiError, FieldError, bad_fields
from cti.routes.text import Name

Limit = Annotated[int, Meta(ge=1, le=200)]
Key = Annotated[str, Meta(pattern="^[0-9A-Z]{0,26}$")]

T = TypeVar("T")

Gone = Callable[[AsyncConnection, str, By], Awaitable[None]]
"""Called in the transaction that disables a person, with their key: ends what they have open."""

_NO_TEAM: Final = FieldError("team", "must be the code of a team that is there", "", "choice")


class People:
    """The operations; `gone` is what else ends when somebody is disabled."""

    def __init__(self, store: Store, now_us: Callable[[], int], gone: Gone) -> None:
        self._store = store
        self._now_us = now_us
        self._gone = gone

    # --- teams -----------------------------------------------------------------------------------

    @route("GET", "/v1/teams", needs="people.read")
    async def teams(self, asked: Asked[Principal]) -> Teams:
        """All teams."""
        if not asked.principal.scopes("people.read"):
            raise ApiError(NOT_ALLOWED, "people.read")
        async with self._store.read() as connection:
            return Teams(items=await rows.teams(connection))

    @route("POST", "/v1/teams", needs="teams.write", status=201, faults=(TAKEN,), once=True)
    async def add_team(self, asked: Asked[Principal], body: TeamIn) -> Team:
        """A new team."""
        allow(asked, "teams.write", Place(team=body.code, unit=body.unit))
        made = Team(code=body.code, name=body.name, unit=body.unit)
        try:
            async with self._store.write() as connection:
                team = await add(connection, rows.TEAMS, made, by(asked, self._now_us()))
        except IntegrityError as error:
            raise ApiError(TAKEN, f"there is a team {body.code}", subject=body.code) from error
        version(asked, team.rev)
        return team

    @route(
        "PUT", "/v1/teams/{code}", needs="teams.write", if_match=True, faults=(NOT_FOUND, CHANGED)
    )
    async def change_team(self, asked: Asked[Principal], code: Name, body: TeamEdit) -> Team:
        """Change a team."""
        async with self._store.write() as connection:
            before = await rows.team(connection, code)
            if before is None:
                raise ApiError(NOT_FOUND, f"no team {code}")
            allow(asked, "teams.write", Place(team=code, unit=before.unit))
            allow(asked, "teams.write", Place(team=code, unit=body.unit))
            at_rev(asked, before.rev)
            after = msgspec.structs.replace(before, name=body.name, unit=body.unit)
            team = await self._write(connection, rows.TEAMS, before, after, asked)
        version(asked, team.rev)
        return team

    # --- people ----------------------------------------------------------------------------------

    @route("GET", "/v1/people", needs="people.read")
    async def people(self, asked: Asked[Principal], after: Key = "", limit: Limit = 50) -> Page:
        """Those whom one may see."""
        async with self._store.read() as connection:
            found = await rows.members(connection, asked.principal, after, limit + 1)
        more = len(found) > limit
        return Page(items=found[:limit], next=found[limit - 1].id if more else "")

    @route("GET", "/v1/people/{agent_id}", needs="people.read", faults=(NOT_FOUND,))
    async def person(self, asked: Asked[Principal], agent_id: Name) -> Member:
        """One person."""
        async with self._store.read() as connection:
            found = await self._seen(connection, asked.principal, agent_id)
        version(asked, found.rev)
        return found

    @route("POST", "/v1/people", needs="people.write", status=201, faults=(TAKEN,), once=True)
    async def add_person(self, asked: Asked[Principal], body: PersonIn) -> Member:
        """A new person. They can sign in once they are given a password and a role."""
        made = Person(
            agent_id=body.agent_id, name=body.name, team=body.team or None, employer=body.employer
        )
        try:
            async with self._store.write() as connection:
                place = await self._place(connection, made.id, body.team, body.employer)
                allow(asked, "people.write", place)
                await add(connection, rows.PEOPLE, made, by(asked, self._now_us()))
                found = await rows.member(connection, body.agent_id)
        except IntegrityError as error:
            told = f"{body.agent_id} is somebody's"
            raise ApiError(TAKEN, told, subject=body.agent_id) from error
        version(asked, 1)
        return _there(found, body.agent_id)

    @route(
        "PUT", "/v1/people/{agent_id}", needs="people.write", if_match=True,
        faults=(NOT_FOUND, CHANGED),
    )  # fmt: skip
    async def change_person(
        self, asked: Asked[Principal], agent_id: Name, body: PersonEdit
    ) -> Member:
        """Change a person."""
        async with self._store.write() as connection:
            seen = await self._seen(connection, asked.principal, agent_id)
            place = await self._place(connection, seen.id, body.team, body.employer)
            if not rules.may_move(asked.principal, seen.place, place):
                raise ApiError(NOT_ALLOWED, "people.write")
            before = _there(await rows.person(connection, agent_id), agent_id)
            at_rev(asked, before.rev)  # of the row that is changed: another may have been quicker
            after = msgspec.structs.replace(
                before, name=body.name, team=body.team or None, employer=body.employer
            )
            person = await self._write(connection, rows.PEOPLE, before, after, asked)
            found = await rows.member(connection, agent_id)
        version(asked, person.rev)
        return _there(found, agent_id)

    @route(
        "PUT", "/v1/people/{agent_id}/editing", needs="people.write",
        faults=(NOT_FOUND, BEING_EDITED),
    )  # fmt: skip
    async def begin_editing(self, asked: Asked[Principal], agent_id: Name) -> Editing:
        """Say that one has the form of a person open; once in half a minute while it is. 409 names
        (`subject`) who has it open.
        """
        me = asked.principal.name
        async with self._store.write() as connection:
            whom = await self._seen(connection, asked.principal, agent_id)
            allow(asked, "people.write", whom.place)
            found = await editing.begin(connection, "people", whom.id, me, self._now_us())
        if found.who != me:
            raise ApiError(BEING_EDITED, f"{found.who} is changing it", subject=found.who)
        return found

    @route("DELETE", "/v1/people/{agent_id}/editing", needs="people.write", faults=(NOT_FOUND,))
    async def end_editing(self, asked: Asked[Principal], agent_id: Name) -> None:
        """The form is closed."""
        async with self._store.write() as connection:
            whom = await self._seen(connection, asked.principal, agent_id)
            await editing.end(connection, "people", whom.id, asked.principal.name)

    @route("POST", "/v1/people/{agent_id}/disable", needs="people.disable", faults=(NOT_FOUND,))
    async def disable(self, asked: Asked[Principal], agent_id: Name, body: Why) -> Member:
        """Somebody may do nothing more, from now on: their sessions end with this."""
        return await self._switch(asked, agent_id, body, active=False)

    @route("POST", "/v1/people/{agent_id}/enable", needs="people.disable", faults=(NOT_FOUND,))
    async def enable(self, asked: Asked[Principal], agent_id: Name, body: Why) -> Member:
        """Somebody may sign in again."""
        return await self._switch(asked, agent_id, body, active=True)

    @route("GET", "/v1/people/{agent_id}/history", needs="history.read", faults=(NOT_FOUND,))
    async def history(
        self, asked: Asked[Principal], agent_id: Name, after: Key = "", limit: Limit = 50
    ) -> list[Line]:
        """Who has done what to this person's row, oldest first."""
        async with self._store.read() as connection:
            found = await rows.member(connection, agent_id)
            if found is None or not asked.principal.may("history.read", found.place):
                raise ApiError(NOT_FOUND, f"nobody is {agent_id}")
            return await of_entity(connection, "people", found.id, after, limit)

    async def bring(
        self, asked: Asked[Principal], table: Iterable[Row], *, dry_run: bool, good_rows_only: bool
    ) -> Plan:
        """People from a table: new ones and changed ones, in one transaction. The dry run reads the
        same and writes nothing. For whoever may write everybody.
        """
        if Scope("all") not in asked.principal.scopes("people.write"):
            raise ApiError(NOT_ALLOWED, "people.write everywhere")
        act = by(asked, self._now_us(), "import")
        try:
            async with self._store.read(None) if dry_run else self._store.write(None) as connection:
                return await _bring(
                    connection, table, act, dry_run=dry_run, good_rows_only=good_rows_only
                )
        except IntegrityError as error:
            raise ApiError(TAKEN, "somebody else has added one of them") from error
        except ChangedMeanwhileError as error:
            raise changed(error) from error

    async def _switch(
        self, asked: Asked[Principal], agent_id: str, why: Why, *, active: bool
    ) -> Member:
        act = by(asked, self._now_us(), why.reason)
        async with self._store.write() as connection:
            seen = await self._seen(connection, asked.principal, agent_id)
            if not rules.may_disable(asked.principal, seen.place):
                raise ApiError(NOT_ALLOWED, "people.disable, and not oneself")
            before = _there(await rows.person(connection, agent_id), agent_id)
            after = msgspec.structs.replace(before, active=active)
            verb = "enabled" if active else "disabled"
            try:
                await change(connection, rows.PEOPLE, before, after, act, verb)
            except ChangedMeanwhileError as error:
                raise changed(error) from error
            if not active:
                await self._gone(connection, seen.id, act)
            return _there(await rows.member(connection, agent_id), agent_id)

    async def _seen(self, connection: AsyncConnection, who: Principal, agent_id: str) -> Member:
        """Whom one may not see is not there."""
        found = await rows.member(connection, agent_id)
        if found is None or not who.may("people.read", found.place):
            raise ApiError(NOT_FOUND, f"nobody is {agent_id}")
        return found

    async def _place(
        self, connection: AsyncConnection, person_id: str, code: str, employer: str
    ) -> Place:
        team = await rows.team(connection, code) if code else None
        if code and team is None:
            raise bad_fields((_NO_TEAM,))
        unit = team.unit if team else ""
        return Place(person=person_id, team=code, unit=unit, employer=employer)

    async def _write(
        self,
        connection: AsyncConnection,
        table: Table,
        before: R,
        after: R,
        asked: Asked[Principal],
    ) -> R:
        try:
            return await change(connection, table, before, after, by(asked, self._now_us()))
        except ChangedMeanwhileError as error:
            raise changed(error) from error


def _there(found: T | None, agent_id: str) -> T:
    if found is None:
        raise ApiError(NOT_FOUND, f"nobody is {agent_id}")
    return found


async def _bring(
    connection: AsyncConnection, table: Iterable[Row], act: By, *, dry_run: bool,
    good_rows_only: bool,
) -> Plan:  # fmt: skip
    there = {each.agent_id: each for each in await rows.everybody(connection)}
    teams = {each.code for each in await rows.teams(connection)}

    def present(agent_id: str) -> Values | None:
        person = there.get(agent_id)
        return None if person is None else importing.as_values(person)

    found = plan(table, importing.columns(teams), "agent_id", present)
    for each in () if dry_run else found.writable(good_rows_only=good_rows_only):
        fields = importing.as_fields(each.values)
        if (before := there.get(each.key)) is None:
            await add(connection, rows.PEOPLE, Person(agent_id=each.key, **fields), act)
        else:
            after = msgspec.structs.replace(before, **fields)
            await change(connection, rows.PEOPLE, before, after, act)
    return found
