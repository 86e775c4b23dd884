"""`python -m tests.worlds.bus.router FOLDER PORT USER PASSWORD`: a router to be killed."""

import asyncio
import sys
from pathlib import Path

from cti.bus.link import BrokerAddress
from tests.worlds.bus.world import Voice

try:
    from uvloop import run
except ImportError:
    from asyncio import run


async def main(folder, port, username, password):
    address = BrokerAddress(port=int(port), username=username, password=password)
    async with Voice(Path(folder), address):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
