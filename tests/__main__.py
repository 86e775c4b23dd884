"""`python -m tests [options of pytest]`: every test, first what must be alone, then side by side.

Tests that are marked `alone` drive a real Asterisk under load, or measure: they run one after the
other on a quiet machine. All others share the machine. The exit code is 0 when both were green.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

from tests.lanes import WHOLE

# Most tests wait for other processes most of the time, so there are more workers than cores.
WORKERS = int(os.environ.get("PAIDUI_WORKERS") or 4)

# Compiled files are kept, whatever the machine says: without them each worker and each daemon that
# is started compiles everything anew, which is half of a worker's start.
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": ""}

NOTHING_COLLECTED = 5
"""pytest's exit code when the selection is empty (a room has no tests that must be alone)."""


def commands(options: Sequence[str]) -> list[list[str]]:
    """The two runs. `-m EXPRESSION` among the options holds for both."""
    rest, expression = _without_expression(options)
    both = f" and ({expression})" if expression else ""
    side_by_side = ["-n", str(WORKERS), "--dist", "worksteal"]
    pytest = [sys.executable, "-m", "pytest", "--durations=25"]
    if WHOLE:
        pytest.append("--timeout=1200")
    return [
        [*pytest, "-m", f"alone{both}", *rest],
        [*pytest, "-m", f"not alone{both}", *side_by_side, *rest],
    ]


def verdict(codes: Sequence[int]) -> int:
    """0 when nothing failed and something ran."""
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    return failed[0] if failed else min(codes)


def _without_expression(options: Sequence[str]) -> tuple[list[str], str]:
    rest = list(options)
    if "-m" not in rest:
        return rest, ""
    at = rest.index("-m")
    expression = rest[at + 1]
    return rest[:at] + rest[at + 2 :], expression


def main(options: Sequence[str]) -> int:
    environment = {**os.environ, **ENVIRONMENT}
    codes = []
    for command, title in zip(commands(options), ("alone", "side by side"), strict=True):
        lane = "the whole lane, " if WHOLE else ""
        print(f"tests: {lane}{title}: {' '.join(command[3:])}", flush=True)  # noqa: T201
        codes.append(subprocess.run(command, env=environment, check=False).returncode)
    if codes[0] not in (0, NOTHING_COLLECTED):
        sys.stderr.write("tests: one of those that run alone has failed, see above\n")
    return verdict(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
