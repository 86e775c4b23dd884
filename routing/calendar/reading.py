"""A calendar as people write it (a table of TOML, JSON or a form) into values, all faults at once.

```toml
name = "complaints"
utc_offset = "+08:00"                # optional
list = "china"                       # optional: whose public holidays hold
holiday = []                         # hours on its days of rest
moved_workday = ["09:00-17:30"]      # hours on a weekend day that it makes a working day (调休)
[week]
monday = ["09:00-12:00", "13:30-17:30"]   # each weekday is written, a closed one as []
[special]                            # optional: before all else
"2026-12-31" = ["09:00-12:00"]
```

A list of public holidays is one table a year (`lists/china-2026.toml`).
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec

from routing.calendar.dates import DAY_MIN, date_of, parse_day
from routing.calendar.model import (
    Calendar,
    DayKind,
    HolidayYear,
    ListedDay,
    Segments,
)

WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
)  # fmt: skip

LONGEST_REST_DAYS: Final = 31
"""A longer one is a slip in a year or month; the longest that China had is 9 (2026)."""

_OFFSET_MAX_MIN: Final = 14 * 60  # Kiribati


class Fault(msgspec.Struct, frozen=True):
    """What is wrong and where: a path like `week.monday[1]`."""

    where: str
    rule: str


class NotACalendar(ValueError):  # noqa: N818  # says what it is
    """Everything that is wrong with it, in the order of the text."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.where}: {fault.rule}" for fault in faults))
        self.faults = faults


def read_calendar(table: Mapping[str, Any]) -> tuple[Calendar, str]:
    """The calendar, and the name of the list that it wants ('' for none). Raises NotACalendar."""
    faults: list[Fault] = []
    allowed = {"name", "utc_offset", "list", "holiday", "moved_workday", "week", "special"}
    _only(table, allowed, "", faults)
    week_table = _table(table, "week", faults, required=True)
    _only(week_table, set(WEEKDAYS), "week.", faults)
    week = tuple(_hours(week_table, day, f"week.{day}", faults) for day in WEEKDAYS)
    special_table = _table(table, "special", faults, required=False)
    special = {
        day: _hours(special_table, text, f"special.{text}", faults)
        for text in special_table
        if (day := _day(text, f"special.{text}", faults)) is not None
    }
    calendar = Calendar(
        name=_text(table, "name", faults),
        week=(week[0], week[1], week[2], week[3], week[4], week[5], week[6]),
        moved=_hours(table, "moved_workday", "moved_workday", faults),
        holiday=_hours(table, "holiday", "holiday", faults),
        special=special,
        offset_min=_offset(table.get("utc_offset", "+08:00"), faults),
    )
    wanted = _text(table, "list", faults) if "list" in table else ""
    if faults:
        raise NotACalendar(faults)
    return calendar, wanted


def read_holidays(table: Mapping[str, Any]) -> HolidayYear:
    """One year of a list of public holidays. Raises NotACalendar."""
    faults: list[Fault] = []
    _only(table, {"list", "year", "source", "holiday"}, "", faults)
    list_name, source = _text(table, "list", faults), _text(table, "source", faults)
    year = table.get("year")
    if not isinstance(year, int) or not 1970 <= year <= 2199:
        faults.append(Fault("year", "a year from 1970 to 2199"))
        year = 0
    days: dict[int, ListedDay] = {}
    holidays = table.get("holiday")
    if not isinstance(holidays, list) or not holidays:
        faults.append(Fault("holiday", "at least one [[holiday]]"))
        holidays = []
    for number, holiday in enumerate(holidays):
        where = f"holiday[{number}]"
        if not isinstance(holiday, dict):
            faults.append(Fault(where, "a table with name, rest and work"))
            continue
        for each in _holiday(holiday, where, faults):
            if each.day in days:
                faults.append(Fault(where, "a day is named twice in this year's list"))
            if year and date_of(each.day)[0] != year:
                faults.append(Fault(where, f"a day is not in {year}"))
            days[each.day] = each
    if faults:
        raise NotACalendar(faults)
    return HolidayYear(list_name, year, source, tuple(days[day] for day in sorted(days)))


def parse_hours(texts: Any) -> Segments:
    """`["09:00-12:00", "13:30-18:00"]` as minutes. Raises ValueError with the rule."""
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('a list like ["09:00-12:00", "13:30-18:00"]; [] is closed')
    found = [_segment(text) for text in texts]
    for (_, end), (start, _) in pairwise(found):
        if start <= end:
            raise ValueError("stretches in order, with time between them")
    return tuple(found)


def shown_hours(hours: Segments) -> list[str]:
    """What `parse_hours` reads."""
    return [f"{_shown(start)}-{_shown(end)}" for start, end in hours]


def _segment(text: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    found = (_minute(start), _minute(end))
    if not dash or found[0] >= found[1]:
        raise ValueError(
            f"{text[:40]!r}: from-to within one day; over midnight: 22:00-24:00, and 00:00-06:00"
            " on the next"
        )
    return found


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    digits = hour + minute
    if (len(hour), len(minute)) != (2, 2) or not digits.isascii() or not digits.isdigit():
        raise ValueError(f"{text[:40]!r}: a time is HH:MM")
    found = int(hour) * 60 + int(minute)
    if int(minute) >= 60 or found > DAY_MIN:
        raise ValueError(f"{text[:40]!r}: no such time; the end of a day is 24:00")
    return found


def _shown(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _holiday(holiday: Mapping[str, Any], where: str, faults: list[Fault]) -> list[ListedDay]:
    _only(holiday, {"name", "name_en", "rest", "work"}, f"{where}.", faults)
    name, english = (_text(holiday, key, faults, f"{where}.") for key in ("name", "name_en"))
    rest, work = (_days(holiday, key, where, faults) for key in ("rest", "work"))
    if len(rest) != 2 or not 0 <= rest[1] - rest[0] < LONGEST_REST_DAYS:
        faults.append(Fault(f"{where}.rest", f"first and last, at most {LONGEST_REST_DAYS} days"))
        return []
    return [
        *(ListedDay(day, DayKind.REST, name, english) for day in range(rest[0], rest[1] + 1)),
        *(ListedDay(day, DayKind.WORK, name, english) for day in work),
    ]


def _days(table: Mapping[str, Any], key: str, where: str, faults: list[Fault]) -> list[int]:
    texts = table.get(key, [])
    if not isinstance(texts, list):
        faults.append(Fault(f"{where}.{key}", "a list of dates"))
        return []
    read = [_day(str(text), f"{where}.{key}[{n}]", faults) for n, text in enumerate(texts)]
    return [day for day in read if day is not None]


def _day(text: str, where: str, faults: list[Fault]) -> int | None:
    try:
        return parse_day(text)
    except ValueError as error:
        faults.append(Fault(where, str(error)))
        return None


def _hours(table: Mapping[str, Any], key: str, where: str, faults: list[Fault]) -> Segments:
    try:
        return parse_hours(table.get(key))
    except ValueError as error:
        faults.append(Fault(where, str(error)))
        return ()


def _offset(text: Any, faults: list[Fault]) -> int:
    """`+08:00` in minutes."""
    try:
        sign = {"+": 1, "-": -1}[str(text)[:1]]
        minutes = sign * _minute(str(text)[1:])
    except (KeyError, ValueError):
        minutes = _OFFSET_MAX_MIN + 1
    if abs(minutes) > _OFFSET_MAX_MIN:
        faults.append(Fault("utc_offset", "like +08:00, at most 14 hours"))
    return minutes


def _text(table: Mapping[str, Any], key: str, faults: list[Fault], before: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        faults.append(Fault(f"{before}{key}", "a text of 1 to 200 characters"))
        return ""
    return value


def _table(
    table: Mapping[str, Any], key: str, faults: list[Fault], *, required: bool
) -> Mapping[str, Any]:
    value = table.get(key, None if required else {})
    if not isinstance(value, dict):
        faults.append(Fault(key, "a table"))
        return {}
    return value


def _only(table: Mapping[str, Any], allowed: set[str], before: str, faults: list[Fault]) -> None:
    faults.extend(Fault(f"{before}{key}", "no such key") for key in table if key not in allowed)
