"""A room of simulated agents at a daemon, as a process: `python -m simulators agents`.

Runs until SIGINT or SIGTERM, then says what they did. The daemon may be any: its control socket is
all that is needed.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from pathlib import Path

from simulators.loop_clock import LoopClock
from simulators.people.agents import Agents
from simulators.people.desk import SocketDesk
from simulators.prng import Prng


async def run(socket: Path, agent_ids: tuple[str, ...], seed: int) -> None:
    """Sign in, work, take breaks, until a signal."""
    loop = asyncio.get_running_loop()
    desk = SocketDesk(socket)
    agents = Agents(agent_ids, LoopClock(), Prng(seed).fork("agents"), desk)
    looking = loop.create_task(desk.run(agents.saw))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, looking.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    agents.leave()
    said = {"refused": desk.refused_count, **dict(sorted(agents.acts.items()))}
    sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")


def main(socket: Path, agent_ids: tuple[str, ...], seed: int) -> int:
    """The process; its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(run(socket, agent_ids, seed))
    return 0
