"""The rules that always hold, checked in production too, at a price that nobody notices.

`routing.invariants.check` walks over everything, so it is run as often as it may cost: one part in
a thousand of the time. On a small site that is several times a second, on the largest once in
minutes. A breach is a bug of ours: it is logged with the state's number (the journal holds the
rest), counted by its name, and the daemon goes on: it serves callers, and a wrong counter is no
reason to stop.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from routing.engine import RoutingEngine
from routing.invariants import check

log = logging.getLogger(__name__)

SHARE: Final = 1000
"""A check that took d is not repeated before 1000 d have passed …"""

LONG_S: Final = 0.005
PAUSE_AFTER_LONG_S: Final = 60.0
"""… and one that holds up the loop for more than 5 ms, not before a minute has."""

_LOGGED: Final = 20


@dataclass(slots=True)
class InvariantCounters:
    """Plain numbers for the metrics to read."""

    checks: int = 0
    breaches: int = 0
    last_check_us: int = 0  # how long it took


class InvariantWatch:
    """Call it after a command; it decides whether it is time. `breached` is told each name."""

    def __init__(self, engine: RoutingEngine, breached: Callable[[str], None]) -> None:
        self.counters = InvariantCounters()
        self._engine = engine
        self._breached = breached
        self._next_s = 0.0

    def after_turn(self) -> None:
        """Check, if it is time."""
        if time.monotonic() >= self._next_s:
            self.check()

    def check(self) -> int:
        """Check now; how many rules are broken."""
        began = time.monotonic()
        found = check(self._engine)
        took_s = time.monotonic() - began
        pause_s = took_s * SHARE if took_s < LONG_S else PAUSE_AFTER_LONG_S
        self._next_s = began + took_s + pause_s
        self.counters.checks += 1
        self.counters.breaches += len(found)
        self.counters.last_check_us = round(took_s * 1_000_000)
        for breach in found:
            self._breached(breach.invariant)
        for breach in found[:_LOGGED]:
            log.critical(
                "invariant %s is broken after command %d: %s",
                breach.invariant, self._engine.seq, breach.detail,
            )  # fmt: skip
        return len(found)
