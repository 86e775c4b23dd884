"""The customer changes hands, and what happens when one of the two agents leaves.

There is one rule for all of it, `hand_over`: the sender is released, and the customer takes the
place of the consultation, whatever that is. If it stands in line, the customer waits there. If a
phone rings for it, that phone rings for the customer, and the offer goes on under its number. If it
talks, the target has the customer.
"""

from typing import Final

from routing.agent import Agent
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.ids import NO_AGENT, AgentId, LegId
from routing.machine import advance
from routing.offer import Offer
from routing.transfers.messages import Connection, TransferCause, TransferKind
from routing.transfers.seeking import (
    readdress,
    search_deadline,
    seek,
    wait_in_line,
    wait_until,
)
from routing.transfers.telling import (
    end_transfer,
    forget_consultation,
    tell_completing,
    tell_failed,
    tell_transferred,
)
from routing.transfers.transfer import (
    TRANSFER_TABLE,
    WAITING_FOR_REPORT,
    WAITING_IN_LINE,
    Transfer,
    TransferState,
    TransferTrigger,
)
from routing.verbs.agents import after_work
from routing.verbs.conversation import IN_CONVERSATION, clear_connection, establish, hold, part
from routing.verbs.shown import show
from routing.verbs.waiting import leave_pool


def hand_over(core: Core, transfer: Transfer, *, bridged: bool = False) -> Agent:
    """The customer takes the place of the consultation. Returns the sender, for `after_work`.

    `bridged` says that customer and target were seen in one bridge; otherwise a customer whose
    target is on the line is on hold, and one whose target is rung waits for the answer.
    """
    call, consult = core.calls[transfer.call_id], core.calls[transfer.consult_id]
    sender = clear_connection(core, call, ClearedBy.TRANSFER)
    target, leg_id = target_of(core, consult), consult.agent_leg
    connection = _connection(consult, bridged=bridged)
    if consult.state in IN_CONVERSATION:
        part(core, consult, ClearedBy.TRANSFER)
    tell_transferred(core, transfer, consult, target, connection)
    _take_over_request(call, consult)
    if consult.state in IN_CONVERSATION:
        _take_over_target(core, call, core.agents[target], leg_id)
    elif consult.state is CallState.OFFERED:
        _take_over_offer(core, call, consult)
    else:
        leave_pool(core, consult)
        call.state = advance(CALL_TABLE, call.state, CallTrigger.REQUEUE)
    transfer.consult_id = call.call_id
    if connection is Connection.QUEUED:
        seek(core, call, "transfer")  # a step may be due that nobody has told the consultation of
    elif connection is Connection.HOLD:
        hold(core, call)
    forget_consultation(core, consult, CallOutcome.TRANSFERRED)
    return sender


def _connection(consult: Call, *, bridged: bool) -> Connection:
    if bridged:
        return Connection.CONNECTED
    if consult.state in IN_CONVERSATION:
        return Connection.HOLD
    return Connection.ALERTING if consult.state is CallState.OFFERED else Connection.QUEUED


def target_of(core: Core, consult: Call) -> AgentId:
    """Who talks or is rung; nobody while it is in line."""
    if consult.state is CallState.OFFERED:
        return core.offers[consult.offer_id].agent_id
    return consult.agent_id


def _take_over_request(call: Call, consult: Call) -> None:
    """What was asked for on the customer's behalf is what the customer's call asks for."""
    call.request_no, call.asked_us = consult.request_no, consult.asked_us
    call.queue_id, call.wanted, call.hops = consult.queue_id, consult.wanted, consult.hops
    call.priority, call.rules = consult.priority, consult.rules
    call.preferred = NO_AGENT
    call.callback = ""  # the customer was reached


def _take_over_offer(core: Core, call: Call, consult: Call) -> None:
    offer = core.offers[consult.offer_id]
    call.state = advance(CALL_TABLE, call.state, CallTrigger.REQUEUE)
    call.state = advance(CALL_TABLE, call.state, CallTrigger.OFFER)
    call.offer_id, call.offered_us = offer.offer_id, consult.offered_us
    offer.call_id = core.agents[offer.agent_id].call_id = call.call_id


def _take_over_target(core: Core, call: Call, target: Agent, leg_id: LegId) -> None:
    call.state = advance(CALL_TABLE, call.state, CallTrigger.CHANGE_HANDS)
    call.agent_id, target.call_id = target.agent_id, call.call_id
    call.agent_leg = leg_id
    call.established_us, call.held_us = core.now_us, 0
    show(core, target)


# --- the target answers -------------------------------------------------------------------------


def target_answered(core: Core, offer: Offer) -> None:
    """The legs of a seeker's offer are in one bridge."""
    transfer = core.transfers[core.calls[offer.call_id].transfer_id]
    if not transfer.has_consultation:
        end_transfer(core, transfer)
        establish(core, offer)
    elif transfer.kind is TransferKind.BLIND:
        sender = hand_over(core, transfer, bridged=True)
        end_transfer(core, transfer)
        establish(core, offer)
        after_work(core, sender)
    else:
        _begin_consulting(core, transfer, offer)


def _begin_consulting(core: Core, transfer: Transfer, offer: Offer) -> None:
    establish(core, offer)
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.TARGET_TALKS)
    core.deadlines.cancel(DeadlineKind.TRANSFER, transfer.transfer_id)
    call = core.calls[transfer.call_id]
    if call.state is CallState.TALKING:
        hold(core, call)


# --- somebody leaves ----------------------------------------------------------------------------


def leg_cleared(core: Core, transfer: Transfer, agent_id: AgentId) -> bool:
    """One of the two agents has left; False when this agent was not on the line."""
    call, consult = core.calls[transfer.call_id], core.calls[transfer.consult_id]
    if call.state in IN_CONVERSATION and call.agent_id == agent_id:
        _HOLDER_LEFT[transfer.state](core, transfer)
    elif consult.state in IN_CONVERSATION and consult.agent_id == agent_id:
        _target_left(core, transfer, consult)
    else:
        return False
    return True


def release_sender(core: Core, transfer: Transfer) -> None:
    """While the target is sought the sender lets go. From now on it is a single-step transfer; when
    a group is sought, an ordinary call of that queue.
    """
    sender = hand_over(core, transfer)
    if core.calls[transfer.call_id].wanted:
        transfer.kind = TransferKind.SINGLE_STEP
        transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.SENDER_LEFT)
    else:
        end_transfer(core, transfer)
    after_work(core, sender)


def _left_consulting(core: Core, transfer: Transfer) -> None:
    """The transfer completes to the target, as soon as target and customer are bridged."""
    consult = core.calls[transfer.consult_id]
    ordered = transfer.state is TransferState.COMPLETING
    sender = hand_over(core, transfer)
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.SENDER_LEFT)
    wait_for_bridge(core, transfer)
    if not ordered:
        tell_completing(core, transfer, consult)
    after_work(core, sender)


def complete(core: Core, transfer: Transfer) -> None:
    """Customer and target are in one bridge: the sender is not needed any more."""
    sender = hand_over(core, transfer, bridged=True)
    end_transfer(core, transfer)
    after_work(core, sender)


def _left_handed_over(core: Core, transfer: Transfer) -> None:
    """Nor does the target stay: customer and target were not even bridged."""
    back_in_line(core, transfer, ClearedBy.AGENT, TransferCause.NORMAL_CLEARING)


_HOLDER_LEFT: Final = {
    TransferState.SEEKING: release_sender,
    TransferState.CONSULTING: _left_consulting,
    TransferState.JOINING: _left_consulting,
    TransferState.COMPLETING: _left_consulting,
    TransferState.CONFERENCED: complete,
    TransferState.HANDED_OVER: _left_handed_over,
}
"""What happens when the agent leaves who has the customer."""


def _target_left(core: Core, transfer: Transfer, consult: Call) -> None:
    """The sender has the customer: on hold, or talking when all three talked."""
    tell_failed(core, transfer, TransferCause.NORMAL_CLEARING)
    end_transfer(core, transfer)
    target = clear_connection(core, consult, ClearedBy.AGENT)
    forget_consultation(core, consult, CallOutcome.ANSWERED)
    after_work(core, target)


def back_in_line(core: Core, transfer: Transfer, by: ClearedBy, cause: TransferCause) -> None:
    """Customer and target did not come together: the call is in line again, in its old place."""
    call = core.calls[transfer.call_id]
    tell_failed(core, transfer, cause)
    end_transfer(core, transfer)
    target = clear_connection(core, call, by)
    call.state = advance(CALL_TABLE, call.state, CallTrigger.REQUEUE)
    readdress(core, call, call.queue_id, NO_AGENT)
    seek(core, call, cause)
    after_work(core, target)


# --- time and Asterisk --------------------------------------------------------------------------


def wait_for_bridge(core: Core, transfer: Transfer) -> None:
    """Asterisk has been asked to move legs: its report is waited for."""
    wait_until(core, transfer, core.now_us + core.limits.bridge_timeout_us)


def transfer_deadline(core: Core, transfer: Transfer) -> None:
    """Nobody was found in time, or what was asked for was not seen in time."""
    if transfer.state in WAITING_IN_LINE:
        search_deadline(core, transfer)
    elif transfer.state is TransferState.HANDED_OVER:
        back_in_line(core, transfer, ClearedBy.SYSTEM, TransferCause.TIMEOUT)
    else:
        transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.NOT_SEEN)
        tell_failed(core, transfer, TransferCause.TIMEOUT, consulting=True)


def restore_transfer(core: Core, transfer: Transfer) -> None:
    """We hear its Asterisk again: what the transfer waits for gets its full time."""
    policy = transfer.policy
    if transfer.state in WAITING_FOR_REPORT:
        wait_for_bridge(core, transfer)
    elif transfer.state is TransferState.SEEKING:
        wait_in_line(core, transfer, policy.wait_us)
    elif transfer.state is TransferState.RECALLING:
        wait_in_line(core, transfer, policy.recall_us)
