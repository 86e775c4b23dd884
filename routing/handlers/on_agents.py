"""Commands about an agent: sign in and out, ready and not ready, after-call work, his phone."""

from typing import TYPE_CHECKING, Final

from routing.agent import (
    STATUS_TABLE,
    WORK_TABLE,
    Agent,
    AgentStatus,
    AgentWork,
    StatusTrigger,
    WorkTrigger,
)
from routing.breaks import ask_for_break, has_to_wait
from routing.commands import (
    Command,
    DeviceReachable,
    ExtendAfterCallWork,
    LogOffAgent,
    LogOnAgent,
    RequestedState,
    SetAgentState,
)
from routing.deadlines import DeadlineKind
from routing.events import AgentLoggedOff, AgentLoggedOn, DeviceChanged
from routing.ids import NO_CALL, AgentId
from routing.lines import nobody_left
from routing.machine import advance
from routing.matching import agent_is_free, agent_is_not_free, becomes_idle, show
from routing.refusals import Refusal
from routing.transfers.seeking import wanted_agent_left

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

MAX_EXTENSION_US: Final = 3_600_000_000
"""An hour: more than that is no after-call work but absence."""

UNREACHABLE: Final = "unreachable"
"""The outcome of an offer, and the reason it leaves behind when there were too many."""

SIGN_OUT: Final = "null"  # the pending CSTA state of an agent who is about to sign out


def log_on_agent(core: "RoutingEngine", command: LogOnAgent) -> None:
    """Sign in, not ready."""
    agent = core.agents.get(command.agent_id)
    if agent is None:
        core.refuse(command, command.agent_id, Refusal.UNKNOWN_AGENT)
        return
    device = command.device or agent.spec.device
    if agent.status is not AgentStatus.LOGGED_OFF:
        _log_on_again(core, command, agent, device)
        return
    if device in core.devices:
        core.refuse(command, command.agent_id, Refusal.DEVICE_IN_USE)
        return
    _begin_session(core, agent, device)
    core.pools.sign_in(agent)
    core.emit(AgentLoggedOn(agent.agent_id, device))
    show(core, agent)


def _log_on_again(core: "RoutingEngine", command: LogOnAgent, agent: Agent, device: str) -> None:
    """Already signed in: acknowledged in silence, but a sign-out that was asked for is off."""
    if device != agent.device:
        core.refuse(command, command.agent_id, Refusal.ALREADY_LOGGED_ON)
    elif agent.pending == SIGN_OUT:
        _drop_pending(agent)
        show(core, agent)


def _begin_session(core: "RoutingEngine", agent: Agent, device: str) -> None:
    core.last_logon += 1
    core.devices[device] = agent.agent_id
    agent.device = device
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.LOG_ON)
    agent.reason = "loggedOn"
    agent.logon_no = core.last_logon
    agent.logged_on_us = agent.shown_since_us = core.now_us
    agent.idle_groups.clear()
    agent.skills = dict(agent.spec.skills)
    agent.last_call = False
    agent.state_us.clear()
    agent.last_offer = agent.offers = agent.calls = agent.worked_us = 0
    agent.failures.clear()
    agent.in_a_row.clear()


def log_off_agent(core: "RoutingEngine", command: LogOffAgent) -> None:
    """Sign out now, or when the work is over; a conversation is never cut."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if agent.work is AgentWork.IDLE:
        _sign_out(core, agent, command.by, command.reason)
    elif agent.pending != SIGN_OUT:
        sign_out_afterwards(core, agent, command.reason, command.by)


def sign_out_afterwards(
    core: "RoutingEngine", agent: Agent, reason: str = "", by: str = ""
) -> None:
    """Sign out when the present work is over."""
    _set_pending(agent, SIGN_OUT, reason, by)
    show(core, agent, by=by)


def _sign_out(core: "RoutingEngine", agent: Agent, by: str, reason: str) -> None:
    core.pools.sign_out(agent)
    core.deadlines.cancel(DeadlineKind.GAP, agent.agent_id)
    del core.devices[agent.device]
    agent.gap_until_us = 0
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.LOG_OFF)
    agent.reason = reason
    agent.device = ""
    _drop_pending(agent)
    core.breaks.pop(agent.agent_id, None)
    show(core, agent, by=by)
    core.emit(AgentLoggedOff(agent.agent_id, by, reason))
    nobody_left(core)
    if core.transfers:
        wanted_agent_left(core, agent)


def set_agent_state(core: "RoutingEngine", command: SetAgentState) -> None:
    """Ready, not ready or after-call work: now when idle, else when the work is over."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if command.state is RequestedState.NOT_READY:
        refusal = _bad_reason(core, command.reason)
        if refusal is not None:
            core.refuse(command, command.agent_id, refusal)
            return
        if not command.override and has_to_wait(core, agent, command.reason):
            ask_for_break(core, agent, command.reason)
            return
    core.breaks.pop(agent.agent_id, None)
    if agent.work is AgentWork.IDLE:
        apply_now(core, agent, command.state, command.reason, command.by)
    elif agent.work is AgentWork.AFTER_CALL_WORK:
        _leave_work(core, agent, command)
    else:
        keep_for_later(core, agent, command.state, command.reason, command.by)


def _bad_reason(core: "RoutingEngine", reason: str) -> Refusal | None:
    if not reason:
        return Refusal.REASON_REQUIRED
    return None if reason in core.config.reasons else Refusal.UNKNOWN_REASON


def apply_now(
    core: "RoutingEngine", agent: Agent, state: RequestedState, reason: str, by: str
) -> None:
    """The agent is idle: what he asks for holds at once. What holds already needs no event."""
    if state is RequestedState.WORKING_AFTER_CALL:
        agent_is_not_free(core, agent)
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.START_WORK)
        agent.work_since_us = core.now_us
        _work_until(core, agent, core.now_us + core.limits.open_work_us)
        show(core, agent, by=by)
    elif state is RequestedState.READY and agent.status is not AgentStatus.READY:
        agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.READY)
        agent.reason = ""
        agent.in_a_row.clear()
        becomes_idle(core, agent)
        show(core, agent, by=by)
        agent_is_free(core, agent, "agentReady")
    elif state is RequestedState.NOT_READY:
        if agent.status is AgentStatus.NOT_READY and agent.reason == reason:
            return
        agent_is_not_free(core, agent)
        agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.NOT_READY)
        agent.reason = reason
        show(core, agent, by=by)


def _leave_work(core: "RoutingEngine", agent: Agent, command: SetAgentState) -> None:
    """A request in after-call work ends it; asking for after-call work in it changes nothing."""
    if command.state is RequestedState.WORKING_AFTER_CALL:
        return
    if agent.pending == SIGN_OUT:
        _drop_pending(agent)
    _set_pending(agent, command.state, command.reason, command.by)
    work_done(core, agent)


def keep_for_later(
    core: "RoutingEngine", agent: Agent, state: RequestedState, reason: str, by: str
) -> None:
    """During an offer or a call: pending. Asking for what will hold anyway drops it."""
    holds_anyway = state is RequestedState.READY and agent.status is AgentStatus.READY
    wanted = "" if holds_anyway else state.value
    if (agent.pending, agent.pending_reason) == (wanted, reason if wanted else ""):
        return
    _set_pending(agent, wanted, reason if wanted else "", by if wanted else "")
    show(core, agent, by=by)


def extend_after_call_work(core: "RoutingEngine", command: ExtendAfterCallWork) -> None:
    """More time for the record."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if agent.work is not AgentWork.AFTER_CALL_WORK:
        core.refuse(command, command.agent_id, Refusal.AGENT_STATE)
    elif not 0 < command.extra_us <= MAX_EXTENSION_US:
        core.refuse(command, command.agent_id, Refusal.BAD_VALUE)
    else:
        _work_until(core, agent, agent.work_until_us + command.extra_us)
        show(core, agent)


def work_done(core: "RoutingEngine", agent: Agent) -> None:
    """After-call work is over, by time or by the agent."""
    core.deadlines.cancel(DeadlineKind.WORK, agent.agent_id)
    agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.WORK_DONE)
    agent.worked_us += core.now_us - agent.work_since_us
    agent.work_until_us = 0
    agent.call_id = NO_CALL
    becomes_idle(core, agent)
    after_work(core, agent)


def after_work(core: "RoutingEngine", agent: Agent) -> None:
    """The agent's offer, call or after-call work has ended: apply what he asked for meanwhile,
    tell his state, and give him the next call if he is free. No-op while after-call work runs.
    """
    if agent.work is not AgentWork.IDLE:
        return
    pending, reason, by = agent.pending, agent.pending_reason, agent.pending_by
    _drop_pending(agent)
    if pending == SIGN_OUT:
        _sign_out(core, agent, by, reason)
        return
    if pending == RequestedState.WORKING_AFTER_CALL:
        apply_now(core, agent, RequestedState.WORKING_AFTER_CALL, reason, by)
        return
    if pending == RequestedState.NOT_READY:
        agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.NOT_READY)
        agent.reason = reason
    elif pending == RequestedState.READY:
        agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.READY)
        agent.reason = ""
        agent.in_a_row.clear()
    show(core, agent, by=by)
    agent_is_free(core, agent, "agentReady")


def gap_over(core: "RoutingEngine", agent: Agent) -> None:
    """The pause after a failed offer is over."""
    agent.gap_until_us = 0
    agent.gap_cause = ""
    agent_is_free(core, agent, "gapOver")


def device_reachable(core: "RoutingEngine", command: DeviceReachable) -> None:
    """The registration of his phone came or went. A phone that registers ends the pause that its
    absence caused, and makes ready again whom its absence has set not ready.
    """
    agent = core.agents.get(command.agent_id)
    if agent is None:
        core.refuse(command, command.agent_id, Refusal.UNKNOWN_AGENT)
        return
    if agent.reachable != command.reachable:
        agent.reachable = command.reachable
        core.emit(DeviceChanged(agent.agent_id, command.reachable))
    if not command.reachable:
        agent_is_not_free(core, agent)
        return
    if agent.gap_until_us and agent.gap_cause == UNREACHABLE:
        core.deadlines.cancel(DeadlineKind.GAP, agent.agent_id)
        agent.gap_until_us = 0
        agent.gap_cause = ""
    if agent.status is AgentStatus.NOT_READY and agent.reason == UNREACHABLE:
        apply_now(core, agent, RequestedState.READY, "", "")
    else:
        agent_is_free(core, agent, "deviceReachable")


def signed_in(core: "RoutingEngine", command: Command, agent_id: AgentId) -> Agent | None:
    """The agent, or None with the refusal said."""
    agent = core.agents.get(agent_id)
    if agent is None:
        core.refuse(command, agent_id, Refusal.UNKNOWN_AGENT)
    elif agent.status is AgentStatus.LOGGED_OFF:
        core.refuse(command, agent_id, Refusal.NOT_LOGGED_ON)
    else:
        return agent
    return None


def _work_until(core: "RoutingEngine", agent: Agent, until_us: int) -> None:
    agent.work_until_us = until_us
    core.deadlines.set(DeadlineKind.WORK, agent.agent_id, until_us)


def _set_pending(agent: Agent, state: str, reason: str, by: str) -> None:
    agent.pending, agent.pending_reason, agent.pending_by = state, reason, by


def _drop_pending(agent: Agent) -> None:
    agent.pending = agent.pending_reason = agent.pending_by = ""
