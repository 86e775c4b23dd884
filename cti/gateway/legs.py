"""What the gateway remembers of the channels of one Asterisk, which is little. Pure.

A call's id is `PBX-UNIQUEID` of the caller's channel, so finding a call again needs no memory. What
does need it: the channel's name (AMI orders go by name), which leg of an agent belongs to which
offer, and *where in the dialplan the caller's channel is*, because that decides how an order
reaches it:

* `asking`: an AGI question is being answered this instant; the answer carries the order.
* `waiting`: music in `cti-wait`; an order is a Redirect.
* `ordered`: sent into `cti-deliver`; Asterisk has not reported the Dial yet.
* `dialling`: Asterisk dials the agent's phone.
* `returning`: the Dial is over, without a conversation, and the dialplan is about to ask
  `returned`. A Redirect now could
  meet the answer to that question and ring the next phone twice, so orders are held back for it.
* `talking`: the phone picked up.
* `held`: apart from the agent, by an order of ours: music in `cti-hold`.
* `lost`: the core gave up an offer of which nothing was heard, so a report is missing and they may
  be talking. Nothing is ordered before Asterisk has been asked where the channel is.
* `leaving`: sent out of our contexts, or on its way out by itself.

Reports cross, repeat and get lost, so this table is not the core's kind: what has no row in it
changes nothing, and nothing here ever raises for something that Asterisk said.

Bound: a caller is remembered as long as the core knows the call (`CallCleared` ends both), a
delivery as long as its offer or conversation lives, so there are never more than the core's limits
allow.
"""

from dataclasses import dataclass
from enum import StrEnum

from cti.gateway.border import address
from cti.gateway.bridges import Bridges
from routing.agent import AgentWork
from routing.commands import ClearedBy
from routing.engine import RoutingEngine
from routing.ids import (
    NO_AGENT,
    NO_CALL,
    AgentId,
    CallId,
    LegId,
    OfferId,
    PbxId,
    contact_of,
)

NO_OFFER = OfferId(0)


class Place(StrEnum):
    """Where in the dialplan a caller's channel is, as far as we know; see the essay above."""

    ASKING = "asking"
    WAITING = "waiting"
    ORDERED = "ordered"
    DIALLING = "dialling"
    RETURNING = "returning"
    TALKING = "talking"
    HELD = "held"
    LOST = "lost"
    LEAVING = "leaving"


class Move(StrEnum):
    """What takes it there: our answers and orders, and what Asterisk reported."""

    SENT_TO_AGENT = "sentToAgent"
    SENT_TO_WAIT = "sentToWait"
    SENT_AWAY = "sentAway"
    SENT_TO_HOLD = "sentToHold"
    LOST_TRACK = "lostTrack"
    CAME_BACK = "cameBack"  # to the agent, from hold
    DIAL_BEGAN = "dialBegan"
    DIAL_FAILED = "dialFailed"
    DIAL_ANSWERED = "dialAnswered"
    AGENT_DROPPED = "agentDropped"  # picked up and hung up before there was a conversation
    AGENT_LEFT = "agentLeft"


PLACES = {
    # Ours: an answer or a Redirect works from wherever the channel is.
    **{(place, Move.SENT_TO_AGENT): Place.ORDERED for place in Place},
    **{(place, Move.SENT_TO_WAIT): Place.WAITING for place in Place},
    **{(place, Move.SENT_AWAY): Place.LEAVING for place in Place},
    (Place.ORDERED, Move.LOST_TRACK): Place.LOST,
    (Place.DIALLING, Move.LOST_TRACK): Place.LOST,
    (Place.TALKING, Move.LOST_TRACK): Place.LOST,
    # Asterisk's: only what can follow from where we think the channel is.
    (Place.WAITING, Move.DIAL_BEGAN): Place.DIALLING,  # an order that outlived a restart of ours
    (Place.ORDERED, Move.DIAL_BEGAN): Place.DIALLING,
    (Place.ORDERED, Move.DIAL_ANSWERED): Place.TALKING,
    (Place.DIALLING, Move.DIAL_FAILED): Place.RETURNING,
    (Place.DIALLING, Move.DIAL_ANSWERED): Place.TALKING,
    (Place.TALKING, Move.AGENT_DROPPED): Place.RETURNING,
    (Place.TALKING, Move.AGENT_LEFT): Place.LEAVING,
    (Place.TALKING, Move.SENT_TO_HOLD): Place.HELD,
    (Place.HELD, Move.CAME_BACK): Place.TALKING,
}
"""`asking` is entered from everywhere, by `Legs.asked`, and left by the answer."""


@dataclass(slots=True, eq=False)
class Caller:
    """A caller's channel, by what it answers to in an order (`border.address`). `sent_us` is when
    it was last ordered to an agent, for `offer_id`; `ending` that the caller was heard to hang up,
    though the channel is still there; `announcement` a sound that is to be heard next; `entry` how
    often the channel had come to `cti-inbound` when it asked last (0: forgotten).
    """

    call_id: CallId
    channel: str
    place: Place = Place.WAITING
    offer_id: OfferId = NO_OFFER
    sent_us: int = 0
    ending: bool = False
    cut: bool = False  # Asterisk, or somebody by its AMI, ends the channel
    announcement: str = ""
    entry: int = 0
    alias: str = ""  # the Uniqueid of its channel, when it is not the one that the id names
    phone: "PhoneLeg | None" = None  # who has them, by no offer of ours

    def follow(self, move: Move) -> None:
        """Go where the table says, or stay where it says nothing."""
        self.place = PLACES.get((self.place, move), self.place)


@dataclass(slots=True, eq=False)
class Delivery:
    """One offer in Asterisk's terms. `leg` is the Uniqueid of the agent's channel ("" before the
    Dial); `sounded` that the phone said 183; `status` the DialStatus of its DialEnd; `bridged` that
    both were seen in one bridge; `repeated` that its order was given anew, which is done once;
    `released_by` who was the first to end the conversation, as soon as that is told.
    """

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    device: str
    ring_us: int = 0
    leg: str = ""
    sounded: bool = False
    status: str = ""
    bridged: bool = False
    repeated: bool = False
    picked_up: bool = False  # by another phone (`*8`): whose call it is, the bridge says
    released_by: ClearedBy | None = None

    @property
    def answered(self) -> bool:
        """The phone has picked up: from here on the end of its leg is an agent's hang-up."""
        return self.bridged or self.status == "ANSWER"


@dataclass(slots=True, eq=False)
class PhoneLeg:
    """A channel of an agent's phone that no offer of ours has made: an own call, or (`call_id`) the
    agent's part in a call of ours. `released_by` as of a `Delivery`.
    """

    uniqueid: str
    device: str
    answered: bool = False
    released_by: ClearedBy | None = None
    call_id: CallId = NO_CALL
    agent_id: AgentId = NO_AGENT


class Legs:
    """The callers, offers and agents' legs of one Asterisk. `seats` is the core, to see which
    phones are agents' and who sits there.
    """

    def __init__(self, pbx: PbxId, seats: RoutingEngine | None = None) -> None:
        self.pbx = pbx
        self.seats = seats
        self.bridges = Bridges()
        self.phone_legs: dict[str, PhoneLeg] = {}
        self.aliases: dict[str, CallId] = {}  # calls that go on under another channel
        self.callers: dict[CallId, Caller] = {}
        self.deliveries: dict[OfferId, Delivery] = {}
        self.apart: dict[CallId, str] = {}  # the agent's leg that waits for this caller
        self._by_leg: dict[str, Delivery] = {}

    def call_id(self, uniqueid: str) -> CallId:
        """The id of the call whose caller's channel this is."""
        return CallId(f"{self.pbx}-{uniqueid}")

    def caller(self, uniqueid: str) -> Caller | None:
        """The caller with this Uniqueid; None for any other channel, and for one that another has
        replaced.
        """
        caller = self.callers.get(self.call_of(uniqueid))
        return caller if caller is None or caller.alias in ("", uniqueid) else None

    def is_replaced(self, uniqueid: str) -> bool:
        """Has another channel taken the place of this one? What it still does is nobody's."""
        known = self.callers.get(self.call_id(uniqueid))
        return known is not None and known.alias not in ("", uniqueid)

    def uniqueid_of(self, caller: Caller) -> str:
        """Of the caller's channel."""
        return caller.alias or caller.call_id.removeprefix(f"{self.pbx}-")

    def call_of(self, uniqueid: str) -> CallId:
        """The call that goes on under this channel, else the one that it would begin."""
        return self.aliases.get(uniqueid) or self.call_id(uniqueid)

    def leg_id(self, uniqueid: str) -> LegId:
        """The name of a channel for the core."""
        return LegId(f"{self.pbx}-{uniqueid}")

    def delivery_of_leg(self, uniqueid: str) -> Delivery | None:
        """The offer whose agent's channel this is, None for any other channel."""
        return self._by_leg.get(uniqueid)

    def learn(self, call_id: CallId, channel: str, place: Place = Place.WAITING) -> Caller:
        """A caller's channel was seen: new, or the same under a newer name."""
        caller = self.callers.get(call_id)
        channel = channel and address(channel, call_id.removeprefix(f"{self.pbx}-"))
        if caller is None:
            caller = self.callers[call_id] = Caller(call_id, channel, place)
        elif channel:
            caller.channel = channel
        return caller

    def asked(self, call_id: CallId, channel: str) -> Caller:
        """The dialplan asks about this caller now; what the core decides goes into the answer."""
        caller = self.learn(call_id, channel)
        caller.place = Place.ASKING
        self.bridges.leaves(self.uniqueid_of(caller))
        return caller

    def offered(self, delivery: Delivery) -> None:
        """The core has made an offer."""
        self.deliveries[delivery.offer_id] = delivery

    def dialled(self, delivery: Delivery, leg: str) -> None:
        """The agent's leg of that offer is this channel."""
        self._by_leg.pop(delivery.leg, None)
        delivery.leg = leg
        self._by_leg[leg] = delivery

    def forget_offer(self, offer_id: OfferId) -> None:
        """The offer or its conversation is over: late reports of its leg mean nothing."""
        delivery = self.deliveries.pop(offer_id, None)
        if delivery is not None:
            self._by_leg.pop(delivery.leg, None)

    def forget_call(self, call_id: CallId) -> None:
        """The call is over for the core, whatever becomes of its channel."""
        caller = self.callers.pop(call_id, None)
        if caller is not None:
            self.forget_offer(caller.offer_id)
            if caller.alias:
                self.aliases.pop(caller.alias, None)

    # --- bridges and phones ----------------------------------------------------------------------

    def bridge_of(self, caller: Caller) -> str:
        """The bridge that the caller is in, "" for none."""
        return self.bridges.of(self.uniqueid_of(caller))

    def caller_in(self, bridge: str) -> Caller | None:
        """The caller who is there."""
        found = (self.caller(member.uniqueid) for member in self.bridges.others(bridge))
        return next((caller for caller in found if caller is not None), None)

    def phone_in(self, bridge: str, uniqueid: str) -> PhoneLeg | None:
        """The agent's phone in this bridge that no offer of ours has rung; `uniqueid` itself does
        not count.
        """
        inside = self.bridges.others(bridge, uniqueid)
        found = (self.phone_legs.get(member.uniqueid) for member in inside)
        return next((leg for leg in found if leg is not None), None)

    def part_of(self, caller: Caller) -> Delivery | PhoneLeg | None:
        """The agent's leg that talks to this caller."""
        delivery = self.deliveries.get(caller.offer_id)
        return delivery if delivery is not None and delivery.bridged else caller.phone

    def agent_leg(self, caller: Caller) -> str:
        """Uniqueid of the channel of the agent who has this caller, "" for none."""
        part = self.part_of(caller)
        return part.leg if isinstance(part, Delivery) else part.uniqueid if part else ""

    def moves(self, caller: Caller, uniqueid: str, channel: str) -> None:
        """The caller's channel is that one now."""
        self.aliases.pop(caller.alias, None)
        caller.alias, caller.ending = uniqueid, False
        caller.channel = address(channel, uniqueid) if channel else caller.channel
        self.aliases[uniqueid] = caller.call_id

    def takes(self, leg: PhoneLeg, caller: Caller, agent_id: AgentId) -> None:
        """The phone has the caller."""
        leg.call_id, leg.agent_id, leg.released_by = caller.call_id, agent_id, None
        caller.phone = leg

    def lets_go(self, leg: PhoneLeg) -> None:
        """It has them no more."""
        caller = self.callers.get(leg.call_id)
        if caller is not None and caller.phone is leg:
            caller.phone = None
        leg.call_id, leg.agent_id = NO_CALL, NO_AGENT

    def is_agents(self, device: str) -> bool:
        """Is it a phone that some agent has?"""
        return self.seats is not None and device in self.seats.phones

    def sitting_at(self, device: str) -> AgentId:
        """Who is signed in there."""
        return self.seats.devices.get(device, NO_AGENT) if self.seats is not None else NO_AGENT

    def has_another(self, agent_id: AgentId, call_id: CallId) -> bool:
        """Has this agent another customer?"""
        if self.seats is None:
            return False
        agent = self.seats.agents[agent_id]
        return agent.work is AgentWork.BUSY and contact_of(agent.call_id) != call_id
