"""Life in line as a screen shows it: call-backs, steps, closed queues, reserves, modes, groups."""

import pytest

from cti.view import StateView, recovered
from cti.view.rows import note
from routing import commands as c
from routing.config import AgentSpec, Announcement, Mode, QueueSpec, Reserve, RoutingConfig, Step
from tests.worlds.api.router import SECOND, Router, plain

CONFIG = RoutingConfig(
    queues=(
        QueueSpec(
            "loans",
            need="loans",
            steps=(Step(10 * SECOND, "cards"),),
            reserve=Reserve("spare", open_at=3, close_at=1),
            announcements=(Announcement("please-wait", 4 * SECOND),),
            callback_attempts=1,
        ),
        QueueSpec("cards", need="cards"),
    ),
    agents=(AgentSpec("8001", "8001", (("loans", 1), ("cards", 1))), AgentSpec("8002", "8002")),
    modes=(Mode("storm"), Mode("flood")),
)


@pytest.fixture
def router():
    return Router(CONFIG)


def counts(row):
    return row.offered, row.answered, row.abandoned, row.diverted, row.lost, row.callbacks_unmet


def test_a_customer_to_be_called_back_waits_but_not_on_the_line(router):
    router.arrives("c1")
    router.wait(5)
    router.arrives("c2")
    router.do(c.BookCallback("c1", "02112345678"))
    router.hangs_up("c1")
    row = router.queue()
    assert (row.waiting, row.callbacks, row.longest_wait_us) == (2, 1, 0)
    call = router.view.call("c1", router.clock.us)
    assert (call.callback, call.stage, call.waited_us) == (True, "waiting", 5 * SECOND)


@pytest.mark.parametrize("how", ["called off", "not reached"])
def test_a_call_back_without_a_conversation_is_no_abandon(router, how):
    router.arrives("c1")
    router.do(c.BookCallback("c1", "02112345678"))
    router.hangs_up("c1")
    if how == "called off":
        router.do(c.CancelCallback("c1"))
    else:
        router.ready("8001")
        router.rings()
        router.fails(c.OfferOutcome.CUSTOMER_UNREACHABLE)
    row = router.queue()
    assert (counts(row), row.waiting, row.callbacks) == ((1, 0, 0, 0, 0, 1), 0, 0)
    assert (row.service_level.of, row.service_level_strict.of) == (0, 1)


def test_a_call_back_that_is_answered_counts_like_any_other(router):
    router.arrives("c1")
    router.do(c.BookCallback("c1", "02112345678"))
    router.hangs_up("c1")
    router.ready("8001")
    assert router.queue().ringing == 1
    router.rings()
    router.answers()
    row = router.queue()
    assert (counts(row), row.waiting, row.talking) == ((1, 1, 0, 0, 0, 0), 0, 1)


def test_a_relaxed_call_shows_its_step(router):
    router.arrives("c1")
    router.wait(10)
    assert router.view.call("c1", router.clock.us).step == 1


def test_a_closed_queue_and_an_open_reserve_are_shown(router):
    assert (router.queue().accepting, router.queue().reserve_open) == (True, False)
    for n in range(3):
        router.arrives(f"c{n}")
    router.do(c.SetQueueAccepting("loans", accepting=False))
    assert (router.queue().accepting, router.queue().reserve_open) == (False, True)
    router.hangs_up("c1")
    router.hangs_up("c2")
    router.do(c.SetQueueAccepting("loans", accepting=True))
    assert (router.queue().accepting, router.queue().reserve_open) == (True, False)


def test_modes_are_shown_and_forgotten_with_the_configuration(router):
    assert router.view.modes() == {"storm": False, "flood": False}
    router.do(c.SetMode("storm", on=True))
    assert router.view.modes() == {"storm": True, "flood": False}
    router.do(c.ApplyConfig(RoutingConfig(version=2, queues=CONFIG.queues, agents=CONFIG.agents)))
    assert router.view.modes() == {}


def test_groups_that_an_agent_does_not_serve_are_shown_until_he_signs_in_anew(router):
    router.ready("8001")
    router.do(c.ServeGroup("8001", "loans", serving=False))
    assert router.view.agent("8001").idle_groups == ("loans",)
    router.do(c.ServeGroup("8001", "cards", serving=False))
    router.do(c.ServeGroup("8001", "loans", serving=True))
    assert router.view.agent("8001").idle_groups == ("cards",)
    router.do(c.LogOffAgent("8001"))
    router.do(c.LogOnAgent("8001"))
    assert router.view.agent("8001").idle_groups == ()


def test_a_group_that_an_agent_no_longer_has_is_not_shown(router):
    router.ready("8001")
    router.do(c.ServeGroup("8001", "loans", serving=False))
    router.view.configure(RoutingConfig(version=2, agents=(AgentSpec("8001", "8001"),)))
    assert router.view.agent("8001").idle_groups == ()


def test_all_of_it_survives_a_restart(router):
    router.ready("8001")
    router.do(c.ServeGroup("8001", "loans", serving=False))
    router.do(c.ServeGroup("8001", "cards", serving=False))
    for n in range(3):
        router.arrives(f"c{n}")
    router.do(c.BookCallback("c1", "02112345678"))
    router.wait(12)
    router.do(c.SetMode("flood", on=True))
    router.do(c.SetQueueAccepting("cards", accepting=False))
    view, now = StateView(router.engine.config), router.clock.us
    view.reset(recovered(router.engine, epoch=1))
    assert view.modes() == router.view.modes() == {"storm": False, "flood": True}
    assert view.agents() == router.view.agents()
    assert plain(view.calls(now)) == plain(router.view.calls(now))
    for row, old in zip(view.queues(now), router.view.queues(now), strict=True):
        assert (row.accepting, row.reserve_open) == (old.accepting, old.reserve_open)
        assert (row.waiting, row.callbacks) == (old.waiting, old.callbacks)
        assert row.longest_wait_us == old.longest_wait_us


def test_events_say_in_a_word_what_was_switched(router):
    router.arrives("c1")
    router.wait(11)
    router.do(c.BookCallback("c1", "02112345678"))
    router.do(c.SetMode("storm", on=True, by="boss"))
    router.do(c.SetQueueAccepting("cards", accepting=False))
    notes = {row.type: row.note for row in router.view.last_events()}
    assert notes["announcementDue"] == "please-wait"
    assert notes["callRelaxed"] == "step 1 waited 10.0 s"
    assert notes["modeChanged"] == "storm on boss"
    assert notes["queueAcceptingChanged"] == "closed"
    assert note({"open": True, "waiting": 3}) == "open"


def test_a_number_to_call_back_is_masked_in_the_list_of_events(router):
    router.arrives("c1")
    router.do(c.BookCallback("c1", "13812345678"))
    assert "12345678" not in router.view.last_events()[-1].note
