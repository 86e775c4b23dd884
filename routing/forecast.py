"""How long a caller is going to wait, with an honest "unknown".

Two small rings a queue. The last departures from the line (a call found its agent) give the mean
time `m` between two of them. With k calls in front, the wait is the sum of k + 1 such times: its
median is close to (k + 1)·m, and with exponential times its standard deviation is m·√(k + 1), so
that P90 is some 1.28 of these above (normal approximation). The last forecasts that came true or
not give their measured quality: the share of calls that waited no longer than their P90. A
forecast is said only when there were enough departures, the last of them not too long ago, and the
share is near what P90 promises.
"""

from dataclasses import dataclass, field
from math import isqrt
from typing import Final

RING: Final = 32
"""Departures and outcomes remembered: enough to average, few enough to follow a change of shift."""

ENOUGH: Final = 8
"""Departures, and judged forecasts, from which on something is said."""

STALE: Final = 5
"""So many mean intervals without a departure: the mean is not believed."""

TRUSTED_PERCENT: Final = 75
"""P90 should hold for 90 of 100 calls; below this the forecast is silent (sampling error of 32)."""

UNKNOWN: Final = -1


@dataclass(slots=True)
class Forecast:
    """Wait forecast of one queue. Times in microseconds."""

    last_departure_us: int = 0
    busy: bool = False  # calls were left waiting by the last departure
    intervals: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)  # 1: the wait was within its P90, 0: it was not
    errors: list[int] = field(default_factory=list)  # |waited - P50|

    def departed(self, now_us: int, left_waiting: int) -> None:
        """A call found its agent. Only times in which calls were waiting say how fast they go."""
        if self.busy:
            _push(self.intervals, now_us - self.last_departure_us)
        self.last_departure_us = now_us
        self.busy = left_waiting > 0

    def judged(self, waited_us: int, p50_us: int, p90_us: int) -> None:
        """A forecast met reality."""
        _push(self.kept, int(waited_us <= p90_us))
        _push(self.errors, abs(waited_us - p50_us))

    def raw(self, in_front: int) -> tuple[int, int]:
        """(P50, P90) for a call with so many in front, trusted or not; UNKNOWN without data."""
        if len(self.intervals) < ENOUGH:
            return UNKNOWN, UNKNOWN
        mean = sum(self.intervals) // len(self.intervals)
        places = in_front + 1
        spread = mean * isqrt(places * 10_000) // 100
        return places * mean, places * mean + spread * 128 // 100

    def say(self, in_front: int, now_us: int) -> tuple[int, int]:
        """(P50, P90) that may be announced; UNKNOWN when unreliable."""
        return self.raw(in_front) if self.is_trusted(now_us) else (UNKNOWN, UNKNOWN)

    def is_trusted(self, now_us: int) -> bool:
        """May a forecast be announced now?"""
        departures, judged = len(self.intervals), len(self.kept)
        if departures < ENOUGH:
            return False
        if now_us - self.last_departure_us > STALE * max(sum(self.intervals) // departures, 1):
            return False
        return judged < ENOUGH or sum(self.kept) * 100 >= TRUSTED_PERCENT * judged

    def mean_error_us(self) -> int:
        """How far P50 was off, on average, over the last judged forecasts; UNKNOWN without any."""
        return sum(self.errors) // len(self.errors) if self.errors else UNKNOWN


def _push(ring: list[int], value: int) -> None:
    ring.append(value)
    if len(ring) > RING:
        del ring[0]
