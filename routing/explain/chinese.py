"""来电的经过与现状，中文。What `english` says, in Chinese."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from routing import control as k
from routing import events as e
from routing import legs as m
from routing.call import CallState
from routing.explain import codes
from routing.explain.standing import Idle, Obstacle, Standing
from routing.ids import CONSULTS
from routing.queue import STICKY_STEP
from routing.transfers import messages as t

_LANG: Final = "zh"


def seconds(us: int) -> str:
    """`7.5 秒`."""
    return f"{us // 1_000_000}.{us // 100_000 % 10} 秒"


# --- 经过 ---------------------------------------------------------------------------------------


def _queued(x: e.CallQueued) -> list[str]:
    wait = "" if x.wait_p50_us < 0 else f"，预计等待 {seconds(x.wait_p50_us)}"
    cause = codes.cause_word(x.cause, _LANG)
    return [f"进入队列 {x.queue_id}（{cause}），前面 {x.calls_in_front} 人{wait}"]


def _noted(x: e.CallInformation) -> list[str]:
    """Names only: the values are for who has the right."""
    names = "、".join(x.changed)
    return [f"{x.by} 更改了随路数据：{names}" if x.by else f"携带随路数据：{names}"]


def _relaxed(x: e.CallRelaxed) -> list[str]:
    need = x.need or "不限"
    return [f"等待 {seconds(x.waited_us)}，放宽到第 {x.step} 级，现需求：{need}"]


def _offered(x: e.OfferMade) -> list[str]:
    why = x.decision
    strategy = codes.word(codes.STRATEGIES, why.strategy, _LANG)
    head = f"第 {x.offer_id} 次派单给座席 {x.agent_id}（{codes.cause_word(why.trigger, _LANG)}）"
    step = "专属座席" if why.step == STICKY_STEP else f"第 {why.step} 级"
    rule = f"需求 {why.need or '不限'}，{step}，策略 {strategy}，得分 {why.score}"
    lines = [f"{head}：{rule}，已等待 {seconds(why.waited_us)}，配置版本 {why.config_version}"]
    if why.rules:
        lines.append(f"  加分规则：{', '.join(why.rules)}")
    if why.candidates:
        lines.append(f"  空闲座席（优者在前）：{_listed(why.candidates)}")
    if why.passed_over:
        reasons = ((who, codes.state_word(reason, _LANG)) for who, reason in why.passed_over)
        lines.append(f"  不空闲：{_listed(reasons)}")
    if why.rivals:
        lines.append(f"  该座席可接的其他来电（得分高者在前）：{_listed(why.rivals)}")
    return lines


def _failed(x: e.OfferEnded) -> list[str]:
    outcome = codes.word(codes.OUTCOMES, x.outcome, _LANG)
    return [
        f"第 {x.offer_id} 次派单（座席 {x.agent_id}）结束：{outcome}，历时 {seconds(x.open_us)}"
    ]


def _established(x: e.CallEstablished) -> list[str]:
    who = f"座席 {x.agent_id} 与{_other(x)}通话，{_other(x)}等待 {seconds(x.waited_us)}"
    return [f"{who}；拨打后 {seconds(x.rang_us)} 接听" if x.rang_us else who]


def _parted(x: e.ConnectionCleared) -> list[str]:
    held = f"，另保持 {seconds(x.held_us)}" if x.held_us else ""
    by = codes.word(codes.PARTIES, x.by, _LANG)
    return [
        f"座席 {x.agent_id} 与{_other(x)}通话结束，结束方：{by}，历时 {seconds(x.talked_us)}{held}"
    ]


def _announced(x: e.AnnouncementDue) -> list[str]:
    wait = "" if x.wait_us < 0 else f"，预计等待 {seconds(x.wait_us)}"
    return [f"播放 {x.sound}，排在第 {x.position} 位{wait}"]


def _diverted(x: e.CallDiverted) -> list[str]:
    where = f"队列 {x.to_queue}" if x.to_queue else "拨号方案"
    where = f"分机 {x.to_extension}" if x.to_extension and not x.to_queue else where
    return [f"离开队列 {x.queue_id}（{codes.cause_word(x.cause, _LANG)}），转往{where}"]


def _transfer_started(x: t.TransferStarted) -> list[str]:
    to = f"座席 {x.to_agent}" if x.to_agent else f"队列 {x.queue_id}"
    return [f"座席 {x.agent_id} 发起转接（{codes.word(codes.KINDS, x.kind, _LANG)}）至{to}"]


def _transferred(x: t.CallTransferred) -> list[str]:
    to = f"座席 {x.to_agent}" if x.to_agent else f"队列 {x.queue_id}"
    now = codes.word(codes.CONNECTIONS, x.connection, _LANG)
    return [f"座席 {x.agent_id} 已将客户转给{to}（{now}）"]


def _transfer_failed(x: t.TransferFailed) -> list[str]:
    why = codes.word(codes.FAILURES, x.cause, _LANG)
    rest = "，两人继续通话" if x.consulting else ""
    return [f"座席 {x.agent_id} 转接失败：{why}{rest}"]


def _control_ordered(x: k.CallControlOrdered) -> list[str]:
    by = f"由 {x.by} " if x.by else ""
    why = f"（{x.reason}）" if x.reason else ""
    what = codes.word(codes.SERVICES, x.service, _LANG)
    return [f"{by}为座席 {x.agent_id} 下达{what}指令{why}"]


def _control_failed(x: k.CallControlFailed) -> list[str]:
    what = codes.word(codes.SERVICES, x.service, _LANG)
    return [f"座席 {x.agent_id} 的{what}指令未执行（{x.cause}）"]


TELL: Final[dict[type[Any], Callable[[Any], list[str]]]] = {
    e.CallQueued: _queued,
    e.CallInformation: _noted,
    e.CallRelaxed: _relaxed,
    e.OfferMade: _offered,
    e.CallDelivered: lambda x: [f"正在拨打座席 {x.agent_id} 的话机"],
    e.OfferEnded: _failed,
    e.CallEstablished: _established,
    e.CallHeldEvent: lambda x: [f"座席 {x.agent_id} 将{_other(x)}置于保持"],
    e.CallRetrievedEvent: lambda x: [f"座席 {x.agent_id} 恢复通话，保持了 {seconds(x.held_us)}"],
    m.CustomerHeld: lambda _: ["客户将座席置于保持"],
    m.CustomerRetrieved: lambda _: ["客户恢复通话"],
    m.CallLegChanged: lambda x: [f"通话转到另一通道 {x.leg_id}"],
    e.CallDiverted: _diverted,
    e.CallbackBooked: lambda _: ["客户已挂机，预约回呼，保留排队位置"],
    e.AnnouncementDue: _announced,
    e.ConnectionCleared: _parted,
    e.CallCleared: lambda x: [f"结束：{codes.word(codes.ENDS, x.outcome, _LANG)}"],
    t.TransferStarted: _transfer_started,
    t.TransferCompleting: lambda x: [f"即将与座席 {x.to_agent} 接通"],
    t.TransferJoining: lambda x: [f"座席 {x.to_agent} 即将加入三方通话"],
    t.CallConferenced: lambda x: [f"座席 {x.agent_id}、{x.to_agent} 与客户三方通话"],
    t.CallTransferred: _transferred,
    t.TransferFailed: _transfer_failed,
    t.TransferCancelled: lambda x: [f"座席 {x.agent_id} 取消转接"],
    k.CallControlOrdered: _control_ordered,
    k.CallControlFailed: _control_failed,
}


def _other(event: Any) -> str:
    """Whom the agent talks to."""
    return "发起人" if CONSULTS in event.call_id else "客户"


def _listed(pairs: Iterable[tuple[Any, Any]]) -> str:
    return "，".join(f"{who}（{what}）" for who, what in pairs)


# --- 现状 ---------------------------------------------------------------------------------------


def standing(x: Standing) -> list[str]:
    """Of a live call: where it is, and why it waits."""
    if x.state not in (CallState.WAITING, CallState.OUT_OF_SIGHT):
        who = f"，座席 {x.agent_id}" if x.agent_id else ""
        return [f"现状：{codes.word(codes.CALLS, x.state, _LANG)}{who}，已 {seconds(x.since_us)}"]
    need = f"只等座席 {x.wanted}" if x.wanted else x.need or "不限"
    waits = f"现状：在队列 {x.queue_id} 已等待 {seconds(x.waited_us)}"
    lines = [f"{waits}，前面 {x.in_front} 人，需求：{need}"]
    if x.state is CallState.OUT_OF_SIGHT:
        return [*lines, _unseen(x)]
    lines += [f"  空闲而未派单：{each}" for each in map(_idle, x.idle)]
    if x.idle_count > len(x.idle):
        lines.append(f"  ……另有 {x.idle_count - len(x.idle)} 名空闲座席")
    if not x.idle_count:
        lines.append("  没有空闲座席")
    counts = "，".join(f"{codes.state_word(why, _LANG)} {count} 人" for why, count in x.busy)
    lines.append(f"  符合需求而不空闲：{counts or '无人'}")
    if x.next_in_us >= 0:
        lines.append(f"  {seconds(x.next_in_us)}后需求变为：{x.next_need or '不限'}")
    return lines


def _unseen(x: Standing) -> str:
    if x.pbx_state:
        state = "已停机" if x.pbx_state == "gone" else "失联"
        return f"  其 Asterisk {x.pbx} {state}，恢复之前不派单"
    return f"  回呼，{seconds(x.callback_in_us)}后再试"


def _idle(x: Idle) -> str:
    said = _OBSTACLES[x.obstacle].format(detail=_detail(x))
    rest = f"，还需 {seconds(x.in_us)}" if x.in_us >= 0 else ""
    return f"{x.agent_id}（空闲 {seconds(x.idle_us)}）：{said}{rest}"


def _detail(x: Idle) -> str:
    if x.obstacle is Obstacle.GAP:
        return codes.word(codes.OUTCOMES, x.detail, _LANG)
    return x.detail or "不限"


_OBSTACLES: Final[dict[str, str]] = {
    Obstacle.TRAINING: "培训座席只接练习来电，练习来电只给培训座席",
    Obstacle.WANTED: "该来电只等座席 {detail}",
    Obstacle.GROUP: "已停用技能组 {detail}",
    Obstacle.RESERVE: "后备座席，后备未启用（排队 {detail}）",
    Obstacle.LATER: "放宽到 {detail} 后可接",
    Obstacle.NEED: "不具备 {detail}",
    Obstacle.UNREACHABLE: "话机 {detail} 不可达",
    Obstacle.MISSING: "Asterisk 无此话机：{detail}",
    Obstacle.UNHEARD: "能呼叫话机 {detail} 的 Asterisk 失联",
    Obstacle.ELSEWHERE: "来电所在的 Asterisk 不能呼叫话机：{detail}",
    Obstacle.GAP: "上次派单后停歇（{detail}）",
    Obstacle.NONE: "并无障碍：属程序缺陷，请报告",
}
