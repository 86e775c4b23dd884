"""Signing in and out, and who asks.

A try is counted before the password is looked at, and forgotten when it was right: a hundred
guesses in one instant are a hundred guesses. Whoever is nobody, or disabled, or has the wrong
password gets the same answer after the same work.
"""

import logging
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.accounts import rows, rules
from centre.accounts.model import Account, Session, SignIn
from centre.accounts.roles import Roles
from centre.accounts.secrets import Hashing, new_token, token_hash
from centre.accounts.totp import used_step
from centre.contracts.directory import Directory, Standing
from centre.contracts.rights import Holding, Principal, Scope, parse_scope
from centre.store.engine import Store
from centre.store.keys import new_key
from cti.routes.problem import NOT_SIGNED_IN, TOO_MANY, ApiError, Kind

log = logging.getLogger(__name__)

SIGNED_IN_ALREADY: Final = Kind(
    "signed-in-already", 409, "Signed in somewhere else, or the seat is taken"
)
ANYWHERE: Final = "*"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in."""

    principal: Principal
    standing: Standing
    account: Account
    session: Session

    @property
    def must_change(self) -> bool:
        """Whether their password is a one-time one."""
        return self.account.must_change


class Sessions:
    """Live sessions, which the store keeps: any process of the centre knows them."""

    def __init__(
        self, store: Store, directory: Directory, roles: Roles, hashing: Hashing,
        now_us: Callable[[], int],
    ) -> None:  # fmt: skip
        self._store = store
        self._directory = directory
        self._roles = roles
        self._hashing = hashing
        self._now_us = now_us

    async def sign_in(self, given: SignIn, source: str) -> tuple[str, Known]:
        """A new session: its token, and who it is. Raises ApiError."""
        kept = await self._count(given.agent_id, source)
        if not await self._hashing.is_right(kept, given.password):
            log.warning("sign-in refused", extra={"agent": given.agent_id, "source": source})
            raise ApiError(NOT_SIGNED_IN, "agent ID or password is wrong", code="wrongPassword")
        token = new_token()
        async with self._store.write() as connection:
            fault = await self._begin(connection, given, source, kept, token)
        if fault is not None:
            raise fault
        known = await self.known(token, source)
        if known is None:
            raise ApiError(NOT_SIGNED_IN, "agent ID or password is wrong", code="wrongPassword")
        return token, known

    async def prove(self, who: Principal, account: Account, password: str) -> None:
        """That it is the person and not somebody at an unwatched desk: guesses count as they do at
        the sign-in. Raises ApiError.
        """
        await self._count(who.name, who.source)
        if not await self._hashing.is_right(account.password_hash, password):
            log.warning("wrong password", extra={"agent": who.name, "source": who.source})
            raise ApiError(NOT_SIGNED_IN, "the present password is wrong", code="wrongPassword")
        async with self._store.write() as connection:
            keys = [rows.tries_key(who.name, each) for each in (who.source, ANYWHERE)]
            await rows.forget_tries(connection, *keys)

    async def _count(self, agent_id: str, source: str) -> str:
        """Count a try; the hash that the password has to fit, "" of nobody. Raises ApiError."""
        now_us = self._now_us()
        async with self._store.write() as connection:
            standing = await self._directory.by_agent_id(connection, agent_id)
            # The same questions for nobody as for somebody: the time tells nothing.
            person_id = "" if standing is None else standing.id
            account = await rows.account(connection, person_id)
            here = await rows.tries(connection, rows.tries_key(agent_id, source))
            counted = [here]
            wait_us = rules.wait_us(here.failures, here.last_us, now_us, rules.FREE_TRIES)
            # Guesses from everywhere slow down who comes from a new place, and never somebody at
            # their own desk: outsiders cannot lock anybody out.
            if not await rows.has_been_at(connection, person_id, source):
                all_ = await rows.tries(connection, rows.tries_key(agent_id, ANYWHERE))
                free = rules.FREE_TRIES_FROM_ANYWHERE
                wait_us = max(wait_us, rules.wait_us(all_.failures, all_.last_us, now_us, free))
                counted.append(all_)
            if not wait_us:
                done = [await rows.count_try(connection, each, now_us) for each in counted]
                wait_us = 0 if all(done) else rules.SECOND_US
        if wait_us:
            told = "too many wrong passwords of this account from this address"
            raise ApiError(TOO_MANY, told, retry_s=-(-wait_us // rules.SECOND_US))
        if not account or not standing or not standing.active:
            return ""
        is_over = account.until_us and now_us >= account.until_us
        return "" if is_over else account.password_hash

    async def _begin(
        self, connection: AsyncConnection, given: SignIn, source: str, kept: str, token: str
    ) -> ApiError | None:
        """The password was right: write the session, or say why not."""
        now_us = self._now_us()
        standing = await self._directory.by_agent_id(connection, given.agent_id)
        account = standing and await rows.account(connection, standing.id)
        if standing is None or not standing.active or not account or account.password_hash != kept:
            return ApiError(NOT_SIGNED_IN, "agent ID or password is wrong", code="wrongPassword")
        if account.totp_secret and not await self._second(connection, account, given.code):
            code = "wrongCode" if given.code else "codeNeeded"
            return ApiError(NOT_SIGNED_IN, "the six digits of the second factor", code=code)
        keys = [rows.tries_key(given.agent_id, each) for each in (source, ANYWHERE)]
        await rows.forget_tries(connection, *keys)
        for other in await rows.in_the_way(connection, standing.id, given.seat):
            over = rules.ended_why(other.began_us, other.seen_us, now_us)
            if not over and not given.take_over:
                return _taken(other, given.seat)
            await rows.end(connection, other.id, now_us, over or "takenOver")
        session = Session(
            id=new_key(), person_id=standing.id, token_hash=token_hash(token), seat=given.seat,
            source=source, began_us=now_us, seen_us=now_us,
        )  # fmt: skip
        return None if await rows.begin(connection, session) else _taken(session, given.seat)

    async def _second(self, connection: AsyncConnection, account: Account, code: str) -> bool:
        step = used_step(account.totp_secret, code, self._now_us(), account.totp_step)
        mine = (rows.ACCOUNTS.c.id == account.id) & (rows.ACCOUNTS.c.totp_step < step)
        done = await connection.execute(update(rows.ACCOUNTS).where(mine).values(totp_step=step))
        return done.rowcount == 1

    async def known(self, token: str, source: str) -> Known | None:
        """Whose live session this token is of. The store is asked each time: who is disabled now
        may do nothing now.
        """
        now_us = self._now_us()
        async with self._store.read() as connection:
            session = await rows.live(connection, token_hash(token))
            if session is None:
                return None
            standing = await self._directory.by_id(connection, session.person_id)
            account = await rows.account(connection, session.person_id)
            granted = await rows.grants(connection, session.person_id)
        why = rules.ended_why(session.began_us, session.seen_us, now_us)
        if why or standing is None or not standing.active or account is None:
            async with self._store.write() as connection:
                await rows.end(connection, session.id, now_us, why or "disabled")
            return None
        if now_us - session.seen_us >= rules.SEEN_EVERY_US:
            async with self._store.write() as connection:
                await rows.seen(connection, session.id, now_us)
        principal = Principal(
            name=standing.agent_id,
            person=standing.id,
            session=session.id,
            source=source,
            holdings=tuple(
                Holding(
                    self._roles.rights_of([each.role]), parse_scope(each.scope) or Scope("self")
                )
                for each in granted
            ),
            forbidden=self._roles.forbidden,
        )
        return Known(principal=principal, standing=standing, account=account, session=session)

    async def sign_out(self, session_id: str) -> None:
        """A session ends because its person says so."""
        async with self._store.write() as connection:
            await rows.end(connection, session_id, self._now_us(), "signedOut")


def _taken(other: Session, seat: str) -> ApiError:
    told = "somebody sits at this seat" if seat and other.seat == seat else "signed in already"
    return ApiError(SIGNED_IN_ALREADY, f"{told}; take_over ends that session")
