"""Whole lives of transfers: who has the customer, who is told what, whose time is whose."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.events import (
    CallCleared,
    CallEstablished,
    CallHeldEvent,
    CallQueued,
    CallRetrievedEvent,
    ConnectionCleared,
    OfferEnded,
)
from routing.ids import AgentId, CallId
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import Connection
from tests.worlds.routing.transfer_desk import (
    SITUATIONS,
    Desk,
    blind,
    completing,
    conferenced,
    consulting,
    handed_over,
    joining,
    names,
    one,
    refused,
    ringing,
    told,
)


def parted(events):
    """(call, agent, by) of each conversation that ended."""
    return [(e.call_id, e.agent_id, e.by) for e in told(events, ConnectionCleared)]


# --- blind --------------------------------------------------------------------------------------


def test_blind_the_sender_keeps_the_customer_until_both_are_bridged():
    desk = blind()
    desk.do(c.OfferAnswered(desk.offer_of("cat")))
    assert desk.customer == "talking ann"
    events = desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert names(events) == [
        "ConnectionCleared",  # ann
        "AgentStateChanged",
        "CallTransferred",
        "CallCleared",  # the consultation
        "CallEstablished",  # the customer and cat
        "AgentStateChanged",
    ]
    transferred, established = one(events, t.CallTransferred), one(events, CallEstablished)
    assert (transferred.call_id, transferred.secondary_old_call) == ("c1", "c1~2")
    assert (transferred.agent_id, transferred.to_agent) == ("ann", "cat")
    assert (transferred.transferring_device, transferred.transferred_to_device) == (
        "phone-ann",
        "phone-cat",
    )
    assert (transferred.request_no, transferred.kind) == (2, "blind")
    assert transferred.connection is Connection.CONNECTED, "nobody is to be moved any more"
    assert (established.call_id, established.agent_id, established.request_no) == ("c1", "cat", 2)
    assert one(events, CallCleared).outcome == "transferred"
    assert (desk.customer, desk.state) == ("talking cat", "")


def test_a_silent_target_is_recalled_to_the_sender():
    """Complaint 18: nobody is lost, nobody is stuck, and the sender hears why."""
    desk = blind()
    events = desk.wait(15 + 2)
    assert one(events, OfferEnded).outcome == "noAnswer"
    assert one(events, t.TransferFailed).cause == "recallNoAnswer"
    assert one(events, CallCleared).outcome == "recalled"
    assert (desk.customer, desk.state, desk.work("ann")) == ("talking ann", "", "busy")


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (OfferOutcome.NO_ANSWER, "recallNoAnswer"),
        (OfferOutcome.BUSY, "recallBusy"),
        (OfferOutcome.REJECTED, "recallBusy"),
        (OfferOutcome.UNREACHABLE, "recallResourcesNotAvailable"),
        (OfferOutcome.UNDELIVERED, "recallResourcesNotAvailable"),
    ],
)
@pytest.mark.parametrize("kind", ["blind", "consult"])
def test_each_way_to_miss_them_has_its_cause(kind, outcome, cause):
    desk = Desk()
    desk.ready("cat")
    desk.start(kind, "cat")
    assert one(desk.fail("cat", outcome), t.TransferFailed).cause == cause
    assert desk.customer == "talking ann"


# --- consult ------------------------------------------------------------------------------------


def test_consulting_puts_the_customer_on_hold():
    desk = ringing()
    events = desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert names(events) == ["CallEstablished", "AgentStateChanged", "CallHeldEvent"]
    assert one(events, CallEstablished).call_id == "c1~2"
    assert one(events, CallHeldEvent).agent_id == "ann"
    assert (desk.customer, desk.state) == ("held ann", "consulting")


def test_who_was_on_hold_already_stays_so():
    desk = ringing()
    desk.do(c.CallHeld(CallId("c1")))
    assert told(desk.do(c.LegsBridged(desk.offer_of("cat"))), CallHeldEvent) == []
    assert desk.customer == "held ann"


def test_complete_asks_and_waits_for_the_bridge():
    desk = consulting()
    completing_told = one(desk.complete(), t.TransferCompleting)
    assert (completing_told.call_id, completing_told.consult_id) == ("c1", "c1~2")
    assert (completing_told.agent_id, completing_told.to_agent) == ("ann", "cat")
    assert desk.customer == "held ann", "a wish is not a fact"
    events = desk.bridged()
    assert parted(events) == [("c1", "ann", "transfer"), ("c1~2", "cat", "transfer")]
    assert one(events, t.CallTransferred).connection is Connection.CONNECTED
    assert one(events, CallCleared).call_id == "c1~2"
    assert (desk.customer, desk.state) == ("talking cat", "")
    assert (desk.work("ann"), desk.work("cat")) == ("afterCallWork", "busy")


@pytest.mark.parametrize("build", [completing, joining])
def test_what_is_not_seen_in_time_has_not_happened(build):
    desk = build()
    failed = one(desk.wait(5), t.TransferFailed)
    assert (failed.cause, failed.consulting) == ("timeout", True)
    assert (desk.state, desk.customer) == ("consulting", "held ann")
    assert refused(desk.complete()) is None, "the sender may try again"


@pytest.mark.parametrize("build", [completing, joining])
def test_a_report_that_comes_late_is_still_a_fact(build):
    desk = build()
    desk.wait(6)
    desk.bridged()
    assert (desk.state, desk.customer) == ("", "talking cat")


def test_cancel_gives_the_customer_back():
    desk = consulting()
    events = desk.cancel()
    assert parted(events) == [("c1~2", "cat", "agent")]
    assert one(events, t.TransferCancelled).agent_id == "ann"
    assert one(events, CallCleared).outcome == "answered"
    assert (desk.customer, desk.work("cat")) == ("held ann", "afterCallWork")
    retrieved = desk.do(c.CallRetrieved(CallId("c1")))
    assert one(retrieved, CallRetrievedEvent).agent_id == "ann"
    assert desk.customer == "talking ann"


def test_join_lets_all_three_talk():
    desk = consulting()
    assert one(desk.join(), t.TransferJoining).to_agent == "cat"
    events = desk.conferenced()
    assert names(events) == ["CallRetrievedEvent", "CallConferenced"]
    assert one(events, t.CallConferenced).secondary_old_call == "c1~2"
    assert (desk.customer, desk.state) == ("talking ann", "conferenced")


def test_after_a_conference_either_agent_may_leave():
    desk = conferenced()
    events = desk.agent_hangs_up("c1", "ann")
    assert one(events, t.CallTransferred).connection is Connection.CONNECTED
    assert desk.customer == "talking cat"
    desk = conferenced()
    events = desk.agent_hangs_up("c1~2", "cat")
    assert one(events, t.TransferFailed).cause == "normalClearing"
    assert desk.customer == "talking ann"


def test_a_transfer_after_a_transfer():
    """The new agent is the sender of the next one; numbers and times go on."""
    desk = completing()
    desk.bridged()
    desk.ready("dan")
    started = one(desk.start("consult", "cards", by="cat"), t.TransferStarted)
    assert (started.request_no, started.agent_id, started.consult_id) == (3, "cat", "c1~3")
    desk.answer("dan")
    desk.complete()
    desk.bridged()
    assert desk.customer == "talking dan"


# --- somebody leaves ----------------------------------------------------------------------------


def test_the_sender_leaves_while_consulting_and_the_target_has_the_customer():
    desk = consulting()
    events = desk.agent_hangs_up("c1", "ann")
    assert parted(events) == [("c1", "ann", "transfer"), ("c1~2", "cat", "transfer")]
    assert one(events, t.CallTransferred).connection is Connection.HOLD
    assert one(events, CallHeldEvent).agent_id == "cat"
    assert one(events, t.TransferCompleting).to_agent == "cat"
    assert desk.customer == "held cat"
    assert names(desk.bridged()) == ["CallRetrievedEvent"]
    assert desk.customer == "talking cat"


def test_the_sender_leaves_when_the_bridge_was_asked_for_already():
    """The sender's leg may be gone before the bridge is reported: it is not asked for twice."""
    desk = completing()
    events = desk.agent_hangs_up("c1", "ann")
    assert told(events, t.TransferCompleting) == []
    desk.bridged()
    assert desk.customer == "talking cat"


def test_nobody_is_left_on_hold_for_ever():
    """Handed over, but never bridged: the customer is in line again, in the old place."""
    desk = handed_over()
    first_us = desk.core.calls[CallId("c1")].first_queued_us
    events = desk.wait(5)
    assert one(events, t.TransferFailed).cause == "timeout"
    assert parted(events) == [("c1", "cat", "system")]
    queued = one(events, CallQueued)
    assert (queued.call_id, queued.first_queued_us, queued.request_no) == ("c1", first_us, 3)
    assert desk.work("cat") == "afterCallWork"


def test_the_sender_leaves_while_the_phone_rings_and_it_rings_for_the_customer():
    """The offer goes on under its number, and bridging it establishes the customer's call."""
    desk = ringing()
    offer_id = desk.offer_of("cat")
    transferred = one(desk.agent_hangs_up("c1", "ann"), t.CallTransferred)
    assert (transferred.connection, transferred.to_agent) == (Connection.ALERTING, "cat")
    assert (desk.customer, desk.offer_of("cat")) == ("rings cat", offer_id)
    established = one(desk.do(c.LegsBridged(offer_id)), CallEstablished)
    assert (established.call_id, established.offer_id) == ("c1", offer_id)
    assert (desk.customer, desk.state) == ("talking cat", "")


def test_the_sender_leaves_and_then_the_target_does_not_answer():
    """It has become a single-step transfer: recalled to the sender, then to the old queue."""
    desk = ringing()
    desk.agent_hangs_up("c1", "ann")
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert one(events, t.TransferFailed).cause == "recallNoAnswer"
    assert (desk.customer, desk.state) == ("in loans for ann", "recalling")


def test_the_customer_leaves_and_nobody_is_blamed():
    desk = ringing()
    events = desk.hang_up("c1")
    assert one(events, OfferEnded).outcome == "callerGone"
    assert desk.core.agents[AgentId("cat")].failures == {}
    assert [e.outcome for e in told(events, CallCleared)] == ["abandoned", "answered"]
    assert one(events, t.TransferFailed).cause == "callCancelled"
    assert desk.core.agents[AgentId("cat")].is_offerable


def test_the_customer_leaves_while_two_talk_and_both_get_their_own_end():
    desk = consulting()
    events = desk.hang_up("c1")
    assert parted(events) == [("c1~2", "cat", "caller"), ("c1", "ann", "caller")]
    assert (desk.work("ann"), desk.work("cat")) == ("afterCallWork", "afterCallWork")


def test_the_target_leaves_and_the_sender_has_the_customer():
    desk = consulting()
    events = desk.agent_hangs_up("c1~2", "cat")
    assert one(events, t.TransferFailed).cause == "normalClearing"
    assert parted(events) == [("c1~2", "cat", "agent")]
    assert desk.customer == "held ann"
    assert one(desk.do(c.CallRetrieved(CallId("c1"))), CallRetrievedEvent).agent_id == "ann"


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_agent_may_be_named_with_either_call(name):
    """Who left is said by the agent's id; the gateway need not know which call that was."""
    left = []
    for call_id in ("c1", "c1~2"):
        desk = SITUATIONS[name]()
        if call_id in desk.core.calls:
            desk.do(c.AgentLegCleared(CallId(call_id), AgentId("ann")))
            left.append((desk.state, desk.customer))
    assert len(set(left)) == 1


# --- races --------------------------------------------------------------------------------------


def test_cancelled_at_the_moment_of_the_answer():
    """The answer comes too late: it is refused, and nobody is blamed."""
    desk = ringing()
    offer_id = desk.offer_of("cat")
    assert one(desk.cancel(), OfferEnded).outcome == "withdrawn"
    assert refused(desk.do(c.OfferAnswered(offer_id))) is Refusal.OFFER_CLOSED
    assert refused(desk.do(c.LegsBridged(offer_id))) is Refusal.OFFER_CLOSED
    cat = desk.core.agents[AgentId("cat")]
    assert (cat.failures, cat.gap_until_us, cat.is_offerable) == ({}, 0, True)


def test_answered_at_the_moment_of_the_cancel():
    """Legs are being moved: it is too late to cancel, for some milliseconds at most."""
    desk = ringing()
    desk.do(c.OfferAnswered(desk.offer_of("cat")))
    assert refused(desk.cancel()) is Refusal.TRANSFER_STATE
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert refused(desk.cancel()) is None


def test_the_old_agents_leg_is_reported_after_the_transfer():
    desk = blind()
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert refused(desk.agent_hangs_up("c1", "ann")) is Refusal.CALL_STATE
    assert desk.customer == "talking cat"
