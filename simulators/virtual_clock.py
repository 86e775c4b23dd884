"""Time that moves when it is told to. Pure: knows no loop, no thread and no wall clock.

`Scheduler` is the port through which everything simulated waits. It has two implementations: this
one, where an hour takes as long as its events take to compute, and `loop_clock.LoopClock`, where an
hour is an hour. What is simulated cannot tell which of them it lives on.

Two callbacks that are due at the same microsecond run in the order in which they were asked for:
the heap's key is (due, sequence number), so no tie is left to the container and one seed gives one
history.
"""

import heapq
from collections.abc import Callable
from typing import Protocol

from cti.clock import Clock

START_US = 1_795_293_525_000_000
"""2026-11-21 20:38:45 UTC, the evening on which the transcripts were recorded."""


class Timer(Protocol):
    """A callback that is waited for."""

    def cancel(self) -> None:
        """Do not call; harmless when it is too late for that."""


class Scheduler(Clock, Protocol):
    """A clock on which one can be called later."""

    def at(self, due_us: int, callback: Callable[[], None]) -> Timer:
        """Call once when `due_us` has come; at once (but not from within) when it has passed."""


class VirtualTimer:
    """Handle of one callback on the virtual clock."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the callback. The entry stays in the heap: taking it out would cost a search."""
        self.callback = None


class VirtualClock:
    """Moves by `step`, `advance` or `run`, and calls what is due on the way."""

    def __init__(self, start_us: int = START_US) -> None:
        self._now_us = start_us
        self._seq = 0
        self._heap: list[tuple[int, int, VirtualTimer]] = []

    def now_us(self) -> int:
        """Microseconds since 1970 UTC in this world."""
        return self._now_us

    def at(self, due_us: int, callback: Callable[[], None]) -> VirtualTimer:
        """Call when `due_us` has come. What is due in the past is due now, after all that was."""
        timer = VirtualTimer(callback)
        self._seq += 1
        heapq.heappush(self._heap, (max(due_us, self._now_us), self._seq, timer))
        return timer

    def next_due_us(self) -> int | None:
        """When `step` would go next; None when nothing is waited for."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def step(self) -> bool:
        """Go to the next callback and call it; False when there is none."""
        if self.next_due_us() is None:
            return False
        self._now_us, _, timer = heapq.heappop(self._heap)
        callback, timer.callback = timer.callback, None
        if callback is not None:  # always so after next_due_us; told to the type checker
            callback()
        return True

    def advance(self, by_us: int) -> None:
        """Let so much time go by, calling what is due in it."""
        self.advance_to(self._now_us + by_us)

    def advance_to(self, until_us: int) -> None:
        """Go on to `until_us`, calling what is due until then, itself included."""
        while (due_us := self.next_due_us()) is not None and due_us <= until_us:
            self.step()
        self._now_us = max(self._now_us, until_us)

    def run(self, max_steps: int) -> int:
        """Go on until nothing is waited for or so many callbacks have run; gives their number."""
        for count in range(max_steps):
            if not self.step():
                return count
        return max_steps
