"""Agents as a screen shows them, driven by the real core; and the view after a restart."""

import random

import pytest

from cti.view import StateView, recovered
from routing import commands as c
from routing.events import AgentState
from tests.worlds.api.router import CONFIG, NOON, SECOND, Router

READY, NOT_READY = c.RequestedState.READY, c.RequestedState.NOT_READY


def test_configured_agents_are_shown_before_they_sign_in():
    view = Router().view
    assert [row.agent_id for row in view.agents()] == ["8001", "8002", "8003"]
    assert view.agent_states() == {
        "null": 3, "notReady": 0, "ready": 0, "reserved": 0, "busy": 0, "workingAfterCall": 0,
    }  # fmt: skip


def test_an_agent_is_seen_in_each_state_with_its_reason_and_since_when():
    router = Router()
    seen = []

    def look():
        row = router.view.agent("8001")
        seen.append((row.state.value, row.reason, row.call_id, row.since_us - NOON))

    router.do(c.LogOnAgent("8001", "phone-1"))
    look()
    router.wait(5)
    router.do(c.SetAgentState("8001", READY))
    look()
    router.wait(5)
    router.arrives("c1")
    look()
    router.rings()
    router.wait(2)
    router.answers()
    look()
    router.wait(60)
    router.hangs_up("c1")
    look()
    router.wait(30)
    look()
    router.do(c.SetAgentState("8001", NOT_READY, "meal"))
    look()
    router.do(c.LogOffAgent("8001"))
    look()
    assert seen == [
        ("notReady", "loggedOn", "", 0),
        ("ready", "", "", 5 * SECOND),
        ("reserved", "", "c1", 10 * SECOND),
        ("busy", "", "c1", 12 * SECOND),
        ("workingAfterCall", "", "c1", 72 * SECOND),
        ("ready", "", "", 102 * SECOND),
        ("notReady", "meal", "", 102 * SECOND),
        ("null", "", "", 102 * SECOND),
    ]


def test_a_wish_for_later_is_shown_and_does_not_restart_the_clock():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()
    since = router.view.agent("8001").since_us
    router.wait(10)
    router.do(c.SetAgentState("8001", NOT_READY, "meal"))
    row = router.view.agent("8001")
    assert (row.state, row.pending, row.since_us) == (AgentState.BUSY, "notReady", since)


def test_another_reason_restarts_the_clock():
    router = Router()
    router.ready("8001")
    router.do(c.SetAgentState("8001", NOT_READY, "meal"))
    router.wait(10)
    router.do(c.SetAgentState("8001", NOT_READY, "meeting"))
    assert router.view.agent("8001").since_us == NOON + 10 * SECOND
    assert router.view.not_ready_reasons() == {"meeting": 1}


def test_the_end_of_after_call_work_is_shown():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()
    router.hangs_up("c1")
    assert router.view.agent("8001").until_us == NOON + 30 * SECOND


def test_a_phone_that_cannot_be_reached_is_shown():
    router = Router()
    router.do(c.DeviceReachable("8001", reachable=False))
    assert not router.view.agent("8001").reachable
    router.do(c.LogOnAgent("8001"))
    assert not router.view.agent("8001").reachable


def test_an_agent_of_whom_nothing_is_known():
    assert Router().view.agent("9999") is None


# --- after a restart ------------------------------------------------------------------------------


def busy_router(seed):
    """A router in which much goes on at once."""
    router, draw = Router(), random.Random(seed)
    router.ready("8001", "8002", "8003")
    for n in range(200):
        router.wait(draw.random() * 5)
        match draw.randrange(7):
            case 0 | 1:
                router.arrives(f"c{n}", draw.choice(("loans", "cards")))
            case 2 if router.engine.offers:
                router.rings()
            case 3 if router.engine.offers:
                router.answers()
            case 4 if router.engine.calls:
                router.hangs_up(draw.choice(list(router.engine.calls)))
            case 5:
                agent, reason = (
                    draw.choice(list(router.engine.agents)),
                    draw.choice(("meal", "break")),
                )
                router.do(c.SetAgentState(agent, NOT_READY, reason))
            case _:
                router.do(c.SetAgentState(draw.choice(list(router.engine.agents)), READY))
    return router


@pytest.mark.parametrize("seed", range(8))
def test_a_view_of_a_recovered_core_shows_what_the_old_one_showed(seed):
    router = busy_router(seed)
    now_there = recovered(router.engine, epoch=1)
    after = StateView(CONFIG)
    for envelope in router.events:  # the day's events, from the event log
        after.apply(envelope)
    fresh = StateView(CONFIG)
    for view in (after, fresh):
        view.reset(now_there)
    now = router.clock.us
    assert after.queues(now) == router.view.queues(now)
    for view in (after, fresh):
        assert view.agent_states() == router.view.agent_states()
        assert view.live_calls == router.view.live_calls
        assert view.telephony() == router.view.telephony()
        for row, old in zip(view.queues(now), router.view.queues(now), strict=True):
            assert (row.waiting, row.ringing, row.talking) == (
                old.waiting,
                old.ringing,
                old.talking,
            )
            assert row.longest_wait_us == old.longest_wait_us
        shown = [(row.agent_id, row.state, row.reason, row.call_id) for row in view.agents()]
        assert shown == [(r.agent_id, r.state, r.reason, r.call_id) for r in router.view.agents()]


@pytest.mark.parametrize("seed", range(4))
def test_a_view_goes_on_from_a_recovered_core(seed):
    router = busy_router(seed)
    view = StateView(CONFIG)
    view.reset(recovered(router.engine, epoch=1))
    router.listeners.append(view.apply)
    for call in list(router.engine.calls):
        router.hangs_up(call)
    assert view.live_calls == 0
    assert all((row.waiting, row.talking) == (0, 0) for row in view.queues(router.clock.us))
