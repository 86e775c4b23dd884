"""What may be typed after `cti centre`."""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cti.cli.codes import FOUND
from cti.cli.words import Words

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns
    Commands: TypeAlias = "argparse._SubParsersAction[Any]"  # noqa: SLF001

_PACKAGES = frozenset({"sqlalchemy", "alembic", "asyncpg", "argon2", "greenlet"})


def centre(commands: "Commands") -> None:
    """Add `cti centre`."""
    made = commands.add_parser("centre", help="the program for people beside the router 应用中心")
    verbs = made.add_subparsers(metavar="COMMAND", required=True, dest="verb")
    serve = _verb(verbs, "serve", "people and programs come in here 启动")
    serve.set_defaults(run=_later(lambda: import_module("centre.cli.serve")))
    check = _verb(verbs, "check", "are its configuration and its database in order? 检查")
    check.add_argument("--json", action="store_true", help="findings as JSON 输出 JSON")
    migrate = _verb(verbs, "migrate", "make or change the tables 准备或升级数据库")
    migrate.add_argument(
        "--to", default=None, metavar="REVISION", help="not the newest; 0000 takes all away"
    )
    migrate.add_argument(
        "--yes", action="store_true", help="lose what an older one has no room for"
    )
    save = _verb(verbs, "backup", "save the database while people work 备份")
    restore = _verb(verbs, "restore", "fill an empty database from a backup 恢复")
    for each in (save, restore):
        each.add_argument("file", metavar="FILE", help="- for standard output or input")
    for each in (check, migrate, save, restore):
        each.set_defaults(run=_later(lambda: import_module("centre.cli.database")))


def user(commands: "Commands") -> None:
    """Add `cti user`, which works with the server stopped, too: who may open the database may."""
    made = commands.add_parser(
        "user", help="people, teams, roles, passwords 人员、班组、角色、口令"
    )
    verbs = made.add_subparsers(metavar="COMMAND", required=True, dest="verb")
    first = _verb(verbs, "first-administrator", "who gives everybody else their roles 首位管理员")
    adds = _verb(verbs, "add", "a new person, with a one-time password 新增人员")
    for each in (first, adds):
        each.add_argument("agent_id", metavar="ID")
        each.add_argument("--name", required=True, help="as people write it 姓名")
    adds.add_argument("--team", default="", metavar="TEAM")
    adds.add_argument("--employer", default="own", metavar="NAME", help="own, or which outsourcer")
    adds.add_argument("--role", default="", metavar="ROLE", help="agent, leader, … 角色")
    adds.add_argument("--scope", default="self", metavar="SCOPE", help="all, team:X, … 范围")
    listed = _verb(verbs, "list", "everybody 全部人员")
    show = _verb(verbs, "show", "one person with roles and history 一名人员")
    for name, help_text in (
        ("password", "a new one-time password 重置口令"),
        ("disable", "ends every session at once 停用"),
        ("enable", "may sign in again 启用"),
        ("sign-out", "ends every session 强制签退"),
    ):
        act = _verb(verbs, name, help_text)
        act.add_argument("agent_id", metavar="ID")
        act.add_argument("--reason", required=True, help="stands in the history 原因")
    for name, help_text in (("grant", "give a role 授予角色"), ("revoke", "take it away 收回角色")):
        act = _verb(verbs, name, help_text)
        act.add_argument("agent_id", metavar="ID")
        act.add_argument("role", metavar="ROLE")
        act.add_argument("--scope", default="self", metavar="SCOPE", help="all, team:X, … 范围")
        act.add_argument("--reason", required=True, help="stands in the history 原因")
    team = _verb(verbs, "team", "a new team, or its new name 班组")
    team.add_argument("code", metavar="TEAM")
    team.add_argument("--name", required=True, help="as people write it 名称")
    team.add_argument("--unit", default="", metavar="UNIT", help="part of the bank 部门")
    brought = _verb(verbs, "import", "people from CSV or XLSX: 工号 姓名 班组 用工单位 导入")
    brought.add_argument("file", type=Path, metavar="FILE")
    brought.add_argument("--dry-run", action="store_true", help="show, write nothing 只显示不写入")
    brought.add_argument(
        "--good-rows-only", action="store_true", help="leave out the wrong ones 跳过错误行"
    )
    show.add_argument("agent_id", metavar="ID")
    for each in (listed, show):
        each.add_argument("--json", action="store_true", help="the answer as JSON 输出 JSON")
    for each in verbs.choices.values():
        each.set_defaults(run=_later(lambda: import_module("centre.cli.user")))


def _verb(verbs: "Commands", name: str, help_text: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(name, help=help_text)
    common(made)
    return made


def common(parser: argparse.ArgumentParser) -> None:
    """What every command of the centre takes."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=_path("CENTRE_CONFIG"),
        help="configuration of the centre (CENTRE_CONFIG) 配置文件",
    )  # fmt: skip
    parser.add_argument(
        "--lang", choices=("zh", "en"), help="default: by the locale 默认按语言环境"
    )


def _later(load: Callable[[], Any]) -> Callable[[argparse.Namespace, Words], int]:
    """Run `main` of a module that is loaded only then, with everything that it needs."""

    def run(arguments: argparse.Namespace, words: Words) -> int:
        try:
            main: Callable[[argparse.Namespace, Words], int] = load().main
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
                raise
            return _not_installed(error.name, words)
        return main(arguments, words)

    return run


def _not_installed(name: str, words: Words) -> int:
    told = (
        "缺少应用中心的软件包 {}；下一步：pip install 'paidui[centre]'"
        if words.language == "zh"
        else "the package {} of the centre is missing; next: pip install 'paidui[centre]'"
    )
    print(f"cti: {told.format(name)}", file=sys.stderr)
    return FOUND


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
