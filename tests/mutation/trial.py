"""A pytest plugin that runs mutants instead of tests.

pytest collects once. One child process runs every test and notes which functions each of them goes
through; then each mutant gets a child of its own, in which the function's code is exchanged in
place and the tests that go through it run until one fails: first those that noticed something in
this function before, then those that noticed most elsewhere, then the quickest. That is some ten
milliseconds a mutant, where starting pytest anew would be a second or two.
"""

import contextlib
import functools
import gc
import json
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from types import CodeType
from typing import Any

import pytest

from tests.mutation.mutants import Mutant, Place, function_of

TESTS = (
    "tests/complaints",
    "tests/test_scenarios.py",
    "tests/unit/routing",
    "tests/property/test_engine_against_twin.py",
    "tests/property/test_engine_invariants.py",
    "tests/property/test_engine_determinism.py",
    "tests/property/test_deadlines.py",
    "tests/property/test_tables.py",
)
LEFT_OUT = (
    "teeth", "test_twin", "TwinMachine", "enough_rows", "seeds_reach", "worlds_reach",
    "shortened", "crowded_world", "after_every_command", "day_is_over",  # slow
    "hash_seeds", "other_versions",  # processes of their own
    "every_pair",  # the transfer matrix takes as long as all others together
)  # fmt: skip
"""Tests of the tests, and what takes too long for what it notices besides."""

WORLDS = 16
"""Seeded worlds of the twin that a mutant has to pass; more take long where nothing is noticed."""

TOO_SLOW_S = 0.6
"""As long as somebody looks on; by itself a test takes half of it."""

MEMORY = 4 << 30
NOTICED, SURVIVED, ENDLESS, UNFIT = 1, 0, 2, 3

RECORD = 200
"""Bytes in which a child says which test noticed; less than a pipe writes at once."""

Reach = dict[Place, set[int]]
Test = tuple[int, pytest.Item, float]


def is_tried(item: pytest.Item) -> bool:
    if item.get_closest_marker("xfail") or any(word in item.nodeid for word in LEFT_OUT):
        return False
    if "a_seeded_world" not in item.nodeid:
        return True
    return item.callspec.params["seed"] % 10_000 < WORLDS  # type: ignore[attr-defined]


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
        items = [item for item in session.items if is_tried(item)]
        durations, reach = first_run(items, {m.place for m in self.mutants})
        quick = [i for i in range(len(items)) if durations[i] <= TOO_SLOW_S]
        say(f"{len(quick)} of {len(items)} tests, {sum(durations[i] for i in quick):.1f} s")
        self.noticed.update(i for i in quick if "seeded_world" in items[i].nodeid)  # worth trying
        gc.freeze()
        read_end, write_end = os.pipe()
        running: dict[int, Mutant] = {}
        waiting = self.mutants[::-1]
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
            if self.result[mutant.key] == "killed":
                self.learn(json.loads(os.read(read_end, RECORD)))
            else:
                say(f"{len(self.result):5} {self.result[mutant.key]}: {mutant.key}")
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
    if os.WIFSIGNALED(status):
        return "timed out"
    words = {ENDLESS: "timed out", SURVIVED: "survived", UNFIT: "unfit"}
    return words.get(os.WEXITSTATUS(status), "killed")


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
        try:
            mutant.install()
        except Exception:  # noqa: BLE001  a code object that does not fit here proves nothing
            return UNFIT
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
