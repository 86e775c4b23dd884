"""Where the command writes to, and what that can show.

A terminal has a width: a table folds what is too long for it, nothing is cut away. A pipe has none:
one row is one line. An encoding that lacks a character gets one that looks like it, or its escape,
never a traceback.
"""

import codecs
import io
import os
import re
import sys
from typing import Final, TextIO

from rich.console import Console

PIPE_COLUMNS: Final = 10_000
SCREEN: Final = (120, 40)
"""Columns and lines of `cti watch` where there is no terminal to fill."""

_ERRORS: Final = "cti-lookalike"
_LOOKALIKES: Final = {
    "…": "...", "—": "-", "–": "-", "─": "-", "━": "-", "│": "|", "█": "#", "●": "*", "▲": "!",
    "·": "-", "→": "->", "≤": "<=", "≥": ">=", "×": "x", "µ": "u", "，": ", ", "。": ". ",
    "：": ": ", "（": " (", "）": ") ", "；": "; ", "、": ", ", "“": '"', "”": '"', "’": "'",
}  # fmt: skip
_CHINESE: Final = re.compile(r"\s*[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef][^\x00-\x7f]*")


def prepare() -> None:
    """Let standard output and error write whatever they are given; one that was closed before we
    began (`>&-`) takes it and keeps nothing.
    """
    codecs.register_error(_ERRORS, _lookalike)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def can_say(text: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has every character of the text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def without_chinese(text: str) -> str:
    """The English half of a text that has both."""
    return _CHINESE.sub("", text)


def console() -> Console:
    """For tables and the screen, as wide as the terminal, COLUMNS, or a pipe, which has no end."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return Console()
    return Console(width=PIPE_COLUMNS)


def _lookalike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = (
        _LOOKALIKES.get(char) or char.encode("ascii", "backslashreplace").decode() for char in text
    )
    return "".join(shown), error.end
