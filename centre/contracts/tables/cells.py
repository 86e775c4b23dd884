"""One cell between a row of ours and a spreadsheet. Pure.

A text that begins like a formula is run by the spreadsheet of whoever opens the file (formula
injection, OWASP "CSV Injection"): on the way out it gets an apostrophe in front, on the way in
exactly that one is taken off, so that what was exported comes back as it was.
"""

from typing import Final

import msgspec

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The full-width ones are formulas to an Excel with East Asian settings."""

EXACT_DIGITS: Final = 15
"""Excel keeps no more digits of a number: an ID of 18 digits loses its last three."""


class TableFault(msgspec.Struct, frozen=True):
    """What is wrong with a file or a cell. `line` is the file's own, 1 is the header; 0 is the
    whole file; `column` is the header's word.
    """

    line: int
    column: str
    code: str
    zh: str
    en: str


class NotATable(ValueError):  # noqa: N818  # says what it is
    """The file cannot be read as a table at all."""

    def __init__(self, code: str, zh: str, en: str, line: int = 0) -> None:
        super().__init__(en)
        self.fault = TableFault(line, "", code, zh, en)


def guarded(text: str) -> str:
    """The text as a spreadsheet may see it."""
    return "'" + text if text.lstrip("'").startswith(FORMULA_STARTS) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    guards = text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS)
    return text[1:] if guards else text
