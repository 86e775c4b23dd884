"""Two real Asterisks of the lab, with SIPp at both ends; see `pair`."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from tests.eventually import time_passes
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.contact import Contact
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones
from tests.worlds.cards.pair import ANSWERS_AFTER_MS, DEVICES, NAMES, router_of
from tests.worlds.cards.wire import Wire

AGENTS = [Agent(device) for device in DEVICES.values()]
MUSIC = """
[from-agent]
exten => music,1,Answer(,i)
 same => n,MusicOnHold()
"""


class RealSite:
    """See `pair.Site`. `phones` is one SIPp that plays every phone."""

    def __init__(self, asterisk: LabAsterisk, phones: Phones) -> None:
        self.asterisk = asterisk
        self.ami_secret = asterisk.ami_secret
        self._phones = phones
        self._stack = ExitStack()
        self._contacts: dict[str, Contact] = {}

    async def start(self) -> None:
        await asyncio.to_thread(self.asterisk.start)
        self.wire = Wire(self.asterisk.ami_port)
        await self.wire.start()

    async def stop(self) -> None:
        await self.wire.stop()
        await asyncio.to_thread(self._stack.close)
        await asyncio.to_thread(self.asterisk.stop)

    async def call(self, stay_ms: int) -> None:
        callers = Callers(self.asterisk.sip, "loans", stay_ms=stay_ms)
        await asyncio.to_thread(self._stack.enter_context, callers)

    async def register(self, device: str) -> None:
        contact = Contact(self.asterisk, device, self._phones.port)
        self._contacts[device] = contact
        await asyncio.to_thread(self._stack.enter_context, contact)

    async def leave(self, device: str) -> None:
        await asyncio.to_thread(self._contacts.pop(device).leave)

    async def stranger_calls(self, device: str) -> None:
        place = {"Context": "from-agent", "Exten": "music", "Priority": "1"}
        async with LabAmi(self.asterisk.ami_port, self.asterisk.ami_secret) as ami:
            await ami.ask("Originate", Channel=f"PJSIP/{device}", Async="true", **place)

    async def stranger_leaves(self) -> None:
        async with LabAmi(self.asterisk.ami_port, self.asterisk.ami_secret) as ami:
            rows = await ami.ask("CoreShowChannels")
            [music] = [row["Channel"] for row in rows if row.get("Application") == "MusicOnHold"]
            await ami.ask("Hangup", Channel=music)

    async def die(self) -> None:
        await asyncio.to_thread(self.asterisk.kill9)
        await self.wire.refuse()
        # Its unique ids are whole seconds and a count from 0: the next one's must be others.
        await time_passes(1.0)

    async def rise(self) -> None:
        await asyncio.to_thread(self.asterisk.start)
        await self.wire.start()
        for contact in self._contacts.values():
            await asyncio.to_thread(contact.register)

    async def channels(self) -> int:
        async with LabAmi(self.asterisk.ami_port, self.asterisk.ami_secret) as ami:
            answer = await ami.ask("CoreShowChannels")
        return sum(message.get("Event") == "CoreShowChannel" for message in answer)


class RealPair:
    """See `pair.Pair`."""

    def __init__(self) -> None:
        self._phones = Phones(phone_answers(after_ms=ANSWERS_AFTER_MS))

    async def start(self, folder: Path) -> None:
        await asyncio.to_thread(self._phones.start)
        one = LabAsterisk(agents=AGENTS, extensions=MUSIC, settings={"CTI_RETRY_S": "1"})
        named = {"CTI_RETRY_S": "1", "CTI_SECRET": one.secret}
        other = LabAsterisk(agents=AGENTS, extensions=MUSIC, agi_port=one.agi_port, settings=named)
        self.sites = {}
        for name, asterisk in zip(NAMES, (one, other), strict=True):
            file = asterisk.etc / "extensions.conf"
            text = file.read_text(encoding="utf-8")
            address = f"127.0.0.1:{one.agi_port}"
            assert f"CTI_ROUTER={address}\n" in text
            text = text.replace(f"CTI_ROUTER={address}\n", f"CTI_ROUTER={address}/{name}\n")
            file.write_text(text, encoding="utf-8")
            self.sites[name] = RealSite(asterisk, self._phones)
        for site in self.sites.values():
            await site.start()
        self.router = router_of(folder, self.sites, agi_port=one.agi_port, agi_secret=one.secret)

    async def stop(self) -> None:
        self.router.end()
        for site in self.sites.values():
            await site.stop()
        await asyncio.to_thread(self._phones.stop)
