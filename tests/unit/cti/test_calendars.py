"""Calendars from files."""

from pathlib import Path

import pytest

from cti.calendars import holiday_lists, load_calendar
from routing.calendar.clock import is_workday
from routing.calendar.dates import parse_day
from routing.calendar.reading import NotACalendar

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs/calendar.example.toml"


def test_a_list_of_the_site_goes_before_ours(tmp_path):
    ours = 'list = "china"\nyear = 2026\nsource = "s"\n[[holiday]]\nname = "n"\nname_en = "n"\n'
    (tmp_path / "a.toml").write_text(ours + 'rest = ["2026-03-03", "2026-03-03"]\n', "utf-8-sig")
    (tmp_path / "b.toml").write_text(
        ours.replace("2026", "2027") + 'rest = ["2027-01-01", "2027-01-01"]\n', "utf-8"
    )
    lists = holiday_lists(tmp_path)
    assert [year.year for year in lists["china"]] == [2026, 2027]
    desk = load_calendar(EXAMPLE, lists)
    assert not is_workday(desk, parse_day("2026-03-03"))
    assert is_workday(desk, parse_day("2026-02-16"))
    assert desk.years == (2026, 2027)


def test_every_wrong_file_is_named(tmp_path):
    (tmp_path / "a.toml").write_bytes("list = 春".encode("gb18030"))
    (tmp_path / "b.toml").write_text("year = 1", "utf-8")
    with pytest.raises(NotACalendar) as told:
        holiday_lists(tmp_path)
    assert {fault.where.split(":")[0] for fault in told.value.faults} == {"a.toml", "b.toml"}


def test_a_calendar_of_an_unknown_list_says_which_there_are(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(EXAMPLE.read_text("utf-8").replace('"china"', '"mars"'), "utf-8")
    with pytest.raises(NotACalendar, match=r"desk\.toml: list: there is no list 'mars'.*china"):
        load_calendar(path, holiday_lists())


def test_a_calendar_may_have_no_list(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(EXAMPLE.read_text("utf-8").replace('list = "china"\n', ""), "utf-8")
    assert load_calendar(path, {}).years == ()
