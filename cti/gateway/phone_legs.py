"""Channels of agents' phones that no offer of ours has made, and whom customers talk to. Pure.

Part of `translate`. A phone that dials, or that somebody else has dialled, has an own call. When
such a channel and a customer are seen in one bridge, that agent has the customer; when a customer
whom we sent to nobody is in a bridge with somebody unknown, it is an outsider. docs/phone-acts.md
has the rules; a holding bridge (parking) is no conversation.
"""

from typing import Final

from cti.ami.messages import AmiEvent
from cti.gateway.border import CONTEXT_DELIVER, endpoint_of, number_of, read_deliver_order
from cti.gateway.legs import NO_OFFER, Caller, Legs, PhoneLeg, Place
from routing.commands import AgentLegCleared, CallHeld, CallRetrieved, ClearedBy, Command
from routing.ids import NO_AGENT, CallId, LegId
from routing.legs import CallerBridged, CallerMoved, OwnCallAnswered, OwnCallBegan, OwnCallEnded

HOLDING: Final = "holding_bridge"
ZOMBIE: Final = "<ZOMBIE>"
"""Appended to the name of a channel whose place another one has taken (main/channel.c,
channel_do_masquerade). Its end is nobody's hang-up."""

_SENT: Final = (Place.ORDERED, Place.DIALLING, Place.TALKING)


# --- own calls ----------------------------------------------------------------------------------


def dialled_out(event: AmiEvent, legs: Legs) -> list[Command]:
    """`Newchannel` in state Ring: the channel of who dials, a caller's or an agent's."""
    get = event.headers.get
    device, uniqueid = endpoint_of(get("Channel")), get("Uniqueid")
    if not legs.is_agents(device) or uniqueid in legs.phone_legs:
        return []
    return _begin(legs, uniqueid, device, outgoing=True, other=get("Exten"))


def was_dialled(event: AmiEvent, legs: Legs) -> list[Command]:
    """`DialBegin` of a phone that is not of an offer of ours."""
    get = event.headers.get
    device, uniqueid = endpoint_of(get("DestChannel")), get("DestUniqueid")
    if not legs.is_agents(device) or uniqueid in legs.phone_legs or legs.delivery_of_leg(uniqueid):
        return []
    if get("Context") == CONTEXT_DELIVER and read_deliver_order(get("Exten")):
        return []  # an order of ours whose offer is over: the Redirect that ends it is on its way
    return _begin(legs, uniqueid, device, outgoing=False, other=get("CallerIDNum"))


def was_answered(event: AmiEvent, legs: Legs) -> list[Command]:
    """`DialEnd`: who was dialled talks to who has dialled."""
    get = event.headers.get
    if not legs.phone_legs or get("DialStatus") != "ANSWER":
        return []
    both = (legs.phone_legs.get(get(name)) for name in ("Uniqueid", "DestUniqueid"))
    return [answer for leg in both if leg is not None for answer in _answered(legs, leg)]


def _begin(legs: Legs, uniqueid: str, device: str, *, outgoing: bool, other: str) -> list[Command]:
    legs.phone_legs[uniqueid] = PhoneLeg(uniqueid, device)
    leg_id, number = legs.leg_id(uniqueid), number_of(other)
    return [OwnCallBegan(leg_id, device, legs.pbx, outgoing, number)]


def _answered(legs: Legs, leg: PhoneLeg) -> list[Command]:
    if leg.answered or leg.call_id:
        return []
    leg.answered = True
    return [OwnCallAnswered(legs.leg_id(leg.uniqueid), leg.device)]


# --- bridges ------------------------------------------------------------------------------------


def bridged(event: AmiEvent, legs: Legs) -> list[Command] | None:
    """What a `BridgeEnter` says of a customer whom we have not sent there. None: nothing."""
    get = event.headers.get
    uniqueid, bridge = get("Uniqueid"), get("BridgeUniqueid")
    if get("BridgeTechnology") == HOLDING:
        return []
    leg = legs.phone_legs.get(uniqueid) or _picked_up_by(event, legs)
    if leg is not None:
        return _phone_enters(leg, bridge, legs)
    caller = legs.caller(uniqueid)
    if caller is not None:
        return _caller_enters(event, caller, bridge, legs)
    if not legs.in_bridge or legs.delivery_of_leg(uniqueid) is not None:
        return None
    return _stranger_enters(event, legs)


def _picked_up_by(event: AmiEvent, legs: Legs) -> PhoneLeg | None:
    """Another phone under the unique id of the one that we have rung."""
    get = event.headers.get
    delivery, device = legs.delivery_of_leg(get("Uniqueid")), endpoint_of(get("Channel"))
    if delivery is None or not device or device == delivery.device:
        return None
    leg = legs.phone_legs[get("Uniqueid")] = PhoneLeg(get("Uniqueid"), device, answered=True)
    return leg


def _phone_enters(leg: PhoneLeg, bridge: str, legs: Legs) -> list[Command]:
    said = _answered(legs, leg)
    legs.phone_in(leg, bridge)
    caller = legs.caller_in(bridge)
    return [*said, *_has(caller, leg, legs)] if caller is not None else said


def _caller_enters(
    event: AmiEvent, caller: Caller, bridge: str, legs: Legs
) -> list[Command] | None:
    legs.caller_enters(caller, bridge)
    leg = legs.phones_in.get(bridge)
    if leg is not None:
        return _has(caller, leg, legs)
    delivery = legs.deliveries.get(caller.offer_id)
    sent = delivery is not None and (
        delivery.bridge == bridge or event.headers.get("Context") == CONTEXT_DELIVER
    )
    if sent or event.headers.get("BridgeNumChannels") in ("", "0", "1"):
        return None
    return _with_outsider(caller, legs)


def _stranger_enters(event: AmiEvent, legs: Legs) -> list[Command] | None:
    get = event.headers.get
    bridge, uniqueid = get("BridgeUniqueid"), get("Uniqueid")
    caller = legs.caller_in(bridge)
    if caller is None:
        delivery = legs.talks_in(get("SwapUniqueid"), bridge)
        if delivery is not None:
            delivery.stranger, delivery.stranger_channel = uniqueid, get("Channel")
        return None
    delivery = legs.deliveries.get(caller.offer_id)
    if delivery is not None and delivery.bridge == bridge:
        delivery.stranger, delivery.stranger_channel = uniqueid, get("Channel")
        return None
    if bridge in legs.phones_in or caller.place in _SENT:
        return None
    return _with_outsider(caller, legs)


def _has(caller: Caller, leg: PhoneLeg, legs: Legs) -> list[Command]:
    """That phone has the customer. The old offer or conversation is the core's to end."""
    if leg.call_id == caller.call_id:
        return []
    agent_id = legs.sitting_at(leg.device)
    leg_id, call_id = legs.leg_id(leg.uniqueid), caller.call_id
    commands = _let_go(caller, legs)
    commands.append(CallerBridged(call_id, leg.device, leg_id))
    if agent_id and not legs.has_another(agent_id, call_id):
        leg.call_id, leg.agent_id = call_id, agent_id
        commands.append(OwnCallEnded(leg_id, leg.device, ClearedBy.OTHER))
    return commands


def _let_go(caller: Caller, legs: Legs) -> list[Command]:
    """The phone that had the customer, or rang for them, has not any more. One that talked is in
    use for as long as its channel lives.
    """
    delivery = legs.deliveries.get(caller.offer_id)
    legs.forget_offer(caller.offer_id)
    caller.offer_id, caller.place = NO_OFFER, Place.TALKING
    for leg in legs.phone_legs.values():
        if leg.call_id == caller.call_id:
            leg.call_id, leg.agent_id = CallId(""), NO_AGENT
            return [OwnCallBegan(legs.leg_id(leg.uniqueid), leg.device, legs.pbx)]
    if delivery is None or not delivery.answered or not delivery.leg:
        return []
    return _begin(legs, delivery.leg, delivery.device, outgoing=False, other="")


def _with_outsider(caller: Caller, legs: Legs) -> list[Command]:
    commands = _let_go(caller, legs)
    caller.place = Place.LEAVING
    return [*commands, CallerBridged(caller.call_id)]


# --- hold, moves and ends -----------------------------------------------------------------------


def held(event: AmiEvent, legs: Legs, kind: type[CallHeld | CallRetrieved]) -> list[Command]:
    """`Hold`, `Unhold` of a phone that has a customer, or of the customer."""
    uniqueid = event.headers.get("Uniqueid")
    leg = legs.phone_legs.get(uniqueid)
    if leg is not None:
        return [kind(leg.call_id)] if leg.call_id else []
    caller = legs.caller(uniqueid)
    talks = caller is not None and caller.place is Place.TALKING
    return [kind(caller.call_id, ClearedBy.CALLER)] if caller is not None and talks else []


def transferred_blind(event: AmiEvent, legs: Legs) -> list[Command]:
    """`BlindTransfer`: the phone sends its customer on, and does not hang up on them."""
    _mark_moved(event.headers.get("TransfererUniqueid"), legs)
    return []


def transferred(event: AmiEvent, legs: Legs) -> list[Command]:
    """`AttendedTransfer`: a customer takes the place of the transferer's second channel. Where that
    one waits in a line of ours, the call goes on under the customer's channel.
    """
    get = event.headers.get
    _mark_moved(get("OrigTransfererUniqueid"), legs)
    caller = legs.caller(get("SecondTransfererUniqueid"))
    if caller is None or get("DestType") != "App" or not get("TransfereeUniqueid"):
        return []
    return move(caller, get("TransfereeUniqueid"), get("TransfereeChannel"), legs)


def _mark_moved(uniqueid: str, legs: Legs) -> None:
    delivery, leg = legs.delivery_of_leg(uniqueid), legs.phone_legs.get(uniqueid)
    if delivery is not None:
        delivery.moved = True
    if leg is not None:
        leg.moved = True


def move(caller: Caller, uniqueid: str, channel: str, legs: Legs) -> list[Command]:
    """The call goes on under that channel."""
    legs.moves(caller, uniqueid, channel)
    return [CallerMoved(caller.call_id, LegId(f"{legs.pbx}-{uniqueid}"))]


def phone_gone(leg: PhoneLeg, cause: int, legs: Legs) -> list[Command]:
    """`Hangup` of such a channel."""
    legs.phone_leaves(leg)
    by = ClearedBy.AGENT if leg.ending else ClearedBy.OTHER
    by = ClearedBy.TRANSFER if leg.moved else by
    if not leg.call_id:
        return [OwnCallEnded(legs.leg_id(leg.uniqueid), leg.device, by, cause)]
    caller = legs.callers.get(leg.call_id)
    if caller is not None and caller.ending:
        return []
    if caller is not None:
        caller.place = Place.LEAVING
    return [AgentLegCleared(leg.call_id, leg.agent_id, by, cause)]
