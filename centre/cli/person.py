"""How people, their roles and their history look on a terminal."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from rich.table import Table

from centre.accounts.model import Grant
from centre.accounts.roles import Roles
from centre.people.model import Member
from centre.store.history import Line
from cti.cli.output import console
from cti.cli.words import Words
from cti.zone import ZONE

# {key: (Chinese, English)}
HEADS: Final = {
    "agent_id": ("工号", "ID"), "name": ("姓名", "Name"), "team": ("班组", "Team"),
    "unit": ("部门", "Unit"), "employer": ("用工单位", "Employer"), "state": ("状态", "State"),
    "active": ("启用", "active"), "disabled": ("停用", "disabled"), "role": ("角色", "Role"),
    "scope": ("范围", "Scope"), "when": ("时间 +08:00", "When +08:00"), "who": ("操作人", "Who"),
    "act": ("操作", "Act"), "why": ("原因", "Why"),
    "created": ("新增", "created"), "changed": ("修改", "changed"),
    "enabled": ("启用", "enabled"), "sessionsEnded": ("强制签退", "signed out"),
}  # fmt: skip


def table(people: Iterable[Member], words: Words) -> str:
    """One line a person."""
    rows = [
        (each.agent_id, each.name, each.team or "", each.unit or "", each.employer,
         _word("active" if each.active else "disabled", words))
        for each in people
    ]  # fmt: skip
    return _table(("agent_id", "name", "team", "unit", "employer", "state"), rows, words)


def shown(
    person: Member, granted: Sequence[Grant], lines: Sequence[Line], roles: Roles, words: Words
) -> str:
    """One person, with roles and history."""
    held = [(_role(each.role, roles, words), each.scope) for each in granted]
    done = [
        (f"{datetime.fromtimestamp(line.at_us // 1_000_000, ZONE):%F %T}", line.who,
         _word(line.act, words), line.reason)
        for line in lines
    ]  # fmt: skip
    parts = [table([person], words), _table(("role", "scope"), held, words)]
    return "\n".join([*parts, _table(("when", "who", "act", "why"), done, words)])


def _role(name: str, roles: Roles, words: Words) -> str:
    role = roles.roles.get(name)
    return name if role is None else f"{name} {role.zh if words.language == 'zh' else role.en}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: Words) -> str:
    made = Table(box=None, pad_edge=False)
    for head in heads:
        made.add_column(_word(head, words))
    for row in rows:
        made.add_row(*row)
    screen = console()
    screen.file = io.StringIO()
    screen.print(made, markup=False)
    text: str = screen.file.getvalue()
    return "\n".join(line.rstrip() for line in text.splitlines())


def _word(key: str, words: Words) -> str:
    found = HEADS.get(key)
    return key if found is None else found[0 if words.language == "zh" else 1]
