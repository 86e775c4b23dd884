"""Dates as numbers: a day is counted from 1970-01-01 (day 0, a Thursday). Integers only.

The two conversions are Howard Hinnant's `days_from_civil` and `civil_from_days` (public domain,
"chrono-Compatible Low-Level Date Algorithms"): years that begin in March, eras of 400 years.
"""

from typing import Final

MINUTE_US: Final = 60_000_000
DAY_MIN: Final = 24 * 60
DAY_US: Final = DAY_MIN * MINUTE_US

SATURDAY: Final = 5
_ERA_DAYS: Final = 146_097
_FROM_MARCH_0000: Final = 719_468  # days from 0000-03-01 to 1970-01-01


def day_number(year: int, month: int, day: int) -> int:
    """`day_number(1970, 1, 2)` is 1. The date is not checked: `parse_day` does that."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (
        era * _ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100
        + day_of_year - _FROM_MARCH_0000
    )  # fmt: skip


def date_of(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    era, day_of_era = divmod(day + _FROM_MARCH_0000, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = (from_march + 2) % 12 + 1
    return (
        year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * from_march + 2) // 5 + 1
    )  # fmt: skip


def weekday(day: int) -> int:
    """0 is Monday, 6 is Sunday."""
    return (day + 3) % 7


def parse_day(text: str) -> int:
    """`2026-02-15` as a day. Raises ValueError for what is no such date."""
    parts = text.split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(
        part.isascii() and part.isdigit() for part in parts
    ):
        raise ValueError(f"not a date YYYY-MM-DD: {text[:40]!r}")
    year, month, day = (int(part) for part in parts)
    if not 1 <= month <= 12 or day < 1:
        raise ValueError(f"no such date: {text}")
    number = day_number(year, month, day)
    if date_of(number) != (year, month, day):
        raise ValueError(f"no such date: {text}")
    return number


def shown_day(day: int) -> str:
    """`2026-02-15`."""
    year, month, of_month = date_of(day)
    return f"{year:04}-{month:02}-{of_month:02}"
