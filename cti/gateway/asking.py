"""The dialplan asks "what now?": the core is told, and its decision is the answer. Pure.

What the core decides in the turn of the question goes back on the same connection, so a free agent
is rung, or the next one after a rejected call, without another round trip.

The caller matters more than the arguments: what the core refuses about a question is answered with
the best there is, and the dialplan's own fallback (music, ask again, failsafe) is never far. What
the operator should know about it is left in `Desk.remarks`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import msgspec

from cti.gateway import border
from cti.gateway.arrival import Wrong, first_arrival
from cti.gateway.data import kept, read_data
from cti.gateway.effects import Moment
from cti.gateway.legs import NO_OFFER, Caller, Delivery, Legs, Move
from cti.gateway.outcome import failed_outcome
from cti.gateway.question import Question, Verb
from cti.gateway.unmet import Staffing, unknown_tags
from routing.call import Call, CallState
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallTaken,
    ClearedBy,
    Command,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
)
from routing.data import Data
from routing.engine import RoutingEngine
from routing.events import CallDiverted, CommandRefused, Event
from routing.offer import Offer, OfferState
from routing.refusals import Refusal

Submit = Callable[[Command], list[Event]]

ORDER_PATIENCE_US: Final = 2_000_000
"""A Redirect takes some 5 ms; a call that still asks after this long did not get it."""

SHORT_SLICE_S: Final = 1

WORD_US: Final = 200_000
"""Who was let go sooner has heard nobody say a word: the shortest one takes about as long."""

_NEEDS_TROUBLE = (Refusal.BAD_NEEDS, Refusal.TOO_MANY_NEEDS)
_TALKING = (CallState.TALKING, CallState.HELD)


class RemarkKind(StrEnum):
    """What may be wrong with a question that is answered all the same."""

    ODD_ARGUMENT = "odd_arguments"
    ODD_ARRIVAL = "odd_arrivals"
    CLOCKS_APART = "clocks_apart"
    UNKNOWN_QUEUE = "unknown_queues"
    REFUSED_CALL = "refused_calls"
    IGNORED_NEEDS = "ignored_needs"
    UNMET_NEEDS = "unmet_needs"
    UNKNOWN_TAG = "unknown_tags"
    UNFIT_DATA = "unfit_data"


@dataclass(frozen=True, slots=True)
class Remark:
    """`about`: what exactly was wrong, as it came; with the kind it makes one thing, which is said
    once however many callers it concerns.
    """

    kind: RemarkKind
    about: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand to answer with: the core to look at, the way to tell it, the channels, since
    when this Asterisk has been heard without a gap.
    """

    engine: RoutingEngine
    submit: Submit
    legs: Legs
    moment: Moment
    slice_s: int
    heard_since_us: int = 0
    staffing: Staffing = field(default_factory=Staffing)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, kind: RemarkKind, about: str) -> None:
        """Something that the operator should know."""
        self.remarks.append(Remark(kind, about))


def answer(question: Question, desk: Desk) -> str:
    """The value of `CTI_NEXT`: `deliver*…`, `wait*…`, `leave*…` or `after*…`."""
    caller = desk.legs.asked(question.call_id, question.channel)
    call = desk.engine.calls.get(question.call_id)
    if question.was_answered and _have_talked(call, desk):
        caller.follow(Move.SENT_AWAY)
        if call is None:
            desk.legs.forget_call(question.call_id)
        return f"after*{desk.moment.epoch}"
    if call is not None and _came_back(question, call, caller):
        question, events = _arrive_anew(question, call, desk)
    else:
        events = _tell(question, desk)
    caller = desk.legs.learn(question.call_id, question.channel)
    caller.entry = question.entry
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


def _have_talked(call: Call | None, desk: Desk) -> bool:
    """Was there a conversation behind this answered Dial? The core knows, if it could hear of it;
    where it could not, a phone that was picked up is taken for one.

    Whether the two still met in a bridge when an agent hangs up at once is a race of milliseconds
    (both were recorded), so it must not decide whether the caller stays in line.
    """
    if call is None or call.pbx in desk.engine.pbx_lost:
        return True
    if 0 < call.established_us <= desk.heard_since_us:
        return True  # nobody knows since when: it was made up for
    if call.state is CallState.RELEASED:
        return call.talked_us + call.held_us >= WORD_US  # to be put on hold is a word too
    return call.state in _TALKING and desk.moment.now_us - call.established_us >= WORD_US


def _tell(question: Question, desk: Desk) -> list[Event]:
    """Let the core know what the question says; the events of what that led to."""
    call = desk.engine.calls.get(question.call_id)
    if call is None:
        return _arrive(question, desk)
    if question.verb is not Verb.RETURNED:
        return []
    offer = desk.engine.offers.get(question.offer_id)
    outcome = (
        OfferOutcome.REJECTED  # hung up before there was a conversation
        if question.was_answered
        else failed_outcome(question.dial_status, question.cause, rang=question.rang)
    )
    if offer is None or offer.call_id != call.call_id or outcome is None:
        return []  # AMI has told already, or it is about an order that is over
    if question.rang and offer.state is OfferState.MADE:
        desk.submit(OfferRinging(offer.offer_id))  # this question has overtaken that report
    return desk.submit(OfferFailed(offer.offer_id, outcome))


def _came_back(question: Question, call: Call, caller: Caller) -> bool:
    """A caller who has come to `cti-inbound` once more stands in line anew, where that entry says:
    from a survey, an overflow, by a transfer, or because somebody moved the channel there.

    `again` while the core thinks they talk is no proof: it may be the last breath of a slice that
    a Redirect cut short. `arrive` is: nobody asks it twice. While they wait, the number of the
    entry tells; a router that has forgotten it goes by what such an entry must have changed.
    """
    if call.state is CallState.RELEASED:
        return True
    if call.state in _TALKING and (question.verb is Verb.ARRIVE or question.was_answered):
        return True
    if caller.entry:
        return question.entry > caller.entry
    later = question.arrived_us > call.first_queued_us
    return question.verb is Verb.ARRIVE and question.queue != call.queue_id and later


def _arrive_anew(question: Question, call: Call, desk: Desk) -> tuple[Question, list[Event]]:
    """The old call is over, and the new one is named by the channel that has come: the question
    about it, and what it led to.
    """
    if call.state in _TALKING:
        caller = desk.legs.callers.get(call.call_id)
        part = desk.legs.part_of(caller) if caller is not None else None
        # A question overtakes the reports: behind an answered Dial it was most likely the agent.
        unsaid = ClearedBy.AGENT if question.was_answered else ClearedBy.OTHER
        by = (part.released_by if part is not None else None) or unsaid
        desk.submit(AgentLegCleared(call.call_id, call.agent_id, by))
    data = call.data
    desk.submit(CallTaken(call.call_id, "queuedAgain"))
    question = replace(question, uniqueid=question.of_channel)
    desk.legs.asked(question.call_id, question.channel)
    return question, _arrive(question, desk, data)


def _arrive(question: Question, desk: Desk, before: Data = ()) -> list[Event]:
    first_us, wrong = first_arrival(question, desk.moment.now_us)
    if wrong is not None:
        clocks = wrong is Wrong.CLOCK
        desk.remark(RemarkKind.CLOCKS_APART if clocks else RemarkKind.ODD_ARRIVAL, question.pbx)
    command = CallArrived(
        call_id=question.call_id,
        queue_id=question.queue,
        pbx=question.pbx,
        priority=question.priority,
        needs=question.needs,
        first_queued_us=first_us,
        caller=question.caller,
        tags=question.tags,
        caller_name=question.caller_name,
        data=kept(before, _data(question, desk)),
    )
    events = desk.submit(command)
    if command.needs and _refusal(events) in _NEEDS_TROUBLE:
        # An operator's slip in a variable must not cost the caller: any agent of the queue, then.
        desk.remark(RemarkKind.IGNORED_NEEDS, repr(command.needs))
        events = desk.submit(msgspec.structs.replace(command, needs=""))
    _remark_wishes(question, desk)
    return events


def _data(question: Question, desk: Desk) -> Data:
    if not question.data:
        return ()
    found, wrong = read_data(question.data, desk.engine.config.call_data)
    for about in wrong:
        desk.remark(RemarkKind.UNFIT_DATA, about)
    return found


def _remark_wishes(question: Question, desk: Desk) -> None:
    """What is most likely a slip of the pen in the dialplan."""
    engine, call = desk.engine, desk.engine.calls.get(question.call_id)
    if call is not None and (unmet := desk.staffing.unmet(engine, call.queue_id, call.needs)):
        desk.remark(RemarkKind.UNMET_NEEDS, f"{unmet!r} (queue {call.queue_id})")
    for tag in unknown_tags(engine.config, question.tags):
        desk.remark(RemarkKind.UNKNOWN_TAG, repr(tag))


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
    """The core does not have the call: it was sent out, or not taken in. Nobody has decided not to
    serve who was not taken in, so the dialplan leads them to its failsafe.
    """
    caller.follow(Move.SENT_AWAY)
    caller.offer_id = NO_OFFER
    desk.legs.forget_call(question.call_id)
    cause, extension = "refused", ""
    refusal = _refusal(events)
    if refusal is Refusal.UNKNOWN_QUEUE:
        cause = "noQueue"
        desk.remark(RemarkKind.UNKNOWN_QUEUE, repr(question.named_queue))
    elif refusal is not None:
        desk.remark(RemarkKind.REFUSED_CALL, refusal)
    for event in events:
        if isinstance(event, CallDiverted) and event.call_id == question.call_id:
            cause, extension = event.cause, event.to_extension
    if not border.is_word(cause):
        cause = "refused"
    if not border.is_extension(extension):
        extension = ""
    return f"leave*{desk.moment.epoch}*{cause}*{extension}"
