"""The simulated world is pure: no loop, no wall clock, no float, no walk over a set."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tidy import pure_findings

ROOM = Path(__file__).parents[3] / "simulators"
RIM = {
    "__init__.py",
    "agi_client.py",  # sockets
    "ami_server.py",
    "desk.py",
    "link.py",  # calls the daemon's code
}
PURE = [
    ROOM / "virtual_clock.py",
    ROOM / "prng.py",
    *sorted(path for path in (ROOM / "pbx").glob("*.py") if path.name not in RIM),
    *sorted(path for path in (ROOM / "people").glob("*.py") if path.name not in RIM),
]
IMPURE = {"asyncio", "time", "datetime", "random", "uuid", "socket", "os", "threading", "logging"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_pure_code_is_pure(path):
    source = path.read_text(encoding="utf-8")
    assert pure_findings(source) == []
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & IMPURE
