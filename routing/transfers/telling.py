"""What is said of a transfer on its way, and how a transfer and its consultation are forgotten."""

from routing.call import Call
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallCleared, CallDiverted, CallOutcome
from routing.ids import NO_AGENT, NO_CALL, NO_TRANSFER, AgentId, QueueId
from routing.transfers.messages import (
    CallTransferred,
    Connection,
    TransferCause,
    TransferCompleting,
    TransferFailed,
    TransferStarted,
)
from routing.transfers.transfer import Transfer
from routing.verbs.matching import check_reserve


def tell_started(
    core: Core,
    transfer: Transfer,
    request_no: int,
    queue_id: QueueId,
    to_agent: AgentId,
    by: str = "",
) -> None:
    """A target is sought: anybody of the queue, or `to_agent` on behalf of it."""
    core.emit(
        TransferStarted(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=request_no,
            queue_id=queue_id,
            agent_id=transfer.initiator,
            kind=transfer.kind,
            consult_id=transfer.consult_id if transfer.has_consultation else NO_CALL,
            to_agent=to_agent,
            by=by,
        )
    )


def tell_diverted(core: Core, call: Call, to_queue: QueueId, cause: TransferCause) -> None:
    """The present request ends unanswered; another one takes its place."""
    core.emit(
        CallDiverted(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            pbx=call.pbx,
            to_queue=to_queue,
            cause=cause,
            waited_us=core.now_us - call.asked_us,
            to_extension="",
        )
    )


def tell_failed(
    core: Core, transfer: Transfer, cause: TransferCause, *, consulting: bool = False
) -> None:
    """The transfer did not reach what it was to reach."""
    seeker = core.calls[transfer.consult_id]
    core.emit(
        TransferFailed(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=seeker.request_no,
            queue_id=seeker.queue_id,
            agent_id=transfer.initiator,
            cause=cause,
            consulting=consulting,
        )
    )


def tell_completing(core: Core, transfer: Transfer, consult: Call, by: str = "") -> None:
    """Customer and target are to be bridged."""
    core.emit(
        TransferCompleting(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            agent_id=transfer.initiator,
            consult_id=consult.call_id,
            to_agent=core.calls[transfer.consult_id].agent_id,
            by=by,
        )
    )


def tell_transferred(
    core: Core, transfer: Transfer, consult: Call, to: AgentId, connection: Connection
) -> None:
    """The customer leaves the sender and takes the place of `consult`."""
    core.emit(
        CallTransferred(
            transfer_id=transfer.transfer_id,
            call_id=transfer.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            agent_id=transfer.initiator,
            secondary_old_call=consult.call_id,
            to_agent=to,
            transferring_device=core.agents[transfer.initiator].device,
            transferred_to_device=core.agents[to].device if to else "",
            kind=transfer.kind,
            connection=connection,
        )
    )


# --- forgetting ---------------------------------------------------------------------------------


def end_transfer(core: Core, transfer: Transfer) -> None:
    """The transfer is over, whatever became of it; its calls go on as they are."""
    del core.transfers[transfer.transfer_id]
    core.deadlines.cancel(DeadlineKind.TRANSFER, transfer.transfer_id)
    call, consult = core.calls[transfer.call_id], core.calls[transfer.consult_id]
    call.transfer_id = consult.transfer_id = NO_TRANSFER
    call.wanted = NO_AGENT


def forget_consultation(core: Core, consult: Call, outcome: CallOutcome) -> None:
    """The second call is over. The books count contacts, so they do not know of it."""
    waited_us = consult.waited_us if consult.established_us else core.now_us - consult.asked_us
    queue = core.queues[consult.queue_id]
    del core.calls[consult.call_id]
    core.emit(
        CallCleared(
            call_id=consult.call_id,
            request_no=consult.request_no,
            queue_id=consult.queue_id,
            outcome=outcome,
            waited_us=waited_us,
            talked_us=consult.talked_us,
        )
    )
    check_reserve(core, queue)
