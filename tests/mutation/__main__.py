"""`python -m tests.mutation [--sample 500] [--seed 1] [--file matching]`: does any test notice?

Small mistakes are made in the routing core, one at a time, and the tests run until one fails. By
default so many are tried as the seed draws and the minutes allow; `--file` tries all of one file.
Each survivor is printed; those that docs/mutation.md has not judged are marked, and fail the run.
"""

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutation.mutants import ROOT, Mutant, drawn, judged, made_by, modules
from tests.mutation.trial import TESTS, Trial, say

MUTATOR = ROOT / ".cache" / "mutator" / "bin" / "python"
COLUMNS = ("killed", "timed out", "survived", "unfit", "not tried")


def table(mutants: list[Mutant], result: dict[str, str]) -> Iterator[str]:
    """One line a module, and the sum."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        for name in (mutant.module, "all"):
            counts[name][result[mutant.key]] += 1
    yield f"{'file':20}" + "".join(f"{name:>11}" for name in COLUMNS) + f"{'score':>9}"
    for name in sorted(counts, key=lambda name: (name == "all", name)):
        yield row(name, counts[name])


def row(name: str, count: Counter[str]) -> str:
    """What was noticed, of what was tried: an endless loop is noticed by who waits."""
    noticed = count["killed"] + count["timed out"]
    score = 100 * noticed / max(noticed + count["survived"], 1)
    return f"{name:20}" + "".join(f"{count[each]:11}" for each in COLUMNS) + f"{score:7.1f} %"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=500, help="how many; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", action="append", help="all of this file of routing/")
    parser.add_argument("--only", default="", help="those whose key contains this")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--mutator", type=Path, default=MUTATOR, help="a Python that has mutmut")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    found = made_by(asked.mutator, asked.file or modules())
    found = [mutant for mutant in found if asked.only in mutant.key]
    mutants = drawn(found, 0 if asked.file or asked.only else asked.sample, asked.seed)
    say(f"{len(mutants)} of {len(found)} mutants, at most {asked.minutes:g} minutes")
    trial = Trial(mutants, asked.minutes, asked.workers)
    os.chdir(ROOT)
    flags = ["-q", "-s", "-p", "no:cacheprovider", "--assert=plain"]
    code = pytest.main([*flags, *TESTS], plugins=[trial])
    if not trial.result:
        return int(code) or 1
    known = judged()
    survivors = [m for m in mutants if trial.result[m.key] == "survived"]
    unknown = [m for m in survivors if m.key not in known]
    for line in table(mutants, trial.result):
        say(line)
    for mutant in sorted(survivors, key=lambda each: (each.module, each.line)):
        mark = "!" if mutant in unknown else " "
        say(f"{mark} {mutant.module}.py:{mutant.line} {mutant.key}")
    say(f"{len(survivors)} survived, {len(unknown)} of them (marked !) not in docs/mutation.md")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
