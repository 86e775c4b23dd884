"""Something is told of a phone: the agent who sits at it may get calls, or no more."""

from collections.abc import Mapping
from typing import Final

from routing.agent import Agent, AgentStatus
from routing.commands import OfferOutcome, RequestedState
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.ids import PbxId
from routing.phone import Phone
from routing.verbs.agents import apply_now
from routing.verbs.matching import agent_is_free
from routing.verbs.phones import tell_phone
from routing.words import DeviceState

UNREACHABLE: Final = OfferOutcome.UNREACHABLE.value
"""The cause of a pause, and the reason that is left behind when there were too many."""


def hear_of_phone(
    core: Core, phone: Phone, said: Mapping[PbxId, DeviceState], *, came: bool = False
) -> None:
    """Know so much of the phone. `came`: it has registered, just now."""
    sitting = core.devices.get(phone.device)
    agent = None if sitting is None else core.agents[sitting]
    if agent is not None:
        core.pools.leave_ready(agent)
    before = phone.state
    phone.hear(said, core.config.pbxs, core.pbx_lost)
    if phone.state is not before:
        tell_phone(core, phone)
    if agent is None:
        return
    if came:
        _spare_no_longer(core, agent)
    agent_is_free(core, agent, "deviceReachable")


def hear_of_pbx(core: Core) -> None:
    """An Asterisk is lost, or heard again: the phones that only it can call cannot be called, or
    can. Who stands ready by that is not given a call here, since no caller who could have been
    given stands in line yet: `telephony_restored` brings them there.
    """
    pbxs, lost = core.config.pbxs, core.pbx_lost
    for _, phone in sorted(core.phones.items()):
        state = phone.state_of(pbxs, lost)
        if state is phone.state:
            continue
        sitting = core.devices.get(phone.device)
        agent = None if sitting is None else core.agents[sitting]
        if agent is not None:
            core.pools.leave_ready(agent)
        phone.state = state
        tell_phone(core, phone)
        if agent is not None and agent.is_offerable:
            core.pools.enter_ready(agent)


def _spare_no_longer(core: Core, agent: Agent) -> None:
    """A phone that registers ends the pause that its absence has caused, and makes ready again an
    agent whom its absence has set not ready.
    """
    agent.in_a_row.pop(UNREACHABLE, None)
    if agent.gap_until_us and agent.gap_cause == UNREACHABLE:
        core.deadlines.cancel(DeadlineKind.GAP, agent.agent_id)
        agent.gap_until_us = 0
        agent.gap_cause = ""
    if agent.status is AgentStatus.NOT_READY and agent.reason == UNREACHABLE:
        apply_now(core, agent, RequestedState.READY, "", "")
