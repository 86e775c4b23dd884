"""Agents: signing on and off, wishes in the middle of something."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.events import (
    AgentLoggedOff,
    AgentLoggedOn,
    AgentState,
    AgentStateChanged,
    OfferMade,
)
from tests.worlds.routing.centre import S
from tests.worlds.routing.small_centres import NOT_READY, READY, WORK, in_state, pair, shown
from tests.worlds.routing.told import of, one, refusal

# --- signing on and off -------------------------------------------------------------------------


def test_who_signs_on_is_not_ready_yet():
    centre = pair()
    events = centre.do(c.LogOnAgent("8001"))
    assert one(events, AgentLoggedOn).device == "phone-8001"
    assert shown(events) == [("notReady", "loggedOn", "")]
    assert centre.offered(centre.call("c1", "loans")) == []


def test_an_agent_may_bring_another_phone():
    centre = pair()
    centre.do(c.LogOnAgent("8001", device="phone-77"))
    centre.do(c.SetAgentState("8001", READY))
    assert one(centre.call("c1", "loans"), OfferMade).device == "phone-77"


def test_one_phone_serves_one_agent():
    centre = pair()
    centre.do(c.LogOnAgent("8001", device="phone-8002"))
    assert refusal(centre.do(c.LogOnAgent("8002"))) == "deviceInUse"
    centre.do(c.LogOffAgent("8001"))
    assert of(centre.do(c.LogOnAgent("8002")), AgentLoggedOn)


def test_signing_on_twice_is_acknowledged_in_silence_unless_with_another_phone():
    centre = pair()
    centre.do(c.LogOnAgent("8001"))
    assert centre.do(c.LogOnAgent("8001")) == []
    assert refusal(centre.do(c.LogOnAgent("8001", device="other"))) == "alreadyLoggedOn"


@pytest.mark.parametrize(
    "command",
    [
        c.LogOffAgent("8001"),
        c.SetAgentState("8001", READY),
        c.ExtendAfterCallWork("8001", S),
        c.ServeGroup("8001", "loans", serving=False),
        c.MarkLastCall("8001"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_who_is_not_signed_on_can_ask_for_nothing(command):
    centre = pair()
    assert refusal(centre.do(command)) == "notLoggedOn"


@pytest.mark.parametrize(
    "command",
    [
        c.LogOnAgent("9999"),
        c.LogOffAgent("9999"),
        c.SetAgentState("9999", READY),
        c.ExtendAfterCallWork("9999", S),
        c.ServeGroup("9999", "loans", serving=False),
        c.MarkLastCall("9999"),
        c.DeviceReachable("9999", reachable=True),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nobody_knows_an_unknown_agent(command):
    assert refusal(pair().do(command)) == "unknownAgent"


def test_a_session_begins_at_nought():
    centre = pair()
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.fail("8001", OfferOutcome.REJECTED)
    centre.do(c.MarkLastCall("8001"))
    centre.do(c.ServeGroup("8001", "cards", serving=False))
    centre.hang_up("c1")
    centre.wait(100)
    centre.do(c.LogOffAgent("8001"))
    centre.do(c.LogOnAgent("8001"))
    found = centre.core.agents["8001"]
    assert (found.offers, found.calls, found.worked_us, found.last_offer) == (0, 0, 0, 0)
    assert (found.failures, found.in_a_row, found.gap_until_us) == ({}, {}, 0)
    assert (found.last_call, found.idle_groups, found.state_us) == (False, {}, {})
    assert found.skills == {"loans": 3, "cards": 1}


def test_signing_off_ends_the_pause_after_a_failed_offer():
    centre = pair()
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.fail("8001", OfferOutcome.REJECTED)
    centre.do(c.LogOffAgent("8001"))
    assert centre.core.next_deadline_us() is None


# --- forced, with who and why --------------------------------------------------------------------


def test_a_forced_state_says_who_and_why():
    centre = pair()
    centre.ready("8001")
    told = one(centre.not_ready("8001", "coaching", by="boss"), AgentStateChanged)
    assert (told.state, told.reason, told.by) == (AgentState.NOT_READY, "coaching", "boss")
    told = one(centre.do(c.SetAgentState("8001", READY, by="boss")), AgentStateChanged)
    assert (told.state, told.by) == (AgentState.READY, "boss")


def test_a_forced_sign_off_says_who_and_why():
    centre = pair()
    centre.ready("8001")
    events = centre.do(c.LogOffAgent("8001", by="boss", reason="fault"))
    assert (one(events, AgentLoggedOff).by, one(events, AgentLoggedOff).reason) == ("boss", "fault")
    assert shown(events) == [("null", "fault", "")]
    assert one(events, AgentStateChanged).by == "boss"


def test_a_forced_state_in_a_call_waits_for_its_end_and_remembers_who():
    centre = pair(after_call_work_us=0)
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    pending = one(centre.not_ready("8001", "coaching", by="boss"), AgentStateChanged)
    assert (pending.state, pending.pending, pending.by) == (AgentState.BUSY, "notReady", "boss")
    after = of(centre.hang_up("c1"), AgentStateChanged)[-1]
    assert (after.state, after.reason, after.by) == (AgentState.NOT_READY, "coaching", "boss")


def test_a_forced_sign_off_in_a_call_waits_for_the_record_to_be_finished():
    centre = pair()
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.do(c.LogOffAgent("8001", by="boss", reason="late"))
    assert centre.do(c.LogOffAgent("8001", by="other")) == [], "it is on its way already"
    centre.hang_up("c1")
    events = centre.wait(5)
    off = one(events, AgentLoggedOff)
    assert (off.by, off.reason) == ("boss", "late")


# --- reasons -------------------------------------------------------------------------------------


def test_not_ready_takes_a_reason_of_the_house():
    centre = pair()
    centre.ready("8001")
    assert refusal(centre.not_ready("8001", "")) == "reasonRequired"
    assert refusal(centre.not_ready("8001", "weather")) == "unknownReason"
    assert shown(centre.not_ready("8001", "meal")) == [("notReady", "meal", "")]
    assert centre.not_ready("8001", "meal") == []
    assert shown(centre.not_ready("8001", "meeting")) == [("notReady", "meeting", "")]


# --- pending ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["reserved", "busy"])
def test_what_is_asked_for_in_the_middle_is_pending_and_the_last_word_counts(state):
    centre = pair(after_call_work_us=0)
    in_state(centre, state)
    assert shown(centre.not_ready("8001", "meal")) == [(state, "", "notReady")]
    assert centre.not_ready("8001", "meal") == []
    assert shown(centre.not_ready("8001", "meeting")) == [(state, "", "notReady")]
    assert shown(centre.do(c.LogOffAgent("8001"))) == [(state, "", "null")]
    assert shown(centre.do(c.SetAgentState("8001", WORK))) == [(state, "", "workingAfterCall")]
    assert shown(centre.do(c.SetAgentState("8001", READY))) == [(state, "", "")]
    assert centre.do(c.SetAgentState("8001", READY)) == [], "that is what will be anyway"


@pytest.mark.parametrize("state", ["reserved", "busy"])
@pytest.mark.parametrize(
    ("ask", "then"),
    [
        (c.SetAgentState("8001", NOT_READY, "meal"), ("notReady", "meal", "")),
        (c.SetAgentState("8001", WORK), ("workingAfterCall", "", "")),
        (c.LogOffAgent("8001"), ("null", "", "")),
        (c.SetAgentState("8001", READY), ("ready", "", "")),
    ],
    ids=["notReady", "workingAfterCall", "signOff", "ready"],
)
def test_what_was_asked_for_holds_afterwards(state, ask, then):
    centre = pair(after_call_work_us=0)
    in_state(centre, state)
    centre.do(ask)
    assert shown(centre.hang_up("c1"))[-1] == then


def test_an_agent_with_a_wish_pending_is_not_offered_the_next_call():
    centre = pair(after_call_work_us=0)
    in_state(centre, "busy")
    centre.not_ready("8001", "meal")
    centre.call("c2", "loans")
    assert centre.offered(centre.hang_up("c1")) == []


def test_signing_on_again_takes_a_pending_sign_off_back():
    centre = pair(after_call_work_us=0)
    in_state(centre, "busy")
    centre.do(c.LogOffAgent("8001"))
    assert shown(centre.do(c.LogOnAgent("8001"))) == [("busy", "", "")]
    assert shown(centre.hang_up("c1"))[-1] == ("ready", "", "")


# --- after-call work ----------------------------------------------------------------------------


def working(**fields):
    centre = pair(**fields)
    in_state(centre, "busy")
    centre.hang_up("c1")
    assert centre.core.agents["8001"].shown == AgentState.WORKING_AFTER_CALL
    return centre


def test_after_call_work_ends_by_the_clock():
    centre = working(after_call_work_us=30 * S)
    assert centre.wait(29) == []
    assert shown(centre.wait(1)) == [("ready", "", "")]


@pytest.mark.parametrize(
    ("ask", "then"),
    [
        (c.SetAgentState("8001", READY), ("ready", "", "")),
        (c.SetAgentState("8001", NOT_READY, "meal"), ("notReady", "meal", "")),
    ],
    ids=["ready", "notReady"],
)
def test_a_word_of_the_agent_ends_it_early(ask, then):
    centre = working()
    assert shown(centre.do(ask))[-1] == then
    assert centre.wait(60) == []


def test_signing_off_waits_for_it_and_a_later_word_takes_that_back():
    centre = working()
    assert shown(centre.do(c.LogOffAgent("8001"))) == [("workingAfterCall", "", "null")]
    assert shown(centre.do(c.SetAgentState("8001", READY))) == [("ready", "", "")]


def test_asking_for_what_it_is_changes_nothing():
    centre = working()
    assert centre.do(c.SetAgentState("8001", WORK)) == []


def test_it_can_be_made_longer_within_bounds():
    centre = working(after_call_work_us=30 * S)
    told = one(centre.do(c.ExtendAfterCallWork("8001", 20 * S)), AgentStateChanged)
    assert told.until_us == centre.now_us + 50 * S
    assert refusal(centre.do(c.ExtendAfterCallWork("8001", 0))) == "badValue"
    assert refusal(centre.do(c.ExtendAfterCallWork("8001", 3601 * S))) == "badValue"
    assert of(centre.do(c.ExtendAfterCallWork("8001", 3600 * S)), AgentStateChanged)
    assert centre.wait(3600 + 49) == []
    assert shown(centre.wait(1)) == [("ready", "", "")]
