"""Break caps: so many at once, the next one waits for a turn; a supervisor may say otherwise."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome, RequestedState
from routing.config import BreakCap
from routing.events import AgentStateChanged, BreakQueued
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, changed, of, one, told_alike_after_a_restart

NAMES = ("8001", "8002", "8003", "8004")
ONE_AT_A_TIME = BreakCap("", ("break", "meal"), 1)


def team(*caps, ready=NAMES):
    centre = Centre(
        [queue("loans", after_call_work_us=5 * S)],
        [agent(name, "loans") for name in NAMES[:3]] + [agent("8004", "cards")],
        break_caps=caps or (ONE_AT_A_TIME,),
    )
    centre.ready(*ready)
    return centre


def with_cards(centre, name):
    """The configuration in which this agent does cards."""
    agents = [agent(name, "cards") if a.agent_id == name else a for a in centre.core.base.agents]
    return changed(centre.core.base, agents=tuple(agents))


def back(centre, name):
    return centre.do(c.SetAgentState(name, RequestedState.READY))


def states(events):
    return [(e.agent_id, str(e.state), e.reason) for e in of(events, AgentStateChanged)]


def test_the_first_has_their_break_and_the_next_is_told_their_place():
    centre = team()
    assert states(centre.not_ready("8001")) == [("8001", "notReady", "break")]
    queued = one(centre.not_ready("8002", "meal"), BreakQueued)
    assert (queued.agent_id, queued.reason, queued.in_front) == ("8002", "meal", 0)
    assert one(centre.not_ready("8003"), BreakQueued).in_front == 1
    assert centre.core.agents["8002"].status == "ready"


def test_who_waits_for_their_break_goes_on_working():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    assert centre.offered(centre.call("c1", "loans")) == [("c1", "8002")]


def test_breaks_are_granted_in_the_order_of_asking():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8003")
    centre.not_ready("8002")
    assert states(back(centre, "8001")) == [("8001", "ready", ""), ("8003", "notReady", "break")]
    assert states(back(centre, "8003")) == [("8003", "ready", ""), ("8002", "notReady", "break")]


def test_who_waits_in_front_for_another_cap_holds_nobody_up():
    centre = team(BreakCap("loans", ("break",), 1), BreakCap("cards", ("meal",), 1))
    centre.do(c.LogOffAgent("8003"))
    centre.do(c.ApplyConfig(with_cards(centre, "8003")))
    centre.ready("8003")
    centre.not_ready("8001")
    centre.not_ready("8004", "meal")
    centre.not_ready("8002")
    assert one(centre.not_ready("8003", "meal"), BreakQueued).in_front == 1
    assert states(back(centre, "8004"))[1:] == [("8003", "notReady", "meal")]
    assert list(centre.core.breaks) == ["8002"]


def test_asking_twice_is_asking_once_and_another_reason_is_a_new_request():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    centre.not_ready("8003")
    assert centre.not_ready("8002") == []
    assert one(centre.not_ready("8002", "meal"), BreakQueued).in_front == 1


@pytest.mark.parametrize("state", [RequestedState.READY, RequestedState.WORKING_AFTER_CALL])
def test_another_wish_takes_the_request_back(state):
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    centre.do(c.SetAgentState("8002", state))
    assert centre.core.breaks == {}
    assert states(back(centre, "8001")) == [("8001", "ready", "")]


def test_signing_off_takes_the_request_back_and_frees_the_place():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    centre.not_ready("8003")
    centre.do(c.LogOffAgent("8002"))
    assert list(centre.core.breaks) == ["8003"]
    events = centre.do(c.LogOffAgent("8001"))
    assert ("8003", "notReady", "break") in states(events)


def test_a_supervisor_may_send_them_all_the_same():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    told = one(centre.not_ready("8002", by="boss", override=True), AgentStateChanged)
    assert (told.reason, told.by) == ("break", "boss")
    assert centre.core.breaks == {}
    back(centre, "8001")
    assert one(centre.not_ready("8003"), BreakQueued), "who was sent counts"


def test_a_break_asked_for_in_a_call_counts_as_taken():
    centre = team()
    centre.call("c1", "loans")
    centre.answer("8001")
    assert one(centre.not_ready("8001"), AgentStateChanged).pending == "notReady"
    assert of(centre.not_ready("8002"), BreakQueued)


def test_who_is_in_a_call_when_their_break_is_granted_gets_it_afterwards():
    centre = team()
    centre.not_ready("8001")
    centre.call("c1", "loans")
    centre.answer("8002")
    centre.not_ready("8002")
    told = of(back(centre, "8001"), AgentStateChanged)
    assert [(e.agent_id, e.pending) for e in told] == [("8001", ""), ("8002", "notReady")]
    centre.hang_up("c1")
    assert states(centre.wait(5)) == [("8002", "notReady", "break")]


def test_taking_the_wish_back_frees_the_place():
    centre = team()
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.not_ready("8001")
    centre.not_ready("8002")
    events = back(centre, "8001")
    assert ("8002", "notReady", "break") in states(events)


def test_from_one_capped_reason_to_another_they_need_no_second_place():
    centre = team()
    centre.not_ready("8001", "break")
    assert states(centre.not_ready("8001", "meal")) == [("8001", "notReady", "meal")]


def test_reasons_that_no_cap_names_are_free():
    centre = team()
    centre.not_ready("8001")
    assert states(centre.not_ready("8002", "training")) == [("8002", "notReady", "training")]


def test_a_cap_of_a_group_counts_and_binds_its_members_only():
    centre = team(BreakCap("loans", ("break",), 1))
    assert states(centre.not_ready("8004"))
    assert states(centre.not_ready("8001"))
    assert of(centre.not_ready("8002"), BreakQueued)


def test_of_several_caps_each_must_have_room():
    centre = team(BreakCap("", ("break",), 3), BreakCap("loans", ("break",), 1))
    centre.not_ready("8001")
    assert of(centre.not_ready("8002"), BreakQueued)


def test_a_cap_of_nought_lets_nobody_go():
    centre = team(BreakCap("", ("break",), 0))
    assert of(centre.not_ready("8001"), BreakQueued)


def test_who_was_set_not_ready_waits_for_their_break_there():
    centre = team(ready=("8001", "8002"))
    centre.not_ready("8002")
    centre.call("c1", "loans")
    centre.not_ready("8001")
    centre.fail("8001", OfferOutcome.NO_ANSWER)
    assert centre.core.agents["8001"].reason == "ringNoAnswer"
    assert ("8001", "notReady", "break") in states(back(centre, "8002"))


def test_a_larger_cap_grants_at_once():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    events = apply(centre, break_caps=(BreakCap("", ("break", "meal"), 2),))
    assert states(events) == [("8002", "notReady", "break")]


def test_a_new_cap_counts_who_is_on_a_break_already():
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans")])
    centre.ready("8001", "8002")
    centre.not_ready("8001")
    apply(centre, break_caps=(ONE_AT_A_TIME,))
    assert of(centre.not_ready("8002"), BreakQueued)


def test_a_cap_that_was_gone_for_a_while_remembers_no_ghosts():
    """Who came back, or left the house, while there was no cap does not count."""
    centre = team(BreakCap("loans", ("break",), 1))
    centre.not_ready("8001")
    caps = centre.core.base.break_caps
    apply(centre, break_caps=())
    centre.do(c.LogOffAgent("8001"))
    apply(centre, agents=centre.core.base.agents[1:])
    apply(centre, break_caps=caps)
    assert states(centre.not_ready("8002")) == [("8002", "notReady", "break")]


def test_a_member_who_changes_groups_is_counted_where_they_are():
    centre = team(BreakCap("loans", ("break",), 1))
    centre.not_ready("8004")
    specs = centre.core.base.agents
    apply(centre, agents=(*specs[:3], agent("8004", "cards", "loans")))
    assert of(centre.not_ready("8001"), BreakQueued)


def test_requests_and_breaks_survive_a_restart():
    centre = team()
    centre.not_ready("8001")
    centre.not_ready("8002")
    queued = told_alike_after_a_restart(
        centre, c.SetAgentState("8003", RequestedState.NOT_READY, "break")
    )
    assert one(queued, BreakQueued).in_front == 1
    told = told_alike_after_a_restart(centre, c.SetAgentState("8001", RequestedState.READY))
    assert ("8002", "notReady", "break") in states(told)
