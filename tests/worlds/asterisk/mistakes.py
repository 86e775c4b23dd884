"""Deliberate mistakes on an Asterisk of our own, and the line that each of them must get.

`make mistakes` makes them one after another and prints what `cti asterisk check` says, in Chinese
and English; `tests/asterisk/test_mistakes.py` holds it to that.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from cti.cli.check.facts import Finding
from cti.cli.check.run import lines_of, verdicts_on
from cti.cli.check.words import finding
from cti.config import AgiSettings, AsteriskSettings, Secret, Settings
from cti.config.settings import AgentSettings, OverflowSettings, QueueSettings
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.ports import free_port

PHONES = (Agent("8001"), Agent("8002"))
ROUTER = "[cti-router](cti-router-rights)\n"
ORIGINATE = "[cti-originate](cti-originate-rights)\n"
CHECK = "[cti-check](cti-check-rights)\n"
HOUR_S = 3600
ACTS = """[acts]
exten => 1,1,Dial(PJSIP/8001,30,tK)
exten => 2,1,Park()
exten => 3,1,ChanSpy(PJSIP/8001,q)
"""

Spoil = Callable[[LabAsterisk], None]
Wrong = Callable[[Settings, LabAsterisk], Settings]


@dataclass(frozen=True)
class Mistake:
    """What is done wrong, in Asterisk before it starts or in the router's configuration; which
    check must be red, with these words in its line; and what else turns red by the same mistake.
    """

    name: str
    chinese: str
    check: str
    found: tuple[str, str]
    spoil: Spoil = lambda _: None
    wrong: Wrong = lambda settings, _: settings
    also: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.time
    check_secret: str = ""


def change(file: str, old: str, new: str) -> Spoil:
    """Another text in a file of Asterisk's."""

    def spoil(asterisk: LabAsterisk) -> None:
        path = asterisk.etc / file
        text = path.read_text(encoding="utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def asterisk_with(**fields: object) -> Wrong:
    """Other fields in the router's [[asterisks]]."""

    def wrong(settings: Settings, _asterisk: LabAsterisk) -> Settings:
        return replace(settings, asterisks=(replace(settings.asterisks[0], **fields),))

    return wrong


def port_of_http(settings: Settings, asterisk: LabAsterisk) -> Settings:
    """The port on which Asterisk's web server waits for somebody to speak first."""
    return asterisk_with(ami_port=asterisk.http_port)(settings, asterisk)


def closed_port(settings: Settings, asterisk: LabAsterisk) -> Settings:
    """Where nobody listens."""
    return asterisk_with(ami_port=free_port())(settings, asterisk)


def one_more_agent(settings: Settings, _asterisk: LabAsterisk) -> Settings:
    """Whose phone Asterisk does not know."""
    return replace(settings, agents=(*settings.agents, AgentSettings(id="8099", device="8099")))


def overflow_to_nowhere(settings: Settings, _asterisk: LabAsterisk) -> Settings:
    """To an extension that the operator has not written yet."""
    flow = OverflowSettings(cause="queueFull", to_extension="callback")
    first, *others = settings.queues
    return replace(settings, queues=(replace(first, overflows=(flow,)), *others))


def ipv6_router(settings: Settings, asterisk: LabAsterisk) -> Settings:
    """The router listens on IPv6, and CTI_ROUTER says it the way that nobody understands."""
    assert f"CTI_ROUTER=::1:{asterisk.agi_port}" in (asterisk.etc / "extensions.conf").read_text()
    return replace(settings, agi=replace(settings.agi, host="::1"))


def permits_another_machine(asterisk: LabAsterisk) -> None:
    """The first `permit` is that of the router's user."""
    path = asterisk.etc / "manager.conf"
    before, ours, after = path.read_text(encoding="utf-8").partition(ROUTER)
    after = after.replace("permit = 127.0.0.1/32", "permit = 10.9.9.9/32", 1)
    path.write_text(f"{before}{ours}{after}", encoding="utf-8")


def without_auth_section(asterisk: LabAsterisk) -> None:
    """`auth = 8001` of the endpoint stays."""
    section = "[8001]\ntype = auth\nusername = 8001\npassword = lab"
    change("pjsip.conf", section, "")(asterisk)


MISTAKES = (
    Mistake(
        "CTI_SECRET of the dialplan is not the router's agi.secret",
        "拨号方案的 CTI_SECRET 与路由器的 agi.secret 不同",
        "CTI_SECRET", ("与路由器的 agi.secret 不同", "differs from the router's agi.secret"),
        spoil=change("extensions.conf", "CTI_SECRET=", "CTI_SECRET=x"),
    ),
    Mistake(
        "CTI_SECRET is not set", "没有设置 CTI_SECRET", "CTI_SECRET", ("未设置", "not set"),
        spoil=change("extensions.conf", "CTI_SECRET=", "SECRET="),
    ),
    Mistake(
        "ami_port: nobody listens there", "ami_port 上无人监听",
        "reachable", ("拒绝连接", "connection refused"), wrong=closed_port,
    ),
    Mistake(
        "ami_port: of Asterisk's web server", "ami_port 写成了 Asterisk 的网页端口",
        "reachable", ("接通后无问候语", "no greeting comes"), wrong=port_of_http,
    ),
    Mistake(
        "secret of [[asterisks]] is wrong", "[[asterisks]] 的 secret 写错",
        "router login", ("cti-router 密码不同", "cti-router: the secret differs"),
        wrong=asterisk_with(secret=Secret("another-secret")),
    ),
    Mistake(
        "permit of [cti-router] names another machine", "[cti-router] 的 permit 是别的机器",
        "router login", ("本机地址不被允许", "our address is not permitted"),
        spoil=permits_another_machine,
    ),
    Mistake(
        "manager.conf has no [cti-router]", "manager.conf 中没有 [cti-router]",
        "router login", ("没有这个用户", "no such user"),
        spoil=change("manager.conf", ROUTER, "[cti-other](cti-router-rights)\n"),
    ),
    Mistake(
        "ASTERISK_CHECK_SECRET is wrong", "ASTERISK_CHECK_SECRET 写错",
        "check login", ("cti-check 登录被拒", "cti-check: not let in"), check_secret="another-one",
    ),
    Mistake(
        "[cti-router] may not read `system`", "[cti-router] 没有 read = system",
        "router login", ("没有 FullyBooted", "no FullyBooted"),
        spoil=change("manager.conf", ROUTER, f"{ROUTER}read = call,user\n"),
    ),
    Mistake(
        "extensions.conf does not include ours", "extensions.conf 没有包含 cti-*.conf",
        "contexts", ("缺少 cti-inbound", "missing: cti-inbound"),
        spoil=change("extensions.conf", "#include", ";#include"), also=frozenset({"CTI_SECRET"}),
    ),
    Mistake(
        "systemname of asterisk.conf is Chinese", "asterisk.conf 的 systemname 用了中文",
        "systemname", ("北京 A1", "北京 A1"),
        spoil=change("asterisk.conf", "[options]", "[options]\nsystemname = 北京 A1"),
    ),
    Mistake(
        "an overflow names an extension that cti-leave has not", "overflows 指向不存在的分机",
        "cti-leave", ("缺少 callback", "missing: callback"), wrong=overflow_to_nowhere,
    ),
    Mistake(
        "CTI_ROUTER: another port", "CTI_ROUTER 端口不对",
        "CTI_ROUTER", ("127.0.0.1:1", "127.0.0.1:1"),
        spoil=change("extensions.conf", "CTI_ROUTER=127.0.0.1:", "CTI_ROUTER=127.0.0.1:1"),
    ),
    Mistake(
        "CTI_ROUTER: an IPv6 address without brackets", "CTI_ROUTER 中 IPv6 地址没有方括号",
        "CTI_ROUTER", ("::1:", "::1:"),
        spoil=change("extensions.conf", "CTI_ROUTER=127.0.0.1:", "CTI_ROUTER=::1:"),
        wrong=ipv6_router,
    ),
    Mistake(
        "agi.allowed does not name that Asterisk", "agi.allowed 不含该 Asterisk",
        "agi.allowed", ("不含 127.0.0.1", "does not have 127.0.0.1"),
        wrong=lambda settings, _: replace(
            settings, agi=replace(settings.agi, allowed=("10.0.0.0/8",))
        ),
    ),
    Mistake(
        "a number sets CTI_QUEUE=personal, which the router does not have",
        "某号码设置了 CTI_QUEUE=personal，路由器中没有",
        "queues",
        ("没有 personal (from-trunk,95588)", "not in the router: personal (from-trunk,95588)"),
        wrong=lambda settings, _: replace(settings, queues=settings.queues[1:]),
    ),
    Mistake(
        "a module is not loaded", "缺少模块", "modules", ("缺少 func_cut", "missing: func_cut"),
        spoil=change("modules.conf", "autoload = yes", "autoload = yes\nnoload = func_cut.so"),
    ),
    Mistake(
        "a module that gives secrets away is loaded", "加载了会泄露密码的模块",
        "exposing modules", ("func_config.so", "func_config.so"),
        spoil=change("modules.conf", "noload = func_config.so", ""),
    ),
    Mistake(
        "an agent's endpoint is missing", "座席的端点不存在",
        "endpoints", ("缺少 8099", "missing: 8099"), wrong=one_more_agent,
    ),
    Mistake(
        "an endpoint's AOR is missing", "端点的 AOR 不存在",
        "endpoints", ("缺少 aor 8001 (8001)", "missing: aor 8001 (8001)"),
        spoil=change("pjsip.conf", "[8001](cti-aor)", "[8001x](cti-aor)"),
    ),
    Mistake(
        "an endpoint's auth section is missing", "端点的 auth 段不存在",
        "auth", ("缺少 8001 (8001)", "missing: 8001 (8001)"), spoil=without_auth_section,
    ),
    Mistake(
        "a phone may register without a password", "话机无需密码即可注册",
        "auth", ("无密码即可注册 8001", "no auth: 8001"),
        spoil=change("pjsip.conf", "auth = 8001\n", ""),
    ),
    Mistake(
        "timestampevents is off", "timestampevents 未开启", "timestampevents", ("no", "no"),
        spoil=change("manager.conf", "timestampevents = yes", "timestampevents = no"),
    ),
    Mistake(
        "the clocks are an hour apart", "两台机器的时钟相差一小时",
        "clock", ("比路由器慢 0:59:59", "0:59:59 behind the router's"),
        clock=lambda: time.time() + HOUR_S,
    ),
    Mistake(
        "the failsafe queue does not exist", "兜底队列不存在",
        "failsafe", ("没有队列 failsafe", "no queue failsafe"),
        spoil=change("queues.conf", "[failsafe]", "[elsewhere]"),
    ),
    Mistake(
        "live_dangerously = yes", "live_dangerously = yes", "live_dangerously", ("yes", "yes"),
        spoil=change("asterisk.conf", "live_dangerously = no", "live_dangerously = yes"),
    ),
    Mistake(
        "Asterisk runs as root", "Asterisk 以 root 运行", "user", ("未设置", "not set"),
        spoil=change("asterisk.conf", "runuser", ";runuser"),
    ),
    Mistake(
        "the router may do too little", "路由器权限不足",
        "rights needed", ("缺少 Bridge", "missing: Bridge"),
        spoil=change("manager.conf", ROUTER, f"{ROUTER}write = agi\n"),
        also=frozenset({"rights too many"}),
    ),
    Mistake(
        "the router may do too much", "路由器权限过多",
        "rights too many", ("write = command,originate", "write = command,originate"),
        spoil=change("manager.conf", ROUTER, f"{ROUTER}write = call,originate,command\n"),
    ),
    Mistake(
        "the user for own calls may do too much", "起呼用户权限过多",
        "originate rights", ("write = call,system", "write = call,system"),
        spoil=change("manager.conf", ORIGINATE, f"{ORIGINATE}write = originate,call,system\n"),
    ),
    Mistake(
        "the user for own calls may not originate", "起呼用户不能起呼",
        "originate rights", ("缺少 Originate", "missing: Originate"),
        spoil=change("manager.conf", ORIGINATE, f"{ORIGINATE}write = call\n"),
    ),
    Mistake(
        "originate_secret is wrong", "originate_secret 写错",
        "originate login", ("cti-originate 密码不同", "cti-originate: the secret differs"),
        wrong=asterisk_with(originate_secret=Secret("another-secret")),
    ),
    Mistake(
        "cti-check may do too much", "cti-check 权限过多",
        "check rights", ("write = command", "write = command"),
        spoil=change("manager.conf", CHECK, f"{CHECK}write = reporting,user,command\n"),
    ),
    Mistake(
        "the router's user has no event filter", "路由器用户没有事件过滤",
        "event filter", ("放行了 PaiduiCheck", "lets through: PaiduiCheck"),
        spoil=change("manager.conf", ROUTER, "[cti-router]\nread = system,user\nwrite = call\n"),
    ),
    Mistake(
        "phones may transfer and park by keys, and listen in", "话机可按键转接、驻留、监听",
        "dialplan acts", ("允许 ChanSpy (acts,3), Dial tK (acts,1), Park (acts,2)",
                          "on: ChanSpy (acts,3), Dial tK (acts,1), Park (acts,2)"),
        spoil=change("extensions.conf", "[from-trunk]", f"{ACTS}[from-trunk]"),
    ),
)  # fmt: skip


def lab_asterisk() -> LabAsterisk:
    """As an operator with two agents has it, all well."""
    return LabAsterisk(agents=PHONES)


def settings_for(asterisk: LabAsterisk) -> Settings:
    """The router's configuration that fits it."""
    return Settings(
        asterisks=(
            AsteriskSettings(
                name="a1",
                host="127.0.0.1",
                ami_port=asterisk.ami_port,
                sip_port=asterisk.sip_port,
                secret=Secret(asterisk.ami_secret),
                originate_secret=Secret(asterisk.ami_secret),
            ),
        ),
        agi=AgiSettings(port=asterisk.agi_port, secret=Secret(asterisk.secret)),
        queues=(QueueSettings(id="personal"), QueueSettings(id="business")),
        agents=tuple(AgentSettings(id=phone.name, device=phone.name) for phone in PHONES),
    )


def checked(mistake: Mistake, asterisk: LabAsterisk) -> tuple[list[Finding], list[Finding]]:
    """What the check says of a running Asterisk, in Chinese and in English."""
    settings = mistake.wrong(settings_for(asterisk), asterisk)
    secret = mistake.check_secret or asterisk.ami_secret
    verdicts = asyncio.run(verdicts_on(settings, settings.asterisks[0], secret, mistake.clock))
    return [finding(each, "zh") for each in verdicts], [finding(each, "en") for each in verdicts]


def made(mistake: Mistake) -> tuple[list[Finding], list[Finding]]:
    """Make it on an Asterisk of its own and look."""
    asterisk = lab_asterisk()
    mistake.spoil(asterisk)
    with asterisk:
        return checked(mistake, asterisk)


def main() -> None:
    """Make them all, and print each with its red lines."""
    logging.getLogger("cti.ami").setLevel(logging.CRITICAL)  # as the command does
    for number, mistake in enumerate(MISTAKES, 1):
        chinese, english = made(mistake)
        sys.stdout.write(f"{number}. {mistake.chinese} · {mistake.name}\n")
        for found, lang in ((chinese, "zh"), (english, "en")):
            lines = [line for each in found if not each.ok for line in lines_of(each, lang)]
            sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.write("\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
