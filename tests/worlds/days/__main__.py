"""`python -m tests.worlds.days`: many random days on all cores; `make days SEEDS=2000` is the same.

    --seeds N --first N     which days
    --seed N                one day, with its acts and what was breached
    --without KIND,KIND     acts that are left out

A day that breaches something prints its seed, the shortest tail of acts that still shows the same,
and the command that repeats it.
"""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.worlds.days.day import Result, play

SHOWN = 12
EVERY = 50


def shortest(result: Result, without: tuple[str, ...]) -> Result:
    """The same seed with the first acts left out, as many as still show the same breach."""
    rule, done = result.breaches[0].rule, result.numbers
    kept = 1
    while kept < len(done):
        shorter = play(result.seed, done[:-kept], without)
        if shorter.breaches and shorter.breaches[0].rule == rule:
            return shorter
        kept *= 2
    return result


def story(result: Result, without: tuple[str, ...]) -> str:
    """What a person needs to find it."""
    tail = shortest(result, without)
    breach = tail.breaches[0]
    left_out = f" --without {','.join(without)}" if without else ""
    return "\n".join(
        [
            f"seed {result.seed}: {result.breaches[0]}",
            f"  the shortest tail of acts that breaches the same, from #{tail.numbers[0]} on:",
            *(f"  {line}" for line in tail.log[-SHOWN:]),
            f"  {breach.rule}: {breach.detail}",
            f"  python -m tests.worlds.days --seed {result.seed}{left_out}",
        ]
    )


def day(seed: int, without: tuple[str, ...]) -> tuple[Result, str]:
    """One day in a process of its own; the story is "" when all held."""
    logging.disable(logging.CRITICAL)
    result = play(seed, (), without)
    return result, story(result, without) if result.breaches else ""


def many(first: int, seeds: int, without: tuple[str, ...]) -> int:
    """All of them, with a line now and then. Gives how many breached something."""
    began, acts, breached, calls, commands = time.monotonic(), Counter[str](), 0, 0, 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        days = pool.map(partial(day, without=without), range(first, first + seeds))
        for number, (result, told) in enumerate(days, 1):
            acts += result.acts
            calls += result.calls
            commands += result.commands
            if told:
                breached += 1
                say(told)
            if number % EVERY == 0:
                took_s = time.monotonic() - began
                say(f"{number} of {seeds} days, {breached} with breaches, {took_s:.0f} s")
    took_s = time.monotonic() - began
    say(f"acts: {', '.join(f'{kind} {count}' for kind, count in sorted(acts.items()))}")
    say(
        f"days: {seeds} seeds, {calls} calls, {commands} commands, {acts.total()} acts,"
        f" {breached} breaches, {took_s:.0f} s"
    )
    return breached


def one(seed: int, without: tuple[str, ...]) -> int:
    """A day, told at length."""
    result = play(seed, (), without)
    for line in result.log:
        say(line)
    for breach in result.breaches[:SHOWN]:
        say(f"{breach.rule}: {breach.detail}")
    say(f"day {seed}: {result.calls} calls, {result.acts.total()} acts, {result.endings}")
    return len(result.breaches)


def say(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """The exit code is 0 when nothing was breached."""
    parser = argparse.ArgumentParser(prog="python -m tests.worlds.days")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--without", default="")
    options = parser.parse_args()
    without = tuple(filter(None, options.without.split(",")))
    if options.seed is not None:
        return min(one(options.seed, without), 1)
    return min(many(options.first, options.seeds, without), 1)


if __name__ == "__main__":
    sys.exit(main())
