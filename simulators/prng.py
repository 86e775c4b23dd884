"""Chance from a seed, in integers only. Pure; the same numbers on every machine and every Python.

The generator is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
2014): one addition and three mixing steps on 64 bits. Probabilities are pairs of integers, and the
exponential draw is von Neumann's, which only compares: no logarithm, so no rounding that could
differ between two C libraries.

Each actor takes a stream of its own with `fork(name)`: a draw added in one place does not shift the
draws of all others, so that a seed that has found something still finds it after an unrelated
change.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3

Item = TypeVar("Item")


class Ratio(NamedTuple):
    """A probability: `numerator` in `denominator`."""

    numerator: int
    denominator: int = 1000


NEVER = Ratio(0)


class Prng:
    """One stream of draws."""

    def __init__(self, seed: int) -> None:
        self.seed = seed & _MASK
        self._state = self.seed

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + _GAMMA) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def fork(self, name: str) -> "Prng":
        """A stream that depends on this one's seed and the name only, not on what was drawn."""
        mixed = _FNV_OFFSET
        for byte in name.encode():
            mixed = ((mixed ^ byte) * _FNV_PRIME) & _MASK
        return Prng(Prng(self.seed ^ mixed).bits())

    def below(self, limit: int) -> int:
        """An integer from 0 up to, not including, `limit`, which is at least 1."""
        return (self.bits() * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, ratio: Ratio) -> bool:
        """True so often. Draws nothing for `NEVER`, so that switching it on later shifts
        nothing.
        """
        return ratio.numerator > 0 and self.below(ratio.denominator) < ratio.numerator

    def pick(self, items: Sequence[Item]) -> Item:
        """One of them, all alike."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[Item, int]]) -> Item:
        """One of them, each with its weight."""
        place = self.below(sum(weight for _, weight in items))
        for item, weight in items[:-1]:
            if place < weight:
                return item
            place -= weight
        return items[-1][0]

    def exponential(self, mean: int) -> int:
        """A waiting time of that mean, as between the arrivals of people who do not know each
        other.

        Von Neumann, Various Techniques Used in Connection with Random Digits (1951): in runs of
        falling uniform draws, a run of odd length is taken, with its first draw as the fraction;
        each run of even length that is thrown away adds one whole mean.
        """
        whole = 0
        while True:
            first = last = self.bits()
            length = 1
            while (draw := self.bits()) < last:
                last = draw
                length += 1
            if length % 2 == 1:
                return mean * whole + ((mean * first) >> 64)
            whole += 1
