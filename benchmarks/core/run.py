"""Runs all measurements of the core in about a minute, prints them, writes them as JSON."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.core import measure
from benchmarks.core.centre import Size
from benchmarks.core.cores import cores
from benchmarks.core.report import show

SMALL = Size(agents=40, queues=10, skills=60, waiting=60)
MIDDLE = Size(agents=1_000, waiting=2_000)
AGENTS = (100, 1_000, 10_000)
WAITING = (100, 3_000, 100_000)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks core", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    parser.add_argument("--lives", type=int, default=6_000, help="lives measured at full load")
    parser.add_argument("--soak", type=int, metavar="COMMANDS", help="only: does memory stay flat?")
    parser.add_argument("--this-core", action="store_true", help="only the one that is imported")
    options = parser.parse_args(arguments)
    if options.soak:
        figures = soaked(options.soak)
    elif options.this_core:
        figures = measured(Size(), options.lives)
    else:
        figures = compared(options.lives)
        show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def compared(lives: int) -> dict[str, Any]:
    """Each core that there is, in a process of its own; the figures at the top are of the last, the
    compiled one where it has been made, and `plain` has those of the source as it is.
    """
    by_core = {name: in_a_process(name, path, lives) for name, path in cores().items()}
    name = list(by_core)[-1]
    return {"core": name, **by_core[name], "plain": by_core["plain"]}


def in_a_process(name: str, path: Sequence[Path], lives: int) -> dict[str, Any]:
    """One core, measured where nothing else has been imported."""
    print(f"{name} core", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, "-P", "-m", "benchmarks", "core", "--this-core"]
        subprocess.run(
            [*command, "--lives", str(lives), "--json", str(figures)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
            check=True,
        )
        found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found


def soaked(commands: int) -> dict[str, Any]:
    """Only the long run."""
    figures = measure.soak(MIDDLE, commands)
    print("  ".join(f"{name} {value:,}" for name, value in figures.items()))
    return figures


def measured(size: Size, lives: int) -> dict[str, Any]:
    """All figures; what is being measured is told on the way."""
    figures: dict[str, Any] = {"size": asdict(size), "small": asdict(SMALL)}
    figures |= step("full load", lambda: measure.full_load(size, lives))
    short = lives // 5
    by_agents = [(number, replace(MIDDLE, agents=number)) for number in AGENTS]
    by_waiting = [(number, replace(MIDDLE, waiting=number)) for number in WAITING]
    agents = step("growth with agents", lambda: measure.growth(by_agents, short))
    waiting = step("growth with waiting calls", lambda: measure.growth(by_waiting, short))
    figures |= {"growth_agents": agents["ratio"], "curve_agents": agents["command_us"]}
    figures |= {"growth_waiting": waiting["ratio"], "curve_waiting": waiting["command_us"]}
    figures["peers"] = step("peers", lambda: measure.peers(SMALL, 300))
    figures |= step("memory", lambda: measure.bytes_of(MIDDLE, 5_000))
    return figures


def step(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One measurement; how long it took is told on the error stream."""
    started = time.perf_counter()
    found = work()
    print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    return found
