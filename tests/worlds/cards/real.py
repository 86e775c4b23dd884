"""The cards' world on a real Asterisk of the lab, with SIPp at both ends."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.eventually import time_passes
from tests.lab import scenarios
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.sipp import Callers, Phones
from tests.worlds.cards.wire import Wire
from tests.worlds.cards.words import Call, Phone
from tests.worlds.cards.world import SPACING_S, device_of, router_for

_FIXED = {
    "rings": scenarios.phone_rings(),
    "drops": scenarios.phone_drops(),
    "sounds": scenarios.phone_progresses(),
    "unavailable": scenarios.phone_refuses("480 Temporarily Unavailable"),
    "busy": scenarios.phone_refuses("486 Busy Here"),
    "rejects": scenarios.phone_refuses("603 Decline"),
}


def _scenario(phone: Phone) -> str:
    answers = scenarios.phone_answers(after_ms=phone.after_ms, talk_ms=phone.talk_ms)
    return _FIXED.get(phone.behaviour, answers)


class RealWorld:
    """See `cards_world.World`."""

    name = "real"

    def __init__(
        self, phones: dict[str, Phone], *, after_call_work_s: float = 0, failsafe_s: int = 0
    ) -> None:
        self._phones = phones
        self._after_call_work_s = after_call_work_s
        self._failsafe_s = failsafe_s
        self._stack = ExitStack()
        self._callers: list[Callers] = []

    @property
    def served(self) -> int:
        return sum(callers.result().successful for callers in self._callers)

    async def start(self, folder: Path) -> None:
        await asyncio.to_thread(self._start_asterisk)
        self.agi_port, self.agi_secret = self.asterisk.agi_port, self.asterisk.secret
        self.wire = Wire(self.asterisk.ami_port)
        await self.wire.start()
        self.router = router_for(
            folder,
            self._phones,
            ami_port=self.wire.port,
            ami_secret=self.asterisk.ami_secret,
            agi_port=self.asterisk.agi_port,
            agi_secret=self.asterisk.secret,
            after_call_work_s=self._after_call_work_s,
        )

    def _start_asterisk(self) -> None:
        processes: dict[Phone, Phones] = {}
        agents = []
        for agent, phone in self._phones.items():
            name = device_of(agent)
            if phone.behaviour == "unregistered":
                agents.append(Agent(name))
            elif phone.behaviour == "dead":
                silent = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                silent.bind(("127.0.0.1", 0))
                agents.append(Agent(name, silent.getsockname()[1]))
            else:
                if phone not in processes:
                    processes[phone] = self._stack.enter_context(Phones(_scenario(phone)))
                agents.append(Agent(name, processes[phone].port))
        settings = {"CTI_RETRY_S": "1", "CTI_FAILSAFE_AFTER_S": str(self._failsafe_s or 600)}
        self.asterisk = self._stack.enter_context(LabAsterisk(agents=agents, settings=settings))

    async def stop(self) -> None:
        self.router.end()
        await self.wire.stop()
        await asyncio.to_thread(self._stack.close)

    async def call(self, call: Call) -> None:
        callers = Callers(
            self.asterisk.sip, "loans", calls=call.count, rate=1 / SPACING_S, stay_ms=call.stay_ms
        )
        self._callers.append(callers)
        await asyncio.to_thread(self._stack.enter_context, callers)

    async def operate(self, what: str) -> None:
        if what == "kill":
            await asyncio.to_thread(self.asterisk.kill9)
            # Its unique ids are whole seconds and a count from 0: this one is back so soon that its
            # first call could have the id of its predecessor's.
            await time_passes(1.0)
            await asyncio.to_thread(self.asterisk.start)
        elif what == "stopAndStart":
            await asyncio.to_thread(self.asterisk.restart)
        elif what == "abortRestart":
            await asyncio.to_thread(self.asterisk.console, "core abort shutdown")
        elif what == "reloadDialplan":
            file = self.asterisk.etc / "extensions.conf"
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("[general]", "[general]\nclearglobalvars=yes", 1))
            for _ in range(2):  # the setting is in force from the first on
                await asyncio.to_thread(self.asterisk.cli, "dialplan reload")
        else:
            how = {"restartNow": "now", "restartGracefully": "gracefully"}[what]
            await asyncio.to_thread(self.asterisk.command, f"core restart {how}")

    async def channels(self) -> int:
        async with LabAmi(self.asterisk.ami_port, self.asterisk.ami_secret) as ami:
            answer = await ami.ask("CoreShowChannels")
        return sum(message.get("Event") == "CoreShowChannel" for message in answer)
