"""An Asterisk that is not heard, takes no orders, or has died: what becomes of its calls."""

from routing import commands as c
from routing.events import (
    CallCleared,
    CallOutcome,
    OfferEnded,
    OfferMade,
    TelephonyChanged,
)
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one


def centre_with():
    """8001 alone, and a call that is offered."""
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q")
    return centre


def test_an_offer_is_not_timed_while_its_asterisk_is_away_and_gets_its_full_time_afterwards():
    for stage, seconds in enumerate((3, 17, 5)):
        centre = centre_with()
        offer_id = centre.offer_of("8001")
        for report in (c.OfferRinging, c.OfferAnswered)[:stage]:
            centre.do(report(offer_id))
        centre.do(c.TelephonyLost("a1"))
        assert centre.wait(60) == []
        centre.do(c.TelephonyRestored("a1"))
        assert of(centre.wait(seconds - 0.1), OfferEnded) == []
        assert of(centre.wait(0.1), OfferEnded)


def test_reports_that_still_come_are_taken_without_a_deadline():
    centre = centre_with()
    centre.do(c.TelephonyLost("a1"))
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    assert centre.core.next_deadline_us() == centre.now_us + 600 * S


def test_waiting_calls_of_a_lost_asterisk_are_not_offered_until_it_is_back():
    centre = Centre([queue("q"), queue("r", need="q")], [agent("8001", "q")])
    centre.call("c1", "q")
    centre.do(c.CallArrived("c2", "r", "a2"))
    assert one(centre.do(c.TelephonyLost("a1")), TelephonyChanged).state == "lost"
    assert centre.do(c.TelephonyLost("a1")) == []
    assert centre.offered(centre.ready("8001")) == [("c2", "8001")]
    centre.hang_up("c2")
    events = centre.do(c.TelephonyRestored("a1"))
    assert one(events, TelephonyChanged).state == "up"
    assert centre.offered(events) == [("c1", "8001")]
    assert centre.do(c.TelephonyRestored("a1")) == []


def test_the_most_important_of_those_who_are_back_is_served_first():
    centre = Centre([queue("q")], [agent("8001", "q")])
    centre.call("c1", "q")
    centre.call("c2", "q", priority=9)
    centre.do(c.TelephonyLost("a1"))
    centre.ready("8001")
    events = centre.do(c.TelephonyRestored("a1"))
    assert centre.offered(events) == [("c2", "8001")]
    assert one(events, OfferMade).decision.trigger == "telephonyRestored"


def test_an_asterisk_that_is_away_for_too_long_is_dead_and_its_calls_with_it():
    centre = centre_with()
    centre.answer("8001")
    centre.call("c2", "q")
    centre.do(c.TelephonyLost("a1"))
    assert centre.wait(599) == []
    events = centre.wait(1)
    assert one(events, TelephonyChanged).state == "gone"
    assert [e.outcome for e in of(events, CallCleared)] == ["answered", "lost"]
    assert centre.core.calls == {}


def test_an_asterisk_that_is_heard_and_takes_no_orders_is_not_given_up():
    """It waits for its last conversation to end, as long as that takes."""
    centre = centre_with()
    centre.answer("8001")
    for _ in range(3):
        centre.do(c.TelephonyLost("a1", heard=True))
        assert centre.wait(599) == []
    assert centre.do(c.TelephonyLost("a1")) == []  # not heard any more: the time runs on
    assert one(centre.wait(1), TelephonyChanged).state == "gone"
    assert centre.do(c.TelephonyLost("a1", heard=True)) == []
    assert centre.core.next_deadline_us() is None


def test_a_call_that_arrives_from_a_dead_asterisk_shows_that_it_lives():
    """Its calls have a deadline again; they are offered when the link is back."""
    centre = centre_with()
    assert one(centre.do(c.TelephonyGone("a1")), CallCleared).outcome is CallOutcome.LOST
    assert centre.core.next_deadline_us() is None
    centre.call("c2", "q")
    assert centre.core.next_deadline_us() == centre.now_us + 600 * S
    assert centre.offered(centre.do(c.TelephonyRestored("a1"))) == [("c2", "8001")]


def test_a_second_death_is_told_once():
    centre = centre_with()
    centre.do(c.TelephonyGone("a1"))
    assert centre.do(c.TelephonyGone("a1")) == []


def test_who_waits_beside_nobody_when_the_link_is_back_is_sent_on():
    from routing.config import Overflow
    from routing.events import CallDiverted

    centre = Centre(
        [queue("q", overflows=(Overflow("noAvailableAgents", to_extension="closed"),))],
        [agent("8001", "q")],
    )
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "q")
    centre.do(c.TelephonyLost("a1"))
    centre.do(c.LogOffAgent("8001"))
    assert one(centre.do(c.TelephonyRestored("a1")), CallDiverted).to_extension == "closed"
