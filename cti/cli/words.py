"""What people read, in Chinese and English. Codes and identifiers are never translated."""

from collections.abc import Mapping
from typing import Literal

from routing.explain import code_word

Language = Literal["zh", "en"]


def language(
    wanted: str | None, environ: Mapping[str, str], *, can_chinese: bool = True
) -> Language:
    """`--lang` if given, else Chinese where the locale is Chinese and the terminal has the
    characters, else English.
    """
    if wanted in ("zh", "en"):
        return "zh" if wanted == "zh" else "en"
    # The order is that of POSIX: the first one set decides (Base Definitions, 8.2).
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    return "zh" if can_chinese and locale.lower().startswith("zh") else "en"


class Words:
    """`words("waiting")` is 等待 or Waiting. What is not listed stays as it is."""

    def __init__(self, language: Language, *, can_chinese: bool = True) -> None:
        self.language = language
        self.brand = "排队机 Paidui" if can_chinese else "Paidui"
        self._column = 0 if language == "zh" else 1

    def __call__(self, key: str) -> str:
        """A word of the screen."""
        return self._said(_WORDS, key)

    def short(self, key: str) -> str:
        """The heading of a narrow column."""
        return self._said(_SHORT if key in _SHORT else _WORDS, key)

    def reason(self, code: str) -> str:
        """Why an agent is not ready. A house's own reasons stay as they are written."""
        return self._said(_REASONS, code)

    def event(self, name: str) -> str:
        """What happened, from CSTA's name of it."""
        return self._said(_EVENTS, name)

    def note(self, text: str) -> str:
        """The word or two that stand beside an event (`cti.view.note`): codes and lengths."""
        if self.language == "en":
            return text
        words = (self._said(_NOTES, word) for word in text.split(" "))
        return " ".join(code_word(word, self.language) for word in words)

    def _said(self, words: Mapping[str, tuple[str, str]], key: str) -> str:
        found = words.get(key)
        return found[self._column] if found else key


_WORDS: dict[str, tuple[str, str]] = {
    # figures
    "queue": ("队列", "Queue"),
    "waiting": ("等待", "Waiting"),
    "ringing": ("振铃", "Ringing"),
    "talking": ("通话", "Talking"),
    "held": ("保持", "Held"),
    "released": ("已释放", "Released"),
    "leaving": ("转出中", "Leaving"),
    "longest_wait": ("最长等待", "Longest"),
    "offered": ("进线", "Offered"),
    "answered": ("接起", "Answered"),
    "abandoned": ("放弃", "Abandoned"),
    "diverted": ("转出", "Diverted"),
    "lost": ("丢失", "Lost"),
    "service_level": ("服务水平", "Service level"),
    "calls_per_second": ("来电/秒", "Calls/s"),
    "live_calls": ("在线来电", "Live calls"),
    "total": ("合计", "Total"),
    "figures_since": ("统计自", "figures since"),
    "figures_to": ("正在读取当日记录，已到", "reading the day, up to"),
    "events_missing": ("个事件缺失", "events missing"),
    # agents
    "agents": ("座席", "Agents"),
    "agent": ("座席", "Agent"),
    "state": ("状态", "State"),
    "reason": ("原因", "Reason"),
    "since": ("时长", "For"),
    "phone": ("话机", "Phone"),
    "call": ("来电", "Call"),
    "pending": ("待生效", "Pending"),
    "caller": ("主叫", "Caller"),
    "unknown_caller": ("未知", "unknown"),
    "waited": ("等待时长", "Waited"),
    "ready": ("就绪", "Ready"),
    "reserved": ("预占", "Reserved"),
    "busy": ("通话", "Busy"),
    "workingAfterCall": ("话后", "ACW"),
    "notReady": ("未就绪", "Not ready"),
    "null": ("未签到", "Signed out"),
    "unreachable": ("话机离线", "phone unreachable"),
    "events": ("最近事件", "Last events"),
    "time": ("时间", "Time"),
    "event": ("事件", "Event"),
    # the router
    "well": ("正常", "healthy"),
    "unwell": ("异常", "unhealthy"),
    "up": ("已连接", "up"),
    "lost_link": ("失联", "lost"),
    "gone": ("已停机", "gone"),
    "uptime": ("已运行", "up"),
    "config": ("配置版本", "config"),
    "breaches": ("不变量被破坏", "invariants broken"),
    "no_data": ("无数据", "no data"),
    "no_asterisk": ("未配置", "none configured"),
    "no_queues": ("没有配置队列", "no queue is configured"),
    "no_events": ("还没有事件", "nothing has happened yet"),
    "more_queues": ("个队列未显示", "more queues"),
    "leave": ("q 退出", "q leaves"),
    "real": (
        "接真实 Asterisk：cti serve --config FILE，再 cti asterisk check",
        "A real Asterisk: cti serve --config FILE, then cti asterisk check",
    ),
    "trying": ("守护进程没有应答，正在重试", "no answer from the daemon, trying again"),
    "small": ("窗口太小", "the window is too small"),
    # life in line
    "open": ("已开放", "open"),
    "closed": ("已关闭", "closed"),
    "reserve": ("后备", "reserve"),
    "callbacks": ("回呼", "Call-backs"),
    "callback": ("待回呼", "call-back"),
    "step": ("放宽", "step"),
    "modes_on": ("启用的预案", "modes on"),
    "breaks_waiting": ("等候小休", "waiting for a break"),
    "none": ("无", "none"),
    # orders
    "on": ("已启用", "on"),
    "off": ("已停用", "off"),
    "last_call": ("末通来电", "last call"),
    "not_serving": ("暂停服务组", "not serving"),
    "waits_for": ("等候", "waits for"),
    "place": ("位次", "place"),
    "in_line": ("名额已满，已排队", "no room now, waiting in line"),
    "next_serve": (
        "下一步: cti serve --config FILE 启动守护进程；其位置由 --socket 或 CTI_SOCKET 指明",
        "next: cti serve --config FILE starts it; --socket or CTI_SOCKET says where it is",
    ),
    "not_whole": ("事件不全", "not all events of this call could be read"),
    # the configuration
    "would_change": ("将带来的变化", "would change"),
    "in_force": ("已生效", "is in force"),
    "no_change": ("没有变化", "nothing"),
    "needs_restart": ("重启后才生效", "needs a restart"),
    "not_possible": ("现在不能应用", "not possible now"),
    "done": ("已生效", "done"),
    "already": ("已是如此", "so already"),
    "later": ("将在本次工作结束后生效", "applies when the present work is over"),
}

_SHORT: dict[str, tuple[str, str]] = {
    "waiting": ("等待", "Wait"),
    "ringing": ("振铃", "Ring"),
    "talking": ("通话", "Talk"),
    "answered": ("接起", "Answd"),
    "abandoned": ("放弃", "Aband"),
    "diverted": ("转出", "Divtd"),
    "callbacks": ("回呼", "Cback"),
}

_REASONS: dict[str, tuple[str, str]] = {
    "loggedOn": ("刚签到", "just signed in"),
    "break": ("小休", "break"),
    "meal": ("用餐", "meal"),
    "meeting": ("会议", "meeting"),
    "coaching": ("辅导", "coaching"),
    "training": ("培训", "training"),
    "fault": ("故障", "fault"),
    "forced": ("强制", "forced"),
    "ringNoAnswer": ("振铃未接", "no answer"),
    "rejected": ("拒接", "rejected"),
    "busy": ("遇忙", "busy"),
    "unreachable": ("话机离线", "unreachable"),
    "endOfShift": ("下班", "end of shift"),
}

_NOTES: dict[str, tuple[str, str]] = {
    "waited": ("等待", "waited"),
    "rang": ("振铃", "rang"),
    "talked": ("通话", "talked"),
    "step": ("级别", "step"),
    "on": ("启用", "on"),
    "off": ("停用", "off"),
    "open": ("开放", "open"),
    "closed": ("关闭", "closed"),
    "s": ("秒", "s"),
}

_EVENTS: dict[str, tuple[str, str]] = {
    "queued": ("排队", "queued"),
    "agentAllocated": ("分配座席", "allocated"),
    "delivered": ("振铃", "delivered"),
    "failed": ("未接通", "failed"),
    "established": ("通话建立", "established"),
    "retrieved": ("取回", "retrieved"),
    "connectionCleared": ("通话结束", "connection cleared"),
    "callCleared": ("来电结束", "call cleared"),
    "agentLoggedOn": ("签到", "logged on"),
    "agentLoggedOff": ("签退", "logged off"),
    "agentReady": ("就绪", "ready"),
    "agentNotReady": ("未就绪", "not ready"),
    "agentReserved": ("座席预占", "reserved"),
    "agentBusy": ("座席通话", "busy"),
    "agentWorkingAfterCall": ("话后处理", "after-call work"),
    "agentNull": ("座席离线", "signed out"),
    "systemStatus": ("系统状态", "system status"),
    "configApplied": ("配置生效", "config applied"),
    "commandRefused": ("指令被拒", "command refused"),
    "outOfService": ("话机离线", "out of service"),
    "backInService": ("话机恢复", "back in service"),
    "held": ("保持", "held"),
    "diverted": ("转出", "diverted"),
    "callRelaxed": ("条件放宽", "relaxed"),
    "announcementDue": ("播报", "announcement"),
    "callbackBooked": ("预约回呼", "call-back booked"),
    "agentGroupsChanged": ("技能组变更", "groups changed"),
    "breakQueued": ("小休排队", "break queued"),
    "queueAcceptingChanged": ("队列开关", "queue switched"),
    "reserveChanged": ("后备座席", "reserve"),
    "modeChanged": ("预案", "mode"),
    "transferStarted": ("发起转接", "transfer started"),
    "transferCompleting": ("转接接通中", "transfer completing"),
    "transferJoining": ("加入三方中", "joining"),
    "callConferenced": ("三方通话", "conferenced"),
    "callTransferred": ("已转接", "transferred"),
    "transferFailed": ("转接失败", "transfer failed"),
    "transferCancelled": ("转接取消", "transfer cancelled"),
}
