"""Mutants: where they come from, which of them are tried, and how one is put into this process."""

import importlib
import inspect
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from types import FunctionType

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JUDGED = ROOT / "docs" / "mutation.md"

Place = tuple[str, str]
"""Module and function."""

BRIEF, AROUND = 70, 12
"""Characters of a text that is shown whole, and of those around a difference."""


class Mutant:
    """One small mistake in one function."""

    def __init__(self, row: dict[str, str]) -> None:
        self.module, self.function, self.source = row["module"], row["function"], row["source"]
        self.line = row["line"]
        self.place = (self.module, self.function)
        before, after = brief(row["before"], row["after"])
        self.key = f"{self.module}.{self.function}: {before} -> {after}"

    def install(self) -> None:
        """Make the mistake in this process."""
        module = importlib.import_module(f"routing.{self.module}")
        namespace = dict(vars(module))
        exec(compile(self.source, str(module.__file__), "exec"), namespace)  # noqa: S102
        wrong = namespace[self.function.rpartition(".")[2]]
        target, cached = function_of(self.module, self.function)
        target.__code__ = wrong.__code__
        target.__defaults__, target.__kwdefaults__ = wrong.__defaults__, wrong.__kwdefaults__
        if cached is not None:
            cached.cache_clear()


def brief(before: str, after: str) -> tuple[str, str]:
    """Of long texts only the part in which they differ, with some of what is around it."""
    if len(before) <= BRIEF:
        return before, after
    head = alike(before, after)
    tail = alike(before[head:][::-1], after[head:][::-1])
    start = before.rfind(" ", 0, max(head - AROUND, 0)) + 1
    ends = [text.find(" ", max(len(text) - tail + AROUND, 0)) for text in (before, after)]
    cut = [
        text[start : end if end > 0 else None]
        for text, end in zip((before, after), ends, strict=True)
    ]
    return f"… {cut[0]} …", f"… {cut[1]} …"


def alike(left: str, right: str) -> int:
    """With how many equal characters both begin."""
    return next(
        (i for i, pair in enumerate(zip(left, right, strict=False)) if len(set(pair)) > 1),
        min(len(left), len(right)),
    )


def function_of(module: str, path: str) -> tuple[FunctionType, object]:
    """The plain function behind a name, and its cache if it has one."""
    holder: object = importlib.import_module(f"routing.{module}")
    for name in path.split("."):
        holder = inspect.getattr_static(holder, name)
    if isinstance(holder, property):
        holder = holder.fget
    cached = holder if hasattr(holder, "cache_clear") else None
    plain = inspect.unwrap(holder)
    assert isinstance(plain, FunctionType)
    return plain, cached


def made_by(python: Path, modules: Iterable[str]) -> list[Mutant]:
    """All mutants of these modules; the tool that makes them has an environment of its own."""
    text = subprocess.run(
        [python, HERE / "make_mutants.py", *modules],
        cwd=HERE,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return list(numbered(map(Mutant, json.loads(text))))


def modules() -> list[str]:
    """Every file of the core."""
    names = [path.stem for path in sorted((ROOT / "routing").glob("*.py"))]
    return [name for name in names if name != "__init__"]


def numbered(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Those that read alike get a number."""
    times: Counter[str] = Counter()
    for mutant in mutants:
        times[mutant.key] += 1
        if times[mutant.key] > 1:
            mutant.key += f" ({times[mutant.key]})"
        yield mutant


def drawn(mutants: list[Mutant], sample: int, seed: int) -> list[Mutant]:
    """So many of them in an order that the seed draws, so that a run cut short is a fair sample,
    too; 0 for all.
    """
    shuffled = list(mutants)
    Random(seed).shuffle(shuffled)
    return shuffled[:sample] if sample else shuffled


def judged() -> set[str]:
    """The survivors that docs/mutation.md says something about."""
    text = JUDGED.read_text(encoding="utf-8") if JUDGED.exists() else ""
    return {line[3:].partition("`")[0] for line in text.splitlines() if line.startswith("- `")}
