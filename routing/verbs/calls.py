"""A call ends, whatever it is doing, and with it what was made on its behalf."""

from typing import Final

from routing.call import Call, CallState
from routing.commands import OfferOutcome
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy
from routing.transfers.messages import TransferCause
from routing.transfers.telling import end_transfer, forget_consultation, tell_failed
from routing.transfers.transfer import Transfer, TransferState
from routing.verbs.agents import after_work
from routing.verbs.conversation import IN_CONVERSATION, clear_connection
from routing.verbs.lines import forget_call
from routing.verbs.offers import end_offer
from routing.verbs.waiting import leave_pool

BEFORE_CONVERSATION: Final = (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED)

_SENT_ON: Final = (ClearedBy.TRANSFER, ClearedBy.OTHER)
"""How a conversation ends from which the customer goes on: they end the call themselves."""


def end_call(core: Core, call: Call, by: ClearedBy, unanswered: CallOutcome) -> None:
    """Whatever the call is doing ends; `unanswered` is its outcome if nobody spoke to it."""
    if call.transfer_id:
        abandon_transfer(core, core.transfers[call.transfer_id], by, unanswered)
    agent_id = call.agent_id
    sent_on = by is ClearedBy.CALLER and call.released_by in _SENT_ON
    sent_on = sent_on and call.state is CallState.RELEASED
    if call.state in BEFORE_CONVERSATION or not call.released_by or sent_on:
        call.released_by = by
    if call.state is CallState.OFFERED:
        blame = OfferOutcome.CALLER_GONE if by is ClearedBy.CALLER else OfferOutcome.WITHDRAWN
        agent_id = end_offer(core, core.offers[call.offer_id], blame)
    elif call.state in IN_CONVERSATION:
        clear_connection(core, call, by)
    leave_pool(core, call)
    if call.callback:
        core.deadlines.cancel(DeadlineKind.CALLBACK, call.call_id)
    outcome = CallOutcome.ANSWERED if call.established_us else unanswered
    if call.consult_for:
        forget_consultation(core, call, outcome)
    else:
        forget_call(core, call, outcome)
    if agent_id:
        after_work(core, core.agents[agent_id])


def abandon_transfer(
    core: Core, transfer: Transfer, by: ClearedBy, unanswered: CallOutcome
) -> None:
    """The customer is gone, or with somebody else: there is nothing left to hand on, so the
    consultation ends too.
    """
    consult = core.calls[transfer.consult_id]
    lost = unanswered is CallOutcome.LOST
    if transfer.state is not TransferState.RECALLING:  # that one has been told to have failed
        tell_failed(
            core,
            transfer,
            TransferCause.SWITCHING_FUNCTION_TERMINATED if lost else TransferCause.CALL_CANCELLED,
        )
    end_transfer(core, transfer)
    if consult.consult_for:
        end_call(core, consult, by, unanswered)
