"""The publisher on real brokers: what a reader sees, whatever happens to whom."""

import asyncio
import os
import signal
import subprocess
import sys

import msgspec
import pytest

from cti.bus.link import BrokerAddress
from routing import events as e
from tests.eventually import eventually, time_passes
from tests.lab.needs import needs
from tests.worlds.bus import router as bus_router
from tests.worlds.bus.world import (
    ROUTER,
    Gate,
    Voice,
    address_of,
    broker_of,
    kinds,
    listening,
    world,
)
from tests.worlds.record.history import LIFE_TYPES, agent_state, call_life, made

pytestmark = pytest.mark.room("bus", "record")

each_broker = pytest.mark.parametrize("kind", kinds())
LIFE_OF_CALL = [
    "cti.queued", "cti.agentAllocated", "cti.delivered", "cti.established", "cti.held",
    "cti.retrieved", "cti.connectionCleared", "cti.callCleared",
]  # fmt: skip
STATES = {
    ROUTER,
    "cti/v1/main/agent/8001/state",
    "cti/v1/west/agent/8002/state",
    "cti/v1/main/queue/loans/state",
    "cti/v1/main/queue/cards/state",
}


def queued(number):
    return made(e.CallQueued, call_id=f"a1-{number % 5}.0", request_no=1, queue_id="loans")


@each_broker
async def test_a_calls_life_is_seen_in_order(kind, tmp_path):
    async with world(kind, tmp_path) as (_, listener, voice):
        voice.say_all(call_life())
        await eventually(lambda: len(listener.events) == len(LIFE_TYPES))
        assert [event["type"] for event in listener.events] == LIFE_TYPES
        assert listener.news == list(range(1, len(LIFE_TYPES) + 1))
        await eventually(lambda: listener.state("cti/v1/main/agent/8001/state")["state"] == "ready")
        assert listener.state(ROUTER)["state"] == "running"


@needs("mosquitto_sub")
@each_broker
async def test_mosquitto_sub_shows_a_calls_life(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        sub = await asyncio.create_subprocess_exec(
            "stdbuf", "-oL", "mosquitto_sub", "-p", str(broker.port), "-q", "1", "-v", "-d",
            "-t", "cti/v1/+/call/+/event", "-C", "8", "-W", "20",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        while b"Subscribed" not in (line := await sub.stdout.readline()):
            assert line
        async with Voice(tmp_path, address_of(broker)) as voice:
            voice.say_all(call_life())
            output = (await sub.communicate())[0].decode()
        assert sub.returncode == 0
        topic = "cti/v1/main/call/a1-1795262400.63/event "
        shown = [line.removeprefix(topic) for line in output.splitlines() if topic + "{" in line]
        assert [msgspec.json.decode(event)["type"] for event in shown] == LIFE_OF_CALL


@each_broker
async def test_who_comes_late_is_given_all_state(kind, tmp_path):
    async with world(kind, tmp_path) as (_, listener, voice):
        voice.say(agent_state("8002", "ready"))
        voice.say(queued(1))
        await voice.said()
        loans = "cti/v1/main/queue/loans/state"
        await eventually(lambda: (listener.state(loans) or {"waiting": 0})["waiting"] == 1)
        retained = await listener.retained()
        assert retained.keys() == STATES
        assert retained["cti/v1/west/agent/8002/state"]["data"]["state"] == "ready"
        assert retained["cti/v1/main/queue/loans/state"]["data"]["waiting"] == 1


@each_broker
async def test_hostile_ids_stay_on_their_level(kind, tmp_path):
    async with world(kind, tmp_path) as (_, listener, voice):
        hostile = ["a/b", "+", "#", "x\0y", "*", ">", "王 芳", "$SYS", "a.b"]
        for name in hostile:
            voice.say(made(e.CallQueued, call_id=name, request_no=1, queue_id="loans"))
            voice.say(agent_state(name, "ready"))
        await eventually(lambda: len(listener.events) == 2 * len(hostile))
        assert {len(topic.split("/")) for topic, _, _ in listener.messages} == {6}
        assert [event["contactid"] for event in listener.events[::2]] == hostile


@each_broker
async def test_a_broken_network_loses_nothing_and_keeps_the_order(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        gate = Gate(broker)
        await gate.open()
        address = address_of(broker, gate.port)
        async with Voice(tmp_path, address, memory=20) as voice:
            for number in range(300):
                voice.say(queued(number))
                if number % 100 == 50:
                    await gate.shut()
                if number % 100 == 80:
                    await gate.open()
                await time_passes(0.001)
            await voice.said()
            await eventually(lambda: listener.news[-1:] == [300], 60)
            assert voice.publisher.counters.reconnects >= 1
        await gate.shut()
    assert listener.news == list(range(1, 301))
    assert_the_same_each_time(listener.events)


@each_broker
async def test_a_killed_broker_costs_nobody_anything(kind, tmp_path):
    """Afterwards the events are there and all state is right."""
    async with world(kind, tmp_path, memory=100) as (broker, listener, voice):
        voice.say(agent_state("8001", "ready"))
        for number in range(200):
            voice.say(queued(number))
        await eventually(lambda: len(listener.events) > 50, 60)
        os.kill(broker.pid, signal.SIGKILL)
        for number in range(500):
            voice.say(queued(number))
        voice.say(agent_state("8001", "busy"))
        await voice.said()
        await eventually(lambda: broker.restarts == 1 and listener.subscribed.is_set())
        retained = await listener.retained()
        assert retained.keys() == STATES
        assert retained["cti/v1/main/agent/8001/state"]["data"]["state"] == "busy"
        assert listener.news == sorted(set(listener.news))
        assert_the_same_each_time(listener.events)
        # What the broker took with it, or gave while the reader was away, the reader repairs.
        seen = set(listener.news)
        repaired = {r.seq for r in await voice.log.read_after(0, 5000) if r.seq not in seen}
        assert seen | repaired == set(range(1, 703))
        assert voice.publisher.counters.lost == 0


@each_broker
async def test_a_frozen_broker_is_found_out_and_nothing_is_lost(kind, tmp_path):
    async with world(kind, tmp_path, silence_s=1) as (broker, listener, voice):
        voice.say(queued(0))
        await voice.said()
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            for number in range(1, 100):
                voice.say(queued(number))
            await eventually(lambda: voice.publisher.counters.link_failures >= 1, 10)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await voice.said()
        await eventually(lambda: listener.news == list(range(1, 101)))
        await eventually(lambda: listener.state(ROUTER)["state"] == "running")


@each_broker
async def test_what_was_unsaid_is_said_after_the_next_start(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        somewhere = address_of(broker)
        async with Voice(tmp_path, somewhere) as voice:
            voice.say_all([queued(number) for number in range(10)])
            await voice.said()
        nowhere = BrokerAddress(port=1)
        async with Voice(tmp_path, nowhere, epoch=8) as voice:
            voice.say_all([queued(number) for number in range(10)])
        async with Voice(tmp_path, somewhere, epoch=9) as voice:
            voice.say_all([queued(number) for number in range(10)])
            await voice.said()
        await eventually(lambda: listener.state(ROUTER)["state"] == "stopped")
    assert [event["id"] for event in listener.events] == [
        *(f"n1-7-{seq}" for seq in range(1, 11)),
        *(f"n1-8-{seq}" for seq in range(11, 21)),
        *(f"n1-9-{seq}" for seq in range(21, 31)),
    ]


@each_broker
async def test_the_broker_says_so_when_a_router_is_killed(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        router = await asyncio.create_subprocess_exec(
            sys.executable, "-m", bus_router.__name__,
            str(tmp_path), str(broker.port), broker.writer.username, broker.writer.password,
        )  # fmt: skip
        try:
            await eventually(lambda: listener.state(ROUTER), 60)
            assert listener.state(ROUTER)["state"] == "running"
        finally:
            router.kill()
            await router.wait()
        await eventually(lambda: listener.state(ROUTER)["state"] == "lost")
        will = (await listener.retained())[ROUTER]
        assert (will["data"]["state"], will["epoch"]) == ("lost", 7)
        async with Voice(tmp_path, address_of(broker), epoch=8):
            await eventually(lambda: listener.state(ROUTER)["state"] == "running")


@each_broker
async def test_a_reader_who_stops_reading_hurts_nobody(kind, tmp_path):
    async with world(kind, tmp_path) as (broker, listener, voice):
        reader, writer = await asyncio.open_connection(broker.host, broker.port)
        try:
            writer.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04dumb")  # keep-alive 0
            writer.write(b"\x82\x0d\x00\x01\x00\x08cti/v1/#\x01")
            # What is retained may come between CONNACK and SUBACK (MQTT 3.1.1, 3.8.4).
            answers = await reader.readuntil(b"\x90\x03\x00\x01\x01")
            assert answers.startswith(b"\x20\x02\x00\x00")
            writer.transport.pause_reading()
            for number in range(600):
                voice.say(queued(number))
            await voice.said()
            await eventually(lambda: listener.news == list(range(1, 601)), 60)
            assert voice.publisher.counters.reconnects == 0
        finally:
            writer.transport.abort()


def assert_the_same_each_time(events):
    """An event that came twice is the same both times."""
    first = {}
    for event in events:
        assert first.setdefault(event["id"], event) == event
    assert len(first) == len({event["seq"] for event in events})
