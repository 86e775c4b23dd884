"""A queue as the engine sees it: its specification, ready to be used, and who waits in it.

What a call needs of an agent changes while it waits: first its preferred agent (for the sticky
time), then the queue's need, then what each relaxation step says. `step_at` answers for any time,
so a step is never frozen at the moment of joining.
"""

from typing import Final

from routing.config import Announcement, Overflow, QueueSpec
from routing.forecast import Forecast
from routing.ids import QueueId
from routing.index.ageing import Ageing
from routing.index.needs import ANYONE, AnyOf, Need, parse
from routing.index.pool import Band, Pool, PoolKey

STICKY_STEP: Final = -1
"""The step number of a call that waits for its preferred agent."""


Wish = tuple[int, str, str, bool]
"""(step, the caller's own needs, preferred agent, for training seats)."""

MAX_WISHES: Final = 1_000
"""Different wishes of one queue remembered; putting one together again costs some 10 µs."""

MAX_DROPPED: Final = 10_000
"""Callers of one queue who may come back to their place; the oldest are forgotten first."""


class Queue:
    """One waiting line.

    `accepting`, `given`, `reserve_open`, `dropped` and `forecast` are state; all else follows from
    the specification.
    """

    __slots__ = (
        "accepting", "ageing", "bands", "boundaries", "changes", "dropped", "forecast", "given",
        "overflows", "own_needs", "pools", "priority", "reserve", "reserve_open", "spec", "splits",
        "waiting", "wishes",
    )  # fmt: skip

    def __init__(self, spec: QueueSpec) -> None:
        self.spec = spec
        self.waiting = 0
        self.bands: list[Band] = []
        self.pools: list[Pool] = []  # of each step, for callers who bring no need of their own
        self.accepting = True  # False at closing time: serve the waiting, take no new
        self.given: dict[str, int] = {}  # calls given to each employer of the allocation
        self.reserve_open = False
        self.dropped: dict[str, tuple[int, int]] = {}  # caller: first queued, until when
        self.forecast = Forecast()
        self.wishes: dict[Wish, tuple[PoolKey, Need]] = {}
        self.use(spec)

    @property
    def queue_id(self) -> QueueId:
        """Its id."""
        return self.spec.queue_id

    def use(self, spec: QueueSpec) -> None:
        """Go by `spec` from now on; who waits stays. Shares that are new count from zero."""
        if spec.allocation != self.spec.allocation:
            self.given.clear()
        self.spec = spec
        self.priority = spec.priority
        self.ageing = Ageing(spec)
        self.reserve = spec.reserve
        self.splits = bool(spec.allocation)  # between employers?
        steps = sorted(spec.steps, key=lambda step: step.after_us)
        self.own_needs: tuple[Need, ...] = (parse(spec.need), *(parse(step.need) for step in steps))
        self.boundaries = tuple(step.after_us for step in steps)
        self.changes = bool(
            self.boundaries or spec.announcements or spec.max_wait_us or spec.sticky_us
        )  # does waiting change anything?
        self.overflows: dict[str, Overflow] = {flow.cause: flow for flow in spec.overflows}
        if self.reserve is None:
            self.reserve_open = False
        self.wishes.clear()

    def remember(self, wish: Wish, place: tuple[PoolKey, Need]) -> tuple[PoolKey, Need]:
        """Where callers with such a wish stand, so that it is found out only once."""
        if len(self.wishes) >= MAX_WISHES:
            self.wishes.clear()
        self.wishes[wish] = place
        return place

    @property
    def needs(self) -> tuple[Need, ...]:
        """What each step admits, the reserve included while it is open."""
        reserve = self.reserve
        if reserve is None or not self.reserve_open:
            return self.own_needs
        extra = parse(reserve.need)
        return tuple(
            ANYONE if ANYONE in (need, extra) else AnyOf((need, extra)) for need in self.own_needs
        )

    def is_served(self) -> bool:
        """Has anybody signed in who meets one of its needs?"""
        return any(pool.members for pool in self.pools)

    def toggles_reserve(self) -> bool:
        """Is it time to open or to close the reserve?"""
        reserve = self.reserve
        if reserve is None:
            return False
        if self.reserve_open:
            return self.waiting <= reserve.close_at
        return self.waiting >= reserve.open_at

    def drop(self, caller: str, first_queued_us: int, until_us: int) -> None:
        """Remember the place of a caller who hung up."""
        self.dropped.pop(caller, None)
        self.dropped[caller] = (first_queued_us, until_us)
        if len(self.dropped) > MAX_DROPPED:
            del self.dropped[next(iter(self.dropped))]

    def regain(self, caller: str, now_us: int) -> int:
        """The first-queue time of a caller who is back in time; 0 for everybody else."""
        first_us, until_us = self.dropped.pop(caller, (0, 0))
        return first_us if now_us <= until_us else 0

    def step_at(self, waited_us: int, *, prefers: bool) -> int:
        """Which step is in force after so much waiting; `STICKY_STEP` before the first."""
        if prefers and waited_us < self.spec.sticky_us:
            return STICKY_STEP
        step = 0
        for boundary in self.boundaries:
            if waited_us < boundary:
                break
            step += 1
        return step

    def next_change_us(self, waited_us: int, *, prefers: bool, may_leave: bool) -> int | None:
        """After how much waiting something changes next; None for never.

        A call that may not leave has been promised a call-back: no wait is too long for it.
        """
        if not self.changes:
            return None
        sticky_us = self.spec.sticky_us
        max_wait_us = self.spec.max_wait_us if may_leave else 0
        if 0 < max_wait_us <= waited_us:
            return waited_us  # overdue: it came back to the line too late
        ahead = [*self.boundaries, max_wait_us]
        ahead += [next_play_us(each, waited_us) for each in self.spec.announcements]
        if prefers:
            ahead.append(sticky_us)
        ahead = [after for after in ahead if after > waited_us]
        return min(ahead) if ahead else None

    def announcement_at(self, waited_us: int) -> Announcement | None:
        """What is to be played after exactly so much waiting: the first that is due."""
        for each in self.spec.announcements:
            late = waited_us - each.after_us
            if late == 0 or (late > 0 and each.every_us and late % each.every_us == 0):
                return each
        return None


def next_play_us(each: Announcement, waited_us: int) -> int:
    """After how much waiting this announcement is due next; a wait that has passed when it is not
    played again.
    """
    if waited_us < each.after_us:
        return each.after_us
    if not each.every_us:
        return 0
    return waited_us + each.every_us - (waited_us - each.after_us) % each.every_us


STORED: Final = ("queue_id", "accepting", "given", "reserve_open", "dropped")
"""The fields a snapshot keeps, beside the forecast."""
