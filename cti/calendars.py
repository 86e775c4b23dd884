"""Calendars from files: the lists of public holidays that come with us, and the site's own.

A list of the site for the same name and year goes before the one that comes with us. Nothing is
taken from a folder in which one file is wrong.
"""

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from routing.calendar.model import Calendar, HolidayYear, with_list
from routing.calendar.reading import Fault, NotACalendar, read_calendar, read_holidays

Lists = Mapping[str, tuple[HolidayYear, ...]]
"""The years of each list, by its name."""


def holiday_lists(folder: Path | None = None) -> Lists:
    """Those that come with us and those in `folder`. Raises NotACalendar with every file's faults,
    and OSError.
    """
    shipped = resources.files("routing.calendar").joinpath("lists")
    texts = [(entry.name, entry.read_bytes()) for entry in shipped.iterdir()]
    if folder is not None:
        texts += [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.toml"))]
    found: dict[tuple[str, int], HolidayYear] = {}
    faults: list[Fault] = []
    for name, text in texts:
        try:
            year = read_holidays(_toml(text))
        except NotACalendar as error:
            faults += _in_file(name, error.faults)
        else:
            found[year.list_name, year.year] = year
    if faults:
        raise NotACalendar(faults)
    return {name: _years(found.values(), name) for name, _ in sorted(found)}


def load_calendar(path: Path, lists: Lists) -> Calendar:
    """The calendar of a file with the holidays of its list. Raises NotACalendar and OSError."""
    try:
        calendar, wanted = read_calendar(_toml(path.read_bytes()))
    except NotACalendar as error:
        raise NotACalendar(_in_file(path.name, error.faults)) from None
    if wanted and wanted not in lists:
        rule = f"there is no list {wanted[:40]!r}; known: {', '.join(sorted(lists))}"
        raise NotACalendar(_in_file(path.name, [Fault("list", rule)]))
    return with_list(calendar, lists[wanted]) if wanted else calendar


def _years(found: Iterable[HolidayYear], name: str) -> tuple[HolidayYear, ...]:
    return tuple(sorted((y for y in found if y.list_name == name), key=lambda y: y.year))


def _toml(text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NotACalendar([Fault("", f"not TOML in UTF-8: {error}")]) from None


def _in_file(name: str, faults: list[Fault]) -> list[Fault]:
    return [Fault(f"{name}: {fault.where}".rstrip(": "), fault.rule) for fault in faults]
