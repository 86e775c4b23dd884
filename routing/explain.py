"""In words: why did this call go where it went?

Reads the events of one call (from the core's answers, or from the event log later on) and says what
was decided and why, one line each, with the time since the caller came. English and Chinese. Give
the events of the call's consultations too (`ids.contact_of`), and its transfers can be followed.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from routing import events as e
from routing.ids import CONSULTS
from routing.transfers import messages as t

Line = tuple[int, str]
"""(microseconds since the first event, text)."""


def explain(history: Iterable[tuple[int, e.Event]], lang: str = "en") -> list[str]:
    """The story of one call. `history` is (at_us, event) in order; other events are left out."""
    words, figures = _WORDS[lang], _FIGURES[lang]
    lines: list[str] = []
    start_us: int | None = None
    for at_us, event in history:
        tell = words.get(type(event))
        if tell is None:
            continue
        if start_us is None:
            start_us = at_us
        if isinstance(event, e.OfferMade):
            event = _readable(event, figures, at_us)  # noqa: PLW2901
        seconds, rest = divmod(at_us - start_us, 1_000_000)
        aside = _ASIDE[lang] if _is_aside(event) else ""
        lines.extend(f"+{seconds}.{rest // 1000:03d}s  {aside}{text}" for text in tell(event))
    return lines


def _readable(offer: e.OfferMade, figures: dict[str, str], at_us: int) -> e.OfferMade:
    """The offer with the figures that ranked the candidates in words."""
    why = offer.decision
    tell = figures[why.strategy]
    candidates = tuple(
        (who, tell.format(_PLAIN.get(why.strategy, _as_it_is)(figure, at_us)))
        for who, figure in why.candidates
    )
    return replace(offer, decision=replace(why, candidates=candidates))


def _as_it_is(figure: int, _at_us: int) -> str:
    return str(figure)


_PLAIN: dict[str, Callable[[int, int], str]] = {
    "longestIdle": lambda since_us, at_us: _seconds(at_us - since_us),
    "leastOccupied": lambda ppm, _: f"{ppm // 10_000}.{ppm // 1_000 % 10} %",
    "bestSkill": lambda level, _: str(-level),
    "weighted": lambda ppm, _: f"{ppm // 1_000_000}.{ppm // 100_000 % 10}",
}
"""What `selection.rank` puts first, made readable; other figures are so already."""

_FIGURES = {
    "en": {
        "longestIdle": "idle {}",
        "leastOccupied": "{} occupied",
        "fewestCalls": "{} calls",
        "bestSkill": "level {}",
        "leastFlexible": "{} skills",
        "roundRobin": "last had offer {}",
        "weighted": "{} offers by weight",
    },
    "zh": {
        "longestIdle": "空闲 {}",
        "leastOccupied": "占用率 {}",
        "fewestCalls": "已接 {} 通",
        "bestSkill": "技能等级 {}",
        "leastFlexible": "{} 项技能",
        "roundRobin": "上次派单 {}",
        "weighted": "加权派单 {}",
    },
}


def _is_aside(event: Any) -> bool:
    """Is this about a consultation, rather than the customer's own call?"""
    return CONSULTS in event.call_id


def _seconds(us: int) -> str:
    return f"{us // 1_000_000}.{us // 100_000 % 10} s"


def _target(event: t.TransferStarted, agent: str, queue: str) -> str:
    return agent.format(event.to_agent) if event.to_agent else queue.format(event.queue_id)


def _other(event: e.CallEstablished | e.ConnectionCleared) -> str:
    """Whom the agent talks to."""
    return "the sender" if _is_aside(event) else "the caller"


def _listed(pairs: Iterable[tuple[Any, Any]], form: str) -> str:
    return ", ".join(form.format(who, what) for who, what in pairs)


# --- English ------------------------------------------------------------------------------------


def _queued(event: e.CallQueued) -> list[str]:
    wait = "" if event.wait_p50_us < 0 else f", wait forecast {_seconds(event.wait_p50_us)}"
    return [
        f"in line in queue {event.queue_id} ({event.cause}), {event.calls_in_front} in front{wait}"
    ]


def _relaxed(event: e.CallRelaxed) -> list[str]:
    need = event.need or "anyone"
    return [f"relaxed to step {event.step} after {_seconds(event.waited_us)}: needs {need} now"]


def _offered(event: e.OfferMade) -> list[str]:
    why = event.decision
    need = why.need or "anyone"
    lines = [
        (
            f"offer {event.offer_id} to agent {event.agent_id} ({why.trigger}): need {need}, step "
            f"{why.step}, {why.strategy}, score {why.score} after {_seconds(why.waited_us)}, "
            f"configuration {why.config_version}"
        )
    ]
    if why.rules:
        lines.append(f"  raised by rules {', '.join(why.rules)}")
    if why.candidates:
        lines.append(f"  free agents, best first: {_listed(why.candidates, '{} ({})')}")
    if why.passed_over:
        lines.append(f"  not free: {_listed(why.passed_over, '{} ({})')}")
    if why.rivals:
        lines.append(
            f"  calls this agent could have had, highest score first: "
            f"{_listed(why.rivals, '{} ({})')}"
        )
    return lines


_EN: dict[type[Any], Callable[[Any], list[str]]] = {
    e.CallQueued: _queued,
    e.CallRelaxed: _relaxed,
    e.OfferMade: _offered,
    e.CallDelivered: lambda x: [f"agent {x.agent_id}'s phone rings"],
    e.OfferEnded: lambda x: [
        f"offer {x.offer_id} to agent {x.agent_id} ended: {x.outcome} after {_seconds(x.open_us)}"
    ],
    e.CallEstablished: lambda x: [
        f"agent {x.agent_id} talks to {_other(x)}, who waited {_seconds(x.waited_us)}"
    ],
    e.CallDiverted: lambda x: [
        f"left queue {x.queue_id} ({x.cause}) for {x.to_queue or x.to_extension or 'the dialplan'}"
    ],
    e.CallbackBooked: lambda _: ["the caller hung up and will be called back, the place is kept"],
    e.AnnouncementDue: lambda x: [f"heard {x.sound}, position {x.position}"],
    e.ConnectionCleared: lambda x: [
        f"agent {x.agent_id} and {_other(x)} parted, ended by {x.by}, after {_seconds(x.talked_us)}"
    ],
    e.CallCleared: lambda x: [f"over: {x.outcome}"],
    t.TransferStarted: lambda x: [
        f"agent {x.agent_id} transfers ({x.kind}) to {_target(x, 'agent {}', 'queue {}')}"
    ],
    t.TransferCompleting: lambda x: [f"to be bridged with agent {x.to_agent}"],
    t.TransferJoining: lambda x: [f"agent {x.to_agent} is to join the conversation"],
    t.CallConferenced: lambda x: [f"agents {x.agent_id} and {x.to_agent} both talk to the caller"],
    t.CallTransferred: lambda x: [
        f"handed on by agent {x.agent_id}, now {x.connection}: {x.to_agent or x.queue_id}"
    ],
    t.TransferFailed: lambda x: [
        f"agent {x.agent_id}'s transfer failed ({x.cause})"
        + (", the two go on talking" if x.consulting else "")
    ],
    t.TransferCancelled: lambda x: [f"agent {x.agent_id} cancelled the transfer"],
}

# --- 中文 ---------------------------------------------------------------------------------------


def _zh_offered(event: e.OfferMade) -> list[str]:
    why = event.decision
    lines = [
        (
            f"第 {event.offer_id} 次派单给坐席 {event.agent_id}({why.trigger}):需求 "
            f"{why.need or '不限'},第 {why.step} 级,策略 {why.strategy},得分 {why.score},"
            f"已等待 {_seconds(why.waited_us)},配置版本 {why.config_version}"
        )
    ]
    if why.rules:
        lines.append(f"  加分规则:{', '.join(why.rules)}")
    if why.candidates:
        lines.append(f"  空闲坐席(优者在前):{_listed(why.candidates, '{}({})')}")
    if why.passed_over:
        lines.append(f"  未选中:{_listed(why.passed_over, '{}({})')}")
    if why.rivals:
        lines.append(f"  该坐席可接的其他来电:{_listed(why.rivals, '{}({})')}")
    return lines


_ZH: dict[type[Any], Callable[[Any], list[str]]] = {
    e.CallQueued: lambda x: [f"进入队列 {x.queue_id}({x.cause}),前面 {x.calls_in_front} 人"],
    e.CallRelaxed: lambda x: [f"放宽到第 {x.step} 级,现需求:{x.need or '不限'}"],
    e.OfferMade: _zh_offered,
    e.CallDelivered: lambda x: [f"坐席 {x.agent_id} 话机振铃"],
    e.OfferEnded: lambda x: [f"第 {x.offer_id} 次派单(坐席 {x.agent_id})结束:{x.outcome}"],
    e.CallEstablished: lambda x: [f"与坐席 {x.agent_id} 通话,等待 {_seconds(x.waited_us)}"],
    e.CallDiverted: lambda x: [f"离开队列 {x.queue_id}({x.cause}),转往 {x.to_queue or '拨号方案'}"],
    e.CallbackBooked: lambda _: ["客户预约回呼,保留排队位置"],
    e.AnnouncementDue: lambda x: [f"播放 {x.sound},排在第 {x.position} 位"],
    e.ConnectionCleared: lambda x: [f"与坐席 {x.agent_id} 通话结束,挂断方 {x.by}"],
    e.CallCleared: lambda x: [f"结束:{x.outcome}"],
    t.TransferStarted: lambda x: [
        f"坐席 {x.agent_id} 发起转接({x.kind})至{_target(x, '坐席 {}', '队列 {}')}"
    ],
    t.TransferCompleting: lambda x: [f"即将与坐席 {x.to_agent} 接通"],
    t.TransferJoining: lambda x: [f"坐席 {x.to_agent} 即将加入三方通话"],
    t.CallConferenced: lambda x: [f"坐席 {x.agent_id}、{x.to_agent} 与客户三方通话"],
    t.CallTransferred: lambda x: [
        f"坐席 {x.agent_id} 已将客户转给 {x.to_agent or '队列 ' + x.queue_id}({x.connection})"
    ],
    t.TransferFailed: lambda x: [
        f"坐席 {x.agent_id} 转接失败:{x.cause}" + (",继续咨询" if x.consulting else "")
    ],
    t.TransferCancelled: lambda x: [f"坐席 {x.agent_id} 取消转接"],
}

_WORDS = {"en": _EN, "zh": _ZH}
_ASIDE = {"en": "consultation: ", "zh": "咨询:"}
