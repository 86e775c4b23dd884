"""Commands about single channels: whom the customer talks to, what a phone does by itself.

The customer is with whoever Asterisk has in one bridge with them, whether we sent them there or
not: docs/phone-acts.md has a row for each way in which that comes about.
"""

from routing.agent import Agent, AgentWork
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import OfferOutcome
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.ids import AgentId, contact_of
from routing.legs import (
    AgentCallAnswered,
    CallerBridged,
    CallerMoved,
    CallLegChanged,
    OwnCallAnswered,
    OwnCallBegan,
    OwnCallEnded,
)
from routing.machine import advance
from routing.offer import OfferState
from routing.phone import MAX_OWN, OwnCall, Phone
from routing.refusals import Refusal
from routing.transfers.handover import complete
from routing.transfers.transfer import TransferState
from routing.verbs.agents import after_work
from routing.verbs.calls import BEFORE_CONVERSATION, abandon_transfer, end_call
from routing.verbs.conversation import IN_CONVERSATION, clear_connection, establish, take_up
from routing.verbs.matching import check_reserve
from routing.verbs.offers import end_offer, fail_offer
from routing.verbs.own_calls import end_own_call, sitting_at, tell_own_call
from routing.verbs.waiting import leave_pool

_WITH_TARGET = (
    TransferState.CONSULTING,
    TransferState.JOINING,
    TransferState.CONFERENCED,
    TransferState.COMPLETING,
)


# --- who talks to the customer ------------------------------------------------------------------


def caller_bridged(core: Core, command: CallerBridged) -> None:
    """The customer talks to somebody whom we have not sent there."""
    call = core.calls.get(command.call_id)
    if call is None or call.consult_for:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    if call.callback and call.state in BEFORE_CONVERSATION:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)  # nobody is on the line
        return
    agent = sitting_at(core, command.device)
    if agent is None or _has_another_customer(agent, call):
        _with_somebody_else(core, call)
        return
    if call.state in IN_CONVERSATION and call.agent_id == agent.agent_id:
        call.agent_leg = command.leg_id or call.agent_leg
        return
    _drop_transfer(core, call, agent)
    if call.state in IN_CONVERSATION and call.agent_id == agent.agent_id:
        return  # the transfer to that agent is complete
    offer = core.offers.get(call.offer_id)
    if offer is not None and offer.agent_id == agent.agent_id:
        offer.leg_id = command.leg_id
        establish(core, offer)
    else:
        _taken_up(core, call, agent, command)


def _has_another_customer(agent: Agent, call: Call) -> bool:
    return agent.work is AgentWork.BUSY and contact_of(agent.call_id) != call.call_id


def _drop_transfer(core: Core, call: Call, agent: Agent) -> None:
    """A transfer of ours that was under way is complete, if the agent is its target; else it is
    overtaken.
    """
    transfer = core.transfers.get(call.transfer_id)
    if transfer is None:
        return
    consult = core.calls[transfer.consult_id]
    if transfer.state in _WITH_TARGET and consult.agent_id == agent.agent_id:
        complete(core, transfer)
    else:
        abandon_transfer(core, transfer, ClearedBy.OTHER, CallOutcome.TAKEN)


def _taken_up(core: Core, call: Call, agent: Agent, command: CallerBridged) -> None:
    """The agent has the customer from now on. What else the two were in ends for it."""
    losers: list[AgentId] = []
    leave_pool(core, call)
    if call.state is CallState.OFFERED:
        losers.append(end_offer(core, core.offers[call.offer_id], OfferOutcome.WITHDRAWN))
    elif call.state in IN_CONVERSATION:
        losers.append(clear_connection(core, call, ClearedBy.OTHER).agent_id)
    if agent.work is AgentWork.RESERVED:
        fail_offer(core, core.offers[agent.offer_id], OfferOutcome.WITHDRAWN, keep=agent)
    elif agent.work is AgentWork.AFTER_CALL_WORK:
        core.deadlines.cancel(DeadlineKind.WORK, agent.agent_id)
        agent.worked_us += core.now_us - agent.work_since_us
        agent.work_until_us = 0
    core.pools.leave_ready(agent)
    take_up(core, call, agent, command.leg_id)
    check_reserve(core, core.queues[call.queue_id])
    for agent_id in losers:
        after_work(core, core.agents[agent_id])


def _with_somebody_else(core: Core, call: Call) -> None:
    """With an outsider, or an agent who has another customer. Who waited has left the line; who
    talked to an agent of ours no longer does.
    """
    if call.transfer_id:
        transfer = core.transfers[call.transfer_id]
        abandon_transfer(core, transfer, ClearedBy.OTHER, CallOutcome.TAKEN)
    if call.state in IN_CONVERSATION:
        parted = clear_connection(core, call, ClearedBy.OTHER)
        call.state = advance(CALL_TABLE, CallState.TALKING, CallTrigger.AGENT_LEFT)
        after_work(core, parted)
    elif call.state is not CallState.RELEASED:
        end_call(core, call, ClearedBy.OTHER, CallOutcome.TAKEN)


def caller_moved(core: Core, command: CallerMoved) -> None:
    """Another channel stands for the customer."""
    call = core.calls.get(command.call_id)
    if call is None or call.consult_for:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
    elif (call.leg_id or call.call_id) != command.leg_id:
        call.leg_id = command.leg_id
        core.emit(CallLegChanged(call.call_id, call.request_no, command.leg_id))


# --- own calls ----------------------------------------------------------------------------------


def own_call_began(core: Core, command: OwnCallBegan) -> None:
    """The phone is in use by itself."""
    phone = _phone(core, command)
    if phone is None or command.leg_id in phone.own:
        return
    if len(phone.own) >= MAX_OWN:
        core.refuse(command, command.leg_id, Refusal.BAD_VALUE)
        return
    agent = sitting_at(core, phone.device)
    if agent is not None:
        core.pools.leave_ready(agent)
    own = OwnCall(command.leg_id, command.pbx, core.now_us, command.outgoing)
    phone.own[own.leg_id] = own
    if agent is not None:
        tell_own_call(core, agent, own, command.other)
        _withdraw(core, agent, own)


def own_call_answered(core: Core, command: OwnCallAnswered) -> None:
    """Somebody talks there."""
    phone = _phone(core, command)
    own = phone.own.get(command.leg_id) if phone is not None else None
    if own is None or own.answered_us:
        return
    own.answered_us = core.now_us
    agent = sitting_at(core, command.device)
    if agent is not None:
        core.emit(AgentCallAnswered(agent.agent_id, own.leg_id))
        _withdraw(core, agent, own)


def own_call_ended(core: Core, command: OwnCallEnded) -> None:
    """The phone is free again, unless it has another one."""
    phone = _phone(core, command)
    if phone is not None and command.leg_id in phone.own:
        end_own_call(core, phone, command.leg_id, command.by, command.cause)


def _phone(core: Core, command: OwnCallBegan | OwnCallAnswered | OwnCallEnded) -> Phone | None:
    phone = core.phones.get(command.device)
    if phone is None:
        core.refuse(command, command.leg_id, Refusal.UNKNOWN_DEVICE)
    return phone


def _withdraw(core: Core, agent: Agent, own: OwnCall) -> None:
    """Who dials or talks does not pick up the call that is offered: the next agent is asked."""
    offer = core.offers.get(agent.offer_id)
    if offer is not None and own.engages and offer.state is not OfferState.ANSWERED:
        fail_offer(core, offer, OfferOutcome.WITHDRAWN)
