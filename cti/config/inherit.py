"""What a queue of an emergency mode does not say is as in `[[queues]]`.

The core swaps a queue's specification whole while a mode is on. An operator writes only what is to
differ; with defaults for the rest, a mode that shortens the ringing would also open a queue to
everyone, since its `need` would be gone. So the rest is filled in here, before anything is checked.
"""

from collections.abc import Iterator
from typing import Any

from cti.config.problems import Path, Problem, dotted
from cti.config.sources import Tree


def inherit(tree: Tree) -> list[str]:
    """Fill the queues of all modes; the paths of what was filled in, as problems name them."""
    queues = {row["id"]: (at, row) for at, row in _rows(tree.values, "queues") if "id" in row}
    filled = []
    for mode_at, mode in _rows(tree.values, "modes"):
        for at, row in _rows(mode, "queues"):
            original_at, original = queues.get(row.get("id"), (0, {}))
            for key in [key for key in original if key not in row]:
                path: Path = ("modes", mode_at, "queues", at, key)
                row[key] = original[key]
                tree.origins[path] = tree.origin(("queues", original_at, key))
                filled.append(dotted(path))
    return filled


def is_repetition(problem: Problem, filled: list[str]) -> bool:
    """Whether this is about a value that was filled in, so that it is named elsewhere already."""
    return any(
        problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")) for path in filled
    )


def _rows(values: dict[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The tables of an array of tables, as far as it is one; what is wrong is said later."""
    rows = values.get(key)
    for at, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict) and isinstance(row.get("id", ""), str):
            yield at, row
