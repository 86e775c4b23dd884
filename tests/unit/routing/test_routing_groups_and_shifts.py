"""Agents: after-call work, groups, the last call, training seats."""

from routing import commands as c
from routing.agent import Agent
from routing.commands import OfferOutcome
from routing.config import Limits
from routing.events import (
    AgentGroupsChanged,
    AgentLoggedOff,
    AgentState,
    AgentStateChanged,
    CallEstablished,
    DeviceChanged,
    OfferMade,
)
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.small_centres import READY, WORK, in_state, pair, shown
from tests.worlds.routing.told import apply, of, one, refusal, told_alike_after_a_restart

# --- after-call work ----------------------------------------------------------------------------


def working(**fields):
    centre = pair(**fields)
    in_state(centre, "busy")
    centre.hang_up("c1")
    assert centre.core.agents["8001"].shown == AgentState.WORKING_AFTER_CALL
    return centre


def test_only_after_call_work_can_be_made_longer():
    centre = pair()
    centre.ready("8001")
    assert refusal(centre.do(c.ExtendAfterCallWork("8001", S))) == "agentState"


def test_more_time_asked_for_in_the_call_is_open_ended_but_not_for_ever():
    centre = Centre(
        [queue("loans", after_call_work_us=5 * S)],
        [agent("8001", "loans")],
        limits=Limits(open_work_us=600 * S),
    )
    in_state(centre, "busy")
    centre.do(c.SetAgentState("8001", WORK))
    told = of(centre.hang_up("c1"), AgentStateChanged)[-1]
    assert (told.state, told.pending) == (AgentState.WORKING_AFTER_CALL, "")
    assert told.until_us == centre.now_us + 600 * S
    assert centre.wait(599) == []
    assert shown(centre.wait(1)) == [("ready", "", "")]


def test_an_idle_agent_may_take_time_for_the_record_too():
    centre = pair()
    centre.ready("8001")
    told = one(centre.do(c.SetAgentState("8001", WORK)), AgentStateChanged)
    assert (told.until_us, told.call_id) == (centre.now_us + 1800 * S, "")
    assert centre.offered(centre.call("c1", "loans")) == []
    assert centre.offered(centre.do(c.SetAgentState("8001", READY))) == [("c1", "8001")]


def test_busy_and_after_call_work_count_as_worked_time():
    centre = working(after_call_work_us=30 * S)
    centre.wait(30)
    centre.do(c.SetAgentState("8001", WORK))
    centre.wait(10)
    centre.do(c.SetAgentState("8001", READY))
    assert centre.core.agents["8001"].worked_us == 40 * S


# --- groups --------------------------------------------------------------------------------------


def test_signing_off_one_group_leaves_the_others():
    centre = pair()
    centre.ready("8001")
    told = one(
        centre.do(c.ServeGroup("8001", "loans", serving=False, by="boss")), AgentGroupsChanged
    )
    assert (told.groups, told.by) == ((("cards", 1),), "boss")
    assert centre.offered(centre.call("c1", "loans")) == []
    assert centre.offered(centre.call("c2", "cards")) == [("c2", "8001")]


def test_signing_on_to_a_group_again_finds_who_waits_for_it():
    centre = pair()
    centre.ready("8001")
    centre.do(c.ServeGroup("8001", "loans", serving=False))
    centre.call("c1", "loans")
    events = centre.do(c.ServeGroup("8001", "loans", serving=True))
    assert one(events, AgentGroupsChanged).groups == (("loans", 3), ("cards", 1))
    assert one(events, OfferMade).decision.trigger == "groupsChanged"


def test_a_group_that_is_so_already_is_no_event_and_a_foreign_one_is_refused():
    centre = pair()
    centre.ready("8001")
    assert centre.do(c.ServeGroup("8001", "loans", serving=True)) == []
    centre.do(c.ServeGroup("8001", "loans", serving=False))
    assert centre.do(c.ServeGroup("8001", "loans", serving=False)) == []
    assert refusal(centre.do(c.ServeGroup("8001", "vip", serving=True))) == "unknownGroup"


def test_giving_a_group_up_in_a_call_does_not_cut_it():
    centre = pair()
    in_state(centre, "busy")
    centre.do(c.ServeGroup("8001", "loans", serving=False))
    assert centre.talking("8001") == "c1"


def test_groups_given_up_survive_a_restart_and_a_new_configuration():
    centre = pair()
    centre.ready("8001")
    centre.do(c.ServeGroup("8001", "loans", serving=False))
    apply(centre, agents=(agent("8001", "loans:5", "cards:2"), agent("8002", "loans:1")))
    assert centre.core.agents["8001"].skills == {"cards": 2}
    events = told_alike_after_a_restart(centre, c.CallArrived("c1", "loans", "a1"))
    assert centre.offered(events) == []


def test_primary_agents_come_before_back_ups():
    """A primary member has the group at level 2; a step lets the back-ups in."""
    from routing.config import Step

    centre = Centre(
        [queue("loans", need="loans>=2", steps=(Step(15 * S, "loans"),))],
        [agent("primary", "loans:2"), agent("back-up", "loans:1")],
    )
    centre.ready("back-up")
    centre.call("c1", "loans")
    assert centre.offered(centre.wait(14)) == []
    assert centre.offered(centre.wait(1)) == [("c1", "back-up")]
    centre.ready("primary")
    assert centre.offered(centre.call("c2", "loans")) == [("c2", "primary")]


def test_who_joins_again_is_looked_at_in_the_order_of_signing_on():
    """What a decision record names first is the same in a restored engine."""
    centre = Centre([queue("loans")], [agent(name, "loans", "x") for name in ("a", "b", "c", "d")])
    centre.ready("a", "b", "c", "d")
    for number in range(3):
        centre.call(f"c{number}", "loans")
    centre.do(c.ServeGroup("a", "loans", serving=False))
    centre.do(c.ServeGroup("a", "loans", serving=True))
    events = told_alike_after_a_restart(centre, c.CallArrived("c9", "loans", "a1"))
    why = one(events, OfferMade).decision.passed_over
    assert why == (("a", "reserved"), ("b", "reserved"), ("c", "reserved"))


# --- the last call -------------------------------------------------------------------------------


def test_after_the_last_call_the_agent_is_signed_off():
    centre = pair(after_call_work_us=0)
    centre.ready("8001")
    assert centre.do(c.MarkLastCall("8001")) == []
    centre.call("c1", "loans")
    assert shown(centre.answer("8001")) == [("busy", "", "null")]
    assert of(centre.hang_up("c1"), AgentLoggedOff)


def test_an_offer_that_failed_was_not_the_last_call():
    centre = pair(after_call_work_us=0)
    centre.ready("8001")
    centre.do(c.MarkLastCall("8001"))
    centre.call("c1", "loans")
    assert of(centre.hang_up("c1"), AgentLoggedOff) == []
    assert centre.core.agents["8001"].is_offerable


def test_the_call_they_are_in_may_be_the_last():
    centre = pair(after_call_work_us=0)
    in_state(centre, "busy")
    assert shown(centre.do(c.MarkLastCall("8001"))) == [("busy", "", "null")]
    assert of(centre.hang_up("c1"), AgentLoggedOff)


def test_the_mark_can_be_taken_back_before_the_call():
    centre = pair(after_call_work_us=0)
    centre.ready("8001")
    centre.do(c.MarkLastCall("8001"))
    centre.do(c.MarkLastCall("8001", on=False))
    centre.call("c1", "loans")
    centre.answer("8001")
    assert of(centre.hang_up("c1"), AgentLoggedOff) == []


def test_a_wish_of_their_own_goes_before_the_mark():
    centre = pair(after_call_work_us=0)
    centre.ready("8001")
    centre.do(c.MarkLastCall("8001"))
    centre.call("c1", "loans")
    centre.not_ready("8001", "meal")
    centre.answer("8001")
    assert shown(centre.hang_up("c1"))[-1] == ("notReady", "meal", "")


# --- training seats ------------------------------------------------------------------------------


def school():
    return Centre([queue("loans")], [agent("8001", "loans"), agent("kid", "loans", training=True)])


def test_a_training_seat_never_touches_a_real_call():
    centre = school()
    centre.ready("kid")
    assert centre.offered(centre.call("c1", "loans")) == []
    assert centre.offered(centre.call("c2", "loans", needs="@kid")) == []
    assert centre.offered(centre.call("c3", "loans", preferred_agent="kid")) == []


def test_a_practice_call_never_touches_a_real_agent():
    centre = school()
    centre.ready("8001")
    assert centre.offered(centre.call("p1", "loans", training=True)) == []
    assert centre.offered(centre.ready("kid")) == [("p1", "kid")]


def test_practice_survives_a_restart():
    centre = school()
    centre.call("p1", "loans", training=True)
    centre.do(c.LogOnAgent("kid"))
    events = told_alike_after_a_restart(centre, c.SetAgentState("kid", READY))
    assert centre.offered(events) == [("p1", "kid")]


# --- why not --------------------------------------------------------------------------------------


def test_the_record_says_why_each_of_the_others_was_not_free():
    centre = Centre(
        [queue("loans", after_call_work_us=60 * S)],
        [agent(name, "loans") for name in ("acw", "busy", "gap", "gone", "out", "pause", "ring")],
        limits=Limits(decision_rows=10),
    )
    centre.ready("acw")
    centre.call("c1", "loans")
    centre.answer("acw")
    centre.hang_up("c1")
    centre.ready("busy")
    centre.call("c2", "loans")
    centre.answer("busy")
    centre.ready("gap")
    centre.call("c3", "loans")
    centre.fail("gap", OfferOutcome.BUSY)
    centre.hang_up("c3")
    centre.ready("gone", "pause")
    centre.do(c.DeviceReachable("gone", reachable=False))
    centre.not_ready("pause", "meal")
    centre.ready("ring")
    centre.call("c4", "loans")
    centre.do(c.LogOnAgent("out"))
    centre.call("c5", "loans")
    events = centre.do(c.SetAgentState("out", READY))
    assert dict(one(events, OfferMade).decision.passed_over) == {
        "acw": "afterCallWork",
        "busy": "busy",
        "gap": "gap:busy",
        "gone": "deviceUnreachable",
        "pause": "meal",
        "ring": "reserved",
    }


def test_why_not_has_a_word_for_every_case():
    from routing.agent import AgentStatus, AgentWork
    from routing.words import DeviceState

    found = Agent("8001", agent("8001", "loans"))
    assert found.why_not("a1") == "loggedOff"
    found.status, found.reason = AgentStatus.NOT_READY, "meal"
    assert found.why_not("a1") == "meal"
    found.status = AgentStatus.READY
    assert found.why_not("a1") == ""
    found.gap_until_us, found.gap_cause = 1, "busy"
    assert found.why_not("a1") == "gap:busy"
    found.gap_until_us = 0
    found.phone.hear({"a1": DeviceState.UNREACHABLE, "a2": DeviceState.REACHABLE}, ("a1", "a2"))
    assert found.why_not("a1") == "deviceElsewhere"
    assert found.why_not("a2") == ""
    found.phone.hear({"a1": DeviceState.UNREACHABLE, "a2": DeviceState.MISSING}, ("a1", "a2"))
    assert found.why_not("a2") == "deviceUnreachable"
    found.phone.hear({"a1": DeviceState.MISSING, "a2": DeviceState.MISSING}, ("a1", "a2"))
    assert found.why_not("a1") == "deviceMissing"
    found.work = AgentWork.RESERVED
    assert found.why_not("a1") == "reserved"


# --- the phone ------------------------------------------------------------------------------------


def test_a_phone_that_comes_and_goes_is_told_once_each_time():
    centre = pair()
    centre.ready("8001")
    gone = c.DeviceReachable("8001", reachable=False)
    assert one(centre.do(gone), DeviceChanged).reachable is False
    assert centre.do(gone) == []
    assert (
        one(centre.do(c.DeviceReachable("8001", reachable=True)), DeviceChanged).reachable is True
    )


def test_a_phone_that_is_gone_while_it_talks_does_not_end_the_call():
    centre = pair(after_call_work_us=0)
    in_state(centre, "busy")
    centre.do(c.DeviceReachable("8001", reachable=False))
    assert centre.talking("8001") == "c1"
    centre.call("c2", "loans")
    assert centre.offered(centre.hang_up("c1")) == []
    assert centre.count(CallEstablished) == 1
