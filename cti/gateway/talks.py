"""Who talks to the customer, as bridges say: one enters, one is moved away, one is sent on. Pure.

Part of `translate`. When a customer and an agent's phone are seen in one bridge, that agent has the
customer; when a customer whom we sent to nobody is in a bridge with somebody unknown, it is an
outsider. A channel that takes another one's place in a bridge (`SwapUniqueid`) takes over its part
too: an attended transfer, a Local channel that is optimised away. docs/phone-acts.md has the rules.
"""

from functools import partial
from typing import Final

from cti.ami.messages import AmiEvent
from cti.gateway.border import CONTEXT_DELIVER, endpoint_of, read_deliver_order
from cti.gateway.bridges import other_half
from cti.gateway.legs import NO_OFFER, Caller, Delivery, Legs, Move, PhoneLeg, Place
from cti.gateway.phone_legs import answered, begin, name, sends_on
from routing.commands import (
    AgentLegCleared,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    CallTaken,
    ClearedBy,
    Command,
    LegsBridged,
)
from routing.ids import NO_LEG, OfferId
from routing.legs import CallerBridged, CallerMoved, OwnCallBegan, OwnCallEnded

HOLDING: Final = "holding_bridge"
_SENT: Final = (Place.ORDERED, Place.DIALLING, Place.TALKING)


def delivery_named(event: AmiEvent, caller: Caller, legs: Legs) -> Delivery | None:
    """The offer that this report about the caller's channel belongs to: the one in the order, else
    the caller's present one.
    """
    get = event.headers.get
    offer_id, endpoint = caller.offer_id, get("DialString")
    if get("Context") == CONTEXT_DELIVER and (order := read_deliver_order(get("Exten"))):
        offer_id, endpoint = OfferId(order[1]), order[2]
    delivery = legs.deliveries.get(offer_id)
    if delivery is None or delivery.call_id != caller.call_id:
        return None
    return None if endpoint and endpoint != delivery.device else delivery


# --- one enters ---------------------------------------------------------------------------------


def entered(event: AmiEvent, legs: Legs) -> list[Command]:
    """`BridgeEnter`. A holding bridge (parking) is no conversation."""
    get = event.headers.get
    uniqueid, bridge, channel = get("Uniqueid"), get("BridgeUniqueid"), get("Channel")
    if get("BridgeTechnology") == HOLDING:
        legs.bridges.leaves(uniqueid)
        return []
    before = legs.bridges.of(uniqueid)
    legs.bridges.enters(uniqueid, channel, bridge, (get("Context"), get("Exten")))
    swap = get("SwapUniqueid")
    commands = _takes_place(event, swap, before, legs) if swap else []
    caller = legs.caller(uniqueid)
    leg = legs.phone_legs.get(uniqueid) or _picked_up_by(event, legs)
    delivery = legs.delivery_of_leg(uniqueid)
    if caller is not None:
        commands += _caller_enters(event, caller, bridge, legs)
    elif leg is not None:
        commands += _phone_enters(leg, bridge, legs)
    elif delivery is not None:
        commands += _agent_enters(delivery, bridge, legs)
    else:
        commands += _stranger_enters(bridge, legs)
    return commands


def _picked_up_by(event: AmiEvent, legs: Legs) -> PhoneLeg | None:
    """Another phone under the unique id of the one that we have rung."""
    get = event.headers.get
    delivery, device = legs.delivery_of_leg(get("Uniqueid")), endpoint_of(get("Channel"))
    if delivery is None or not device or device == delivery.device:
        return None
    leg = legs.phone_legs[get("Uniqueid")] = PhoneLeg(get("Uniqueid"), device, answered=True)
    return leg


def _caller_enters(event: AmiEvent, caller: Caller, bridge: str, legs: Legs) -> list[Command]:
    uniqueid, in_dial = event.headers.get("Uniqueid"), event.headers.get("Context")
    leg = legs.phone_in(bridge, uniqueid)
    if leg is not None:
        return _has(caller, leg, legs)
    alone = event.headers.get("BridgeNumChannels") in ("", "0", "1")
    present = legs.deliveries.get(caller.offer_id)
    if not alone and not _was_sent(present, bridge, legs, in_dial=in_dial == CONTEXT_DELIVER):
        return _with_outsider(caller, legs)
    caller.follow(Move.DIAL_ANSWERED)
    delivery = delivery_named(event, caller, legs)
    if delivery is None or (alone and not _is_in(delivery, bridge, legs)):
        return []
    return _met(delivery, caller, legs)


def _was_sent(delivery: Delivery | None, bridge: str, legs: Legs, *, in_dial: bool) -> bool:
    """Is it the meeting that an order of ours was for? `in_dial`: the caller is in its Dial."""
    if delivery is None or delivery.picked_up:
        return False
    if delivery.bridged and legs.bridges.of(delivery.leg) not in ("", bridge):
        return False  # they have met, and the caller has gone on
    return in_dial or _is_in(delivery, bridge, legs)


def _is_in(delivery: Delivery, bridge: str, legs: Legs) -> bool:
    return bridge != "" and legs.bridges.of(delivery.leg) == bridge


def _agent_enters(delivery: Delivery, bridge: str, legs: Legs) -> list[Command]:
    """The phone that we have rung: into the caller's bridge, or out of it into another."""
    caller = legs.callers.get(delivery.call_id)
    if caller is None:
        return []
    there = legs.bridge_of(caller)
    if there == bridge:
        return _met(delivery, caller, legs)
    if not delivery.bridged or not there:
        return []
    leg, commands = _apart(delivery, caller, legs)
    return [*commands, *_phone_enters(leg, bridge, legs)]


def _met(delivery: Delivery, caller: Caller, legs: Legs) -> list[Command]:
    """Both are in one bridge."""
    caller.follow(Move.DIAL_ANSWERED)
    if delivery.bridged:
        return _came_back(caller, legs)
    delivery.bridged = True
    leg_id = legs.leg_id(delivery.leg) if delivery.leg else NO_LEG
    return [LegsBridged(delivery.offer_id, leg_id)]


def _phone_enters(leg: PhoneLeg, bridge: str, legs: Legs) -> list[Command]:
    had = legs.callers.get(leg.call_id)
    there = legs.bridge_of(had) if had is not None else ""
    parted = _apart(leg, had, legs)[1] if had is not None and there not in ("", bridge) else []
    said = [*parted, *answered(legs, leg)]
    caller = legs.caller_in(bridge)
    return [*said, *_has(caller, leg, legs)] if caller is not None else said


def _stranger_enters(bridge: str, legs: Legs) -> list[Command]:
    caller = legs.caller_in(bridge)
    if caller is None or caller.place in _SENT or legs.part_of(caller) is not None:
        return []
    return _with_outsider(caller, legs)


# --- one takes another's place ------------------------------------------------------------------


def _takes_place(event: AmiEvent, swap: str, before: str, legs: Legs) -> list[Command]:
    """`swap` is out, and the one who enters does its part from now on."""
    uniqueid, channel = event.headers.get("Uniqueid"), event.headers.get("Channel")
    bridge, taken = event.headers.get("BridgeUniqueid"), legs.bridges.get(swap)
    legs.bridges.leaves(swap)
    caller = legs.caller(swap)
    if caller is not None:
        return move(caller, uniqueid, channel, legs)
    half = other_half(taken.channel) if taken is not None else ""
    for member in legs.bridges.others(before) if half else ():
        other = legs.caller(member.uniqueid) if member.channel == half else None
        ends = legs.bridges.others(bridge, uniqueid)
        if other is not None and ends:
            return move(other, ends[0].uniqueid, ends[0].channel, legs)
    caller, second = legs.caller(uniqueid), legs.phone_legs.get(swap)
    part = legs.part_of(caller) if caller is not None else None
    if part is not None and second is not None and second.device == part.device:
        part.released_by = part.released_by or ClearedBy.TRANSFER
        second.released_by = ClearedBy.TRANSFER
    return []


def move(caller: Caller, uniqueid: str, channel: str, legs: Legs) -> list[Command]:
    """The call goes on under that channel. A call of its own that this one was in is over: who was
    sent into the line of another call stands there (P07).
    """
    commands = _agent_sent_on(uniqueid, legs)
    own = legs.caller(uniqueid)
    if own is not None and own is not caller:
        part = legs.part_of(own)
        if part is not None:
            commands += _part_over(part, own, part.released_by or ClearedBy.TRANSFER, legs)
        commands.append(CallTaken(own.call_id, "queuedAgain"))
        legs.forget_call(own.call_id)
    legs.moves(caller, uniqueid, channel)
    return [*commands, CallerMoved(caller.call_id, legs.leg_id(uniqueid))]


# --- whose the customer is ----------------------------------------------------------------------


def _has(caller: Caller, leg: PhoneLeg, legs: Legs) -> list[Command]:
    """That phone has the customer. The old offer or conversation is the core's to end."""
    if leg.call_id == caller.call_id:
        return _came_back(caller, legs)
    agent_id = legs.sitting_at(leg.device)
    leg_id, call_id = legs.leg_id(leg.uniqueid), caller.call_id
    commands = _let_go(caller, legs)
    commands.append(CallerBridged(call_id, leg.device, leg_id))
    caller.place = Place.TALKING
    if agent_id and not legs.has_another(agent_id, call_id):
        legs.takes(leg, caller, agent_id)
        commands.append(OwnCallEnded(leg_id, leg.device, ClearedBy.OTHER))
    return commands


def _with_outsider(caller: Caller, legs: Legs) -> list[Command]:
    commands = _let_go(caller, legs)
    caller.place = Place.LEAVING
    return [*commands, CallerBridged(caller.call_id)]


def _let_go(caller: Caller, legs: Legs) -> list[Command]:
    """The phone that had the customer, or rang for them, has not any more. Who sent them on parts
    as such; any other that talked is in use for as long as its channel lives.
    """
    part = legs.part_of(caller)
    delivery = legs.deliveries.get(caller.offer_id)
    if part is not None and part.released_by is ClearedBy.TRANSFER:
        return _part_over(part, caller, ClearedBy.TRANSFER, legs)
    legs.forget_offer(caller.offer_id)
    caller.offer_id = NO_OFFER
    if isinstance(part, PhoneLeg):
        legs.lets_go(part)
        return [OwnCallBegan(legs.leg_id(part.uniqueid), part.device, legs.pbx)]
    if delivery is None or not delivery.answered or not delivery.leg:
        return []
    return begin(legs, delivery.leg, delivery.device, outgoing=False, other="")


def _part_over(
    part: Delivery | PhoneLeg, caller: Caller, by: ClearedBy, legs: Legs, cause: int = 0
) -> list[Command]:
    """The agent's part in this call is over; what becomes of the caller shows."""
    agent_id = part.agent_id
    if isinstance(part, Delivery):
        legs.forget_offer(part.offer_id)
        caller.offer_id = NO_OFFER
    else:
        legs.lets_go(part)
    caller.follow(Move.AGENT_LEFT)
    return [AgentLegCleared(caller.call_id, agent_id, by, cause)]


# --- one is moved away --------------------------------------------------------------------------


def left(event: AmiEvent, legs: Legs) -> list[Command]:
    """`BridgeLeave` of a channel with an extension: it goes because its conversation is over, or to
    another bridge, unless somebody has sent it elsewhere in the dialplan (Redirect). An agent's leg
    that was sent away has parted from the customer, and lives on; that of a customer who was is
    hung up next.
    """
    get = event.headers.get
    uniqueid, member = get("Uniqueid"), legs.bridges.get(get("Uniqueid"))
    if member is None or member.bridge != get("BridgeUniqueid"):
        return []
    legs.bridges.leaves(uniqueid)
    if member.place == (get("Context"), get("Exten")):
        return []
    sent = legs.caller(uniqueid)
    if sent is not None:
        name(legs.part_of(sent), ClearedBy.OTHER)
        return []
    part = legs.delivery_of_leg(uniqueid) or legs.phone_legs.get(uniqueid)
    caller = legs.callers.get(part.call_id) if part is not None else None
    if part is None or caller is None or legs.part_of(caller) is not part:
        return []
    if caller.place is Place.HELD:
        return []  # by our own order
    return _apart(part, caller, legs)[1]


def _apart(part: Delivery | PhoneLeg, caller: Caller, legs: Legs) -> tuple[PhoneLeg, list[Command]]:
    """The agent's leg is no longer with the customer, and is in use by itself: told first, since
    an agent who has parted may be offered the next call at once.
    """
    over = partial(_part_over, part, caller, part.released_by or ClearedBy.OTHER, legs)
    if isinstance(part, PhoneLeg):
        own: list[Command] = [OwnCallBegan(legs.leg_id(part.uniqueid), part.device, legs.pbx)]
        return part, [*own, *over()]
    own = begin(legs, part.leg, part.device, outgoing=False, other="")
    return legs.phone_legs[part.leg], [*own, *over()]


def held(caller: Caller, legs: Legs) -> list[Command]:
    """`UserEvent(CtiHeld)`: an order of ours has taken caller and agent apart."""
    leg = legs.agent_leg(caller)
    legs.bridges.leaves(legs.uniqueid_of(caller))
    legs.bridges.leaves(leg)
    caller.follow(Move.SENT_TO_HOLD)
    legs.apart[caller.call_id] = leg
    return [CallHeld(caller.call_id)]


def _came_back(caller: Caller, legs: Legs) -> list[Command]:
    """Caller and agent are in one bridge; out of hold, if an order of ours had put them there."""
    if caller.place is not Place.HELD:
        return []
    caller.follow(Move.CAME_BACK)
    legs.apart.pop(caller.call_id, None)
    return [CallRetrieved(caller.call_id)]


# --- the ends of a conversation -----------------------------------------------------------------


def transferred_blind(event: AmiEvent, legs: Legs) -> list[Command]:
    """`BlindTransfer`: the phone sends its customer on, and does not hang up on them. A customer
    may have such a phone, too: then it is the agent who is sent on.
    """
    sends_on(event.headers.get("TransfererUniqueid"), legs)
    return _agent_sent_on(event.headers.get("TransfereeUniqueid"), legs)


def _agent_sent_on(uniqueid: str, legs: Legs) -> list[Command]:
    """The agent's leg is handed on by the customer: it has parted from them, and lives on."""
    part = legs.delivery_of_leg(uniqueid) or legs.phone_legs.get(uniqueid)
    caller = legs.callers.get(part.call_id) if part is not None else None
    if part is None or caller is None or legs.part_of(caller) is not part:
        return []
    part.released_by = part.released_by or ClearedBy.CALLER
    return _apart(part, caller, legs)[1]


def transferred(event: AmiEvent, legs: Legs) -> list[Command]:
    """`AttendedTransfer`: a customer takes the place of the transferer's second channel. In a
    bridge `BridgeEnter` has told so before; where that channel waits in a line of ours, the call
    goes on under the customer's channel.
    """
    get = event.headers.get
    for transferer in ("OrigTransfererUniqueid", "SecondTransfererUniqueid"):
        sends_on(get(transferer), legs)
    if get("DestType") != "App" or not get("TransfereeUniqueid"):
        return []
    caller = legs.caller(get("SecondTransfererUniqueid"))
    if caller is None:
        return _agent_sent_on(get("TransfereeUniqueid"), legs)
    return move(caller, get("TransfereeUniqueid"), get("TransfereeChannel"), legs)


def phone_gone(leg: PhoneLeg, cause: int, legs: Legs) -> list[Command]:
    """`Hangup` of a phone that no offer of ours has rung."""
    del legs.phone_legs[leg.uniqueid]
    if leg.call_id:
        return agent_gone(leg, cause, legs)
    by = leg.released_by or ClearedBy.OTHER
    return [OwnCallEnded(legs.leg_id(leg.uniqueid), leg.device, by, cause)]


def agent_gone(part: Delivery | PhoneLeg, cause: int, legs: Legs) -> list[Command]:
    """The agent's leg in a conversation is gone. After the caller has hung up, their own `Hangup`
    is next and ends both. Where nobody was named, nobody has hung up and nobody has moved them:
    Asterisk has ended it, or an AMI user, of whom there is no word before.
    """
    if part.released_by is ClearedBy.CALLER:
        return []
    caller, by = legs.callers.get(part.call_id), part.released_by or ClearedBy.SYSTEM
    if caller is not None:
        return _part_over(part, caller, by, legs, cause)
    return [AgentLegCleared(part.call_id, part.agent_id, by, cause)]


def caller_gone(caller: Caller, cause: int, legs: Legs, *, led_on: bool) -> list[Command]:
    """The caller's channel is gone. Asterisk tells the ends of both legs in either order, so who
    has ended it is what was said before. If nothing was: of a conversation, Asterisk; else the
    caller, unless the dialplan had led them on.
    """
    part = legs.part_of(caller)
    by = ClearedBy.OTHER if led_on or caller.place is Place.LEAVING else ClearedBy.CALLER
    by = ClearedBy.SYSTEM if caller.cut else ClearedBy.CALLER if caller.ending else by
    ended_by = (part.released_by or ClearedBy.SYSTEM) if part is not None else by
    commands: list[Command] = []
    if part is not None and ended_by is not ClearedBy.CALLER:
        commands += _part_over(part, caller, ended_by, legs, cause)
    legs.forget_call(caller.call_id)
    return [*commands, CallerHungUp(caller.call_id, cause, by)]
