"""One run: boot, the same calls by each way, the table."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.table import Table

from benchmarks.arrival.ready_answer import EPOCH, ReadyAnswer
from benchmarks.arrival.steps import STEPS, WANTED, Steps
from benchmarks.handoff.sides import Router
from benchmarks.watching import add_user, client, until_up
from cti.cli import output
from tests.lab import rootfs
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones

AGENTS = tuple(f"a{8001 + number}" for number in range(4))
RATE = 2.5  # calls a second: of four agents one is always free
TALK_MS = 1200
STAY_MS = 60_000  # it is the phones that hang up


async def run(calls: int) -> dict[str, dict[str, float]]:
    """{way: {step: median in milliseconds}}."""
    report: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        phones = stack.enter_context(Phones(phone_answers(talk_ms=TALK_MS)))
        asterisk = LabAsterisk(
            agents=[Agent(name, phones.port) for name in AGENTS], queues={"peer-main": AGENTS}
        )
        stack.callback(asterisk.stop)
        add_user(asterisk, WANTED)
        asterisk.start()
        steps = Steps()
        watcher = client(asterisk, "watch", WANTED, steps.see)
        await until_up(watcher)

        async def measure(way: str, number: str) -> None:
            print(f"arrival: {way} ({calls / RATE:.0f} s)", file=sys.stderr)
            steps.reset()
            with Callers(asterisk.sip, number, calls=calls, rate=RATE, stay_ms=STAY_MS) as callers:
                await asyncio.to_thread(callers.wait, 60 + calls / RATE)
            report[way] = steps.medians()

        await measure("app_queue", "peer-main")
        async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as session:
            await session.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        with ReadyAnswer(asterisk.agi_port, AGENTS):
            await measure("no decision", "main")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="arrival-")))
        router = Router(asterisk, {"main": AGENTS}, folder)
        stack.callback(router.stop)
        router.start()
        await measure("router", "main")
        await watcher.close()
    return report


def show(report: dict[str, dict[str, float]]) -> None:
    """The ways beside each other, in milliseconds."""
    table = Table(title="arrival to ring with a free agent, medians in ms")
    table.add_column("")
    for way in report:
        table.add_column(way, justify="right")
    for _, _, step in STEPS:
        cells = [figures.get(step) for figures in report.values()]
        table.add_row(step, *("" if cell is None else f"{cell:.2f}" for cell in cells))
    output.console().print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks arrival", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    parser.add_argument("--calls", type=int, default=60, help="calls by each way")
    options = parser.parse_args(argv)
    reason = rootfs.cannot_host()
    if reason:
        print(f"arrival: this machine cannot host a real Asterisk: {reason}", file=sys.stderr)
        return 3
    rootfs.ensure()
    report = asyncio.run(run(options.calls))
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0
