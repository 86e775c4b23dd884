"""Counting with a calendar: open or closed, due at, worked between, N working days. Pure.

The clock of a case runs while we are open and no pause is on. Pauses are intervals that are kept
beside the start, never an edited start: a limit that changes later is counted again from the same
intervals, and comes out right. An interval without end is a pause that lasts.

Everything here is held to a count of single minutes (`tests/property/test_business_clock.py`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from routing.calendar.dates import (
    DAY_US,
    MINUTE_US,
    SATURDAY,
    date_of,
    weekday,
)
from routing.calendar.model import Calendar, DayKind, Segments

Pause = tuple[int, int | None]
"""From when to when the clock stood, in microseconds; None: it still stands. One that ends before
it begins takes nothing out."""

LOOK_AHEAD_DAYS: Final = 3660
"""Ten years: what is not due by then never is (a calendar that is never open)."""

_SWITCH_DAYS: Final = 400
"""A calendar that does not switch within a year and a month does not switch by itself."""


def day_at(calendar: Calendar, at_us: int) -> int:
    """The day that it is at the site."""
    return (at_us + calendar.offset_min * MINUTE_US) // DAY_US


def start_of_day_us(calendar: Calendar, day: int) -> int:
    """When the day begins at the site."""
    return day * DAY_US - calendar.offset_min * MINUTE_US


def hours_of(calendar: Calendar, day: int) -> Segments:
    """The open stretches of a day."""
    special = calendar.special.get(day)
    if special is not None:
        return special
    kind = calendar.listed.get(day)
    if kind is not None:
        return calendar.holiday if kind == DayKind.REST else calendar.moved
    return calendar.week[weekday(day)]


def is_workday(calendar: Calendar, day: int) -> bool:
    """A working day of the state (工作日), whatever our hours are."""
    kind = calendar.listed.get(day)
    return weekday(day) < SATURDAY if kind is None else kind == DayKind.WORK


def is_open(calendar: Calendar, at_us: int) -> bool:
    """Whether we are open at this instant; the end of a stretch is not in it."""
    day = day_at(calendar, at_us)
    minute = (at_us - start_of_day_us(calendar, day)) // MINUTE_US
    return any(start <= minute < end for start, end in hours_of(calendar, day))


def next_change_us(calendar: Calendar, at_us: int) -> int | None:
    """When we next open or close, later than `at_us`; None: not within 400 days.

    A stretch up to 24:00 and one from 00:00 on are one: midnight alone is no change.
    """
    until = at_us
    for start, end in _open(calendar, at_us, at_us + _SWITCH_DAYS * DAY_US):
        if start > until:
            return until if until > at_us else start
        until = end
    return until if at_us < until < at_us + _SWITCH_DAYS * DAY_US else None


def open_from_us(calendar: Calendar, at_us: int) -> int | None:
    """`at_us` where we are open then, else when we next open. For reminders: none at night."""
    return at_us if is_open(calendar, at_us) else next_change_us(calendar, at_us)


def worked_us(calendar: Calendar, start_us: int, end_us: int, pauses: Sequence[Pause] = ()) -> int:
    """How long the clock ran between two instants; 0 where the end is before the start."""
    return sum(end - start for start, end in _running(calendar, start_us, end_us, pauses))


def due_us(
    calendar: Calendar, start_us: int, work_us: int, pauses: Sequence[Pause] = ()
) -> int | None:
    """The first instant at which the clock has run for `work_us`; None while it stands for good.

    For so much of the limit (a reminder at four fifths) give so much of `work_us`.
    """
    left_us = work_us
    if left_us <= 0:
        return start_us
    for start, end in _running(calendar, start_us, start_us + LOOK_AHEAD_DAYS * DAY_US, pauses):
        if end - start >= left_us:
            return start + left_us
        left_us -= end - start
    return None


def nth_workday(calendar: Calendar, day: int, count: int) -> int:
    """The `count`-th working day after `day`, which does not count itself (民法典 §201)."""
    for _ in range(count):
        day += 1
        while not is_workday(calendar, day):
            day += 1
    return day


def by_workdays_us(calendar: Calendar, start_us: int, count: int) -> int:
    """Due within `count` working days: when we close on the last of them."""
    return closing_us(calendar, nth_workday(calendar, day_at(calendar, start_us), count))


def by_natural_days_us(
    calendar: Calendar, start_us: int, count: int, *, ends_on_workday: bool
) -> int:
    """Due within `count` days of any kind, the first not counted: when we close on the last.

    `ends_on_workday`: a last day of rest hands over to the next working day (民法典 §203).
    """
    day = day_at(calendar, start_us) + count
    if ends_on_workday and not is_workday(calendar, day):
        day = nth_workday(calendar, day, 1)
    return closing_us(calendar, day)


def closing_us(calendar: Calendar, day: int) -> int:
    """When we close on that day for the last time; midnight where we are not open (民法典 §203)."""
    hours = hours_of(calendar, day)
    start_us = start_of_day_us(calendar, day)
    return start_us + hours[-1][1] * MINUTE_US if hours else start_us + DAY_US


def unlisted_years(calendar: Calendar, start_us: int, end_us: int) -> tuple[int, ...]:
    """The years from start to end whose holidays nobody has entered: a date there is a guess.

    The State Council publishes the next year's list in November.
    """
    first, last = (date_of(day_at(calendar, at_us))[0] for at_us in (start_us, end_us))
    return tuple(year for year in range(first, last + 1) if year not in calendar.years)


def _open(calendar: Calendar, start_us: int, end_us: int) -> Iterator[tuple[int, int]]:
    """Open stretches between two instants, in order."""
    for day in range(day_at(calendar, start_us), day_at(calendar, end_us) + 1):
        midnight_us = start_of_day_us(calendar, day)
        for from_min, to_min in hours_of(calendar, day):
            start = max(midnight_us + from_min * MINUTE_US, start_us)
            end = min(midnight_us + to_min * MINUTE_US, end_us)
            if start < end:
                yield start, end


def _running(
    calendar: Calendar, start_us: int, end_us: int, pauses: Sequence[Pause]
) -> Iterator[tuple[int, int]]:
    """Open stretches between two instants without what the pauses take out, in order."""
    ended = ((start, end_us if end is None else end) for start, end in pauses)
    stopped = sorted((start, end) for start, end in ended if start < end)
    for start, end in stopped:
        if end >= end_us:
            end_us = min(start, end_us)
    for opened, closed in _open(calendar, start_us, end_us):
        at_us = opened
        for start, end in stopped:
            if start >= closed:
                break
            if at_us < start:
                yield at_us, start
            at_us = max(at_us, end)
        if at_us < closed:
            yield at_us, closed
