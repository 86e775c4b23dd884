"""A call-back: the place in line stays, the line goes; dialled only when an agent is reserved."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Announcement, Overflow, Step
from routing.events import (
    AnnouncementDue,
    CallbackBooked,
    CallCleared,
    CallOutcome,
    CallQueued,
    CallRelaxed,
    OfferEnded,
    OfferMade,
)
from routing.handlers.on_callbacks import MAX_NUMBER
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one, refusal, told_alike_after_a_restart

NUMBER = "013800138000"


def centre_with(**fields):
    return Centre([queue("q", after_call_work_us=0, **fields)], [agent("8001", "q")])


def booked(**fields):
    """c1 waits for a call-back, c2 on the line behind it."""
    centre = centre_with(**fields)
    centre.call("c1", "q")
    centre.wait(1)
    centre.call("c2", "q")
    assert one(centre.do(c.BookCallback("c1", NUMBER)), CallbackBooked).number == NUMBER
    assert centre.hang_up("c1") == []
    return centre


def test_the_place_is_kept_without_a_channel():
    centre = booked()
    centre.wait(600)
    offer = one(centre.ready("8001"), OfferMade)
    assert (offer.call_id, offer.callback) == ("c1", NUMBER)
    assert offer.decision.waited_us == 601 * S


def test_nothing_is_dialled_before_an_agent_is_reserved():
    centre = booked()
    assert centre.wait(3600) == []


def test_callers_on_the_line_have_no_number_to_dial():
    centre = centre_with()
    centre.ready("8001")
    assert one(centre.call("c1", "q"), OfferMade).callback == ""


def test_a_called_back_customer_is_a_contact_like_any_other():
    centre = booked()
    centre.ready("8001")
    centre.answer("8001")
    centre.wait(30)
    over = one(centre.hang_up("c1"), CallCleared)
    assert (over.outcome, over.talked_us) == (CallOutcome.ANSWERED, 30 * S)


def test_a_customer_who_does_not_answer_is_tried_again_later_and_the_agent_goes_on():
    centre = booked(callback_attempts=2, callback_retry_us=300 * S)
    centre.ready("8001")
    events = centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    assert one(events, OfferEnded).outcome == "customerUnreachable"
    assert one(events, CallQueued).cause == "customerUnreachable"
    assert centre.offered(events) == [("c2", "8001")]
    centre.answer("8001")
    centre.hang_up("c2")
    assert centre.offered(centre.wait(299.9)) == []
    again = centre.wait(0.1)
    assert centre.offered(again) == [("c1", "8001")]
    assert one(again, OfferMade).decision.trigger == "callbackDue"


def test_after_the_last_attempt_it_is_over():
    centre = booked(callback_attempts=2, callback_retry_us=60 * S)
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.hang_up("c2")
    centre.wait(60)
    over = one(centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE), CallCleared)
    assert over.outcome is CallOutcome.CALLBACK_FAILED
    assert centre.core.calls == {}
    assert len(centre.core.deadlines) == 0


def test_a_customer_who_is_not_reached_costs_the_agent_nothing():
    centre = booked()
    centre.ready("8001")
    before = centre.core.agents["8001"].idle_since_us
    centre.hang_up("c2")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    found = centre.core.agents["8001"]
    assert (found.failures, found.gap_until_us, found.idle_since_us) == ({}, 0, before)
    assert found.is_offerable


def test_an_agent_who_does_not_answer_keeps_the_callbacks_place():
    centre = booked()
    centre.ready("8001")
    events = centre.fail("8001", OfferOutcome.NO_ANSWER)
    assert one(events, CallQueued).calls_in_front == 0
    assert centre.core.calls["c1"].attempts == 0


def test_the_goodbye_may_come_after_an_agent_was_found():
    """The customer hangs up the moment an agent becomes free: the promise holds."""
    centre = centre_with()
    centre.call("c1", "q")
    centre.do(c.BookCallback("c1", NUMBER))
    centre.ready("8001")
    assert centre.hang_up("c1") == []
    assert centre.talking("8001") == ""
    centre.answer("8001")
    assert centre.talking("8001") == "c1"


def test_nobody_on_the_line_can_be_reported_unreachable():
    centre = centre_with()
    centre.ready("8001")
    centre.call("c1", "q")
    assert refusal(centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)) == "offerState"


@pytest.mark.parametrize("number", ["1", "+8613800138000", "*72#0138", "1" * MAX_NUMBER])
def test_numbers_that_can_be_dialled(number):
    centre = centre_with()
    centre.call("c1", "q")
    assert of(centre.do(c.BookCallback("c1", number)), CallbackBooked)


@pytest.mark.parametrize("number", ["", "1" * (MAX_NUMBER + 1), "138 0013", "138;rm", "sip:x"])
def test_numbers_that_cannot(number):
    centre = centre_with()
    centre.call("c1", "q")
    assert refusal(centre.do(c.BookCallback("c1", number))) == "badValue"


def test_what_cannot_be_booked_or_cancelled_says_why():
    centre = centre_with()
    assert refusal(centre.do(c.BookCallback("c1", NUMBER))) == "unknownCall"
    assert refusal(centre.do(c.CancelCallback("c1"))) == "unknownCall"
    centre.call("c1", "q")
    assert refusal(centre.do(c.CancelCallback("c1"))) == "callState"
    centre.do(c.BookCallback("c1", NUMBER))
    assert refusal(centre.do(c.BookCallback("c1", NUMBER))) == "callState"
    centre.ready("8001")
    assert refusal(centre.do(c.CancelCallback("c1"))) == "callState"
    centre.answer("8001")
    assert refusal(centre.do(c.BookCallback("c1", NUMBER))) == "callState"


def test_a_cancelled_call_back_gives_its_place_up():
    centre = booked()
    over = one(centre.do(c.CancelCallback("c1")), CallCleared)
    assert over.outcome is CallOutcome.CALLBACK_CANCELLED
    assert centre.offered(centre.ready("8001")) == [("c2", "8001")]


def test_a_call_back_can_be_cancelled_between_two_attempts():
    centre = booked(callback_attempts=3)
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.do(c.CancelCallback("c1"))
    assert "c1" not in centre.core.calls
    centre.hang_up("c2")
    assert centre.wait(3600) == []


def test_the_wait_between_attempts_is_no_place_in_front_of_others():
    centre = booked(callback_attempts=3)
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    assert one(centre.call("c3", "q"), CallQueued).calls_in_front == 0


def test_nothing_is_played_to_who_hung_up_with_a_promise():
    centre = booked(announcements=(Announcement("sorry", 10 * S, 10 * S),))
    heard = of(centre.wait(60), AnnouncementDue)
    assert {e.call_id for e in heard} == {"c2"}


def test_a_call_back_is_relaxed_like_any_other():
    centre = booked(need="q>=5", steps=(Step(10 * S, "q"),))
    assert "c1" in [e.call_id for e in of(centre.wait(10), CallRelaxed)]


@pytest.mark.parametrize("where", [{"to_extension": "mailbox"}, {}])
def test_a_promise_has_no_longest_wait(where):
    centre = booked(max_wait_us=60 * S, overflows=(Overflow("queueTimeOverflow", **where),))
    centre.wait(600)
    assert list(centre.core.calls) == ["c1"]
    assert centre.offered(centre.ready("8001")) == [("c1", "8001")]


def test_a_promise_waits_for_agents_to_come_back_in_the_morning():
    centre = Centre(
        [queue("q", overflows=(Overflow("noAvailableAgents", to_extension="closed"),))],
        [agent("8001", "q")],
    )
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "q")
    centre.call("c2", "q")
    centre.do(c.BookCallback("c1", NUMBER))
    centre.do(c.LogOffAgent("8001"))
    assert list(centre.core.calls) == ["c1"]


def test_it_is_not_dialled_from_an_asterisk_that_is_away():
    centre = booked(callback_attempts=3, callback_retry_us=60 * S)
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.hang_up("c2")
    centre.do(c.TelephonyLost("a1"))
    assert centre.offered(centre.wait(120)) == []
    assert centre.offered(centre.do(c.TelephonyRestored("a1"))) == [("c1", "8001")]


def test_it_survives_the_death_of_its_asterisk():
    centre = booked()
    centre.do(c.TelephonyGone("a1"))
    assert list(centre.core.calls) == ["c1"]
    centre.do(c.TelephonyRestored("a1"))
    assert centre.offered(centre.ready("8001")) == [("c1", "8001")]


def test_a_pause_that_ends_while_its_asterisk_is_away_is_over():
    """Restored before the pause ends: it still waits for the pause."""
    centre = booked(callback_attempts=3, callback_retry_us=60 * S)
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.hang_up("c2")
    centre.do(c.TelephonyLost("a1"))
    centre.wait(10)
    assert centre.offered(centre.do(c.TelephonyRestored("a1"))) == []
    assert centre.offered(centre.wait(50)) == [("c1", "8001")]


def test_a_promise_survives_a_restart():
    centre = booked()
    events = told_alike_after_a_restart(centre, c.LogOnAgent("8001"))
    assert events
    events = told_alike_after_a_restart(centre, c.SetAgentState("8001", c.RequestedState.READY))
    assert one(events, OfferMade).callback == NUMBER


def test_the_dialplan_may_take_the_call_back_over():
    centre = booked()
    assert one(centre.do(c.CallTaken("c1")), CallCleared).outcome is CallOutcome.TAKEN


def test_what_was_taken_between_two_attempts_is_not_tried_again():
    centre = centre_with(callback_retry_us=60 * S)
    centre.call("c1", "q")
    centre.do(c.BookCallback("c1", NUMBER))
    centre.hang_up("c1")
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.do(c.CallTaken("c1"))
    assert centre.core.next_deadline_us() is None
    assert centre.wait(61) == []
