"""What Asterisk reports becomes what the core observes, whatever the order of reports."""

import itertools
import random

import pytest

from cti.ami.messages import event
from cti.gateway.legs import Place
from cti.gateway.outcome import failed_outcome
from cti.gateway.translate import translate
from routing.commands import (
    AgentLegCleared,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    CallTaken,
    ClearedBy,
    LegsBridged,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    TelephonyGone,
)
from routing.ids import AgentId, CallId, LegId, OfferId, PbxId
from tests.worlds.gateway.desk import DeskWorld

CALL = CallId("a1-1.1")
OFFER = OfferId(1)


@pytest.fixture
def world():
    """One caller, sent to agent 8001 by the answer to his question."""
    world = DeskWorld()
    world.ready("8001")
    assert world.ask("arrive").startswith("deliver*")
    world.commands.clear()
    return world


def hear(world, name, **fields):
    return translate(event(name, **fields), world.legs)


def test_ring_answer_bridge(world):
    world.dial()
    world.talk()
    leg = LegId("a1-2.1")
    assert world.commands == [
        OfferRinging(OFFER, leg),
        OfferAnswered(OFFER),
        LegsBridged(OFFER, leg),
    ]
    assert world.legs.callers[CALL].place is Place.TALKING


def test_a_bridge_with_one_leg_is_no_conversation(world):
    world.dial()
    world.hear("BridgeEnter", Uniqueid="2.1", BridgeUniqueid="b1")
    assert world.hear("BridgeEnter", Uniqueid="1.1", BridgeUniqueid="b2") == []
    both = world.hear("BridgeEnter", Uniqueid="1.1", BridgeUniqueid="b1")
    assert both == [LegsBridged(OFFER, LegId("a1-2.1"))]


def test_the_callers_hang_up_is_his_though_the_agents_leg_goes_first(world):
    world.dial()
    world.talk()
    hear(world, "HangupRequest", Uniqueid="1.1", Cause="16")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16", Context="from-agent") == []
    last = {"Uniqueid": "1.1", "Cause": "16", "Context": "cti-deliver"}
    assert hear(world, "Hangup", **last) == [CallerHungUp(CALL, 16)]


def test_the_agents_hang_up_is_his_though_the_callers_channel_goes_first(world):
    world.dial()
    world.talk()
    world.hear("HangupRequest", Uniqueid="2.1")
    assert hear(world, "Hangup", Uniqueid="1.1", Cause="16", Context="cti-after") == [
        AgentLegCleared(CALL, AgentId("8001"), cause=16),
        CallerHungUp(CALL, 16, ClearedBy.OTHER),
    ]
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == []


def test_hold_and_retrieve_are_the_agents(world):
    world.dial()
    world.talk()
    assert hear(world, "Hold", Uniqueid="2.1") == [CallHeld(CALL)]
    assert hear(world, "Unhold", Uniqueid="2.1") == [CallRetrieved(CALL)]
    assert hear(world, "Hold", Uniqueid="1.1") == [CallHeld(CALL, ClearedBy.CALLER)]


def test_the_agents_hang_up_leaves_the_caller(world):
    world.dial()
    world.talk()
    world.hear("HangupRequest", Uniqueid="2.1")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == [
        AgentLegCleared(CALL, AgentId("8001"), cause=16)
    ]
    last = [CallerHungUp(CALL, 16, ClearedBy.OTHER)]
    assert hear(world, "Hangup", Uniqueid="1.1", Cause="16") == last


@pytest.mark.parametrize("uniqueid", ["1.1", "2.1"])
def test_a_channel_that_asterisk_ends_is_neither_partys_hang_up(world, uniqueid):
    """P35: 1 no sound (`rtp_timeout`), 8 a time limit, 32 an order."""
    world.dial()
    world.talk()
    world.hear("SoftHangupRequest", Uniqueid=uniqueid, Cause="32")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == [
        AgentLegCleared(CALL, AgentId("8001"), ClearedBy.SYSTEM, 16)
    ]


@pytest.mark.parametrize("reason", ["2", "16"])
def test_the_end_of_a_dialplan_and_a_redirect_end_nothing(world, reason):
    world.dial()
    world.talk()
    world.hear("SoftHangupRequest", Uniqueid="2.1", Cause=reason)
    world.hear("HangupRequest", Uniqueid="2.1")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == [
        AgentLegCleared(CALL, AgentId("8001"), ClearedBy.AGENT, 16)
    ]


def test_the_callers_hang_up_ends_all_of_it(world):
    world.dial()
    world.talk()
    world.hear("Hangup", Uniqueid="1.1", Cause="16")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == []
    assert world.legs.callers == {}
    assert world.legs.deliveries == {}


@pytest.mark.parametrize(
    ("status", "cause", "state", "outcome"),
    [
        ("NOANSWER", "0", "Ringing", OfferOutcome.NO_ANSWER),
        ("NOANSWER", "0", "Down", OfferOutcome.UNREACHABLE),
        ("NOANSWER", "19", "Down", OfferOutcome.REJECTED),
        ("NOANSWER", "19", "Ringing", OfferOutcome.NO_ANSWER),
        ("NOANSWER", "21", "Ringing", OfferOutcome.REJECTED),
        ("BUSY", "17", "Down", OfferOutcome.BUSY),
        ("CONGESTION", "34", "Down", OfferOutcome.UNREACHABLE),
    ],
)
def test_a_dial_that_fails_tells_why_with_the_hangup(world, status, cause, state, outcome):
    world.dial()
    assert hear(world, "DialEnd", DestUniqueid="2.1", DialStatus=status) == []
    assert world.legs.callers[CALL].place is Place.RETURNING
    gone = {"Uniqueid": "2.1", "Cause": cause, "ChannelStateDesc": state}
    assert hear(world, "Hangup", **gone) == [OfferFailed(OFFER, outcome)]


def test_a_phone_that_sounds_and_never_rings_was_there(world):
    world.dial()
    assert hear(world, "DialState", DestUniqueid="2.1", DialStatus="PROGRESS") == []
    assert hear(world, "DialEnd", DestUniqueid="2.1", DialStatus="NOANSWER") == []
    gone = {"Uniqueid": "2.1", "Cause": "0", "ChannelStateDesc": "Down"}
    assert hear(world, "Hangup", **gone) == [OfferFailed(OFFER, OfferOutcome.NO_ANSWER)]


@pytest.mark.parametrize("said", [{"DialStatus": "PROCEEDING"}, {"DestUniqueid": "9.9"}])
def test_no_other_state_of_a_dial_is_a_sound(world, said):
    world.dial()
    hear(world, "DialState", **{"DestUniqueid": "2.1", "DialStatus": "PROGRESS", **said})
    gone = {"Uniqueid": "2.1", "Cause": "0", "ChannelStateDesc": "Down"}
    assert hear(world, "Hangup", **gone) == [OfferFailed(OFFER, OfferOutcome.UNREACHABLE)]


def test_a_lost_dial_end_leaves_the_cause(world):
    world.dial()
    gone = {"Uniqueid": "2.1", "Cause": "17", "ChannelStateDesc": "Ringing"}
    assert hear(world, "Hangup", **gone) == [OfferFailed(OFFER, OfferOutcome.BUSY)]


def test_a_dial_cut_short_is_not_the_agents_fault(world):
    world.dial()
    world.hear("DialEnd", DestUniqueid="2.1", DialStatus="CANCEL")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="26") == []
    assert hear(world, "Hangup", Uniqueid="1.1", Cause="16") == [CallerHungUp(CALL, 16)]


def test_an_agent_who_picks_up_and_drops_has_rejected(world):
    world.dial()
    world.hear("DialEnd", DestUniqueid="2.1", DialStatus="ANSWER")
    assert hear(world, "Hangup", Uniqueid="2.1", Cause="16") == [
        OfferFailed(OFFER, OfferOutcome.REJECTED)
    ]


def test_a_dial_of_an_earlier_order_is_not_taken_for_the_present_one(world):
    late = {
        "Uniqueid": "1.1",
        "Context": "cti-deliver",
        "Exten": "7*99*15*p8001",
        "DestUniqueid": "2.9",
    }
    assert hear(world, "DialBegin", **late) == []
    elsewhere = {"Uniqueid": "1.1", "DestUniqueid": "2.9", "DialString": "p8003"}
    assert hear(world, "DialBegin", **elsewhere) == []


def test_failsafe_takes_the_call(world):
    named = {"UserEvent": "CtiFailsafe", "Uniqueid": "1.1"}
    assert hear(world, "UserEvent", **named) == [CallTaken(CALL, "failsafe")]
    assert hear(world, "UserEvent", UserEvent="CtiOther", Uniqueid="1.1") == []


def test_a_call_taken_by_failsafe_is_not_fetched_back(world):
    world.dial()
    world.take_orders()
    world.hear("UserEvent", UserEvent="CtiFailsafe", Uniqueid="1.1")
    assert world.take_orders() == []


def test_shutdown_takes_all_channels(world):
    assert hear(world, "Shutdown", Shutdown="Cleanly") == [TelephonyGone(PbxId("a1"))]


def test_strangers_are_nobodys_business(world):
    for name in ("DialBegin", "DialEnd", "BridgeEnter", "Hold", "Unhold", "Hangup", "UserEvent"):
        assert hear(world, name, Uniqueid="9.9", DestUniqueid="9.8", UserEvent="CtiFailsafe") == []
        assert hear(world, name) == []
    assert hear(world, "Newchannel", Uniqueid="1.1") == []


LIFE = (
    ("DialBegin", {"Uniqueid": "1.1", "DestUniqueid": "2.1", "DialString": "p8001"}),
    ("DialEnd", {"Uniqueid": "1.1", "DestUniqueid": "2.1", "DialStatus": "ANSWER"}),
    ("BridgeEnter", {"Uniqueid": "2.1", "BridgeUniqueid": "b1"}),
    ("BridgeEnter", {"Uniqueid": "1.1", "BridgeUniqueid": "b1"}),
    ("Hangup", {"Uniqueid": "2.1", "Cause": "16"}),
    ("Hangup", {"Uniqueid": "1.1", "Cause": "16"}),
)


def test_reports_in_every_order_never_raise_and_always_end():
    for order in itertools.permutations(LIFE):
        world = DeskWorld()
        world.ready("8001")
        world.ask("arrive")
        for name, fields in order:
            world.hear(name, **fields)
        assert CALL not in world.engine.calls
        assert world.legs.callers == {}
        assert world.legs.deliveries == {}


def test_reports_doubled_and_late_never_raise_and_change_nothing():
    draw = random.Random(20261121)
    for _ in range(300):
        world = DeskWorld()
        world.ready("8001")
        world.ask("arrive")
        reports = [report for report in LIFE for _ in range(draw.randint(1, 3))]
        draw.shuffle(reports)
        for name, fields in [*reports, *LIFE]:
            world.hear(name, **fields)
        assert CALL not in world.engine.calls
        assert world.legs.deliveries == {}


@pytest.mark.parametrize(
    ("status", "cause", "rang", "outcome"),
    [
        ("NOANSWER", 0, True, OfferOutcome.NO_ANSWER),
        ("NOANSWER", 0, False, OfferOutcome.UNREACHABLE),
        ("BUSY", 17, False, OfferOutcome.BUSY),
        ("BUSY", 0, False, OfferOutcome.BUSY),
        ("CHANUNAVAIL", 21, False, OfferOutcome.REJECTED),
        ("NOANSWER", 19, False, OfferOutcome.REJECTED),
        ("NOANSWER", 19, True, OfferOutcome.NO_ANSWER),
        ("CHANUNAVAIL", 1, False, OfferOutcome.UNREACHABLE),
        ("CONGESTION", 34, False, OfferOutcome.UNREACHABLE),
        ("CHANUNAVAIL", 3, False, OfferOutcome.UNREACHABLE),
        ("INVALIDARGS", 0, False, OfferOutcome.UNDELIVERED),
        ("CANCEL", 16, True, None),
        ("ANSWER", 16, True, None),
    ],
)
def test_the_table_of_outcomes(status, cause, rang, outcome):
    """The rows that were measured on a real Asterisk, as its dialplan says them."""
    assert failed_outcome(status, cause, rang=rang) is outcome
