"""One run: boot, three phases a side, the same for both, then the table.

* `idle`: a few calls with free agents: arrival to ring.
* `full`: more calls than the agents can take, so that callers wait: agent free to next ring.
* `surge`: many short calls a second with agents enough: what is reached, lost, what it costs.

Then a few calls with a second AMI session beside, to count the messages: unfiltered for app_queue,
whose clients need its events and get all the others with them; the router's own user for ours.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from benchmarks.handoff.observer import WANTED, Observer
from benchmarks.handoff.report import show
from benchmarks.handoff.sides import Router, cpu_ms
from benchmarks.watching import add_user, client, until_up
from tests.lab import rootfs
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones, Result

STAY_MS = 60_000  # callers stay; it is the phones that hang up
SURGE_TALK_MS = 1000
COUNTED_CALLS = 10


@dataclass(frozen=True)
class Load:
    """What is asked of both sides."""

    agents: int = 20
    rate: float = 8
    talk_ms: int = 3000
    full_calls: int = 72
    idle_calls: int = 10
    surge_rate: float = 60
    surge_calls: int = 300
    surge_agents: int = 100


@dataclass
class Side:
    """What was measured of one side."""

    free_to_ring_ms: list[float] = field(default_factory=list)
    arrival_to_ring_ms: list[float] = field(default_factory=list)
    surge: Result | None = None
    surge_s: float = 0.0
    lost: int = 0
    calls: int = 0
    asterisk_cpu_ms: float = 0.0
    router_cpu_ms: float = 0.0
    messages: float = 0.0
    counted: int = 0


class Bench:
    """The Asterisk, the phones and the observer that both sides share."""

    def __init__(self, load: Load, asterisk: LabAsterisk, observer: Observer) -> None:
        self.load = load
        self.asterisk = asterisk
        self.observer = observer

    async def measure(self, prefix: str, router: Router | None) -> Side:
        """All phases of one side; `prefix` goes before the queues' names."""
        side, load, observer = Side(), self.load, self.observer
        observer.agent_events = router is None
        observer.reset()
        await self._calls(side, f"{prefix}main", load.idle_calls, 4, router)
        side.arrival_to_ring_ms = list(observer.arrival_to_ring_ms)
        observer.reset()
        await self._calls(side, f"{prefix}main", load.full_calls, load.rate, router)
        side.free_to_ring_ms = list(observer.free_to_ring_ms)
        began = time.monotonic()
        side.surge = await self._calls(
            side, f"{prefix}surge", load.surge_calls, load.surge_rate, router
        )
        side.surge_s = time.monotonic() - began
        await self._count(side, f"{prefix}surge", router)
        return side

    async def _calls(
        self, side: Side, number: str, calls: int, rate: float, router: Router | None
    ) -> Result:
        pid = self.asterisk.pid or 0
        before = cpu_ms(pid), cpu_ms(router.pid) if router else 0.0
        with Callers(self.asterisk.sip, number, calls=calls, rate=rate, stay_ms=STAY_MS) as callers:
            result = await asyncio.to_thread(callers.wait, 120)
        side.calls += calls
        side.lost += calls - result.successful
        side.asterisk_cpu_ms += cpu_ms(pid) - before[0]
        side.router_cpu_ms += cpu_ms(router.pid) - before[1] if router else 0.0
        return result

    async def _count(self, side: Side, number: str, router: Router | None) -> None:
        """Messages a call on the session that drives this side: app_queue's client hears all."""
        user = "cti-router" if router else "lab"
        session = client(self.asterisk, user, None, lambda _: None)
        await until_up(session)
        start = session.counters.messages_in
        callers = Callers(self.asterisk.sip, number, calls=COUNTED_CALLS, rate=5, stay_ms=STAY_MS)
        with callers:
            await asyncio.to_thread(callers.wait, 60)
        await asyncio.sleep(0.2)  # the last Hangup events
        redirects = COUNTED_CALLS if router else 0  # answers go to the session that asked
        side.messages = (session.counters.messages_in - start + redirects) / COUNTED_CALLS
        side.counted = COUNTED_CALLS
        await session.close()


def _tell(text: str) -> None:
    print(f"handoff: {text}", file=sys.stderr)


async def run(load: Load) -> tuple[Side, Side]:
    """Measure both sides; (app_queue, router)."""
    names = {
        "main": [f"a{8001 + n}" for n in range(load.agents)],
        "surge": [f"s{1 + n}" for n in range(load.surge_agents)],
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-")))
        main_phones = stack.enter_context(Phones(phone_answers(talk_ms=load.talk_ms)))
        surge_phones = stack.enter_context(Phones(phone_answers(talk_ms=SURGE_TALK_MS)))
        ports = {"main": main_phones.port, "surge": surge_phones.port}
        asterisk = LabAsterisk(
            agents=[Agent(name, ports[q]) for q, members in names.items() for name in members],
            queues={f"peer-{queue}": members for queue, members in names.items()},
        )
        stack.callback(asterisk.stop)
        add_user(asterisk, WANTED)
        _tell("booting Asterisk")
        asterisk.start()
        observer = Observer(agent_events=True)
        watcher = client(asterisk, "watch", WANTED, observer.see)
        await until_up(watcher)
        bench = Bench(load, asterisk, observer)
        _tell("through app_queue (about 25 s)")
        queue = await bench.measure("peer-", None)
        router = Router(asterisk, names, folder)
        stack.callback(router.stop)
        router.start()
        _tell("through the router (about 25 s)")
        ours = await bench.measure("", router)
        await watcher.close()
    return queue, ours


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": float("nan"), "p90": float("nan"), "p99": float("nan"), "n": len(values)}
    cuts = quantiles(values, n=100, method="inclusive")
    found = {f"p{p}": round(cuts[p - 1], 2) for p in (50, 90, 99)}
    return {**found, "n": len(values)}


def figures(side: Side, load: Load) -> dict[str, object]:
    """The JSON of one side."""
    surge_ok = side.surge.successful if side.surge else 0
    arriving_s = load.surge_calls / load.surge_rate
    return {
        "free_to_ring_ms": _percentiles(side.free_to_ring_ms),
        "arrival_to_ring_ms": _percentiles(side.arrival_to_ring_ms),
        "calls_per_s": round(surge_ok / max(side.surge_s - SURGE_TALK_MS / 1000, arriving_s), 1),
        "calls": side.calls,
        "calls_lost": side.lost,
        "asterisk_cpu_ms_per_call": round(side.asterisk_cpu_ms / side.calls, 2),
        "ami_messages_per_call": round(side.messages, 1),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """0 when neither side lost a call."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks handoff", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    parser.add_argument("--quick", action="store_true", help="a third of the calls, for a look")
    options = parser.parse_args(argv)
    reason = rootfs.cannot_host()
    if reason:
        print(f"handoff: this machine cannot host a real Asterisk: {reason}", file=sys.stderr)
        return 3
    rootfs.ensure()
    load = Load(full_calls=40, surge_calls=100) if options.quick else Load()
    queue, router = asyncio.run(run(load))
    report: dict[str, dict[str, object]] = {
        "app_queue": figures(queue, load),
        "router": figures(router, load),
    }
    report["router"]["router_cpu_ms_per_call"] = round(router.router_cpu_ms / router.calls, 2)
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(queue.lost + router.lost > 0)
