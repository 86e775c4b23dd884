"""What the engine is set beside: a loop that does nothing but the minimum, and the naive engine.

The bare loop is the floor for this language: dicts for calls and agents, one heap of waiting calls
and one of idle agents for each queue, one small event for each thing that happens. It knows no
needs, levels, steps, deadlines, policies, records or refusals. The naive engine knows all of it and
looks at everything each time; it is only run small.
"""

import heapq
import importlib
from collections.abc import Iterable
from typing import Any

from routing.commands import (
    CallArrived,
    CallerHungUp,
    Command,
    LegsBridged,
    LogOnAgent,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
    SetAgentState,
    Stamped,
)
from routing.config import RoutingConfig


def naive_engine(config: RoutingConfig) -> Any:
    """The slow second engine of the tests, which the property tests hold the engine to."""
    return importlib.import_module("tests.naive.engine").NaiveEngine(config)


class BareLoop:
    """First come, first served in each queue; every agent serves one of them."""

    def __init__(self, config: RoutingConfig) -> None:
        queues = [queue.queue_id for queue in config.queues]
        self.queue_of = {
            agent.agent_id: queues[number % len(queues)]
            for number, agent in enumerate(config.agents)
        }
        self.waiting: dict[str, list[tuple[int, int, str]]] = {queue: [] for queue in queues}
        self.idle: dict[str, list[tuple[int, str]]] = {queue: [] for queue in queues}
        self.calls: dict[str, str] = {}
        self.agent_of: dict[str, str] = {}
        self.offers: dict[int, tuple[str, str]] = {}
        self.offer_no = 0

    def handle(self, stamped: Stamped) -> list[tuple[str, str, str]]:
        """The same commands as the engine's, and about as many events."""
        out: list[tuple[str, str, str]] = []
        now, command = stamped.at_us, stamped.command
        if isinstance(command, CallArrived):
            self.calls[command.call_id] = command.queue_id
            line = self.waiting[command.queue_id]
            heapq.heappush(line, (-command.priority, now, command.call_id))
            out.append(("queued", command.call_id, command.queue_id))
            self._match(command.queue_id, out)
        elif isinstance(command, SetAgentState | LogOnAgent):
            queue = self.queue_of[command.agent_id]
            heapq.heappush(self.idle[queue], (now, command.agent_id))
            out.append(("ready", command.agent_id, ""))
            self._match(queue, out)
        elif isinstance(command, CallerHungUp):
            self.calls.pop(command.call_id, None)
            agent = self.agent_of.pop(command.call_id, "")
            out.append(("cleared", command.call_id, agent))
        else:
            self._progress(command, out)
        return out

    def _progress(self, command: Command, out: list[tuple[str, str, str]]) -> None:
        if not isinstance(command, OfferRinging | OfferAnswered | OfferFailed | LegsBridged):
            return
        call, agent = self.offers.get(command.offer_id, ("", ""))
        if isinstance(command, LegsBridged):
            self.offers.pop(command.offer_id, None)
            self.agent_of[call] = agent
        out.append((type(command).__name__, call, agent))

    def _match(self, queue: str, out: list[tuple[str, str, str]]) -> None:
        line, idle = self.waiting[queue], self.idle[queue]
        while line and idle:
            _, _, call = heapq.heappop(line)
            if call not in self.calls:
                continue
            _, agent = heapq.heappop(idle)
            self.offer_no += 1
            self.offers[self.offer_no] = (call, agent)
            out.append(("offered", call, agent))


def run(engine: Any, journal: Iterable[Stamped]) -> None:
    """All commands of a journal, one after another."""
    handle = engine.handle
    for stamped in journal:
        handle(stamped)
