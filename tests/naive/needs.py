"""The need language once more, as a parser of 40 lines that turns text into a yes-or-no function.

    english>=3 & (loans | cards>=2) & !trainee & @8001

`&` binds tighter than `|`; a skill alone means level 1; "" admits everyone.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

Meets = Callable[[str, Mapping[str, int]], bool]

TOKENS = re.compile(r"\s*(?:(@?[A-Za-z0-9_.-]+)|(>=|:)|([&|!()]))")


class BadNeedError(ValueError):
    """The text is no expression."""


@cache
def meets(text: str) -> Meets:
    """The function that says whether an agent (id and skills) meets this need."""
    if not text.strip():
        return lambda _id, _skills: True
    found, rest = either(tuple(tokens(text)))
    if rest:
        raise BadNeedError(f"left over: {rest}")
    return found


def tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKENS.match(text, at)
        if not match:
            raise BadNeedError(f"not understood: {text[at:]!r}")
        found.append(match[0].strip())
        at = match.end()
    return found


def either(words: tuple[str, ...]) -> tuple[Meets, tuple[str, ...]]:
    left, rest = every(words)
    if rest[:1] != ("|",):
        return left, rest
    right, rest = either(rest[1:])
    return (lambda a, s: left(a, s) or right(a, s)), rest


def every(words: tuple[str, ...]) -> tuple[Meets, tuple[str, ...]]:
    left, rest = one(words)
    if rest[:1] != ("&",):
        return left, rest
    right, rest = every(rest[1:])
    return (lambda a, s: left(a, s) and right(a, s)), rest


def one(words: tuple[str, ...]) -> tuple[Meets, tuple[str, ...]]:
    if not words:
        raise BadNeedError("something is missing")
    first, rest = words[0], words[1:]
    if first == "!":
        inner, rest = one(rest)
        return (lambda a, s: not inner(a, s)), rest
    if first == "(":
        inner, rest = either(rest)
        if rest[:1] != (")",):
            raise BadNeedError("a parenthesis is open")
        return inner, rest[1:]
    if first in {"&", "|", ")", ">=", ":"}:
        raise BadNeedError(f"unexpected {first}")
    if first.startswith("@"):
        return (lambda a, _s: a == first[1:]), rest
    level = 1
    if rest[:1] in {(">=",), (":",)}:
        if not rest[1:2] or not rest[1].isdigit():
            raise BadNeedError("a level is missing")
        level, rest = int(rest[1]), rest[2:]
    return (lambda _a, s: s.get(first, 0) >= level), rest


def asked_skills(text: str) -> list[str]:
    """The skills that a need asks for, each once: not those it forbids, and not agents."""
    found: list[str] = []
    forbidden_to = -1  # how deep we are inside a `!`
    depth = 0
    words = tokens(text)
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if word == "(":
            depth += 1
            if before == "!" and forbidden_to < 0:
                forbidden_to = depth
        elif word == ")":
            if depth == forbidden_to:
                forbidden_to = -1
            depth -= 1
        elif word[0] not in "@&|!>:" and before not in {"!", ">=", ":"} and forbidden_to < 0:
            found.append(word)
    return list(dict.fromkeys(found))
