"""An agent: two axes that are never one field.

*Status* is what the person chose: logged off, not ready with a reason, ready. *Work* is what the
system drives: idle, reserved for an offer, busy with a call, after-call work. What the world
sees is CSTA's single agent state, computed from both by `shown_state`.

A request during an offer or a call is kept as `pending` and applied when the work is over; a later
request replaces it. Asking to be ready or not ready in after-call work ends it. An agent gets a
call only when `ready` and `idle`, while the phone can be reached, and when the gap after a failed
offer (`gap_until_us`) is over: `is_offerable`. A phone that is in use by itself (an own call) makes
a ready agent `busy` for the world, without a call of ours.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from routing.config import AgentSpec
from routing.ids import NO_CALL, NO_OFFER, AgentId, CallId, OfferId, PbxId, SkillId
from routing.phone import Phone
from routing.words import AgentState, PhoneState


class AgentStatus(StrEnum):
    """Chosen by the person, or forced by a supervisor."""

    LOGGED_OFF = "loggedOff"
    NOT_READY = "notReady"
    READY = "ready"


class AgentWork(StrEnum):
    """Driven by calls."""

    IDLE = "idle"
    RESERVED = "reserved"
    BUSY = "busy"
    AFTER_CALL_WORK = "afterCallWork"


class WorkTrigger(StrEnum):
    """What drives the work."""

    RESERVE = "reserve"
    RELEASE = "release"
    CONNECT = "connect"
    CLEAR = "clear"  # the conversation is over, after-call work follows
    CLEAR_TO_IDLE = "clearToIdle"  # the conversation is over, no after-call work follows
    START_WORK = "startWork"
    WORK_DONE = "workDone"


WORK_TABLE: Final = {
    (AgentWork.IDLE, WorkTrigger.RESERVE): AgentWork.RESERVED,
    (AgentWork.IDLE, WorkTrigger.CONNECT): AgentWork.BUSY,  # without an offer: a pick-up
    (AgentWork.AFTER_CALL_WORK, WorkTrigger.CONNECT): AgentWork.BUSY,
    (AgentWork.IDLE, WorkTrigger.START_WORK): AgentWork.AFTER_CALL_WORK,
    (AgentWork.RESERVED, WorkTrigger.RELEASE): AgentWork.IDLE,
    (AgentWork.RESERVED, WorkTrigger.CONNECT): AgentWork.BUSY,
    (AgentWork.BUSY, WorkTrigger.CLEAR): AgentWork.AFTER_CALL_WORK,
    (AgentWork.BUSY, WorkTrigger.CLEAR_TO_IDLE): AgentWork.IDLE,
    (AgentWork.AFTER_CALL_WORK, WorkTrigger.WORK_DONE): AgentWork.IDLE,
}


class StatusTrigger(StrEnum):
    """What changes the chosen status."""

    LOG_ON = "logOn"
    LOG_OFF = "logOff"
    READY = "ready"
    NOT_READY = "notReady"


STATUS_TABLE: Final = {
    (AgentStatus.LOGGED_OFF, StatusTrigger.LOG_ON): AgentStatus.NOT_READY,
    (AgentStatus.NOT_READY, StatusTrigger.LOG_OFF): AgentStatus.LOGGED_OFF,
    (AgentStatus.NOT_READY, StatusTrigger.READY): AgentStatus.READY,
    (AgentStatus.NOT_READY, StatusTrigger.NOT_READY): AgentStatus.NOT_READY,
    (AgentStatus.READY, StatusTrigger.LOG_OFF): AgentStatus.LOGGED_OFF,
    (AgentStatus.READY, StatusTrigger.READY): AgentStatus.READY,
    (AgentStatus.READY, StatusTrigger.NOT_READY): AgentStatus.NOT_READY,
}


OWN_CALL: Final = "ownCall"
"""The reason of an agent who is busy with a call that is not ours."""

SIGN_OUT: Final = "null"
"""The pending state of an agent who is about to sign out: CSTA's word for an agent who is not
there.
"""


@dataclass(slots=True, eq=False)
class Agent:
    """The record of one agent, signed in or not.

    `pools` and `entries` belong to the index (`routing.index.pools`), which alone knows what is in
    them; they are kept here because a look-up by agent would cost more than the rest of a match.
    """

    agent_id: AgentId
    spec: AgentSpec
    status: AgentStatus = AgentStatus.LOGGED_OFF
    work: AgentWork = AgentWork.IDLE
    reason: str = ""
    pending: str = ""  # "", ready, notReady, workingAfterCall or null (sign-out)
    pending_reason: str = ""
    pending_by: str = ""
    device: str = ""  # where the agent sits; "" when signed out
    gap_until_us: int = 0
    gap_cause: str = ""
    work_until_us: int = 0  # planned end of after-call work
    logon_no: int = 0
    logged_on_us: int = 0
    shown: AgentState = AgentState.NULL
    shown_since_us: int = 0
    idle_since_us: int = 0
    occupancy_ppm: int = 0  # as it was when the agent last became idle
    offer_id: OfferId = NO_OFFER
    call_id: CallId = NO_CALL
    last_offer: int = 0
    offers: int = 0
    calls: int = 0
    worked_us: int = 0  # busy and after-call work since log-on
    work_since_us: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # since log-on, by outcome
    in_a_row: dict[str, int] = field(default_factory=dict)
    last_call: bool = False  # signs out after the next conversation
    idle_groups: dict[SkillId, bool] = field(default_factory=dict)  # skills out of use
    state_us: dict[str, int] = field(default_factory=dict)  # time in each shown state since log-on
    phone: Phone = field(default_factory=Phone)  # index: of `device`, or else the configured one
    skills: dict[SkillId, int] = field(default_factory=dict)  # in use: `skills_in_use`
    pools: list[object] = field(default_factory=list)  # index: those whose need the agent meets
    entries: list[tuple[Any, ...]] | None = None  # index: the place in each, while offerable

    @property
    def is_offerable(self) -> bool:
        """May the agent be given a call now? (GB/T 32315 4.1.1 c: only ready agents get calls.)"""
        return (
            self.status is AgentStatus.READY
            and self.work is AgentWork.IDLE
            and self.phone.state is PhoneState.REACHABLE
            and self.gap_until_us == 0
            and not self.phone.own
        )

    def can_take(self, pbx: PbxId) -> bool:
        """May the agent be given a call of this Asterisk now?"""
        return self.is_offerable and pbx not in self.phone.barred

    def why_not(self, pbx: PbxId) -> str:
        """In one word, why the agent cannot be given a call of this Asterisk; "" when one can be
        given.
        """
        if self.status is not AgentStatus.READY:
            return self.reason or self.status
        if self.work is not AgentWork.IDLE:
            return self.work
        if self.phone.own:
            return OWN_CALL
        if not self.phone.is_reachable:
            return _WITHOUT_PHONE[self.phone.state]
        if self.gap_until_us:
            return f"gap:{self.gap_cause}"
        return "deviceElsewhere" if pbx in self.phone.barred else ""

    def skills_in_use(self) -> dict[SkillId, int]:
        """The skills of the specification, with levels, but for those taken out of use."""
        skills = dict(self.spec.skills)
        for group in self.idle_groups:
            skills.pop(group, None)
        return skills


STORED: Final = (
    "agent_id", "status", "work", "reason", "pending", "pending_reason", "pending_by", "device",
    "gap_until_us", "gap_cause", "work_until_us", "logon_no", "logged_on_us", "shown",
    "shown_since_us", "idle_since_us", "occupancy_ppm", "offer_id", "call_id", "last_offer",
    "offers", "calls", "worked_us", "work_since_us", "failures", "in_a_row",
    "last_call", "idle_groups", "state_us",
)  # fmt: skip
"""The fields a snapshot keeps; `spec` comes from the configuration in it, the rest is index."""

_WITHOUT_PHONE: Final = {
    PhoneState.UNREACHABLE: "deviceUnreachable",
    PhoneState.MISSING: "deviceMissing",
    PhoneState.UNHEARD: "deviceUnheard",
}
_SHOWN_WORK: Final = {
    AgentWork.RESERVED: AgentState.RESERVED,
    AgentWork.BUSY: AgentState.BUSY,
    AgentWork.AFTER_CALL_WORK: AgentState.WORKING_AFTER_CALL,
}
_SHOWN_STATUS: Final = {
    AgentStatus.LOGGED_OFF: AgentState.NULL,
    AgentStatus.NOT_READY: AgentState.NOT_READY,
    AgentStatus.READY: AgentState.READY,
}


def shown_state(agent: Agent) -> AgentState:
    """CSTA's one state out of our two axes: work hides status, an own call being ready."""
    shown = _SHOWN_WORK.get(agent.work)
    if shown is not None:
        return shown
    return AgentState.BUSY if has_own_call(agent) else _SHOWN_STATUS[agent.status]


def shown_reason(agent: Agent) -> str:
    """Why the agent is not ready, or is busy with no call of ours."""
    return OWN_CALL if has_own_call(agent) else agent.reason


def has_own_call(agent: Agent) -> bool:
    """Would the agent be ready, but for an own call?"""
    in_use = bool(agent.phone.own) and agent.work is AgentWork.IDLE
    return in_use and agent.status is AgentStatus.READY
