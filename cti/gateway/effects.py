"""What the core decided, as orders to one Asterisk. Pure; the mirror of `translate`.

All events of one command are read together, because orders for one channel overrule each other: an
offer that ends and the next one for the same call are *one* Redirect, straight to the next phone,
not a trip back to the music and out again.

Orders go to where the caller's channel is (`legs.Place`):

* in a question right now: no order, the answer carries it (`asking`);
* about to ask `returned`: held back for that question; `held` names the offer, so that the gateway
  can send it after all when the question does not come;
* out of sight, because an offer ended in silence: somebody may be talking. `doubts` names the call,
  for Asterisk to be asked where it is, and `reconcile` orders what is to be ordered;
* anywhere else: a Redirect.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cti.ami.messages import AmiAction, action
from cti.gateway import control
from cti.gateway.border import (
    CONTEXT_DELIVER,
    CONTEXT_ORDER,
    BorderError,
    Verb,
    checked,
    deliver_order,
    is_announcement,
    is_channel,
    is_extension,
    is_queue,
    is_word,
    other_order,
)
from cti.gateway.epoch import Epoch
from cti.gateway.legs import NO_OFFER, Caller, Delivery, Legs, Move, Place
from routing.commands import OfferOutcome
from routing.control import CallControlOrdered, ControlFailed, ControlService
from routing.events import (
    AnnouncementDue,
    CallCleared,
    CallDiverted,
    CallOutcome,
    ConnectionCleared,
    Event,
    OfferEnded,
    OfferMade,
)
from routing.ids import CallId, OfferId
from routing.transfers.messages import (
    CallTransferred,
    Connection,
    TransferKind,
    TransferStarted,
)

_ON_THE_WAY = (Place.ORDERED, Place.DIALLING)
_IN_SILENCE = (OfferOutcome.UNDELIVERED, OfferOutcome.NO_ANSWER)
"""How an offer ends of which nothing was heard; a report of Asterisk's moves the caller first."""


@dataclass(slots=True)
class Effects:
    """What to send: `notes` (variables of a channel, which move nobody) first, then one order a
    call, if any.

    `held` are offers that wait for a question of the dialplan; `doubts` calls that are to be looked
    up first; `undelivered` says that Asterisk did not carry out an order; `problems` are what may
    not cross. `controls` are orders about a conversation, whose answers count, `undone` those of
    which there is nothing to order. `released` is the leg of an agent who hands the caller on at
    once; what is sent last of all is in `afterwards`.
    """

    notes: list[AmiAction] = field(default_factory=list)
    orders: dict[CallId, AmiAction] = field(default_factory=dict)
    held: list[OfferId] = field(default_factory=list)
    doubts: list[CallId] = field(default_factory=list)
    undelivered: bool = False
    problems: list[BorderError] = field(default_factory=list)
    controls: list[tuple[CallControlOrdered, AmiAction]] = field(default_factory=list)
    undone: list[ControlFailed] = field(default_factory=list)
    released: dict[CallId, str] = field(default_factory=dict)
    afterwards: list[AmiAction] = field(default_factory=list)

    def order(self, call_id: CallId, redirect: AmiAction) -> None:
        """Go there, instead of where this call was to go, and after all that is ordered so far."""
        self.orders.pop(call_id, None)
        self.orders[call_id] = redirect


@dataclass(frozen=True, slots=True)
class Moment:
    """When and as whom we act: our turn at this Asterisk, and microseconds since 1970."""

    epoch: Epoch
    now_us: int


def effects_of(events: Iterable[Event], legs: Legs, moment: Moment) -> Effects:
    """What to order of the Asterisk of these legs after one command; `legs` follow the events."""
    effects = Effects()
    for event in events:
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            try:
                handler(event, legs, moment, effects)
            except BorderError as problem:
                effects.problems.append(problem)
    return effects


def deliver(caller: Caller, delivery: Delivery, moment: Moment) -> AmiAction:
    """The Redirect that sends the caller to the agent's phone; remembered as sent."""
    exten = deliver_order(moment.epoch, delivery.offer_id, delivery.ring_us, delivery.device)
    order = _redirect(caller, CONTEXT_DELIVER, exten)
    caller.follow(Move.SENT_TO_AGENT)
    caller.sent_us = moment.now_us
    return order


def back_to_wait(caller: Caller, moment: Moment) -> AmiAction:
    """The Redirect that takes the caller back to the music; a ringing phone falls silent."""
    order = _redirect(caller, CONTEXT_ORDER, other_order(moment.epoch, Verb.WAIT))
    caller.follow(Move.SENT_TO_WAIT)
    return order


def _offer_made(event: OfferMade, legs: Legs, moment: Moment, effects: Effects) -> None:
    if event.pbx != legs.pbx:
        return
    delivery = Delivery(
        event.offer_id, event.call_id, event.agent_id, event.device, event.ring_timeout_us
    )
    legs.offered(delivery)
    if event.transfer_id:
        return  # a consultation has no caller to send; docs/transfers.md says what is to be ordered
    caller = legs.callers.get(event.call_id)
    if caller is None:
        raise BorderError("channel")  # unknown: the offer's own deadline ends it
    caller.offer_id, caller.sent_us = event.offer_id, 0
    if caller.place is Place.RETURNING:
        effects.held.append(event.offer_id)
    elif legs.bridge_of(caller) and caller.place is not Place.ASKING:
        caller.place = Place.LOST  # talks to somebody, as far as we know: nobody is torn apart
        effects.doubts.append(event.call_id)
    elif caller.place not in (Place.ASKING, Place.LOST):
        effects.order(event.call_id, deliver(caller, delivery, moment))


def _offer_ended(event: OfferEnded, legs: Legs, moment: Moment, effects: Effects) -> None:
    caller = legs.callers.get(event.call_id)
    legs.forget_offer(event.offer_id)
    if caller is None or caller.offer_id != event.offer_id:
        return
    caller.offer_id, caller.sent_us = NO_OFFER, 0
    effects.undelivered |= event.outcome is OfferOutcome.UNDELIVERED
    if event.outcome is OfferOutcome.CALLER_GONE:
        return
    on_the_way = caller.place in _ON_THE_WAY
    if caller.place is Place.TALKING or (on_the_way and event.outcome in _IN_SILENCE):
        caller.follow(Move.LOST_TRACK)
        effects.doubts.append(event.call_id)
    elif on_the_way:
        effects.order(event.call_id, back_to_wait(caller, moment))


def _connection_cleared(
    event: ConnectionCleared, legs: Legs, moment: Moment, effects: Effects
) -> None:
    caller = legs.callers.get(event.call_id)
    if caller is None:
        return
    legs.forget_offer(caller.offer_id)
    caller.offer_id = NO_OFFER
    if caller.place is Place.HELD:  # nobody comes back to them: on behind the conversation
        effects.order(
            event.call_id, _redirect(caller, CONTEXT_ORDER, other_order(moment.epoch, Verb.OVER))
        )
        caller.place = Place.LEAVING
    caller.follow(Move.AGENT_LEFT)


def _call_diverted(event: CallDiverted, legs: Legs, moment: Moment, effects: Effects) -> None:
    """To another queue: noted on the channel, for a router that has to ask it. Out: Redirect."""
    caller = legs.callers.get(event.call_id)
    if caller is None:
        return
    if event.to_queue:
        queue = checked("queue", is_queue, event.to_queue)
        effects.notes.append(_set(caller, "CTI_LINE_QUEUE", queue))
    elif caller.place is not Place.ASKING and not legs.bridge_of(caller):
        cause = checked("cause", is_word, event.cause)
        exten = checked("extension", is_extension, event.to_extension or "s")
        order = other_order(moment.epoch, Verb.LEAVE, cause, exten)
        effects.order(event.call_id, _redirect(caller, CONTEXT_ORDER, order))
        caller.follow(Move.SENT_AWAY)


def _announcement_due(event: AnnouncementDue, legs: Legs, moment: Moment, effects: Effects) -> None:
    """Said with the next answer; who waits is made to ask now. Their music is not begun anew."""
    caller = legs.callers.get(event.call_id)
    if caller is None:
        return
    caller.announcement = checked("announcement", is_announcement, event.sound)
    if caller.place is Place.WAITING and not legs.bridge_of(caller):
        effects.order(event.call_id, back_to_wait(caller, moment))


def _call_cleared(event: CallCleared, legs: Legs, _moment: Moment, effects: Effects) -> None:
    """Nothing is ordered of a caller who is gone, or who is no longer ours. An agent who waits for
    one who was on hold waits no longer (a leg that is gone already is not found: no harm).
    """
    if leg := legs.apart.pop(event.call_id, ""):
        effects.notes.append(control.hang_up(leg))
    legs.forget_call(event.call_id)
    if event.outcome is not CallOutcome.DIVERTED:
        effects.orders.pop(event.call_id, None)


def _transfer_started(
    event: TransferStarted, legs: Legs, _moment: Moment, effects: Effects
) -> None:
    """A single step releases the sender: whose leg is it? `CallTransferred` is next."""
    caller = legs.callers.get(event.call_id)
    if caller is not None and event.kind is TransferKind.SINGLE_STEP:
        effects.released[event.call_id] = legs.agent_leg(caller)


def _call_transferred(event: CallTransferred, legs: Legs, moment: Moment, effects: Effects) -> None:
    """The caller stands in line, and the sender's leg ends: the caller goes first, or the dialplan
    would take the end of that leg for the end of a conversation.
    """
    caller, leg = legs.callers.get(event.call_id), effects.released.pop(event.call_id, "")
    if caller is None or not leg or event.connection is not Connection.QUEUED:
        return
    legs.bridges.leaves(legs.uniqueid_of(caller))
    legs.bridges.leaves(leg)
    legs.apart.pop(event.call_id, None)
    effects.order(event.call_id, back_to_wait(caller, moment))
    effects.afterwards.append(control.hang_up(leg))


def _control_ordered(
    event: CallControlOrdered, legs: Legs, moment: Moment, effects: Effects
) -> None:
    call_id = event.call_id
    if not call_id.startswith(f"{legs.pbx}-") or event.service is ControlService.GENERATE_DIGITS:
        return  # which keys is not said here: they are sent by themselves
    try:
        *notes, order = control.actions_of(event, legs, moment.epoch)
    except (control.UndoableError, BorderError) as error:
        cause = error.cause if isinstance(error, control.UndoableError) else control.NO_SUCH
        failed = ControlFailed(call_id, event.agent_id, event.service, cause)
        effects.undone.append(failed)
        return
    effects.notes += notes
    effects.controls.append((event, order))


def _redirect(caller: Caller, context: str, exten: str) -> AmiAction:
    channel = checked("channel", is_channel, caller.channel)
    return action("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")


def _set(caller: Caller, variable: str, value: str) -> AmiAction:
    channel = checked("channel", is_channel, caller.channel)
    return action("Setvar", Channel=channel, Variable=variable, Value=value)


_HANDLERS: dict[type[Any], Callable[[Any, Legs, Moment, Effects], None]] = {
    OfferMade: _offer_made,
    OfferEnded: _offer_ended,
    ConnectionCleared: _connection_cleared,
    CallDiverted: _call_diverted,
    AnnouncementDue: _announcement_due,
    CallCleared: _call_cleared,
    CallControlOrdered: _control_ordered,
    TransferStarted: _transfer_started,
    CallTransferred: _call_transferred,
}

FOLLOWED = frozenset(_HANDLERS)
"""The events that may lead to an order, or that `legs` must follow; all others are none of ours."""
