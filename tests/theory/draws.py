"""Chance for the experiments: a generator of our own, so that no library's change moves a figure.

SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, one step, one draw. Times come out as whole
microseconds, which is what the engine takes.
"""

import math

MASK = (1 << 64) - 1
SECOND_US = 1_000_000


class Draws:
    """A stream of its own for each purpose: arrivals do not move when services are drawn anew."""

    def __init__(self, seed: int, purpose: str) -> None:
        self.state = (seed * 1_000_003 + int.from_bytes(purpose.encode(), "big")) & MASK

    def bits(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def exponential_us(self, mean_s: float) -> int:
        """An exponential time; 53 bits, never exactly nought."""
        chance = ((self.bits() >> 11) + 1) / (1 << 53)
        return round(-math.log(chance) * mean_s * SECOND_US)
