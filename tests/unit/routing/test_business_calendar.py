"""Dates, the list of 2026, limits across 春节, and calendars as people write them."""

import copy
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from routing.calendar.clock import (
    by_natural_days_us,
    by_workdays_us,
    closing_us,
    due_us,
    is_open,
    is_workday,
    next_change_us,
    nth_workday,
    start_of_day_us,
    unlisted_years,
    worked_us,
)
from routing.calendar.dates import (
    DAY_US,
    MINUTE_US,
    date_of,
    day_number,
    parse_day,
    shown_day,
    weekday,
)
from routing.calendar.model import Calendar, DayKind, with_list
from routing.calendar.reading import (
    NotACalendar,
    parse_hours,
    read_calendar,
    read_holidays,
    shown_hours,
)

LIST = Path(__file__).parents[3] / "routing/calendar/lists/china-2026.toml"
TABLE = tomllib.loads(LIST.read_text("utf-8"))
CHINA = read_holidays(TABLE)
DAYTIME = ["09:00-12:00", "13:30-18:00"]
DESK = {
    "name": "desk",
    "list": "china",
    "holiday": [],
    "moved_workday": DAYTIME,
    "week": {
        **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), DAYTIME),
        "saturday": [],
        "sunday": [],
    },
    "special": {"2026-12-31": ["09:00-12:00"]},
}
CALENDAR = with_list(read_calendar(DESK)[0], (CHINA,))
NEVER = Calendar("never", ((),) * 7)
ALWAYS = Calendar("always", (((0, 1440),),) * 7)


def at(day: str, time: str = "00:00") -> int:
    hour, minute = time.split(":")
    return start_of_day_us(CALENDAR, parse_day(day)) + (int(hour) * 60 + int(minute)) * MINUTE_US


def test_dates_are_those_of_the_standard_library():
    first = date(1970, 1, 1)
    for number in range(-40_000, 100_000):
        day = first + timedelta(days=number)
        assert date_of(number) == (day.year, day.month, day.day)
        assert day_number(day.year, day.month, day.day) == number
        assert weekday(number) == day.weekday()
    assert shown_day(parse_day("2024-02-29")) == "2024-02-29"


@pytest.mark.parametrize(
    "text",
    ["", "2026-2-3", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "２０２６-01-01"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="date"):
        parse_day(text)


def test_2026_is_what_the_state_council_wrote():
    """The notice names weekdays beside the dates: a second look at what was typed."""
    kinds = {shown_day(each.day): each for each in CHINA.days}
    assert sum(each.kind is DayKind.REST for each in CHINA.days) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    moved = [day for day, each in kinds.items() if each.kind is DayKind.WORK]
    named = {
        "2026-01-04": 6, "2026-02-14": 5, "2026-02-28": 5, "2026-05-09": 5, "2026-09-20": 6,
        "2026-10-10": 5,
    }  # fmt: skip
    assert moved == list(named)
    assert [weekday(parse_day(day)) for day in moved] == list(named.values())
    starts = {"2026-01-01": 3, "2026-02-15": 6, "2026-04-04": 5, "2026-05-01": 4, "2026-06-19": 4,
              "2026-09-25": 4, "2026-10-01": 3}  # fmt: skip
    assert all(weekday(parse_day(day)) == of_week for day, of_week in starts.items())
    assert all(kinds[day].kind is DayKind.REST for day in starts)
    assert kinds["2026-02-17"].name == "春节"


def test_two_working_days_before_spring_festival_end_after_it():
    due = by_workdays_us(CALENDAR, at("2026-02-13", "17:00"), 2)
    assert due == at("2026-02-24", "18:00")
    assert nth_workday(CALENDAR, parse_day("2026-02-13"), 0) == parse_day("2026-02-13")


@pytest.mark.parametrize(
    ("start", "count", "ends_on_workday", "due"),
    [
        ("2026-02-05", 15, True, at("2026-02-24", "18:00")),  # 02-20 is in 春节
        ("2026-02-05", 15, False, at("2026-02-21")),  # 24:00 of a day on which we are closed
        ("2026-01-20", 30, True, at("2026-02-24", "18:00")),
        ("2026-01-16", 60, True, at("2026-03-17", "18:00")),
        ("2026-02-12", 2, True, at("2026-02-14", "18:00")),  # a Saturday that is worked
    ],
)
def test_natural_days_across_spring_festival(start, count, ends_on_workday, due):
    found = by_natural_days_us(
        CALENDAR, at(start, "20:00"), count, ends_on_workday=ends_on_workday
    )  # fmt: skip
    assert found == due


def test_a_limit_that_changes_while_the_customer_is_waited_for_comes_out_right():
    pauses = [(at("2026-03-02", "10:00"), at("2026-03-03", "10:00"))]  # 7 h 30 of working time
    start = at("2026-03-02", "09:00")
    assert due_us(CALENDAR, start, 120 * MINUTE_US, pauses) == at("2026-03-03", "11:00")
    assert due_us(CALENDAR, start, 240 * MINUTE_US, pauses) == at("2026-03-03", "14:30")
    assert due_us(CALENDAR, start, 240 * MINUTE_US, [(pauses[0][0], None)]) is None
    assert due_us(CALENDAR, start, 60 * MINUTE_US, [(pauses[0][0], None)]) == pauses[0][0]
    assert due_us(CALENDAR, start, 60 * MINUTE_US, [(start + 1, start)]) == at(
        "2026-03-02", "10:00"
    )


def test_an_exception_goes_before_the_weekday():
    assert closing_us(CALENDAR, parse_day("2026-12-31")) == at("2026-12-31", "12:00")
    assert not is_open(CALENDAR, at("2026-12-31", "14:00"))
    assert is_workday(CALENDAR, parse_day("2026-12-31"))


def test_calendars_that_never_switch():
    assert next_change_us(NEVER, 0) is None
    assert next_change_us(ALWAYS, 0) is None
    assert due_us(NEVER, 0, 1) is None
    assert due_us(NEVER, 5, 0) == 5
    assert worked_us(ALWAYS, DAY_US, 0) == 0


def test_years_that_nobody_entered_are_named():
    assert unlisted_years(CALENDAR, at("2026-12-30"), at("2026-12-31", "23:59")) == ()
    assert unlisted_years(CALENDAR, at("2026-12-30"), at("2028-01-01")) == (2027, 2028)


@pytest.mark.parametrize(
    "texts",
    [
        None, "09:00-12:00", [1], ["09:00"], ["9:00-12:00"], ["12:00-09:00"], ["22:00-06:00"],
        ["09:00-24:01"], ["09:60-10:00"], ["09:00-12:00", "12:00-13:00"], ["12345-13:00"],
        ["13:00-14:00", "09:00-10:00"], ["09:00-10:00-11:00"], ["０９:00-10:00"],
    ],
)  # fmt: skip
def test_hours_that_are_none(texts):
    with pytest.raises(ValueError, match=r"\w"):
        parse_hours(texts)


def test_hours_are_shown_as_they_are_read():
    assert shown_hours(parse_hours(["00:00-06:00", "22:00-24:00"])) == [
        "00:00-06:00",
        "22:00-24:00",
    ]


def broken(table, **changes):
    found = copy.deepcopy(table)
    for path, value in changes.items():
        inner = found
        *parents, last = path.split("__")
        for parent in parents:
            inner = inner[int(parent) if parent.isdigit() else parent]
        inner[last] = value
    return found


def test_every_fault_of_a_calendar_is_named_at_once():
    table = broken(
        DESK, name=" ", utc_offset="8", list=3, holiday="x", week__monday=["9-12"], colour="red",
        week__funday=[], special={"2026-02-30": [], "2026-01-01": 3},
    )  # fmt: skip
    with pytest.raises(NotACalendar) as told:
        read_calendar(table)
    assert {fault.where for fault in told.value.faults} == {
        "name", "utc_offset", "list", "holiday", "week.monday", "colour", "week.funday",
        "special.2026-02-30", "special.2026-01-01",
    }  # fmt: skip
    for missing in ({}, {**DESK, "week": [1]}, {**DESK, "utc_offset": "+14:01"}):
        with pytest.raises(NotACalendar):
            read_calendar(missing)
    assert read_calendar({**DESK, "utc_offset": "-03:30"})[0].offset_min == -210


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"year": "2026"}, "year"),
        ({"year": 1}, "year"),
        ({"year": 2027}, "holiday[0]"),
        ({"source": ""}, "source"),
        ({"holiday": []}, "holiday"),
        ({"holiday": ["x"]}, "holiday[0]"),
        ({"holiday__0__rest": ["2026-01-03", "2026-01-01"]}, "holiday[0].rest"),
        ({"holiday__0__rest": ["2026-01-01", "2026-03-01"]}, "holiday[0].rest"),
        ({"holiday__0__rest": "2026-01-01"}, "holiday[0].rest"),
        ({"holiday__0__work": ["2026-02-30"]}, "holiday[0].work[0]"),
        ({"holiday__0__work": ["2026-01-01"]}, "holiday[0]"),
        ({"holiday__0__name_en": None}, "holiday[0].name_en"),
    ],
)
def test_a_list_with_a_fault_is_refused_and_the_place_named(changes, where):
    with pytest.raises(NotACalendar) as told:
        read_holidays(broken(TABLE, **changes))
    assert where in {fault.where for fault in told.value.faults}
