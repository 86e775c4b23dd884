"""Durations counted by size, as Prometheus wants them: a histogram for the hot path.

That of prometheus_client takes its locks and walks its buckets at each observation, 5 us, which is
half of what a command costs the core. Here everything belongs to one thread; the sum over the
buckets is done by whoever reads. Pure.
"""

from bisect import bisect_left
from collections.abc import Sequence


class Timings:
    """How many durations were at most each of the `bounds` (seconds, rising), and their sum."""

    __slots__ = ("_bounds", "_counts", "sum_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        """One more. A bound includes its own value, as "within T" does."""
        self._counts[bisect_left(self._bounds, duration_s)] += 1
        self.sum_s += duration_s

    def buckets(self) -> list[tuple[str, float]]:
        """(bound, how many were within it) for each bound and `+Inf`, as an exposition has them."""
        total, rows = 0, []
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            rows.append((_written(bound), float(total)))
        return rows


def _written(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(float(bound))
