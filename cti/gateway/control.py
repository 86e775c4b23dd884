"""Orders about a conversation, as AMI actions; and what proves that they were carried out. Pure.

    holdCall          one Redirect takes both legs apart, into `cti-hold`; UserEvent(CtiHeld) proves
    retrieveCall      the caller's channel goes to the agent's leg; both in one bridge prove
    clearConnection   the agent's leg is hung up; its Hangup proves
    generateDigits    PlayDTMF on the caller's channel; nothing proves it

What a phone holds by its own keys stays in its bridge, and only that phone can take it back.
"""

from typing import Final

from cti.ami.messages import AmiAction, action
from cti.gateway.border import CONTEXT_HOLD, checked, is_channel, is_keys, is_uniqueid
from cti.gateway.epoch import Epoch
from cti.gateway.legs import Caller, Legs, Move, Place
from routing.commands import ClearedBy
from routing.control import CallControlOrdered, ControlService

NO_SUCH: Final = "invalidConnectionIdentifier"
WRONG_STATE: Final = "invalidConnectionState"
RESOURCES: Final = "resourceBusy"
"""ECMA-269, 9.2: operation and state errors."""


class UndoableError(Exception):
    """There is nothing to order; `cause` says why in CSTA's words."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def actions_of(event: CallControlOrdered, legs: Legs, epoch: Epoch) -> list[AmiAction]:
    """What to send, in order; the last one's answer counts. `legs` follow.

    Raises UndoableError, and BorderError for a channel whose name may not cross.
    """
    caller = legs.callers.get(event.call_id)
    part = legs.part_of(caller) if caller is not None else None
    if caller is None or part is None or not (leg := legs.agent_leg(caller)):
        raise UndoableError(NO_SUCH)
    match event.service:
        case ControlService.CLEAR_CONNECTION:
            part.released_by = ClearedBy.AGENT  # Asterisk would say: somebody, by AMI
            return [hang_up(leg)]
        case ControlService.HOLD_CALL:
            return _hold(caller, leg, legs, epoch)
        case ControlService.RETRIEVE_CALL:
            return [_retrieve(caller, epoch)]
        case ControlService.GENERATE_DIGITS:
            raise UndoableError(WRONG_STATE)  # the keys are not in the event: `digits`


def _hold(caller: Caller, leg: str, legs: Legs, epoch: Epoch) -> list[AmiAction]:
    member = legs.bridges.get(leg)
    is_back = caller.place is Place.HELD and legs.bridge_of(caller)  # an order that came to nothing
    if member is None or not (caller.place is Place.TALKING or is_back):
        raise UndoableError(WRONG_STATE)
    ours = checked("channel", is_channel, caller.channel)
    theirs = checked("channel", is_channel, member.channel)
    apart = action(
        "Redirect",
        Channel=ours,
        Context=CONTEXT_HOLD,
        Exten=f"{epoch}*hold",
        Priority="1",
        ExtraChannel=theirs,
        ExtraContext=CONTEXT_HOLD,
        ExtraExten=f"{epoch}*wait",
        ExtraPriority="1",
    )
    caller.follow(Move.SENT_TO_HOLD)
    return [_know(ours, theirs), _know(theirs, ours), apart]


def _know(channel: str, peer: str) -> AmiAction:
    return action("Setvar", Channel=channel, Variable="CTI_PEER", Value=peer)


def _retrieve(caller: Caller, epoch: Epoch) -> AmiAction:
    if caller.place is not Place.HELD:
        raise UndoableError(WRONG_STATE)
    channel = checked("channel", is_channel, caller.channel)
    exten = f"{epoch}*join"
    return action("Redirect", Channel=channel, Context=CONTEXT_HOLD, Exten=exten, Priority="1")


def hang_up(uniqueid: str) -> AmiAction:
    """End a leg, as its phone would (Q.850: normal clearing)."""
    return action("Hangup", Channel=checked("leg", is_uniqueid, uniqueid), Cause="16")


def digits(caller: Caller, keys: str) -> list[AmiAction]:
    """One action a key: what the far end of the caller's channel hears."""
    channel = checked("channel", is_channel, caller.channel)
    checked("digits", is_keys, keys)
    return [action("PlayDTMF", Channel=channel, Digit=key) for key in keys]
