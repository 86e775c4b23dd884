"""What a call needs of an agent, as an expression over skills.

    english>=3 & (loans | cards>=2) & !trainee & @8001

A skill alone means level 1 or better; `@8001` is that very agent; `&`, `|`, `!` and parentheses as
usual, `&` binding tighter than `|`. `english:3` says the same as `english>=3`, for dialplans where
`>` is in the way. The empty text admits every agent. Texts are limited
(`MAX_TEXT`, `MAX_DEPTH`) since callers' needs come from the dialplan.
"""

import re
from functools import lru_cache

import msgspec

MAX_TEXT = 400
"""Characters of one expression; the longest rule in the research had some 120."""

MAX_DEPTH = 8
"""Parentheses and negations inside one another; people cannot read more."""

MAX_LEVEL = 1000


class NeedError(ValueError):
    """The text is no expression; the message says what and where."""


class AtLeast(msgspec.Struct, frozen=True):
    """The agent has `skill` at `level` or better."""

    skill: str
    level: int


class AgentIs(msgspec.Struct, frozen=True):
    """The agent is this one."""

    agent_id: str


class Not(msgspec.Struct, frozen=True):
    """The agent does not meet `need`."""

    need: "Need"


class AllOf(msgspec.Struct, frozen=True):
    """The agent meets each of `needs`; an empty list is met by everyone."""

    needs: tuple["Need", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """The agent meets at least one of `needs`."""

    needs: tuple["Need", ...]


Need = AtLeast | AgentIs | Not | AllOf | AnyOf

ANYONE = AllOf(())

_TOKEN = re.compile(r"(@?[\w.-]+)(?:\s*(?:>=|:)\s*(\d{1,4}))?|([&|!()])|\s+", re.ASCII)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise NeedError(f"unexpected {text[place : place + 10]!r} at character {place + 1}")
            if word := match[1] or match[3]:
                self._tokens.append((word, match[2] or "", place + 1))
            place = match.end()
        self._at = 0
        self._depth = 0

    def whole(self) -> Need:
        need = self._any_of()
        if self._at < len(self._tokens):
            raise NeedError(f"unexpected {self._peek()!r} at character {self._tokens[self._at][2]}")
        return need

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _any_of(self) -> Need:
        parts = [self._all_of()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self) -> Need:
        parts = [self._atom()]
        while self._peek() == "&":
            self._at += 1
            parts.append(self._atom())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _atom(self) -> Need:
        if self._at >= len(self._tokens):
            raise NeedError("the expression ends too early")
        word, level, place = self._tokens[self._at]
        self._at += 1
        if word in ("!", "("):
            return self._nested(word, place)
        if word in ("&", "|", ")"):
            raise NeedError(f"unexpected {word!r} at character {place}")
        if word.startswith("@"):
            if level:
                raise NeedError(f"@ takes an agent id and no level, at character {place}")
            return AgentIs(word[1:])
        wanted = int(level or 1)
        if not 1 <= wanted <= MAX_LEVEL:
            raise NeedError(f"level {wanted} of {word} is not within 1…{MAX_LEVEL}")
        return AtLeast(word, wanted)

    def _nested(self, word: str, place: int) -> Need:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NeedError(f"more than {MAX_DEPTH} levels deep at character {place}")
        if word == "!":
            need: Need = Not(self._atom())
        else:
            need = self._any_of()
            if self._peek() != ")":
                raise NeedError(f"the parenthesis at character {place} is not closed")
            self._at += 1
        self._depth -= 1
        return need


@lru_cache(maxsize=8192)
def parse(text: str) -> Need:
    """The expression that `text` says; NeedError when it says none."""
    if len(text) > MAX_TEXT:
        raise NeedError(f"longer than {MAX_TEXT} characters")
    if not text.strip():
        return ANYONE
    return _Parser(text).whole()


def both(left: Need, right: Need) -> Need:
    """`left` and `right`, without needless nesting."""
    parts = [
        part
        for need in (left, right)
        for part in (need.needs if isinstance(need, AllOf) else (need,))
    ]
    return parts[0] if len(parts) == 1 else AllOf(tuple(dict.fromkeys(parts)))


def text_of(need: Need) -> str:
    """The canonical text: equal needs give equal texts."""
    match need:
        case AtLeast(skill, level):
            return f"{skill}>={level}" if level > 1 else skill
        case AgentIs(agent_id):
            return f"@{agent_id}"
        case Not(inner):
            return f"!{_wrapped(inner)}"
        case AllOf(needs):
            return " & ".join(_wrapped(part) for part in needs)
        case _:
            return " | ".join(_wrapped(part) for part in need.needs)


def _wrapped(need: Need) -> str:
    return f"({text_of(need)})" if isinstance(need, AllOf | AnyOf) else text_of(need)


def named_skills(need: Need) -> tuple[str, ...]:
    """The skills that the need asks for (not those under a `!`), each once, in order."""
    match need:
        case AtLeast(skill, _):
            return (skill,)
        case AllOf(needs) | AnyOf(needs):
            return tuple(dict.fromkeys(s for part in needs for s in named_skills(part)))
        case _:
            return ()


def anchors(need: Need) -> tuple[str, ...] | None:
    """Skills (or `@agent`) of which every agent who meets the need has at least one.

    None when there are none, so that everyone has to be looked at. This is what keeps a log-on
    from costing a walk over everything.
    """
    return min(all_anchors(need), key=len, default=None)


def all_anchors(need: Need) -> list[tuple[str, ...]]:
    """Each such set that the need names: who meets it has at least one out of each of them."""
    match need:
        case AtLeast(skill, _):
            return [(skill,)]
        case AgentIs(agent_id):
            return [(f"@{agent_id}",)]
        case Not():
            return []
        case AllOf(needs):
            return [found for part in needs for found in all_anchors(part)]
        case _:
            either = [anchors(part) for part in need.needs]
            known = [each for each in either if each is not None]
            if len(known) < len(either):
                return []
            return [tuple(dict.fromkeys(skill for each in known for skill in each))]
