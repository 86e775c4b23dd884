"""Needs as predicates: asked of each agent who signs in and of many for each new need.

Reading the expression for each agent costs four times as much.
"""

# ruff: noqa: ARG002  each looks at one of the two

from functools import lru_cache
from typing import final

from routing.ids import SkillId
from routing.index.needs import AgentIs, AllOf, AtLeast, Need, Not

Skills = dict[SkillId, int]


class Predicate:
    """Does an agent with these skills meet the need? This one is met by everybody."""

    __slots__ = ()

    def admits(self, agent_id: str, skills: Skills) -> bool:
        """Is this agent one of those who meet the need?"""
        return True


@final
class _HasSkill(Predicate):
    __slots__ = ("_level", "_skill")

    def __init__(self, skill: str, level: int) -> None:
        self._skill = SkillId(skill)
        self._level = level

    def admits(self, agent_id: str, skills: Skills) -> bool:
        return skills.get(self._skill, 0) >= self._level


@final
class _IsAgent(Predicate):
    __slots__ = ("_agent_id",)

    def __init__(self, agent_id: str) -> None:
        self._agent_id = agent_id

    def admits(self, agent_id: str, skills: Skills) -> bool:
        return agent_id == self._agent_id


@final
class _Fails(Predicate):
    __slots__ = ("_inner",)

    def __init__(self, inner: Predicate) -> None:
        self._inner = inner

    def admits(self, agent_id: str, skills: Skills) -> bool:
        return not self._inner.admits(agent_id, skills)


@final
class _Every(Predicate):
    __slots__ = ("_parts",)

    def __init__(self, parts: list[Predicate]) -> None:
        self._parts = parts

    def admits(self, agent_id: str, skills: Skills) -> bool:
        for part in self._parts:  # noqa: SIM110  all() costs twice as much
            if not part.admits(agent_id, skills):
                return False
        return True


@final
class _Some(Predicate):
    __slots__ = ("_parts",)

    def __init__(self, parts: list[Predicate]) -> None:
        self._parts = parts

    def admits(self, agent_id: str, skills: Skills) -> bool:
        for part in self._parts:  # noqa: SIM110
            if part.admits(agent_id, skills):
                return True
        return False


@lru_cache(maxsize=8192)
def predicate_of(need: Need) -> Predicate:
    """The need as a predicate."""
    match need:
        case AtLeast(skill, level):
            return _HasSkill(skill, level)
        case AgentIs(wanted):
            return _IsAgent(wanted)
        case Not(inner):
            return _Fails(predicate_of(inner))
        case AllOf(needs):
            parts = [predicate_of(part) for part in needs]
            return _Every(parts) if parts else Predicate()
        case _:
            return _Some([predicate_of(part) for part in need.needs])


def is_met(need: Need, agent_id: str, skills: Skills) -> bool:
    """Does an agent with these skills meet the need?"""
    return predicate_of(need).admits(agent_id, skills)
