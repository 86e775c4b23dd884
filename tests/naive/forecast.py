"""How long a call will wait, as the essay of `routing.forecast` says: everything is kept, and the
last 32 are looked at when somebody asks.
"""

from dataclasses import dataclass, field
from math import isqrt

UNKNOWN = (-1, -1)


@dataclass
class Past:
    """What a queue has seen: when calls found agents, how many stayed behind, what was foretold."""

    departures: list[tuple[int, int]] = field(default_factory=list)
    foretold: list[tuple[int, int]] = field(default_factory=list)  # waited, P90

    def intervals(self) -> list[int]:
        """Between departures, as far as calls were waiting all the time."""
        pairs = zip(self.departures, self.departures[1:], strict=False)
        return [later - before for (before, left), (later, _) in pairs if left][-32:]

    def raw(self, in_front: int) -> tuple[int, int]:
        """(P50, P90) by the mean interval m: k + 1 of them, and 1.28 deviations of m·√(k + 1)."""
        intervals = self.intervals()
        if len(intervals) < 8:
            return UNKNOWN
        mean = sum(intervals) // len(intervals)
        deviation = mean * isqrt((in_front + 1) * 10_000) // 100
        median = (in_front + 1) * mean
        return median, median + deviation * 128 // 100

    def said(self, in_front: int, now_us: int) -> tuple[int, int]:
        """The same, when it may be believed: nothing has stopped, and the last ones came true."""
        forecast = self.raw(in_front)
        if forecast == UNKNOWN:
            return UNKNOWN
        intervals, last = self.intervals(), self.foretold[-32:]
        mean = max(sum(intervals) // len(intervals), 1)
        stopped = now_us - self.departures[-1][0] > 5 * mean
        true = sum(waited <= p90 for waited, p90 in last)
        missed = len(last) >= 8 and 100 * true < 75 * len(last)
        return UNKNOWN if stopped or missed else forecast
