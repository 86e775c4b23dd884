"""The scheduler port on an asyncio loop and the system's clock: simulated things in real time."""

import asyncio
from collections.abc import Callable

from cti.clock import Clock, SystemClock
from simulators.virtual_clock import Timer


class LoopClock:
    """Real time; callbacks run in the loop that was running when this was made."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._loop = asyncio.get_running_loop()

    def now_us(self) -> int:
        """Microseconds since 1970 UTC."""
        return self._clock.now_us()

    def at(self, due_us: int, callback: Callable[[], None]) -> Timer:
        """Call when `due_us` has come; at the next turn of the loop when it has passed."""
        wait_us = due_us - self._clock.now_us()
        if wait_us <= 0:
            return self._loop.call_soon(callback)
        return self._loop.call_later(wait_us / 1_000_000, callback)
