"""After a (re)connection: what Asterisk has against what the core believes. Pure.

While we did not hear an Asterisk its calls lived on: callers hung up, Dials were answered or not,
calls came. The differences go to the core as the observations that we would have made, so there is
no second way to change state. The core, for its part, has offered nothing of this Asterisk since
`TelephonyLost`.

Down: what the core believes of a call. Across: where Asterisk has the caller's channel.

    believed    not there     waiting            delivering                     gone on
    waiting     CallerHungUp  agreed             back to wait, or CallTaken *   CallTaken
    offered     CallerHungUp  order again, or    rings, is answered, bridged,   CallTaken
                              OfferFailed **     or order again, CallTaken *
    talking     CallerHungUp  AgentLegCleared    agreed, or AgentLegCleared     AgentLegCleared
    released    CallerHungUp  agreed             agreed                         agreed
    unknown     agreed        CallArrived        left alone: it will ask        left alone

Who is in failsafe is taken, whatever was believed.

 *  A caller found talking whom the core does not think offered to that agent is *never* fetched
    back: two people in a conversation come before our book-keeping.
**  The Dial of that very offer has come back without an answer and nobody was there to be told.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from cti.ami.messages import AmiAction, AmiEvent
from cti.gateway.arrival import plausible
from cti.gateway.asking import ORDER_PATIENCE_US, delivery_of
from cti.gateway.border import BorderError
from cti.gateway.channels import (
    AgentChannel,
    CallerChannel,
    PhoneChannel,
    Stage,
    read_channels,
    read_phones,
)
from cti.gateway.data import read_data
from cti.gateway.effects import Moment, back_to_wait, deliver
from cti.gateway.legs import NO_OFFER, Caller, Delivery, Legs, Place
from cti.gateway.outcome import how_it_failed
from cti.gateway.reconcile_bridges import Inside, under_another, with_phone
from cti.gateway.reconcile_phones import compare_phones
from routing.call import Call, CallState
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallerHungUp,
    CallHeld,
    CallTaken,
    ClearedBy,
    Command,
    LegsBridged,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
)
from routing.engine import RoutingEngine
from routing.ids import CallId, LegId, OfferId, QueueId
from routing.offer import Offer, OfferState

_PLACES = {
    Stage.WAITING: Place.WAITING,
    Stage.DELIVERING: Place.ORDERED,
    Stage.FAILSAFE: Place.LEAVING,
    Stage.GONE_ON: Place.LEAVING,
}


@dataclass(slots=True)
class Repair:
    """What to tell the core, then what to order of Asterisk. Nothing when both agree."""

    commands: list[Command] = field(default_factory=list)
    orders: list[AmiAction] = field(default_factory=list)


def reconcile(
    items: Iterable[AmiEvent],
    engine: RoutingEngine,
    legs: Legs,
    known: Collection[CallId],
    moment: Moment,
    *,
    live: bool = False,
    whole: bool = True,
) -> Repair:
    """Compare and repair; `legs` is brought up to what the list says.

    `known` are the core's calls of this Asterisk at the moment when the list was asked for: a call
    that came in after that is not in the list and yet not gone.

    `live` is for a look in between, while the link is up: `known` then leaves out every call that
    has moved since the list was asked for, an order under way is given its time, and calls that
    the core does not know are left to ask by themselves (they may be on their way out).
    Without `whole` the items are not all channels, and say nothing of phones.
    """
    items = tuple(items)
    callers, agent_legs = read_channels(items)
    phones = read_phones(items, engine.phones.__contains__)
    inside = Inside(items)
    if whole and not live:
        legs.bridges.renew(inside.rows())
    comparison = _Comparison(
        engine, legs, moment, agent_legs, phones, inside, live=live, whole=whole
    )
    repair = comparison.run(callers, known)
    if whole:
        repair.commands += compare_phones(phones, engine, legs, moment, live=live)
    return repair


class _Comparison:
    """One reconciliation under way."""

    def __init__(
        self,
        engine: RoutingEngine,
        legs: Legs,
        moment: Moment,
        agent_legs: list[AgentChannel],
        phones: list[PhoneChannel],
        inside: Inside,
        *,
        live: bool,
        whole: bool,
    ) -> None:
        self.engine = engine
        self.legs = legs
        self.moment = moment
        self.live = live
        self.whole = whole
        self.repair = Repair()
        self._inside = inside
        # A customer may call from an agent's phone: that one is not who has them.
        has = (phone for phone in phones if legs.call_of(phone.uniqueid) not in engine.calls)
        self._phones = {phone.bridge: phone for phone in has if phone.bridge}
        self._agent_legs = {leg.offer_id: leg for leg in agent_legs}

    def run(self, callers: list[CallerChannel], known: Collection[CallId]) -> Repair:
        for call_id in known:
            self._remember_channel(call_id)
        seen = {self.legs.call_of(channel.uniqueid): channel for channel in callers}
        for call_id in known:
            call = self.engine.calls.get(call_id)
            if call is None:
                continue
            channel = seen.get(call_id)
            if channel is None and (self._goes_on(call) or self._went_on(call)):
                continue
            if channel is None:
                self.repair.commands.append(CallerHungUp(call_id))
                self.legs.forget_call(call_id)
            else:
                self._known_call(call, channel)
        if self.live:
            return self.repair
        strangers = [
            (channel.arrived_us, call_id, channel)
            for call_id, channel in seen.items()
            if call_id not in self.engine.calls
        ]
        for _, call_id, channel in sorted(strangers, key=lambda row: row[:2]):
            self._stranger(call_id, channel)
        return self.repair

    def _remember_channel(self, call_id: CallId) -> None:
        """A call that went on under another channel is found by that one."""
        call = self.engine.calls.get(call_id)
        if call is None or not call.leg_id:
            return
        uniqueid = self._uniqueid(call.leg_id)
        caller = self.legs.learn(call_id, "")
        if caller.alias != uniqueid:
            self.legs.moves(caller, uniqueid, "")

    def _goes_on(self, call: Call) -> bool:
        """Under a channel that our dialplan has not marked."""
        uniqueid = self._uniqueid(call.leg_id)
        if not uniqueid or uniqueid not in self._inside:
            return False
        if self.whole and call.state in (CallState.TALKING, CallState.HELD) and call.agent_leg:
            leg = self._leg_of(call)
            if self._uniqueid(call.agent_leg) not in self._inside:
                self.repair.commands.append(AgentLegCleared(call.call_id, call.agent_id))
            elif leg is not None:
                self._keep_conversation(call, leg.offer_id, leg)
                self.legs.learn(call.call_id, "").offer_id = leg.offer_id
        return True

    def _went_on(self, call: Call) -> bool:
        """Under one that nobody has told us of: the agent talks to it."""
        leg = self._leg_of(call)
        if leg is not None and self._inside.was_sent(leg.uniqueid):
            return False
        uniqueid = leg.uniqueid if leg is not None else self._uniqueid(call.agent_leg)
        moved = under_another(call, uniqueid, self._inside, self.legs) if uniqueid else []
        self.repair.commands += moved
        if not moved or leg is None:
            return bool(moved)
        caller = self.legs.callers[call.call_id]
        caller.offer_id = leg.offer_id
        if call.state is CallState.OFFERED:
            offer = self.engine.offers[call.offer_id]
            delivery = self.legs.deliveries.get(offer.offer_id) or delivery_of(self.engine, offer)
            self.legs.offered(delivery)
            self._leg_of_offer(offer, delivery, leg, caller)
            self.repair.commands.append(LegsBridged(offer.offer_id, self.legs.leg_id(uniqueid)))
        self._keep_conversation(call, leg.offer_id, leg)
        return True

    def _leg_of(self, call: Call) -> AgentChannel | None:
        """The leg of its offer, or of the agent who has it."""
        if call.state is CallState.OFFERED:
            return self._agent_legs.get(call.offer_id)
        named = (leg for leg in self._agent_legs.values())
        return next(
            (leg for leg in named if self.legs.leg_id(leg.uniqueid) == call.agent_leg), None
        )

    def _uniqueid(self, leg_id: LegId) -> str:
        return leg_id.removeprefix(f"{self.legs.pbx}-")

    def _stranger(self, call_id: CallId, channel: CallerChannel) -> None:
        """Our journal was lost, or the call came while we were down: its place is its arrival."""
        if channel.stage is not Stage.WAITING or not channel.arrived_us:
            return
        self.legs.learn(call_id, channel.channel).entry = channel.entry
        self.repair.commands.append(
            CallArrived(
                call_id=call_id,
                queue_id=QueueId(channel.queue),
                pbx=self.legs.pbx,
                priority=channel.priority,
                needs=channel.needs,
                first_queued_us=plausible(channel.arrived_us, channel.uniqueid)[0],
                caller=channel.caller,
                tags=channel.tags,
                caller_name=channel.caller_name,
                data=read_data(channel.data, self.engine.config.call_data)[0],
            )
        )

    def _known_call(self, call: Call, channel: CallerChannel) -> None:
        caller = self.legs.learn(call.call_id, channel.channel)
        self.legs.bridges.enters(channel.uniqueid, channel.channel, channel.bridge)
        if not self.live:
            caller.offer_id, caller.sent_us = NO_OFFER, 0
        if not (self.live and caller.place is Place.RETURNING):
            caller.place = _PLACES[channel.stage]
        if channel.stage is Stage.FAILSAFE:
            self.repair.commands.append(CallTaken(call.call_id, "failsafe"))
        elif self._is_with_phone(call, channel):
            self._taken(call, caller, channel)
        elif call.state in (CallState.WAITING, CallState.OUT_OF_SIGHT):
            self._waiting(call, caller, channel)
        elif call.state is CallState.OFFERED:
            self._offered(call, caller, channel)
        elif call.state in (CallState.TALKING, CallState.HELD):
            self._talking(call, caller, channel)

    def _waiting(self, call: Call, caller: Caller, channel: CallerChannel) -> None:
        if channel.stage is Stage.GONE_ON or self._is_talking(channel):
            self._taken(call, caller, channel)
        elif channel.stage is Stage.DELIVERING:
            # A phone rings for an offer that is over.
            self._order(lambda who: back_to_wait(who, self.moment), caller)

    def _offered(self, call: Call, caller: Caller, channel: CallerChannel) -> None:
        offer = self.engine.offers[call.offer_id]
        delivery = self.legs.deliveries.get(offer.offer_id) or delivery_of(self.engine, offer)
        self.legs.offered(delivery)
        caller.offer_id = offer.offer_id
        if channel.stage is Stage.GONE_ON:
            self._taken(call, caller, channel)
        elif channel.offer_id == offer.offer_id:
            self._same_offer(offer, delivery, caller, channel)
        elif self._is_talking(channel):
            self._taken(call, caller, channel)
        elif not caller.sent_us or self.moment.now_us - caller.sent_us >= ORDER_PATIENCE_US:
            self._order(lambda who: deliver(who, delivery, self.moment), caller)

    def _same_offer(
        self, offer: Offer, delivery: Delivery, caller: Caller, channel: CallerChannel
    ) -> None:
        """Asterisk has our order: how far is it?"""
        if channel.stage is Stage.WAITING:
            outcome = how_it_failed(channel)
            self.repair.commands.append(OfferFailed(offer.offer_id, outcome))
            return
        caller.sent_us = caller.sent_us or self.moment.now_us
        leg = self._agent_legs.get(offer.offer_id)
        if leg is not None:
            self._leg_of_offer(offer, delivery, leg, caller)
        elif self._inside.is_with_others(channel.bridge, channel.uniqueid, delivery.device):
            self._taken(self.engine.calls[offer.call_id], caller, channel)
            return
        in_one = channel.bridge != "" and (leg is None or leg.bridge == channel.bridge)
        if in_one:
            caller.place, delivery.bridged = Place.TALKING, True
            self.repair.commands.append(LegsBridged(offer.offer_id))

    def _leg_of_offer(
        self, offer: Offer, delivery: Delivery, leg: AgentChannel, caller: Caller
    ) -> None:
        """The phone rings, or was picked up."""
        self.legs.dialled(delivery, leg.uniqueid)
        self.legs.bridges.enters(leg.uniqueid, "", leg.bridge)
        caller.place = Place.TALKING if leg.is_up else Place.DIALLING
        if leg.is_up:
            delivery.status = "ANSWER"
        if offer.state is OfferState.MADE:
            self.repair.commands.append(OfferRinging(offer.offer_id))
        if leg.is_up and offer.state is not OfferState.ANSWERED:
            self.repair.commands.append(OfferAnswered(offer.offer_id))

    def _talking(self, call: Call, caller: Caller, channel: CallerChannel) -> None:
        leg = self._agent_legs.get(channel.offer_id)
        if leg is not None and "" != leg.bridge != channel.bridge != "":
            leg = None  # the caller is in another bridge: parked, or with somebody else
        if self._has_other(call, channel):
            self._taken(call, caller, channel)
        elif channel.in_dial and leg is not None and leg.is_up:
            caller.place = Place.TALKING
            caller.offer_id = channel.offer_id
            self._keep_conversation(call, channel.offer_id, leg)
            if channel.held:
                self._on_hold(call, caller, leg)
        elif self._talks_still(call, channel):
            caller.place = Place.TALKING
        else:
            caller.place = _PLACES[channel.stage]
            part = self.legs.part_of(caller)
            lives = channel.offer_id in self._agent_legs
            by = part.released_by if part is not None else None
            by = by or (ClearedBy.OTHER if lives else ClearedBy.AGENT)
            self.repair.commands.append(AgentLegCleared(call.call_id, call.agent_id, by))

    def _on_hold(self, call: Call, caller: Caller, leg: AgentChannel) -> None:
        """An order of ours, or of a router before us, has taken the two apart."""
        caller.place = Place.HELD
        self.legs.apart[call.call_id] = leg.uniqueid
        if call.state is CallState.TALKING:
            self.repair.commands.append(CallHeld(call.call_id))

    def _is_with_phone(self, call: Call, channel: CallerChannel) -> bool:
        """With an agent's phone, and neither the core nor an order of ours says so."""
        phone = self._phones.get(channel.bridge) if channel.bridge else None
        leg = self._agent_legs.get(channel.offer_id)
        if phone is None or call.state is CallState.RELEASED:
            return phone is not None and not self.live  # nobody of ours has them, as far as we know
        if leg is not None and leg.bridge == channel.bridge:
            return False
        talking = call.state in (CallState.TALKING, CallState.HELD)
        return not (talking and call.agent_leg == self.legs.leg_id(phone.uniqueid))

    def _talks_still(self, call: Call, channel: CallerChannel) -> bool:
        """With the phone that took the call up by itself."""
        phone = self._phones.get(channel.bridge)
        return phone is not None and self.legs.leg_id(phone.uniqueid) == call.agent_leg

    def _has_other(self, call: Call, channel: CallerChannel) -> bool:
        phone = self._phones.get(channel.bridge)
        seat = self.engine.devices.get(phone.device) if phone is not None else None
        return seat is not None and seat != call.agent_id

    def _keep_conversation(self, call: Call, offer_id: OfferId, leg: AgentChannel) -> None:
        """The end of the agent's leg will be reported by its Uniqueid: remember whose it is."""
        delivery = self.legs.deliveries.get(offer_id)
        if delivery is None:
            delivery = Delivery(offer_id, call.call_id, call.agent_id, leg.endpoint)
            self.legs.offered(delivery)
        delivery.status, delivery.bridged = "ANSWER", True
        self.legs.bridges.enters(leg.uniqueid, "", leg.bridge)
        self.legs.dialled(delivery, leg.uniqueid)

    def _taken(self, call: Call, caller: Caller, channel: CallerChannel) -> None:
        """The call is beyond us: it talks to somebody, or the dialplan has led it on. An agent of
        ours who talks to it has it.
        """
        caller.place = Place.LEAVING
        phone = self._phones.get(channel.bridge) if channel.bridge else None
        if phone is not None:
            who = (phone.uniqueid, phone.device)
            self.repair.commands += with_phone(caller, *who, self.engine, self.legs)
            return
        self.repair.commands.append(CallTaken(call.call_id, "reconciled"))

    def _is_talking(self, channel: CallerChannel) -> bool:
        """In a bridge with somebody, whoever it is."""
        return channel.stage is Stage.DELIVERING and channel.bridge != ""

    def _order(self, make: Callable[[Caller], AmiAction], caller: Caller) -> None:
        try:
            self.repair.orders.append(make(caller))
        except BorderError:
            return  # nothing that we could say to it; the offer's own deadline ends it
