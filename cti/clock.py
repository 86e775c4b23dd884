"""Time as a port: the daemon's is the system's, the simulation's is moved by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Microseconds since 1970 UTC that never go back within a run."""

    def now_us(self) -> int:
        """The time now."""
        ...


class SystemClock:
    """Wall time at start plus monotonic time since, so that no step of the wall clock (NTP, an
    operator) moves a deadline or makes a duration negative.
    """

    def __init__(self) -> None:
        self._base_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """The time now."""
        return self._base_us + time.monotonic_ns() // 1000
