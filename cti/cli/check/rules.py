"""Is that Asterisk as the router needs it? From facts to verdicts. Pure.

`look` asks an Asterisk for the facts; here each rule looks at them and makes one `Verdict`, well or
not, with the next step for the person who reads it. A rule that cannot be sure says so and counts
as not well: nobody should read "ok" where nothing was looked at.

The measured reasons behind the rules stand in asterisk-config/README.md.
"""

import ipaddress
import re
from typing import Final

from cti.cli.check.facts import (
    CHECK,
    CONTEXTS,
    EXPOSING,
    LOOKING,
    MODULES,
    ORIGINATE,
    OURS,
    WANTED_EVENTS,
    Expected,
    Facts,
    Verdict,
)
from cti.cli.check.phones import acts, auth, dialplan_acts, endpoints
from cti.cli.check.rights import others, too_few, too_many
from cti.cli.check.words import lacking, listed

# {major: first version tried}. Others may work; nobody has looked.
TRIED: Final = {22: (22, 10, 1)}

CLOCK_LIMIT_MS: Final = 2_000
"""First arrivals are told by Asterisk's clock: callers of two of them change places by so much."""


def verdicts(facts: Facts, expected: Expected) -> list[Verdict]:
    """All of them, in the order in which they are best repaired."""
    return [
        _version(facts),
        _system_name(facts),
        _run_user(facts),
        _live_dangerously(facts),
        _modules(facts),
        _exposing(facts),
        _contexts(facts),
        _agi_address(facts, expected),
        _allowed(facts, expected),
        _secret(facts, expected),
        _queues(facts, expected),
        _places(facts, expected),
        _failsafe(facts),
        too_few(facts.router_actions),
        too_many(facts.router_actions),
        others("originate rights", ORIGINATE, facts.originate_actions),
        others("check rights", CHECK, facts.check_actions),
        _event_filter(facts),
        _timestamps(facts),
        _clock(facts),
        endpoints(facts, expected),
        auth(facts, expected),
        acts(facts, expected),
        dialplan_acts(facts),
    ]


def _version(facts: Facts) -> Verdict:
    found = re.match(r"(?:certified[-/])?(\d+)\.(\d+)(?:\.(\d+))?", facts.version)
    parts = tuple(int(part or 0) for part in found.groups()) if found else (0,)
    first = TRIED.get(parts[0])
    if first is not None and parts >= first:
        return Verdict("version", facts.version)
    tried = ", ".join(".".join(map(str, version)) for version in TRIED.values())
    step = "untried" if first is None else "upgrade"
    return Verdict("version", facts.version or "?", step, (("tried", tried),))


def _system_name(facts: Facts) -> Verdict:
    """Calls are named by unique ids, in addresses and topics too; no other is answered for."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{0,60}", facts.system_name):
        return Verdict("systemname", facts.system_name or ("未设置", "not set"))
    return Verdict("systemname", facts.system_name, "systemname")


def _run_user(facts: Facts) -> Verdict:
    if facts.run_user not in ("", "root"):
        return Verdict("user", facts.run_user)
    return Verdict("user", facts.run_user or ("未设置", "not set"), "user")


def _live_dangerously(facts: Facts) -> Verdict:
    if facts.reads_files:
        return Verdict("live_dangerously", "yes", "live_dangerously")
    return Verdict("live_dangerously", "no")


def _modules(facts: Facts) -> Verdict:
    if not facts.modules:
        return Verdict("modules", ("无法查看", "cannot be seen"), "func_module")
    wanted = (*MODULES, *LOOKING)
    absent = [module for module in wanted if not facts.modules.get(module)]
    if absent:
        return Verdict("modules", lacking(absent), "load")
    return Verdict("modules", (f"{len(wanted)} 个已加载", f"{len(wanted)} loaded"))


def _exposing(facts: Facts) -> Verdict:
    if not facts.modules:
        return Verdict("exposing modules", ("无法查看", "cannot be seen"), "func_module")
    loaded = [module for module in EXPOSING if facts.modules.get(module)]
    if loaded:
        return Verdict("exposing modules", ", ".join(f"{each}.so" for each in loaded), "noload")
    return Verdict("exposing modules", ("未加载", "not loaded"))


def _contexts(facts: Facts) -> Verdict:
    missing = [
        f"{context},{extension}" if context in facts.contexts else context
        for context, extensions in CONTEXTS.items()
        for extension in extensions
        if extension not in facts.contexts.get(context, frozenset())
    ]
    if missing:
        return Verdict("contexts", lacking(dict.fromkeys(missing)), "include")
    return Verdict("contexts", ", ".join(CONTEXTS))


def _agi_address(facts: Facts, expected: Expected) -> Verdict:
    """`HOST:PORT` or `HOST:PORT/NAME`; an IPv6 address in brackets, which is the one form that
    Asterisk takes (measured, 22.10.1). Any host where the router listens on all its addresses.
    """
    found = facts.globals.get("CTI_ROUTER", "")
    address, slash, name = found.partition("/")
    host, port = _host_and_port(address)
    well = (
        port == str(expected.agi_port)
        and _reaches(host, expected.agi_host)
        and (name == expected.name if slash else expected.is_only_one)
    )
    if well:
        return Verdict("CTI_ROUTER", found)
    listens = "ROUTER" if expected.agi_host in ("0.0.0.0", "::") else expected.agi_host  # noqa: S104
    wanted = f"[{listens}]" if ":" in listens else listens
    wanted += f":{expected.agi_port}"
    if not expected.is_only_one:
        wanted += f"/{expected.name}"
    return Verdict("CTI_ROUTER", found or ("未设置", "not set"), "address", (("wanted", wanted),))


def _host_and_port(address: str) -> tuple[str, str]:
    """Both, or nothing for what Asterisk would read otherwise."""
    found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):(\d+)", address)
    return (found[1] or found[2], found[3]) if found else ("", "")


def _reaches(host: str, listens: str) -> bool:
    """Does who connects to `host` come to the router? On all addresses of one family, another
    family's is none of them (asyncio sets IPV6_V6ONLY).
    """
    said = _ip(host)
    if listens == "0.0.0.0":  # noqa: S104  # compared, not bound
        return bool(host) and not isinstance(said, ipaddress.IPv6Address)
    if listens == "::":
        return bool(host) and not isinstance(said, ipaddress.IPv4Address)
    return (said or host) == (_ip(listens) or listens)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _allowed(facts: Facts, expected: Expected) -> Verdict:
    """Its questions most likely come from where its manager answers; over the other family of
    addresses, from somewhere of that family.
    """
    address = _ip(facts.address)
    asks = _ip(_host_and_port(facts.globals.get("CTI_ROUTER", "").partition("/")[0])[0])
    networks = [ipaddress.ip_network(each) for each in expected.allowed]
    if address is None:  # nothing to compare
        return Verdict("agi.allowed", ", ".join(expected.allowed))
    if asks is not None and asks.version != address.version:
        if any(network.version == asks.version for network in networks):
            return Verdict("agi.allowed", ", ".join(expected.allowed))
        missing = (f"没有 IPv{asks.version} 网段", f"has no network of IPv{asks.version}")
        wanted = "::1/128" if asks.is_loopback and asks.version == 6 else f"IPv{asks.version}"
        return Verdict("agi.allowed", missing, "allow", (("wanted", wanted),))
    if any(address in network for network in networks):
        return Verdict("agi.allowed", (f"含 {address}", f"has {address}"))
    missing = (f"不含 {address}", f"does not have {address}")
    wanted = f"{address}/{address.max_prefixlen}"
    return Verdict("agi.allowed", missing, "allow", (("wanted", wanted),))


def _secret(facts: Facts, expected: Expected) -> Verdict:
    if not facts.has_secret:
        return Verdict("CTI_SECRET", ("未设置", "not set"), "secret")
    if not facts.proof:
        return Verdict("CTI_SECRET", ("无法比对", "cannot be compared"), "newer dialplan")
    if facts.proof == expected.previous_proof:
        replaced = ("与 agi.previous_secret 相同", "the same as agi.previous_secret, for now")
        return Verdict("CTI_SECRET", replaced)
    if facts.proof != expected.proof:
        differs = ("与路由器的 agi.secret 不同", "differs from the router's agi.secret")
        return Verdict("CTI_SECRET", differs, "same secret")
    return Verdict("CTI_SECRET", ("与 agi.secret 相同", "the same as agi.secret"))


def _queues(facts: Facts, expected: Expected) -> Verdict:
    """What lines of the operator's dialplan say in so many words; a variable cannot be judged."""
    if facts.queues is None:
        return Verdict("queues", ("无法检查", "not looked at"), "long dialplan")
    unknown = [
        f"{queue} ({where})"
        for queue, where in facts.queues.items()
        if queue not in expected.queues
    ]
    if unknown:
        named = listed(unknown)
        return Verdict("queues", (f"路由器中没有 {named}", f"not in the router: {named}"), "queues")
    return Verdict("queues", listed(facts.queues) or ("未指定", "none is named"))


def _places(facts: Facts, expected: Expected) -> Verdict:
    """A pattern of the operator's may stand for any of them."""
    there = facts.contexts.get("cti-leave", frozenset())
    patterns = any(extension.startswith("_") for extension in there)
    missing = [] if patterns else [name for name in expected.places if name not in there]
    if missing:
        return Verdict("cti-leave", lacking(missing), "places")
    return Verdict("cti-leave", listed(expected.places) or ("未指定", "none is named"))


def _failsafe(facts: Facts) -> Verdict:
    queue = facts.globals.get("CTI_FAILSAFE_QUEUE", "")
    number = facts.globals.get("CTI_FAILSAFE_DIAL", "")
    if queue and not facts.failsafe_queue_exists:
        return Verdict("failsafe", (f"没有队列 {queue}", f"no queue {queue}"), "make queue")
    if queue or number:
        return Verdict("failsafe", queue or number)
    return Verdict("failsafe", ("只有音乐", "music only"), "failsafe")


def _event_filter(facts: Facts) -> Verdict:
    foreign = sorted(facts.router_heard - WANTED_EVENTS - {OURS})
    if foreign:
        names = ", ".join(foreign)
        return Verdict("event filter", (f"放行了 {names}", f"lets through: {names}"), "template")
    if OURS not in facts.router_heard:
        return Verdict("event filter", ("收不到 UserEvent", "no UserEvent comes"), "template")
    return Verdict("event filter", ("只有约定的事件", "the agreed events only"))


def _timestamps(facts: Facts) -> Verdict:
    if facts.has_timestamps:
        return Verdict("timestampevents", "yes")
    return Verdict("timestampevents", "no", "timestampevents")


def _clock(facts: Facts) -> Verdict:
    off_ms = abs(facts.clock_ms)
    if off_ms <= CLOCK_LIMIT_MS:
        return Verdict("clock", ("与路由器一致", "the same as the router's"))
    seconds = off_ms // 1000
    length = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    ahead = facts.clock_ms > 0
    said = (
        f"比路由器{'快' if ahead else '慢'} {length}",
        f"{length} {'ahead of' if ahead else 'behind'} the router's",
    )
    return Verdict("clock", said, "clock")
