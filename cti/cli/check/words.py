"""What `cti asterisk check` says: names of checks and next steps, each in Chinese and English."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Final

from cti.cli.check.facts import Finding, Language, Said, Verdict

OK_WORD: Final[Said] = ("正常", "ok ")
BAD_WORD: Final[Said] = ("异常", "BAD")
NEXT_WORD: Final[Said] = ("下一步", "next")

NAMED: Final = 5
"""So many of a kind are named in a line; of more there is the number."""

TITLES: Final[Mapping[str, Said]] = {
    "reachable": ("连接", "reachable"),
    "router login": ("路由器登录", "router login"),
    "check login": ("检查登录", "check login"),
    "originate login": ("起呼登录", "originate login"),
    "version": ("版本", "version"),
    "systemname": ("系统名", "systemname"),
    "user": ("运行用户", "user"),
    "live_dangerously": ("live_dangerously 设置", "live_dangerously"),
    "modules": ("模块", "modules"),
    "exposing modules": ("泄密模块", "exposing modules"),
    "contexts": ("拨号方案", "contexts"),
    "CTI_ROUTER": ("CTI_ROUTER 地址", "CTI_ROUTER"),
    "agi.allowed": ("agi.allowed 网段", "agi.allowed"),
    "CTI_SECRET": ("CTI_SECRET 密钥", "CTI_SECRET"),
    "queues": ("队列", "queues"),
    "cti-leave": ("溢出去处", "places to overflow to"),
    "failsafe": ("兜底", "failsafe"),
    "rights needed": ("所需权限", "rights needed"),
    "rights too many": ("多余权限", "rights too many"),
    "originate rights": ("起呼用户权限", "originate rights"),
    "check rights": ("检查用户权限", "check rights"),
    "event filter": ("事件过滤", "event filter"),
    "timestampevents": ("事件时间戳", "timestampevents"),
    "clock": ("时钟", "clock"),
    "endpoints": ("座席话机", "endpoints"),
    "auth": ("话机密码", "auth"),
    "phone acts": ("话机自行操作", "phone acts"),
    "dialplan acts": ("拨号方案中的自行操作", "dialplan acts"),
}
"""`check` of a finding never changes: it is what scripts go by. This is what people read."""

STEPS: Final[Mapping[str, Said]] = {
    "upgrade": (
        "升级到 {tried} 或更高：旧版本有已知漏洞",
        "upgrade to {tried} or later: earlier ones have known holes",
    ),
    "untried": (
        "本系列未经测试（已测 {tried}），请先对它运行 make test",
        "this branch was never tried (tried: {tried}); run make test on it first",
    ),
    "systemname": (
        "改为至多 60 个 A-Z a-z 0-9 _ . -（asterisk.conf 的 [options]）并重启：通话编号以它开头",
        "make it up to 60 of A-Z a-z 0-9 _ . - in asterisk.conf, then restart: call ids begin so",
    ),
    "places": (
        "在 [cti-leave](+) 中加入，或更正 overflows 的 to_extension；否则来电转入兜底",
        "add them to [cti-leave](+), or correct to_extension: such callers go to failsafe",
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
    "allow": (
        "在路由器配置的 agi.allowed 中加入 {wanted}，否则其来电提问一律被拒",
        "add {wanted} to agi.allowed of the router's configuration, or its questions are refused",
    ),
    "secret": (
        "在 extensions.conf 的 [globals] 中设置 CTI_SECRET，与路由器的 agi.secret 相同",
        "set CTI_SECRET under [globals] in extensions.conf, the same as the router's agi.secret",
    ),
    "same secret": (
        "两处写成相同，再 dialplan reload；不同则来电 30 秒后全部转入兜底",
        "make the two the same, then dialplan reload: else all callers go to failsafe after 30 s",
    ),
    "newer dialplan": (
        "更新 extensions.d/cti-routing.conf（其中有 [cti-check]），然后 dialplan reload",
        "take the newer extensions.d/cti-routing.conf, which has [cti-check]; then dialplan reload",
    ),
    "queues": (
        "在路由器配置中加入 [[queues]]，或更正拨号方案中的 CTI_QUEUE；否则来电转入兜底",
        "add them as [[queues]], or correct CTI_QUEUE there: such callers go to failsafe",
    ),
    "long dialplan": (
        "拨号方案过大，无法检查；请自行核对其中每个 CTI_QUEUE",
        "too long to be looked through: compare each CTI_QUEUE in it with [[queues]] yourself",
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
    "rights of template": (
        "在 manager.conf 中用模板 [用户]({template})，只给 write = {classes}，然后 manager reload",
        "use [USER]({template}) in manager.conf: write = {classes} only; then manager reload",
    ),
    "take out": (
        "从该用户的 write 中去掉：路由器只需要 call",
        "take them out of that user's write: the router needs call only",
    ),
    "timestampevents": (
        "在 manager.conf 的 [general] 中设置 timestampevents = yes，然后 manager reload",
        "set timestampevents = yes under [general] in manager.conf, then manager reload",
    ),
    "clock": (
        "两台机器都用 NTP（chronyc tracking）：排队先后以来电时间为准",
        "keep both by NTP (chronyc tracking): who came first is told by these clocks",
    ),
    "endpoints": (
        "在 pjsip.conf 中建立：[座席话机](cti-agent) 及其 aors，或更正 [[agents]] 的 device",
        "make them in pjsip.conf, [DEVICE](cti-agent) and aors, or correct device in [[agents]]",
    ),
    "auth section": (
        "在 pjsip.conf 中写 [名称] type = auth，与端点的 auth = 名称 一致，然后 pjsip reload",
        "make [NAME] type = auth in pjsip.conf, as auth = NAME of the endpoint says; pjsip reload",
    ),
    "no auth": (
        "给端点加 auth = 名称 与 [名称] type = auth：现在任何人都能以该座席注册",
        "give them auth = NAME and [NAME] type = auth: anybody can register as those agents now",
    ),
    "phone acts": (
        "端点用模板 cti-agent，或写 allow_transfer = no 并去掉 pickup_group；见 docs/phone-acts.md",
        "use cti-agent, or allow_transfer = no and no pickup_group; see docs/phone-acts.md",
    ),
    "dialplan acts": (
        "只保留确需的；其余去掉 Dial/Queue 的 t T k K x X、Park、Pickup、ChanSpy",
        "keep what is meant: else no t T k K x X in Dial or Queue, no Park, Pickup, ChanSpy",
    ),
    "sip port": (
        "在该 [[asterisks]] 中写 sip_port = 话机注册的 UDP 端口；0 表示不检查",
        "say sip_port = the UDP port of the phones in this [[asterisks]]; 0: not to be looked at",
    ),
    # --- a manager that cannot be asked: `reach`
    "host name": (
        "更正 cti.toml 中 [[asterisks]] 的 host，或补上域名解析",
        "correct host of this [[asterisks]] in cti.toml, or make the name known to DNS",
    ),
    "no listener": (
        "Asterisk 在运行吗？manager.conf 中 enabled = yes，port、bindaddr 同 {where}",
        "is Asterisk running? in manager.conf: enabled = yes, port and bindaddr as {where}",
    ),
    "no answer": (
        "核对 host（{where}）；防火墙须放行该 TCP 端口",
        "is host right ({where})? a firewall has to let this TCP port through",
    ),
    "not a manager": (
        "更正 ami_port：该端口上是别的服务（AMI 默认 5038；5039 常为 TLS，这里不用）",
        "correct ami_port: another service has this port (AMI's own is 5038; 5039 is mostly TLS)",
    ),
    "silent": (
        "更正 ami_port；若端口无误，Asterisk 已停住：在其主机上试 asterisk -rx 'core show uptime'",
        "correct ami_port; if it is right, Asterisk hangs: try asterisk -rx 'core show uptime'",
    ),
    "closed": (
        "端口是否为 TLS（tlsenable）？否则未登录连接过多：manager.conf 的 authlimit",
        "is that port for TLS (tlsenable)? else more than authlimit (manager.conf) are logging in",
    ),
    "unknown user": (
        "manager.conf 中没有 [{user}]：建立它，或更正 cti.toml 的 username；manager reload",
        "manager.conf has no [{user}]: make it, or correct username in cti.toml; manager reload",
    ),
    "wrong secret": (
        "manager.conf 中 [{user}] 的 secret 须与{ours}相同；改后 manager reload",
        "make secret of [{user}] in manager.conf the same as {ours}; then manager reload",
    ),
    "permit": (
        "在 manager.conf 的 [{user}] 中加 permit = {address}，然后 manager reload",
        "add permit = {address} to [{user}] in manager.conf, then manager reload",
    ),
    "login in use": (
        "在 manager.conf 的 [general] 中设置 allowmultiplelogin = yes，或先停下路由器再检查",
        "set allowmultiplelogin = yes under [general] in manager.conf, or stop the router first",
    ),
    "refused": (
        """\
用户名、secret（与{ours}比对）或 permit（本机 {address}）不对，Asterisk 的日志说明是哪一个：
grep "as '{user}'\\|user '{user}'" /var/log/asterisk/messages.log
  nonexistent user: 用户名；failed to pass IP ACL: permit；仅有 failed to authenticate: secret""",
        """\
user, secret ({ours}) or permit (we come from {address}) is wrong. Asterisk's log says which:
grep "as '{user}'\\|user '{user}'" /var/log/asterisk/messages.log
  nonexistent user: the user; failed to pass IP ACL: permit; only failed to authenticate: secret""",
    ),
    "fully booted": (
        "仍在启动？否则该用户缺 read = system，或过滤挡住了 FullyBooted：用 manager.d 的模板",
        "still booting? else the user lacks read = system, or its filter: use manager.d's template",
    ),
    "ask again": (
        "再查一次；若仍如此，查看 Asterisk 的日志与负载",
        "check again; if it stays so, look at Asterisk's log and load",
    ),
}  # fmt: skip
"""What to do about it."""


def finding(verdict: Verdict, language: Language) -> Finding:
    """The verdict as that reader reads it."""

    def say(said: str | Said) -> str:
        return said if isinstance(said, str) else said[0 if language == "zh" else 1]

    values = {name: say(value) for name, value in verdict.values}
    step = say(STEPS[verdict.step]).format(**values) if verdict.step else ""
    title = say(TITLES[verdict.check])
    return Finding(verdict.check, not verdict.step, say(verdict.found), step, title)


def lacking(names: Collection[str]) -> Said:
    """`missing: a, b`."""
    return f"缺少 {listed(names)}", f"missing: {listed(names)}"


def listed(names: Collection[str]) -> str:
    """`a, b, c, … (12)`: the first few, and how many there are."""
    shown = ", ".join(islice(names, NAMED))
    return shown if len(names) <= NAMED else f"{shown}, … ({len(names)})"
