"""No test waits for a guess of time: it waits for the thing itself (`tests/eventually.py`)."""

import ast

from tests.architecture.sources import ROOT, sources

# Where waiting is made, and the lab, which asks a process again and again whether it is up.
WAITS = ("tests/eventually.py", "tests/lab/asterisk.py", "tests/lab/sipp.py")


def sleeps(source: str) -> list[int]:
    """Lines that sleep; `sleep(0)` only lets others have their turn."""
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "sleep"
        and ast.unparse(node.args[0]) != "0"
    )


def test_nobody_sleeps():
    found = [
        f"{name}:{line}"
        for path in sources("tests")
        if (name := path.relative_to(ROOT).as_posix()) not in WAITS
        for line in sleeps(path.read_text(encoding="utf-8"))
    ]
    assert not found, f"eventually(...) or time_passes(...), not sleep: {found}"


def test_a_sleep_is_found_and_a_turn_for_others_is_not():
    assert sleeps("async def f():\n    await asyncio.sleep(0.1)\n    time.sleep(N)") == [2, 3]
    assert sleeps("await asyncio.sleep(0)") == []
