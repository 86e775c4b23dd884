"""What a calendar is: hours of a week, a list of public holidays with 调休, and exceptions.

Two questions are kept apart. *Is it a working day?* is the state's: its list, else Monday to
Friday. A regulator's "two working days" ask only that. *Are we open?* is our own: the hours of the
day. A hotline that is open on Saturdays does not make Saturday a working day.
"""

from enum import StrEnum

import msgspec

Segments = tuple[tuple[int, int], ...]
"""Open stretches of one day: minutes of the day, `(540, 720)` is 09:00-12:00, the end not in it.
Sorted, apart from each other, within 0 to 1440."""


class DayKind(StrEnum):
    """What a list says of a day."""

    REST = "rest"  # 放假
    WORK = "work"  # 调休上班: a weekend day that is worked


class ListedDay(msgspec.Struct, frozen=True):
    """One line of a list of public holidays."""

    day: int
    kind: DayKind
    name: str = ""
    name_en: str = ""


class HolidayYear(msgspec.Struct, frozen=True):
    """One year of one list, as it was published; `source` says by whom and when."""

    list_name: str
    year: int
    source: str
    days: tuple[ListedDay, ...]


class Calendar(msgspec.Struct, frozen=True):
    """Hours by weekday (Monday first), and on days that are no ordinary ones.

    `special` goes before `listed`, which goes before the weekday. `years` are those that the list
    knows; in others a weekday is taken as it comes, and `unlisted_years` says so.
    """

    name: str
    week: tuple[Segments, Segments, Segments, Segments, Segments, Segments, Segments]
    moved: Segments = ()  # on a weekend day that the list makes a working day
    holiday: Segments = ()  # on a day that the list makes a day of rest
    listed: dict[int, DayKind] = {}
    special: dict[int, Segments] = {}
    years: tuple[int, ...] = ()
    offset_min: int = 480
    """Its zone: minutes that the site's clocks are ahead of UTC, the same all year."""


def with_list(calendar: Calendar, years: tuple[HolidayYear, ...]) -> Calendar:
    """The calendar with what these years say in place of any list that it had."""
    days = {each.day: each.kind for year in years for each in year.days}
    known = tuple(sorted({year.year for year in years}))
    return msgspec.structs.replace(calendar, listed=days, years=known)
