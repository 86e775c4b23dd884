"""What happens when the target cannot be had, rule by rule, and when nobody is found in time."""

import msgspec
import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import OutcomePolicy, Overflow, Policies
from routing.events import (
    CallCleared,
    CallDiverted,
    CallEstablished,
    CallQueued,
    OfferEnded,
    OfferMade,
)
from routing.ids import NO_AGENT, NO_CALL, NO_TRANSFER, AgentId, CallId, QueueId
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed
from tests.worlds.routing.centre import S, queue
from tests.worlds.routing.transfer_desk import (
    Desk,
    alone,
    alone_ringing,
    names,
    one,
    queued,
    recalling,
    ringing,
    told,
)

QUEUE_TO_AGENT, OVERFLOW = IfMissed.QUEUE_TO_AGENT, IfMissed.OVERFLOW

GENTLE = OutcomePolicy(gap_us=2 * S)
"""A missed offer leaves an agent ready, after a pause."""


def gentle() -> Desk:
    desk = Desk(policies=Policies(GENTLE, GENTLE, GENTLE, GENTLE))
    desk.ready("cat")
    return desk


# --- wait for that agent ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["blind", "consult", "singleStep"])
def test_queue_to_agent_asks_them_again_up_to_the_limit(kind):
    """The target is asked after each pause; a phone that rings at the limit rings on."""
    desk = gentle()
    rules = {"no_answer": QUEUE_TO_AGENT, "wait_us": 10 * S}
    desk.start(kind, "cat", **rules)
    for _ in range(4):
        desk.wait(1)
        desk.fail("cat", OfferOutcome.NO_ANSWER)
        desk.wait(2)
    asked = [made.agent_id for made in told(desk.told, OfferMade)]
    assert asked == ["ann", *["cat"] * 4, *(["ann"] if kind == "singleStep" else [])]
    failed = one(desk.told, t.TransferFailed)
    assert failed.cause == "recallNoAnswer"


def test_a_phone_that_rings_at_the_limit_is_not_interrupted():
    desk = gentle()
    desk.start("consult", "cat", wait_us=2 * S)
    desk.do(c.OfferRinging(desk.offer_of("cat")))
    assert desk.wait(10) == []
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert desk.state == "consulting"


def test_but_when_it_was_not_answered_nobody_else_is_asked():
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start("consult", "cards", wait_us=2 * S)
    desk.do(c.OfferRinging(desk.offer_of("cat")))
    desk.wait(10)
    events = desk.fail("cat", OfferOutcome.REJECTED)
    assert told(events, OfferMade) == []
    assert one(events, t.TransferFailed).cause == "recallBusy"


def test_the_limit_of_the_wait():
    desk = queued()
    assert told(desk.wait(59), t.TransferFailed) == []
    events = desk.wait(1)
    assert one(events, t.TransferFailed).cause == "recallResourcesNotAvailable"
    assert one(events, CallCleared).call_id == "c1~2"
    assert (desk.customer, desk.state) == ("talking ann", "")


def test_the_limit_of_the_wait_for_one_who_talks():
    desk = alone()
    failed = one(desk.wait(60), t.TransferFailed)
    assert failed.cause == "recallBusy"


# --- overflow -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["blind", "consult"])
def test_overflow_when_they_do_not_answer(kind):
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start(kind, "cat", no_answer=OVERFLOW, overflow_to="cards")
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    diverted, made = one(events, CallDiverted), one(events, OfferMade)
    assert (diverted.call_id, diverted.to_queue, diverted.cause) == (
        "c1~2",
        "cards",
        "recallNoAnswer",
    )
    assert (made.call_id, made.agent_id, made.request_no) == ("c1~2", "dan", 3)
    desk.answer("dan")
    assert desk.state == ("" if kind == "blind" else "consulting")


def test_overflow_after_a_single_step_makes_an_ordinary_call_of_it():
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start("singleStep", "cat", no_answer=OVERFLOW, overflow_to="cards")
    made = one(desk.fail("cat", OfferOutcome.NO_ANSWER), OfferMade)
    assert (made.call_id, made.agent_id, desk.state) == ("c1", "dan", "")


def test_an_overflow_that_cannot_take_them_is_a_recall():
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start("blind", "cat", no_answer=OVERFLOW, overflow_to="cards")
    desk.do(c.SetQueueAccepting(QueueId("cards"), accepting=False))
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert one(events, t.TransferFailed).cause == "recallNoAnswer"
    assert desk.customer == "talking ann"


def test_an_overflow_that_is_no_more_is_a_recall():
    desk = Desk(queues=[queue("spare", need="cards")])
    desk.ready("cat", "dan")
    desk.start("blind", "cat", no_answer=OVERFLOW, overflow_to="spare")
    desk.config = Desk().config
    desk.change()
    assert one(desk.fail("cat", OfferOutcome.NO_ANSWER), t.TransferFailed)


# --- queues that send their callers on ----------------------------------------------------------


def test_a_consultation_follows_an_overflow_of_the_queue():
    desk = queued()
    desk.change(queue("cards", overflows=(Overflow("noAvailableAgents", QueueId("loans")),)))
    events = desk.do(c.LogOffAgent(AgentId("cat")))
    assert one(events, CallDiverted).to_queue == "loans"
    assert desk.core.calls[CallId("c1~2")].queue_id == "loans"


def test_a_consultation_cannot_leave_the_router():
    """Where a caller would be sent to an extension, the sender hears that nobody was found."""
    desk = queued()
    away = Overflow("noAvailableAgents", to_extension="mailbox")
    desk.change(queue("cards", overflows=(away,)))
    events = desk.do(c.LogOffAgent(AgentId("cat")))
    assert told(events, CallDiverted) == []
    assert one(events, t.TransferFailed).cause == "recallResourcesNotAvailable"
    assert desk.customer == "talking ann"


def test_who_wants_one_agent_is_not_sent_on_with_the_queue():
    """Nobody of the queue is left, but the agent waited for is of another."""
    desk = Desk()
    desk.change(queue("loans", overflows=(Overflow("noAvailableAgents", QueueId("cards")),)))
    desk.ready("cat", "bob")
    desk.not_ready("cat")
    desk.start("singleStep", "cat", not_ready=QUEUE_TO_AGENT)
    desk.do(c.LogOffAgent(AgentId("bob")))
    desk.do(c.LogOffAgent(AgentId("ann")))
    desk.wait(6)
    assert desk.core.agents[AgentId("ann")].status == "loggedOff"
    assert desk.customer == "in loans for cat"


# --- the target signs out -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "customer"),
    [
        ({"not_ready": QUEUE_TO_AGENT}, "in loans for cat"),
        ({"busy": QUEUE_TO_AGENT}, "in loans for ann"),
        ({"busy": QUEUE_TO_AGENT, "not_ready": OVERFLOW, "overflow_to": "cards"}, "in cards"),
    ],
)
def test_the_agent_who_is_waited_for_signs_out(rules, customer):
    desk = Desk()
    desk.ready("cat", "dan")
    desk.not_ready("dan")
    if "busy" in rules:
        desk.call("c2", "cards")
        desk.answer("cat")
    else:
        desk.not_ready("cat")
    desk.start("singleStep", "cat", **rules)
    desk.do(c.LogOffAgent(AgentId("cat")))
    if "busy" in rules:
        desk.agent_hangs_up("c2", "cat")
        desk.do(c.SetAgentState(AgentId("ann"), c.RequestedState.WORKING_AFTER_CALL))
        desk.do(c.ExtendAfterCallWork(AgentId("ann"), 60 * S))
        desk.wait(7)
    assert desk.core.agents[AgentId("cat")].status == "loggedOff"
    assert desk.customer == customer


def test_a_consultation_ends_when_its_target_signs_out():
    desk = Desk()
    desk.ready("cat")
    desk.call("c2", "cards")
    desk.answer("cat")
    desk.start("consult", "cat", busy=QUEUE_TO_AGENT)
    desk.do(c.LogOffAgent(AgentId("cat")))
    desk.hang_up("c2")
    events = desk.wait(7)
    assert one(events, t.TransferFailed).cause == "recallResourcesNotAvailable"
    assert desk.customer == "talking ann"


# --- the recall ---------------------------------------------------------------------------------


def test_the_recall_asks_the_sender_first():
    desk = alone_ringing()
    desk.ready("bob")
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert names(events)[:4] == ["OfferEnded", "TransferFailed", "CallDiverted", "CallQueued"]
    assert one(events, CallQueued).cause == "recallNoAnswer"
    assert told(events, OfferMade) == [], "bob would be free, but ann is asked first"
    made = one(desk.wait(5), OfferMade)
    assert (made.agent_id, made.call_id, made.transfer_id) == ("ann", "c1", 0)
    assert one(desk.answer("ann"), CallEstablished).request_no == 3
    assert (desk.customer, desk.state) == ("talking ann", "")


def test_a_sender_who_is_not_free_in_time_is_not_waited_for():
    desk = recalling()
    desk.do(c.ExtendAfterCallWork(AgentId("ann"), 60 * S))
    desk.ready("bob")
    made = one(desk.wait(30), OfferMade)
    assert (made.agent_id, made.queue_id, desk.state) == ("bob", "loans", "")


@pytest.mark.parametrize("how", ["signs out", "pauses", "has no phone"])
def test_a_sender_who_cannot_take_calls_is_not_waited_for(how):
    desk = alone_ringing()
    desk.ready("bob")
    if how == "signs out":
        desk.do(c.LogOffAgent(AgentId("ann")))
        desk.wait(5)
    elif how == "pauses":
        desk.not_ready("ann")
    else:
        desk.do(c.DeviceReachable(AgentId("ann"), reachable=False))
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert one(events, OfferMade).agent_id == "bob"
    assert desk.state == ""


def test_a_sender_who_signs_out_while_they_are_waited_for():
    desk = recalling()
    desk.ready("bob")
    desk.do(c.LogOffAgent(AgentId("ann")))
    events = desk.wait(5)
    assert one(events, OfferMade).agent_id == "bob"
    assert desk.state == ""


def test_a_sender_who_does_not_answer_either():
    desk = recalling()
    desk.wait(5)
    events = desk.fail("ann", OfferOutcome.NO_ANSWER)
    assert (desk.customer, desk.state) == ("in loans", "")
    assert one(events, CallQueued).request_no == 4


def test_the_customer_leaves_while_recalled_and_that_is_told_once():
    desk = recalling()
    events = desk.hang_up("c1")
    assert told(events, t.TransferFailed) == []
    assert one(events, CallCleared).outcome == "answered"


def test_a_sender_whose_record_is_gone_is_not_waited_for():
    desk = alone_ringing()
    desk.ready("bob")
    desk.do(c.LogOffAgent(AgentId("ann")))
    desk.wait(5)
    agents = tuple(spec for spec in desk.config.agents if spec.agent_id != "ann")
    desk.do(c.ApplyConfig(msgspec.structs.replace(desk.config, agents=agents)))
    assert one(desk.fail("cat", OfferOutcome.NO_ANSWER), OfferMade).agent_id == "bob"


def test_in_a_transfer_to_an_agent_each_failure_ends_the_offer_as_usual():
    """The target's own counters and rules are those of any other offer."""
    desk = ringing()
    ended = one(desk.fail("cat", OfferOutcome.NO_ANSWER), OfferEnded)
    assert ended.call_id == "c1~2"
    cat = desk.core.agents[AgentId("cat")]
    assert (cat.failures, cat.reason) == ({"noAnswer": 1}, "ringNoAnswer")


def test_overflow_to_a_queue_that_nobody_but_the_sender_serves_is_a_recall():
    desk = Desk()
    desk.ready("cat")
    desk.start("consult", "cat", no_answer=OVERFLOW, overflow_to="loans")
    failed = one(desk.fail("cat", OfferOutcome.NO_ANSWER), t.TransferFailed)
    assert (failed.cause, failed.consulting, desk.customer) == (
        "recallNoAnswer",
        False,
        "talking ann",
    )


@pytest.mark.parametrize("end", ["cancel", "missed", "complete", "never bridged"])
def test_after_a_transfer_nothing_of_it_is_left_in_the_customers_call(end):
    desk = ringing()
    if end == "cancel":
        desk.cancel()
    elif end == "missed":
        desk.fail("cat", OfferOutcome.REJECTED)
    elif end == "never bridged":
        desk.do(c.LegsBridged(desk.offer_of("cat")))
        desk.agent_hangs_up("c1", "ann")
        desk.wait(60)
    else:
        desk.do(c.LegsBridged(desk.offer_of("cat")))
        desk.complete()
        desk.bridged()
    call = desk.core.calls[CallId("c1")]
    assert (call.transfer_id, call.consult_for, call.wanted) == (NO_TRANSFER, NO_CALL, NO_AGENT)


def test_who_signs_out_is_waited_for_no_longer_whoever_else_is_waited_for():
    """Two customers wait, the first for dan, the second for cat, who talks and then goes home."""
    desk = Desk()
    desk.ready("bob", "cat", "dan")
    desk.call("c2", "loans")
    desk.answer("bob")
    desk.call("c8", "cards")
    desk.answer("cat")
    desk.not_ready("dan")
    desk.start("consult", "dan", not_ready=QUEUE_TO_AGENT)
    desk.start("consult", "cat", call="c2", by="bob", busy=QUEUE_TO_AGENT)
    desk.not_ready("cat")
    desk.hang_up("c8")
    desk.wait(7)
    events = desk.do(c.LogOffAgent(AgentId("cat")))
    assert one(events, t.TransferFailed).call_id == "c2"
    assert [each.call_id for each in desk.core.transfers.values()] == ["c1"]
