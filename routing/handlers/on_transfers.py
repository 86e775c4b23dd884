"""Commands about a live transfer: cancel, complete, join; and what Asterisk reports of it."""

from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.machine import advance
from routing.refusals import Refusal
from routing.transfers.handover import complete, release_sender, wait_for_bridge
from routing.transfers.messages import (
    CallConferenced,
    CancelTransfer,
    CompleteTransfer,
    JoinTransfer,
    TransferBridged,
    TransferCancelled,
    TransferConferenced,
    TransferJoining,
)
from routing.transfers.telling import end_transfer, tell_completing
from routing.transfers.transfer import (
    TRANSFER_TABLE,
    WAITING_IN_LINE,
    Transfer,
    TransferState,
    TransferTrigger,
)
from routing.verbs.allowed import MAY_END, why_not_ask
from routing.verbs.calls import end_call
from routing.verbs.conversation import retrieve

Ask = CancelTransfer | CompleteTransfer | JoinTransfer
Report = TransferBridged | TransferConferenced


# --- asked --------------------------------------------------------------------------------------


def cancel_transfer(core: Core, command: CancelTransfer) -> None:
    """The sender keeps the customer or takes the customer back; who was consulted is released."""
    transfer = _asked(core, command, MAY_END)
    if transfer is None:
        return
    consult = core.calls[transfer.consult_id]
    core.emit(
        TransferCancelled(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            agent_id=transfer.initiator,
            by=command.by,
        )
    )
    end_transfer(core, transfer)
    end_call(core, consult, ClearedBy.AGENT, CallOutcome.RECALLED)


def complete_transfer(core: Core, command: CompleteTransfer) -> None:
    """Customer and target are to talk. While the target is sought, and when all three talk, nobody
    need be bridged for that: the sender just leaves.
    """
    transfer = _asked(core, command, MAY_END)
    if transfer is None:
        return
    if transfer.state is TransferState.SEEKING:
        release_sender(core, transfer)
    elif transfer.state is TransferState.CONFERENCED:
        complete(core, transfer)
    else:
        transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.COMPLETE)
        wait_for_bridge(core, transfer)
        tell_completing(core, transfer, core.calls[transfer.consult_id], command.by)


def join_transfer(core: Core, command: JoinTransfer) -> None:
    """All three are to talk."""
    transfer = _asked(core, command, (TransferState.CONSULTING,))
    if transfer is None:
        return
    consult = core.calls[transfer.consult_id]
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.JOIN)
    wait_for_bridge(core, transfer)
    core.emit(
        TransferJoining(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            agent_id=transfer.initiator,
            consult_id=consult.call_id,
            to_agent=consult.agent_id,
            by=command.by,
        )
    )


def _asked(core: Core, command: Ask, states: tuple[TransferState, ...]) -> Transfer | None:
    """The transfer, or None with the refusal said."""
    transfer = core.transfers.get(command.transfer_id)
    why_not = why_not_ask(core, transfer, states)
    if why_not is None:
        return transfer
    core.refuse(command, str(command.transfer_id), why_not)
    return None


# --- observed -----------------------------------------------------------------------------------


def transfer_bridged(core: Core, command: TransferBridged) -> None:
    """Customer and target are in one bridge: facts hold, whether asked for, late or early."""
    transfer = core.transfers.get(command.transfer_id)
    if transfer is None or transfer.state in WAITING_IN_LINE:
        _refuse(core, command, transfer)
    elif transfer.state is TransferState.HANDED_OVER:
        _complete_handed_over(core, transfer)
    else:
        complete(core, transfer)


def transfer_conferenced(core: Core, command: TransferConferenced) -> None:
    """All three are in one bridge; when the sender has left meanwhile, the two who remain."""
    transfer = core.transfers.get(command.transfer_id)
    if transfer is not None and transfer.state is TransferState.HANDED_OVER:
        _complete_handed_over(core, transfer)
    elif transfer is None or (transfer.state, TransferTrigger.CONFERENCE) not in TRANSFER_TABLE:
        _refuse(core, command, transfer)
    else:
        _conference(core, transfer)


def _complete_handed_over(core: Core, transfer: Transfer) -> None:
    end_transfer(core, transfer)
    retrieve(core, core.calls[transfer.call_id])


def _conference(core: Core, transfer: Transfer) -> None:
    call, consult = core.calls[transfer.call_id], core.calls[transfer.consult_id]
    transfer.state = advance(TRANSFER_TABLE, transfer.state, TransferTrigger.CONFERENCE)
    core.deadlines.cancel(DeadlineKind.TRANSFER, transfer.transfer_id)
    retrieve(core, call)
    core.emit(
        CallConferenced(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            agent_id=transfer.initiator,
            secondary_old_call=consult.call_id,
            to_agent=consult.agent_id,
        )
    )


def _refuse(core: Core, command: Report, transfer: Transfer | None) -> None:
    code = Refusal.UNKNOWN_TRANSFER if transfer is None else Refusal.TRANSFER_STATE
    core.refuse(command, str(command.transfer_id), code)
