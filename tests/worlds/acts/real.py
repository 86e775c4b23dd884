"""A stage on a real Asterisk: handsets of our own, and a stranger who is logged in to its AMI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from tests.eventually import eventually, time_passes
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.handset import Handset, Line
from tests.lab.ports import free_port
from tests.worlds.acts.office import AGENTS, EXTENSIONS, OUTSIDER, furnish
from tests.worlds.acts.scene import Scene
from tests.worlds.asterisk.world import variable

CUSTOMERS = {f"c{number}": f"1390{number}" for number in range(1, 5)}
WITHIN_S = 10


def office(agi_port: int | None = None) -> LabAsterisk:
    """Its Asterisk, not started: each phone has a port of its own."""
    agents = [Agent(name, free_port()) for name in (*AGENTS, OUTSIDER)]
    settings = {"CTI_RETRY_S": "1", "CTI_FAILSAFE_AFTER_S": "600"}
    asterisk = LabAsterisk(
        agents=agents, extensions=EXTENSIONS, settings=settings, agi_port=agi_port
    )
    furnish(asterisk)
    return asterisk


class RealStage:
    """See `script.Stage`. `scene` follows the events of `ami`."""

    def __init__(self, asterisk: LabAsterisk, ami: LabAmi, phones: dict[str, Handset]) -> None:
        self.ami = ami
        self.scene = Scene()
        self._phones = phones
        self._heard = len(ami.events)
        self._sip_port = asterisk.sip_port

    async def do(self, who: str, what: str, to: str) -> None:
        """One key, one order."""
        if who == "time":
            await time_passes(int(what) / 1000)
        elif who == "ami":
            await self._order(what, *to.split())
        else:
            await self._press(self._phones[who], what, to)

    async def _press(self, phone: Handset, what: str, to: str) -> None:
        if what in ("answers", "refuses"):
            await phone.rings()
        elif what in ("refers", "holds", "completes", "presses"):
            await phone.until(lambda: any(e.state == "talking" for e in phone.lines), "talk")
        elif what in ("dials", "calls"):
            phone.dial(to)
        keys: dict[str, Callable[[], object]] = {
            "answers": lambda: phone.answer(_ringing(phone, to)),
            "presses": lambda: phone.press(to.replace(" ", "")),
            "falls": lambda: None,  # it never says a word unless it is waited for
            "refuses": phone.refuse,
            "holds": phone.hold,
            "retrieves": lambda: phone.hold(held=False),
            "hangs": phone.hang_up,
            "refers": lambda: phone.refer(to),
            "completes": phone.refer_to_other_line,
            "forwards": lambda: setattr(phone, "forward_to", to),
            "dials": lambda: None,
        }
        keys[what]()

    async def _order(self, what: str, who: str, to: str = "") -> None:
        place = {"Context": "from-agent", "Exten": to, "Priority": "1"}
        if what == "redirects":
            answer = await self.ami.ask("Redirect", Channel=self._channel(who), **place)
        elif what == "originates":
            channel = f"PJSIP/{who}"
            answer = await self.ami.ask("Originate", Channel=channel, Async="true", **place)
        elif what == "bridges":
            both = {"Channel1": self._channel(who), "Channel2": self._channel(to)}
            answer = await self.ami.ask("Bridge", **both)
        else:
            answer = await self.ami.ask("Hangup", Channel=self._channel(to), Cause="16")
        assert answer[0]["Response"] == "Success", answer

    async def until(self, who: str, what: str, to: str) -> None:
        """Read events until it is so."""
        if what == "waits":
            await eventually(lambda: self._waits(who), WITHIN_S)
            return
        if what == "talks":
            await eventually(lambda: self._speak() or self.scene.talks(who, to), WITHIN_S)
            return
        ask: dict[str, Callable[[], bool]] = {
            "rings": lambda: self.scene.rings(who),
            "parked": lambda: self.scene.parked(who),
            "alone": lambda: self.scene.alone(who),
            "gone": lambda: not self.scene.of(who),
        }
        await self._until(ask[what], f"not so: {self.scene.legs}")

    def _speak(self) -> bool:
        """A tick of sound from everybody: Local channels are optimised away when there is some."""
        for phone in self._phones.values():
            for line in phone.lines:
                if line.state == "talking":
                    phone.speak(line)
        return self._look()

    async def _waits(self, who: str) -> bool:
        self._look()
        names = [leg.name for leg in self.scene.of(who)]
        return "wait" in [await variable(self.ami, name, "CTI_STAGE") for name in names]

    async def _until(self, is_so: Callable[[], bool], why: str) -> None:
        try:
            await self.ami.until(lambda: self._look() or is_so() or None, WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"{why}; {list(self.scene.legs.values())}") from None

    def _look(self) -> bool:
        for event in self.ami.events[self._heard :]:
            self.scene.hear(event)
        self._heard = len(self.ami.events)
        return False

    def _channel(self, party: str) -> str:
        self._look()
        return self.scene.channel(party)

    async def look(self) -> None:
        """Hear what has been told meanwhile."""
        await self.ami.ask("Ping")
        self._look()

    async def end(self) -> None:
        """Everybody hangs up; nobody is left."""
        for phone in self._phones.values():
            for line in phone.lines:
                phone.hang_up(line)
        await self.ami.ask("Hangup", Channel="/.*/", Cause="16")
        await self._until(lambda: not self.scene.legs, "somebody is left")


def _ringing(phone: Handset, which: str) -> Line:
    """The call that rings there: the first one, or the last."""
    rings = [line for line in phone.lines if line.state == "ringing"]
    return rings[-1 if which == "last" else 0]


@asynccontextmanager
async def real_stage(asterisk: LabAsterisk) -> AsyncIterator[RealStage]:
    """On an Asterisk that runs."""
    async with AsyncExitStack() as stack:
        ami = await stack.enter_async_context(LabAmi(asterisk.ami_port, asterisk.ami_secret))
        phones = {
            agent.name: await stack.enter_async_context(
                Handset(agent.name, asterisk.sip_port, agent.port)
            )
            for agent in asterisk.agents
        }
        for party, number in CUSTOMERS.items():
            phones[party] = await stack.enter_async_context(Handset(number, asterisk.sip_port))
        yield RealStage(asterisk, ami, phones)
        await asyncio.sleep(0)
