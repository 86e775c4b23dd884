"""What Asterisk reports, as what the core observes. Pure; the mirror of `effects`.

Only events about channels that we handle lead to anything; all others are dropped by one lookup.
Reports may come twice, late or crossed. They lead to the same commands or to none, and never raise.

Two rules of thumb behind the handlers:

* A wish is not a fact: a conversation is established when *both* legs were seen in one bridge.
* The order that rings a phone travels as the caller's extension, `EPOCH*OFFER*RING_S*ENDPOINT`, and
  Asterisk repeats it in each report about that channel. So a late report of an earlier order names
  it, and cannot be taken for the present one.
"""

from collections.abc import Callable

from cti.ami.messages import AmiEvent
from cti.gateway import phone_legs
from cti.gateway.border import CONTEXT_DELIVER, read_deliver_order
from cti.gateway.legs import Caller, Delivery, Legs, Move
from cti.gateway.outcome import failed_outcome
from routing.commands import (
    AgentLegCleared,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    CallTaken,
    ClearedBy,
    Command,
    LegsBridged,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    TelephonyGone,
)
from routing.ids import NO_LEG, OfferId

NORMAL_CLEARING = 16
SOFT_HANGUP_SHUTDOWN = "4"
"""AST_SOFTHANGUP_SHUTDOWN (include/asterisk/channel.h), set by ast_begin_shutdown."""


def translate(event: AmiEvent, legs: Legs) -> list[Command]:
    """The commands that one event of this Asterisk stands for, in order; mostly none or one."""
    handler = _HANDLERS.get(event.name)
    return handler(event, legs) if handler is not None else []


def _dial_begin(event: AmiEvent, legs: Legs) -> list[Command]:
    """A phone rings: for an offer of ours, or for somebody else."""
    return _dial_of_offer(event, legs) or phone_legs.was_dialled(event, legs)


def _dial_of_offer(event: AmiEvent, legs: Legs) -> list[Command]:
    """`Uniqueid` is the caller's, `DestUniqueid` the agent's leg."""
    get = event.headers.get
    caller, leg = legs.caller(get("Uniqueid")), get("DestUniqueid")
    if caller is None or not leg:
        return []
    delivery = _delivery(event, caller, legs)
    if delivery is None or delivery.answered or delivery.leg == leg:
        return []
    legs.learn(caller.call_id, get("Channel"))
    caller.follow(Move.DIAL_BEGAN)
    legs.dialled(delivery, leg)
    return [OfferRinging(delivery.offer_id, legs.leg_id(leg))]


def _delivery(event: AmiEvent, caller: Caller, legs: Legs) -> Delivery | None:
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


def _dial_state(event: AmiEvent, legs: Legs) -> list[Command]:
    """183: the phone makes a sound of its own. Its channel stays `Down`, so this is all there is to
    tell it from a dead one.
    """
    delivery = legs.delivery_of_leg(event.headers.get("DestUniqueid"))
    if delivery is not None and event.headers.get("DialStatus") == "PROGRESS":
        delivery.sounded = True
    return []


def _dial_end(event: AmiEvent, legs: Legs) -> list[Command]:
    """Only an answer is final here: of a failure the cause is still to come, with the Hangup."""
    delivery = legs.delivery_of_leg(event.headers.get("DestUniqueid"))
    if delivery is None:
        return phone_legs.was_answered(event, legs)
    if delivery.answered:
        return []
    delivery.status = event.headers.get("DialStatus")
    caller = legs.callers.get(delivery.call_id)
    if delivery.status == "ANSWER":
        if caller is not None:
            caller.follow(Move.DIAL_ANSWERED)
        return [OfferAnswered(delivery.offer_id)]
    if caller is not None and delivery.status != "CANCEL":
        caller.follow(Move.DIAL_FAILED)
    return []


def _bridge_enter(event: AmiEvent, legs: Legs) -> list[Command]:
    """Both legs in one bridge: each was seen to enter it, or the caller came to somebody there."""
    foreign = phone_legs.bridged(event, legs)
    if foreign is not None:
        return foreign
    get = event.headers.get
    uniqueid, bridge = get("Uniqueid"), get("BridgeUniqueid")
    delivery = legs.delivery_of_leg(uniqueid)
    if delivery is not None:
        delivery.bridge = bridge
        caller = legs.callers.get(delivery.call_id)
        alone = caller is None or caller.bridge != bridge
    else:
        caller = legs.caller(uniqueid)
        if caller is None:
            return []
        caller.follow(Move.DIAL_ANSWERED)
        delivery = _delivery(event, caller, legs)
        alone = get("BridgeNumChannels") in ("", "1")
        alone = alone and (delivery is None or delivery.bridge != bridge)
    if alone or not bridge or delivery is None or delivery.bridged:
        return []
    delivery.bridged = True
    if caller is not None:
        caller.follow(Move.DIAL_ANSWERED)
    leg_id = legs.leg_id(delivery.leg) if delivery.leg else NO_LEG
    return [LegsBridged(delivery.offer_id, leg_id)]


def _hold(event: AmiEvent, legs: Legs) -> list[Command]:
    """The report is about the phone that pressed hold."""
    delivery = legs.delivery_of_leg(event.headers.get("Uniqueid"))
    if delivery is None:
        return phone_legs.held(event, legs, CallHeld)
    return [CallHeld(delivery.call_id)] if delivery.bridged else []


def _unhold(event: AmiEvent, legs: Legs) -> list[Command]:
    delivery = legs.delivery_of_leg(event.headers.get("Uniqueid"))
    if delivery is None:
        return phone_legs.held(event, legs, CallRetrieved)
    return [CallRetrieved(delivery.call_id)] if delivery.bridged else []


def _hangup_request(event: AmiEvent, legs: Legs) -> list[Command]:
    """Who hung up: told once, on the channel of the one who did, before anything else ends."""
    caller = legs.caller(event.headers.get("Uniqueid"))
    if caller is not None:
        caller.ending = True
    leg = legs.phone_legs.get(event.headers.get("Uniqueid"))
    if leg is not None:
        leg.ending = True
    return []


def _hangup(event: AmiEvent, legs: Legs) -> list[Command]:
    """The legs of a conversation go in either order, whoever ended it (both orders were recorded).

    When the caller's comes first, its context tells: the dialplan has led it on from the Dial only
    if the agent hung up. When the agent's comes first, only `HangupRequest` tells.
    """
    get = event.headers.get
    cause = _number(get("Cause"))
    leg = legs.phone_legs.get(get("Uniqueid"))
    own = phone_legs.phone_gone(leg, cause, legs) if leg is not None else []
    delivery = legs.delivery_of_leg(get("Uniqueid"))
    if delivery is not None:
        rang = get("ChannelStateDesc") == "Ringing" or delivery.sounded
        return [*own, *_agent_leg_gone(delivery, cause, legs, rang=rang)]
    return [*own, *_caller_gone(event, cause, legs)]


def _caller_gone(event: AmiEvent, cause: int, legs: Legs) -> list[Command]:
    get = event.headers.get
    caller = legs.caller(get("Uniqueid"))
    if caller is None or (caller.alias and caller.alias != get("Uniqueid")):
        return []  # or its place was taken by another channel
    if get("Channel").endswith(phone_legs.ZOMBIE):
        return []  # by which one is told by `AttendedTransfer`, or found by the next look
    delivery = legs.deliveries.get(caller.offer_id)
    if delivery is not None and delivery.bridged and delivery.stranger and not caller.ending:
        channel, delivery.stranger = (delivery.stranger, delivery.stranger_channel), ""
        return phone_legs.move(caller, *channel, legs)
    legs.forget_call(caller.call_id)
    gone = CallerHungUp(caller.call_id, cause or NORMAL_CLEARING)
    led_on = get("Context") not in (CONTEXT_DELIVER, "")
    if delivery is not None and delivery.bridged and led_on:
        return [AgentLegCleared(caller.call_id, delivery.agent_id), gone]
    return [gone]


def _agent_leg_gone(delivery: Delivery, cause: int, legs: Legs, *, rang: bool) -> list[Command]:
    caller = legs.callers.get(delivery.call_id)
    if delivery.bridged:
        if caller is not None and caller.ending:
            return []  # the caller's own Hangup is next, and ends both
        legs.forget_offer(delivery.offer_id)
        if caller is not None:
            caller.follow(Move.AGENT_LEFT)
        by = ClearedBy.TRANSFER if delivery.moved else ClearedBy.AGENT
        return [AgentLegCleared(delivery.call_id, delivery.agent_id, by, cause)]
    # Picked up and dropped before there was a conversation: that agent did not want it.
    dropped = delivery.status == "ANSWER"
    outcome = failed_outcome(delivery.status, cause, rang=rang)
    outcome = OfferOutcome.REJECTED if dropped else outcome
    if outcome is None:
        return []
    legs.forget_offer(delivery.offer_id)
    if caller is not None:
        caller.follow(Move.AGENT_DROPPED if dropped else Move.DIAL_FAILED)
    return [OfferFailed(delivery.offer_id, outcome)]


def _user_event(event: AmiEvent, legs: Legs) -> list[Command]:
    """`UserEvent(CtiFailsafe)`: the dialplan has run out of patience with us."""
    if event.headers.get("UserEvent") != "CtiFailsafe":
        return []
    caller = legs.caller(event.headers.get("Uniqueid"))
    if caller is None:
        return []
    caller.follow(Move.SENT_AWAY)  # an offer that ends with this must not fetch the caller back
    return [CallTaken(caller.call_id, "failsafe")]


def _shutdown(_event: AmiEvent, legs: Legs) -> list[Command]:
    """Sent when Asterisk goes down on purpose: all its channels go with it."""
    return [TelephonyGone(legs.pbx)]


def _soft_hangup_request(event: AmiEvent, legs: Legs) -> list[Command]:
    """Asterisk itself ends a channel. When it goes down it ends all of them in one go, and says so
    of each *before* the first Hangup; `Shutdown` comes 1.1 s after the last (SIGTERM, `core stop
    now`, `core restart now`; 22.10.1, measured). Those callers have not given up: we lost them.
    """
    is_shutdown = event.headers.get("Cause") == SOFT_HANGUP_SHUTDOWN
    return [TelephonyGone(legs.pbx)] if is_shutdown else []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


_HANDLERS: dict[str, Callable[[AmiEvent, Legs], list[Command]]] = {
    "Newchannel": phone_legs.dialled_out,
    "BlindTransfer": phone_legs.transferred_blind,
    "AttendedTransfer": phone_legs.transferred,
    "DialBegin": _dial_begin,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "BridgeEnter": _bridge_enter,
    "Hold": _hold,
    "Unhold": _unhold,
    "HangupRequest": _hangup_request,
    "Hangup": _hangup,
    "UserEvent": _user_event,
    "Shutdown": _shutdown,
    "SoftHangupRequest": _soft_hangup_request,
}
"""The contract with Asterisk: `asterisk-config` lets these through and `FullyBooted`, `Reload`,
`ContactStatus` and `OriginateResponse`, which are read elsewhere (`pbx`, `devices`)."""
