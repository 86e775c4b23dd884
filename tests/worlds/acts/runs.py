"""The runs of docs/acts/acts.toml, with their scenes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from docs.acts.table import Run, rows
from tests.worlds.acts.recorded import SCENES, Scene

RUNS = [(row.number, run) for row in rows() for run in row.run]
_SCENES = {scene.name: scene for scene in SCENES}


def scene_of(run: Run) -> Scene:
    """What is played."""
    return _SCENES[run.scene]


def longer(script: str) -> str:
    """Each conversation lasts: below 0.2 s there was none (docs/call-flow.md)."""
    lines = (
        f"{line}\ntime 1500" if len(line.split()) == 3 and line.split()[1] == "talks" else line
        for line in script.splitlines()
    )
    return "\n".join(lines)
