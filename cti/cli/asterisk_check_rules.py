"""Is that Asterisk as the router needs it? From facts to findings. Pure.

`cti.cli.asterisk_check` asks an Asterisk for the facts; here each rule looks at them and makes one
`Finding`, well or not, with the next step for the person who reads it. A rule that cannot be sure
says so and counts as not well: nobody should read "ok" where nothing was looked at.

The measured reasons behind the rules stand in asterisk-config/README.md.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["zh", "en"]
Said = tuple[str, str]
"""Chinese, English."""

# {major: first version tried}. Others may work; nobody has looked.
TRIED: Final = {22: (22, 10, 1)}

MODULES: Final = (
    "app_dial",
    "app_playback",
    "app_stack",
    "app_userevent",
    "chan_pjsip",
    "func_callerid",
    "func_cut",
    "func_dialplan",
    "func_global",
    "func_logic",
    "func_sha1",
    "func_strings",
    "func_timeout",
    "res_agi",
    "res_manager_devicestate",
    "res_musiconhold",
)
"""What the contexts and the router's actions use."""

EXPOSING: Final = ("func_config", "func_realtime", "func_sorcery")
"""Through Getvar they give the configuration, secrets included, to any manager user."""

CONTEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "cti-inbound": ("arrive", "s", "i", "t", "T"),
    "cti-wait": ("s", "ask", "answer-wait", "answer-deliver", "answer-leave", "unheard",
                 "i", "t", "T"),
    "cti-deliver": ("_X.", "i", "t", "T"),
    "cti-after": ("s", "i", "t", "T"),
    "cti-leave": ("s", "i", "t", "T"),
    "cti-failsafe": ("s", "last", "goodbye", "i", "t", "T"),
}  # fmt: skip
"""{context: extensions without which a caller could be lost}."""

NEEDED_ACTIONS: Final = ("DeviceStateList", "Hangup", "Ping", "Redirect", "Setvar", "Status")

CLASS_OF: Final[Mapping[str, str]] = {
    "AGI": "agi",
    "AOCMessage": "aoc",
    "Command": "command",
    "MessageSend": "message",
    "ModuleLoad": "system",
    "Originate": "originate",
    "QueueAdd": "agent",
    "UpdateConfig": "config",
    "UserEvent": "user",
}
"""An action that only this write class allows: whoever may do it has the class."""

WANTED_EVENTS: Final = frozenset(
    {
        "BridgeEnter", "ContactStatus", "DialBegin", "DialEnd", "FullyBooted", "Hangup",
        "HangupRequest", "Hold", "OriginateResponse", "Shutdown", "Unhold", "UserEvent",
    }
)  # fmt: skip
"""docs/call-flow.md."""

OURS: Final = "CtiCheck"
FOREIGN: Final = "PaiduiCheck"
"""UserEvents that the check sends: the router's user must hear the first and not the second."""

GLOBALS: Final = (
    "CTI_ROUTER",
    "CTI_FAILSAFE_QUEUE",
    "CTI_FAILSAFE_DIAL",
)
"""Read as they are. CTI_SECRET is only asked for its existence, so that it stays off the wire."""

_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104  # compared, not bound


@dataclass(frozen=True, slots=True)
class Facts:
    """What an Asterisk said. Empty where it said nothing."""

    version: str
    """`22.10.1~dfsg`"""
    run_user: str
    """Set by `runuser`; empty when it is not set."""
    modules: Mapping[str, bool]
    """{module: is loaded}, for MODULES and EXPOSING; none of them when it cannot be asked."""
    contexts: Mapping[str, frozenset[str]]
    """{context: its extensions}, for the contexts that exist."""
    router_actions: frozenset[str]
    """What the router's user may do."""
    router_heard: frozenset[str]
    """Events that came to the router's user meanwhile; UserEvents by the name they were given."""
    reads_files: bool
    """A manager user could call a function that live_dangerously=no forbids."""
    globals: Mapping[str, str]
    has_secret: bool
    failsafe_queue_exists: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What the router's own configuration says of it."""

    name: str
    agi_host: str
    agi_port: int
    is_only_one: bool
    """Whether the router has no other Asterisk; then CTI_ROUTER needs no name at its end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict. `next_step` is empty when all is well."""

    check: str
    ok: bool
    found: str
    next_step: str = ""


STEPS: Final[Mapping[str, Said]] = {
    "upgrade": (
        "升级到 {tried} 或更高：旧版本有已知漏洞",
        "upgrade to {tried} or later: earlier ones have known holes",
    ),
    "untried": (
        "本系列未经测试（已测 {tried}），请先对它运行 make test",
        "this branch was never tried (tried: {tried}); run make test on it first",
    ),
    "user": (
        "在 asterisk.conf 的 [options] 中设置 runuser 与 rungroup = asterisk",
        "set runuser and rungroup = asterisk under [options] in asterisk.conf",
    ),
    "live_dangerously": (
        "在 asterisk.conf 的 [options] 中设置 live_dangerously = no 并重启",
        "set live_dangerously = no under [options] in asterisk.conf, and restart",
    ),
    "func_module": (
        "加载 func_module.so，否则无法查看模块",
        "load func_module.so: without it nobody can see what is loaded",
    ),
    "load": ("在 modules.conf 中加载它们", "load them in modules.conf"),
    "noload": (
        "在 modules.conf 中 noload：任何管理用户可借此读取含密码的配置",
        "noload them in modules.conf: they hand the configuration, secrets included, to any user",
    ),
    "include": (
        "在 extensions.conf 中写入 #include extensions.d/cti-*.conf，然后 dialplan reload",
        "put #include extensions.d/cti-*.conf into extensions.conf, then dialplan reload",
    ),
    "address": (
        "在 extensions.conf 的 [globals] 中设置 CTI_ROUTER={wanted}",
        "set CTI_ROUTER={wanted} under [globals] in extensions.conf",
    ),
    "secret": (
        "在 extensions.conf 的 [globals] 中设置 CTI_SECRET，与路由器的 agi.secret 相同",
        "set CTI_SECRET under [globals] in extensions.conf, the same as the router's agi.secret",
    ),
    "make queue": (
        "在 queues.conf 中建立该队列，或更改 CTI_FAILSAFE_QUEUE",
        "make that queue in queues.conf, or change CTI_FAILSAFE_QUEUE",
    ),
    "failsafe": (
        "设置 CTI_FAILSAFE_QUEUE 或 CTI_FAILSAFE_DIAL，否则路由器停机时来电无人接听",
        "set CTI_FAILSAFE_QUEUE or CTI_FAILSAFE_DIAL, or nobody answers while the router is away",
    ),
    "template": (
        "在 manager.conf 中用模板 [用户](cti-router-rights)，然后 manager reload",
        "use the template, [USER](cti-router-rights), in manager.conf, then manager reload",
    ),
    "take out": (
        "从该用户的 write 中去掉：路由器只需要 call",
        "take them out of that user's write: the router needs call only",
    ),
}
"""What to do about it."""


def findings(facts: Facts, expected: Expected, language: Language = "en") -> list[Finding]:
    """All verdicts, in the order in which they are best repaired."""
    verdicts = (
        _version(facts),
        _run_user(facts),
        _live_dangerously(facts),
        _modules(facts),
        _exposing(facts),
        _contexts(facts),
        _agi_address(facts, expected),
        _secret(facts),
        _failsafe(facts),
        _too_few_rights(facts),
        _too_many_rights(facts),
        _event_filter(facts),
    )
    return [verdict.finding(0 if language == "zh" else 1) for verdict in verdicts]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A finding in both languages. Without a step it is well."""

    check: str
    found: str | Said
    step: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def finding(self, column: int) -> Finding:
        found = self.found if isinstance(self.found, str) else self.found[column]
        step = STEPS[self.step][column].format(**dict(self.values)) if self.step else ""
        return Finding(self.check, ok=not self.step, found=found, next_step=step)


def _version(facts: Facts) -> _Verdict:
    found = re.match(r"(?:certified[-/])?(\d+)\.(\d+)(?:\.(\d+))?", facts.version)
    parts = tuple(int(part or 0) for part in found.groups()) if found else (0,)
    first = TRIED.get(parts[0])
    if first is not None and parts >= first:
        return _Verdict("version", facts.version)
    tried = ", ".join(".".join(map(str, version)) for version in TRIED.values())
    step = "untried" if first is None else "upgrade"
    return _Verdict("version", facts.version or "?", step, (("tried", tried),))


def _run_user(facts: Facts) -> _Verdict:
    if facts.run_user not in ("", "root"):
        return _Verdict("user", facts.run_user)
    return _Verdict("user", facts.run_user or ("未设置", "not set"), "user")


def _live_dangerously(facts: Facts) -> _Verdict:
    if facts.reads_files:
        return _Verdict("live_dangerously", "yes", "live_dangerously")
    return _Verdict("live_dangerously", "no")


def _modules(facts: Facts) -> _Verdict:
    if not facts.modules:
        return _Verdict("modules", ("无法查看", "cannot be seen"), "func_module")
    missing = [module for module in MODULES if not facts.modules.get(module)]
    if missing:
        return _Verdict("modules", _missing(missing), "load")
    return _Verdict("modules", (f"{len(MODULES)} 个已加载", f"{len(MODULES)} loaded"))


def _exposing(facts: Facts) -> _Verdict:
    if not facts.modules:
        return _Verdict("exposing modules", ("无法查看", "cannot be seen"), "func_module")
    loaded = [module for module in EXPOSING if facts.modules.get(module)]
    if loaded:
        return _Verdict("exposing modules", ", ".join(f"{each}.so" for each in loaded), "noload")
    return _Verdict("exposing modules", ("未加载", "not loaded"))


def _contexts(facts: Facts) -> _Verdict:
    missing = [
        f"{context},{extension}" if context in facts.contexts else context
        for context, extensions in CONTEXTS.items()
        for extension in extensions
        if extension not in facts.contexts.get(context, frozenset())
    ]
    if missing:
        return _Verdict("contexts", _missing(dict.fromkeys(missing)), "include")
    return _Verdict("contexts", ", ".join(CONTEXTS))


def _agi_address(facts: Facts, expected: Expected) -> _Verdict:
    """`HOST:PORT` or `HOST:PORT/NAME`; any host where the router listens on all its addresses."""
    found = facts.globals.get("CTI_ROUTER", "")
    address, slash, name = found.partition("/")
    host, _, port = address.rpartition(":")
    any_host = expected.agi_host in _ANY_ADDRESS
    well = (
        port == str(expected.agi_port)
        and bool(host)
        and (any_host or host == expected.agi_host)
        and (name == expected.name if slash else expected.is_only_one)
    )
    if well:
        return _Verdict("CTI_ROUTER", found)
    wanted = f"{'ROUTER' if any_host else expected.agi_host}:{expected.agi_port}"
    if not expected.is_only_one:
        wanted += f"/{expected.name}"
    return _Verdict("CTI_ROUTER", found or ("未设置", "not set"), "address", (("wanted", wanted),))


def _secret(facts: Facts) -> _Verdict:
    if facts.has_secret:
        return _Verdict("CTI_SECRET", ("已设置", "set"))
    return _Verdict("CTI_SECRET", ("未设置", "not set"), "secret")


def _failsafe(facts: Facts) -> _Verdict:
    queue = facts.globals.get("CTI_FAILSAFE_QUEUE", "")
    number = facts.globals.get("CTI_FAILSAFE_DIAL", "")
    if queue and not facts.failsafe_queue_exists:
        return _Verdict("failsafe", (f"没有队列 {queue}", f"no queue {queue}"), "make queue")
    if queue or number:
        return _Verdict("failsafe", queue or number)
    return _Verdict("failsafe", ("只有音乐", "music only"), "failsafe")


def _too_few_rights(facts: Facts) -> _Verdict:
    missing = [name for name in NEEDED_ACTIONS if name not in facts.router_actions]
    if missing:
        return _Verdict("rights needed", _missing(missing), "template")
    return _Verdict("rights needed", ", ".join(NEEDED_ACTIONS))


def _too_many_rights(facts: Facts) -> _Verdict:
    classes = sorted(name for each, name in CLASS_OF.items() if each in facts.router_actions)
    if classes:
        return _Verdict("rights too many", f"write = {','.join(classes)}", "take out")
    return _Verdict("rights too many", ("无", "none"))


def _event_filter(facts: Facts) -> _Verdict:
    foreign = sorted(facts.router_heard - WANTED_EVENTS - {OURS})
    if foreign:
        names = ", ".join(foreign)
        return _Verdict("event filter", (f"放行了 {names}", f"lets through: {names}"), "template")
    if OURS not in facts.router_heard:
        return _Verdict("event filter", ("收不到 UserEvent", "no UserEvent comes"), "template")
    return _Verdict("event filter", ("只有约定的事件", "the agreed events only"))


def _missing(names: Iterable[str]) -> Said:
    joined = ", ".join(names)
    return f"缺少 {joined}", f"missing: {joined}"
