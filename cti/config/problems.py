"""What is wrong with a configuration, said so that the reader can put it right at once."""

import re
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch
_SHOWN = 60  # characters of a wrong value that help to find it; the rest would only fill the screen


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `where` is a file or environment variable, `path` like `asterisks[0].ami_port`
    ("" for the whole), `rule` the sentence that says what should be.
    """

    where: str
    path: str
    rule: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.rule) if part)


class ConfigError(Exception):
    """The configuration cannot be used. The operator's fault, and all of it at once.

    `problems` is never empty; `str()` gives one line for each.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = len(problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{head} in the configuration:\n{lines}")


def dotted(path: Path) -> str:
    """`("asterisks", 0, "ami_port")` as `asterisks[0].ami_port`; odd keys are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + quoted_key(step)
    return text


def quoted_key(key: str) -> str:
    """A key as it may be printed: no line feed or escape sequence of a stranger gets through."""
    return key if _BARE(key) else ascii(key[:_SHOWN])


def shown(value: Any) -> str:
    """A wrong value, cut and escaped. Never called with a secret."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    # Python refuses to print integers of more than 4,300 digits, which `0x…` can make.
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    if isinstance(value, str):
        return ascii(value) if len(value) <= _SHOWN else ascii(value[:_SHOWN]) + "…"
    return str(value)
