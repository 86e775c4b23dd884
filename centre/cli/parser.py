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
