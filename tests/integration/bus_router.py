"""`python -m tests.integration.bus_router FOLDER PORT VERSION`: a router to be killed."""

import asyncio
import sys
from pathlib import Path

from cti.bus.mqtt import BrokerAddress
from tests.integration.bus_world import Voice

try:
    from uvloop import run
except ImportError:
    from asyncio import run


async def main(folder, port, version):
    address = BrokerAddress(port=int(port), version=version)
    async with Voice(Path(folder), address):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
