"""Read acts.toml, and write its rows as the table of the page."""

from pathlib import Path
from typing import Final

import msgspec

FILE: Final = Path(__file__).parent / "acts.toml"
HEAD: Final = (
    "| no. | act | state of the call | owner afterwards | outcome | times | off in the templates "
    "| scenes |\n|---|---|---|---|---|---|---|---|"
)


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scene of tests/worlds/acts/recorded.py played with the whole product, and what it tells.

    `ready`: agents who are, when it begins. `parts`: agent, who ended it, seconds talked + held, in
    the order of their ends. `calls`: outcome and who ended it. `offers` that were not answered:
    agent and outcome. `own`: agent, in or out, who ended it. `shown`: the states of an agent, one
    after the other. `moved`: how often a call went on under another channel.
    """

    scene: str
    ready: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    moved: int = 0


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act in one state of the call."""

    number: str
    act: str
    state: str
    owner: str
    outcome: str
    times: str
    off: str = ""
    test: str = ""  # of a row without a scene of its own
    run: tuple[Run, ...] = ()


class _Acts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    row: tuple[Row, ...]


def rows() -> tuple[Row, ...]:
    """All of them, in their order."""
    return msgspec.toml.decode(FILE.read_bytes(), type=_Acts).row


def table(of: tuple[Row, ...]) -> str:
    """As Markdown."""
    return "\n".join([HEAD, *map(_line, of)])


def _line(row: Row) -> str:
    scenes = ", ".join(f"`{run.scene}`" for run in row.run) or row.test
    cells = (row.number, row.act, row.state, row.owner, row.outcome, row.times, row.off, scenes)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")
