"""`cti asterisk check`: asks an Asterisk what the rules want to know, and prints their findings.

Two manager users are needed: `cti-check`, who may look, and the router's own, whose rights and
events are to be looked at. The secret of the first is only for this command, so it is not in the
router's configuration: ASTERISK_CHECK_SECRET, or ASTERISK_CHECK_SECRET_FILE with a path.
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from cti.ami.client import AmiClient
from cti.ami.errors import AmiFailure
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from cti.cli.asterisk_check_rules import (
    CONTEXTS,
    EXPOSING,
    FOREIGN,
    GLOBALS,
    MODULES,
    OURS,
    Expected,
    Facts,
    Finding,
    Language,
    findings,
)
from cti.cli.codes import FOUND, OK, UNREACHABLE, USAGE
from cti.config import Settings
from cti.config.settings import AsteriskSettings
from cti.watch.logs import printable

USER = "cti-check"
LOGIN_LIMIT_S = 5.0
# How long a foreign event may take to come before we say that none does.
LISTEN_S = 0.5


class Asks(Protocol):
    """As much of an AMI client as is needed here."""

    async def request(self, order: AmiAction, /) -> AmiResponse:
        """The answer to one action, good or bad."""


class NoSessionError(Exception):
    """A manager user could not log in; `str()` says who and why."""


def main_check(
    settings: Settings,
    name: str,
    *,
    as_json: bool,
    lang: Language,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Check the named Asterisk, or all. 0: all is well, 1: not so, 3: one is not reached."""
    secret = _secret(environ)
    if not secret:
        print(
            f"cti: the secret of the manager user {USER} is not known\n"
            "next: set ASTERISK_CHECK_SECRET, or ASTERISK_CHECK_SECRET_FILE to its file",
            file=sys.stderr,
        )
        return USAGE
    # The client would tell of its attempts; here the finding does.
    logging.getLogger("cti.ami").setLevel(logging.CRITICAL)
    codes = [
        _check_one(settings, asterisk, secret, as_json=as_json, lang=lang)
        for asterisk in settings.asterisks
        if name in ("", asterisk.name)
    ]
    return max(codes, default=OK)


def _check_one(
    settings: Settings, asterisk: AsteriskSettings, secret: str, *, as_json: bool, lang: Language
) -> int:
    try:
        facts = asyncio.run(_look(asterisk, secret))
    except (NoSessionError, AmiFailure) as error:
        step = "is it running, is the user there, does its permit name this machine?"
        unreached = [Finding("reachable", False, str(error), step)]
        _show(asterisk.name, unreached, as_json=as_json)
        return UNREACHABLE
    expected = Expected(
        name=asterisk.name,
        agi_host=settings.agi.host,
        agi_port=settings.agi.port,
        is_only_one=len(settings.asterisks) == 1,
    )
    found = findings(facts, expected, lang)
    _show(asterisk.name, found, as_json=as_json)
    return OK if all(finding.ok for finding in found) else FOUND


async def _look(asterisk: AsteriskSettings, secret: str) -> Facts:
    heard: list[AmiEvent] = []
    async with (
        _session(asterisk, asterisk.username, asterisk.secret.reveal(), heard) as router,
        _session(asterisk, USER, secret, []) as check,
    ):
        return await collect(check, router, heard)


@asynccontextmanager
async def _session(
    asterisk: AsteriskSettings, user: str, secret: str, heard: list[AmiEvent]
) -> AsyncIterator[AmiClient]:
    """A logged-in client for this one look. Raises NoSessionError."""
    client = AmiClient(
        asterisk.name,
        asterisk.host,
        asterisk.ami_port,
        user,
        secret,
        wanted=None,
        on_event=heard.append,
        on_up=lambda: None,
        on_down=lambda _reason: None,
    )
    client.start()
    try:
        await _up(client, user)
        yield client
    finally:
        await client.close()


async def _up(client: AmiClient, user: str) -> None:
    """Wait until orders are taken, or until it is plain that they will not be."""
    deadline = asyncio.get_running_loop().time() + LOGIN_LIMIT_S
    while not client.is_up:
        if client.failure:
            raise NoSessionError(f"{user}: {client.failure}")
        if asyncio.get_running_loop().time() > deadline:
            raise NoSessionError(f"{user}: logged in, but no FullyBooted has come")
        await asyncio.sleep(0.01)


async def collect(check: Asks, router: Asks, heard: list[AmiEvent]) -> Facts:
    """Ask for every fact. `heard` fills by itself with what comes to the router's user."""
    for name in (OURS, FOREIGN):
        await check.request(action("UserEvent", UserEvent=name))
    core = (await check.request(action("CoreSettings"))).headers
    commands = (await router.request(action("ListCommands"))).headers
    values = {name: await _value(check, name) for name in GLOBALS}
    queue = values["CTI_FAILSAFE_QUEUE"]
    modules, contexts = await _modules(check), await _contexts(check)
    await asyncio.sleep(LISTEN_S)
    return Facts(
        version=core.get("AsteriskVersion"),
        run_user=core.get("CoreRunUser"),
        modules=modules,
        contexts=contexts,
        router_actions=frozenset(name for name, _ in commands),
        router_heard=frozenset(_name(event) for event in heard),
        # Refused where live_dangerously=no, with one line in Asterisk's log: that it refused.
        reads_files=await _value(check, "STAT(e,/)") == "1",
        globals=values,
        has_secret=await _value(check, "GLOBAL_EXISTS(CTI_SECRET)") == "1",
        failsafe_queue_exists=bool(queue) and await _value(check, f"QUEUE_EXISTS({queue})") == "1",
    )


def _name(event: AmiEvent) -> str:
    """An event's name; that of a UserEvent is the one that its sender gave it."""
    return event.headers.get("UserEvent") if event.name == "UserEvent" else event.name


async def _value(check: Asks, name: str) -> str:
    """What Getvar says of a global or a function; empty when it says nothing."""
    answer = await check.request(action("Getvar", Variable=name))
    return answer.headers.get("Value") if answer.success else ""


async def _modules(check: Asks) -> dict[str, bool]:
    """{module: is loaded}; empty where func_module, which tells it, is not there itself."""
    if await _value(check, "IFMODULE(func_module.so)") != "1":
        return {}
    return {
        module: await _value(check, f"IFMODULE({module}.so)") == "1"
        for module in (*MODULES, *EXPOSING)
    }


async def _contexts(check: Asks) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for context in CONTEXTS:
        answer = await check.request(action("ShowDialPlan", Context=context))
        if answer.success:
            found[context] = frozenset(item.headers.get("Extension") for item in answer.events)
    return found


def _secret(environ: Mapping[str, str]) -> str:
    path = environ.get("ASTERISK_CHECK_SECRET_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return environ.get("ASTERISK_CHECK_SECRET", "")


def _show(name: str, found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        whole = {"asterisk": name, "ok": all(each.ok for each in found), "findings": found}
        print(msgspec.json.encode(whole).decode())
        return
    print(f"{name}:")
    for each in found:
        print(f"  {'ok ' if each.ok else 'BAD'}  {each.check}: {printable(each.found)}")
        if each.next_step:
            print(f"       next: {each.next_step}")
