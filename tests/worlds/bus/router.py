"""`python -m tests.worlds.bus.router FOLDER PORT`: a router to be killed."""

import asyncio
import sys
from pathlib import Path

from cti.bus.link import BrokerAddress
from tests.worlds.bus.world import Voice

try:
    from uvloop import run
except ImportError:
    from asyncio import run


async def main(folder, port):
    async with Voice(Path(folder), BrokerAddress(port=int(port))):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
