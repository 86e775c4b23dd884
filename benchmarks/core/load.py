"""Drives a centre at full load and keeps the journal, so that the engine alone can be timed.

Every agent talks or is about to; `waiting` calls stand in line all the time. One life is: arrive,
wait, offer, ring, answer, bridge, talk, hang up, after-call work, ready. One call in twenty gives
up in line, one offer in fifty is not answered. Deadlines fire when they are due, as the dispatcher
would have it.
"""

import gc
from dataclasses import dataclass, field
from random import Random
from time import thread_time_ns
from typing import Protocol

from benchmarks.core.centre import SECOND, Size, agent_id, arrival
from routing.commands import (
    CallerHungUp,
    Command,
    DeadlinesReached,
    LegsBridged,
    LogOnAgent,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    RequestedState,
    SetAgentState,
    Stamped,
)
from routing.events import CallCleared, CallEstablished, CallOutcome, Event, OfferMade
from routing.ids import AgentId, CallId, OfferId

START_US = 1_700_000_000 * SECOND
LIFE_US = 200 * SECOND
"""Talk and after-call work of one call: with so many agents, a call ends every LIFE_US / agents."""


class Engine(Protocol):
    """What is loaded: the engine, or the naive engine."""

    def handle(self, stamped: Stamped) -> list[Event]:
        """As `RoutingEngine.handle`."""

    def next_deadline_us(self) -> int | None:
        """As `RoutingEngine.next_deadline_us`."""


class Chosen:
    """A set that one can draw from: constant time, the same for the same seed."""

    def __init__(self) -> None:
        self._items: list[CallId] = []
        self._place: dict[CallId, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: CallId) -> bool:
        return item in self._place

    def add(self, item: CallId) -> None:
        """Put one in."""
        self._place[item] = len(self._items)
        self._items.append(item)

    def drop(self, item: CallId) -> None:
        """Take one out, if it is in."""
        place = self._place.pop(item, None)
        if place is None:
            return
        last = self._items.pop()
        if last != item:
            self._items[place] = last
            self._place[last] = place

    def draw(self, rng: Random) -> CallId:
        """One of them, which stays in."""
        return self._items[rng.randrange(len(self._items))]


@dataclass
class Load:
    """One engine under load."""

    engine: Engine
    size: Size
    seed: int = 2
    journal: list[Stamped] = field(default_factory=list)
    lives: int = 0
    cpu_ns: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.now_us = START_US
        self.seq = 0
        self.arrived = 0
        self.waiting = Chosen()
        self.talking = Chosen()
        self.agent_of: dict[CallId, AgentId] = {}
        self.offered: list[tuple[OfferId, CallId]] = []

    def submit(self, command: Command) -> None:
        """Give one command, time it, and see what came of it."""
        self.seq += 1
        stamped = Stamped(self.seq, self.now_us, command)
        self.journal.append(stamped)
        started = thread_time_ns()
        events = self.engine.handle(stamped)
        self.cpu_ns += thread_time_ns() - started
        for event in events:
            if isinstance(event, OfferMade):
                self.waiting.drop(event.call_id)
                self.offered.append((event.offer_id, event.call_id))
            elif isinstance(event, CallEstablished):
                self.talking.add(event.call_id)
                self.agent_of[event.call_id] = event.agent_id
            elif isinstance(event, CallCleared):
                self.waiting.drop(event.call_id)
                self.lives += event.outcome is CallOutcome.ANSWERED

    def arrive(self) -> None:
        """One more caller."""
        self.arrived += 1
        command = arrival(self.rng, self.size, self.arrived)
        self.waiting.add(command.call_id)
        self.submit(command)

    def answer_all(self) -> None:
        """Every offer rings and is answered, but for the few that are not."""
        while self.offered:
            offer_id, call_id = self.offered.pop()
            self.submit(OfferRinging(offer_id))
            if self.rng.random() < 0.02:
                self.waiting.add(call_id)
                self.submit(OfferFailed(offer_id, OfferOutcome.BUSY))
                continue
            self.submit(OfferAnswered(offer_id))
            self.submit(LegsBridged(offer_id))

    def pass_time(self, duration_us: int) -> None:
        """Time goes on, and what is due fires."""
        self.now_us += duration_us
        due_us = self.engine.next_deadline_us()
        if due_us is not None and due_us <= self.now_us:
            self.submit(DeadlinesReached())
            self.answer_all()

    def sign_on(self) -> None:
        """Everyone signs on, nobody is ready."""
        for number in range(self.size.agents):
            self.submit(LogOnAgent(agent_id(number)))

    def fill(self) -> None:
        """Everyone signs on and gets ready, and callers come until enough of them wait.

        They come at the pace at which they will be served, so that they have waited unequally
        long, as in a centre that has been busy for a while.
        """
        for number in range(self.size.agents):
            self.submit(LogOnAgent(agent_id(number)))
            self.submit(SetAgentState(agent_id(number), RequestedState.READY))
            self.now_us += 1
        while len(self.waiting) < self.size.waiting:
            self.pass_time(LIFE_US // self.size.agents)
            self.arrive()
            self.answer_all()

    def one_life(self) -> None:
        """A conversation ends, its agent takes the next caller, a new one joins the line."""
        self.pass_time(LIFE_US // self.size.agents)
        if self.talking:
            call_id = self.talking.draw(self.rng)
            self.talking.drop(call_id)
            agent = self.agent_of.pop(call_id)
            self.submit(CallerHungUp(call_id))
            self.submit(SetAgentState(agent, RequestedState.READY))
            self.answer_all()
        if self.waiting and self.rng.random() < 0.05:
            self.submit(CallerHungUp(self.waiting.draw(self.rng)))
        while len(self.waiting) < self.size.waiting:
            self.arrive()
            self.answer_all()

    def live(self, lives: int) -> None:
        """So many conversations end."""
        for _ in range(lives):
            self.one_life()


def filled(engine: Engine, size: Size) -> Load:
    """A centre in full swing, its history forgotten."""
    load = Load(engine, size)
    load.fill()
    load.journal.clear()
    load.lives = load.cpu_ns = 0
    settle()
    return load


def settle() -> None:
    """As the daemon does when it has started: what is there now stays, so the collector need not
    look at it again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
