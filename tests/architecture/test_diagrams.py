"""The pictures in routing/README.md are those of the tables."""

import subprocess
import sys
from pathlib import Path


def test_diagrams_are_drawn_from_the_tables():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "docs/diagrams.py", "--check"],
        cwd=root,
        check=False,
        env={"PYTHONPATH": "."},
    )
    assert done.returncode == 0, "run: python docs/diagrams.py"
