"""`cti asterisk check`: knocks, logs in, looks, and prints what the rules find.

Two manager users are needed: `cti-check`, who may look, and the router's own, whose rights and
events are to be looked at. The secret of the first is only for this command, so it is not in the
router's configuration: ASTERISK_CHECK_SECRET, or ASTERISK_CHECK_SECRET_FILE with a path.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from cti.agi.tokens import make_token
from cti.ami.errors import AmiFailure
from cti.cli.check.facts import PROOF_CONTEXT, Expected, Finding, Language, Said, Verdict
from cti.cli.check.look import Clock, collect
from cti.cli.check.manager import Session, knock
from cti.cli.check.reach import Admission, Door, Knock, Login, door, login
from cti.cli.check.rules import verdicts
from cti.cli.check.words import BAD_WORD, NEXT_WORD, OK_WORD, finding
from cti.cli.codes import FOUND, OK, UNREACHABLE, USAGE
from cti.config import Settings
from cti.config.settings import AsteriskSettings
from cti.config.sources import readable_by_others
from cti.watch.logs import printable

USER = "cti-check"
OUR_SECRET: Said = (" ASTERISK_CHECK_SECRET ", "ASTERISK_CHECK_SECRET")
ROUTERS_SECRET: Said = (
    " cti.toml 中该 [[asterisks]] 的 secret ",
    "that of [[asterisks]] in cti.toml",
)


ORIGINATES_SECRET: Said = (
    " cti.toml 中该 [[asterisks]] 的 originate_secret ",
    "originate_secret of [[asterisks]] in cti.toml",
)


def main_check(
    settings: Settings,
    name: str,
    *,
    as_json: bool,
    lang: Language,
    environ: Mapping[str, str] = os.environ,
    clock: Clock = time.time,
) -> int:
    """Check the named Asterisk, or all. 0: all is well, 1: not so, 3: one is not reached.

    `clock` is the router's, in seconds since 1970 UTC.
    """
    try:
        secret = _secret(environ)
    except OSError as error:
        print(f"cti: ASTERISK_CHECK_SECRET_FILE: {error}", file=sys.stderr)
        return USAGE
    if not secret:
        print(_NO_SECRET[0 if lang == "zh" else 1], file=sys.stderr)
        return USAGE
    # The client would tell of its attempts; here the finding does.
    logging.getLogger("cti.ami").setLevel(logging.CRITICAL)
    codes = []
    for asterisk in settings.asterisks:
        if name in ("", asterisk.name):
            said = asyncio.run(verdicts_on(settings, asterisk, secret, clock))
            found = [finding(verdict, lang) for verdict in said]
            if as_json:
                whole = {"asterisk": asterisk.name, "ok": _code(found) == OK, "findings": found}
                print(msgspec.json.encode(whole).decode())
            else:
                print(f"{asterisk.name}:")
                print("\n".join(line for each in found for line in lines_of(each, lang)))
            codes.append(_code(found))
    return max(codes, default=OK)


_NO_SECRET: Said = (
    """\
cti: 不知道管理用户 cti-check 的密码
下一步: 设置 ASTERISK_CHECK_SECRET，或用 ASTERISK_CHECK_SECRET_FILE 指明密码文件""",
    """\
cti: the secret of the manager user cti-check is not known
next: set ASTERISK_CHECK_SECRET, or ASTERISK_CHECK_SECRET_FILE to its file""",
)


def _code(found: list[Finding]) -> int:
    """3 when the rules could not even be asked."""
    if all(each.ok for each in found):
        return OK
    return FOUND if any(each.check == "version" for each in found) else UNREACHABLE


def _expected(settings: Settings, asterisk: AsteriskSettings) -> Expected:
    previous = settings.agi.previous_secret.reveal()
    return Expected(
        name=asterisk.name,
        agi_host=settings.agi.host,
        agi_port=settings.agi.port,
        is_only_one=len(settings.asterisks) == 1,
        allowed=settings.agi.allowed,
        proof=make_token(settings.agi.secret.reveal(), PROOF_CONTEXT),
        previous_proof=make_token(previous, PROOF_CONTEXT) if previous else "",
        queues=frozenset(queue.id for queue in settings.queues),
        devices=tuple(dict.fromkeys(agent.device for agent in settings.agents)),
        sip_port=asterisk.sip_port,
        places=_places(settings),
    )


def _places(settings: Settings) -> tuple[str, ...]:
    queues = [*settings.queues, *(queue for mode in settings.modes for queue in mode.queues)]
    named = (flow.to_extension for queue in queues for flow in queue.overflows)
    return tuple(dict.fromkeys(name for name in named if name))


async def verdicts_on(
    settings: Settings, asterisk: AsteriskSettings, secret: str, clock: Clock = time.time
) -> list[Verdict]:
    """The door first, then the two users, then everything else."""
    found = await knock(asterisk.host, asterisk.ami_port)
    if found.knock is not Knock.MANAGER:
        return [door(found)]
    at = (asterisk.name, asterisk.host, asterisk.ami_port)
    users = {"check login": (USER, secret, OUR_SECRET)}
    users["router login"] = (asterisk.username, asterisk.secret.reveal(), ROUTERS_SECRET)
    if asterisk.originate_secret:
        own = asterisk.originate_secret.reveal()
        users["originate login"] = (asterisk.originate_username, own, ORIGINATES_SECRET)
    async with AsyncExitStack() as stack:
        # The check's own first: it is told why another is refused.
        sessions = {
            name: await stack.enter_async_context(Session(*at, user, own))
            for name, (user, own, _) in users.items()
        }
        if any(each.admission is not Admission.IN for each in sessions.values()):
            whose = {name: said for name, (_, _, said) in users.items()}
            return await _logins(found, sessions, whose)
        check, router = sessions["check login"], sessions["router login"]
        originate = sessions.get("originate login")
        try:
            facts = await collect(
                check.client,
                router.client,
                originate.client if originate is not None else None,
                router.heard,
                _expected(settings, asterisk),
                found.theirs,
                clock,
            )
        except AmiFailure as failure:
            lost = Login("check login", USER, Admission.LOST, str(failure), found.ours, OUR_SECRET)
            return [login(lost)]
        return verdicts(facts, _expected(settings, asterisk))


async def _logins(
    found: Door, sessions: Mapping[str, Session], whose: Mapping[str, Said]
) -> list[Verdict]:
    """What became of each, the router's first."""
    check = sessions["check login"]
    said = []
    for name in ("router login", "originate login", "check login"):
        session = sessions.get(name)
        if session is None:
            continue
        why = session.admission
        if why is Admission.REFUSED and check.admission is Admission.IN:
            why = await check.why_refused(session.user)
        said.append(login(Login(name, session.user, why, session.said, found.ours, whose[name])))
    return [door(found), *said]


def _secret(environ: Mapping[str, str]) -> str:
    path = environ.get("ASTERISK_CHECK_SECRET_FILE")
    if path:
        if readable_by_others(path):
            print(f"warning: everybody can read {printable(path)}; chmod o-rwx", file=sys.stderr)
        return Path(path).read_text(encoding="utf-8").strip()
    return environ.get("ASTERISK_CHECK_SECRET", "")


def lines_of(found: Finding, lang: Language) -> list[str]:
    """One finding as people read it; its next step below it."""
    column = 0 if lang == "zh" else 1
    word = (OK_WORD if found.ok else BAD_WORD)[column]
    lines = [f"  {word}  {found.title}: {printable(found.found)}"]
    for number, step in enumerate(found.next_step.splitlines()):
        head = f"{NEXT_WORD[column]}: " if number == 0 else ""
        lines.append(f"       {head}{printable(step)}")
    return lines
