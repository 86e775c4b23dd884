"""Structured logging on the standard library: JSON lines for machines, text for a terminal.

A line is one JSON object: `ts` (RFC 3339 with its offset, microseconds, of the site's zone, as all
that people read), `level`, `logger`, `msg`, what was given as `extra={...}`, and `error` with the
traceback. Every control character of a value is
escaped in both forms, so that a caller's name cannot forge a line or move a cursor.

Personal data: numbers of callers go through `cti.record.masking` before they are logged.
"""

import logging
import re
import sys
from datetime import datetime
from typing import IO, Any, Literal

import msgspec

from cti.zone import ZONE

# What every record has; anything beyond came in through `extra`.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
_TEXT_LIMIT = 8192  # characters of one value; a line should fit any collector


def configure(
    level: str = "info",
    form: Literal["auto", "json", "text"] = "auto",
    stream: IO[str] | None = None,
) -> logging.Handler:
    """Send the root logger's records to `stream` (standard error), replacing an earlier call's.

    `auto` is text where the stream is a terminal and JSON lines where it is not.
    """
    out = sys.stderr if stream is None else stream
    terminal = out.isatty()
    handler = _Handler(out)
    text = form == "text" or (form == "auto" and terminal)
    handler.setFormatter(TextFormatter(coloured=terminal) if text else JsonFormatter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    return handler


class _Handler(logging.StreamHandler[IO[str]]):
    """Ours, so that a second `configure` finds it and leaves strangers' handlers alone."""


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
