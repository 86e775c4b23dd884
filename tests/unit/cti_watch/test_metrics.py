"""What Prometheus scrapes, read with its own parser."""

import asyncio
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cti.view import StateView
from cti.watch.metrics import LoopLag, Metrics
from cti.watch.timings import Timings
from routing import commands as c
from routing.config import (
    AgentSpec,
    Announcement,
    BreakCap,
    Mode,
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
)
from routing.refusals import Refusal
from tests.eventually import eventually
from tests.worlds.api.router import SECOND, HandClock, Router


async def scrape(metrics):
    """`name{label="value"}` to number."""
    body, _ = await metrics.render()
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_calls_and_offers_are_counted():
    router = Router()
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(6)
    router.fails(c.OfferOutcome.BUSY)
    router.wait(5)  # the pause after a busy phone
    router.rings()
    router.answers()
    router.arrives("c2")
    router.wait(3)
    router.hangs_up("c2")
    router.do(c.CallerHungUp("nobody"))
    seen = await scrape(router.metrics)
    assert seen['cti_calls_offered_total{queue="loans"}'] == 2
    assert seen['cti_calls_answered_total{queue="loans"}'] == 1
    assert seen['cti_calls_answered_in_time_total{queue="loans"}'] == 1
    assert seen['cti_calls_abandoned_total{queue="loans"}'] == 1
    assert seen['cti_offers_total{outcome="busy"}'] == 1
    assert seen['cti_offers_total{outcome="established"}'] == 1
    assert seen['cti_wait_seconds_bucket{le="10.0",queue="loans"}'] == 0
    assert seen['cti_wait_seconds_bucket{le="15.0",queue="loans"}'] == 1
    assert seen['cti_wait_seconds_sum{queue="loans"}'] == pytest.approx(11)
    assert seen['cti_refusals_total{code="unknownCall"}'] == 1
    assert seen['cti_agents{state="busy"}'] == 1
    assert seen["cti_live_calls"] == 1
    assert seen["cti_events_total"] == len(router.events)


async def test_the_present_is_read_at_the_time_of_the_scrape():
    router = Router()
    router.arrives("c1")
    router.wait(12)
    seen = await scrape(router.metrics)
    assert seen['cti_longest_wait_seconds{queue="loans"}'] == 12
    assert seen['cti_waiting_calls{queue="loans"}'] == 1
    router.hangs_up("c1")
    assert (await scrape(router.metrics))['cti_waiting_calls{queue="loans"}'] == 0


async def test_totals_never_go_back_when_a_day_begins():
    router = Router()
    router.arrives("c1")
    router.hangs_up("c1")
    router.wait(13 * 3600)
    assert router.queue().offered == 0
    assert (await scrape(router.metrics))['cti_calls_offered_total{queue="loans"}'] == 1


async def test_what_can_be_counted_is_there_from_the_start_as_nothing():
    seen = await scrape(Router().metrics)
    assert seen['cti_invariant_breaches_total{invariant="oneOffer"}'] == 0
    assert seen['cti_calls_lost_total{queue="cards"}'] == 0
    assert all(seen[f'cti_refusals_total{{code="{code.value}"}}'] == 0 for code in Refusal)
    assert all(
        seen[f'cti_offers_total{{outcome="{outcome.value}"}}'] == 0 for outcome in c.OfferOutcome
    )


async def test_a_breach_and_the_time_of_a_decision():
    router = Router()
    router.metrics.breached("oneOffer")
    router.metrics.breached("somethingNew")
    router.metrics.decided(0.00003)
    seen = await scrape(router.metrics)
    assert seen['cti_invariant_breaches_total{invariant="oneOffer"}'] == 1
    assert seen['cti_invariant_breaches_total{invariant="somethingNew"}'] == 1
    assert seen['cti_decision_seconds_bucket{le="2e-05"}'] == 0
    assert seen['cti_decision_seconds_bucket{le="5e-05"}'] == 1


@dataclass
class Counters:
    messages_in: int = 0
    ping_rtt_us: int = 0
    in_flight: int = 0
    connected: bool = False


async def test_counters_of_other_parts_are_published_as_they_are():
    metrics = Router().metrics
    counters = {"a1": Counters(7, 1500, 2, connected=True), "a2": Counters(1)}
    metrics.watch("ami", lambda: counters["a1"], {"pbx": "a1"})
    metrics.watch("ami", lambda: counters["a2"], {"pbx": "a2"})
    metrics.watch("journal", Counters)
    seen = await scrape(metrics)
    assert seen['cti_ami_messages_in_total{pbx="a1"}'] == 7
    assert seen['cti_ami_messages_in_total{pbx="a2"}'] == 1
    assert seen['cti_ami_ping_rtt_seconds{pbx="a1"}'] == pytest.approx(0.0015)
    assert seen['cti_ami_in_flight{pbx="a1"}'] == 2
    assert seen['cti_ami_connected{pbx="a1"}'] == 1
    assert seen["cti_journal_messages_in_total"] == 0
    counters["a1"] = Counters(8)
    assert (await scrape(metrics))['cti_ami_messages_in_total{pbx="a1"}'] == 8


async def test_the_event_loop_turns_while_a_large_scrape_is_written():
    config = RoutingConfig(queues=tuple(QueueSpec(f"q{n}") for n in range(500)))
    metrics = Metrics(StateView(config), HandClock())
    turns = 0
    scraping = asyncio.create_task(metrics.render())
    while not scraping.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1  # written in one go it would be over after the first
    assert len(scraping.result()[0]) > 100_000


async def test_scrapers_do_not_pile_up_threads():
    metrics = Router().metrics
    answers = await asyncio.gather(*(metrics.render() for _ in range(20)))
    assert len(answers) == 20


async def test_a_loop_that_is_held_up_is_seen():
    metrics = Router().metrics
    lag = LoopLag(metrics)
    lag.start()
    told = []
    metrics.lagged = told.append
    await eventually(lambda: told)
    lag.stop()
    lag.stop()
    assert min(told) >= 0


def test_a_duration_is_within_its_own_bound():
    timings = Timings((0.5, 1))
    for duration_s in (0.5, 0.75, 1, 1.25):
        timings.observe(duration_s)
    assert timings.buckets() == [("0.5", 1), ("1.0", 3), ("+Inf", 4)]
    assert timings.sum_s == 3.5


RICH = RoutingConfig(
    queues=(
        QueueSpec(
            "loans",
            steps=(Step(5 * SECOND, "x"),),
            announcements=(Announcement("wait", 3 * SECOND),),
            reserve=Reserve("x", 2),
        ),
        QueueSpec("cards"),
    ),
    agents=(AgentSpec("8001", "8001"), AgentSpec("8002", "8002")),
    break_caps=(BreakCap("", ("meal",), 0),),
    modes=(Mode("storm"), Mode("flood")),
)


async def test_life_in_line_is_counted_by_queue():
    router = Router(RICH)
    router.arrives("c1")
    router.arrives("c2")
    router.wait(6)
    router.do(c.BookCallback("c2", "02112345678"))
    router.do(c.LogOnAgent("8001"))
    router.do(c.SetAgentState("8001", c.RequestedState.NOT_READY, "meal"))
    router.do(c.SetQueueAccepting("cards", accepting=False))
    router.do(c.SetMode("storm", on=True))
    seen = await scrape(router.metrics)
    assert seen['cti_calls_relaxed_total{queue="loans"}'] == 2
    assert seen['cti_calls_relaxed_total{queue="cards"}'] == 0
    assert seen['cti_announcements_total{queue="loans"}'] == 2
    assert seen['cti_callbacks_booked_total{queue="loans"}'] == 1
    assert seen['cti_waiting_callbacks{queue="loans"}'] == 1
    assert seen['cti_waiting_calls{queue="loans"}'] == 2
    assert seen['cti_reserve_open{queue="loans"}'] == 1
    assert seen['cti_reserve_open{queue="cards"}'] == 0
    assert seen['cti_queue_accepting{queue="loans"}'] == 1
    assert seen['cti_queue_accepting{queue="cards"}'] == 0
    assert seen["cti_breaks_queued_total"] == 1
    assert seen['cti_mode_on{mode="storm"}'] == 1
    assert seen['cti_mode_on{mode="flood"}'] == 0
    router.do(c.CancelCallback("c2"))
    assert (await scrape(router.metrics))['cti_calls_unmet_total{queue="loans"}'] == 1
