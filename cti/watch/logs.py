"""Structured logging on the standard library: JSON lines for machines, text for a terminal, and
the forms that journald and syslog sort by level.

A line is one JSON object: `ts` (RFC 3339 with its offset, microseconds, of the site's zone, as all
that people read), `level`, `logger`, `msg`, what was given as `extra={...}`, and `error` with the
traceback. Every control character of a value is
escaped in both forms, so that a caller's name cannot forge a line or move a cursor.

Personal data: numbers of callers go through `cti.record.masking` before they are logged.
"""

import logging
import re
import socket
import sys
from datetime import datetime
from logging.handlers import WatchedFileHandler
from typing import IO, Any, Literal

import msgspec

from cti.zone import ZONE

Form = Literal["auto", "json", "text", "journald", "syslog"]

# What every record has; anything beyond came in through `extra`.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_SEVERITIES = ((50, 2), (40, 3), (30, 4), (20, 6), (0, 7))
_DAEMON = 3  # the facility of system daemons (RFC 5424, table 1)
_HOST = socket.gethostname() or "-"
_TEXT_LIMIT = 8192  # characters of one value; a line should fit any collector


def configure(
    level: str = "info", form: Form = "auto", stream: IO[str] | None = None, file: str = ""
) -> logging.Handler:
    """Send the root logger's records to `stream` (standard error) or to a file, replacing an
    earlier call's. Raises OSError for a file that cannot be written.

    `auto` is text where the stream is a terminal and JSON lines where it is not. A file that was
    moved away by logrotate is opened anew with the next record.
    """
    out = sys.stderr if stream is None else stream
    terminal = not file and out.isatty()
    handler: logging.Handler = _FileHandler(file, encoding="utf-8") if file else _Handler(out)
    handler.setFormatter(_formatter(form, terminal=terminal))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler | _FileHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    # It logs each statement with its values at DEBUG: callers' numbers, hashes of passwords.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    return handler


class _Handler(logging.StreamHandler[IO[str]]):
    """Ours, so that a second `configure` finds it and leaves strangers' handlers alone."""


class _FileHandler(WatchedFileHandler):
    """The same for a file."""


def _formatter(form: Form, *, terminal: bool) -> logging.Formatter:
    if form == "journald":
        return JournaldFormatter()
    if form == "syslog":
        return SyslogFormatter()
    if form == "text" or (form == "auto" and terminal):
        return TextFormatter(coloured=terminal)
    return JsonFormatter()


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line without its end."""
        line: dict[str, Any] = {
            "ts": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": _cut(record.getMessage()),
        }
        # A field cannot take the place of `level` or `ts`.
        line |= {key: value for key, value in _fields(record).items() if key not in line}
        if record.exc_info:
            line["error"] = _cut(self.formatException(record.exc_info))
        return _json(line)


class TextFormatter(logging.Formatter):
    """`2026-11-21 12:03:04.123+08:00 warning cti.ami.client  link lost  pbx=a1`, for a person."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, followed by the traceback when there is one."""
        clock = datetime.fromtimestamp(record.created, ZONE).isoformat(" ", "milliseconds")
        fields = "".join(f"  {key}={_shown(value)}" for key, value in _fields(record).items())
        message = printable(_cut(record.getMessage()))
        line = f"{clock} {record.levelname.lower():<8}{record.name}  {message}{fields}"
        if self._coloured and (colour := _COLOURS.get(record.levelname)):
            line = f"{colour}{line}\x1b[0m"
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "".join(f"\n    {printable(row)}" for row in trace.splitlines())
        return line


class JournaldFormatter(logging.Formatter):
    """`<4>cti.ami.client: link lost  pbx=a1`: the level as sd-daemon(3) has it, so that
    `journalctl -p warning` finds it; the time is journald's own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a traceback goes into the line, or it would lose its level."""
        return f"<{_severity(record)}>{record.name}: {_one_line(record, self)}"


class SyslogFormatter(logging.Formatter):
    """RFC 5424, facility daemon: `<28>1 2026-11-21T12:03:04.123456+08:00 host cti 77 - - …`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line without its end."""
        head = f"<{_DAEMON * 8 + _severity(record)}>1 {_stamp(record.created)}"
        message = f"{record.name}: {_one_line(record, self)}"
        return f"{head} {_HOST} cti {record.process} - - {message}"


def _severity(record: logging.LogRecord) -> int:
    """RFC 5424, table 2."""
    return next(number for level, number in _SEVERITIES if record.levelno >= level)


def _one_line(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    fields = "".join(f"  {key}={_shown(value)}" for key, value in _fields(record).items())
    trace = f"  {_cut(formatter.formatException(record.exc_info))}" if record.exc_info else ""
    return printable(f"{_cut(record.getMessage())}{fields}{trace}")


def printable(text: str) -> str:
    """Text with everything escaped that is not a visible character or a blank."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, ZONE).isoformat(timespec="microseconds")


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "…"


def _said(value: Any) -> str:
    try:
        return _cut(str(value))
    except Exception:  # noqa: BLE001  # a value that cannot say itself must not cost the line
        return f"<{type(value).__name__}>"


_encode = msgspec.json.Encoder(enc_hook=_said).encode


def _shown(value: Any) -> str:
    text = printable(_said(value))
    return f'"{text}"' if " " in text else text


def _json(line: dict[str, Any]) -> str:
    try:
        text = _encode(line).decode()
    except (ValueError, TypeError, RecursionError):
        # Half a surrogate pair, a key that is no text, an integer of 100 digits: better a line of
        # plain texts than none.
        text = _encode({_plain(key): _plain(value) for key, value in line.items()}).decode()
    return text if text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def _plain(value: Any) -> str:
    return _said(value).encode("ascii", "backslashreplace").decode()


# JSON lets C1 controls (U+009B starts an escape sequence) and U+2028 (a line's end to some) stand.
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
