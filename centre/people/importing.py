"""People from a table: the columns, and what a row becomes. Teams have to be there."""

from collections.abc import Callable, Collection
from typing import Any, Final

from centre.contracts.importing import Column, Values
from centre.people.model import Person, PersonIn
from cti.routes.reading import structure

EMPLOYER: Final = "own"


def columns(teams: Collection[str]) -> tuple[Column, ...]:
    """What a file of people may have. The rules are those of the API."""

    def team(text: str) -> str:
        if text not in teams:
            raise ValueError("没有这个班组|no such team")
        return text

    return (
        Column("agent_id", "工号", "Agent ID", _field("agent_id"), required=True, sample="8001"),
        Column("name", "姓名", "Name", _field("name"), required=True, sample="李雷"),
        Column("team", "班组", "Team", team, sample="loans"),
        Column("employer", "用工单位", "Employer", _employer, sample=EMPLOYER),
    )


def _employer(text: str) -> str | None:
    """Own staff is what an empty cell says, too."""
    return None if text == EMPLOYER else _field("employer")(text)


def _field(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        sent = {"agent_id": "8001", "name": "x", name: text}
        _, errors = structure(sent, PersonIn)
        if errors:
            raise ValueError(f"不合规则：{errors[0].rule}|{errors[0].rule}")
        return text

    return read


def as_values(person: Person) -> Values:
    """A row that is there, as the file would say it."""
    employer = None if person.employer == EMPLOYER else person.employer
    return {
        "agent_id": person.agent_id, "name": person.name, "team": person.team, "employer": employer,
    }  # fmt: skip


def as_fields(values: Values) -> dict[str, Any]:
    """What a row of a file says of a person; a column that it does not have stays as it is."""
    found = {name: value for name, value in values.items() if name != "agent_id"}
    if "employer" in found:
        found["employer"] = found["employer"] or EMPLOYER
    return found
