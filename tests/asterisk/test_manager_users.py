"""The rights and the event filter of our manager users, on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti.ami.client import AmiClient
from cti.ami.wire import AmiWire
from tests.eventually import eventually
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import EPOCH, end_calls, redirect, until_variable, variable

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"
# docs/call-flow.md
WANTED = {
    "FullyBooted", "Shutdown", "Reload", "DialBegin", "DialState", "DialEnd", "BridgeEnter", "Hold",
    "Unhold", "HangupRequest", "Hangup", "ContactStatus", "OriginateResponse", "UserEvent",
    "Newchannel", "BlindTransfer", "AttendedTransfer",
}  # fmt: skip


@pytest.fixture
async def router(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    """Logged in as the router is."""
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret, "cti-router") as session:
        yield session


async def test_the_router_logs_in_without_saying_its_secret(
    asterisk: LabAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    write = AmiWire.write
    monkeypatch.setattr(AmiWire, "write", lambda wire, data: (said.append(data), write(wire, data)))
    client = AmiClient(
        "a1", "127.0.0.1", asterisk.ami_port, "cti-router", asterisk.ami_secret,
        wanted=None, on_event=lambda _: None, on_up=lambda: None, on_down=lambda _: None,
    )  # fmt: skip
    client.start()
    await eventually(lambda: client.is_up)
    await client.close()
    assert b"AuthType: MD5" in b"".join(said)
    assert asterisk.ami_secret.encode() not in b"".join(said)


async def test_the_router_may_do_its_work(
    asterisk: LabAsterisk, ami: LabAmi, router: LabAmi
) -> None:
    assert (await router.ask("Ping"))[0]["Response"] == "Success"
    answer = await router.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
    assert answer[0]["Response"] == "Success"
    devices = await router.ask("DeviceStateList")
    states = {item["Device"]: item["State"] for item in devices if "Device" in item}
    assert (states["PJSIP/a8001"], states["PJSIP/away"]) == ("NOT_INUSE", "UNAVAILABLE")
    async with FakeRouter(asterisk.agi_port, WAIT) as fake:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await fake.question()
            await until_variable(ami, question.channel, "CTI_STAGE", "wait")
            status = await router.ask("Status", Variables="CTI_STAGE,CTI_LINE_QUEUE,CTI_ARRIVED")
            item = next(one for one in status if one.get("Channel") == question.channel)
            assert item["Variable"].splitlines() == [
                "CTI_STAGE=wait", "CTI_LINE_QUEUE=personal", f"CTI_ARRIVED={question.arrived}",
            ]  # fmt: skip
            assert status[-1]["Event"] == "StatusComplete"
            await redirect(router, question.channel, "cti-deliver", "7*41*5*a8001")
            await router.event("BridgeEnter", Channel=question.channel)
            answer = await router.ask("Hangup", Channel=question.channel)
            assert answer[0]["Response"] == "Success"
            result = await asyncio.to_thread(callers.wait)
    assert result.failed == 0


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Originate", {"Channel": "Local/s@cti-wait", "Application": "Wait", "Data": "1"}),
        ("Command", {"Command": "core show uptime"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("ModuleLoad", {"LoadType": "reload"}),
        ("Reload", {}),
        ("DialplanExtensionAdd", {"Context": "cti-wait", "Extension": "x", "Priority": "1"}),
        ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
        ("UserEvent", {"UserEvent": "CtiForged"}),
        ("QueueAdd", {"Queue": "failsafe", "Interface": "PJSIP/a8001"}),
        ("AGI", {"Channel": "x", "Command": "ANSWER"}),
        ("MixMonitor", {"Channel": "x", "File": "/tmp/x"}),
    ],
)
async def test_the_router_may_do_no_more(
    router: LabAmi, action: str, headers: dict[str, str]
) -> None:
    answer = await router.ask(action, **headers)
    assert answer[0] == {**answer[0], "Response": "Error", "Message": "Permission denied"}


FORBIDDEN = [
    ("Redirect", {"Channel": "x", "Context": "cti-wait", "Exten": "s", "Priority": "1"}),
    ("Setvar", {"Variable": "CTI_EPOCH", "Value": "9"}),
    ("Getvar", {"Variable": "CTI_EPOCH"}),
    ("Hangup", {"Channel": "x"}),
    ("Status", {}),
    ("Command", {"Command": "core show uptime"}),
    ("GetConfig", {"Filename": "manager.conf"}),
    ("Reload", {}),
    ("DialplanExtensionAdd", {"Context": "cti-wait", "Extension": "x", "Priority": "1"}),
    ("UserEvent", {"UserEvent": "CtiForged"}),
    ("QueueAdd", {"Queue": "failsafe", "Interface": "PJSIP/a8001"}),
    ("MixMonitor", {"Channel": "x", "File": "/tmp/x"}),
]


async def test_who_begins_calls_may_do_that_and_no_more(
    asterisk: LabAsterisk, ami: LabAmi, router: LabAmi
) -> None:
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret, "cti-originate") as session:
        answer = await session.ask(
            "Originate", Channel="PJSIP/a8001", Context="cti-order", Exten=f"{EPOCH}*stay*1",
            Priority="1", Async="true", ChannelId="own-1",
        )  # fmt: skip
        assert answer[0]["Response"] == "Success"
        await router.event("DialEnd", DestUniqueid="own-1", DialStatus="ANSWER")
        await ami.event("Hangup", Uniqueid="own-1")
        for name, headers in FORBIDDEN:
            answer = await session.ask(name, **headers)
            assert (name, answer[0]["Message"]) == (name, "Permission denied")
        assert [event["Event"] for event in session.events] == ["FullyBooted"]


@pytest.mark.parametrize("name", ["SHELL(true)", "FILE(/lab/lib/x)", "DB(cti/x)"])
async def test_a_variable_that_is_a_function_does_no_harm(
    asterisk: LabAsterisk, router: LabAmi, name: str
) -> None:
    assert (await router.ask("Setvar", Variable=name, Value="x"))[0]["Response"] == "Error"
    assert (await router.ask("Getvar", Variable=name))[0].get("Value", "") == ""
    assert not (asterisk.folder / "lib" / "x").exists()


async def test_only_the_events_of_the_contract_come(
    asterisk: LabAsterisk, ami: LabAmi, router: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, "deliver*7*41*5*a8001") as fake:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await fake.question()
            await router.event("BridgeEnter", Channel=question.channel)
            await ami.ask("UserEvent", UserEvent="CtiTest", Mark="1")
            await ami.ask("UserEvent", UserEvent="Survey", Mark="2")
            await ami.ask("UserEvent", UserEvent="NotCti", Mark="3")
            await end_calls(ami, callers)
            await router.event("Hangup", Channel=question.channel)
            await router.event("UserEvent", UserEvent="CtiTest")
    names = [event["Event"] for event in router.events]
    assert set(names) <= WANTED
    assert [event["Mark"] for event in router.events if event["Event"] == "UserEvent"] == ["1"]
    # FullyBooted at the login; then of one call: who dials in, the Dial, two entries, two ends.
    assert sorted(names) == [
        "BridgeEnter", "BridgeEnter", "DialBegin", "DialEnd", "FullyBooted", "Hangup", "Hangup",
        "Newchannel", "UserEvent",
    ]  # fmt: skip


LINE_END = "%0d%0a"


@pytest.mark.parametrize(
    "number",
    [
        f"139{LINE_END}{LINE_END}Event%3a%20Hangup{LINE_END}Uniqueid%3a%201.1{LINE_END}{LINE_END}",
        f"139{LINE_END}Uniqueid%3a%201.1",
        "139%0a%0aEvent%3a%20Hangup%0aUniqueid%3a%201.1%0a%0a",
        f"139{LINE_END}{LINE_END}",
    ],
)
async def test_a_caller_cannot_write_events(
    asterisk: LabAsterisk, ami: LabAmi, router: LabAmi, number: str
) -> None:
    # A number that is not ours: its caller leaves before anything has cleaned his number.
    with Callers(asterisk.sip, "dirty-end", prefix=number, stay_ms=5_000) as callers:
        await ami.event("Hangup")
        await asyncio.to_thread(callers.wait)
    await router.ask("Ping")
    assert [event["Event"] for event in router.events] == ["FullyBooted"]


async def test_a_caller_cannot_write_arguments(asterisk: LabAsterisk, ami: LabAmi) -> None:
    number = f"139{LINE_END}agi_arg_2%3a%20evil{LINE_END}"
    async with FakeRouter(asterisk.agi_port, WAIT) as fake:
        with Callers(asterisk.sip, "95588", prefix=number, name="李雷", stay_ms=9_000) as callers:
            question = await fake.question()
            assert await variable(ami, question.channel, "CTI_LINE_QUEUE") == "personal"
            await end_calls(ami, callers)
    assert question.queue == "personal"
    assert question.headers["agi_callerid"] == "139agi_arg_2evil1"
    assert question.headers["agi_calleridname"] == "李雷"


@pytest.mark.parametrize("number", ["95588,1,evil", "9(5)8&8", "95588%24%7bSHELL(id)%7d", "95:588"])
async def test_a_dialled_number_cannot_become_code(
    asterisk: LabAsterisk, ami: LabAmi, number: str
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as fake:
        with Callers(asterisk.sip, number, stay_ms=9_000) as callers:
            question = await fake.question()
            result = await end_calls(ami, callers)
    assert question.queue.isalnum()
    assert result.failed == 0
