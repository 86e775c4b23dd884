"""The dialplan asks "what now?": the core is told, and its decision is the answer. Pure.

What the core decides in the turn of the question goes back on the same connection, so a free agent
is rung, or the next one after a rejected call, without another round trip.

The caller matters more than the arguments: what the core refuses about a question is answered with
the best there is, and the dialplan's own fallback (music, ask again) is never far.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cti.gateway import border
from cti.gateway.effects import Moment
from cti.gateway.legs import NO_OFFER, Caller, Delivery, Legs, Move
from cti.gateway.outcome import failed_outcome
from cti.gateway.question import Question, Verb
from routing.call import Call, CallState
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallTaken,
    Command,
    OfferFailed,
    OfferRinging,
)
from routing.engine import RoutingEngine
from routing.events import CallDiverted, CommandRefused, Event
from routing.offer import Offer, OfferState
from routing.refusals import Refusal

Submit = Callable[[Command], list[Event]]

ORDER_PATIENCE_US: Final = 2_000_000
"""A Redirect takes some 5 ms; a call that still asks after this long did not get it."""

SHORT_SLICE_S: Final = 1

_CAUSE_OF = {Refusal.UNKNOWN_QUEUE: "noQueue", Refusal.TOO_MANY_CALLS: "queueFull"}
_NEEDS_TROUBLE = (Refusal.BAD_NEEDS, Refusal.TOO_MANY_NEEDS)
_TALKING = (CallState.TALKING, CallState.HELD)


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand to answer with: the core to look at, the way to tell it, the channels."""

    engine: RoutingEngine
    submit: Submit
    legs: Legs
    moment: Moment
    slice_s: int


def answer(question: Question, desk: Desk) -> str:
    """The value of `CTI_NEXT`: `deliver*…`, `wait*…` or `leave*…`."""
    desk.legs.asked(question.call_id, question.channel)
    events = _tell(question, desk)
    caller = desk.legs.learn(question.call_id, question.channel)
    call = desk.engine.calls.get(question.call_id)
    if call is None:
        return _leave(question, caller, events, desk)
    text = _deliver(call, caller, desk)
    if text is None:
        caller.follow(Move.SENT_TO_WAIT)
        on_the_way = call.state is not CallState.WAITING and call.pbx not in desk.engine.pbx_lost
        slice_s = SHORT_SLICE_S if on_the_way else desk.slice_s
        text = f"wait*{desk.moment.epoch}*{slice_s}*{caller.announcement}"
    caller.announcement = ""
    return text


def _tell(question: Question, desk: Desk) -> list[Event]:
    """Let the core know what the question says; the events of what that led to."""
    call = desk.engine.calls.get(question.call_id)
    if call is None:
        return _arrive(question, desk)
    if _came_back(question, call):
        return _arrive_anew(question, call, desk)
    if question.verb is not Verb.RETURNED:
        return []
    offer = desk.engine.offers.get(question.offer_id)
    outcome = failed_outcome(question.dial_status, question.cause, rang=question.rang)
    if offer is None or offer.call_id != call.call_id or outcome is None:
        return []  # AMI has told already, or it is about an order that is over
    if question.rang and offer.state is OfferState.MADE:
        desk.submit(OfferRinging(offer.offer_id))  # this question has overtaken that report
    return desk.submit(OfferFailed(offer.offer_id, outcome))


def _came_back(question: Question, call: Call) -> bool:
    """A caller whom an agent has let go stands in line anew (from a survey, say).

    `again` while the core thinks they talk is no proof: it may be the last breath of a slice that
    a Redirect cut short. `arrive` is: nobody asks it twice.
    """
    if call.state is CallState.RELEASED:
        return True
    return question.verb is Verb.ARRIVE and call.state in _TALKING


def _arrive_anew(question: Question, call: Call, desk: Desk) -> list[Event]:
    if call.state in _TALKING:
        desk.submit(AgentLegCleared(call.call_id, call.agent_id))
    desk.submit(CallTaken(call.call_id, "queuedAgain"))
    desk.legs.asked(question.call_id, question.channel)
    return _arrive(question, desk)


def _arrive(question: Question, desk: Desk) -> list[Event]:
    command = CallArrived(
        call_id=question.call_id,
        queue_id=question.queue,
        pbx=question.pbx,
        priority=question.priority,
        needs=question.needs,
        first_queued_us=question.arrived_us,
        caller=question.caller,
    )
    events = desk.submit(command)
    if command.needs and _refusal(events) in _NEEDS_TROUBLE:
        # An operator's slip in a variable must not cost the caller: any agent of the queue, then.
        events = desk.submit(_without_needs(command))
    return events


def _without_needs(command: CallArrived) -> CallArrived:
    return CallArrived(
        command.call_id,
        command.queue_id,
        command.pbx,
        command.priority,
        "",
        command.first_queued_us,
        command.caller,
    )


def _refusal(events: list[Event]) -> Refusal | None:
    return next((event.code for event in events if isinstance(event, CommandRefused)), None)


def _deliver(call: Call, caller: Caller, desk: Desk) -> str | None:
    """The order of the call's offer, if it is on this answer to carry it.

    The second path: an offer that was sent by Redirect and of which nothing was heard goes out
    again here, when the Redirect has had its time.
    """
    engine, moment = desk.engine, desk.moment
    offer = engine.offers.get(call.offer_id)
    if offer is None or offer.state is not OfferState.MADE or call.pbx in engine.pbx_lost:
        return None
    sent = caller.sent_us if caller.offer_id == offer.offer_id else 0
    if sent and moment.now_us - sent < ORDER_PATIENCE_US:
        return None
    delivery = desk.legs.deliveries.get(offer.offer_id) or delivery_of(engine, offer)
    try:
        order = border.deliver_order(
            moment.epoch, offer.offer_id, delivery.ring_us, delivery.device
        )
    except border.BorderError:
        return None  # told by `effects`; the offer's own deadline ends it
    desk.legs.offered(delivery)
    caller.offer_id, caller.sent_us = offer.offer_id, moment.now_us
    caller.follow(Move.SENT_TO_AGENT)
    return f"deliver*{order}"


def delivery_of(engine: RoutingEngine, offer: Offer) -> Delivery:
    """The core's offer in Asterisk's terms, when the event that told of it is not at hand."""
    agent = engine.agents[offer.agent_id]
    ring_us = engine.queues[offer.queue_id].spec.ring_timeout_us
    return Delivery(offer.offer_id, offer.call_id, offer.agent_id, agent.device, ring_us)


def _leave(question: Question, caller: Caller, events: list[Event], desk: Desk) -> str:
    """The core does not have the call: it was sent out, or not taken in."""
    caller.follow(Move.SENT_AWAY)
    caller.offer_id = NO_OFFER
    desk.legs.forget_call(question.call_id)
    cause, extension = _CAUSE_OF.get(_refusal(events) or Refusal.BAD_VALUE, "refused"), ""
    for event in events:
        if isinstance(event, CallDiverted) and event.call_id == question.call_id:
            cause, extension = event.cause, event.to_extension
    if not border.is_word(cause):
        cause = "refused"
    if not border.is_extension(extension):
        extension = ""
    return f"leave*{desk.moment.epoch}*{cause}*{extension}"
