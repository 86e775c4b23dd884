"""What may be typed after `cti`."""

import argparse
import io
import os
import sys
from collections.abc import Callable
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from cti.cli import ask, backup, config, daemon, init, orders
from cti.cli.output import can_say, without_chinese
from cti.watch.logs import printable

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class _Parser(argparse.ArgumentParser):
    """Help and usage are in both languages, in one line: a terminal without Chinese gets half."""

    def error(self, message: str) -> NoReturn:
        """What was typed is said again, but nothing in it reaches the terminal as a command."""
        super().error(printable(message))

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        stream = sys.stderr if file is None else file
        if isinstance(stream, io.TextIOWrapper) and not can_say("中文", stream):
            message = without_chinese(message)
        super()._print_message(message, file)


ROOMS = "cti.commands"
"""Entry points of our own distribution that add the commands of other rooms: `cti` imports none."""

# argparse has no public name for what `add_subparsers` returns
_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"  # noqa: SLF001

_EXAMPLES = """\
examples 示例:
  cti init                               the first configuration 生成初始配置
  cti serve --config cti.toml            start the daemon 启动
  cti watch                              live screen 实时画面
  cti status --json                      for scripts 供脚本使用
  cti agent 8001 log-on                  sign in 签到
  cti agent 8001 not-ready --reason break
  cti agent 8001 group loans off         serves it no more for now 暂停技能组
  cti agent 8001 actions                 what may be asked, and why not 可用操作及原因
  cti call a1-1795293525.63 hold         the customer hears music 保持
  cti call a1-1795293525.63 transfer --to-agent 8002
  cti queue loans close                  serve who waits, divert who comes 关闭队列
  cti mode storm on                      an emergency mode 启用应急预案
  cti events --follow                    what happens, as it happens 跟踪事件
  cti explain a1-1795293525.63           why did this call go there? 解释一通来电的分配
  cti asterisk check --config cti.toml   is that Asterisk as we need it? 检查 Asterisk
  cti config check cti.toml              all problems at once 检查配置
  cti config stage cti.toml              what would change 预览配置变更
  cti config apply cti.toml              in force at once 应用配置
  cti centre migrate                     the database of the centre 准备数据库

exit codes 退出码: 0 done · 1 refused or found · 2 usage · 3 daemon not reachable
"""


def parser() -> _Parser:
    """The whole grammar; each command carries its function as `run`."""
    file = _Parser(add_help=False)
    file.add_argument(
        "--config", type=Path, metavar="FILE", default=_path("CTI_CONFIG"),
        help="configuration (CTI_CONFIG) 配置文件",
    )  # fmt: skip
    common = _Parser(add_help=False, parents=[file])
    common.add_argument(
        "--lang", choices=("zh", "en"), help="default: by the locale 默认按语言环境"
    )
    reach = _Parser(add_help=False, parents=[common])
    reach.add_argument(
        "--socket", type=Path, metavar="PATH", default=_path("CTI_SOCKET"),
        help="control socket (CTI_SOCKET) 控制套接字",
    )  # fmt: skip
    asked = _Parser(add_help=False, parents=[reach])
    asked.add_argument("--json", action="store_true", help="the answer as JSON 输出 JSON")

    made = _Parser(
        prog="cti",
        description="Paidui 排队机: a CTI server with an ACD router for Asterisk",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"cti {version('paidui')}")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _daemon_commands(commands, common, file)
    _questions(commands, reach, asked)
    _agent_command(commands, asked)
    _call_command(commands, asked)
    _orders(commands, asked)
    _config_commands(commands, asked)
    for room in distribution("paidui").entry_points.select(group=ROOMS):
        room.load()(commands)
    return made


def _daemon_commands(commands: _Commands, common: _Parser, file: _Parser) -> None:
    serve = commands.add_parser("serve", parents=[file], help="start the daemon 启动守护进程")
    serve.set_defaults(run=daemon.serve)

    _init_command(commands)
    _backup_commands(commands, common)

    asterisk = commands.add_parser("asterisk", help="look at an Asterisk 检查 Asterisk")
    checks = asterisk.add_subparsers(metavar="COMMAND", required=True)
    check = checks.add_parser("check", parents=[common], help="is it as the router needs it?")
    check.add_argument("name", nargs="?", default="", help="one of the configured ones; all")
    check.add_argument("--json", action="store_true", help="findings as JSON 输出 JSON")
    check.set_defaults(run=daemon.asterisk_check)


def _init_command(commands: _Commands) -> None:
    made = commands.add_parser("init", help="write the first configuration 生成初始配置")
    made.add_argument("--lang", choices=("zh", "en"), help="default: by the locale 默认按语言环境")
    for name, metavar, help_text in (
        ("asterisk", "DIR", "folder of Asterisk's files, to look at 要查看的 Asterisk 配置目录"),
        ("copy-to", "DIR", "where the files for Asterisk go 写给 Asterisk 的文件目录"),
        ("config", "FILE", "the router's configuration 路由器配置文件"),
    ):
        made.add_argument(f"--{name}", type=Path, metavar=metavar, help=help_text)
    made.add_argument("--data-dir", default="", metavar="DIR", help="data of the router 数据目录")
    made.add_argument("--host", default="127.0.0.1", help="address of Asterisk (127.0.0.1)")
    made.add_argument("--router", default="127.0.0.1", help="address of this router (127.0.0.1)")
    made.add_argument("--agi-port", type=_number(1, 65535), default=4573, metavar="PORT")
    made.add_argument("--yes", action="store_true", help="write without asking 不再询问")
    made.add_argument("--dry-run", action="store_true", help="show, write nothing 只显示不写入")
    made.set_defaults(run=init.init)


def _backup_commands(commands: _Commands, common: _Parser) -> None:
    for name, run, help_text in (
        ("backup", backup.backup, "save data and configuration, calls go on 备份"),
        ("restore", backup.restore, "unpack a backup into an empty place 恢复"),
    ):
        command = commands.add_parser(name, parents=[common], help=help_text)
        command.add_argument("file", metavar="FILE", help="- for standard output or input")
        command.set_defaults(run=run)


def _questions(commands: _Commands, reach: _Parser, asked: _Parser) -> None:
    for name, run, help_text in (
        ("status", ask.status, "the router at a glance 概况"),
        ("queues", ask.queues, "queues and their figures of the day 队列"),
        ("agents", ask.agents, "agents and their states 座席"),
        ("calls", ask.calls, "live calls 在线来电"),
        ("health", ask.health, "every check; 1 when one fails 健康检查"),
        ("watch", ask.watch_screen, "the live screen 实时画面"),
        ("events", ask.events, "what has happened 事件"),
        ("explain", ask.explain, "what became of a call, and why 解释一通来电"),
    ):
        # The screen has no JSON: `cti status --json` is the same for scripts.
        parents = [reach if name == "watch" else asked]
        command = commands.add_parser(name, parents=parents, help=help_text)
        command.set_defaults(run=run)
        if name == "watch":
            command.add_argument("--once", action="store_true", help="one picture, then leave")
        elif name == "explain":
            command.add_argument("call_id", metavar="CALL")
        elif name == "calls":
            command.add_argument("--limit", type=_number(1, 1000), default=100, metavar="N")
        elif name == "events":
            command.add_argument("--after", type=_number(0, 2**63 - 1), metavar="SEQ")
            command.add_argument("--limit", type=_number(1, 100_000), default=20, metavar="N")
            command.add_argument(
                "--follow", action="store_true", help="go on until Ctrl-C 持续跟踪"
            )


def _agent_command(commands: _Commands, asked: _Parser) -> None:
    agent = commands.add_parser(
        "agent", help="sign an agent in or out, change their state 座席操作"
    )
    agent.add_argument("agent_id", metavar="AGENT")
    verbs = agent.add_subparsers(metavar="VERB", required=True, dest="verb")
    for verb, help_text, options in (
        ("log-on", "sign in, not ready 签到", ("device",)),
        ("log-off", "sign out, when the present call is over 签退", ("reason",)),
        ("ready", "may be given calls 就绪", ()),
        ("not-ready", "is given none; needs a reason 未就绪", ("reason",)),
        ("work-done", "after-call work is over 话后处理结束", ()),
        ("last-call", "sign out after the next conversation 接完末通来电后签退", ()),
        ("group", "serve one of their skills, or not 技能组签入签出", ()),
    ):
        command = verbs.add_parser(verb, parents=[asked], help=help_text)
        _options(command, options)
        if verb == "not-ready":
            command.add_argument(
                "--override",
                action="store_true",
                help="whatever the break caps say 不受小休上限限制",
            )
        elif verb == "last-call":
            command.add_argument("--off", action="store_true", help="take the mark away 取消")
        elif verb == "group":
            command.add_argument("group", metavar="GROUP")
            command.add_argument("switch", choices=("on", "off"))
        command.set_defaults(run=orders.agent)
    actions = verbs.add_parser("actions", parents=[asked], help="what may be asked now 可用操作")
    actions.set_defaults(run=orders.actions)


def _call_command(commands: _Commands, asked: _Parser) -> None:
    call = commands.add_parser("call", help="do something with a conversation 通话操作")
    call.add_argument("call_id", metavar="CALL")
    verbs = call.add_subparsers(metavar="VERB", required=True, dest="verb")
    for verb, help_text in (
        ("hold", "the customer hears music 保持"),
        ("retrieve", "back to the customer 取回"),
        ("clear", "the agent hangs up 挂断"),
        ("digits", "key tones to the customer's side 发送按键"),
    ):
        command = verbs.add_parser(verb, parents=[asked], help=help_text)
        if verb == "digits":
            command.add_argument("digits", metavar="KEYS", help="0-9 * # A-D")
        _options(command, ("agent",) if verb == "digits" else ("agent", "reason"))
        command.set_defaults(run=orders.call)
    _transfer_command(verbs, asked)


def _transfer_command(verbs: _Commands, asked: _Parser) -> None:
    command = verbs.add_parser("transfer", parents=[asked], help="hand the customer on 转接")
    to = command.add_mutually_exclusive_group(required=True)
    to.add_argument("--to-agent", default="", metavar="AGENT", help="this one 指定座席")
    to.add_argument("--to-queue", default="", metavar="QUEUE", help="a group 技能组")
    for case in ("busy", "no-answer", "not-ready"):
        command.add_argument(
            f"--{case}", default="", choices=("recall", "queueToAgent", "overflow"),
            help="what to do when that agent is so 该座席如此时的处理",
        )  # fmt: skip
    command.add_argument("--overflow-to", default="", metavar="QUEUE", help="for overflow 溢出队列")
    _options(command, ("agent",))
    command.set_defaults(run=orders.call)


def _orders(commands: _Commands, asked: _Parser) -> None:
    queue = commands.add_parser("queue", parents=[asked], help="open or close a queue 队列开关")
    queue.add_argument("queue_id", metavar="QUEUE")
    queue.add_argument("verb", choices=("open", "close"))
    queue.set_defaults(run=orders.queue)

    mode = commands.add_parser("mode", parents=[asked], help="an emergency mode 应急预案")
    mode.add_argument("name", metavar="MODE")
    mode.add_argument("switch", choices=("on", "off"))
    mode.set_defaults(run=orders.mode)


def _config_commands(commands: _Commands, asked: _Parser) -> None:
    made = commands.add_parser("config", help="look at a configuration, change it 配置")
    verbs = made.add_subparsers(metavar="COMMAND", required=True)
    check = verbs.add_parser("check", help="name every problem of a file 检查配置")
    check.add_argument("file", nargs="?", type=Path, default=_path("CTI_CONFIG"), metavar="FILE")
    check.add_argument("--json", action="store_true", help="findings as JSON 输出 JSON")
    check.set_defaults(run=daemon.config_check, lang=None)

    show = verbs.add_parser("show", parents=[asked], help="what is in force, as a file 当前配置")
    show.set_defaults(run=config.show)
    for verb, run, help_text in (
        ("stage", config.stage, "what a file would change; nothing is applied 预览变更"),
        ("apply", config.apply, "put a file in force, without a restart 应用"),
    ):
        command = verbs.add_parser(verb, parents=[asked], help=help_text)
        command.add_argument("file", type=Path, metavar="FILE")
        command.set_defaults(run=run)
        if verb == "apply":
            command.add_argument(
                "--staged", default="", metavar="ID", help="only if this is still the change"
            )
    rollback = verbs.add_parser(
        "rollback", parents=[asked], help="back to the one before; again: forth 回退"
    )
    rollback.set_defaults(run=config.rollback)


def _options(command: _Parser, names: tuple[str, ...]) -> None:
    for name in names:
        command.add_argument(f"--{name}", default="", help=_OPTIONS[name])


_OPTIONS = {
    "agent": "whose conversation, where it is not whoever has it 座席",
    "device": "endpoint to ring, where it is not the configured one",
    "reason": "such as break, meal, meeting",
}


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _number(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a number from {low} to {high}")

    return number
