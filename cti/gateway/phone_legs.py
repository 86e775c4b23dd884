"""Channels of agents' phones that no offer of ours has made, and who ends what. Pure.

Part of `translate`. A phone that dials, or that somebody else has dialled, has an own call, until
`talks` sees it in one bridge with a customer. docs/phone-acts.md has the rules.
"""

from cti.ami.messages import AmiEvent
from cti.gateway.border import CONTEXT_DELIVER, endpoint_of, number_of, read_deliver_order
from cti.gateway.legs import Delivery, Legs, PhoneLeg, Place
from routing.commands import CallHeld, CallRetrieved, ClearedBy, Command
from routing.legs import OwnCallAnswered, OwnCallBegan

# --- own calls ----------------------------------------------------------------------------------


def dialled_out(event: AmiEvent, legs: Legs) -> list[Command]:
    """`Newchannel` in state Ring: the channel of who dials, a caller's or an agent's."""
    get = event.headers.get
    device, uniqueid = endpoint_of(get("Channel")), get("Uniqueid")
    if not legs.is_agents(device) or uniqueid in legs.phone_legs:
        return []
    return begin(legs, uniqueid, device, outgoing=True, other=get("Exten"))


def was_dialled(event: AmiEvent, legs: Legs) -> list[Command]:
    """`DialBegin` of a phone that is not of an offer of ours."""
    get = event.headers.get
    device, uniqueid = endpoint_of(get("DestChannel")), get("DestUniqueid")
    if not legs.is_agents(device) or uniqueid in legs.phone_legs or legs.delivery_of_leg(uniqueid):
        return []
    if get("Context") == CONTEXT_DELIVER and read_deliver_order(get("Exten")):
        return []  # an order of ours whose offer is over: the Redirect that ends it is on its way
    return begin(legs, uniqueid, device, outgoing=False, other=get("CallerIDNum"))


def was_answered(event: AmiEvent, legs: Legs) -> list[Command]:
    """`DialEnd`: who was dialled talks to who has dialled."""
    get = event.headers.get
    if not legs.phone_legs or get("DialStatus") != "ANSWER":
        return []
    both = (legs.phone_legs.get(get(name)) for name in ("Uniqueid", "DestUniqueid"))
    return [answer for leg in both if leg is not None for answer in answered(legs, leg)]


def begin(legs: Legs, uniqueid: str, device: str, *, outgoing: bool, other: str) -> list[Command]:
    """A phone is in use by itself."""
    legs.phone_legs[uniqueid] = PhoneLeg(uniqueid, device)
    leg_id, number = legs.leg_id(uniqueid), number_of(other)
    return [OwnCallBegan(leg_id, device, legs.pbx, outgoing, number)]


def answered(legs: Legs, leg: PhoneLeg) -> list[Command]:
    """It talks to somebody."""
    if leg.answered or leg.call_id:
        return []
    leg.answered = True
    return [OwnCallAnswered(legs.leg_id(leg.uniqueid), leg.device)]


# --- hold, and who ends it -----------------------------------------------------------------------


def held(event: AmiEvent, legs: Legs, kind: type[CallHeld | CallRetrieved]) -> list[Command]:
    """`Hold`, `Unhold` of a phone that has a customer, or of the customer."""
    uniqueid = event.headers.get("Uniqueid")
    leg = legs.phone_legs.get(uniqueid)
    if leg is not None:
        return [kind(leg.call_id)] if leg.call_id else []
    caller = legs.caller(uniqueid)
    talks = caller is not None and caller.place is Place.TALKING
    return [kind(caller.call_id, ClearedBy.CALLER)] if caller is not None and talks else []


def released(event: AmiEvent, legs: Legs, by: ClearedBy | None = None) -> list[Command]:
    """Who ends this conversation, told on the channel of the one who does, before anything else
    ends: `HangupRequest` (the party of that channel), or `by`. Only the first counts.
    """
    uniqueid = event.headers.get("Uniqueid")
    caller, leg = legs.caller(uniqueid), legs.phone_legs.get(uniqueid)
    if caller is not None:
        caller.ending = by is None
        caller.cut = by is not None
        name(legs.part_of(caller), by or ClearedBy.CALLER)
    name(leg or legs.delivery_of_leg(uniqueid), by or ClearedBy.AGENT)
    return []


def name(part: Delivery | PhoneLeg | None, by: ClearedBy) -> None:
    """Who ends it, unless somebody was named before. A transfer moves the customer first, and is
    told then.
    """
    moved = by is ClearedBy.TRANSFER and part is not None and part.released_by is ClearedBy.OTHER
    if part is not None and (part.released_by is None or moved):
        part.released_by = by


def sends_on(uniqueid: str, legs: Legs) -> None:
    """A phone has handed on whom it talks to."""
    name(legs.delivery_of_leg(uniqueid) or legs.phone_legs.get(uniqueid), ClearedBy.TRANSFER)
