"""Days and quarters of a site's local time."""

import pytest

from cti.figures import DAY_US, AgentCounts, Calendar, QueueCounts, total
from cti.figures.book import Book
from cti.figures.counts import SECOND_US, whole_seconds

HOUR_US = 3600 * SECOND_US
MIDNIGHT_US = 1_795_276_800 * SECOND_US  # 2026-11-22 00:00 in UTC+8


@pytest.mark.parametrize(
    ("offset_min", "utc_hour"), [(480, 16), (0, 0), (-300, 5), (330, 18.5), (345, 18.25)]
)
def test_a_day_begins_at_local_midnight(offset_min, utc_hour):
    calendar = Calendar(offset_us=offset_min * 60 * SECOND_US)
    day_us = calendar.day_of(MIDNIGHT_US + 5 * HOUR_US)
    assert (day_us // SECOND_US) % 86_400 == utc_hour * 3600
    assert calendar.day_of(day_us) == day_us
    assert calendar.day_of(day_us - 1) == day_us - DAY_US
    assert calendar.interval_of(day_us + 901 * SECOND_US) == day_us + 900 * SECOND_US


def test_a_stretch_of_time_is_cut_where_quarters_end():
    quarter_us = 900 * SECOND_US
    begins_us = MIDNIGHT_US - 10
    pieces = list(Calendar().pieces(begins_us, MIDNIGHT_US + quarter_us + 7))
    assert pieces == [
        (begins_us, 10), (MIDNIGHT_US, quarter_us), (MIDNIGHT_US + quarter_us, 7),
    ]  # fmt: skip
    assert list(Calendar().pieces(MIDNIGHT_US, MIDNIGHT_US)) == []
    assert list(Calendar().pieces(MIDNIGHT_US, MIDNIGHT_US - 1)) == []


@pytest.mark.parametrize(
    ("wait_us", "seconds"),
    [(0, 0), (-5, 0), (1, 1), (20_000_000, 20), (20_000_001, 21), (10**12, 3600)],
)
def test_within_a_time_includes_it(wait_us, seconds):
    assert whole_seconds(wait_us) == seconds


def counted(book, *times_us):
    for at_us in times_us:
        for counts in book.cells("q", at_us):
            counts.offered += 1


def test_today_and_yesterday_are_kept():
    book = Book(QueueCounts, Calendar())
    counted(book, *(MIDNIGHT_US + n * DAY_US + 1 for n in range(5)))
    assert list(book.days) == [MIDNIGHT_US + 3 * DAY_US, MIDNIGHT_US + 4 * DAY_US]
    assert list(book.intervals) == list(book.days)
    counted(book, MIDNIGHT_US)  # far behind: nobody asks for it any more
    assert len(book.days) == 2


def test_what_happened_before_is_not_counted():
    book = Book(QueueCounts, Calendar())
    book.begin(MIDNIGHT_US)
    counted(book, MIDNIGHT_US - 1, MIDNIGHT_US)
    assert book.of_day(MIDNIGHT_US)["q"].offered == 1
    assert not book.of_day(MIDNIGHT_US - 1)


def test_a_sum_is_a_value_of_its_own():
    one = AgentCounts(offers=1, not_ready_us={"meal": 5})
    both = total(AgentCounts, (one, AgentCounts(offers=2, not_ready_us={"meal": 1, "break": 2})))
    assert (both.offers, both.not_ready_us) == (3, {"meal": 6, "break": 2})
    assert one == AgentCounts(offers=1, not_ready_us={"meal": 5})
