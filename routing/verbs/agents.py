"""What an agent asks for, now or when the present work is over; after-call work; signing out."""

from routing.agent import (
    SIGN_OUT,
    STATUS_TABLE,
    WORK_TABLE,
    Agent,
    AgentStatus,
    AgentWork,
    StatusTrigger,
    WorkTrigger,
)
from routing.commands import Command, RequestedState
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import AgentLoggedOff
from routing.ids import NO_CALL, AgentId
from routing.machine import advance
from routing.refusals import Refusal
from routing.transfers.seeking import wanted_agent_left
from routing.verbs.breaks import has_to_wait
from routing.verbs.lines import nobody_left
from routing.verbs.matching import agent_is_free
from routing.verbs.phones import give_phone
from routing.verbs.shown import becomes_idle, show


def signed_in(core: Core, command: Command, agent_id: AgentId) -> Agent | None:
    """The agent, or None with the refusal said."""
    agent = core.agents.get(agent_id)
    if agent is None:
        core.refuse(command, agent_id, Refusal.UNKNOWN_AGENT)
    elif agent.status is AgentStatus.LOGGED_OFF:
        core.refuse(command, agent_id, Refusal.NOT_LOGGED_ON)
    else:
        return agent
    return None


# --- asked for ----------------------------------------------------------------------------------


def apply_now(core: Core, agent: Agent, state: RequestedState, reason: str, by: str) -> None:
    """The agent is idle: what was asked for holds at once. What holds already needs no event."""
    if state is RequestedState.WORKING_AFTER_CALL:
        core.pools.leave_ready(agent)
        agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.START_WORK)
        agent.work_since_us = core.now_us
        work_until(core, agent, core.now_us + core.limits.open_work_us)
        show(core, agent, by=by)
    elif state is RequestedState.READY and agent.status is not AgentStatus.READY:
        _be_ready(agent)
        becomes_idle(core, agent)
        show(core, agent, by=by)
        agent_is_free(core, agent, "agentReady")
    elif state is RequestedState.NOT_READY:
        if agent.status is AgentStatus.NOT_READY and agent.reason == reason:
            return
        core.pools.leave_ready(agent)
        _be_not_ready(agent, reason)
        show(core, agent, by=by)


def keep_for_later(core: Core, agent: Agent, state: RequestedState, reason: str, by: str) -> None:
    """During an offer or a call: pending. Asking for what will hold anyway drops it."""
    holds_anyway = state is RequestedState.READY and agent.status is AgentStatus.READY
    wanted = "" if holds_anyway else state.value
    if (agent.pending, agent.pending_reason) == (wanted, reason if wanted else ""):
        return
    set_pending(agent, wanted, reason if wanted else "", by if wanted else "")
    show(core, agent, by=by)


def set_pending(agent: Agent, state: str, reason: str, by: str) -> None:
    """What is to hold when the present work is over."""
    agent.pending, agent.pending_reason, agent.pending_by = state, reason, by


def drop_pending(agent: Agent) -> None:
    """Nothing is to change when the present work is over."""
    agent.pending = agent.pending_reason = agent.pending_by = ""


def grant_breaks(core: Core) -> None:
    """Whoever waits for a break for which there is room gets it, in the order of asking."""
    for agent_id, reason in list(core.breaks.items()):
        agent = core.agents[agent_id]
        if has_to_wait(core, agent, reason):
            continue
        del core.breaks[agent_id]
        if agent.work is AgentWork.IDLE:
            apply_now(core, agent, RequestedState.NOT_READY, reason, "")
        else:
            keep_for_later(core, agent, RequestedState.NOT_READY, reason, "")


def _be_ready(agent: Agent) -> None:
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.READY)
    agent.reason = ""
    agent.in_a_row.clear()


def _be_not_ready(agent: Agent, reason: str) -> None:
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.NOT_READY)
    agent.reason = reason


# --- work is over -------------------------------------------------------------------------------


def work_until(core: Core, agent: Agent, until_us: int) -> None:
    """After-call work ends at this time."""
    agent.work_until_us = until_us
    core.deadlines.set(DeadlineKind.WORK, agent.agent_id, until_us)


def work_done(core: Core, agent: Agent) -> None:
    """After-call work is over, by time or by the agent."""
    core.deadlines.cancel(DeadlineKind.WORK, agent.agent_id)
    agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.WORK_DONE)
    agent.worked_us += core.now_us - agent.work_since_us
    agent.work_until_us = 0
    agent.call_id = NO_CALL
    becomes_idle(core, agent)
    after_work(core, agent)


def after_work(core: Core, agent: Agent) -> None:
    """The agent's offer, call or after-call work has ended: apply what was asked for meanwhile,
    tell the state, and give the next call if the agent is free. No-op while after-call work runs.
    """
    if agent.work is not AgentWork.IDLE:
        return
    pending, reason, by = agent.pending, agent.pending_reason, agent.pending_by
    drop_pending(agent)
    if pending == SIGN_OUT:
        sign_out(core, agent, by, reason)
        return
    if pending == RequestedState.WORKING_AFTER_CALL:
        apply_now(core, agent, RequestedState.WORKING_AFTER_CALL, reason, by)
        return
    if pending == RequestedState.NOT_READY:
        _be_not_ready(agent, reason)
    elif pending == RequestedState.READY:
        _be_ready(agent)
    show(core, agent, by=by)
    agent_is_free(core, agent, "agentReady")


def gap_over(core: Core, agent: Agent) -> None:
    """The gap after a failed offer is over."""
    agent.gap_until_us = 0
    agent.gap_cause = ""
    agent_is_free(core, agent, "gapOver")


# --- signing out --------------------------------------------------------------------------------


def sign_out_afterwards(core: Core, agent: Agent, reason: str = "", by: str = "") -> None:
    """Sign out when the present work is over."""
    set_pending(agent, SIGN_OUT, reason, by)
    show(core, agent, by=by)


def sign_out(core: Core, agent: Agent, by: str, reason: str) -> None:
    """The agent, who is idle, leaves now."""
    core.pools.sign_out(agent)
    core.deadlines.cancel(DeadlineKind.GAP, agent.agent_id)
    del core.devices[agent.device]
    agent.gap_until_us = 0
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.LOG_OFF)
    agent.reason = reason
    agent.device = ""
    drop_pending(agent)
    core.breaks.pop(agent.agent_id, None)
    show(core, agent, by=by)
    core.emit(AgentLoggedOff(agent.agent_id, by, reason))
    give_phone(core, agent, agent.spec.device)
    nobody_left(core)
    if core.transfers:
        wanted_agent_left(core, agent)
