"""Plays a scenario on an engine and says where it went another way."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from routing.commands import (
    ApplyConfig,
    Command,
    DeadlinesReached,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    Stamped,
)
from routing.config import RoutingConfig
from routing.events import ConfigApplied, Event, OfferMade
from tests.scenarios.language import Row, Scenario, changed
from tests.scenarios.words import ZERO_US, ScenarioError, command_of, event_text, expects


class Engine(Protocol):
    """What scenarios need: the real engine has it, and so has the naive engine."""

    def handle(self, stamped: Stamped) -> list[Event]: ...
    def next_deadline_us(self) -> int | None: ...


class MismatchError(AssertionError):
    """The engine did something else than the row says."""


DEADLINES_A_ROW_MAX = 10_000
"""More at one moment means that deadlines breed deadlines."""


class Player:
    """One engine on a virtual clock, and the offers that rows refer to by their calls."""

    def __init__(
        self,
        scenario: Scenario,
        build: Callable[[RoutingConfig], Engine],
        check: Callable[[Engine], object] = lambda _: None,
    ) -> None:
        self.scenario = scenario
        self.config = scenario.config
        self.engine = build(scenario.config)
        self.check = check
        self.seq = 0
        self.offers: dict[str, int] = {}

    def play(self) -> None:
        """Every row in turn; `MismatchError` at the first that differs."""
        self.begin()
        for row in self.scenario.rows:
            actual = self.events_of(row)
            if not same(row, actual):
                raise MismatchError(self.story(row, actual))

    def begin(self) -> None:
        """Those on duty sign on and get ready at zero, in the order in which they are named."""
        for agent in self.scenario.on_duty:
            self.submit(0, LogOnAgent(agent))
            self.submit(0, SetAgentState(agent, RequestedState.READY))

    def events_of(self, row: Row) -> list[Event]:
        """Play one row and return all that came of it and of the time before it."""
        actual = list(self.deadlines(row.at_us - 1 if row.act else row.at_us))
        if row.act:
            try:
                command = self.command(row)
            except (ScenarioError, ValueError) as problem:
                where = f"{self.scenario.file}.txt:{row.line}"
                raise ScenarioError(f"{where}: {problem}\n    {row.text}") from problem
            actual += self.submit(row.at_us, command)
        return actual

    def command(self, row: Row) -> Command:
        if row.act[0] == "change":
            config = changed(self.config, list(row.act[1:]))
            return ApplyConfig(msgspec.structs.replace(config, version=config.version + 1))
        return command_of(row.act, self.offers)

    def deadlines(self, until_us: int) -> Iterator[Event]:
        """Let time pass: fire what is due up to and including this moment, each at its own."""
        for _ in range(DEADLINES_A_ROW_MAX):
            due = self.engine.next_deadline_us()
            if due is None or due > ZERO_US + until_us:
                return
            yield from self.submit(due - ZERO_US, DeadlinesReached())
        raise MismatchError(f"{self.scenario.name}: deadlines without end")

    def submit(self, at_us: int, command: Command) -> list[Event]:
        self.seq += 1
        events = self.engine.handle(Stamped(self.seq, ZERO_US + at_us, command))
        for event in events:
            if isinstance(event, OfferMade):
                self.offers[event.call_id] = event.offer_id
            if isinstance(event, ConfigApplied) and isinstance(command, ApplyConfig):
                self.config = command.config
        self.check(self.engine)
        return events

    def story(self, row: Row, actual: list[Event]) -> str:
        wanted = [" ".join(words) for words in row.expected] or ["nothing"]
        came = [event_text(event) for event in actual] or ["nothing"]
        return (
            f"{self.scenario.name}\n{self.scenario.file}.txt:{row.line}: {row.text}\n"
            f"  expected: {', '.join(wanted)}\n  came:     {', '.join(came)}"
        )


def same(row: Row, actual: list[Event]) -> bool:
    return len(row.expected) == len(actual) and all(
        expects(words, event) for words, event in zip(row.expected, actual, strict=True)
    )
