"""Log lines: what a stranger sends cannot forge one."""

import io
import json
import logging
import re
import time

import pytest

from cti.watch import logs
from cti.watch.logs import printable

HOSTILE = "x\nERROR forged\r\n\x1b[2J\x9b\u2028\u202e\x00\x7f"


@pytest.fixture(autouse=True)
def untouched_root():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(form, say, level="debug", stream=None):
    stream = stream or io.StringIO()
    logs.configure(level, form, stream)
    say(logging.getLogger("cti.test"))
    return stream.getvalue().splitlines()


def test_a_json_line_has_time_level_logger_message_and_fields():
    (line,) = logged("json", lambda log: log.warning("link %s", "lost", extra={"pbx": "a1"}))
    record = json.loads(line)
    assert record.pop("ts").endswith("+08:00")
    assert record == {"level": "warning", "logger": "cti.test", "msg": "link lost", "pbx": "a1"}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
@pytest.mark.parametrize(
    ("form", "shape"),
    [
        ("json", r'"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+08:00"'),
        ("text", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+08:00 info"),
    ],
)
def test_every_time_has_its_offset_and_is_the_sites(form, shape, zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        (line,) = logged(form, lambda log: log.info("x"))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert re.search(shape, line), line


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_that_is_logged_can_make_a_line_or_move_a_cursor(form):
    lines = logged(form, lambda log: log.info("%s", HOSTILE, extra={"caller": HOSTILE}))
    assert len(lines) == 1
    assert not set(HOSTILE) & set(lines[0]) - set("xERROR forged[2J")


def test_json_keeps_what_was_said():
    (line,) = logged("json", lambda log: log.info("%s 中文", HOSTILE))
    assert json.loads(line)["msg"] == f"{HOSTILE} 中文"


def test_a_field_cannot_take_the_place_of_another():
    (line,) = logged("json", lambda log: log.info("x", extra={"level": "fatal", "ts": "0"}))
    assert json.loads(line)["level"] == "info"


class Mute:
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize("form", ["json", "text"])
def test_there_is_a_line_whatever_the_value(form):
    values = (10**5000, "\ud800", object(), {1: object()}, b"\xff", float("nan"), Mute())
    for value in values:
        (line,) = logged(form, lambda log, value=value: log.info("said", extra={"value": value}))
        assert "said" in line
        if form == "json":
            json.loads(line)


def test_a_traceback_is_one_json_line_and_indented_text():
    def fail(log):
        try:
            int(HOSTILE)
        except ValueError:
            log.exception("failed")

    (line,) = logged("json", fail)
    assert "ValueError" in json.loads(line)["error"]
    first, *rest = logged("text", fail)
    assert first.endswith("failed")
    assert all(row.startswith("    ") for row in rest)


def test_what_is_too_long_is_cut():
    (line,) = logged("json", lambda log: log.info("x" * 100_000))
    assert len(line) < 10_000


def test_the_level_holds():
    assert logged("json", lambda log: log.info("x"), level="warning") == []


def test_configuring_again_replaces_ours_and_leaves_others():
    root = logging.getLogger()
    others = list(root.handlers)
    logs.configure("info", "json", io.StringIO())
    ours = logs.configure("info", "text", io.StringIO())
    assert root.handlers == [*others, ours]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_auto_is_text_on_a_terminal_and_json_elsewhere():
    (line,) = logged("auto", lambda log: log.error("x", extra={"a": "b c"}), stream=Terminal())
    assert line.startswith("\x1b[31m")
    assert '  a="b c"' in line
    (line,) = logged("auto", lambda log: log.error("x"))
    assert json.loads(line)["msg"] == "x"


def test_printable_leaves_what_can_be_seen():
    assert printable("座席 8001") == "座席 8001"
    assert printable("a\tb\x1b") == "a\\tb\\x1b"


def test_journald_finds_the_level_and_gets_one_line_whatever_is_in_it():
    stream = io.StringIO()
    logs.configure("debug", "journald", stream)
    log = logging.getLogger("cti.test")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "two\nlines", extra={"pbx": "a 1"})
    try:
        raise ValueError("of this")  # noqa: TRY301
    except ValueError:
        log.exception("failed")
    lines = stream.getvalue().splitlines()
    assert [line[:3] for line in lines] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<3>"]
    assert lines[0] == '<7>cti.test: two\\nlines  pbx="a 1"'
    assert "ValueError: of this" in lines[-1]


def test_syslog_lines_are_those_of_rfc_5424():
    stream = io.StringIO()
    logs.configure("info", "syslog", stream)
    logging.getLogger("cti.test").warning("link lost")
    pattern = r"<28>1 \d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d \S+ cti \d+ - - cti.test: link lost\n"
    assert re.fullmatch(pattern, stream.getvalue())


def test_a_file_that_was_rotated_is_begun_anew(tmp_path):
    file = tmp_path / "cti.log"
    logs.configure("info", "json", file=str(file))
    logging.getLogger("cti.test").info("one")
    file.rename(tmp_path / "cti.log.1")
    logging.getLogger("cti.test").info("two")
    assert '"msg":"one"' in (tmp_path / "cti.log.1").read_text()
    assert '"msg":"two"' in file.read_text()
    logs.configure("info", "json", io.StringIO())
