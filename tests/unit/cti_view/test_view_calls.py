"""Calls and queues as a screen shows them, driven by the real core."""

import pytest

from cti.view import CallStage
from routing import commands as c
from routing.config import AgentSpec, Overflow, QueueSpec, RoutingConfig
from tests.worlds.api.router import CONFIG, NOON, SECOND, Router


def counts(row):
    return row.offered, row.answered, row.abandoned, row.diverted, row.lost


def test_a_queue_where_nothing_happened_has_no_service_level():
    row = Router().queue()
    assert counts(row) == (0, 0, 0, 0, 0)
    assert (row.waiting, row.longest_wait_us) == (0, 0)
    assert row.service_level.percent is None


def test_a_call_that_waits_is_seen_waiting_and_its_wait_grows():
    router = Router()
    router.arrives("c1")
    router.wait(7)
    router.arrives("c2")
    router.wait(3)
    row = router.queue()
    assert (row.waiting, row.ringing, row.longest_wait_us) == (2, 0, 10 * SECOND)
    waits = [(call.call_id, call.waited_us) for call in router.view.calls(router.clock.us)]
    assert waits == [("c1", 10 * SECOND), ("c2", 3 * SECOND)]


def test_a_caller_whose_agent_is_rung_still_waits():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(4)
    row = router.queue()
    assert (row.waiting, row.ringing, row.talking, row.longest_wait_us) == (1, 1, 0, 4 * SECOND)
    (call,) = router.view.calls(router.clock.us)
    assert (call.stage, call.agent_id) == (CallStage.RINGING, "8001")


def test_a_call_that_nobody_answers_is_back_in_line_and_no_second_request():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(4)
    router.fails()
    row = router.queue()
    assert (row.waiting, row.ringing, row.offered) == (1, 0, 1)
    assert row.longest_wait_us == 4 * SECOND


def test_an_answered_call_counts_with_the_wait_until_its_answer():
    router = Router()
    for call, agent, wait in (("c1", "8001", 20), ("c2", "8002", 20.000001)):
        router.arrives(call)
        router.wait(wait)
        router.ready(agent)
        router.rings()
        router.answers()
    row = router.queue()
    assert counts(row) == (2, 2, 0, 0, 0)
    assert row.talking == 2
    # Within T includes T (C5).
    assert (row.service_level.count, row.service_level.of) == (1, 2)
    assert row.service_level.name == "SL-B"


def test_hold_is_talking_and_the_wait_stands_still():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.wait(2)
    router.rings()
    router.answers()
    router.wait(60)
    router.do(c.CallHeld("c1"))
    (call,) = router.view.calls(router.clock.us)
    assert (call.stage, call.waited_us, router.queue().talking) == ("held", 62 * SECOND, 1)
    router.do(c.CallRetrieved("c1"))
    assert router.view.calls(router.clock.us)[0].stage is CallStage.TALKING
    router.hangs_up("c1")
    assert (router.queue().talking, router.view.live_calls) == (0, 0)


def test_a_caller_whom_the_agent_has_left_is_neither_waiting_nor_talking():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()
    router.do(c.AgentLegCleared("c1", "8001"))
    row = router.queue()
    assert (row.waiting, row.talking, router.view.live_calls) == (0, 0, 1)
    router.hangs_up("c1")
    assert counts(router.queue()) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("ringing", [False, True])
def test_a_caller_who_gives_up_is_abandoned_once(ringing):
    router = Router()
    if ringing:
        router.ready("8001")
    router.arrives("c1")
    router.wait(3)
    router.hangs_up("c1")
    row = router.queue()
    assert counts(row) == (1, 0, 1, 0, 0)
    assert (row.service_level.count, row.service_level.of) == (0, 1)
    assert (row.waiting, row.ringing, router.view.live_calls) == (0, 0, 0)


def test_a_call_that_finds_the_queue_full_was_offered_and_is_diverted_once():
    router = Router()
    for n in range(5):
        router.arrives(f"c{n}")
    row = router.queue()
    assert (counts(row), row.waiting) == ((5, 0, 0, 2, 0), 3)
    assert (row.service_level.of, row.service_level_strict.of) == (0, 2)
    assert router.view.live_calls == 3


def test_a_call_that_overflows_is_a_new_request_of_the_other_queue():
    config = RoutingConfig(
        queues=(
            QueueSpec("loans", max_waiting=1, overflows=(Overflow("queueFull", "cards"),)),
            QueueSpec("cards"),
        ),
        agents=(AgentSpec("8001", "8001"),),
    )
    router = Router(config)
    router.arrives("c1")
    router.arrives("c2")
    assert (counts(router.queue()), router.queue().waiting) == ((2, 0, 0, 1, 0), 1)
    assert (counts(router.queue("cards")), router.queue("cards").waiting) == ((1, 0, 0, 0, 0), 1)
    router.hangs_up("c2")
    assert counts(router.queue("cards")) == (1, 0, 1, 0, 0)


def test_calls_that_their_asterisk_or_its_failsafe_took_are_lost():
    router = Router()
    router.arrives("c1")
    router.arrives("c2")
    router.do(c.CallTaken("c1"))
    router.do(c.TelephonyGone("a1"))
    assert counts(router.queue()) == (2, 0, 0, 0, 2)
    assert router.view.telephony() == {"a1": "gone"}


def test_offered_is_the_sum_of_all_that_can_become_of_a_request():
    router = Router()
    router.ready("8001", "8002")
    for n in range(40):
        router.arrives(f"c{n}", "loans" if n % 3 else "cards")
        router.wait(n % 4)
        if n % 5 == 0 and router.engine.offers:
            router.rings()
            router.answers()
        if n % 2:
            router.hangs_up(f"c{n}") if f"c{n}" in router.engine.calls else None
    for queue in ("loans", "cards"):
        row = router.queue(queue)
        assert row.offered == row.answered + row.abandoned + row.diverted + row.lost + row.waiting


def test_calls_a_second_are_those_of_the_last_ten_whole_seconds():
    router = Router()
    for n in range(20):
        router.arrives(f"c{n}", "cards")
        router.wait(0.5)
    assert router.view.calls_per_second(router.clock.us) == 2.0
    router.wait(5)
    assert router.view.calls_per_second(router.clock.us) == 1.0
    router.wait(60)
    assert router.view.calls_per_second(router.clock.us) == 0.0


def test_a_call_that_is_back_in_line_or_elsewhere_is_no_new_arrival():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.fails()
    router.wait(1)
    assert router.view.calls_per_second(router.clock.us) == 0.1


def test_figures_are_of_the_day_and_totals_are_not():
    router = Router()
    router.arrives("c1")
    router.hangs_up("c1")
    assert router.view.counting_since_us(router.clock.us) == NOON
    router.arrives("c2")
    router.wait(12 * 3600)
    assert counts(router.queue()) == (0, 0, 0, 0, 0)
    assert router.view.counting_since_us(router.clock.us) == NOON + 12 * 3600 * SECOND
    router.hangs_up("c2")  # belongs to the day on which it ended (C8, C10)
    assert counts(router.queue()) == (0, 0, 1, 0, 0)
    totals = router.view.totals()["loans"]
    assert (totals.offered, totals.abandoned) == (2, 2)


def test_numbers_of_callers_are_masked():
    router = Router()
    router.arrives("c1", caller="13812345678")
    assert router.view.calls(router.clock.us)[0].caller == "138****5678"


def test_the_last_events_are_bounded_and_in_csta_words():
    router = Router()
    for n in range(100):
        router.arrives(f"c{n}", "cards")
        router.hangs_up(f"c{n}")
    rows = router.view.last_events()
    assert len(rows) == 50
    assert rows[-1].seq == len(router.events)
    assert (rows[-2].type, rows[-1].type) == ("queued", "callCleared")
    assert rows[-1].note == "abandoned 16 caller waited 0.0 s talked 0.0 s"
    assert [row.seq for row in router.view.last_events(3)] == [198, 199, 200]


def test_an_event_that_was_seen_already_is_dropped():
    router = Router()
    router.arrives("c1")
    for envelope in router.events:
        router.view.apply(envelope)
    assert router.queue().offered == 1


def test_a_queue_keeps_its_figures_when_the_configuration_changes():
    router = Router()
    router.arrives("c1")
    config = RoutingConfig(
        version=2, queues=(QueueSpec("new"), QueueSpec("loans", service_level_us=5)), agents=()
    )
    router.view.configure(config)
    rows = router.view.queues(router.clock.us)
    assert [(row.queue_id, row.offered) for row in rows] == [("new", 0), ("loans", 1)]
    assert rows[1].service_level.within_us == 5
    assert router.view.config_version == 2
    assert router.view.agents() == []


def test_a_queue_with_callers_in_it_is_shown_until_they_have_gone():
    router = Router()
    router.arrives("c1")
    router.view.configure(RoutingConfig(version=2, queues=(QueueSpec("new"),)))
    assert router.queue("loans").waiting == 1
    router.hangs_up("c1")
    assert router.view.figures.queue("loans", router.clock.us).abandoned == 1
    assert [row.queue_id for row in router.view.queues(router.clock.us)] == ["new"]


def test_the_order_of_queues_is_that_of_the_configuration():
    router = Router()
    router.arrives("c1", "cards")
    rows = router.view.queues(router.clock.us)
    assert [row.queue_id for row in rows] == [spec.queue_id for spec in CONFIG.queues]
