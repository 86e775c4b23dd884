"""The engine on a virtual clock, under Poisson arrivals, exponential service and patience.

Agents pick up at once and have no after-call work, so what is measured is the routing alone. Every
figure comes from the engine's own events. Time is cut into batches; a figure is the mean of its
batch values and its standard error theirs, which allows for the memory that a queue has.
"""

import heapq
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from routing.commands import (
    CallArrived,
    CallerHungUp,
    Command,
    LegsBridged,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    Stamped,
)
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.events import CallCleared, CallEstablished, CallOutcome, ConnectionCleared, OfferMade
from tests.theory.draws import SECOND_US, Draws


@dataclass(frozen=True, slots=True)
class Stream:
    """Calls of one kind."""

    queue: QueueSpec
    gap_s: float  # mean time between two arrivals
    mean_s: float
    patience_s: float = 0.0  # 0: for ever


@dataclass(slots=True)
class Batch:
    """What happened to the calls that arrived in one stretch of time."""

    offered: int = 0
    waited: int = 0
    abandoned: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    wait_us: int = 0
    talk_us: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Estimate":
        found = list(values)
        return cls(statistics.fmean(found), statistics.stdev(found) / len(found) ** 0.5)

    def distance(self, truth: float) -> float:
        """How many standard errors the truth is away."""
        return (self.mean - truth) / self.error


@dataclass
class Experiment:
    """One run: streams of calls, signed-on agents, a number of batches of equal length."""

    streams: list[Stream]
    agents: list[AgentSpec]
    seed: int
    batch_s: int
    batches: int = 20
    warm_up_s: int = 20_000
    cool_down_s: int = 10_000  # so that the calls of the last batch are all told of
    within_s: int = 20
    now_us: int = 0
    seq: int = 0
    planned: int = 0
    agenda: list[tuple[int, int, str, str]] = field(default_factory=list)
    born: dict[str, tuple[str, int]] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        queues = tuple(stream.queue for stream in self.streams)
        config = RoutingConfig(queues=queues, agents=tuple(self.agents), pbxs=("a1",))
        self.engine = RoutingEngine(config)
        self.by_queue = {stream.queue.queue_id: stream for stream in self.streams}
        self.draws = {
            (queue, purpose): Draws(self.seed, f"{queue}/{purpose}")
            for queue in self.by_queue
            for purpose in ("arrival", "service", "patience")
        }
        self.seen = {queue: [Batch() for _ in range(self.batches)] for queue in self.by_queue}
        for agent in self.agents:
            self.submit(LogOnAgent(agent.agent_id))
            self.submit(SetAgentState(agent.agent_id, RequestedState.READY))

    # --- the clock ------------------------------------------------------------------------------

    def run(self) -> "Experiment":
        for queue in self.by_queue:
            self.plan_arrival(queue)
        seconds = self.warm_up_s + self.batch_s * self.batches + self.cool_down_s
        end_us = seconds * SECOND_US
        number = 0
        while self.agenda[0][0] < end_us:
            self.now_us, _, what, subject = heapq.heappop(self.agenda)
            if what == "arrival":
                number += 1
                self.arrive(f"c{number}", subject)
            elif subject in self.born and (what == "over" or subject in self.waiting):
                self.submit(CallerHungUp(subject))
        return self

    def plan(self, after_us: int, what: str, subject: str) -> None:
        self.planned += 1
        heapq.heappush(self.agenda, (self.now_us + after_us, self.planned, what, subject))

    def plan_arrival(self, queue: str) -> None:
        gap_us = self.draws[queue, "arrival"].exponential_us(self.by_queue[queue].gap_s)
        self.plan(gap_us, "arrival", queue)

    def arrive(self, call: str, queue: str) -> None:
        stream = self.by_queue[queue]
        self.plan_arrival(queue)
        self.born[call] = (queue, self.now_us)
        if batch := self.batch(call):
            batch.offered += 1
        self.waiting[call] = None
        self.submit(CallArrived(call_id=call, queue_id=queue, pbx="a1"))
        if call in self.waiting:
            if batch:
                batch.waited += 1
            if stream.patience_s:
                patience = self.draws[queue, "patience"].exponential_us(stream.patience_s)
                self.plan(patience, "patience", call)

    def submit(self, command: Command) -> None:
        self.seq += 1
        for event in self.engine.handle(Stamped(self.seq, self.now_us, command)):
            self.see(event)

    # --- what is seen ---------------------------------------------------------------------------

    def see(self, event: object) -> None:
        if isinstance(event, OfferMade):
            del self.waiting[event.call_id]
            self.submit(LegsBridged(event.offer_id))
        elif isinstance(event, CallEstablished):
            stream = self.by_queue[event.queue_id]
            service = self.draws[event.queue_id, "service"].exponential_us(stream.mean_s)
            self.plan(service, "over", event.call_id)
            if batch := self.batch(event.call_id):
                batch.wait_us += event.waited_us
                batch.answered_in_time += event.waited_us <= self.within_s * SECOND_US
        elif isinstance(event, ConnectionCleared):
            if batch := self.batch(event.call_id):
                batch.talk_us += event.talked_us
        elif isinstance(event, CallCleared):
            self.waiting.pop(event.call_id, None)
            batch = self.batch(event.call_id)
            if batch and event.outcome is CallOutcome.ABANDONED:
                batch.abandoned += 1
                batch.wait_us += event.waited_us
                batch.abandoned_in_time += event.waited_us <= self.within_s * SECOND_US
            del self.born[event.call_id]

    def batch(self, call: str) -> Batch | None:
        """The batch that this call's arrival falls into; None in the warm-up."""
        queue, born_us = self.born[call]
        number = (born_us // SECOND_US - self.warm_up_s) // self.batch_s
        return self.seen[queue][number] if 0 <= number < self.batches else None

    def estimates(self, queue: str) -> dict[str, Estimate]:
        """The figures of `formulas.Figures` for one stream."""
        batches = self.seen[queue]
        capacity_us = len(self.agents) * self.batch_s * SECOND_US
        return {
            "waits": Estimate.of(b.waited / b.offered for b in batches),
            "abandons": Estimate.of(b.abandoned / b.offered for b in batches),
            "mean_wait_s": Estimate.of(b.wait_us / b.offered / SECOND_US for b in batches),
            "service_level": Estimate.of(b.answered_in_time / b.offered for b in batches),
            "service_level_c": Estimate.of(
                b.answered_in_time / (b.offered - b.abandoned_in_time) for b in batches
            ),
            "occupancy": Estimate.of(b.talk_us / capacity_us for b in batches),
        }
