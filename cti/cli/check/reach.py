"""Why can that Asterisk's manager not be asked? One line and one next step for each way. Pure.

Asterisk says "Authentication failed" to a wrong name, a wrong secret and a wrong address alike
(authenticate in main/manager.c), so that nobody can try names. It tells them apart in its log, and
in security events to whoever has `read = security`: the check's own user has, of these three
events only, so it learns why the router's was refused. Of itself it can only name the log's lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.cli.check.facts import Said, Verdict


class Knock(StrEnum):
    """What became of a connection to the manager's port."""

    MANAGER = "manager"
    UNKNOWN_HOST = "unknown host"
    REFUSED = "refused"
    NO_ANSWER = "no answer"
    CLOSED = "closed"
    SILENT = "silent"
    STRANGER = "stranger"


class Admission(StrEnum):
    """What became of a login."""

    IN = "in"
    UNKNOWN_USER = "unknown user"
    WRONG_SECRET = "wrong secret"  # noqa: S105  # no secret
    NOT_PERMITTED = "not permitted"
    IN_USE = "in use"
    REFUSED = "refused"  # Asterisk does not tell us why
    NOT_BOOTED = "not booted"
    LOST = "lost"


REASONS: Final[Mapping[str, Admission]] = {
    "InvalidAccountID": Admission.UNKNOWN_USER,
    "ChallengeResponseFailed": Admission.WRONG_SECRET,
    "FailedACL": Admission.NOT_PERMITTED,
}
"""Security events about the manager. They have the refused name as AccountID, but for the wrong
secret, where Asterisk leaves it empty (measured, 22.10.1)."""


@dataclass(frozen=True, slots=True)
class Door:
    """The manager's port, as it was found. `said` is what came instead of a manager's greeting;
    `ours` and `theirs` are the two addresses of the connection.
    """

    where: str
    knock: Knock
    said: str = ""
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """One user's attempt. `ours` says where our secret of it stands; `address` is ours."""

    check: str
    user: str
    admission: Admission
    said: str
    address: str
    ours: Said


def door(found: Door) -> Verdict:
    """The first thing that has to be well."""
    where = (("where", found.where),)
    if found.knock is Knock.MANAGER:
        return Verdict("reachable", found.where)
    said, step = _DOOR[found.knock]
    detail = f" ({found.said})" if found.said else ""
    chinese, english = said
    return Verdict(
        "reachable", (f"{found.where} {chinese}{detail}", f"{found.where}: {english}{detail}"),
        step, where,
    )  # fmt: skip


_DOOR: Final[Mapping[Knock, tuple[Said, str]]] = {
    Knock.UNKNOWN_HOST: (("主机名无法解析", "no such host name"), "host name"),
    Knock.REFUSED: (("拒绝连接", "connection refused"), "no listener"),
    Knock.NO_ANSWER: (("没有应答", "no answer"), "no answer"),
    Knock.CLOSED: (("接通后立即被关闭", "closed at once, without a greeting"), "closed"),
    Knock.SILENT: (("接通后无问候语", "connected, but no greeting comes"), "silent"),
    Knock.STRANGER: (("不是 Asterisk 管理口", "not the manager of an Asterisk"), "not a manager"),
}


def login(found: Login) -> Verdict:
    """The second thing, for each of the two users."""
    if found.admission is Admission.IN:
        return Verdict(found.check, found.user)
    said, step = _LOGIN[found.admission]
    detail = f" ({found.said})" if found.said else ""
    chinese, english = said
    return Verdict(
        found.check,
        (f"{found.user} {chinese}{detail}", f"{found.user}: {english}{detail}"),
        step,
        (("user", found.user), ("address", found.address), ("ours", found.ours)),
    )


_LOGIN: Final[Mapping[Admission, tuple[Said, str]]] = {
    Admission.UNKNOWN_USER: (("没有这个用户", "no such user"), "unknown user"),
    Admission.WRONG_SECRET: (("密码不同", "the secret differs"), "wrong secret"),
    Admission.NOT_PERMITTED: (("本机地址不被允许", "our address is not permitted"), "permit"),
    Admission.IN_USE: (("已登录", "is logged in already"), "login in use"),
    Admission.REFUSED: (("登录被拒", "not let in"), "refused"),
    Admission.NOT_BOOTED: (
        ("已登录，但没有 FullyBooted", "in, but no FullyBooted"),
        "fully booted",
    ),
    Admission.LOST: (("连接中断", "the connection was lost"), "ask again"),
}


def reason_of(user: str, heard: Mapping[str, str]) -> Admission:
    """Why this user was refused, by the security events {AccountID: name of the event}."""
    return REASONS.get(heard.get(user) or heard.get("", ""), Admission.REFUSED)
