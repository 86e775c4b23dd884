"""What phones and strangers do, as Asterisk tells it: docs/phone-acts.md, row by row."""

import pytest

from cti.ami.messages import event
from cti.gateway.legs import Legs
from cti.gateway.reconcile import reconcile
from routing.agent import AgentWork
from routing.call import CallState
from routing.commands import ClearedBy
from routing.events import CallCleared, CallEstablished, ConnectionCleared, OfferMade
from routing.ids import AgentId, CallId, LegId
from routing.legs import CallLegChanged
from tests.worlds.gateway.desk import A1, DeskWorld, status_row

CALL = CallId("a1-1.1")


@pytest.fixture
def world():
    return DeskWorld()


def told(world, kind):
    return [each for each in world.said if isinstance(each, kind)]


@pytest.fixture(autouse=True)
def everything_said(monkeypatch):
    submit = DeskWorld.submit

    def keep(self, command):
        events = submit(self, command)
        self.said = [*getattr(self, "said", []), *events]
        return events

    monkeypatch.setattr(DeskWorld, "submit", keep)


def dials_out(world, phone="p8002", uniqueid="5.1", exten="*8"):
    world.hear("Newchannel", Channel=f"PJSIP/{phone}-05", Uniqueid=uniqueid, Exten=exten)


def enters(world, channel, uniqueid, bridge="b9", count="2", **more):
    fields = {"Channel": channel, "Uniqueid": uniqueid, "BridgeUniqueid": bridge, **more}
    world.hear("BridgeEnter", BridgeNumChannels=count, **fields)


def test_a_phone_that_dials_is_in_use_until_it_hangs_up(world):
    """P27."""
    world.ready("8001")
    dials_out(world, "p8001", exten="10086")
    assert world.ask("arrive").startswith("wait")
    world.hear("HangupRequest", Uniqueid="5.1")
    world.hear("Hangup", Uniqueid="5.1", Cause="16")
    assert told(world, OfferMade)[-1].agent_id == "8001"


def test_a_phone_that_somebody_else_rings_is_in_use(world):
    """P24: an Originate names no caller."""
    world.ready("8001")
    world.hear("DialBegin", DestChannel="PJSIP/p8001-07", DestUniqueid="7.1", DialString="p8001")
    assert world.ask("arrive").startswith("wait")


def test_a_strangers_channel_costs_nothing_and_is_not_kept(world):
    dials_out(world, "trunk", "6.1")
    assert not world.legs.phone_legs


def test_a_pick_up_is_the_other_agents_call_and_nobody_is_moved(world):
    """P11, under either unique id."""
    world.ready("8001")
    world.ask("arrive")
    world.ready("8002")
    world.dial()
    dials_out(world)
    world.take_orders()
    enters(world, "PJSIP/p8002-05", "5.1", count="1")
    enters(world, "PJSIP/trunk-1.1", "1.1", Context="cti-deliver")
    assert told(world, CallEstablished)[-1].agent_id == "8002"
    assert world.engine.agents[AgentId("8001")].failures == {}
    assert world.take_orders() == []
    world.hear("HangupRequest", Uniqueid="5.1")
    world.hear("Hangup", Uniqueid="5.1", Cause="16")
    assert told(world, ConnectionCleared)[-1].by is ClearedBy.AGENT
    assert not world.legs.phone_legs


def test_a_waiting_caller_with_an_outsider_has_left_the_line(world):
    """P20."""
    world.ask("arrive")
    enters(world, "PJSIP/other-1", "8.1", count="1")
    enters(world, "PJSIP/trunk-1.1", "1.1", Context="theirs")
    assert told(world, CallCleared)[-1].outcome == "taken"
    world.ready("8001")
    assert world.take_orders() == []


def test_parking_is_no_conversation(world):
    """P12: the lot is a holding bridge."""
    world.ask("arrive")
    enters(world, "PJSIP/trunk-1.1", "1.1", Context="x", BridgeTechnology="holding_bridge")
    assert world.engine.calls[CALL].state is CallState.WAITING


def test_who_talks_after_a_phones_refer_has_the_call(world):
    """P01: the phone sends its customer on; the other one rings, answers, talks."""
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.talk()
    world.ready("8002")
    world.hear("BlindTransfer", TransfererUniqueid="2.1", TransfereeUniqueid="1.1")
    world.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert told(world, ConnectionCleared)[-1].by is ClearedBy.TRANSFER
    ring = {"DestChannel": "PJSIP/p8002-09", "DestUniqueid": "9.1", "Uniqueid": "1.1"}
    world.hear("DialBegin", **ring, Context="agents", DialString="p8002")
    world.hear("DialEnd", **ring, DialStatus="ANSWER")
    enters(world, "PJSIP/p8002-09", "9.1", count="1")
    enters(world, "PJSIP/trunk-1.1", "1.1", Context="agents")
    found = told(world, CallEstablished)[-1]
    assert (found.agent_id, found.request_no, found.leg_id) == ("8002", 2, "a1-9.1")
    assert world.engine.agents[AgentId("8001")].work is AgentWork.IDLE


def test_local_channels_that_are_optimised_away_end_nothing(world):
    """P17: the trunk's channel takes the place of the Local one in the agent's bridge."""
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.talk()
    enters(world, "PJSIP/trunk-33", "33.1", bridge="b1", SwapUniqueid="1.1")
    world.hear("Hangup", Channel="Local/95588@x-1;2", Uniqueid="1.1", Cause="16")
    assert told(world, CallLegChanged)[-1].leg_id == "a1-33.1"
    assert world.engine.calls[CALL].state is CallState.TALKING
    world.hear("HangupRequest", Uniqueid="33.1")
    world.hear("Hangup", Uniqueid="33.1", Cause="16")
    assert told(world, CallCleared)[-1].outcome == "answered"


def test_a_receptionists_attended_transfer_into_the_line_is_no_abandon(world):
    """P08."""
    world.ask("arrive")
    moved = {"TransfereeUniqueid": "44.1", "TransfereeChannel": "PJSIP/trunk-44"}
    world.hear(
        "AttendedTransfer", SecondTransfererUniqueid="1.1", DestType="App",
        OrigTransfererUniqueid="0.9", **moved,
    )  # fmt: skip
    world.hear("Hangup", Channel="PJSIP/r-2<ZOMBIE>", Uniqueid="1.1", Cause="16")
    assert world.engine.calls[CALL].leg_id == "a1-44.1"
    world.ready("8001")
    assert [order.get("Channel") for order in world.take_orders()] == ["PJSIP/trunk-44"]


def test_after_a_kill_the_books_are_as_the_channels_are(world):
    """P37: a phone on an own call, a call that a phone has taken up, one under another channel."""
    world.ready("8001", "8002")
    dials_out(world, "p8001", "5.1", "10086")
    dials_out(world, "p8002", "6.1", "*8")
    world.ask("arrive")
    enters(world, "PJSIP/p8002-06", "6.1", count="1")
    enters(world, "PJSIP/trunk-1.1", "1.1", Context="x")
    assert world.engine.calls[CALL].agent_id == "8002"
    world.legs = Legs(A1, world.engine)
    rows = [
        status_row("1.1", "x", CTI_STAGE="wait", BridgeID="b9"),
        event("Status", Channel="PJSIP/p8002-06", Uniqueid="6.1", BridgeID="b9", ChannelState="6"),
        event("Status", Channel="PJSIP/p8003-07", Uniqueid="7.1", ChannelState="6", Seconds="9"),
    ]
    repair = reconcile(rows, world.engine, world.legs, [CALL], world.moment)
    assert repair.orders == []
    for command in repair.commands:
        world.submit(command)
    assert world.engine.calls[CALL].agent_id == "8002"
    assert not world.engine.agents[AgentId("8001")].phone.own
    assert list(world.engine.agents[AgentId("8003")].phone.own) == [LegId("a1-7.1")]
    world.hear("Hangup", Uniqueid="6.1", Cause="16")
    assert world.engine.calls[CALL].state is CallState.RELEASED
