"""Commands about a live transfer: cancel, complete, join; and what Asterisk reports of it."""

from typing import TYPE_CHECKING, Final

from routing.call import CallState
from routing.conversation import retrieve
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.handlers.on_calls import end_call
from routing.machine import advance
from routing.offer import OfferState
from routing.refusals import Refusal
from routing.transfers.handover import (
    back_in_line,
    complete,
    release_sender,
    tell_completing,
    wait_for_sight,
)
from routing.transfers.messages import (
    CallConferenced,
    CancelTransfer,
    CompleteTransfer,
    JoinTransfer,
    TransferBridged,
    TransferCancelled,
    TransferCause,
    TransferConferenced,
    TransferJoining,
)
from routing.transfers.seeking import end_transfer, search_deadline, tell_failed, wait_in_line
from routing.transfers.transfer import (
    TRANSFER_TABLE,
    WAITING_FOR_SIGHT,
    WAITING_IN_LINE,
    Transfer,
    TransferState,
    TransferTrigger,
)

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

Ask = CancelTransfer | CompleteTransfer | JoinTransfer
Report = TransferBridged | TransferConferenced


# --- asked --------------------------------------------------------------------------------------


def cancel_transfer(core: "RoutingEngine", command: CancelTransfer) -> None:
    """The sender keeps the customer, or takes him back; who was consulted is released."""
    transfer = _asked(core, command, (TransferState.SEEKING, *_SETTLED))
    if transfer is None:
        return
    consult = core.calls[transfer.consult_id]
    core.emit(
        TransferCancelled(
            transfer.transfer_id,
            transfer.call_id,
            consult.request_no,
            consult.queue_id,
            transfer.initiator,
        )
    )
    end_transfer(core, transfer)
    end_call(core, consult, ClearedBy.AGENT, CallOutcome.RECALLED)


def complete_transfer(core: "RoutingEngine", command: CompleteTransfer) -> None:
    """Customer and target are to talk. While the target is sought, and when all three talk, nobody
    need be bridged for that: the sender just leaves.
    """
    transfer = _asked(core, command, (TransferState.SEEKING, *_SETTLED))
    if transfer is None:
        return
    if transfer.state is TransferState.SEEKING:
        release_sender(core, transfer)
    elif transfer.state is TransferState.CONFERENCED:
        complete(core, transfer)
    else:
        transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.COMPLETE)
        wait_for_sight(core, transfer)
        tell_completing(core, transfer, core.calls[transfer.consult_id])


def join_transfer(core: "RoutingEngine", command: JoinTransfer) -> None:
    """All three are to talk."""
    transfer = _asked(core, command, (TransferState.CONSULTING,))
    if transfer is None:
        return
    consult = core.calls[transfer.consult_id]
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.JOIN)
    wait_for_sight(core, transfer)
    core.emit(
        TransferJoining(
            transfer.transfer_id,
            transfer.call_id,
            consult.request_no,
            consult.queue_id,
            transfer.initiator,
            consult.call_id,
            consult.agent_id,
        )
    )


_SETTLED: Final = (TransferState.CONSULTING, TransferState.CONFERENCED)
"""Sender and target talk, and no leg is being moved."""


def _asked(
    core: "RoutingEngine", command: Ask, states: tuple[TransferState, ...]
) -> Transfer | None:
    """The transfer, or None with the refusal said."""
    transfer = core.transfers.get(command.transfer_id)
    if transfer is None:
        code = Refusal.UNKNOWN_TRANSFER
    elif core.calls[transfer.call_id].pbx in core.pbx_lost:
        code = Refusal.TELEPHONY_LOST
    elif transfer.state not in states or _is_moving(core, transfer):
        code = Refusal.TRANSFER_STATE
    else:
        return transfer
    core.refuse(command, str(command.transfer_id), code)
    return None


def _is_moving(core: "RoutingEngine", transfer: Transfer) -> bool:
    """Has the sender let go, or the target picked up, so that his legs are being bridged?"""
    consult = core.calls[transfer.consult_id]
    if not transfer.has_consultation:
        return True
    if consult.state is not CallState.OFFERED:
        return False
    return core.offers[consult.offer_id].state is OfferState.ANSWERED


# --- observed -----------------------------------------------------------------------------------


def transfer_bridged(core: "RoutingEngine", command: TransferBridged) -> None:
    """Customer and target are in one bridge: facts hold, whether asked for, late or early."""
    transfer = core.transfers.get(command.transfer_id)
    if transfer is None or transfer.state in WAITING_IN_LINE:
        _refuse(core, command, transfer)
    elif transfer.state is TransferState.HANDED_OVER:
        _complete_handed_over(core, transfer)
    else:
        complete(core, transfer)


def transfer_conferenced(core: "RoutingEngine", command: TransferConferenced) -> None:
    """All three are in one bridge; when the sender has left meanwhile, the two who remain."""
    transfer = core.transfers.get(command.transfer_id)
    if transfer is not None and transfer.state is TransferState.HANDED_OVER:
        _complete_handed_over(core, transfer)
    elif transfer is None or (transfer.state, TransferTrigger.CONFERENCE) not in TRANSFER_TABLE:
        _refuse(core, command, transfer)
    else:
        _conference(core, transfer)


def _complete_handed_over(core: "RoutingEngine", transfer: Transfer) -> None:
    end_transfer(core, transfer)
    retrieve(core, core.calls[transfer.call_id])


def _conference(core: "RoutingEngine", transfer: Transfer) -> None:
    call, consult = core.calls[transfer.call_id], core.calls[transfer.consult_id]
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.CONFERENCE)
    core.deadlines.cancel(DeadlineKind.TRANSFER, transfer.transfer_id)
    retrieve(core, call)
    core.emit(
        CallConferenced(
            transfer.transfer_id,
            transfer.call_id,
            consult.request_no,
            consult.queue_id,
            transfer.initiator,
            consult.call_id,
            consult.agent_id,
        )
    )


def _refuse(core: "RoutingEngine", command: Report, transfer: Transfer | None) -> None:
    code = Refusal.UNKNOWN_TRANSFER if transfer is None else Refusal.TRANSFER_STATE
    core.refuse(command, str(command.transfer_id), code)


# --- time and Asterisk --------------------------------------------------------------------------


def transfer_deadline(core: "RoutingEngine", transfer: Transfer) -> None:
    """Nobody was found in time, or what was asked for was not seen in time."""
    if transfer.state in WAITING_IN_LINE:
        search_deadline(core, transfer)
    elif transfer.state is TransferState.HANDED_OVER:
        back_in_line(core, transfer, ClearedBy.SYSTEM, TransferCause.TIMEOUT)
    else:
        transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.NOT_SEEN)
        tell_failed(core, transfer, TransferCause.TIMEOUT, consulting=True)


def restore_transfer(core: "RoutingEngine", transfer: Transfer) -> None:
    """We hear its Asterisk again: what the transfer waits for gets its full time."""
    policy = transfer.policy
    if transfer.state in WAITING_FOR_SIGHT:
        wait_for_sight(core, transfer)
    elif transfer.state is TransferState.SEEKING:
        wait_in_line(core, transfer, policy.wait_us)
    elif transfer.state is TransferState.RECALLING:
        wait_in_line(core, transfer, policy.recall_us)
