"""The engine and the naive engine: one command to both, everything comparable compared."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from routing import invariants
from routing.commands import Command, DeadlinesReached, Stamped
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import Event, OfferMade
from tests.naive.chance import SECOND, Draw, some_config
from tests.naive.engine import NaiveEngine, bare

START_US = 1_700_000_000_000_000


class DisagreementError(AssertionError):
    """The engine and the naive engine differ, or the engine breaks an invariant of its own.

    `signature` tells one kind of disagreement from another, so that a shorter journal can be
    sought that shows the same.
    """

    def __init__(
        self,
        story: str,
        signature: tuple[str, ...],
        config: RoutingConfig,
        journal: list[Stamped],
    ) -> None:
        super().__init__(story)
        self.signature = signature
        self.config = config
        self.journal = journal


@dataclass
class Duel:
    """Both engines after the same commands, and the journal of them."""

    config: RoutingConfig
    check_invariants: bool = True
    journal: list[Stamped] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = RoutingEngine(self.config)
        self.naive = NaiveEngine(self.config)

    def submit(self, at_us: int, command: Command) -> list[Event]:
        """The events, which both agree on."""
        stamped = Stamped(len(self.journal) + 1, at_us, command)
        self.journal.append(stamped)
        expected = self.naive.handle(stamped)
        try:
            events = list(self.engine.handle(stamped))
        except Exception as crash:  # noqa: BLE001  whatever it is, it stops a daemon
            events, problem = [], f"engine stops: {crash!r}"
        else:
            problem = self.problem(events, expected)
        if problem:
            signature = (problem[:12], *(type(m).__name__ for m in (command, *events, *expected)))
            story = self.story(problem, events, expected)
            raise DisagreementError(story, signature, self.config, self.journal)
        return events

    def problem(self, events: list[Event], expected: list[Event]) -> str:
        """What is wrong after a command, in words; "" when nothing is."""
        if list(map(bare, events)) != list(map(bare, expected)):
            return "different events"
        due, naive = self.engine.next_deadline_us(), self.naive.next_deadline_us()
        if due != naive:
            return f"next deadline {due}, naive {naive}"
        if self.engine.event_seq != self.naive.event_seq:
            return f"event number {self.engine.event_seq}, naive {self.naive.event_seq}"
        if any(rows_of(event) > self.config.limits.decision_rows for event in events):
            return "unbounded decision record"
        broken = invariants.check(self.engine) if self.check_invariants else ()
        return f"invariants {broken}" if broken else ""

    def story(self, problem: str, events: list[Event], expected: list[Event]) -> str:
        lines = [problem, *(f"  {stamped}" for stamped in self.journal[-3:])]
        lines += ["engine:", *(f"  {bare(event)}" for event in events)]
        lines += ["naive:", *(f"  {bare(event)}" for event in expected)]
        return "\n".join(lines)


def rows_of(event: Event) -> int:
    """The longest list of a decision record; 0 for other events."""
    if not isinstance(event, OfferMade):
        return 0
    decision = event.decision
    return max(map(len, (decision.candidates, decision.passed_over, decision.rivals)))


def replayed(config: RoutingConfig, journal: Iterable[Stamped]) -> DisagreementError | None:
    """What goes wrong when these commands are given, numbered anew."""
    duel = Duel(config)
    try:
        for stamped in journal:
            duel.submit(stamped.at_us, stamped.command)
    except DisagreementError as problem:
        return problem
    return None


def shrunk(config: RoutingConfig, journal: list[Stamped]) -> list[Stamped]:
    """A shorter journal that shows the same disagreement: what can be left out is left out."""
    first = replayed(config, journal)
    assert first is not None
    size = len(journal) // 2
    while size:
        start, before = 0, len(journal)
        while start < len(journal):
            shorter = journal[:start] + journal[start + size :]
            problem = replayed(config, shorter)
            if problem and problem.signature == first.signature:
                journal = shorter
            else:
                start += size
        if size > 1 or len(journal) == before:  # one by one as long as that helps
            size //= 2
    return journal


def fought(seed: int, commands: int = 300, prompt: float = 0.9) -> Duel:
    """A duel over a world and commands drawn from the seed.

    `prompt` is how likely a deadline fires in time; the rest of the time other commands come first,
    as when the dispatcher is late.
    """
    rng = Random(seed)
    duel = Duel(some_config(rng))
    draw = Draw(rng, duel.naive.world)
    now_us = START_US
    for _ in range(commands):
        now_us += rng.choice((0, 0, 1, SECOND // 10, SECOND, 3 * SECOND, 11 * SECOND))
        while (due := duel.naive.next_deadline_us()) and due <= now_us and rng.random() < prompt:
            duel.submit(max(due, duel.naive.now), DeadlinesReached())
        duel.submit(now_us, draw.command())
    return duel
