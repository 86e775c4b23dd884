"""`python -m tests.naive [FIRST [COUNT [PROMPT]]]`: duels over many seeds, as long as you like.

Each kind of disagreement is shown once, with the shortest journal that still shows it: what is
needed to decide who is right, and to keep the case as a scenario.
"""

import sys
import time

from tests.naive.duel import DisagreementError, fought, replayed, shrunk


def plain(message: object) -> str:
    """A message without the fields that have their default."""
    fields = message.__struct_fields__
    defaults = message.__struct_defaults__
    usual = dict(zip(fields[len(fields) - len(defaults) :], defaults, strict=True))
    shown = [f"{f}={getattr(message, f)!r}" for f in fields if getattr(message, f) != usual.get(f)]
    return f"{type(message).__name__}({', '.join(shown)})"


def tell(seed: int, problem: DisagreementError) -> str:
    journal = shrunk(problem.config, problem.journal)
    text = str(journal)
    config = problem.config
    lines = [f"seed {seed}, {len(journal)} commands, {plain(config.policies)}"]
    lines += [plain(queue) for queue in config.queues if repr(queue.queue_id) in text]
    lines += [plain(agent) for agent in config.agents if repr(agent.agent_id) in text]
    start_us = journal[0].at_us
    lines += [f"  +{(s.at_us - start_us) / 1e6:.6f} {plain(s.command)}" for s in journal]
    return "\n".join([*lines, str(replayed(config, journal))])


def main(first: int = 0, count: int = 1000, prompt: float = 0.9) -> int:
    found: dict[tuple[str, ...], tuple[int, DisagreementError]] = {}
    commands, started = 0, time.perf_counter()
    for seed in range(first, first + count):
        try:
            commands += len(fought(seed, prompt=prompt).journal)
        except DisagreementError as problem:
            known = found.get(problem.signature)
            if known is None or len(problem.journal) < len(known[1].journal):
                found[problem.signature] = (seed, problem)
    seconds = time.perf_counter() - started
    for seed, problem in found.values():
        sys.stdout.write(tell(seed, problem) + "\n\n")
    rate = commands / seconds
    sys.stdout.write(f"{count} seeds, {commands} commands, {rate:.0f}/s, {len(found)} kinds\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *map(float, sys.argv[3:4])))
