"""Teams and people: rows, what is sent to change them, rights with their words."""

from typing import Annotated, Final

import msgspec

from centre.contracts.rights import Place
from centre.store.rows import Row
from cti.routes.text import Name, OptionalName, characters

RIGHTS: Final = {
    "people.read": ("查看人员和班组", "See people and teams"),
    "people.write": ("增改人员", "Add and change people"),
    "people.disable": ("停用和启用人员", "Disable and enable people"),
    "teams.write": ("增改班组", "Add and change teams"),
    "history.read": ("查看历史记录", "Read the history"),
}

Called = Annotated[str, characters(1, 100)]
Reason = Annotated[str, characters(1, 500)]


class Team(Row, frozen=True, kw_only=True):
    """A team, `code` for ever. `unit` is the part of the bank that it belongs to."""

    code: str
    name: str
    unit: str = ""


class Person(Row, frozen=True, kw_only=True):
    """Somebody who works here; `agent_id` (工号) for ever, and never anybody else's."""

    agent_id: str
    name: str
    team: str | None = None
    employer: str = "own"
    active: bool = True


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person with the unit of their team: what is answered."""

    id: str
    rev: int
    agent_id: str
    name: str
    team: str | None
    unit: str | None
    employer: str
    active: bool

    @property
    def place(self) -> Place:
        """Where they belong."""
        return Place(
            person=self.id, team=self.team or "", unit=self.unit or "", employer=self.employer
        )


class TeamIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new team."""

    code: Name
    name: Called
    unit: OptionalName = ""


class TeamEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team as it is to be."""

    name: Called
    unit: OptionalName = ""


class PersonIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new person. `employer`: `own`, or which outsourcer."""

    agent_id: Name
    name: Called
    team: OptionalName = ""
    employer: Name = "own"


class PersonEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person as they are to be."""

    name: Called
    team: OptionalName = ""
    employer: Name = "own"


class Why(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reason of an act that needs one; it stands in the history."""

    reason: Reason


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some people, by key; `next` is the `after` of the page that follows, "" at the end."""

    items: list[Member]
    next: str = ""


class Teams(msgspec.Struct, frozen=True, kw_only=True):
    """All teams, by code."""

    items: list[Team]
