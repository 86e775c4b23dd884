"""Rules for texts, as annotations that msgspec, the OpenAPI document and error messages share.

A text without a rule has at most `MAX_TEXT` characters. No text has control characters, except
line feed and tabulator in `Lines`: what is not in a text cannot end a header, a log line or a
message of Asterisk, whoever forgets to look.
"""

import re
from typing import Annotated, Any, Final

from msgspec import Meta

MAX_TEXT: Final = 1_000
"""Characters of a text that has no rule of its own: a paragraph."""

MAX_LINES_TEXT: Final = 20_000
"""Characters of `Lines`: some ten printed pages."""

# C0, DEL, C1, line and paragraph separators, what turns the direction of writing around (U+202A to
# U+202E, U+2066 to U+2069: "Trojan Source", CVE-2021-42574), byte order mark, lone surrogates.
CONTROL: Final = (
    r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
)
_LINES: Final = CONTROL.replace(r"\u0000-\u001f", r"\u0000-\u0008\u000b-\u001f")

has_control = re.compile(f"[{CONTROL}]").search
has_control_in_lines = re.compile(f"[{_LINES}]").search

NO_CONTROL_PATTERN: Final = f"^[^{CONTROL}]*$"
LINES_PATTERN: Final = f"^[^{_LINES}]*$"


def matching(pattern: str, says: str, **more: Any) -> Meta:
    """The whole text is as `pattern` says, in the syntax that Python and ECMA-262 share; `says`
    completes "must be …".
    """
    # `$` lets a line feed follow in Python, not in ECMA-262; control characters are refused anyway.
    return Meta(pattern=f"^(?:{pattern})$", description=says, extra={"says": says}, **more)


def characters(low: int, high: int) -> Meta:
    """A length."""
    return Meta(min_length=low, max_length=high)


Name = Annotated[str, matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 of A-Z a-z 0-9 _ -")]
OptionalName = Annotated[str, matching(r"[A-Za-z0-9_-]{0,64}", "at most 64 of A-Z a-z 0-9 _ -")]
Lines = Annotated[
    str,
    Meta(
        max_length=MAX_LINES_TEXT,
        extra={"lines": True},
        extra_json_schema={"pattern": LINES_PATTERN},
    ),
]
"""A text of several lines: a note, an article."""
