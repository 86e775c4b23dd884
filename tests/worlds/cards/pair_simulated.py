"""Two simulated Asterisks over real sockets; see `pair`."""

import asyncio
import socket
from pathlib import Path

from cti.ami.messages import action
from simulators.loop_clock import LoopClock
from simulators.pbx.agi_client import AgiClient
from simulators.pbx.ami_server import AmiServer
from simulators.pbx.asterisk import OBSERVER, ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.link import Listener, WorldLink
from simulators.pbx.phones import Behaviour, Caller, Phone
from tests.eventually import eventually
from tests.lab.ports import free_port
from tests.worlds.cards.pair import ANSWERS_AFTER_MS, DEVICES, NAMES, router_of
from tests.worlds.cards.wire import Wire


class SimulatedSite:
    """See `pair.Site`."""

    ami_secret = ROUTER.secret

    def __init__(self, name: str, agi_port: int, seed: int) -> None:
        self.agi = AgiClient("127.0.0.1", agi_port, name)
        settings = PbxSettings(dialplan=DialplanGlobals(retry_s=1, failsafe_after_s=600))
        self.pbx = SimulatedAsterisk(LoopClock(), self.agi, seed=seed, settings=settings)
        self.pbx.world.add_phones(
            Phone(device, Behaviour.UNREGISTERED, ANSWERS_AFTER_MS) for device in DEVICES.values()
        )
        self.ami = AmiServer(self.pbx)
        self._calls = 0
        nobody = Listener(lambda: None, lambda _why: None, lambda _event: None)
        self._stranger = WorldLink("stranger", self.pbx, nobody, OBSERVER)

    async def start(self) -> None:
        self._stranger.start()
        await self.ami.start()
        self.wire = Wire(self.ami.port)
        await self.wire.start()

    async def stop(self) -> None:
        self.pbx.kill()
        await self.wire.stop()
        await self.ami.close()
        await self.agi.close()

    async def call(self, stay_ms: int) -> None:
        self._calls += 1
        channel = self.pbx.world.call(Caller(f"1390{self._calls}", "loans"), lambda _report: None)
        asyncio.get_running_loop().call_later(stay_ms / 1000, self.pbx.world.clears, channel)

    async def register(self, device: str) -> None:
        self.pbx.world.register(device)

    async def leave(self, device: str) -> None:
        self.pbx.world.unregister(device)

    async def stranger_calls(self, device: str) -> None:
        place = {"Context": "from-agent", "Exten": "music", "Priority": "1"}
        self._stranger.send(action("Originate", Channel=f"PJSIP/{device}", Async="true", **place))

    async def stranger_leaves(self) -> None:
        [music] = [each for each in self.pbx.world.channels.values() if each.exten == "music"]
        self.pbx.acts.hang_up(music)

    async def die(self) -> None:
        self.pbx.kill()
        await self.wire.refuse()

    async def rise(self) -> None:
        self.pbx.start()
        await eventually(lambda: self.pbx.is_listening)
        await self.wire.start()

    async def channels(self) -> int:
        return len(self.pbx.world.channels)


class SimulatedPair:
    """See `pair.Pair`."""

    async def start(self, folder: Path) -> None:
        agi_port = free_port(socket.SOCK_STREAM)
        self.sites = {
            name: SimulatedSite(name, agi_port, seed) for seed, name in enumerate(NAMES, 1)
        }
        for site in self.sites.values():
            await site.start()
        secret = DialplanGlobals().secret
        self.router = router_of(folder, self.sites, agi_port=agi_port, agi_secret=secret)

    async def stop(self) -> None:
        self.router.end()
        for site in self.sites.values():
            await site.stop()
