"""Calls recorded on a real Asterisk 22, told to `translate`: what the core would have heard."""

import re
from pathlib import Path

import pytest

from cti.ami.messages import AmiEvent, event
from cti.gateway.border import read_deliver_order
from cti.gateway.legs import Delivery, Legs
from cti.gateway.translate import translate
from routing.commands import (
    AgentLegCleared,
    CallerHungUp,
    CallTaken,
    Command,
    LegsBridged,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
)
from routing.ids import AgentId, CallId, OfferId, PbxId

RECORDED = Path(__file__).parents[2] / "transcripts" / "routed"

TALK = [OfferRinging, OfferAnswered, LegsBridged]
EXPECTED = {
    "answers-caller-ends": [*TALK, CallerHungUp],
    "answers-agent-ends": [*TALK, AgentLegCleared, CallerHungUp],
    "ami-hangs-up-talking": [*TALK, AgentLegCleared, CallerHungUp],
    "redirect-waiting": [*TALK, CallerHungUp],
    "redirect-talking-to-wait": [*TALK, AgentLegCleared, CallerHungUp],
    "busy-then-answers": [OfferRinging, OfferOutcome.BUSY, *TALK, CallerHungUp],
    "redirect-ringing": [OfferRinging, *TALK, CallerHungUp],
    "redirect-ringing-to-wait": [OfferRinging, CallerHungUp],
    "gives-up-ringing": [OfferRinging, CallerHungUp],
    "gives-up-waiting": [CallerHungUp],
    "rings": [OfferRinging, OfferOutcome.NO_ANSWER, CallerHungUp],
    "sounds": [OfferRinging, OfferOutcome.NO_ANSWER, CallerHungUp],
    "unavailable": [OfferRinging, OfferOutcome.REJECTED, CallerHungUp],
    "dead": [OfferRinging, OfferOutcome.UNREACHABLE, CallerHungUp],
    "busy": [OfferRinging, OfferOutcome.BUSY, CallerHungUp],
    "rejects": [OfferRinging, OfferOutcome.REJECTED, CallerHungUp],
    "ami-hangs-up-ringing": [OfferRinging, OfferOutcome.NO_ANSWER, CallerHungUp],
    "unregistered": [CallerHungUp],  # told by the question alone
    "redirect-old-epoch": [CallerHungUp],
    "redirect-nowhere": [CallerHungUp],
    "redirect-inbound": [CallerHungUp],
    "leave": [CallerHungUp],
    "leave-no-queue": [CallTaken, CallerHungUp],
    "leave-nowhere": [CallTaken, CallerHungUp],
    "failsafe": [CallTaken, CallerHungUp],
    "order-bridge-nobody": [CallerHungUp],
    "order-hangup": [CallerHungUp],
    "order-hangup-talking": [*TALK, AgentLegCleared, CallerHungUp],
    "order-leave": [CallerHungUp],
    "order-old-epoch": [CallerHungUp],
    "order-old-epoch-ringing": [OfferRinging, CallerHungUp],
    "order-unknown": [CallerHungUp],
    "order-wait": [OfferRinging, CallerHungUp],
}


def recorded(name: str) -> list[AmiEvent]:
    events = []
    for line in (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("< "):
            first, *pairs = re.split(r"  (?=[A-Za-z-]+: )", line[2:])
            fields = [tuple(pair.split(": ", 1)) for pair in pairs if ": " in pair]
            events.append(event(first.removeprefix("Event: "), *fields))
    return events


def told(name: str) -> list[Command]:
    """All commands of one call; the offers are those that its orders name."""
    legs = Legs(PbxId("a1"))
    events = recorded(name)
    caller = legs.learn(legs.call_id(events[0].headers.get("Uniqueid")), "PJSIP/trunk-1")
    commands: list[Command] = []
    for each in events:
        order = read_deliver_order(each.headers.get("Exten"))
        if order and each.headers.get("Context") == "cti-deliver":
            offer = OfferId(order[1])
            if caller.offer_id != offer:
                legs.forget_offer(caller.offer_id)  # as the core would with OfferEnded
                caller.offer_id = offer
                legs.offered(Delivery(offer, caller.call_id, AgentId("8001"), order[2]))
        commands += translate(each, legs)
    assert (legs.callers, legs.deliveries) == ({}, {})
    return commands


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_call(name):
    said = [
        command.outcome if isinstance(command, OfferFailed) else type(command)
        for command in told(name)
    ]
    assert said == EXPECTED[name]


def test_every_recording_is_expected():
    assert sorted(EXPECTED) == sorted(path.stem for path in RECORDED.glob("*.txt"))


def test_the_call_is_named_by_its_callers_channel():
    first = recorded("gives-up-waiting")[0]
    call_id = CallId(f"a1-{first.headers.get('Uniqueid')}")
    assert told("gives-up-waiting") == [CallerHungUp(call_id, 16)]
