"""Prometheus metrics of one router, in a registry of their own.

Three ways in: published events (`apply`, an in-line listener of some two microseconds), moments
that only their place knows (`decided`, `breached`), and objects with plain counters that other
parts keep for themselves (`watch`). What can be read at the time of a scrape is read then.

A scrape of many queues takes tens of milliseconds (40 ms for 200 label values, measured): figures
are collected on the event loop in one short step, and turned into text on a thread.
"""

import asyncio
import dataclasses
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from cti.clock import Clock
from cti.figures import QueueCounts
from cti.figures.counts import SECOND_US
from cti.record.envelope import Envelope
from cti.view import QueueRow, StateView
from cti.watch.timings import Timings
from routing import events as e
from routing.commands import OfferOutcome
from routing.ids import QueueId
from routing.refusals import Refusal

WAIT_BUCKETS_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600)
"""Bounds that service levels are agreed on; `le` includes its bound, as "within T" does (C5)."""

DECISION_BUCKETS_S = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 2e-2, 1e-1)
LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
LAG_EVERY_S = 1.0

GAUGES = frozenset(
    {"agents_barred", "agents_unheard", "backlog", "behind", "degraded", "in_flight"}
    | {"waiting_elsewhere"}
)
"""Fields of the counters of other parts that go down as well as up."""

_COUNTED: Final[dict[str, tuple[str, Callable[[QueueCounts], int]]]] = {
    "offered": ("Requests for an agent that reached a queue", lambda c: c.offered),
    "answered": ("Requests answered by an agent", lambda c: c.answered),
    "abandoned": ("Requests that the caller gave up", lambda c: c.abandoned),
    "diverted": ("Requests sent to another queue or out of the router", lambda c: c.diverted),
    "lost": (
        "Requests lost with their Asterisk, or taken back by its failsafe",
        lambda c: c.platform_lost,
    ),
    "unmet": (
        "Call-backs that were called off, or did not reach the customer",
        lambda c: c.callbacks_unmet,
    ),
    "withdrawn": (
        "Requests that an agent made for a customer and that came to nothing",
        lambda c: c.withdrawn,
    ),
}
_BY_QUEUE: Final = {
    e.CallRelaxed: ("cti_calls_relaxed", "Steps by which waiting calls were relaxed"),
    e.AnnouncementDue: ("cti_announcements", "Announcements to waiting callers"),
    e.CallbackBooked: ("cti_callbacks_booked", "Call-backs promised"),
}
_QUEUE_GAUGES: Final[dict[str, tuple[str, Callable[[QueueRow], float]]]] = {
    "cti_waiting_calls": ("Calls in line, call-backs included", lambda row: row.waiting),
    "cti_waiting_callbacks": ("Customers to be called back", lambda row: row.callbacks),
    "cti_talking_calls": ("Callers talking", lambda row: row.talking),
    "cti_longest_wait_seconds": (
        "Wait of the caller on the line who came first",
        lambda row: row.longest_wait_us / 1e6,
    ),
    "cti_queue_accepting": ("0 after closing time", lambda row: row.accepting),
    "cti_reserve_open": ("1 while the reserve helps out", lambda row: row.reserve_open),
}


class Metrics:
    """Everything the daemon counts. `render` gives the text of one scrape.

    `invariants` are the names of those that are checked: each is published from the start, as 0.
    `before_scrape` is called before each: view and metrics may be told of events with a delay.
    """

    def __init__(self, view: StateView, clock: Clock, invariants: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._view = view
        self.before_scrape: Callable[[], None] = lambda: None
        self._clock = clock
        self._wait_of: dict[QueueId, Timings] = {}
        self._decision = Timings(DECISION_BUCKETS_S)
        self._lag = Timings(LAG_BUCKETS_S)
        self.decided = self._decision.observe  # the core has applied one command in so many seconds
        self.lagged = self._lag.observe  # a timer of the event loop fired so much later than due
        self._offers = Tally({outcome.value: 0 for outcome in OfferOutcome})
        self._refusals = Tally({code.value: 0 for code in Refusal})
        self._of_queues: dict[type, Tally[str]] = {kind: Tally() for kind in _BY_QUEUE}
        self._breaks_queued = 0
        self._breaches = Tally(dict.fromkeys(invariants, 0))
        self._watched: list[_Watched] = []
        self._present = _Present()
        self.registry.register(self._present)
        ProcessCollector(registry=self.registry)
        self._scraping = asyncio.Lock()

    # --- input -----------------------------------------------------------------------------------

    def apply(self, envelope: Envelope) -> None:
        """Take in one published event."""
        event = envelope.event
        if (counted := self._of_queues.get(type(event))) is not None:
            counted[event.queue_id] += 1  # type: ignore[union-attr]  # all in _BY_QUEUE have one
        elif isinstance(event, e.CallEstablished):
            self._offers["established"] += 1
            self._waits(event.queue_id).observe(event.waited_us / 1e6)
        elif isinstance(event, e.OfferEnded):
            self._offers[event.outcome.value] += 1
        elif isinstance(event, e.CommandRefused):
            self._refusals[event.code.value] += 1
        elif isinstance(event, e.BreakQueued):
            self._breaks_queued += 1

    def breached(self, invariant: str) -> None:
        """A rule that always holds did not."""
        self._breaches[invariant] += 1

    def breaches(self) -> dict[str, int]:
        """How often each invariant was found broken; all 0 is as it should be."""
        return dict(self._breaches)

    def watch(
        self, part: str, counters: Callable[[], Any], labels: Mapping[str, str] | None = None
    ) -> None:
        """Publish the numbers of the dataclass that `counters` gives at the time of a scrape:
        `messages_in` of part `ami` becomes `cti_ami_messages_in_total`. Gauges are truth values,
        fields that end in `_us` (published in seconds), and those of GAUGES. Objects of one part
        have the same label names.
        """
        self._watched.append(_Watched(part, counters, dict(labels or {})))

    # --- output ----------------------------------------------------------------------------------

    async def render(self, accept: str = "") -> tuple[bytes, str]:
        """The exposition and its content type, as the scraper's `Accept` header asks for it."""
        async with self._scraping:  # one thread at a time, however many scrapers there are
            encode, content_type = choose_encoder(accept)
            self.before_scrape()
            self._present.metrics = list(self._collect())
            return await asyncio.to_thread(encode, self.registry), content_type

    def _collect(self) -> Iterator[Metric]:
        yield from self._queues()
        yield from self._router()
        yield from self._durations()
        for part in dict.fromkeys(watched.part for watched in self._watched):
            yield from _families([each for each in self._watched if each.part == part])

    def _queues(self) -> Iterator[Metric]:
        totals = self._view.totals()
        for what, (description, read_count) in _COUNTED.items():
            family = CounterMetricFamily(f"cti_calls_{what}", description, labels=["queue"])
            for queue_id, counts in totals.items():
                family.add_metric([queue_id], read_count(counts))
            yield family
        in_time = CounterMetricFamily(
            "cti_calls_answered_in_time",
            "Requests answered within the service level's present time",
            labels=["queue"],
        )
        for queue_id, counts in totals.items():
            within_s = self._view.level_us(queue_id) // SECOND_US
            in_time.add_metric([queue_id], counts.answered_within(within_s))
        yield in_time
        for kind, (name, description) in _BY_QUEUE.items():
            counted = dict.fromkeys((str(queue_id) for queue_id in totals), 0)
            yield _tally(name, description, "queue", counted | self._of_queues[kind])
        rows = self._view.queues(self._clock.now_us())
        for name, (description, read) in _QUEUE_GAUGES.items():
            gauge = GaugeMetricFamily(name, description, labels=["queue"])
            for row in rows:
                gauge.add_metric([row.queue_id], read(row))
            yield gauge

    def _router(self) -> Iterator[Metric]:
        view = self._view
        yield _tally("cti_offers", "Offers by how they ended", "outcome", self._offers)
        yield _tally("cti_refusals", "Commands refused", "code", self._refusals)
        yield _tally("cti_invariant_breaches", "Invariants broken", "invariant", self._breaches)
        yield CounterMetricFamily(
            "cti_breaks_queued", "Breaks that had to wait for room", value=self._breaks_queued
        )
        modes = GaugeMetricFamily("cti_mode_on", "1 while a mode is on", labels=["mode"])
        for name, on in view.modes().items():
            modes.add_metric([name], on)
        yield modes
        yield CounterMetricFamily("cti_events", "Events published, all starts", value=view.at.seq)
        agents = GaugeMetricFamily("cti_agents", "Agents by state", labels=["state"])
        for state, count in view.agent_states().items():
            agents.add_metric([state], count)
        heard = GaugeMetricFamily(
            "cti_telephony_up", "1 while an Asterisk is heard", labels=["pbx"]
        )
        for pbx, said in view.telephony().items():
            heard.add_metric([pbx], said == "up")
        yield from (agents, heard)
        yield GaugeMetricFamily(
            "cti_figures_events_missing", "Events that the day's figures lack",
            value=view.figures.missing,
        )  # fmt: skip
        yield GaugeMetricFamily("cti_live_calls", "Calls in hand", value=view.live_calls)
        yield GaugeMetricFamily("cti_epoch", "Starts of this router", value=view.at.epoch)
        yield GaugeMetricFamily(
            "cti_config_version", "Configuration in force", value=view.config_version
        )

    def _durations(self) -> Iterator[Metric]:
        waits = HistogramMetricFamily("cti_wait_seconds", "Wait until the answer", labels=["queue"])
        for queue_id, timings in self._wait_of.items():
            waits.add_metric([queue_id], timings.buckets(), timings.sum_s)
        yield waits
        yield _histogram("cti_decision_seconds", "One command applied", self._decision)
        yield _histogram("cti_event_loop_lag_seconds", "Delay of a due timer", self._lag)

    def _waits(self, queue_id: QueueId) -> Timings:
        found = self._wait_of.get(queue_id)
        if found is None:
            found = self._wait_of[queue_id] = Timings(WAIT_BUCKETS_S)
        return found


class LoopLag:
    """Measures how late the event loop runs its timers: the first sign of a loop held up."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Measure from now on, once a second: each time costs 0.3 ms."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LAG_EVERY_S, self._due, loop, loop.time() + LAG_EVERY_S)

    def stop(self) -> None:
        """Measure no more. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._metrics.lagged(max(loop.time() - due, 0.0))
        self.start()


class _Present(Collector):
    """What was collected on the event loop for the scrape in progress."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []

    def collect(self) -> list[Metric]:
        return self.metrics


@dataclasses.dataclass(frozen=True, slots=True)
class _Watched:
    part: str
    counters: Callable[[], Any]
    labels: dict[str, str]


def _families(watched: list[_Watched]) -> Iterator[Metric]:
    """One family a field, one sample an object."""
    part, names = watched[0].part, list(watched[0].labels)
    read = [(list(each.labels.values()), each.counters()) for each in watched]
    for field in dataclasses.fields(read[0][1]):
        said = f"{field.name.replace('_', ' ')} of {part}"
        name, factor = f"cti_{part}_{field.name}", 1.0
        family: CounterMetricFamily | GaugeMetricFamily
        if field.name.endswith("_us"):
            name, factor = f"{name.removesuffix('_us')}_seconds", 1e-6
            family = GaugeMetricFamily(name, said, labels=names)
        elif field.name in GAUGES or isinstance(getattr(read[0][1], field.name), bool):
            family = GaugeMetricFamily(name, said, labels=names)
        else:
            family = CounterMetricFamily(name, said, labels=names)
        for labels, counters in read:
            family.add_metric(labels, getattr(counters, field.name) * factor)
        yield family


def _histogram(name: str, description: str, timings: Timings) -> Metric:
    family = HistogramMetricFamily(name, description)
    family.add_metric([], timings.buckets(), timings.sum_s)
    return family


def _tally(name: str, description: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, description, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
