"""Starting a transfer: who may, to whom, and what stands in line then."""

import pytest

from routing import commands as c
from routing.config import Announcement, Boost, Overflow
from routing.events import (
    CallCleared,
    CallDiverted,
    CallQueued,
    ConnectionCleared,
    OfferMade,
)
from routing.ids import AgentId, CallId, consultation_id, contact_of
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed
from tests.worlds.routing.centre import S, queue
from tests.worlds.routing.transfer_desk import (
    CARDS_WORK,
    KINDS,
    Desk,
    closed,
    names,
    one,
    refused,
    talks,
    told,
    unreachable,
)

QUEUE_TO_AGENT, OVERFLOW, RECALL = IfMissed.QUEUE_TO_AGENT, IfMissed.OVERFLOW, IfMissed.RECALL


# --- a second call ------------------------------------------------------------------------------


def test_a_consultation_is_a_call_of_its_own():
    desk = Desk()
    desk.ready("cat")
    events = desk.start("consult", "cards")
    assert names(events) == ["TransferStarted", "CallQueued", "AgentStateChanged", "OfferMade"]
    started, made = one(events, t.TransferStarted), one(events, OfferMade)
    assert started.consult_id == made.call_id == "c1~2"
    assert (started.request_no, started.queue_id, started.agent_id) == (2, "cards", "ann")
    assert made.transfer_id == started.transfer_id
    assert made.agent_id == "cat"
    assert made.decision.need == "cards"
    assert desk.customer == "talking ann"


def test_ids_say_whose_consultation_it_is():
    assert consultation_id(CallId("a1-17.3"), 4) == "a1-17.3~4"
    assert contact_of(CallId("a1-17.3~4")) == "a1-17.3"
    assert contact_of(CallId("a1-17.3")) == "a1-17.3"


def test_no_caller_can_take_the_name_of_a_consultation():
    assert refused(Desk().call("x~2", "loans")) is Refusal.BAD_VALUE


def test_it_stands_where_the_customer_would():
    """First-queue time, priority, boosts, needs and arrival number are the customer's."""
    desk = Desk(boosts=(Boost("r1", "vip", 30),))
    desk.call("c0", "loans")
    desk.wait(10)
    desk.call("c2", "loans", priority=4, tags=("vip",), needs="loans")
    desk.hang_up("c1")
    desk.wait(20)
    desk.answer("ann")
    desk.ready("cat")
    desk.not_ready("cat")
    desk.wait(100)
    desk.call("young", "cards", priority=30)
    queued = one(desk.start("consult", "cards", call="c2"), CallQueued)
    customer, consult = desk.core.calls[CallId("c2")], desk.core.calls[CallId("c2~2")]
    for field in ("first_queued_us", "priority", "needs", "rules", "number", "caller", "training"):
        assert getattr(consult, field) == getattr(customer, field), field
    assert queued.first_queued_us == customer.first_queued_us
    assert queued.calls_in_front == 0, "it is older than whoever came since"


def test_the_longest_wait_counts_from_the_transfer():
    """A long talk is no waiting."""
    slow = queue("cards", max_wait_us=60 * S, overflows=(Overflow("queueTimeOverflow", "loans"),))
    desk = Desk()
    desk.change(slow)
    desk.ready("cat")
    desk.not_ready("cat")
    desk.wait(600)
    desk.start("consult", "cards", wait_us=200 * S)
    assert told(desk.wait(59), CallDiverted) == []
    diverted = one(desk.wait(1), CallDiverted)
    assert (diverted.call_id, diverted.waited_us) == ("c1~2", 60 * S)
    assert desk.core.calls[CallId("c1~2")].request_no == 3


def test_its_announcements_are_nobodys_to_hear():
    desk = Desk()
    loud = queue("cards", announcements=(Announcement("hello", 5 * S, 10 * S),))
    desk.change(loud)
    desk.ready("cat")
    desk.not_ready("cat")
    desk.start("consult", "cards")
    assert "AnnouncementDue" not in names(desk.wait(50))


def test_one_agent_is_asked_whatever_they_can_do():
    """A chosen agent is chosen: the queue's need is for those who choose nobody."""
    desk = Desk()
    desk.ready("cat", "bob")
    made = one(desk.start("consult", "cat"), OfferMade)
    assert (made.agent_id, made.queue_id, made.decision.need) == ("cat", "loans", "@cat")


def test_request_numbers_are_used_once():
    desk = Desk()
    desk.ready("cat")
    for number in (2, 3, 4):
        assert one(desk.start("blind", "cards"), t.TransferStarted).request_no == number
        desk.cancel()
    assert desk.core.calls[CallId("c1")].request_no == 1
    desk.start("blind", "cards")
    desk.answer("cat")
    assert desk.core.calls[CallId("c1")].request_no == 5


def test_consultations_are_not_in_the_books():
    desk = Desk()
    desk.ready("cat")
    desk.start("consult", "cards")
    desk.cancel()
    desk.hang_up("c1")
    assert desk.core.outcomes == {"answered": 1}
    assert desk.core.arrived == 1


# --- a group ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_with_a_free_agent_reaches_them(kind):
    desk = Desk()
    desk.ready("cat")
    made = one(desk.start(kind, "cards"), OfferMade)
    assert made.agent_id == "cat"
    assert made.request_no == 2


def test_a_group_without_a_free_agent_leaves_the_sender_the_choice():
    """R023: the sender hears place and forecast, and waits on, cancels, or leaves the customer."""
    desk = Desk()
    desk.ready("cat")
    desk.not_ready("cat")
    queued = one(desk.start("consult", "cards"), CallQueued)
    assert (queued.call_id, queued.calls_in_front) == ("c1~2", 0)
    assert desk.customer == "talking ann"
    events = desk.complete()
    assert one(events, t.CallTransferred).connection == "queued"
    assert one(events, CallQueued).call_id == "c1"
    assert (desk.customer, desk.work("ann")) == ("in cards", "afterCallWork")


def test_in_a_group_the_next_agent_is_asked():
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start("consult", "cards")
    made = one(desk.fail("cat", c.OfferOutcome.REJECTED), OfferMade)
    assert (made.agent_id, made.call_id, made.request_no) == ("dan", "c1~2", 2)


def test_the_sender_is_not_somebody_of_the_group():
    """The sender's own group, of which nobody else is there."""
    assert refused(Desk().start("blind", "loans")) is Refusal.NOBODY_SIGNED_IN


# --- policies at the start ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("prepare", "rule"), [(talks, "busy"), (unreachable, "not_ready")])
def test_queue_to_agent_waits_for_that_agent(kind, prepare, rule):
    desk = Desk()
    prepare(desk)
    desk.ready("dan")
    events = desk.start(kind, "cat", **{rule: QUEUE_TO_AGENT})
    assert told(events, OfferMade) == [], "dan would be free, but was not asked for"
    if prepare is talks:
        desk.hang_up("c8")
        events = desk.wait(CARDS_WORK // S)
    else:
        events = desk.do(c.DeviceReachable(AgentId("cat"), reachable=True))
    assert one(events, OfferMade).agent_id == "cat"


@pytest.mark.parametrize("kind", KINDS)
def test_overflow_asks_a_queue_instead(kind):
    desk = Desk()
    talks(desk)
    desk.ready("dan")
    events = desk.start(kind, "cat", busy=OVERFLOW, overflow_to="cards")
    assert one(events, OfferMade).agent_id == "dan"
    assert one(events, t.TransferStarted).queue_id == "cards"


def test_an_overflow_that_is_closed_is_refused():
    desk = Desk()
    talks(desk)
    closed(desk)
    assert refused(desk.start("blind", "cat", busy=OVERFLOW, overflow_to="cards")) == "queueClosed"


@pytest.mark.parametrize("rule", [RECALL, QUEUE_TO_AGENT, OVERFLOW])
def test_no_policy_helps_against_an_agent_who_is_not_there(rule):
    policy = {"busy": rule, "no_answer": rule, "not_ready": rule, "overflow_to": "cards"}
    assert refused(Desk().start("blind", "cat", **policy)) is Refusal.NOT_LOGGED_ON


# --- single step --------------------------------------------------------------------------------


def test_single_step_releases_the_sender_at_once():
    desk = Desk()
    desk.ready("cat")
    desk.not_ready("cat")
    desk.wait(9)
    events = desk.start("singleStep", "cards")
    assert names(events) == [
        "TransferStarted",
        "ConnectionCleared",
        "AgentStateChanged",
        "CallTransferred",
        "CallQueued",
    ]
    assert one(events, ConnectionCleared).by == "transfer"
    transferred = one(events, t.CallTransferred)
    assert (transferred.call_id, transferred.secondary_old_call) == ("c1", "c1")
    assert (transferred.transferring_device, transferred.transferred_to_device) == ("phone-ann", "")
    assert (desk.customer, desk.work("ann"), desk.state) == ("in cards", "afterCallWork", "")
    assert told(events, CallCleared) == []


def test_single_step_to_an_agent_is_over_when_they_answer():
    desk = Desk()
    desk.ready("cat")
    made = one(desk.start("singleStep", "cat"), OfferMade)
    assert (made.call_id, made.transfer_id) == ("c1", 0), "the customer is delivered as any other"
    desk.answer("cat")
    assert (desk.customer, desk.state) == ("talking cat", "")


def test_a_customer_who_was_called_back_is_on_the_line_when_transferred():
    desk = Desk()
    desk.call("c2", "loans")
    desk.do(c.BookCallback(CallId("c2"), "138"))
    desk.hang_up("c1")
    desk.wait(5)
    desk.answer("ann")
    desk.ready("cat")
    made = one(desk.start("singleStep", "cards", call="c2"), OfferMade)
    assert made.callback == ""
    assert one(desk.hang_up("c2"), CallCleared).outcome == "answered"
