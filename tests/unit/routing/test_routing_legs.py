"""Who talks to the customer, and phones that are in use by themselves: docs/phone-acts.md."""

import pytest

from routing import commands as c
from routing import events as e
from routing import legs as m
from routing.snapshot import dump, load, state_hash
from tests.worlds.routing.centre import Centre, agent, queue
from tests.worlds.routing.told import one

S = 1_000_000


def house() -> Centre:
    """Ann and Bob are ready, after-call work takes 10 s."""
    centre = Centre([queue("q", after_call_work_us=10 * S)], [agent("ann", "q"), agent("bob", "q")])
    centre.ready("ann")
    return centre


def shown(events):
    return [(x.agent_id, x.state) for x in events if isinstance(x, e.AgentStateChanged)]


def test_a_pick_up_is_an_answer_and_blames_nobody():
    """P11: the call is offered to Ann, Bob takes it."""
    centre = house()
    centre.call("c1", "q")
    centre.do(c.LogOnAgent("bob"))  # not ready, and yet at the phone
    said = centre.do(m.CallerBridged("c1", "phone-bob", "a1-2"))
    assert one(said, e.OfferEnded).outcome == "withdrawn"
    established = one(said, e.CallEstablished)
    assert (established.agent_id, established.leg_id, established.offer_id) == ("bob", "a1-2", 0)
    assert shown(said) == [("bob", "busy"), ("ann", "ready")]
    assert centre.core.agents["ann"].failures == {}
    over = one(
        centre.do(c.AgentLegCleared("c1", "bob", c.ClearedBy.AGENT, 16)), e.ConnectionCleared
    )
    assert (over.by, over.cause, over.leg_id) == ("agent", 16, "a1-2")
    assert centre.core.agents["bob"].status == "notReady"


def test_who_talks_to_the_customer_has_the_call():
    """P05, P21: Bob is bridged with Ann's customer; each part has its own time and request."""
    centre = house()
    centre.call("c1", "q")
    centre.answer("ann")
    centre.ready("bob")
    centre.wait(30)
    said = centre.do(m.CallerBridged("c1", "phone-bob", "a1-9"))
    parted, established = one(said, e.ConnectionCleared), one(said, e.CallEstablished)
    assert (parted.agent_id, parted.by, parted.talked_us) == ("ann", "other", 30 * S)
    assert (established.agent_id, established.request_no, established.waited_us) == ("bob", 2, 0)
    assert shown(said) == [("ann", "workingAfterCall"), ("bob", "busy")]
    ended = one(centre.do(c.CallerHungUp("c1")), e.CallCleared)
    assert (ended.outcome, ended.by, ended.cause) == ("answered", "caller", 16)


@pytest.mark.parametrize("device", ["", "phone-of-nobody", "phone-bob"])
def test_an_outsider_takes_a_waiting_caller_out_of_line(device):
    """P20: nobody is signed in at Bob's phone."""
    centre = house()
    centre.call("c1", "q")
    said = centre.do(m.CallerBridged("c1", device, "a1-7"))
    assert one(said, e.OfferEnded).outcome == "withdrawn"
    assert one(said, e.CallCleared).outcome == "taken"
    assert shown(said) == [("ann", "ready")]


def test_a_talking_customer_with_an_outsider_is_released():
    """P22."""
    centre = house()
    centre.call("c1", "q")
    centre.answer("ann")
    said = centre.do(m.CallerBridged("c1"))
    assert one(said, e.ConnectionCleared).by == "other"
    assert centre.core.calls["c1"].state == "released"
    back = one(centre.do(m.CallerBridged("c1", "phone-ann", "a1-8")), e.CallEstablished)
    assert (back.agent_id, back.request_no) == ("ann", 2)  # P13: out of after-call work


def test_a_second_customer_of_one_agent_is_not_kept_as_theirs():
    """P34."""
    centre = house()
    centre.call("c1", "q")
    centre.answer("ann")
    centre.call("c2", "q")
    said = centre.do(m.CallerBridged("c2", "phone-ann", "a1-5"))
    assert one(said, e.CallCleared).outcome == "taken"
    assert centre.core.calls["c1"].agent_id == "ann"


@pytest.mark.parametrize("outgoing", [True, False])
def test_a_phone_in_use_is_not_offered_a_call(outgoing):
    """P24, P27, P29: busy meanwhile, and back as before."""
    centre = house()
    said = centre.do(m.OwnCallBegan("a1-3", "phone-ann", "a1", outgoing, "110"))
    assert one(said, m.AgentCallBegan).other == "110"
    busy = one(said, e.AgentStateChanged)
    assert (busy.state, busy.reason, busy.call_id) == ("busy", "ownCall", "")
    assert not [x for x in centre.call("c1", "q") if isinstance(x, e.OfferMade)]
    centre.wait(5)
    centre.do(m.OwnCallAnswered("a1-3", "phone-ann"))
    centre.wait(7)
    assert state_hash(load(dump(centre.core))) == state_hash(centre.core)
    said = centre.do(m.OwnCallEnded("a1-3", "phone-ann", c.ClearedBy.AGENT, 16))
    ended = one(said, m.AgentCallEnded)
    assert (ended.lasted_us, ended.talked_us, ended.by) == (12 * S, 7 * S, "agent")
    assert one(said, e.OfferMade).agent_id == "ann"


def test_who_dials_out_loses_the_offer_and_nothing_else():
    """P27, P25: a colleague who only rings takes nothing away."""
    centre = house()
    centre.ready("bob")
    centre.call("c1", "q")
    assert not centre.do(m.OwnCallBegan("a1-4", "phone-ann", "a1"))[1:]
    said = centre.do(m.OwnCallAnswered("a1-4", "phone-ann"))
    assert one(said, e.OfferEnded).outcome == "withdrawn"
    assert one(said, e.OfferMade).agent_id == "bob"
    assert centre.core.agents["ann"].gap_until_us == 0


def test_a_phone_that_is_busy_with_an_own_call_costs_the_agent_nothing():
    centre = house()
    centre.call("c1", "q")
    centre.do(m.OwnCallBegan("a1-4", "phone-ann", "a1"))
    centre.fail("ann", c.OfferOutcome.BUSY)
    agent_now = centre.core.agents["ann"]
    assert (agent_now.failures, agent_now.gap_until_us, agent_now.status) == ({}, 0, "ready")


def test_own_calls_end_with_their_asterisk():
    centre = house()
    centre.do(m.OwnCallBegan("a1-4", "phone-ann", "a1", outgoing=True))
    said = centre.do(c.TelephonyGone("a1"))
    assert one(said, m.AgentCallEnded).by == "system"
    assert shown(said) == [("ann", "ready")]


def test_a_call_goes_on_under_another_channel():
    """P08: nothing but the leg changes, and it is told once."""
    centre = house()
    centre.call("c1", "q")
    assert one(centre.do(m.CallerMoved("c1", "a1-77")), m.CallLegChanged).leg_id == "a1-77"
    assert centre.do(m.CallerMoved("c1", "a1-77")) == []


def test_the_customers_own_hold_is_no_hold_of_the_agents():
    """P32."""
    centre = house()
    centre.call("c1", "q")
    centre.answer("ann")
    one(centre.do(c.CallHeld("c1", c.ClearedBy.CALLER)), m.CustomerHeld)
    assert centre.core.calls["c1"].state == "talking"
    one(centre.do(c.CallRetrieved("c1", c.ClearedBy.CALLER)), m.CustomerRetrieved)
