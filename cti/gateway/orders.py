"""Orders to one Asterisk: sent when the core has decided, held back, and answered."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from cti.ami.errors import AmiFailure
from cti.ami.messages import action
from cti.gateway.effects import Moment, deliver, effects_of
from cti.gateway.legs import Place
from cti.gateway.link import AmiAnswer, OnAnswer
from cti.gateway.side import Side
from routing.commands import CallerHungUp
from routing.events import Event
from routing.ids import CallId, OfferId

log = logging.getLogger(__name__)

HELD_S: Final = 1.0
"""A question follows a failed Dial within a millisecond or two; after this long it will not."""


class Orders:
    """`look_up` is told the calls that must be looked up before anything is ordered of them."""

    def __init__(self, side: Side, look_up: Callable[[CallId], None]) -> None:
        self._side = side
        self._look_up = look_up

    def decided(self, events: Sequence[Event], at_us: int) -> None:
        """Order what the core has decided with one command."""
        side = self._side
        effects = effects_of(events, side.legs, Moment(side.around.dispatcher.epoch, at_us))
        for problem in effects.problems:
            log.error("%s: not ordered: %s", side.name, problem, extra={"pbx": side.name})
        for note in effects.notes:
            side.send(note)
        for call_id, order in effects.orders.items():
            side.counters.orders += 1
            side.send(order, partial(self._ordered, call_id))
        for offer_id in effects.held:
            side.counters.held += 1
            side.later(HELD_S, partial(self._send_held, offer_id))
        if effects.undelivered:
            self.set_epoch()
        for call_id in effects.doubts:
            self._look_up(call_id)

    def set_epoch(self, on_answer: OnAnswer | None = None) -> None:
        """Make Asterisk take our orders, and nobody else's; again after it has forgotten it."""
        epoch = str(self._side.around.dispatcher.epoch)
        self._side.send(action("Setvar", Variable="CTI_EPOCH", Value=epoch), on_answer)

    def _send_held(self, offer_id: OfferId) -> None:
        """The question that was to carry this order has not come."""
        legs, counters = self._side.legs, self._side.counters
        delivery = legs.deliveries.get(offer_id)
        caller = legs.callers.get(delivery.call_id) if delivery is not None else None
        if delivery is None or caller is None or caller.offer_id != offer_id:
            return
        if caller.place is Place.RETURNING:
            counters.held_sent += 1
            counters.orders += 1
            order = deliver(caller, delivery, self._side.moment)
            self._side.send(order, partial(self._ordered, caller.call_id))

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
