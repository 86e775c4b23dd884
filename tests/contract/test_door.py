"""How callers enter, from the phone line to the events of the real daemon, on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones
from tests.lab.zone import HERE, Zone
from tests.worlds.asterisk.world import variable
from tests.worlds.cards.router import Router, stories, word
from tests.worlds.cards.world import device_of

pytestmark = [pytest.mark.real, pytest.mark.room("gateway", "asterisk-config")]

A = "8001"
MORE = (
    "[[queues]]", 'id = "short"', "max_wait_s = 60", "regain_s = 60", "after_call_work_s = 0",
    "[[boosts]]", 'id = "important"', 'tag = "vip"', "points = 900",
)  # fmt: skip
EXTENSIONS = """
exten => vip,1,Set(CTI_QUEUE=short)
 same => n,Set(CTI_TAGS=vip)
 same => n,Goto(cti-inbound,${EXTEN},1)
exten => withheld,1,Set(CALLERID(num)=anonymous)
 same => n,Goto(cti-inbound,short,1)
exten => typo,1,Set(CTI_NEEDS=engilsh>=2)
 same => n,Goto(cti-inbound,short,1)
"""


@dataclass
class Centre:
    """One Asterisk, one agent, one router."""

    asterisk: LabAsterisk
    router: Router
    ami: LabAmi
    stack: AsyncExitStack

    async def call(self, number: str, stay_ms: int = 20_000) -> Callers:
        callers = Callers(self.asterisk.sip, number, stay_ms=stay_ms)
        await asyncio.to_thread(self.stack.enter_context, callers)
        return callers

    async def told(self, wanted: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait for so many words; the events."""
        return await self.router.until(
            lambda events: sum(word(event) == wanted for event in events) >= times
        )

    def log(self) -> str:
        return self.router.log.read_text(encoding="utf-8", errors="replace")


@asynccontextmanager
async def centre(
    folder: Path, *, zone: Zone = HERE, spoil: Callable[[LabAsterisk], None] = lambda _: None
) -> AsyncIterator[Centre]:
    """`spoil` changes Asterisk's files before it starts."""
    async with AsyncExitStack() as stack:
        phones = stack.enter_context(Phones(phone_answers(after_ms=50)))
        asterisk = LabAsterisk(
            agents=[Agent(device_of(A), phones.port)],
            zone=zone,
            extensions=EXTENSIONS,
            settings={"CTI_RETRY_S": "1"},
        )
        spoil(asterisk)
        await asyncio.to_thread(stack.enter_context, asterisk)
        router = Router(
            folder,
            ami_port=asterisk.ami_port,
            ami_secret=asterisk.ami_secret,
            agi_port=asterisk.agi_port,
            agi_secret=asterisk.secret,
            devices={A: device_of(A)},
            more=MORE,
        )
        stack.callback(router.end)
        ami = await stack.enter_async_context(LabAmi(asterisk.ami_port, asterisk.ami_secret))
        await router.start()
        yield Centre(asterisk, router, ami, stack)


@pytest.mark.parametrize(
    "zone",
    [Zone(tz="Asia/Shanghai"), Zone(localtime="Asia/Shanghai"), Zone(tz="America/Los_Angeles")],
    ids=["Shanghai by TZ", "Shanghai by localtime", "Los Angeles"],
)
async def test_who_may_wait_a_minute_is_not_cut_off_at_once(
    lab: None, tmp_path: Path, zone: Zone
) -> None:
    async with centre(tmp_path, zone=zone) as made:
        await made.call("short")
        await made.told("queued arrived")
        await made.router.ready(A)
        events = await made.told(f"established {A}")
    (established,) = (event for event in events if word(event) == f"established {A}")
    assert 0 < established["data"]["waited_us"] < 30_000_000
    assert "cannot have arrived" not in made.log()


def trunk(name: bytes) -> Callable[[LabAsterisk], None]:
    """The operator's trunk under another name, in that encoding."""

    def spoil(asterisk: LabAsterisk) -> None:
        path = asterisk.etc / "pjsip.conf"
        text = path.read_bytes().replace(b"[trunk]", b"[" + name + b"]")
        path.write_bytes(text.replace(b"endpoint = trunk", b"endpoint = " + name))

    return spoil


@pytest.mark.parametrize(
    "name",
    ["电信".encode(), b"China Telecom", b"t&1", b"x${Y}z", "电信".encode("gbk")],
    ids=["Chinese", "blank", "ampersand", "like a variable", "GBK"],
)
async def test_a_trunk_of_any_name_is_served(lab: None, tmp_path: Path, name: bytes) -> None:
    """By a Redirect, and by the answer to the question."""
    async with centre(tmp_path, spoil=trunk(name)) as made:
        first = await made.call("loans", stay_ms=1500)
        await made.told("queued arrived")
        await made.router.ready(A)
        await asyncio.to_thread(first.wait)
        await made.told("callCleared answered")
        await made.call("loans", stay_ms=1500)
        events = await made.told("callCleared answered", 2)
    talk = ["queued arrived", f"delivered {A}", f"established {A}", "connectionCleared caller"]
    assert list(stories(events).values()) == [[*talk, "callCleared answered"]] * 2
    assert "is not answered" not in made.log()


async def test_a_channel_that_cannot_be_served_is_named(lab: None, tmp_path: Path) -> None:
    def spoil(asterisk: LabAsterisk) -> None:
        path = asterisk.etc / "asterisk.conf"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[options]", "[options]\nsystemname = 北京 A1"))

    async with centre(tmp_path, spoil=spoil) as made:
        await made.call("loans")
        await eventually(lambda: "is not answered" in made.log())
    (line, *_) = [line for line in made.log().splitlines() if "is not answered" in line]
    assert "unique id" in line
    assert "PJSIP/trunk-00000000" in line
    assert "北京 A1-" in line


async def test_a_queue_that_is_not_there_costs_a_line_and_not_the_caller(
    lab: None, tmp_path: Path
) -> None:
    async with centre(tmp_path) as made:
        await made.call("no-such-queue")
        failsafe = await made.ami.event("UserEvent", UserEvent="CtiFailsafe")
        answered = await made.ami.event("AgentConnect")
        await eventually(lambda: "there is no queue" in made.log())
    assert (failsafe["Queue"], failsafe["Reason"]) == ("no-such-queue", "noQueue")
    assert answered["Channel"] == failsafe["Channel"]
    (line,) = [line for line in made.log().splitlines() if "there is no queue" in line]
    assert "'no-such-queue'" in line
    assert failsafe["Channel"] in line
    assert "error" in line


async def test_a_need_with_a_slip_waits_and_is_named(lab: None, tmp_path: Path) -> None:
    async with centre(tmp_path) as made:
        for _ in range(2):
            await made.call("typo")
        await made.told("queued arrived", 2)
        await eventually(lambda: "can ever meet" in made.log())
    lines = [line for line in made.log().splitlines() if "can ever meet" in line]
    assert len(lines) == 1, "once for each value"
    assert "engilsh>=2" in lines[0]


async def test_a_tag_of_the_dialplan_moves_a_caller_up(lab: None, tmp_path: Path) -> None:
    async with centre(tmp_path) as made:
        await made.call("short")
        await made.told("queued arrived")
        await made.call("vip")
        await made.told("queued arrived", 2)
        await made.router.ready(A)
        events = await made.told(f"established {A}")
        vip = (await made.ami.ask("Status", Variables="CTI_LINE_TAGS"))[1:]
    (first,) = (event for event in events if word(event) == f"established {A}")
    tagged = {item["Uniqueid"] for item in vip if item.get("Variable") == "CTI_LINE_TAGS=vip"}
    assert first["data"]["call_id"].removeprefix("a1-") in tagged


@pytest.mark.parametrize(("number", "cause"), [("short", "regained"), ("withheld", "arrived")])
async def test_only_a_caller_with_a_number_has_the_old_place_back(
    lab: None, tmp_path: Path, number: str, cause: str
) -> None:
    async with centre(tmp_path) as made:
        first = await made.call(number, stay_ms=300)
        await asyncio.to_thread(first.wait)
        await made.told("callCleared abandoned")
        await made.call(number)
        events = await made.router.until(
            lambda events: sum(word(event).startswith("queued") for event in events) >= 2
        )
    queued = [word(event) for event in events if word(event).startswith("queued")]
    assert queued == ["queued arrived", f"queued {cause}"]


async def test_who_is_moved_to_another_queues_door_waits_there(lab: None, tmp_path: Path) -> None:
    """By anybody's Redirect, while they wait; the router follows, and so does a restarted one."""
    async with centre(tmp_path) as made:
        await made.call("loans", stay_ms=30_000)
        await made.told("queued arrived")
        events = await made.router.events()
        (queued,) = (event for event in events if word(event) == "queued arrived")
        uniqueid = queued["data"]["call_id"].removeprefix("a1-")
        for number, (queue, killed) in enumerate((("short", False), ("loans", True)), 2):
            if killed:
                made.router.kill()
            place = {"Context": "cti-inbound", "Exten": queue, "Priority": "1"}
            await made.ami.ask("Redirect", Channel=uniqueid, **place)
            if killed:
                await made.router.start()
            events = await made.told("queued arrived", number)
            last = [event for event in events if word(event) == "queued arrived"][-1]
            assert last["data"]["queue_id"] == queue
            assert last["data"]["call_id"] == f"a1-{uniqueid}"
        assert await variable(made.ami, uniqueid, "CTI_ENTRY") == "3"
