"""Whose time is whose in a transfer, what the sender asks for, and Asterisks that fall
silent.
"""

import pytest

from routing import commands as c
from routing import invariants
from routing.commands import OfferOutcome
from routing.config import Step
from routing.events import (
    AgentStateChanged,
    CallCleared,
    CallEstablished,
    CallQueued,
    ConnectionCleared,
    OfferMade,
)
from routing.ids import AgentId, CallId
from routing.refusals import Refusal
from routing.transfers import messages as t
from tests.worlds.routing.centre import S, queue
from tests.worlds.routing.transfer_desk import (
    CARDS_WORK,
    LOANS_WORK,
    SITUATIONS,
    Desk,
    blind,
    completing,
    names,
    offer,
    one,
    refused,
    ringing,
    told,
)

# --- whose time ---------------------------------------------------------------------------------


def test_each_agent_has_their_own_talk_time():
    """Complaint 17 (asterisk#759): nobody is charged for what another one talked."""
    desk = Desk()
    desk.ready("cat")
    desk.wait(100)  # ann talks
    desk.start("consult", "cat")
    desk.wait(2)
    desk.answer("cat")
    desk.wait(30)  # ann consults cat, the customer is on hold
    desk.complete()
    events = desk.bridged()
    desk.wait(3)  # less than ann's after-call work
    desk.wait(600)  # cat talks
    events += desk.hang_up("c1")
    spent = {
        (e.call_id, e.request_no, e.agent_id): (e.talked_us // S, e.held_us // S)
        for e in told(events, ConnectionCleared)
    }
    assert spent == {
        ("c1", 1, "ann"): (102, 30),
        ("c1~2", 2, "cat"): (30, 0),
        ("c1", 2, "cat"): (603, 0),
    }
    assert told(events, CallCleared)[-1].talked_us == (102 + 603) * S


def test_after_call_work_of_each_agent_separately():
    """R018: each agent by the queue of that agent's request, and from that agent's end."""
    desk = completing()
    desk.bridged()
    ann, cat = desk.core.agents[AgentId("ann")], desk.core.agents[AgentId("cat")]
    assert ann.work_until_us == desk.now_us + LOANS_WORK
    desk.wait(60)
    assert ann.work == "idle"
    events = desk.hang_up("c1")
    assert cat.work_until_us == desk.now_us + desk.core.queues["loans"].spec.after_call_work_us
    changed = told(events, AgentStateChanged)
    assert [(e.agent_id, e.state, e.call_id) for e in changed] == [
        ("cat", "workingAfterCall", "c1")
    ]


def test_after_call_work_is_that_of_the_group_transferred_to():
    desk = Desk()
    desk.ready("cat")
    desk.start("blind", "cards")
    desk.answer("cat")
    desk.hang_up("c1")
    assert desk.core.agents[AgentId("cat")].work_until_us == desk.now_us + CARDS_WORK


def test_the_old_agents_clock_is_their_own():
    """Complaint 4 (asterisk#607): a transfer resets nobody's time, neither now nor at its end."""
    desk = blind()
    ann = desk.core.agents[AgentId("ann")]
    desk.wait(4)
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    desk.wait(LOANS_WORK // S)
    idle_since_us = ann.idle_since_us
    assert idle_since_us == desk.now_us
    desk.wait(100)
    desk.hang_up("c1")
    assert ann.idle_since_us == idle_since_us
    assert (ann.calls, desk.core.agents[AgentId("cat")].calls) == (1, 1)


def test_place_and_age_are_kept_through_all_of_it():
    """Complaint 18: whatever happens to the transfer, the customer's wait counts whole."""
    desk = Desk()
    first_us = desk.core.calls[CallId("c1")].first_queued_us
    desk.ready("cat")
    desk.wait(300)
    desk.start("singleStep", "cat")
    desk.call("young", "loans")
    queued = one(desk.fail("cat", OfferOutcome.NO_ANSWER), CallQueued)
    assert queued.first_queued_us == first_us
    assert queued.calls_in_front == 0
    assert one(desk.wait(5), OfferMade).call_id == "c1", "ann is asked first"


def test_the_second_request_has_its_own_wait():
    """KPI rule C15: the wait for the second agent is the second request's."""
    desk = Desk()
    desk.ready("cat")
    desk.wait(200)
    desk.start("blind", "cards")
    desk.wait(2)
    offer_id = desk.offer_of("cat")
    established = one(desk.do(c.LegsBridged(offer_id)), CallEstablished)
    assert (established.request_no, established.waited_us) == (2, 2 * S)
    assert one(desk.hang_up("c1"), CallCleared).waited_us == 0, "the first wait is the contact's"


# --- the sender's wishes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["queued", "ringing", "consulting", "conferenced", "completing"])
def test_what_the_sender_asks_for_themselves_is_kept_until_they_are_released(name):
    desk = SITUATIONS[name]()
    changed = one(desk.not_ready("ann"), AgentStateChanged)
    assert (changed.state, changed.pending) == ("busy", "notReady")
    desk.hang_up("c1")
    desk.wait(20)
    ann = desk.core.agents[AgentId("ann")]
    assert (ann.status, ann.reason) == ("notReady", "break")


def test_a_sender_who_signs_out_is_gone_after_the_work():
    desk = completing()
    desk.do(c.LogOffAgent(AgentId("ann")))
    desk.bridged()
    assert "AgentLoggedOff" in names(desk.wait(LOANS_WORK // S))
    assert desk.customer == "talking cat"


def test_a_last_call_may_be_a_transferred_one():
    desk = Desk()
    desk.ready("cat")
    desk.do(c.MarkLastCall(AgentId("cat")))
    desk.start("blind", "cat")
    desk.answer("cat")
    desk.hang_up("c1")
    assert "AgentLoggedOff" in names(desk.wait(60))


# --- Asterisk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SITUATIONS)
def test_while_it_is_not_heard_nothing_expires_and_nothing_is_asked(name):
    desk = SITUATIONS[name]()
    desk.do(c.TelephonyLost("a1"))
    before = (desk.state, desk.customer)
    for ask in (desk.cancel, desk.complete, desk.join):
        assert refused(ask()) is Refusal.TELEPHONY_LOST
    desk.wait(500)
    assert (desk.state, desk.customer) == before


@pytest.mark.parametrize("name", SITUATIONS)
def test_when_it_is_heard_again_each_wait_has_its_full_time(name):
    desk, other = SITUATIONS[name](), SITUATIONS[name]()
    desk.do(c.TelephonyLost("a1"))
    desk.wait(50)
    other.wait(0)
    desk.do(c.TelephonyRestored("a1"))
    due_us = desk.core.deadlines.due_us("transfer", desk.transfer_id)
    full_us = other.core.deadlines.due_us("transfer", other.transfer_id)
    if full_us:
        assert due_us - desk.now_us >= full_us - other.now_us
    else:
        assert not due_us


@pytest.mark.parametrize("name", SITUATIONS)
def test_when_it_dies_all_of_it_is_over(name):
    desk = SITUATIONS[name]()
    alive = bool(told(desk.told, t.TransferFailed))
    events = desk.do(c.TelephonyGone("a1"))
    assert not desk.core.transfers
    assert {e.by for e in told(events, ConnectionCleared)} <= {"system"}
    if not alive:
        assert one(events, t.TransferFailed).cause == "switchingFunctionTerminated"


def test_reports_about_offers_that_are_over_are_refused():
    desk = ringing()
    desk.agent_hangs_up("c1", "ann")
    desk.hang_up("c1")
    assert refused(offer(desk, c.LegsBridged)) is Refusal.OFFER_CLOSED


def test_a_step_that_nobody_was_told_of_yet_is_not_lost_when_the_sender_leaves():
    """The dispatcher is late: the step is due, and the sender is quicker than the deadline."""
    desk = Desk()
    desk.change(queue("cards", steps=(Step(5 * S, "loans"),)))
    desk.ready("bob", "cat")
    desk.not_ready("cat")
    desk.start("consult", "cards")
    desk.now_us += 6 * S
    events = desk.agent_hangs_up("c1", "ann")
    assert desk.customer == "rings bob"
    assert one(events, OfferMade).decision.step == 1
    assert invariants.check(desk.core) == []
