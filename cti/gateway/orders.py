"""Orders to one Asterisk: sent when the core has decided, held back, and answered."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from cti.ami.errors import AmiFailure
from cti.ami.messages import AmiEvent, action
from cti.gateway.border import read_deliver_order
from cti.gateway.control import NO_SUCH, RESOURCES, digits
from cti.gateway.data import wanted
from cti.gateway.effects import Moment, deliver, effects_of
from cti.gateway.epoch import read_epoch
from cti.gateway.legs import Caller, Delivery, Place
from cti.gateway.link import AmiAnswer
from cti.gateway.side import Side
from routing.commands import CallerHungUp, OfferFailed, OfferOutcome
from routing.config import DataField
from routing.control import CallControlOrdered, ControlFailed
from routing.events import Event
from routing.ids import CallId, OfferId
from routing.offer import OfferState

log = logging.getLogger(__name__)

HELD_S: Final = 1.0
"""A question follows a failed Dial within a millisecond or two; after this long it will not."""


class Orders:
    """`look_up` is told the calls that must be looked up before anything is ordered of them."""

    def __init__(self, side: Side, look_up: Callable[[CallId], None]) -> None:
        self._side = side
        self._look_up = look_up
        self._data: tuple[DataField, ...] | None = None  # what it was told to send

    def decided(self, events: Sequence[Event], at_us: int) -> None:
        """Order what the core has decided with one command."""
        side = self._side
        effects = effects_of(events, side.legs, Moment(side.claim.epoch, at_us))
        for problem in effects.problems:
            log.error("%s: not ordered: %s", side.name, problem, extra={"pbx": side.name})
        for note in effects.notes:
            side.order(note)
        for call_id, order in effects.orders.items():
            side.counters.orders += 1
            side.order(order, partial(self._ordered, call_id))
        for order in effects.afterwards:
            side.order(order)
        for event, order in effects.controls:
            side.counters.orders += 1
            side.order(order, partial(self._controlled, event))
        for failed in effects.undone:
            side.submit(failed)
        for offer_id in effects.held:
            side.counters.held += 1
            side.later(HELD_S, partial(self._send_held, offer_id))
        if effects.undelivered:
            side.claim.check()
        for call_id in effects.doubts:
            self._look_up(call_id)

    def cleared(self) -> None:
        """What has made it forget our epoch has made it forget this."""
        if self._side.engine.config.call_data:
            self.tell_data()

    def config_applied(self) -> None:
        """There may be other call data."""
        if self._data is not None and self._data != self._side.engine.config.call_data:
            self.tell_data()

    def tell_data(self) -> None:
        """Which call data the dialplan is to send from now on; there may be a list of before."""
        self._data = self._side.engine.config.call_data
        self._side.send(action("Setvar", Variable="CTI_DATA", Value=wanted(self._data)))

    def came_back(self, event: AmiEvent) -> None:
        """`UserEvent(CtiRefused)`: the dialplan had an order whose epoch is not that of CTI_EPOCH.

        Where that is empty, a reload has cleared it (`clearglobalvars`; `dialplan reload` tells
        nobody, 22.10.1, measured): it is set again, and the order repeated. Also where it is that
        of a router before us, who has come back from wherever it was. A higher one is our end here.
        """
        get, claim = event.headers.get, self._side.claim
        order = get("Order")
        if read_epoch(order.partition("*")[0]) != claim.epoch:
            return  # of the router before us: as it should be
        self._side.counters.came_back += 1
        delivery = read_deliver_order(order)
        if claim.told(get("Epoch")) and delivery is not None:
            self._repeat(OfferId(delivery[1]))

    def _repeat(self, offer_id: OfferId) -> None:
        legs = self._side.legs
        delivery = legs.deliveries.get(offer_id)
        caller = legs.callers.get(delivery.call_id) if delivery is not None else None
        if delivery is None or caller is None or delivery.repeated:
            return
        if caller.offer_id == offer_id and caller.place is Place.ORDERED:
            delivery.repeated = True
            self._deliver(caller, delivery)

    def _deliver(self, caller: Caller, delivery: Delivery) -> None:
        self._side.counters.orders += 1
        order = deliver(caller, delivery, self._side.moment)
        self._side.order(order, partial(self._ordered, caller.call_id))

    def _send_held(self, offer_id: OfferId) -> None:
        """The question that was to carry this order has not come."""
        legs, counters = self._side.legs, self._side.counters
        delivery = legs.deliveries.get(offer_id)
        caller = legs.callers.get(delivery.call_id) if delivery is not None else None
        if delivery is None or caller is None or caller.offer_id != offer_id:
            return
        if caller.place is Place.RETURNING:
            counters.held_sent += 1
            self._deliver(caller, delivery)

    def _controlled(self, event: CallControlOrdered, answer: AmiAnswer) -> None:
        """A success means nothing, the event that follows does; anything else is the end of it."""
        if isinstance(answer, AmiFailure):
            self._side.counters.orders_unanswered += 1
        elif not answer.success:
            self._side.counters.orders_refused += 1
            cause = NO_SUCH if "does not exist" in answer.message else RESOURCES
            failed = ControlFailed(event.call_id, event.agent_id, event.service, cause)
            self._side.submit(failed)

    def send_digits(self, call_id: CallId, keys: str) -> None:
        """Let the far end of the caller's channel hear these keys."""
        caller = self._side.legs.callers.get(call_id)
        for order in digits(caller, keys) if caller is not None else ():
            self._side.order(order)

    def _ordered(self, call_id: CallId, answer: AmiAnswer) -> None:
        """Success means nothing; "Channel does not exist" does."""
        side = self._side
        if isinstance(answer, AmiFailure):
            side.counters.orders_unanswered += 1
        elif not answer.success:
            side.counters.orders_refused += 1
            if "does not exist" in answer.message and call_id in side.legs.callers:
                side.legs.forget_call(call_id)
                side.submit(CallerHungUp(call_id))
            elif answer.is_shutting_down:
                self._undelivered(call_id)

    def _undelivered(self, call_id: CallId) -> None:
        """No phone will ring for this offer: its agent is free for callers elsewhere."""
        side = self._side
        caller = side.legs.callers.get(call_id)
        offer = side.engine.offers.get(caller.offer_id) if caller is not None else None
        if offer is not None and offer.state is OfferState.MADE:
            side.submit(OfferFailed(offer.offer_id, OfferOutcome.UNDELIVERED))
