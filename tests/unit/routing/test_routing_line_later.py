"""Life in line, later: the reserve, what is heard, lost places."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Announcement, Reserve, Step
from routing.events import (
    AnnouncementDue,
    CallQueued,
    ReserveChanged,
)
from routing.queue import MAX_DROPPED, MAX_WISHES, Queue
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.small_centres import reserve_centre
from tests.worlds.routing.told import apply, of, one, told_alike_after_a_restart

# --- the reserve -----------------------------------------------------------------------------


def test_opening_serves_the_most_important_first():
    centre = reserve_centre(open_at=3)
    centre.ready("8002")
    centre.call("c1", "q")
    centre.call("c2", "q", priority=50)
    assert centre.offered(centre.call("c3", "q")) == [("c2", "8002")]


def test_an_open_reserve_stays_open_through_a_configuration_that_does_not_name_it():
    centre = reserve_centre(open_at=3, close_at=1)
    for name in ("c1", "c2", "c3"):
        centre.call(name, "q")
    centre.hang_up("c1")
    assert centre.core.queues["q"].reserve_open
    assert of(apply(centre), ReserveChanged) == []
    assert centre.core.queues["q"].reserve_open


def test_a_reserve_that_is_taken_out_of_the_configuration_is_closed():
    centre = reserve_centre(open_at=1, close_at=0)
    centre.call("c1", "q")
    assert centre.core.queues["q"].reserve_open
    apply(centre, queues=(queue("q"), queue("h", need="helpers")))
    assert not centre.core.queues["q"].reserve_open
    assert centre.offered(centre.ready("8002")) == []


def test_the_reserve_joins_every_step_and_the_callers_needs_still_hold():
    centre = Centre(
        [queue("q", need="q>=5", steps=(Step(10 * S, "q"),), reserve=Reserve("helpers", 1))],
        [agent("8001", "q"), agent("8002", "helpers"), agent("8003", "helpers", "uyghur")],
    )
    centre.ready("8002")
    assert centre.offered(centre.call("c1", "q", needs="uyghur")) == []
    centre.wait(11)
    assert centre.offered(centre.ready("8003")) == [("c1", "8003")]
    assert centre.core.queues["q"].needs[1] is not None


def test_anyone_is_already_anyone_with_or_without_a_reserve():
    line = Queue(queue("q", need="", reserve=Reserve("helpers", 1)))
    line.reserve_open = True
    assert line.needs == line.own_needs


def test_a_reserve_survives_a_restart():
    centre = reserve_centre(open_at=2)
    centre.call("c1", "q")
    centre.call("c2", "q")
    centre.do(c.LogOnAgent("8002"))
    events = told_alike_after_a_restart(centre, c.SetAgentState("8002", c.RequestedState.READY))
    assert centre.offered(events) == [("c1", "8002")]


# --- what is heard ----------------------------------------------------------------------------


def heard(events):
    return [(e.call_id, e.sound, e.position) for e in of(events, AnnouncementDue)]


def test_announcements_come_once_or_again_and_again_at_their_time():
    plan = (Announcement("sorry", 10 * S), Announcement("position", 15 * S, 20 * S, "position"))
    centre = Centre([queue("q", announcements=plan)], [])
    centre.call("c1", "q")
    moments = []
    for _ in range(60):
        moments += [
            (e.sound, (centre.now_us - 0) // S) for e in of(centre.wait(1), AnnouncementDue)
        ]
    start_s = moments[0][1] - 10
    assert [(sound, moment - start_s) for sound, moment in moments] == [
        ("sorry", 10),
        ("position", 15),
        ("position", 35),
        ("position", 55),
    ]


def test_the_position_that_is_announced_is_the_present_one():
    plan = (Announcement("position", 10 * S, 10 * S, "position"),)
    centre = Centre([queue("q", announcements=plan)], [])
    centre.call("c1", "q")
    centre.call("c2", "q")
    assert heard(centre.wait(10)) == [("c1", "position", 1), ("c2", "position", 2)]
    centre.hang_up("c1")
    assert heard(centre.wait(10)) == [("c2", "position", 1)]


def test_two_that_are_due_at_once_do_not_talk_over_each_other():
    plan = (Announcement("first", 10 * S), Announcement("second", 10 * S))
    centre = Centre([queue("q", announcements=plan)], [])
    centre.call("c1", "q")
    assert [sound for _, sound, _ in heard(centre.wait(60))] == ["first"]


def test_an_announcement_and_a_step_at_the_same_moment_both_happen():
    plan = (Announcement("sorry", 10 * S),)
    centre = Centre(
        [queue("q", need="q>=5", announcements=plan, steps=(Step(10 * S, "q"),))],
        [agent("8001", "q")],
    )
    centre.ready("8001")
    centre.call("c1", "q")
    events = centre.wait(10)
    assert heard(events) == [("c1", "sorry", 1)]
    assert centre.offered(events) == [("c1", "8001")]


def test_a_wait_that_is_unknown_is_not_announced():
    plan = (Announcement("wait", 10 * S, 0, "wait"),)
    centre = Centre([queue("q", announcements=plan)], [])
    centre.call("c1", "q")
    assert heard(centre.wait(60)) == []


def test_a_wait_that_is_known_is_announced():
    plan = (Announcement("wait", 10 * S, 0, "wait"),)
    centre = Centre([queue("q", announcements=plan, after_call_work_us=0)], [agent("8001", "q")])
    centre.ready("8001")
    for number in range(30):
        centre.call(f"c{number}", "q")
    centre.call("last", "q")
    for number in range(9):
        centre.answer("8001")
        centre.wait(20)
        centre.hang_up(f"c{number}")
    centre.call("new", "q")
    centre.wait(0)
    centre.answer("8001")
    centre.wait(9.999)
    told = one(centre.wait(0.001), AnnouncementDue)
    assert (told.call_id, told.kind, told.position) == ("new", "wait", 22)
    assert told.wait_us == 22 * 20 * S


def test_other_kinds_say_no_wait():
    plan = (Announcement("sorry", 10 * S),)
    centre = Centre([queue("q", announcements=plan)], [])
    centre.call("c1", "q")
    assert one(centre.wait(10), AnnouncementDue).wait_us == -1


def test_nothing_is_played_while_an_agents_phone_rings_and_the_clock_goes_on():
    plan = (Announcement("sorry", 10 * S, 10 * S),)
    centre = Centre([queue("q", announcements=plan)], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q")
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    assert heard(centre.wait(12)) == []
    centre.fail("8001", OfferOutcome.NO_ANSWER)
    assert heard(centre.wait(7.9)) == []
    assert heard(centre.wait(0.1)) == [("c1", "sorry", 1)]


# --- a place regained -------------------------------------------------------------------------


def test_who_dropped_and_is_back_in_time_has_their_place():
    centre = Centre([queue("q", regain_us=60 * S)], [agent("8001", "q")])
    start_us = centre.now_us
    centre.call("c1", "q", caller="138")
    centre.wait(1)
    centre.call("c2", "q", caller="139")
    centre.hang_up("c1")
    centre.wait(60)
    back = one(centre.call("c3", "q", caller="138"), CallQueued)
    assert (back.cause, back.first_queued_us, back.calls_in_front) == ("regained", start_us, 0)
    assert centre.offered(centre.ready("8001")) == [("c3", "8001")]


@pytest.mark.parametrize(
    ("after_s", "caller", "queue_name"),
    [(60.000001, "138", "q"), (1, "139", "q"), (1, "", "q"), (1, "138", "other")],
)
def test_too_late_or_somebody_else_or_elsewhere_is_new(after_s, caller, queue_name):
    centre = Centre([queue("q", regain_us=60 * S), queue("other", regain_us=60 * S)], [])
    centre.call("c1", "q", caller="138")
    centre.hang_up("c1")
    centre.wait(after_s)
    back = one(centre.call("c3", queue_name, caller=caller), CallQueued)
    assert (back.cause, back.first_queued_us) == ("arrived", centre.now_us)


def test_a_place_is_given_back_once():
    centre = Centre([queue("q", regain_us=60 * S)], [])
    centre.call("c1", "q", caller="138")
    centre.hang_up("c1")
    centre.call("c2", "q", caller="138")
    assert one(centre.call("c3", "q", caller="138"), CallQueued).cause == "arrived"


def test_who_was_served_has_no_place_to_come_back_to():
    centre = Centre([queue("q", regain_us=60 * S)], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q", caller="138")
    centre.answer("8001")
    centre.hang_up("c1")
    assert one(centre.call("c2", "q", caller="138"), CallQueued).cause == "arrived"


def test_who_hangs_up_while_the_agents_phone_rings_may_come_back():
    centre = Centre([queue("q", regain_us=60 * S)], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q", caller="138")
    centre.wait(1)
    centre.hang_up("c1")
    assert one(centre.call("c2", "q", caller="138"), CallQueued).cause == "regained"


def test_an_older_first_arrival_of_their_own_is_better_than_the_regained_one():
    centre = Centre([queue("q", regain_us=60 * S)], [])
    centre.call("c1", "q", caller="138")
    centre.hang_up("c1")
    earlier_us = centre.now_us - 90 * S
    back = one(centre.call("c2", "q", caller="138", first_queued_us=earlier_us), CallQueued)
    assert back.first_queued_us == earlier_us


def test_the_last_of_two_drops_counts_and_memory_is_bounded():
    line = Queue(queue("q"))
    line.drop("138", 1, 100)
    line.drop("139", 2, 100)
    line.drop("138", 3, 200)
    assert list(line.dropped) == ["139", "138"]
    assert line.regain("138", 200) == 3
    for number in range(MAX_DROPPED + 1):
        line.drop(str(number), 1, 1)
    assert len(line.dropped) == MAX_DROPPED
    assert "0" not in line.dropped, "the oldest is forgotten first"
    assert str(MAX_DROPPED) in line.dropped


def test_regained_places_survive_a_restart():
    centre = Centre([queue("q", regain_us=60 * S)], [])
    centre.call("c1", "q", caller="138")
    centre.wait(5)
    centre.hang_up("c1")
    events = told_alike_after_a_restart(centre, c.CallArrived("c2", "q", "a1", caller="138"))
    assert one(events, CallQueued).cause == "regained"


def test_wishes_of_a_queue_are_remembered_up_to_a_bound():
    line = Queue(queue("q"))
    for number in range(MAX_WISHES):
        line.remember((0, str(number), ""), ("", line.own_needs[0]))
    assert len(line.wishes) == MAX_WISHES
    line.remember((0, "one more", ""), ("", line.own_needs[0]))
    assert list(line.wishes) == [(0, "one more", "")]
