"""Who may do what to whom: rights, each within a scope, and pairs that nobody may hold together.

A *right* is a word such as `people.write`. A *role* is a set of rights. Somebody is *granted* a
role within a *scope*: everybody, an employer, a unit, a team, a queue, or oneself. What is acted on
has a *place*: whose it is, and in which team, unit, employer and queues. A grant reaches a place
when its scope holds it. All of it is data; nothing here knows a role by name.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

ScopeKind = Literal["all", "employer", "unit", "team", "queue", "self"]

Pairs = tuple[tuple[str, str], ...]
"""Rights that one person must not have both of."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where something that is acted on belongs; "" is nowhere."""

    person: str = ""
    team: str = ""
    unit: str = ""
    employer: str = ""
    queues: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """How far a grant reaches. `value` is a code, "" of `all` and `self`."""

    kind: ScopeKind
    value: str = ""

    def reaches(self, place: Place, person: str) -> bool:
        """Whether it holds the place; `person` is who has the grant."""
        match self.kind:
            case "all":
                return True
            case "self":
                return bool(person) and place.person == person
            case "queue":
                return self.value in place.queues
            case "team" | "unit" | "employer":
                at: str = getattr(place, self.kind)
                return bool(self.value) and at == self.value

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


class Holding(msgspec.Struct, frozen=True):
    """The rights of one grant, and how far they reach."""

    rights: frozenset[str]
    scope: Scope


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: somebody who is signed in, or (`operator`) somebody at the machine itself, who
    could open the database as well.
    """

    name: str
    person: str = ""
    session: str = ""
    source: str = ""
    holdings: tuple[Holding, ...] = ()
    forbidden: Pairs = ()
    operator: bool = False

    @property
    def rights(self) -> frozenset[str]:
        """All of them, wherever they reach."""
        return frozenset().union(*(each.rights for each in self.holdings))

    def scopes(self, right: str) -> tuple[Scope, ...]:
        """How far one right reaches; none when it stands in a forbidden pair with another one that
        they hold: such a grant may be older than the rule.
        """
        if self.operator:
            return (Scope("all"),)
        mine = self.rights
        if any(right in pair and mine.issuperset(pair) for pair in self.forbidden):
            return ()
        return tuple(each.scope for each in self.holdings if right in each.rights)

    def may(self, right: str, place: Place) -> bool:
        """Whether they have the right where this is."""
        return any(each.reaches(place, self.person) for each in self.scopes(right))


def clash(rights: Iterable[str], pairs: Pairs) -> tuple[str, str] | None:
    """The first pair that these rights hold both of."""
    held = frozenset(rights)
    return next((pair for pair in pairs if held.issuperset(pair)), None)


def is_within(inner: Scope, outer: Iterable[Scope]) -> bool:
    """Whether somebody with these scopes may give this one: nobody gives more than they have."""
    return any(each.kind == "all" or each == inner for each in outer)


def parse_scope(text: str) -> Scope | None:
    """`team:loans`, `all`; None for what is no scope."""
    kind, _, value = text.partition(":")
    needs_value: Mapping[str, bool] = {
        "all": False, "self": False, "employer": True, "unit": True, "team": True, "queue": True,
    }  # fmt: skip
    if kind not in needs_value or needs_value[kind] != bool(value):
        return None
    return msgspec.convert({"kind": kind, "value": value}, Scope)
