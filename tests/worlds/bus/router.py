"""`python -m tests.worlds.bus.router FOLDER PORT VERSION LINK`: a router to be killed."""

import asyncio
import sys
from pathlib import Path

from cti.bus.link import BrokerAddress
from cti.bus.mqtt import MqttConnector
from tests.worlds.bus.world import Voice

try:
    from uvloop import run
except ImportError:
    from asyncio import run


LINKS = {kind.__name__: kind for kind in (MqttConnector,)}


async def main(folder, port, version, link):
    address = BrokerAddress(port=int(port), version=version)
    async with Voice(Path(folder), address, connector=LINKS[link]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
