"""What waiting adds to a call's score in one queue.

Age up to a cap, and more while the service level is in danger. Both only grow with the wait, which
is what lets a band of calls be judged by its head (`routing.index.pool`). Integers only.
"""

from typing import Final, final

from routing.config import QueueSpec

FOR_EVER_US: Final = 1 << 60
"""More than any wait, and still a small number to the compiled core: 36,000 years."""


@final
class Ageing:
    """The part of a queue's specification that scores go by, ready to be used for each command."""

    __slots__ = ("_age_cap", "_age_points", "_every_us", "_risk_us", "_window_us", "sl_points")

    def __init__(self, spec: QueueSpec) -> None:
        self._every_us = spec.age_every_us
        self._age_points = spec.age_points
        self._age_cap = spec.age_cap
        self._window_us = spec.sl_window_us
        self._risk_us = spec.service_level_us - spec.sl_window_us  # the danger begins after this
        self.sl_points = spec.sl_points

    def points(self, waited_us: int) -> int:
        """What is added to the priority after so much waiting."""
        points = waited_us // self._every_us * self._age_points
        if points > self._age_cap:  # noqa: PLR1730  min() costs a third more
            points = self._age_cap
        return points + self.at_risk(waited_us) if self.sl_points else points

    def at_risk(self, waited_us: int) -> int:
        """What is added over the last `sl_window_us` before the service level is missed."""
        into_us = min(waited_us - self._risk_us, self._window_us)
        return self.sl_points * into_us // self._window_us if into_us > 0 else 0

    def least_wait_us(self, points: int) -> int:
        """After how much waiting `points` are reached, without `sl_points`; `FOR_EVER_US` when they
        never are.
        """
        if points <= 0:
            return 0
        if points > self._age_cap or not self._age_points:
            return FOR_EVER_US
        return -(-points // self._age_points) * self._every_us
