"""Counts laid out by time: days, parts of a day, and all since a router's start. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from cti.figures.counts import SECOND_US, AgentCounts, QueueCounts
from cti.zone import OFFSET_US

DAY_US: Final = 86_400 * SECOND_US
INTERVAL_US: Final = 900 * SECOND_US
"""A quarter of an hour; half-hours and hours are sums of quarters (C9)."""

DAYS_KEPT: Final = 2
"""The present day, and the one before it for those who look after midnight."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The local day of a site. `offset_us` is local time minus UTC."""

    offset_us: int = OFFSET_US
    interval_us: int = INTERVAL_US

    def day_of(self, at_us: int) -> int:
        """When this moment's day began, microseconds since 1970 UTC."""
        return at_us - (at_us + self.offset_us) % DAY_US

    def interval_of(self, at_us: int) -> int:
        """When this moment's part of the day began."""
        return at_us - (at_us + self.offset_us) % self.interval_us

    def pieces(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        """A stretch of time, cut where intervals end: (beginning, length) of each piece."""
        found = []
        while from_us < to_us:
            end_us = min(self.interval_of(from_us) + self.interval_us, to_us)
            found.append((from_us, end_us - from_us))
            from_us = end_us
        return found


Key = TypeVar("Key", bound=str)
Counts = TypeVar("Counts", QueueCounts, AgentCounts)


class Book(Generic[Key, Counts]):
    """Counts of many (queues, agents, employers) by day; with `by_interval` by its parts, too."""

    def __init__(
        self, make: Callable[[], Counts], calendar: Calendar, *, by_interval: bool = True
    ) -> None:
        self.days: dict[int, dict[Key, Counts]] = {}
        self.intervals: dict[int, dict[Key, Counts]] = {}
        self.live: dict[Key, Counts] = {}
        self._make: Callable[[], Counts] = make
        self._calendar = calendar
        self._by_interval = by_interval
        self._since_us = 0
        self._counts_live = False
        # Nearly all that happens lies in the newest interval: its cells are at hand.
        self._newest: dict[Key, list[Counts]] = {}
        self._from_us = self._to_us = 0

    def begin(self, since_us: int) -> None:
        """What happened before this moment is not counted."""
        self._since_us = since_us
        self._newest = {}

    def count_live(self) -> None:
        """From now on everything is also added to `live`, which only grows."""
        if not self._counts_live:
            self._counts_live = True
            self._newest = {}

    def cells(self, key: Key, at_us: int) -> list[Counts]:
        """Where something that happened then is counted: add the same to each."""
        if at_us < self._from_us:
            return self._open(key, at_us)
        if at_us >= self._to_us:
            self._from_us = self._calendar.interval_of(at_us)
            self._to_us = self._from_us + self._calendar.interval_us
            self._newest = {}
        found = self._newest.get(key)
        if found is None:
            found = self._open(key, at_us)
            if self._from_us >= self._since_us:
                self._newest[key] = found
        return found

    def _open(self, key: Key, at_us: int) -> list[Counts]:
        if at_us < self._since_us:
            return []
        found = [self._cell(self._day(self._calendar.day_of(at_us)), key)]
        if self._by_interval:
            start_us = self._calendar.interval_of(at_us)
            found.append(self._cell(self.intervals.setdefault(start_us, {}), key))
        if self._counts_live:
            found.append(self._cell(self.live, key))
        return found

    def of_day(self, at_us: int) -> Mapping[Key, Counts]:
        """What was counted on this moment's day."""
        return self.days.get(self._calendar.day_of(at_us), {})

    def _day(self, day_us: int) -> dict[Key, Counts]:
        found = self.days.get(day_us)
        if found is None:
            found = self.days[day_us] = {}
            oldest_us = max(self.days) - (DAYS_KEPT - 1) * DAY_US
            for kept in (self.days, self.intervals):
                for start_us in [start for start in kept if start < oldest_us]:
                    del kept[start_us]
        return found

    def _cell(self, cells: dict[Key, Counts], key: Key) -> Counts:
        found = cells.get(key)
        if found is None:
            found = cells[key] = self._make()
        return found
