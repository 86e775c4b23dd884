"""The measurements, each of which answers one question with plain numbers.

Throughput is counted in CPU seconds of this process, since the machine may be shared; the time of
a single command is given both ways. The collector is on, as in production.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from benchmarks.core.centre import Size, arrival, config_of
from benchmarks.core.load import Load, filled, settle
from benchmarks.core.peers import BareLoop, naive_engine, run
from routing.commands import Stamped
from routing.engine import RoutingEngine
from routing.snapshot import dump, load, state_hash

Figures = dict[str, Any]

ROUNDS = 4
"""The quickest counts: neighbours can only slow a round down."""


def cpu_seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """The CPU time of the quickest of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def quantiles(samples: Sequence[int]) -> Figures:
    """p50, p99, p999 and the worst, nanoseconds made microseconds."""
    ordered = sorted(samples)
    last = len(ordered) - 1
    marks = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {name: round(ordered[round(mark * last)] / 1_000, 1) for name, mark in marks.items()}


def each_command(engine: RoutingEngine, journal: Sequence[Stamped]) -> tuple[Figures, Figures]:
    """CPU and wall time of every single command."""
    cpu: list[int] = []
    wall: list[int] = []
    cpu_clock, wall_clock, handle = time.thread_time_ns, time.perf_counter_ns, engine.handle
    for stamped in journal:
        wall_before, cpu_before = wall_clock(), cpu_clock()
        handle(stamped)
        cpu_after, wall_after = cpu_clock(), wall_clock()
        cpu.append(cpu_after - cpu_before)
        wall.append(wall_after - wall_before)
    return quantiles(cpu), quantiles(wall)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stretch of full load: the state before it, its commands, the state hash after it."""

    snapshot: bytes
    snapshot_s: float
    journal: list[Stamped]
    lives: int
    state_hash: str


def recorded(size: Size, lives: int) -> Recorded:
    """Fill a centre, keep its state, let it live."""
    engine = RoutingEngine(config_of(size))
    centre = filled(engine, size)
    snapshot = dump(engine)
    snapshot_s = cpu_seconds(lambda: dump(engine), ROUNDS)
    centre.live(lives)
    return Recorded(snapshot, snapshot_s, centre.journal, centre.lives, state_hash(engine))


def loaded(record: Recorded) -> RoutingEngine:
    """The state before the stretch, in a process that has settled."""
    engine = load(record.snapshot)
    settle()
    return engine


def full_load(size: Size, lives: int) -> Figures:
    """The whole centre: lives a second, time of a command, snapshot, load, replay."""
    record = recorded(size, lives)
    journal = record.journal
    load_s = run_s = float("inf")
    for _ in range(ROUNDS):
        load_s = min(load_s, cpu_seconds(partial(load, record.snapshot)))
        engine = loaded(record)
        run_s = min(run_s, cpu_seconds(partial(run, engine, journal)))
    engine = loaded(record)
    cpu, wall = each_command(engine, journal)
    if state_hash(engine) != record.state_hash:
        raise AssertionError("the same journal led to another state")
    lines = [msgspec.json.encode(stamped) for stamped in journal]
    decoder = msgspec.json.Decoder(Stamped)
    decode_s = cpu_seconds(lambda: [decoder.decode(line) for line in lines])
    return {
        "lives_per_s": round(record.lives / run_s),
        "commands_per_life": round(len(journal) / record.lives, 2),
        "replay_commands_per_s": round(len(journal) / run_s),
        "replay_from_json_commands_per_s": round(len(journal) / (run_s + decode_s)),
        "command_us": cpu,
        "command_wall_us": wall,
        "snapshot_ms": round(record.snapshot_s * 1_000, 1),
        "load_ms": round(load_s * 1_000, 1),
        "snapshot_bytes": len(record.snapshot),
    }


def growth(sizes: Sequence[tuple[int, Size]], lives: int) -> Figures:
    """Microseconds of CPU a command along a curve, and how much larger its end is than its
    beginning. All centres are there at once and take turns, so that a loud neighbour meets them
    all; of each the quickest turn counts.
    """
    centres = {number: filled(RoutingEngine(config_of(size)), size) for number, size in sizes}
    best = dict.fromkeys(centres, float("inf"))
    for _ in range(ROUNDS):
        for number, centre in centres.items():
            cpu_ns, commands = centre.cpu_ns, len(centre.journal)
            centre.live(lives // ROUNDS)
            commands = len(centre.journal) - commands
            best[number] = min(best[number], (centre.cpu_ns - cpu_ns) / commands / 1_000)
    costs = list(best.values())
    return {
        "command_us": {str(number): round(cost, 2) for number, cost in best.items()},
        "ratio": round(costs[-1] / costs[0], 2),
    }


def peers(size: Size, lives: int) -> Figures:
    """Lives a second of the engine, the naive engine and a bare loop, on the same small journal."""
    config = config_of(size)
    centre = Load(RoutingEngine(config), size)
    centre.fill()
    centre.live(lives)
    journal, whole = centre.journal, centre.lives
    built: dict[str, Callable[[], Any]] = {
        "engine": lambda: RoutingEngine(config),
        "naive_engine": lambda: naive_engine(config),
        "bare_loop": lambda: BareLoop(config),
    }
    figures: Figures = {}
    for name, build in built.items():
        seconds = cpu_seconds(partial(built_and_run, build, journal))
        figures[name] = round(whole / seconds)
    return figures


def built_and_run(build: Callable[[], Any], journal: Sequence[Stamped]) -> None:
    """A fresh engine through a whole journal."""
    run(build(), journal)


def bytes_of(size: Size, calls: int) -> Figures:
    """What one more waiting call, and one more signed-on agent with ten skills, takes."""
    tracemalloc.start()
    few = _traced(size)
    half = Size(size.agents // 2, size.queues, size.skills, 0)
    fewer = _traced(half)
    per_agent = (few[1] - fewer[1]) / (size.agents - half.agents)
    centre = few[0]
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(calls):
        centre.now_us += 1_000
        command = arrival(centre.rng, size, 10_000_000 + number)
        centre.seq += 1
        centre.engine.handle(Stamped(centre.seq, centre.now_us, command))
        del command
    gc.collect()
    per_call = (tracemalloc.get_traced_memory()[0] - before) / calls
    tracemalloc.stop()
    return {"bytes_per_waiting_call": round(per_call), "bytes_per_agent": round(per_agent)}


def _traced(size: Size) -> tuple[Load, int]:
    """A centre whose agents are all talking to nobody: signed on, not ready. And its bytes."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    centre = Load(RoutingEngine(config_of(size)), size)
    centre.sign_on()
    centre.journal.clear()
    gc.collect()
    return centre, tracemalloc.get_traced_memory()[0] - before


def soak(size: Size, commands: int) -> Figures:
    """Traced bytes after the first tenth and at the end: flat means nothing is kept for ever."""
    centre = filled(RoutingEngine(config_of(size)), size)
    tracemalloc.start()
    marks: list[int] = []
    for mark in (commands // 10, commands):
        while centre.seq < mark:
            centre.live(500)
            centre.journal.clear()
        gc.collect()
        marks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return {"commands": centre.seq, "bytes_at_a_tenth": marks[0], "bytes_at_the_end": marks[1]}
