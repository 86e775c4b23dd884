"""Accounts, grants and sessions: rows, what is sent, rights with their words."""

from typing import Annotated, Final

import msgspec

from centre.accounts.rules import LONGEST_PASSWORD
from centre.store.rows import Row
from cti.routes.text import Name, OptionalName, characters, matching

RIGHTS: Final = {
    "accounts.reset": ("重置口令", "Give a new one-time password"),
    "accounts.grant": ("授予和收回角色", "Grant and revoke roles"),
    "sessions.read": ("查看登录情况", "See who is signed in"),
    "sessions.end": ("强制签退", "End somebody's session"),
}

Password = Annotated[str, characters(1, LONGEST_PASSWORD)]
Reason = Annotated[str, characters(1, 500)]
Code = Annotated[str, matching(r"([0-9]{6})?", "6 digits")]
ScopeText = Annotated[
    str,
    matching(
        r"all|self|(employer|unit|team|queue):[A-Za-z0-9_-]{1,64}",
        "all, self, employer:X, unit:X, team:X or queue:X",
    ),
]


class Account(Row, frozen=True, kw_only=True):
    """How a person signs in. `totp_step`: the last time step whose code was used.
    `until_us`: when a one-time password ends, 0 of one that a person has chosen.
    """

    person_id: str
    password_hash: str
    must_change: bool = True
    totp_secret: str = ""
    totp_step: int = 0
    until_us: int = 0


class Grant(Row, frozen=True, kw_only=True):
    """A role within a scope, as text."""

    person_id: str
    role: str
    scope: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in, or was."""

    id: str
    person_id: str
    token_hash: str
    seat: str
    source: str
    began_us: int
    seen_us: int
    ended_us: int | None = None
    ended_why: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A session as others see it: `ended_why` "" while it is live."""

    id: str
    seat: str
    source: str
    began_us: int
    seen_us: int
    ended_us: int | None
    ended_why: str


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seat`: the phone that one sits at. `take_over`: end the session that is in the way."""

    agent_id: Name
    password: Password
    code: Code = ""
    seat: OptionalName = ""
    take_over: bool = False


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`token`: for `Authorization: Bearer`; a browser has it as a cookie as well."""

    agent_id: str
    name: str
    must_change: bool
    rights: list[str]
    token: str = ""
    seat: str = ""


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The present password proves that it is not somebody at an unwatched desk."""

    present: Password
    new: Password


class OneTime(msgspec.Struct, frozen=True, kw_only=True):
    """A password that has to be changed at its first use. It is shown this once."""

    agent_id: str
    password: str


class Because(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reason of an act that needs one."""

    reason: Reason


class GrantIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role within a scope, and why."""

    role: Name
    scope: ScopeText
    reason: Reason


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A new second factor: `uri` is what an authenticator reads as a QR code."""

    secret: str
    uri: str


class Confirm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code of the new second factor, which proves that it works; the password, who it is."""

    code: Annotated[str, matching(r"[0-9]{6}", "6 digits")]
    secret: Annotated[str, matching(r"[A-Z2-7]{32}", "32 of A-Z 2-7")]
    password: Password
