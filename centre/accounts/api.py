"""Operations on accounts, grants and sessions. Each asks whether it may, then acts."""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.accounts import rows, rules, totp
from centre.accounts.model import (
    Account,
    Because,
    Confirm,
    Grant,
    GrantIn,
    NewPassword,
    OneTime,
    SecondFactor,
    Seen,
    SignedIn,
    SignIn,
)
from centre.accounts.roles import Roles
from centre.accounts.secrets import Hashing, one_time_password
from centre.accounts.sessions import SIGNED_IN_ALREADY, Known, Sessions
from centre.contracts.directory import Directory, Standing
from centre.contracts.faults import NOT_FOUND, TAKEN, allow, by
from centre.contracts.rights import Principal, Scope, clash, is_within, parse_scope
from centre.store.engine import Store
from centre.store.history import By, note
from centre.store.rows import add, change
from cti.routes.declare import PUBLIC, SIGNED_IN, Asked, route
from cti.routes.problem import (
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    TOO_MANY,
    ApiError,
    FieldError,
    Kind,
    bad_fields,
)
from cti.routes.text import Name

NOT_TOGETHER: Final = Kind("not-together", 409, "One person must not hold both")
COOKIE: Final = "paidui"


class Accounts:
    """The operations. `secure`: browsers come by https, so the cookie is for that only."""

    def __init__(  # built in one place
        self, store: Store, directory: Directory, roles: Roles, hashing: Hashing,
        sessions: Sessions, now_us: Callable[[], int], *, secure: bool = True,
    ) -> None:  # fmt: skip
        self._store = store
        self._directory = directory
        self._roles = roles
        self._hashing = hashing
        self._sessions = sessions
        self._now_us = now_us
        self._secure = secure

    # --- oneself ---------------------------------------------------------------------------------

    @route("POST", "/v1/sign-in", needs=PUBLIC, faults=(NOT_SIGNED_IN, SIGNED_IN_ALREADY, TOO_MANY))
    async def sign_in(self, asked: Asked[Principal], body: SignIn) -> SignedIn:
        """Sign in. `code` of a 401 says what is missing: wrongPassword, codeNeeded, wrongCode."""
        token, known = await self._sessions.sign_in(body, asked.principal.source)
        asked.headers["Set-Cookie"] = self._cookie(token)
        return msgspec.structs.replace(_signed_in(known), token=token)

    @route("GET", "/v1/me", needs=SIGNED_IN)
    async def me(self, asked: Asked[Principal]) -> SignedIn:
        """Who is signed in, and what they may do."""
        me, account = await self._me(asked)
        return SignedIn(
            agent_id=me.agent_id,
            name=me.name,
            must_change=account.must_change,
            rights=sorted(asked.principal.rights),
        )

    @route("POST", "/v1/sign-out", needs=SIGNED_IN)
    async def sign_out(self, asked: Asked[Principal]) -> None:
        """Sign out: the token is worth nothing from now on."""
        await self._sessions.sign_out(asked.principal.session)
        asked.headers["Set-Cookie"] = self._cookie("") + "; Max-Age=0"

    @route("PUT", "/v1/me/password", needs=SIGNED_IN, faults=(NOT_SIGNED_IN, TOO_MANY))
    async def change_password(self, asked: Asked[Principal], body: NewPassword) -> None:
        """A new password of one's own."""
        me, account = await self._me(asked)
        if fault := rules.password_fault(body.new, me.agent_id, me.name):
            raise bad_fields((FieldError("new", fault, "", "pattern"),))
        if body.new == body.present:
            raise bad_fields((FieldError("new", "must be another one", "", "pattern"),))
        await self._sessions.prove(asked.principal, account, body.present)
        hashed = await self._hashing.make(body.new)
        async with self._store.write() as connection:
            await self._keep(connection, account, by(asked, self._now_us()), hashed, must=False)

    @route("POST", "/v1/me/second-factor", needs=SIGNED_IN)
    async def new_second_factor(self, asked: Asked[Principal]) -> SecondFactor:
        """A secret for an authenticator; it counts once it is confirmed."""
        secret = totp.new_secret()
        return SecondFactor(secret=secret, uri=totp.uri(secret, asked.principal.name))

    @route("PUT", "/v1/me/second-factor", needs=SIGNED_IN, faults=(NOT_SIGNED_IN, TOO_MANY))
    async def confirm_second_factor(self, asked: Asked[Principal], body: Confirm) -> None:
        """From the next sign-in on the second factor is asked for."""
        _, account = await self._me(asked)
        step = totp.used_step(body.secret, body.code, self._now_us(), 0)
        if not step:
            raise bad_fields(
                (FieldError("code", "is not of this secret and moment", "", "choice"),)
            )
        await self._sessions.prove(asked.principal, account, body.password)
        after = msgspec.structs.replace(account, totp_secret=body.secret, totp_step=step)
        async with self._store.write() as connection:
            act = by(asked, self._now_us())
            await change(connection, rows.ACCOUNTS, account, after, act, "secondFactor")

    # --- others ----------------------------------------------------------------------------------

    @route("POST", "/v1/people/{agent_id}/password", needs="accounts.reset", faults=(NOT_FOUND,))
    async def reset(self, asked: Asked[Principal], agent_id: Name, body: Because) -> OneTime:
        """A one-time password for somebody who has no more rights than oneself; the second factor
        is taken away, and their sessions end.
        """
        password = one_time_password()
        hashed = await self._hashing.make(password)
        act = by(asked, self._now_us(), body.reason)
        async with self._store.write() as connection:
            whom = await self._whom(connection, asked, agent_id, "accounts.reset")
            granted = await rows.grants(connection, whom.id)
            theirs = self._roles.rights_of([each.role for each in granted])
            if not asked.principal.operator and not theirs <= asked.principal.rights:
                raise ApiError(NOT_ALLOWED, "they have rights that you do not have")
            account = await rows.account(connection, whom.id)
            if account is None:
                until_us = act.at_us + rules.ONE_TIME_US
                made = Account(person_id=whom.id, password_hash=hashed, until_us=until_us)
                await add(connection, rows.ACCOUNTS, made, act)
            else:
                await self._keep(connection, account, act, hashed, must=True)
            await rows.end_all(connection, whom.id, act.at_us, "passwordReset")
        return OneTime(agent_id=agent_id, password=password)

    @route("GET", "/v1/people/{agent_id}/grants", needs="people.read", faults=(NOT_FOUND,))
    async def grants(self, asked: Asked[Principal], agent_id: Name) -> list[Grant]:
        """What somebody was granted."""
        async with self._store.read() as connection:
            whom = await self._whom(connection, asked, agent_id, "people.read")
            return await rows.grants(connection, whom.id)

    @route(
        "POST", "/v1/people/{agent_id}/grants", needs="accounts.grant", status=201,
        faults=(NOT_FOUND, TAKEN, NOT_TOGETHER), once=True,
    )  # fmt: skip
    async def grant(self, asked: Asked[Principal], agent_id: Name, body: GrantIn) -> Grant:
        """Give somebody a role; not oneself, and not further than one's own right reaches."""
        act = by(asked, self._now_us(), body.reason)
        try:
            async with self._store.write() as connection:
                whom = await self._grantable(connection, asked, agent_id, body)
                granted = await rows.grants(connection, whom.id)
                roles = [body.role, *(each.role for each in granted)]
                if pair := clash(self._roles.rights_of(roles), self._roles.forbidden):
                    raise ApiError(NOT_TOGETHER, f"{pair[0]} and {pair[1]}")
                made = Grant(person_id=whom.id, role=body.role, scope=body.scope)
                return await add(connection, rows.GRANTS, made, act)
        except IntegrityError as error:
            raise ApiError(TAKEN, f"{agent_id} has {body.role} {body.scope}") from error

    @route(
        "POST", "/v1/people/{agent_id}/grants/revoke", needs="accounts.grant", faults=(NOT_FOUND,)
    )
    async def revoke(self, asked: Asked[Principal], agent_id: Name, body: GrantIn) -> list[Grant]:
        """Take a role away; what is left."""
        act = by(asked, self._now_us(), body.reason)
        async with self._store.write() as connection:
            whom = await self._grantable(connection, asked, agent_id, body)
            for each in await rows.grants(connection, whom.id):
                if (each.role, each.scope) == (body.role, body.scope):
                    await rows.revoke(connection, each, act)
                    return await rows.grants(connection, whom.id)
        raise ApiError(NOT_FOUND, f"{agent_id} has no {body.role} {body.scope}")

    @route("GET", "/v1/people/{agent_id}/sessions", needs="sessions.read", faults=(NOT_FOUND,))
    async def sessions(self, asked: Asked[Principal], agent_id: Name) -> list[Seen]:
        """Where somebody is and was signed in: the newest twenty."""
        async with self._store.read() as connection:
            whom = await self._whom(connection, asked, agent_id, "sessions.read")
            return await rows.sessions(connection, whom.id)

    @route("POST", "/v1/people/{agent_id}/sessions/end", needs="sessions.end", faults=(NOT_FOUND,))
    async def end_sessions(self, asked: Asked[Principal], agent_id: Name, body: Because) -> None:
        """Somebody has to sign in again."""
        act = by(asked, self._now_us(), body.reason)
        async with self._store.write() as connection:
            whom = await self._whom(connection, asked, agent_id, "sessions.end")
            if await rows.end_all(connection, whom.id, act.at_us, "ended"):
                await note(connection, act, "people", whom.id, "sessionsEnded")

    async def gone(self, connection: AsyncConnection, person_id: str, act: By) -> None:
        """Somebody is disabled (`centre.people.api.Gone`)."""
        await rows.end_all(connection, person_id, act.at_us, "disabled")

    async def has_administrator(self) -> bool:
        """Whether there is anybody who can give roles."""
        async with self._store.read() as connection:
            return await rows.anybody_with(connection, "security")

    # --- parts -----------------------------------------------------------------------------------

    async def _whom(
        self, connection: AsyncConnection, asked: Asked[Principal], agent_id: str, right: str
    ) -> Standing:
        """Somebody whom one may see, and act on with this right."""
        found = await self._directory.by_agent_id(connection, agent_id)
        if found is None or not asked.principal.may("people.read", found.place):
            raise ApiError(NOT_FOUND, f"nobody is {agent_id}")
        allow(asked, right, found.place)
        return found

    async def _grantable(
        self, connection: AsyncConnection, asked: Asked[Principal], agent_id: str, body: GrantIn
    ) -> Standing:
        whom = await self._whom(connection, asked, agent_id, "accounts.grant")
        if body.role not in self._roles.roles:
            known = ", ".join(sorted(self._roles.roles))
            raise bad_fields((FieldError("role", f"must be one of {known}", "", "choice"),))
        scope = parse_scope(body.scope) or Scope("self")
        if whom.id == asked.principal.person:
            raise ApiError(NOT_ALLOWED, "nobody changes their own roles")
        if not is_within(scope, asked.principal.scopes("accounts.grant")):
            raise ApiError(NOT_ALLOWED, f"your own right does not reach {scope}")
        await self._directory.hold(connection, whom.id)
        return whom

    async def _me(self, asked: Asked[Principal]) -> tuple[Standing, Account]:
        async with self._store.read() as connection:
            me = await self._directory.by_id(connection, asked.principal.person)
            account = await rows.account(connection, asked.principal.person)
        if me is None or account is None:
            raise ApiError(NOT_SIGNED_IN)
        return me, account

    async def _keep(
        self, connection: AsyncConnection, account: Account, act: By, hashed: str, *, must: bool
    ) -> None:
        """A new password. One that somebody else has given takes the second factor away."""
        secret, step = ("", 0) if must else (account.totp_secret, account.totp_step)
        after = msgspec.structs.replace(
            account,
            password_hash=hashed,
            must_change=must,
            totp_secret=secret,
            totp_step=step,
            until_us=act.at_us + rules.ONE_TIME_US if must else 0,
        )
        await change(connection, rows.ACCOUNTS, account, after, act, "password")

    def _cookie(self, token: str) -> str:
        return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict" + "; Secure" * self._secure


def _signed_in(known: Known) -> SignedIn:
    return SignedIn(
        agent_id=known.standing.agent_id,
        name=known.standing.name,
        must_change=known.account.must_change,
        rights=sorted(known.principal.rights),
        seat=known.session.seat,
    )
