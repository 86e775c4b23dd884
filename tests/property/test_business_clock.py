"""The business clock against a count of single minutes: same hours, pauses and limits, no sums."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.calendar.clock import (
    Pause,
    by_natural_days_us,
    by_workdays_us,
    due_us,
    is_open,
    next_change_us,
    open_from_us,
    worked_us,
)
from routing.calendar.dates import MINUTE_US
from routing.calendar.model import Calendar, DayKind

FIRST = date(2026, 2, 10)
DAYS = 20
"""Long enough for 春节 with its two moved working days."""

MINUTES = DAYS * 1440


def hours():
    """Up to three stretches a day; one may reach midnight, from either side."""
    edges = st.lists(st.integers(0, 24 * 6), min_size=0, max_size=6, unique=True)
    return edges.map(
        lambda found: tuple(
            (start * 10, end * 10)
            for start, end in zip(sorted(found)[::2], sorted(found)[1::2], strict=False)
        )
    )


def number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


days = st.integers(0, DAYS - 1).map(lambda n: number(FIRST + timedelta(days=n)))

calendars = st.builds(
    Calendar,
    name=st.just("c"),
    week=st.tuples(*[hours()] * 7),
    moved=hours(),
    holiday=st.one_of(st.just(()), hours()),
    listed=st.dictionaries(days, st.sampled_from(DayKind), max_size=12),
    special=st.dictionaries(days, hours(), max_size=4),
    offset_min=st.sampled_from([480, 0, -210, 840]),
)

minutes = st.integers(0, MINUTES)
pauses = st.lists(st.tuples(minutes, st.one_of(minutes, st.none())), max_size=5)


BEGIN = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)


@cache
def local_minutes(offset_min: int) -> list[tuple[int, int, int]]:
    """Day, weekday and minute of the day of each minute, where clocks are so far ahead."""
    zone = timezone(timedelta(minutes=offset_min))
    times = [(BEGIN + timedelta(minutes=n)).astimezone(zone) for n in range(MINUTES)]
    return [(number(t.date()), t.weekday(), t.hour * 60 + t.minute) for t in times]


class Naive:
    """Each minute by itself, told by the standard library's calendar."""

    def __init__(self, calendar: Calendar, paused: list[tuple[int, int | None]] = ()) -> None:
        self.calendar, self.paused = calendar, paused
        self.local = local_minutes(calendar.offset_min)

    def us(self, minute: int) -> int:
        return int(BEGIN.timestamp()) * 1_000_000 + minute * MINUTE_US

    def pauses(self) -> list[Pause]:
        return [
            (self.us(start), None if end is None else self.us(end)) for start, end in self.paused
        ]

    def open(self, minute: int) -> bool:
        (day, weekday, of_day), calendar = self.local[minute], self.calendar
        if day in calendar.special:
            stretches = calendar.special[day]
        elif day in calendar.listed:
            rests = calendar.listed[day] is DayKind.REST
            stretches = calendar.holiday if rests else calendar.moved
        else:
            stretches = calendar.week[weekday]
        return any(start <= of_day < end for start, end in stretches)

    def runs(self, minute: int) -> bool:
        stands = any(
            start <= minute and (end is None or minute < end) for start, end in self.paused
        )
        return self.open(minute) and not stands

    def worked(self, start: int, end: int) -> int:
        return sum(self.runs(minute) for minute in range(start, end))

    def due(self, start: int, work: int) -> int | None:
        """None: not within the days that we count."""
        at = start
        while work and at < MINUTES:
            work -= self.runs(at)
            at += 1
        return None if work else at


@settings(max_examples=100, deadline=None)
@given(calendars, pauses, minutes, minutes, st.integers(0, 3000))
def test_worked_and_due_are_what_counting_minutes_gives(calendar, paused, start, end, work):
    naive = Naive(calendar, paused)
    worked = worked_us(calendar, naive.us(start), naive.us(end), naive.pauses())
    assert worked == naive.worked(start, end) * MINUTE_US
    due, counted = (
        due_us(calendar, naive.us(start), work * MINUTE_US, naive.pauses()),
        naive.due(start, work),
    )
    if counted is None:
        assert due is None or due > naive.us(MINUTES)
    else:
        assert due == naive.us(counted)


@settings(max_examples=100, deadline=None)
@given(calendars, st.integers(0, MINUTES - 1))
def test_open_and_the_next_change_are_what_counting_minutes_gives(calendar, minute):
    naive = Naive(calendar)
    now = naive.open(minute)
    assert is_open(calendar, naive.us(minute)) is now
    later = (at for at in range(minute + 1, MINUTES) if naive.open(at) is not now)
    change, counted = next_change_us(calendar, naive.us(minute)), next(later, None)
    if counted is None:
        assert change is None or change >= naive.us(MINUTES)
    else:
        assert change == naive.us(counted)
    assert open_from_us(calendar, naive.us(minute)) == (naive.us(minute) if now else change)


@settings(max_examples=100, deadline=None)
@given(calendars, pauses, minutes, minutes, st.integers(1, 59_999_999))
def test_parts_of_a_minute_add_up(calendar, paused, start, end, part_us):
    """Any instant between splits the work without a rest."""
    naive = Naive(calendar, paused)
    first, last = sorted((naive.us(start), naive.us(end)))
    between = min(first + (last - first) // 3 + part_us, last)
    parts = (
        worked_us(calendar, first, between, naive.pauses())
        + worked_us(calendar, between, last, naive.pauses())
    )  # fmt: skip
    assert parts == worked_us(calendar, first, last, naive.pauses())


@settings(max_examples=100, deadline=None)
@given(calendars, minutes, st.integers(0, 12), st.booleans())
def test_days_are_counted_as_a_person_counts_them(calendar, start, count, ends_on_workday):
    naive = Naive(calendar)
    local = datetime.fromtimestamp(naive.us(start) // 1_000_000, UTC) + timedelta(
        minutes=calendar.offset_min
    )
    first = local.date()

    def works(day: date) -> bool:
        kind = calendar.listed.get(number(day))
        return day.weekday() < 5 if kind is None else kind is DayKind.WORK

    after = [first + timedelta(days=n) for n in range(1, 90)]
    workdays = [day for day in after if works(day)]
    last = workdays[count - 1] if count else first
    assert day_of(calendar, by_workdays_us(calendar, naive.us(start), count)) == last
    natural = first + timedelta(days=count)
    if ends_on_workday and not works(natural):
        natural = next(day for day in after if day > natural and works(day))
    due = by_natural_days_us(
        calendar, naive.us(start), count, ends_on_workday=ends_on_workday
    )  # fmt: skip
    assert day_of(calendar, due) == natural


def day_of(calendar: Calendar, due: int) -> date:
    """The day that ends with a due instant, or in which it lies."""
    local = due + calendar.offset_min * MINUTE_US - 1
    return datetime.fromtimestamp(local // 1_000_000, UTC).date()
