"""The program of docs/screen-pop.md, exactly as it stands there, on a real broker."""

import asyncio
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

from cti.bus.link import BrokerAddress
from routing.events import CallDelivered
from tests.eventually import eventually
from tests.lab.needs import needs
from tests.worlds.bus.guarded import mosquitto
from tests.worlds.bus.world import Voice, kinds, world
from tests.worlds.record.history import call_life
from tests.worlds.record.schemas import problems

pytestmark = pytest.mark.room("bus")

PAGE = Path(__file__).parents[2] / "docs" / "screen-pop.md"


def program():
    [found] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return found


def test_the_program_has_some_thirty_lines():
    assert len([line for line in program().splitlines() if line]) <= 30


@pytest.mark.parametrize("kind", kinds())
async def test_the_page_pops_for_the_agent_once_a_call(kind, tmp_path):
    script, popped, browser = (tmp_path / name for name in ("pop.py", "popped", "browser"))
    script.write_text(program(), encoding="utf-8")
    browser.write_text(f'#!/bin/sh\necho "$1" >> {popped}\n', encoding="utf-8")
    browser.chmod(0o755)
    async with world(kind, tmp_path) as (broker, listener, voice):
        crm = await asyncio.create_subprocess_exec(
            sys.executable, str(script), broker.host, str(broker.port), "8001",
            "https://crm.example/call/",
            env=os.environ | {"BROWSER": str(browser)},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert await asyncio.wait_for(crm.stdout.readline(), 60) == b"listening\n"
            other = numbered(call_life("a1-1.1", agent_id="8002"), 1)
            life = numbered(with_data(call_life("a1-2.2/3")), 2)
            consult = numbered(call_life("a1-4.4~2"), 3)
            voice.say_all([*other, *life, *consult])
            await eventually(lambda: len(lines(popped)) >= 2, 60)
            assert lines(popped) == [
                "https://crm.example/call/a1-2.2%2F3?language=zh&level=%E9%87%91+%26",
                "https://crm.example/call/a1-4.4",
            ]
        finally:
            crm.kill()
            await crm.wait()
        await voice.said()
        await eventually(lambda: len(listener.events) == 36)
        assert [problems(event) for event in listener.events] == [[]] * 36
        states = [body for where, body, _ in listener.messages if where.endswith("/state") and body]
        assert {body["type"] for body in states} == {
            "cti.agentState", "cti.queueState", "cti.routerState",
        }  # fmt: skip
        assert [problems(body) for body in states] == [[]] * len(states)


@needs("mosquitto")
async def test_with_a_name_and_a_protected_topic_the_same_program_pops_too(tmp_path):
    """As the page says: another topic, and a user whom the access list lets in."""
    script, popped, browser = (tmp_path / name for name in ("pop.py", "popped", "browser"))
    text = program().replace('"cti/v1/+/', '"protected/cti/v1/+/own/')
    text = text.replace("int(port))", "int(port), username='crm-own', password='crm-own')")
    assert "protected/cti/v1/+/own/call/+/event" in text
    script.write_text(text, encoding="utf-8")
    browser.write_text(f'#!/bin/sh\necho "$1" >> {popped}\n', encoding="utf-8")
    browser.chmod(0o755)
    async with mosquitto(tmp_path) as port:
        address = BrokerAddress(port=port, username="router", password="router")
        async with Voice(tmp_path, address, protected=True) as voice:
            crm = await asyncio.create_subprocess_exec(
                sys.executable, str(script), "127.0.0.1", str(port), "8001",
                "https://crm.example/call/",
                env=os.environ | {"BROWSER": str(browser)},
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                assert await asyncio.wait_for(crm.stdout.readline(), 60) == b"listening\n"
                voice.say_all(numbered(with_data(call_life("a1-2.2")), 2))
                await eventually(lambda: lines(popped), 60)
            finally:
                crm.kill()
                await crm.wait()
    assert lines(popped) == ["https://crm.example/call/a1-2.2?language=zh&level=%E9%87%91+%26"]


def with_data(events):
    told = {
        "public_data": (("language", "zh"), ("level", "金 &")),
        "personal_data": (("customer", "张三丰"),),
    }
    return [
        msgspec.structs.replace(event, **told) if isinstance(event, CallDelivered) else event
        for event in events
    ]


def numbered(events, offer_id):
    return [
        msgspec.structs.replace(event, offer_id=offer_id) if hasattr(event, "offer_id") else event
        for event in events
    ]


def lines(file):
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
