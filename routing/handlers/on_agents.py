"""Commands about an agent: sign in and out, ready and not ready, after-call work, the phone."""

from typing import Final

from routing.agent import SIGN_OUT, STATUS_TABLE, Agent, AgentStatus, AgentWork, StatusTrigger
from routing.commands import (
    DeviceReachable,
    DeviceReported,
    DeviceState,
    ExtendAfterCallWork,
    LogOffAgent,
    LogOnAgent,
    RequestedState,
    SetAgentState,
)
from routing.core import Core
from routing.events import AgentLoggedOn
from routing.machine import advance
from routing.phone import ANYWHERE
from routing.refusals import Refusal
from routing.verbs.agents import (
    apply_now,
    drop_pending,
    keep_for_later,
    set_pending,
    sign_out,
    sign_out_afterwards,
    signed_in,
    work_done,
    work_until,
)
from routing.verbs.breaks import ask_for_break, has_to_wait
from routing.verbs.phones import give_phone
from routing.verbs.reach import hear_of_phone
from routing.verbs.shown import show

MAX_EXTENSION_US: Final = 3_600_000_000
"""An hour: more than that is no after-call work but absence."""


def log_on_agent(core: Core, command: LogOnAgent) -> None:
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
    give_phone(core, agent, device)
    show(core, agent)


def _log_on_again(core: Core, command: LogOnAgent, agent: Agent, device: str) -> None:
    """Already signed in: acknowledged in silence, but a sign-out that was asked for is off."""
    if device != agent.device:
        core.refuse(command, command.agent_id, Refusal.ALREADY_LOGGED_ON)
    elif agent.pending == SIGN_OUT:
        drop_pending(agent)
        show(core, agent)


def _begin_session(core: Core, agent: Agent, device: str) -> None:
    core.last_logon += 1
    core.devices[device] = agent.agent_id
    agent.device = device
    agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.LOG_ON)
    agent.reason = "loggedOn"
    agent.logon_no = core.last_logon
    agent.logged_on_us = agent.shown_since_us = core.now_us
    agent.idle_groups.clear()
    agent.skills = agent.skills_in_use()
    agent.last_call = False
    agent.state_us.clear()
    agent.last_offer = agent.offers = agent.calls = agent.worked_us = 0
    agent.failures.clear()
    agent.in_a_row.clear()


def log_off_agent(core: Core, command: LogOffAgent) -> None:
    """Sign out now, or when the work is over; a conversation is never cut."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if agent.work is AgentWork.IDLE:
        sign_out(core, agent, command.by, command.reason)
    elif agent.pending != SIGN_OUT:
        sign_out_afterwards(core, agent, command.reason, command.by)


def set_agent_state(core: Core, command: SetAgentState) -> None:
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


def _bad_reason(core: Core, reason: str) -> Refusal | None:
    if not reason:
        return Refusal.REASON_REQUIRED
    return None if reason in core.config.reasons else Refusal.UNKNOWN_REASON


def _leave_work(core: Core, agent: Agent, command: SetAgentState) -> None:
    """A request in after-call work ends it; asking for after-call work in it changes nothing."""
    if command.state is RequestedState.WORKING_AFTER_CALL:
        return
    set_pending(agent, command.state, command.reason, command.by)
    work_done(core, agent)


def extend_after_call_work(core: Core, command: ExtendAfterCallWork) -> None:
    """More time for the record."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if agent.work is not AgentWork.AFTER_CALL_WORK:
        core.refuse(command, command.agent_id, Refusal.AGENT_STATE)
    elif not 0 < command.extra_us <= MAX_EXTENSION_US:
        core.refuse(command, command.agent_id, Refusal.BAD_VALUE)
    else:
        work_until(core, agent, agent.work_until_us + command.extra_us)
        show(core, agent)


def device_reported(core: Core, command: DeviceReported) -> None:
    """An Asterisk says something of a phone."""
    phone = core.phones.get(command.device)
    if phone is None:
        core.refuse(command, command.device, Refusal.UNKNOWN_DEVICE)
        return
    said = {pbx: word for pbx, word in phone.said.items() if pbx != ANYWHERE}
    said[command.pbx] = command.state
    hear_of_phone(core, phone, said, came=command.state is DeviceState.REACHABLE)


def device_reachable(core: Core, command: DeviceReachable) -> None:
    """Somebody says of an agent's phone whether it can be called."""
    agent = core.agents.get(command.agent_id)
    if agent is None:
        core.refuse(command, command.agent_id, Refusal.UNKNOWN_AGENT)
        return
    state = DeviceState.REACHABLE if command.reachable else DeviceState.UNREACHABLE
    hear_of_phone(core, agent.phone, {ANYWHERE: state}, came=command.reachable)
