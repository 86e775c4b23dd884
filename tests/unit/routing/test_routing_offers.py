"""Offers: how far they get, the four ways in which a phone fails, and what each of them means."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Limits, OutcomePolicy, Policies
from routing.events import (
    AgentState,
    AgentStateChanged,
    CallCleared,
    CallDelivered,
    CallEstablished,
    CallHeldEvent,
    CallOutcome,
    CallQueued,
    CallRetrievedEvent,
    ClearedBy,
    ConnectionCleared,
    OfferEnded,
    OfferMade,
)
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one, refusal, told_alike_after_a_restart

FOUR = {
    OfferOutcome.NO_ANSWER: "no_answer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}
REASONS = {
    OfferOutcome.NO_ANSWER: "ringNoAnswer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}
LENIENT = OutcomePolicy(gap_us=5 * S)


def centre_with(**policies):
    """8001 alone; every outcome pauses for 5 s unless said otherwise."""
    rules = Policies(**{**dict.fromkeys(FOUR.values(), LENIENT), **policies})
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q")], policies=rules)
    centre.ready("8001")
    centre.call("c1", "q")
    return centre


# --- four outcomes -----------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", FOUR)
def test_each_outcome_has_a_counter_of_its_own(outcome):
    centre = centre_with()
    for _ in range(3):
        centre.fail("8001", outcome)
        centre.wait(5)
    assert centre.core.agents["8001"].failures == {outcome: 3}


@pytest.mark.parametrize("outcome", FOUR)
def test_each_outcome_has_a_pause_of_its_own(outcome):
    centre = centre_with(**{FOUR[outcome]: OutcomePolicy(gap_us=17 * S)})
    centre.fail("8001", outcome)
    assert centre.core.agents["8001"].why_not("a1") == f"gap:{outcome}"
    assert centre.offered(centre.wait(16.9)) == []
    again = centre.wait(0.1)
    assert centre.offered(again) == [("c1", "8001")]
    assert one(again, OfferMade).decision.trigger == "gapOver"


@pytest.mark.parametrize("outcome", FOUR)
def test_each_outcome_has_a_number_in_a_row_after_which_they_are_set_not_ready(outcome):
    centre = centre_with(**{FOUR[outcome]: OutcomePolicy(gap_us=5 * S, not_ready_after=3)})
    for _ in range(2):
        centre.fail("8001", outcome)
        centre.wait(5)
    told = of(centre.fail("8001", outcome), AgentStateChanged)[-1]
    assert (told.state, told.reason) == (AgentState.NOT_READY, REASONS[outcome])
    assert centre.offered(centre.wait(600)) == []


def test_different_outcomes_do_not_add_up():
    strict = OutcomePolicy(gap_us=5 * S, not_ready_after=2)
    centre = centre_with(busy=strict, rejected=strict)
    for outcome in (OfferOutcome.BUSY, OfferOutcome.REJECTED):
        centre.fail("8001", outcome)
        centre.wait(5)
    assert centre.core.agents["8001"].in_a_row == {"busy": 1, "rejected": 1}


@pytest.mark.parametrize("between", ["a conversation", "getting ready anew"])
def test_what_ends_a_row(between):
    centre = centre_with(busy=OutcomePolicy(gap_us=5 * S, not_ready_after=2))
    centre.fail("8001", OfferOutcome.BUSY)
    centre.wait(5)
    if between == "a conversation":
        centre.answer("8001")
        centre.hang_up("c1")
        centre.call("c2", "q")
    else:
        centre.not_ready("8001")
        centre.hang_up("c1")
        centre.do(c.SetAgentState("8001", c.RequestedState.READY))
        centre.call("c2", "q")
    centre.fail("8001", OfferOutcome.BUSY)
    found = centre.core.agents["8001"]
    assert (found.status, found.failures["busy"]) == ("ready", 2)


def test_a_row_begins_anew_after_it_has_set_them_not_ready():
    centre = centre_with(busy=OutcomePolicy(gap_us=5 * S, not_ready_after=1))
    centre.fail("8001", OfferOutcome.BUSY)
    assert centre.core.agents["8001"].in_a_row == {}
    assert centre.core.agents["8001"].gap_until_us == 0, "who is not ready needs no pause"


def test_a_wish_they_had_goes_before_the_penalty():
    centre = centre_with(no_answer=OutcomePolicy(gap_us=0, not_ready_after=1))
    centre.not_ready("8001", "meal")
    centre.fail("8001", OfferOutcome.NO_ANSWER)
    assert centre.core.agents["8001"].reason == "meal"


def test_a_failed_offer_costs_the_agent_their_place_among_the_idle():
    centre = centre_with()
    before = centre.core.agents["8001"].idle_since_us
    centre.wait(1)
    centre.fail("8001", OfferOutcome.REJECTED)
    assert centre.core.agents["8001"].idle_since_us == before + S


# --- whose fault it is not -----------------------------------------------------------------------


def test_what_asterisk_did_not_deliver_is_nobodys_fault_but_pauses():
    centre = centre_with(unreachable=OutcomePolicy(gap_us=7 * S, not_ready_after=1))
    ended = one(centre.wait(3), OfferEnded)
    assert (ended.outcome, ended.open_us) == (OfferOutcome.UNDELIVERED, 3 * S)
    found = centre.core.agents["8001"]
    assert (found.failures, found.status) == ({}, "ready")
    assert found.gap_until_us == centre.now_us + 7 * S


def test_what_is_not_delivered_again_and_again_is_not_tried_in_a_loop():
    """Whoever is set not ready at once for an absent phone has no pause; Asterisk's own trouble has
    one all the same.
    """
    centre = centre_with(unreachable=OutcomePolicy(gap_us=0, not_ready_after=1))
    assert centre.offered(centre.fail("8001", OfferOutcome.UNDELIVERED)) == []
    assert centre.offered(centre.wait(0.9)) == []
    assert centre.offered(centre.wait(0.1)) == [("c1", "8001")]


def test_a_pause_may_be_none():
    centre = centre_with(no_answer=OutcomePolicy(gap_us=0, not_ready_after=1))
    centre.fail("8001", OfferOutcome.NO_ANSWER)
    assert centre.core.next_deadline_us() is None


def test_the_phone_that_registers_again_ends_the_pause_of_its_absence_and_no_other():
    back = c.DeviceReachable("8001", reachable=True)
    centre = centre_with()
    centre.fail("8001", OfferOutcome.UNREACHABLE)
    assert centre.offered(centre.do(back)) == [("c1", "8001")]
    assert one(centre.told[-1:], OfferMade).decision.trigger == "deviceReachable"
    centre = centre_with()
    centre.fail("8001", OfferOutcome.BUSY)
    assert centre.do(back) == []


def test_the_phone_that_registers_again_brings_its_agent_back():
    """An agent set not ready because the phone was away is ready again when it is back."""
    centre = centre_with(unreachable=OutcomePolicy(gap_us=0, not_ready_after=1))
    centre.fail("8001", OfferOutcome.UNREACHABLE)
    assert centre.core.agents["8001"].reason == "unreachable"
    assert centre.offered(centre.do(c.DeviceReachable("8001", reachable=True))) == [("c1", "8001")]


def test_the_phone_that_registers_again_does_not_end_a_break():
    centre = centre_with()
    centre.hang_up("c1")
    centre.not_ready("8001", "meal")
    centre.do(c.DeviceReachable("8001", reachable=False))
    centre.do(c.DeviceReachable("8001", reachable=True))
    assert centre.core.agents["8001"].reason == "meal"


# --- reports that cross or come late -----------------------------------------------------


def test_the_stages_of_an_offer_each_have_their_time():
    limits = Limits(deliver_timeout_us=2 * S, ring_grace_us=3 * S, bridge_timeout_us=4 * S)
    for stage, due_s in enumerate((2, 18, 4)):
        centre = Centre([queue("q")], [agent("8001", "q")], limits=limits)
        centre.ready("8001")
        centre.call("c1", "q")
        for report in (c.OfferRinging, c.OfferAnswered)[:stage]:
            centre.do(report(centre.offer_of("8001")))
        assert of(centre.wait(due_s - 0.1), OfferEnded) == []
        outcome = one(centre.wait(0.1), OfferEnded).outcome
        assert outcome == ("noAnswer" if stage == 1 else "undelivered")


def test_reports_may_skip_a_stage_but_not_go_back():
    centre = centre_with()
    offer_id = centre.offer_of("8001")
    assert centre.do(c.OfferAnswered(offer_id)) == []
    assert refusal(centre.do(c.OfferRinging(offer_id))) == "offerState"
    assert refusal(centre.do(c.OfferAnswered(offer_id))) == "offerState"
    assert of(centre.do(c.LegsBridged(offer_id)), CallEstablished)
    for report in (c.OfferRinging, c.OfferAnswered, c.LegsBridged):
        assert refusal(centre.do(report(offer_id))) == "offerClosed"
    assert refusal(centre.do(c.OfferFailed(offer_id, OfferOutcome.BUSY))) == "offerClosed"


@pytest.mark.parametrize(
    "outcome", [OfferOutcome.ESTABLISHED, OfferOutcome.CALLER_GONE, OfferOutcome.WITHDRAWN]
)
def test_no_phone_reports_what_only_the_core_concludes(outcome):
    assert refusal(centre_with().fail("8001", outcome)) == "offerState"


@pytest.mark.parametrize("ringing", [False, True])
def test_how_long_it_rang_is_counted_from_the_ringing_if_there_was_any(ringing):
    centre = centre_with()
    centre.wait(1)
    if ringing:
        delivered = one(centre.do(c.OfferRinging(centre.offer_of("8001"))), CallDelivered)
        assert (delivered.call_id, delivered.agent_id) == ("c1", "8001")
    centre.wait(1)
    told = one(centre.do(c.LegsBridged(centre.offer_of("8001"))), CallEstablished)
    assert (told.waited_us, told.rang_us) == (2 * S, S if ringing else 2 * S)


# --- the conversation --------------------------------------------------------------------------


def test_hold_is_not_talk():
    centre = centre_with()
    centre.answer("8001")
    centre.wait(5)
    assert of(centre.do(c.CallHeld("c1")), CallHeldEvent)
    centre.wait(7)
    assert one(centre.do(c.CallRetrieved("c1")), CallRetrievedEvent).held_us == 7 * S
    centre.wait(1)
    centre.do(c.CallHeld("c1"))
    centre.wait(2)
    cleared = one(centre.hang_up("c1"), ConnectionCleared)
    assert (cleared.talked_us, cleared.held_us) == (6 * S, 9 * S)
    assert cleared.by is ClearedBy.CALLER


def test_what_does_not_fit_the_state_of_the_call_is_refused():
    centre = centre_with()
    for command in (c.CallHeld("c1"), c.CallRetrieved("c1"), c.AgentLegCleared("c1", "8001")):
        assert refusal(centre.do(command)) == "callState"
    for command in (
        c.CallHeld("c9"),
        c.CallRetrieved("c9"),
        c.AgentLegCleared("c9", "8001"),
        c.CallerHungUp("c9"),
        c.CallTaken("c9"),
    ):
        assert refusal(centre.do(command)) == "unknownCall"
    centre.answer("8001")
    assert refusal(centre.do(c.CallRetrieved("c1"))) == "callState"
    assert refusal(centre.do(c.AgentLegCleared("c1", "8002"))) == "callState"


def test_the_agent_leaves_and_the_caller_stays_for_the_survey():
    centre = centre_with()
    centre.answer("8001")
    centre.do(c.CallHeld("c1"))
    centre.wait(4)
    cleared = one(centre.agent_hangs_up("c1", "8001"), ConnectionCleared)
    assert (cleared.by, cleared.held_us) == (ClearedBy.AGENT, 4 * S)
    assert centre.core.calls["c1"].state == "released"
    over = one(centre.hang_up("c1"), CallCleared)
    assert over.outcome is CallOutcome.ANSWERED


@pytest.mark.parametrize(
    ("stage", "outcome"), [("waiting", "taken"), ("offered", "taken"), ("talking", "answered")]
)
def test_the_dialplan_may_take_a_call_back_at_any_time(stage, outcome):
    centre = centre_with()
    if stage == "waiting":
        centre.not_ready("8001")
        centre.fail("8001", OfferOutcome.BUSY)
    if stage == "talking":
        centre.answer("8001")
    events = centre.do(c.CallTaken("c1"))
    assert one(events, CallCleared).outcome == outcome
    if stage == "offered":
        assert one(events, OfferEnded).outcome is OfferOutcome.WITHDRAWN
    if stage == "talking":
        assert one(events, ConnectionCleared).by is ClearedBy.SYSTEM
    assert centre.core.agents["8001"].failures.get("rejected") is None


# --- a restart of ours ----------------------------------------------------------------------------


def test_offers_survive_a_restart():
    centre = centre_with()
    events = told_alike_after_a_restart(centre, c.OfferRinging(centre.offer_of("8001")))
    assert of(events, CallDelivered)
    assert of(centre.told, CallQueued)
