"""`cti user …`: the operations of people and accounts, asked by somebody at the machine itself.

Who may open the database may do all of it; their name at the machine stands in the history.
"""

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from centre.accounts.model import Because, GrantIn
from centre.app import Centre
from centre.cli.opened import settings_of, with_store
from centre.cli.person import shown, table
from centre.contracts.rights import Principal
from centre.contracts.tables.sheets import read_xlsx
from centre.contracts.tables.text import read_csv
from centre.people.model import PersonIn, TeamEdit, TeamIn, Why
from centre.store.engine import Store
from centre.store.schema_at import check_revision
from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.words import Words
from cti.routes.declare import Asked
from cti.routes.problem import ApiError, FieldError, bad_fields
from cti.routes.reading import structure

T = TypeVar("T", bound=msgspec.Struct)


def main(arguments: argparse.Namespace, words: Words) -> int:
    """Run the command that was typed."""
    settings = settings_of(arguments)

    async def act(store: Store) -> int:
        await check_revision(store)
        centre = Centre(store)
        try:
            return await COMMANDS[arguments.verb](centre, arguments, words)
        finally:
            centre.close()

    try:
        return with_store(settings, words, act)
    except ApiError as error:
        print(f"cti: {error.kind.title}: {error}", file=sys.stderr)
        return USAGE if error.problem.errors else FOUND


def operator() -> Asked[Principal]:
    """Somebody at the machine."""
    who = Principal(name=f"os:{getpass.getuser()[:64]}", source="console", operator=True)
    return Asked(who)


def sent(kind: type[T], **fields: str) -> T:
    """What was typed, held to the rules of the API. Raises ApiError with every wrong field."""
    made, errors = structure(fields, kind)
    if errors or not isinstance(made, kind):
        raise bad_fields(tuple(errors))
    return made


async def _first(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    if await centre.accounts.has_administrator():
        print(f"cti: {_said(words, '已有安全管理员', 'there is a security administrator')}",
              file=sys.stderr)  # fmt: skip
        return FOUND
    asked, why = operator(), "first administrator"
    person = sent(PersonIn, agent_id=arguments.agent_id, name=arguments.name)
    await centre.people.add_person(asked, person)
    for role in ("administrator", "security"):
        given = GrantIn(role=role, scope="all", reason=why)
        await centre.accounts.grant(asked, person.agent_id, given)
    return await _one_time(centre, person.agent_id, why, words)


async def _add(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    asked = operator()
    person = sent(
        PersonIn, agent_id=arguments.agent_id, name=arguments.name, team=arguments.team,
        employer=arguments.employer,
    )  # fmt: skip
    role = _grant(arguments, "new person") if arguments.role else None
    if role is not None and role.role not in centre.roles.roles:
        known = ", ".join(sorted(centre.roles.roles))
        raise bad_fields((FieldError("role", f"must be one of {known}", "", "choice"),))
    await centre.people.add_person(asked, person)
    if role is not None:
        await centre.accounts.grant(asked, person.agent_id, role)
    return await _one_time(centre, person.agent_id, "new person", words)


async def _one_time(centre: Centre, agent_id: str, why: str, words: Words) -> int:
    made = await centre.accounts.reset(operator(), agent_id, Because(reason=why))
    told = _said(
        words, "一次性口令（仅显示一次，首次登录须修改）",
        "one-time password (shown once, to be changed at the first sign-in)",
    )  # fmt: skip
    print(told, file=sys.stderr)
    print(made.password)
    return OK


async def _password(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    sent(Because, reason=arguments.reason)
    return await _one_time(centre, arguments.agent_id, arguments.reason, words)


async def _switch(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    why = sent(Why, reason=arguments.reason)
    people = centre.people
    switch = people.disable if arguments.verb == "disable" else people.enable
    person = await switch(operator(), arguments.agent_id, why)
    print(table([person], words))
    return OK


async def _sign_out(centre: Centre, arguments: argparse.Namespace, _words: Words) -> int:
    why = sent(Because, reason=arguments.reason)
    await centre.accounts.end_sessions(operator(), arguments.agent_id, why)
    return OK


async def _role(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    accounts, given = centre.accounts, _grant(arguments, arguments.reason)
    if arguments.verb == "grant":
        await accounts.grant(operator(), arguments.agent_id, given)
    else:
        await accounts.revoke(operator(), arguments.agent_id, given)
    return await _show(centre, arguments, words)


def _grant(arguments: argparse.Namespace, reason: str) -> GrantIn:
    return sent(GrantIn, role=arguments.role, scope=arguments.scope, reason=reason)


async def _list(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    asked, found, after = operator(), [], ""
    while True:
        page = await centre.people.people(asked, after, 200)
        found += page.items
        if not (after := page.next):
            break
    print(_json(found) if arguments.json else table(found, words))
    return OK


async def _show(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    asked = operator()
    person = await centre.people.person(asked, arguments.agent_id)
    granted = await centre.accounts.grants(asked, arguments.agent_id)
    lines = await centre.people.history(asked, arguments.agent_id, "", 200)
    if getattr(arguments, "json", False):
        print(_json({"person": person, "grants": granted, "history": lines}))
    else:
        print(shown(person, granted, lines, centre.roles, words))
    return OK


async def _team(centre: Centre, arguments: argparse.Namespace, _words: Words) -> int:
    asked = operator()
    given = sent(TeamIn, code=arguments.code, name=arguments.name, unit=arguments.unit)
    there = {each.code: each for each in (await centre.people.teams(asked)).items}
    if given.code in there:
        asked.if_match = str(there[given.code].rev)
        edit = TeamEdit(name=given.name, unit=given.unit)
        await centre.people.change_team(asked, given.code, edit)
    else:
        await centre.people.add_team(asked, given)
    return OK


async def _import(centre: Centre, arguments: argparse.Namespace, words: Words) -> int:
    raw = arguments.file.read_bytes()
    read = read_xlsx if raw.startswith(b"PK") else read_csv
    found = await centre.people.bring(
        operator(), read(raw), dry_run=arguments.dry_run, good_rows_only=arguments.good_rows_only
    )
    for fault in found.faults:
        said = _said(words, fault.zh, fault.en)
        print(f"{arguments.file}:{fault.line}: {fault.column}: {said}", file=sys.stderr)
    written = found.writable(good_rows_only=arguments.good_rows_only)
    counts = (len(found.added), len(found.changed), found.same, len(found.faults))
    zh, en = "新增 {}，修改 {}，相同 {}，错误 {}", "new {}, changed {}, same {}, wrong {}"
    print(_said(words, zh, en).format(*counts))
    if found.faults and not written:
        print(f"cti: {_said(words, '未写入', 'nothing was written')}", file=sys.stderr)
    return FOUND if found.faults else OK


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _said(words: Words, zh: str, en: str) -> str:
    return zh if words.language == "zh" else en


Command = Callable[[Centre, argparse.Namespace, Words], Awaitable[int]]

COMMANDS: dict[str, Command] = {
    "first-administrator": _first,
    "add": _add,
    "list": _list,
    "show": _show,
    "password": _password,
    "disable": _switch,
    "enable": _switch,
    "sign-out": _sign_out,
    "grant": _role,
    "revoke": _role,
    "team": _team,
    "import": _import,
}
