"""Commands about an offer: it rings, it is answered, it fails, the legs are bridged."""

from typing import Final

from routing.commands import LegsBridged, OfferAnswered, OfferFailed, OfferOutcome, OfferRinging
from routing.config import DataClass
from routing.core import Core
from routing.data import data_of, of_class
from routing.events import CallDelivered
from routing.machine import advance
from routing.offer import OFFER_TABLE, Offer, OfferState, OfferTrigger
from routing.refusals import Refusal
from routing.transfers.handover import target_answered
from routing.verbs.conversation import establish
from routing.verbs.offers import fail_offer, wait_for_report

NO_PHONE_SAYS: Final = (OfferOutcome.ESTABLISHED, OfferOutcome.CALLER_GONE, OfferOutcome.WITHDRAWN)
"""What only the core concludes; who reports a failed offer reports a failed phone."""


def offer_ringing(core: Core, command: OfferRinging) -> None:
    """Asterisk dials the agent's phone."""
    offer = core.offers.get(command.offer_id)
    if offer is None or offer.state is not OfferState.MADE:
        _refuse(core, command, offer)
        return
    offer.state = advance(OFFER_TABLE, offer.state, OfferTrigger.RING)
    offer.ringing_us = core.now_us
    offer.leg_id = command.leg_id
    call = core.calls[offer.call_id]
    ring_us = core.queues[offer.queue_id].spec.ring_timeout_us
    wait_for_report(core, offer, ring_us + core.limits.ring_grace_us)
    data, fields = data_of(core, call.call_id), core.config.call_data
    core.emit(
        CallDelivered(
            offer_id=offer.offer_id,
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=offer.agent_id,
            caller=call.caller,
            leg_id=offer.leg_id,
            caller_name=call.caller_name,
            public_data=of_class(fields, data, DataClass.PUBLIC),
            personal_data=of_class(fields, data, DataClass.PERSONAL),
        )
    )


def offer_answered(core: Core, command: OfferAnswered) -> None:
    """The agent's phone picked up."""
    offer = core.offers.get(command.offer_id)
    if offer is None or offer.state is OfferState.ANSWERED:
        _refuse(core, command, offer)
        return
    offer.state = advance(OFFER_TABLE, offer.state, OfferTrigger.ANSWER)
    wait_for_report(core, offer, core.limits.bridge_timeout_us)


def legs_bridged(core: Core, command: LegsBridged) -> None:
    """Caller and agent are in one bridge: the call is established."""
    offer = core.offers.get(command.offer_id)
    if offer is None:
        _refuse(core, command, None)
        return
    offer.leg_id = command.leg_id or offer.leg_id
    if core.calls[offer.call_id].transfer_id:
        target_answered(core, offer)
    else:
        establish(core, offer)


def offer_failed(core: Core, command: OfferFailed) -> None:
    """Asterisk's dialling ended without an answer."""
    offer = core.offers.get(command.offer_id)
    if offer is None or command.outcome in NO_PHONE_SAYS:
        _refuse(core, command, offer)
        return
    if (
        command.outcome is OfferOutcome.CUSTOMER_UNREACHABLE
        and not core.calls[offer.call_id].callback
    ):
        _refuse(core, command, offer)  # nobody dialled a customer who is on the line
        return
    fail_offer(core, offer, command.outcome)


def _refuse(
    core: Core,
    command: OfferRinging | OfferAnswered | OfferFailed | LegsBridged,
    offer: Offer | None,
) -> None:
    code = Refusal.OFFER_CLOSED if offer is None else Refusal.OFFER_STATE
    core.refuse(command, str(command.offer_id), code)
