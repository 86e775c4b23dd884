"""The part of `routing.invariants` that is about who has the customer, and about transfers.

Each function yields (invariant, where) for every breach.
"""

from collections.abc import Iterator

from routing.agent import AgentWork
from routing.call import Call, CallState
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.transfers.messages import TransferKind
from routing.transfers.transfer import WAITING_IN_LINE, Transfer, TransferState


def owner_breaches(core: Core) -> Iterator[tuple[str, str]]:
    """Every customer is in line, offered, with one agent, or released; exactly one of these."""
    offered = {offer.call_id for offer in core.offers.values()}
    busy = [a.call_id for a in core.agents.values() if a.work is AgentWork.BUSY]
    for call in core.calls.values():
        in_line = call.band is not None or call.state is CallState.OUT_OF_SIGHT
        released = call.state is CallState.RELEASED and not call.transfer_id
        owners = in_line + (call.call_id in offered) + busy.count(call.call_id) + released
        if owners != 1:
            yield "customer_has_an_owner", f"call {call.call_id} has {owners}"


_IN_LINE = (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED)
_TALKS = (CallState.TALKING,)
_HELD = (CallState.HELD,)

TRANSFER_CALLS = {
    TransferState.SEEKING: ((CallState.TALKING, CallState.HELD), _IN_LINE),
    TransferState.CONSULTING: (_HELD, _TALKS),
    TransferState.JOINING: (_HELD, _TALKS),
    TransferState.COMPLETING: (_HELD, _TALKS),
    TransferState.CONFERENCED: (_TALKS, _TALKS),
    TransferState.HANDED_OVER: (_HELD, _HELD),
    TransferState.RECALLING: (_IN_LINE, _IN_LINE),
}
"""Where the customer's call and the consultation may be; they are one call where there is none."""


def transfer_breaches(core: Core, transfer: Transfer) -> Iterator[tuple[str, str]]:
    """Both calls are where its state says, it is theirs, and it waits no longer than it may."""
    where = f"transfer {transfer.transfer_id}"
    rule = "transfer_and_its_calls"
    call, consult = core.calls.get(transfer.call_id), core.calls.get(transfer.consult_id)
    if call is None or consult is None:
        yield rule, f"{where} has lost a call"
        return
    if {call.transfer_id, consult.transfer_id} != {transfer.transfer_id} or call.consult_for:
        yield rule, f"{where} is not theirs"
    if transfer.has_consultation != (consult.consult_for == call.call_id):
        yield rule, f"{where} consults for somebody else"
    if transfer.has_consultation and call.agent_id != transfer.initiator:
        yield rule, f"{where}: the customer is not the sender's"
    customers, consultations = TRANSFER_CALLS[transfer.state]
    if transfer.state is TransferState.SEEKING and transfer.kind is TransferKind.SINGLE_STEP:
        customers = consultations
    if call.state not in customers or consult.state not in consultations:
        yield rule, f"{where} {transfer.state}: {call.state}, {consult.state}"
    yield from _transfer_wait(core, transfer, call, consult)


def _transfer_wait(
    core: Core, transfer: Transfer, call: Call, consult: Call
) -> Iterator[tuple[str, str]]:
    """A deadline exactly where it waits for something, except while we do not hear its Asterisk.
    An offer has its own.
    """
    due_us = core.deadlines.due_us(DeadlineKind.TRANSFER, transfer.transfer_id)
    settled = transfer.state in (TransferState.CONSULTING, TransferState.CONFERENCED)
    waits = not settled and call.pbx not in core.pbx_lost
    in_line = transfer.state in WAITING_IN_LINE
    if in_line and consult.state is CallState.OFFERED:
        waits = due_us != 0
    if waits != (due_us != 0) or (in_line and due_us not in (0, transfer.until_us)):
        yield "deadline_for_every_wait", f"transfer {transfer.transfer_id}"
