"""Life in line: overflow and its causes, closing time, the reserve, what is heard, lost places."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Limits, Overflow, Step
from routing.events import (
    CallCleared,
    CallDiverted,
    CallOutcome,
    CallQueued,
    QueueAcceptingChanged,
    ReserveChanged,
)
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.small_centres import reserve_centre
from tests.worlds.routing.told import apply, of, one, refusal, told_alike_after_a_restart

# --- overflow ---------------------------------------------------------------------------------

CAUSES = ("queueFull", "noAvailableAgents", "queueTimeOverflow", "calendarOverflow")


def overflowing(to_queue="b", to_extension="", **fields):
    """Queue a sends on for every cause; b is served by 8002."""
    ways = tuple(Overflow(cause, to_queue, to_extension) for cause in CAUSES)
    return Centre(
        [queue("a", overflows=ways, **fields), queue("b")],
        [agent("8001", "a"), agent("8002", "b")],
    )


def provoke(centre, cause):
    """Make queue a send call c1 on, for this cause."""
    centre.do(c.LogOnAgent("8002" if cause == "noAvailableAgents" else "8001"))
    if cause == "calendarOverflow":
        centre.do(c.SetQueueAccepting("a", accepting=False))
    if cause == "queueFull":
        centre.call("c0", "a")
    return centre.call("c1", "a") + centre.wait(30)


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_own_name_on_the_way_to_another_queue(cause):
    centre = overflowing(max_waiting=1, max_wait_us=30 * S)
    events = [e for e in provoke(centre, cause) if getattr(e, "call_id", "") == "c1"]
    diverted = one(events, CallDiverted)
    assert (diverted.cause, diverted.queue_id, diverted.to_queue) == (cause, "a", "b")
    queued = of(events, CallQueued)[-1]
    assert (queued.queue_id, queued.cause) == ("b", cause)
    assert (diverted.request_no, queued.request_no) == (1, 2), "a human is asked for once more"


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_own_name_on_the_way_out(cause):
    centre = overflowing("", "mailbox", max_waiting=1, max_wait_us=30 * S)
    events = [e for e in provoke(centre, cause) if getattr(e, "call_id", "") == "c1"]
    diverted = one(events, CallDiverted)
    assert (diverted.cause, diverted.to_queue, diverted.to_extension) == (cause, "", "mailbox")
    assert one(events, CallCleared).outcome is CallOutcome.DIVERTED
    assert "c1" not in centre.core.calls


@pytest.mark.parametrize("cause", ["queueFull", "queueTimeOverflow", "calendarOverflow"])
def test_without_an_overflow_the_call_leaves_with_the_cause(cause):
    centre = Centre(
        [queue("a", max_waiting=1, max_wait_us=30 * S)], [agent("8001", "a"), agent("8002", "b")]
    )
    diverted = next(e for e in of(provoke(centre, cause), CallDiverted) if e.call_id == "c1")
    assert (diverted.cause, diverted.to_queue, diverted.to_extension) == (cause, "", "")


def test_nobody_signed_on_is_no_reason_to_leave_unless_the_queue_says_so():
    centre = Centre([queue("a")], [agent("8001", "a")])
    assert of(centre.call("c1", "a"), CallQueued)


def test_who_is_signed_on_but_on_a_break_is_waited_for():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    assert one(centre.call("c1", "a"), CallQueued).queue_id == "a"


def test_who_would_do_after_relaxation_counts_as_signed_on():
    centre = overflowing(steps=(Step(60 * S, "b"),))
    centre.do(c.LogOnAgent("8002"))
    assert one(centre.call("c1", "a"), CallQueued).queue_id == "a"


def test_when_the_last_one_signs_off_who_waits_is_sent_on_in_the_order_of_the_line():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "a")
    centre.call("c2", "a", priority=5)
    centre.call("c3", "a")
    centre.hang_up("c1")
    centre.wait(1)
    events = told_alike_after_a_restart(centre, c.LogOffAgent("8001"))
    assert [e.call_id for e in of(events, CallDiverted)] == ["c2", "c3"]


def test_a_line_with_somebody_left_stays():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.do(c.LogOnAgent("8002"))
    centre.call("c1", "a")
    centre.call("c2", "b")
    assert of(centre.do(c.LogOffAgent("8002")), CallDiverted) == [], "b does not send on"


def test_when_the_last_one_gives_up_the_group_who_waits_is_sent_on():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "a")
    events = centre.do(c.ServeGroup("8001", "a", serving=False))
    assert one(events, CallDiverted).cause == "noAvailableAgents"


def test_when_a_new_configuration_leaves_nobody_who_waits_is_sent_on():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "a")
    events = apply(centre, agents=(agent("8001", "other"), agent("8002", "b")))
    assert one(events, CallDiverted).cause == "noAvailableAgents"


def test_too_many_changes_of_queue_end_outside_with_their_own_cause():
    """A ring of full queues: ten hops, then out."""
    ring = [
        queue("a", max_waiting=1, overflows=(Overflow("queueFull", "b"),)),
        queue("b", max_waiting=1, overflows=(Overflow("queueFull", "a"),)),
    ]
    centre = Centre(ring, [])
    centre.call("c1", "a")
    centre.call("c2", "b")
    diverted = of(centre.call("c3", "a"), CallDiverted)
    assert [e.cause for e in diverted] == ["queueFull"] * 10 + ["maximumHops"]
    assert diverted[-1].to_queue == ""
    assert centre.core.outcomes == {"diverted": 1}


def test_a_call_that_was_offered_when_its_time_came_is_sent_on_when_the_offer_fails():
    centre = overflowing(max_wait_us=10 * S)
    centre.ready("8001")
    centre.call("c1", "a")
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    events = centre.wait(30)
    assert [(e.cause, e.waited_us) for e in of(events, CallDiverted)] == [
        ("queueTimeOverflow", 17 * S)
    ]


def test_a_shorter_wait_of_a_new_configuration_holds_for_who_waits_already():
    centre = overflowing(max_wait_us=300 * S)
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "a")
    centre.wait(60)
    a, b = centre.core.base.queues
    ways = a.overflows
    apply(centre, queues=(queue("a", overflows=ways, max_wait_us=20 * S), b))
    assert one(centre.wait(0), CallDiverted).waited_us == 60 * S


def test_the_wait_of_an_offered_call_is_not_cut():
    centre = overflowing(max_wait_us=10 * S)
    centre.ready("8001")
    centre.call("c1", "a")
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    assert centre.wait(12) == []
    centre.do(c.LegsBridged(centre.offer_of("8001")))
    assert centre.talking("8001") == "c1"


def test_a_router_that_holds_all_it_may_takes_no_more():
    centre = Centre([queue("a")], [], limits=Limits(calls=2))
    centre.call("c1", "a")
    centre.call("c2", "a")
    assert refusal(centre.call("c3", "a")) == "tooManyCalls"


def test_a_call_is_taken_in_once():
    centre = Centre([queue("a")], [])
    centre.call("c1", "a")
    assert refusal(centre.call("c1", "a")) == "callExists"
    assert refusal(centre.call("c2", "nowhere")) == "unknownQueue"


# --- closing time -----------------------------------------------------------------------------


def test_at_closing_time_who_waits_is_served_and_nobody_new_is_taken():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.call("c1", "a")
    closed = one(
        centre.do(c.SetQueueAccepting("a", accepting=False, by="boss")), QueueAcceptingChanged
    )
    assert (closed.accepting, closed.by) == (False, "boss")
    assert one(centre.call("c2", "a"), CallDiverted).cause == "calendarOverflow"
    centre.do(c.SetAgentState("8001", c.RequestedState.READY))
    assert centre.offered(centre.fail("8001", OfferOutcome.REJECTED)) == []
    assert centre.offered(centre.wait(5)) == [("c1", "8001")], "who was rejected is not new"


def test_a_queue_opens_again():
    centre = overflowing()
    centre.do(c.LogOnAgent("8001"))
    centre.do(c.SetQueueAccepting("a", accepting=False))
    assert centre.do(c.SetQueueAccepting("a", accepting=False)) == []
    centre.do(c.SetQueueAccepting("a", accepting=True))
    assert one(centre.call("c1", "a"), CallQueued).queue_id == "a"
    assert refusal(centre.do(c.SetQueueAccepting("x", accepting=True))) == "unknownQueue"


def test_closing_survives_a_restart():
    centre = overflowing()
    centre.do(c.SetQueueAccepting("a", accepting=False))
    events = told_alike_after_a_restart(centre, c.CallArrived("c1", "a", "a1"))
    assert of(events, CallDiverted)[0].cause == "calendarOverflow"


# --- the reserve ------------------------------------------------------------------------------


def test_helpers_are_asked_when_so_many_wait_and_no_longer_when_few_do():
    centre = reserve_centre(after_call_work_us=0)
    centre.ready("8002")
    assert centre.offered(centre.call("c1", "q") + centre.call("c2", "q")) == []
    events = centre.call("c3", "q")
    assert one(events, ReserveChanged).open is True
    assert one(events, ReserveChanged).waiting == 3
    assert centre.offered(events) == [("c1", "8002")]
    centre.answer("8002")
    events = centre.hang_up("c1")
    assert centre.offered(events) == [("c2", "8002")]
    assert one(events, ReserveChanged).open is False
    centre.answer("8002")
    assert centre.offered(centre.hang_up("c2")) == [], "one waits: no need any more"


def test_the_line_keeps_its_order_when_the_reserve_opens_and_closes():
    centre = reserve_centre(open_at=3, close_at=0, after_call_work_us=0)
    for number in range(4):
        centre.wait(1)
        centre.call(f"c{number}", "q")
    order = []
    centre.ready("8001")
    for _ in range(4):
        order.append(centre.core.agents["8001"].call_id)
        centre.hang_up(order[-1])
    assert order == ["c0", "c1", "c2", "c3"]


@pytest.mark.parametrize("leave", ["hang up", "taken", "overflow"])
def test_the_reserve_closes_however_the_callers_leave(leave):
    fields = {"max_wait_us": 60 * S} if leave == "overflow" else {}
    centre = reserve_centre(open_at=2, close_at=0, **fields)
    centre.call("c1", "q")
    centre.call("c2", "q")
    assert centre.core.queues["q"].reserve_open
    for name in ("c1", "c2"):
        if leave == "hang up":
            centre.hang_up(name)
        elif leave == "taken":
            centre.do(c.CallTaken(name))
    centre.wait(60)
    assert not centre.core.queues["q"].reserve_open
    centre.ready("8002")
    assert centre.offered(centre.call("c3", "q")) == []
