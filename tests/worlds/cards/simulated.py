"""The cards' world on the simulated Asterisk, over real sockets."""

import asyncio
import socket
from pathlib import Path

from simulators.loop_clock import LoopClock
from simulators.pbx import phones as simulated
from simulators.pbx.agi_client import AgiClient
from simulators.pbx.ami_server import AmiServer
from simulators.pbx.asterisk import ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.phones import Behaviour, Caller, CallReport, Ending
from tests.eventually import time_passes
from tests.lab.ports import free_port
from tests.worlds.cards.wire import Wire
from tests.worlds.cards.words import Call, Phone
from tests.worlds.cards.world import SPACING_S, device_of, router_for

AWAY_US = 1_500_000


class SimulatedWorld:
    """See `cards_world.World`."""

    name = "simulated"

    def __init__(
        self, phones: dict[str, Phone], *, after_call_work_s: float = 0, failsafe_s: int = 0
    ) -> None:
        self.served = 0
        self._phones = phones
        self._after_call_work_s = after_call_work_s
        self._failsafe_s = failsafe_s
        self._calls = 0

    async def start(self, folder: Path) -> None:
        self.agi_port = agi_port = free_port(socket.SOCK_STREAM)
        clock = LoopClock()
        self._agi = AgiClient("127.0.0.1", agi_port)
        first = device_of(next(iter(self._phones)))
        dialplan = DialplanGlobals(
            retry_s=1,
            failsafe_after_s=self._failsafe_s or 600,
            failsafe_dial=first if self._failsafe_s else "",
        )
        self.agi_secret = dialplan.secret
        self.pbx = SimulatedAsterisk(clock, self._agi, settings=PbxSettings(dialplan=dialplan))
        self.pbx.world.add_phones(
            simulated.Phone(
                device_of(agent), Behaviour(phone.behaviour), phone.after_ms, phone.talk_ms
            )
            for agent, phone in self._phones.items()
        )
        self._ami = AmiServer(self.pbx)
        await self._ami.start()
        self.wire = Wire(self._ami.port)
        await self.wire.start()
        self.router = router_for(
            folder,
            self._phones,
            ami_port=self.wire.port,
            ami_secret=ROUTER.secret,
            agi_port=agi_port,
            agi_secret=dialplan.secret,
            after_call_work_s=self._after_call_work_s,
        )

    async def stop(self) -> None:
        self.router.end()
        self.pbx.kill()
        await self.wire.stop()
        await self._ami.close()
        await self._agi.close()

    async def call(self, call: Call) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(call.count):
            self._calls += 1
            channel = self.pbx.world.call(Caller(f"1390{self._calls}", "loans"), self._ended)
            loop.call_later(call.stay_ms / 1000, self.pbx.world.clears, channel)
            await time_passes(SPACING_S)

    def _ended(self, report: CallReport) -> None:
        self.served += report.ending is Ending.SERVED

    async def operate(self, what: str) -> None:
        if what == "kill":
            self.pbx.restart(away_us=AWAY_US)
        elif what == "reloadDialplan":
            self.pbx.reload_dialplan()
        elif what == "abortRestart":
            self.pbx.stay()
        elif what == "restartGracefully":
            self.pbx.leave(back_after_us=AWAY_US)
        else:
            self.pbx.shut_down(back_after_us=AWAY_US)

    async def channels(self) -> int:
        return len(self.pbx.world.channels)
