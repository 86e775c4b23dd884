"""A queue as the engine sees it: its specification, ready to be used, and who waits in it.

What a call needs of an agent changes while it waits: first its preferred agent (for the sticky
time), then the queue's need, then what each relaxation step says. `plan_at` answers for any time,
so a step is never frozen at the moment of joining.
"""

from typing import TYPE_CHECKING

from routing.config import Overflow, QueueSpec
from routing.ids import QueueId
from routing.needs import Need, parse

if TYPE_CHECKING:
    from routing.pools import Band, Pool

STICKY_STEP = -1
"""The step number of a call that waits for its preferred agent."""


class Queue:
    """One waiting line."""

    __slots__ = ("bands", "boundaries", "needs", "overflows", "pools", "spec", "waiting")

    def __init__(self, spec: QueueSpec) -> None:
        self.waiting = 0
        self.bands: list[Band] = []
        self.pools: list[Pool] = []  # of each step, when the caller brings no need of his own
        self.use(spec)

    @property
    def queue_id(self) -> QueueId:
        """Its id."""
        return self.spec.queue_id

    def use(self, spec: QueueSpec) -> None:
        """Go by `spec` from now on; who waits stays."""
        self.spec = spec
        steps = sorted(spec.steps, key=lambda step: step.after_us)
        self.needs: tuple[Need, ...] = (parse(spec.need), *(parse(step.need) for step in steps))
        self.boundaries = tuple(step.after_us for step in steps)
        self.overflows: dict[str, Overflow] = {flow.cause: flow for flow in spec.overflows}

    def step_at(self, waited_us: int, *, prefers: bool) -> int:
        """Which step is in force after so much waiting."""
        if prefers and waited_us < self.spec.sticky_us:
            return STICKY_STEP
        step = 0
        for boundary in self.boundaries:
            if waited_us < boundary:
                break
            step += 1
        return step

    def next_change_us(self, waited_us: int, *, prefers: bool) -> int | None:
        """After how much waiting, more than `waited_us`, something changes next; None for never."""
        sticky_us, max_wait_us = self.spec.sticky_us, self.spec.max_wait_us
        ahead = [after for after in self.boundaries if after > waited_us]
        if prefers and waited_us < sticky_us:
            ahead.append(sticky_us)
        if max_wait_us > waited_us:
            ahead.append(max_wait_us)
        return min(ahead, default=None)
