"""`python -m tests.mutation MUTANTS.json [--minutes 15]`: does any test notice?

pytest collects once. One child process runs every test and notes which functions each of them goes
through; then each mutant gets a child of its own, in which the function's code is exchanged in
place and the tests that go through it run until one fails: first those that noticed something in
this function before, then those that noticed most elsewhere, then the quickest. That is some ten
milliseconds a mutant, where starting pytest anew would be a second or two.

When the time is over the mutants not yet tried are counted as such; they are tried in an order
drawn from a fixed seed, so that a short run is a fair sample.
"""

import argparse
import contextlib
import functools
import importlib
import inspect
import json
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from types import CodeType, FunctionType
from typing import Any

import pytest

HERE = Path(__file__).parent
JUDGED = HERE.parents[1] / "docs" / "mutation.md"
TESTS = ("tests/complaints", "tests/test_scenarios.py", "tests/unit/routing")
LEFT_OUT = "not (teeth or twin or every_pair or enough_rows)"
"""Tests of the tests, and the transfer matrix, which alone takes as long as all others."""

TOO_SLOW_S = 0.4
MEMORY = 4 << 30
NOTICED, SURVIVED, ENDLESS = 1, 0, 2

RECORD = 200
"""Bytes in which a child says which test noticed; less than a pipe writes at once."""

Place = tuple[str, str]
Reach = dict[Place, set[int]]
Test = tuple[int, pytest.Item, float]


class Mutant:
    """One small mistake in one function."""

    def __init__(self, row: dict[str, str]) -> None:
        self.module, self.function, self.source = row["module"], row["function"], row["source"]
        self.line = row["line"]
        self.place = (self.module, self.function)
        self.key = f"{self.module}.{self.function}: {row['before']} -> {row['after']}"

    def install(self) -> None:
        """Make the mistake in this process."""
        module = importlib.import_module(f"routing.{self.module}")
        namespace = dict(vars(module))
        exec(compile(self.source, module.__file__, "exec"), namespace)  # noqa: S102
        wrong = namespace[self.function.rpartition(".")[2]]
        target, cached = function_of(self.module, self.function)
        target.__code__ = wrong.__code__
        target.__defaults__, target.__kwdefaults__ = wrong.__defaults__, wrong.__kwdefaults__
        if cached is not None:
            cached.cache_clear()


def function_of(module: str, path: str) -> tuple[FunctionType, object]:
    """The plain function behind a name, and its cache if it has one."""
    holder: object = importlib.import_module(f"routing.{module}")
    for name in path.split("."):
        holder = inspect.getattr_static(holder, name)
    if isinstance(holder, property):
        holder = holder.fget
    cached = holder if hasattr(holder, "cache_clear") else None
    plain = inspect.unwrap(holder)  # type: ignore[arg-type]
    assert isinstance(plain, FunctionType)
    return plain, cached


class Trial:
    """A pytest plugin that runs mutants instead of tests."""

    def __init__(self, mutants: list[Mutant], minutes: float, workers: int) -> None:
        self.mutants = mutants
        self.minutes = minutes
        self.workers = workers
        self.result: dict[str, str] = {}
        self.noticed: Counter[int] = Counter()  # by test …
        self.noticed_here: dict[Place, Counter[int]] = defaultdict(Counter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if not item.get_closest_marker("xfail")]
        durations, reach = first_run(items, {m.place for m in self.mutants})
        quick = [i for i in range(len(items)) if durations[i] <= TOO_SLOW_S]
        say(f"{len(quick)} of {len(items)} tests, {sum(durations[i] for i in quick):.1f} s")
        read_end, write_end = os.pipe()
        running: dict[int, Mutant] = {}
        waiting = list(self.mutants)
        Random(1).shuffle(waiting)
        until = time.monotonic() + 60 * self.minutes
        while running or (waiting and time.monotonic() < until):
            while waiting and len(running) < self.workers and time.monotonic() < until:
                mutant = waiting.pop()
                order = self.in_order(mutant, quick, reach, durations)
                tests = [(i, items[i], durations[i]) for i in order]
                running[fork(functools.partial(tried, mutant, tests, write_end))] = mutant
            pid, status = os.wait()
            mutant = running.pop(pid)
            self.result[mutant.key] = verdict(status)
            if self.result[mutant.key] == "noticed":
                self.learn(json.loads(os.read(read_end, RECORD)))
        for mutant in waiting:
            self.result[mutant.key] = "not tried"
        return True

    def in_order(
        self, mutant: Mutant, quick: list[int], reach: Reach, durations: list[float]
    ) -> list[int]:
        """The tests that go through the function, those first that are likely to notice."""
        here = self.noticed_here[mutant.place]
        return sorted(
            (i for i in quick if i in reach[mutant.place]),
            key=lambda i: (-here[i], -self.noticed[i], durations[i]),
        )

    def learn(self, found: dict[str, Any]) -> None:
        """Which test noticed a mutant of which function."""
        if found["test"] >= 0:
            self.noticed[found["test"]] += 1
            self.noticed_here[found["module"], found["function"]][found["test"]] += 1


def say(text: str) -> None:
    sys.__stdout__.write(f"{text}\n")
    sys.__stdout__.flush()


def verdict(status: int) -> str:
    if os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == ENDLESS:
        return "endless"
    return "survived" if os.WEXITSTATUS(status) == SURVIVED else "noticed"


def fork(work: functools.partial[int]) -> int:
    """Do it in a child; its exit status is what comes of it."""
    pid = os.fork()
    if pid:
        return pid
    status = NOTICED
    with contextlib.suppress(BaseException):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        status = work()
    os._exit(status)


def first_run(items: list[pytest.Item], wanted: set[Place]) -> tuple[list[float], Reach]:
    """How long each test takes, and which of the wanted functions it goes through."""
    codes: dict[CodeType, Place] = {function_of(*each)[0].__code__: each for each in sorted(wanted)}
    read_end, write_end = os.pipe()

    def work() -> int:
        rows = []
        for index, item in enumerate(items):
            seen: set[Place] = set()

            def look(frame, event, _, seen=seen) -> None:
                if event == "call" and frame.f_code in codes:
                    seen.add(codes[frame.f_code])

            sys.setprofile(look)
            began = time.perf_counter()
            failed = not passes(item, following(items, index))
            took = time.perf_counter() - began
            sys.setprofile(None)
            if failed:
                say(f"does not pass without any mutant: {item.nodeid}")
                return NOTICED
            rows.append((took, sorted(seen)))
        with os.fdopen(write_end, "w") as file:
            json.dump(rows, file)
        return SURVIVED

    pid = fork(functools.partial(work))
    os.close(write_end)
    with os.fdopen(read_end) as file:
        text = file.read()
    os.waitpid(pid, 0)
    if not text:
        raise pytest.UsageError("the tests have to pass before mutants are tried")
    reach: Reach = defaultdict(set)
    rows = json.loads(text)
    for index, (_, seen) in enumerate(rows):
        for module, function in seen:
            reach[module, function].add(index)
    return [took for took, _ in rows], reach


def following(items: list[pytest.Item], index: int) -> pytest.Item | None:
    return items[index + 1] if index + 1 < len(items) else None


def passes(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run one test; no report is made."""
    state = item.session._setupstate
    try:
        item._initrequest()  # type: ignore[attr-defined]
        state.setup(item)
        item.runtest()
    except pytest.skip.Exception:
        return True
    except BaseException:  # noqa: BLE001  whatever it is, the test did not pass
        return False
    finally:
        state.teardown_exact(nextitem)
    return True


def tried(mutant: Mutant, tests: list[Test], tell: int) -> int:
    """In a child: make the mistake, then see whether a test fails; `tell` which one."""
    found = {"test": -1, "module": mutant.module, "function": mutant.function}
    status = NOTICED
    try:
        mutant.install()
        signal.signal(signal.SIGALRM, lambda *_: os._exit(ENDLESS))
        items = [item for _, item, _ in tests]
        for index, (number, item, took) in enumerate(tests):
            signal.setitimer(signal.ITIMER_REAL, 3 + 20 * took)
            if not passes(item, following(items, index)):
                found["test"] = number
                break
        else:
            status = SURVIVED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if status == NOTICED:
            os.write(tell, json.dumps(found).ljust(RECORD).encode())
    return status


def judged() -> set[str]:
    """The survivors that docs/mutation.md says something about."""
    text = JUDGED.read_text(encoding="utf-8") if JUDGED.exists() else ""
    return {line[3:].rpartition("`")[0] for line in text.splitlines() if line.startswith("- `")}


def table(mutants: list[Mutant], result: dict[str, str]) -> Iterator[str]:
    """One line a module, and the sum."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        for name in (mutant.module, "all"):
            counts[name][result[mutant.key]] += 1
    yield f"{'module':14}{'mutants':>8}{'noticed':>8}{'endless':>8}{'survived':>9}{'not tried':>10}"
    for name, count in counts.items():
        if name != "all":
            yield row(name, count)
    yield row("all", counts["all"])


def row(name: str, count: Counter[str]) -> str:
    killed = count["noticed"] + count["endless"]
    score = 100 * killed / max(killed + count["survived"], 1)
    return (
        f"{name:14}{count.total():8}{count['noticed']:8}{count['endless']:8}"
        f"{count['survived']:9}{count['not tried']:10}{score:7.1f} %"
    )


def numbered(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Those that read alike get a number."""
    times: Counter[str] = Counter()
    for mutant in mutants:
        times[mutant.key] += 1
        if times[mutant.key] > 1:
            mutant.key += f" ({times[mutant.key]})"
        yield mutant


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutants", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="keys that contain this")
    arguments = parser.parse_args()
    rows = json.loads(arguments.mutants.read_text(encoding="utf-8"))
    mutants = [each for each in numbered(map(Mutant, rows)) if arguments.only in each.key]
    trial = Trial(mutants, arguments.minutes, arguments.workers)
    flags = ["-q", "-s", "-p", "no:cacheprovider", "--assert=plain", "-k", LEFT_OUT]
    code = pytest.main([*flags, *TESTS], plugins=[trial])
    if not trial.result:
        return int(code) or 1
    known = judged()
    survivors = [m for m in mutants if trial.result[m.key] == "survived"]
    for mutant in survivors:
        mark = " " if mutant.key in known else "!"
        say(f"{mark} {mutant.module}.py:{mutant.line} {mutant.key}")
    for line in table(mutants, trial.result):
        say(line)
    unknown = sum(mutant.key not in known for mutant in survivors)
    say(f"{len(survivors)} survived, {unknown} of them (marked !) not judged in docs/mutation.md")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
