"""The figures that rank agents and calls, at their edges; and times that add up."""

from routing import commands as c
from routing.config import OutcomePolicy, Policies, Reserve, Strategy
from routing.events import AgentStateChanged, CallQueued, ConnectionCleared
from routing.ids import NO_OFFER
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import decision, one

READY = c.RequestedState.READY


def team(*names, **fields):
    return Centre([queue("q", **fields)], [agent(name, "q") for name in names])


# --- agents -------------------------------------------------------------------------------------


def test_the_least_occupied_comes_first_whoever_has_been_idle_for_longer():
    """Ann has worked for a tenth of the time, Bob for a half; Bob has been idle for longer."""
    centre = team("ann", "bob", strategy=Strategy.LEAST_OCCUPIED, after_call_work_us=0)
    centre.ready("ann", "bob")
    centre.wait(2)
    centre.call("c1", "q")
    centre.call("c2", "q")
    centre.answer("ann")
    centre.answer("bob")
    centre.wait(2)
    centre.hang_up("c2")
    centre.wait(1)
    centre.hang_up("c1")
    assert centre.core.agents["bob"].occupancy_ppm == 500_000
    assert centre.core.agents["ann"].occupancy_ppm == 600_000
    assert centre.offered(centre.call("c3", "q")) == [("c3", "bob")]


def test_who_has_just_signed_on_has_worked_for_nothing_of_no_time():
    """Ann is ready at the moment of logging on, Bob later; neither has worked."""
    centre = team("ann", "bob", strategy=Strategy.LEAST_OCCUPIED)
    centre.ready("ann")
    centre.do(c.LogOnAgent("bob"))
    centre.wait(1)
    centre.do(c.SetAgentState("bob", READY))
    assert centre.offered(centre.call("c1", "q")) == [("c1", "ann")]


def test_occupancy_is_measured_since_the_log_on():
    centre = team("ann", strategy=Strategy.LEAST_OCCUPIED, after_call_work_us=3 * S)
    centre.wait(100)
    centre.ready("ann")
    centre.wait(1)
    centre.call("c1", "q")
    centre.answer("ann")
    centre.wait(6)
    centre.hang_up("c1")
    centre.wait(3)
    assert centre.core.agents["ann"].occupancy_ppm == 900_000
    centre.call("c2", "q")
    centre.answer("ann")
    centre.wait(7)
    centre.hang_up("c2")
    centre.wait(3)
    assert centre.core.agents["ann"].occupancy_ppm == 950_000


def test_each_waits_for_the_agent_whom_they_prefer():
    centre = team("ann", "bob", "cat", sticky_us=20 * S)
    centre.ready("ann")
    centre.call("c1", "q", preferred_agent="ann")
    centre.call("c2", "q", preferred_agent="cat")
    assert centre.offered(centre.call("c3", "q", preferred_agent="bob")) == []
    assert centre.offered(centre.ready("bob")) == [("c3", "bob")]
    assert centre.offered(centre.ready("cat")) == [("c2", "cat")]


def test_asking_for_ready_with_a_reason_leaves_none_behind():
    centre = team("ann")
    centre.ready("ann")
    centre.call("c1", "q")
    centre.not_ready("ann")
    assert len(centre.do(c.SetAgentState("ann", READY, "back"))) == 1
    assert centre.do(c.SetAgentState("ann", READY, "back")) == []
    assert centre.core.agents["ann"].pending_reason == ""


# --- calls --------------------------------------------------------------------------------------


def test_age_that_has_just_reached_its_cap_counts_in_full():
    """Five points of age at most: then the older one of equal score is in front, not before."""
    centre = team("ann", age_cap=5)
    centre.call("c1", "q")
    centre.wait(4.999999)
    assert one(centre.call("c2", "q", priority=5), CallQueued).calls_in_front == 0
    centre.wait(0.000001)
    assert one(centre.call("c3", "q", priority=5), CallQueued).calls_in_front == 2
    assert centre.offered(centre.ready("ann")) == [("c1", "ann")]


def test_points_for_age_come_in_steps():
    """Three points for every seven seconds: after twelve seconds they are three, not five."""
    centre = team(age_points=3, age_every_us=7 * S)
    centre.call("c1", "q")
    centre.wait(12)
    assert one(centre.call("c2", "q", priority=5), CallQueued).calls_in_front == 0
    centre.wait(2)
    assert one(centre.call("c3", "q", priority=5), CallQueued).calls_in_front == 2


def test_a_younger_call_is_in_front_only_when_its_next_point_is_whole():
    centre = team()
    start_us = centre.now_us
    centre.call("c1", "q", priority=1)
    centre.wait(1.999999)
    older = one(centre.call("c2", "q", first_queued_us=start_us - S // 2), CallQueued)
    assert older.calls_in_front == 0
    centre.wait(0.000001)
    older = one(centre.call("c3", "q", first_queued_us=start_us - S // 2), CallQueued)
    assert older.calls_in_front == 2


def test_the_record_says_that_the_reserve_was_opened():
    q = queue("q", reserve=Reserve("helpers", 2, 1))
    centre = Centre([q, queue("h", need="helpers")], [agent("ann", "helpers")])
    centre.ready("ann")
    centre.call("c1", "q")
    assert decision(centre.call("c2", "q")).trigger == "reserveOpened"


def test_times_on_hold_add_up():
    centre = team("ann")
    centre.ready("ann")
    centre.call("c1", "q")
    centre.answer("ann")
    for seconds in (2, 3):
        centre.wait(1)
        centre.do(c.CallHeld("c1"))
        centre.wait(seconds)
        centre.do(c.CallRetrieved("c1"))
    centre.wait(1)
    cleared = one(centre.hang_up("c1"), ConnectionCleared)
    assert (cleared.talked_us, cleared.held_us) == (3 * S, 5 * S)


# --- what is over leaves nothing behind ---------------------------------------------------------


def test_after_an_offer_neither_side_names_it():
    centre = team("ann")
    centre.ready("ann")
    centre.call("c1", "q")
    centre.answer("ann")
    core = centre.core
    assert (core.calls["c1"].offer_id, core.agents["ann"].offer_id) == (NO_OFFER, NO_OFFER)


def test_a_pause_that_is_cut_short_leaves_no_cause_behind():
    centre = team("ann")
    centre.ready("ann")
    centre.call("c1", "q")
    centre.fail("ann", c.OfferOutcome.UNREACHABLE)
    centre.do(c.DeviceReachable("ann", reachable=True))
    found = centre.core.agents["ann"]
    assert (found.gap_until_us, found.gap_cause) == (0, "")


def test_who_is_made_ready_by_their_phone_is_so_by_nobodys_wish():
    unreachable = OutcomePolicy(gap_us=0, not_ready_after=1)
    centre = Centre([queue("q")], [agent("ann", "q")], policies=Policies(unreachable=unreachable))
    centre.ready("ann")
    centre.call("c1", "q")
    centre.fail("ann", c.OfferOutcome.UNREACHABLE)
    centre.hang_up("c1")
    changed = one(centre.do(c.DeviceReachable("ann", reachable=True)), AgentStateChanged)
    assert (changed.state, changed.reason, changed.by) == ("ready", "", "")


def test_who_has_signed_out_has_no_phone_and_no_pause():
    centre = team("ann")
    centre.ready("ann")
    centre.call("c1", "q")
    centre.fail("ann", c.OfferOutcome.BUSY)
    centre.do(c.LogOffAgent("ann"))
    found = centre.core.agents["ann"]
    assert (found.device, found.gap_until_us, found.pending) == ("", 0, "")
    assert centre.core.next_deadline_us() is None
