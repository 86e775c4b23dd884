"""What the codes in events mean, in Chinese and English.

Codes are API and never change; these words are for people. A code that is not here (a reason of the
house's own, a word of a later version) is shown as it is.
"""

from collections.abc import Mapping
from typing import Final

from routing.call import CallState
from routing.config import Strategy
from routing.control import ControlService
from routing.events import CallOutcome, ClearedBy
from routing.transfers.messages import Connection, TransferCause, TransferKind
from routing.words import OfferOutcome

Said = tuple[str, str]
"""Chinese, English."""

LANGUAGES: Final = ("zh", "en")

OUTCOMES: Final[Mapping[str, Said]] = {
    OfferOutcome.ESTABLISHED: ("已接通", "connected"),
    OfferOutcome.NO_ANSWER: ("无人接听", "nobody answered"),
    OfferOutcome.BUSY: ("话机忙", "the phone was busy"),
    OfferOutcome.REJECTED: ("话机拒接", "rejected at the phone"),
    OfferOutcome.UNREACHABLE: (
        "话机不可达，未振铃",
        "the phone could not be reached: it never rang",
    ),
    OfferOutcome.CUSTOMER_UNREACHABLE: ("未联系上客户", "the customer was not reached"),
    OfferOutcome.CALLER_GONE: ("客户已挂机", "the caller had gone"),
    OfferOutcome.UNDELIVERED: ("Asterisk 未及时拨打", "Asterisk did not dial in time"),
    OfferOutcome.WITHDRAWN: ("已收回", "taken back"),
}
"""How an offer ended."""

ENDS: Final[Mapping[str, Said]] = {
    CallOutcome.ANSWERED: ("已接听", "answered"),
    CallOutcome.ABANDONED: ("客户放弃", "the caller gave up"),
    CallOutcome.CALLBACK_FAILED: ("回呼未成", "the call-back failed"),
    CallOutcome.CALLBACK_CANCELLED: ("回呼取消", "the call-back was called off"),
    CallOutcome.DIVERTED: ("已转出", "sent on"),
    CallOutcome.TAKEN: ("由拨号方案接走（兜底）", "taken by the dialplan (failsafe)"),
    CallOutcome.LOST: ("随 Asterisk 丢失", "lost with its Asterisk"),
    CallOutcome.TRANSFERRED: ("已转接", "transferred"),
    CallOutcome.RECALLED: ("退回发起人", "back with the sender"),
}
"""How a call ended."""

PARTIES: Final[Mapping[str, Said]] = {
    ClearedBy.CALLER: ("客户", "the caller"),
    ClearedBy.AGENT: ("座席", "the agent"),
    ClearedBy.SYSTEM: ("系统", "the system"),
    ClearedBy.TRANSFER: ("转接", "the transfer"),
    ClearedBy.OTHER: ("他人操作", "somebody else"),
}
"""Who ended a conversation."""

STRATEGIES: Final[Mapping[str, Said]] = {
    Strategy.LONGEST_IDLE: ("最长空闲", "longest idle"),
    Strategy.LEAST_OCCUPIED: ("占用率最低", "least occupied"),
    Strategy.FEWEST_CALLS: ("接听最少", "fewest calls"),
    Strategy.BEST_SKILL: ("技能最高", "best skill"),
    Strategy.LEAST_FLEXIBLE: ("技能最专", "least flexible"),
    Strategy.ROUND_ROBIN: ("轮流", "round robin"),
    Strategy.WEIGHTED: ("按权重", "weighted"),
}

KINDS: Final[Mapping[str, Said]] = {
    TransferKind.SINGLE_STEP: ("单步转接", "single step"),
    TransferKind.BLIND: ("盲转", "blind"),
    TransferKind.CONSULT: ("咨询转接", "consultation"),
}

SERVICES: Final[Mapping[str, Said]] = {
    ControlService.CLEAR_CONNECTION: ("挂断", "hanging up"),
    ControlService.HOLD_CALL: ("保持", "hold"),
    ControlService.RETRIEVE_CALL: ("取回", "retrieval"),
    ControlService.GENERATE_DIGITS: ("发送按键", "key tones"),
}
"""What may be ordered of a conversation."""

FAILURES: Final[Mapping[str, Said]] = {
    TransferCause.RECALL_NO_ANSWER: ("对方无人接听", "the target did not answer"),
    TransferCause.RECALL_BUSY: ("对方忙", "the target was busy"),
    TransferCause.RECALL_RESOURCES_NOT_AVAILABLE: ("对方不在", "the target was not there"),
    TransferCause.CALL_CANCELLED: ("客户已挂机", "the caller hung up"),
    TransferCause.NORMAL_CLEARING: ("对方挂机", "the target hung up"),
    TransferCause.TIMEOUT: ("未按时完成", "not seen in time"),
    TransferCause.SWITCHING_FUNCTION_TERMINATED: ("Asterisk 已停", "its Asterisk died"),
}
"""Why a transfer failed."""

CONNECTIONS: Final[Mapping[str, Said]] = {
    Connection.QUEUED: ("排队中", "in line"),
    Connection.ALERTING: ("振铃中", "the phone is dialled"),
    Connection.CONNECTED: ("已接通", "connected"),
    Connection.HOLD: ("保持中", "on hold"),
}
"""How the customer is connected after a transfer."""

CAUSES: Final[Mapping[str, Said]] = {
    **OUTCOMES,
    **KINDS,
    **FAILURES,
    "arrived": ("来电到达", "arrived"),
    "regained": ("重拨保位", "back in time for the old place"),
    "transfer": ("转接", "a transfer"),
    "agentReady": ("座席就绪", "an agent became ready"),
    "agentLoggedOff": ("座席签退", "the agent signed out"),
    "gapOver": ("停歇结束", "an agent's pause is over"),
    "deviceReachable": ("话机恢复", "a phone can be reached again"),
    "groupsChanged": ("技能组变更", "an agent serves another group"),
    "configApplied": ("配置生效", "another configuration"),
    "telephonyRestored": ("Asterisk 恢复", "Asterisk is heard again"),
    "reserveOpened": ("启用后备", "the reserve opened"),
    "callbackDue": ("回呼到时", "the call-back is due"),
    "queueFull": ("队列已满", "the queue is full"),
    "queueTimeOverflow": ("等待超时", "waited too long"),
    "noAvailableAgents": ("无座席在岗", "nobody is signed in"),
    "calendarOverflow": ("队列已关闭", "the queue is closed"),
    "ownCallEnded": ("本机通话结束", "an own call ended"),
    "maximumHops": ("转队列过多", "changed queue too often"),
}
"""Why a call stands in line, was offered, or left."""

STATES: Final[Mapping[str, Said]] = {
    "loggedOff": ("未签到", "signed out"),
    "notReady": ("未就绪", "not ready"),
    "reserved": ("已预占", "reserved"),
    "busy": ("通话中", "busy"),
    "afterCallWork": ("话后处理", "after-call work"),
    "ownCall": ("本机通话中", "on an own call"),
    "deviceUnreachable": ("话机不可达", "the phone cannot be reached"),
    "deviceMissing": ("Asterisk 无此话机", "Asterisk has no such phone"),
    "deviceUnheard": ("话机所在的 Asterisk 失联", "the phone's Asterisk is not heard"),
    "deviceElsewhere": ("话机在其他 Asterisk 上", "the phone is at another Asterisk"),
    "loggedOn": ("刚签到", "just signed in"),
    "break": ("小休", "break"),
    "meal": ("用餐", "meal"),
    "meeting": ("会议", "meeting"),
    "coaching": ("辅导", "coaching"),
    "training": ("培训", "training"),
    "fault": ("故障", "fault"),
    "forced": ("强制", "forced"),
    "endOfShift": ("下班", "end of shift"),
    "ringNoAnswer": ("振铃未接", "did not answer"),
    "rejected": ("拒接", "rejected"),
    "unreachable": ("话机不可达", "unreachable"),
}
"""Why an agent cannot be given a call: `Agent.why_not`, and the reasons for not ready."""

CALLS: Final[Mapping[str, Said]] = {
    CallState.WAITING: ("排队", "waits"),
    CallState.OUT_OF_SIGHT: ("排队（失联）", "waits, not heard"),
    CallState.OFFERED: ("派单中", "is being offered"),
    CallState.TALKING: ("通话中", "talks"),
    CallState.HELD: ("保持中", "on hold"),
    CallState.RELEASED: ("已释放", "released"),
}

_ALL: Final = {**STATES, **CONNECTIONS, **PARTIES, **ENDS, **CAUSES, **STRATEGIES}
"""Where nothing says of which kind a code is: what happened to a call comes before a state."""

_GAP: Final = "gap:"
_STEP: Final = "step"


def word(table: Mapping[str, Said], code: str, lang: str) -> str:
    """The word for a code of one kind."""
    found = table.get(code)
    return found[LANGUAGES.index(lang)] if found else code


def cause_word(code: str, lang: str) -> str:
    """… of a cause: `step2` is that of a wait that has come so far."""
    number = code.removeprefix(_STEP)
    if code.startswith(_STEP) and number.isdigit():
        return f"放宽到第 {number} 级" if lang == "zh" else f"step {number}"
    return word(CAUSES, code, lang)


def state_word(code: str, lang: str) -> str:
    """… of why an agent is not given a call: `gap:rejected` is the pause after a rejected one."""
    if code.startswith(_GAP):
        outcome = word(OUTCOMES, code.removeprefix(_GAP), lang)
        return f"停歇中（{outcome}）" if lang == "zh" else f"pause: {outcome}"
    return word(STATES, code, lang)


def code_word(code: str, lang: str) -> str:
    """… of any kind."""
    return word(_ALL, code, lang)
