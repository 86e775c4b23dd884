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
from cti.gateway import phone_legs, talks
from cti.gateway.border import CONTEXT_DELIVER, CONTEXT_HOLD, read_deliver_order
from cti.gateway.legs import Delivery, Legs, Move
from cti.gateway.outcome import failed_outcome
from routing.commands import (
    CallHeld,
    CallRetrieved,
    CallTaken,
    ClearedBy,
    Command,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    TelephonyGone,
)

NORMAL_CLEARING = 16
SOFT_HANGUP_SHUTDOWN = "4"
"""AST_SOFTHANGUP_SHUTDOWN (include/asterisk/channel.h), set by ast_begin_shutdown."""
SOFT_HANGUPS = ("1", "8", "32")
"""The device (no sound from the phone: `rtp_timeout`), a time limit, an order. The others are
Asterisk's own business: 2 a Redirect, 16 the end of each dialplan. AMI `Hangup` of a channel by its
name says nothing (measured, 22.10.1).
"""


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
    delivery = talks.delivery_named(event, caller, legs)
    if delivery is None or delivery.answered or delivery.leg == leg:
        return []
    legs.learn(caller.call_id, get("Channel"))
    caller.follow(Move.DIAL_BEGAN)
    legs.dialled(delivery, leg)
    return [OfferRinging(delivery.offer_id, legs.leg_id(leg))]


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
        _picked_up(event, legs)
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


def _picked_up(event: AmiEvent, legs: Legs) -> None:
    """The Dial of an offer is answered by a phone that it has not rung (`*8`, main/pickup.c): the
    end of the one that it did ring is no answer of that agent's. The two channels change places in
    the dialplan, so a `Hangup` that comes before this report has the other one's extension
    (measured, 22.10.1).
    """
    get = event.headers.get
    caller = legs.caller(get("Uniqueid"))
    delivery = talks.delivery_named(event, caller, legs) if caller is not None else None
    if delivery is not None and delivery.leg and get("DialStatus") == "ANSWER":
        delivery.picked_up = not delivery.answered


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


def _hangup(event: AmiEvent, legs: Legs) -> list[Command]:
    """A channel is gone: of an own call, of an agent in a call of ours, of a caller."""
    get = event.headers.get
    uniqueid, cause = get("Uniqueid"), _number(get("Cause"))
    leg, delivery = legs.phone_legs.get(uniqueid), legs.delivery_of_leg(uniqueid)
    commands = talks.phone_gone(leg, cause, legs) if leg is not None else []
    if delivery is not None:
        rang = get("ChannelStateDesc") == "Ringing" or delivery.sounded
        exten = get("Exten")
        delivery.picked_up |= exten != "" and read_deliver_order(exten) is None
        commands += _agent_leg_gone(delivery, cause, legs, rang=rang)
    elif (caller := legs.caller(uniqueid)) is not None:
        led_on = get("Context") not in (CONTEXT_DELIVER, CONTEXT_HOLD, "")
        commands += talks.caller_gone(caller, cause or NORMAL_CLEARING, legs, led_on=led_on)
    legs.bridges.gone(uniqueid)
    return commands


def _agent_leg_gone(delivery: Delivery, cause: int, legs: Legs, *, rang: bool) -> list[Command]:
    caller = legs.callers.get(delivery.call_id)
    if delivery.bridged:
        return talks.agent_gone(delivery, cause, legs)
    if delivery.picked_up:
        return []
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
    """`UserEvent(CtiFailsafe)`: the dialplan has run out of patience with us. `CtiHeld`: the caller
    is apart from the agent.
    """
    name, caller = event.headers.get("UserEvent"), legs.caller(event.headers.get("Uniqueid"))
    if caller is None:
        return []
    if name == "CtiHeld":
        return talks.held(caller, legs)
    if name != "CtiFailsafe":
        return []
    caller.follow(Move.SENT_AWAY)  # an offer that ends with this must not fetch the caller back
    return [CallTaken(caller.call_id, "failsafe")]


def _shutdown(_event: AmiEvent, legs: Legs) -> list[Command]:
    """Sent when Asterisk goes down on purpose: all its channels go with it."""
    return [TelephonyGone(legs.pbx)]


def _soft_hangup_request(event: AmiEvent, legs: Legs) -> list[Command]:
    """Asterisk itself ends a channel (AST_SOFTHANGUP_*, include/asterisk/channel.h). When it goes
    down it ends all of them in one go, and says so of each *before* the first Hangup; `Shutdown`
    comes 1.1 s after the last (SIGTERM, `core stop now`, `core restart now`; 22.10.1, measured).
    Those callers have not given up: we lost them.
    """
    reason = event.headers.get("Cause")
    if reason == SOFT_HANGUP_SHUTDOWN:
        return [TelephonyGone(legs.pbx)]
    return phone_legs.released(event, legs, ClearedBy.SYSTEM) if reason in SOFT_HANGUPS else []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


_HANDLERS: dict[str, Callable[[AmiEvent, Legs], list[Command]]] = {
    "Newchannel": phone_legs.dialled_out,
    "BlindTransfer": talks.transferred_blind,
    "AttendedTransfer": talks.transferred,
    "DialBegin": _dial_begin,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "BridgeEnter": talks.entered,
    "BridgeLeave": talks.left,
    "Hold": _hold,
    "Unhold": _unhold,
    "HangupRequest": phone_legs.released,
    "Hangup": _hangup,
    "UserEvent": _user_event,
    "Shutdown": _shutdown,
    "SoftHangupRequest": _soft_hangup_request,
}
"""The contract with Asterisk: `asterisk-config` lets these through and `FullyBooted`, `Reload`,
`ContactStatus` and `OriginateResponse`, which are read elsewhere (`pbx`, `devices`)."""
