"""What an agent may do now, and why not the rest: the one place that says so.

Handlers refuse by these rules, and the list of allowed actions that desks show is made of them, so
a button that can be pressed is one that the core takes, as long as nothing happens in between.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import Call, CallState
from routing.control import ControlService
from routing.core import Core
from routing.ids import AgentId, CallId, contact_of
from routing.offer import OfferState
from routing.refusals import Refusal
from routing.transfers.transfer import Transfer, TransferState
from routing.verbs.conversation import IN_CONVERSATION

CONTROLS: Final = {
    ControlService.CLEAR_CONNECTION: IN_CONVERSATION,
    ControlService.HOLD_CALL: (CallState.TALKING,),
    ControlService.RETRIEVE_CALL: (CallState.HELD,),
    ControlService.GENERATE_DIGITS: (CallState.TALKING,),
}
"""In which states of the call."""

SETTLED: Final = (TransferState.CONSULTING, TransferState.CONFERENCED)
"""Sender and target talk, and no leg is being moved."""

MAY_END: Final = (TransferState.SEEKING, *SETTLED)
"""In which states a transfer may be cancelled or completed; joined only while `consulting`."""


class Action(NamedTuple):
    """A service and why it is refused now, "" when it is not."""

    service: str
    refusal: str


def actions_of(core: Core, agent: Agent) -> list[Action]:
    """Everything that may be asked on behalf of this agent. What is asked of a call is about the
    one that the agent has.
    """
    made = [Action(service, why(agent) or "") for service, why in _OF_AGENTS.items()]
    return made + _of_call(core, agent.agent_id, customer_of(agent))


def customer_of(agent: Agent) -> CallId:
    """The customer's call that the agent has part in, "" for none."""
    return contact_of(agent.call_id) if agent.work is AgentWork.BUSY else CallId("")


def _of_call(core: Core, agent_id: AgentId, call_id: CallId) -> list[Action]:
    call = core.calls.get(call_id)
    made = [Action(s, why_not_control(core, call, agent_id, s) or "") for s in ControlService]
    start = why_not_start(core, call, agent_id) or ""
    made += [Action(service, start) for service in ("singleStepTransferCall", "consultationCall")]
    transfer = core.transfers.get(call.transfer_id) if call is not None else None
    if transfer is not None and transfer.initiator != agent_id:
        made += [Action(service, Refusal.NOT_YOUR_CALL) for service, _ in _OF_TRANSFERS]
    else:
        made += [
            Action(s, why_not_ask(core, transfer, states) or "") for s, states in _OF_TRANSFERS
        ]
    return made


# --- agents -------------------------------------------------------------------------------------


def _why_not_in(agent: Agent) -> Refusal | None:
    return None if agent.status is AgentStatus.LOGGED_OFF else Refusal.ALREADY_LOGGED_ON


def why_not_signed_in(agent: Agent) -> Refusal | None:
    """Most things are for those who are signed in."""
    return Refusal.NOT_LOGGED_ON if agent.status is AgentStatus.LOGGED_OFF else None


def _why_not_done(agent: Agent) -> Refusal | None:
    out = why_not_signed_in(agent)
    in_work = agent.work is AgentWork.AFTER_CALL_WORK
    return out or (None if in_work else Refusal.AGENT_STATE)


_OF_AGENTS: Final[dict[str, Callable[[Agent], Refusal | None]]] = {
    "logOn": _why_not_in,
    "logOff": why_not_signed_in,
    "ready": why_not_signed_in,
    "notReady": why_not_signed_in,
    "workingAfterCall": why_not_signed_in,
    "endAfterCallWork": _why_not_done,
    "markLastCall": why_not_signed_in,
}


# --- calls --------------------------------------------------------------------------------------


def why_not_control(
    core: Core, call: Call | None, agent_id: AgentId, service: ControlService
) -> Refusal | None:
    """May this be done to the call of this agent? While a transfer is under way its legs are where
    that one has put them.
    """
    if call is None or call.consult_for:
        return Refusal.UNKNOWN_CALL
    return _why_not_now(core, call, agent_id, CONTROLS[service])


def why_not_start(core: Core, call: Call | None, agent_id: AgentId) -> Refusal | None:
    """May this agent hand the call on? (Whom to is another question.)"""
    if call is None or call.consult_for:
        return Refusal.UNKNOWN_CALL
    return _why_not_now(core, call, agent_id, IN_CONVERSATION)


def _why_not_now(
    core: Core, call: Call, agent_id: AgentId, states: tuple[CallState, ...]
) -> Refusal | None:
    if call.transfer_id:
        return Refusal.TRANSFER_EXISTS
    if call.state not in states:
        return Refusal.CALL_STATE
    if call.agent_id != agent_id:
        return Refusal.NOT_YOUR_CALL
    return Refusal.TELEPHONY_LOST if call.pbx in core.pbx_lost else None


# --- transfers ----------------------------------------------------------------------------------


def why_not_ask(
    core: Core, transfer: Transfer | None, states: tuple[TransferState, ...]
) -> Refusal | None:
    """May something be asked of a transfer that is to be in one of these states?"""
    if transfer is None:
        return Refusal.UNKNOWN_TRANSFER
    if core.calls[transfer.call_id].pbx in core.pbx_lost:
        return Refusal.TELEPHONY_LOST
    if transfer.state not in states or _is_moving(core, transfer):
        return Refusal.TRANSFER_STATE
    return None


def _is_moving(core: Core, transfer: Transfer) -> bool:
    """Has the sender let go, or the target picked up, so that legs are being bridged?"""
    consult = core.calls[transfer.consult_id]
    if not transfer.has_consultation:
        return True
    if consult.state is not CallState.OFFERED:
        return False
    return core.offers[consult.offer_id].state is OfferState.ANSWERED


_OF_TRANSFERS: Final = (
    ("reconnectCall", MAY_END),
    ("transferCall", MAY_END),
    ("conferenceCall", (TransferState.CONSULTING,)),
)
