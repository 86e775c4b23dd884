"""The complaints about transfers, row by row, each as a test that it cannot happen.

Numbered as in `test_complaints`; 4 and 17 are told in `tests/unit/routing/test_transfers_times`.
"""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.events import CallCleared, CallQueued, ConnectionCleared, OfferMade
from routing.ids import AgentId
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed
from tests.worlds.routing.centre import S
from tests.worlds.routing.transfer_desk import (
    KINDS,
    SITUATIONS,
    TRIGGERS,
    Desk,
    answered,
    one,
    told,
)


def test_02_a_target_who_picks_up_and_drops_before_the_bridge_costs_only_their_offer():
    """asterisk#1557: everybody else goes on ringing, waiting and talking."""
    desk = answered()
    desk.ready("dan")
    desk.call("c2", "cards")
    events = desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert one(events, t.TransferFailed).cause == "recallNoAnswer"
    assert desk.customer == "talking ann"
    assert desk.work("dan") == "reserved"


@pytest.mark.parametrize("kind", KINDS)
def test_16_a_reject_never_drops_the_customer(kind):
    """OpenSIPS#2886: the next of the group is asked, and the customer has an owner meanwhile."""
    desk = Desk()
    desk.ready("cat", "dan")
    desk.start(kind, "cards")
    for _ in range(2):
        target = "cat" if desk.core.agents[AgentId("cat")].offer_id else "dan"
        events = desk.fail(target, OfferOutcome.REJECTED)
        assert "c1" not in [e.call_id for e in told(events, CallCleared)]
    assert "c1" in desk.core.calls


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_18_the_customer_is_with_exactly_one_owner_whatever_happens(situation, trigger):
    """amazon-connect-streams#897, OpenACD#110: the invariant is checked after every command; and
    the customer's call is ended by the customer or by Asterisk only.
    """
    desk = SITUATIONS[situation]()
    events = TRIGGERS[trigger](desk)
    ended = "c1" in [e.call_id for e in told(events, CallCleared)]
    assert ended == (trigger in {"customer leaves", "dialplan takes", "gone"})


def test_18b_a_silent_target_leaves_the_sender_in_no_limbo():
    """Single step: the sender is in after-call work at once, whatever becomes of the customer."""
    desk = Desk()
    desk.ready("cat")
    events = desk.start("singleStep", "cat")
    assert one(events, ConnectionCleared).agent_id == "ann"
    assert desk.work("ann") == "afterCallWork"
    desk.fail("cat", OfferOutcome.NO_ANSWER)
    assert desk.work("ann") == "afterCallWork"


@pytest.mark.parametrize(
    ("rule", "asked"), [("recall", "ann"), ("overflow", "dan"), ("queueToAgent", "cat")]
)
def test_18c_each_target_has_its_policy_and_the_customer_the_old_place(rule, asked):
    """Requeue with original priority and age, recall to the sender, or overflow."""
    desk = Desk()
    first_us = desk.core.calls["c1"].first_queued_us
    desk.ready("cat")
    desk.wait(100)
    policy = {"no_answer": IfMissed(rule), "overflow_to": "cards"}
    desk.start("singleStep", "cat", **policy)
    desk.ready("dan")
    told_before = len(desk.told)
    desk.fail("cat", OfferOutcome.NO_ANSWER)
    desk.do(c.SetAgentState(AgentId("cat"), c.RequestedState.READY))
    desk.wait(5)
    events = desk.told[told_before:]
    assert {queued.first_queued_us for queued in told(events, CallQueued)} == {first_us}
    made = told(events, OfferMade)[0]
    assert (made.agent_id, made.call_id, made.decision.waited_us >= 100 * S) == (asked, "c1", True)
