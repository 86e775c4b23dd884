"""The publisher on real brokers: what a reader sees, whatever happens to whom."""

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import sys

import msgspec
import pytest

from cti.bus import broker as broker_module
from cti.bus import broker_kinds
from cti.bus.broker import free_port
from cti.bus.broker_kinds import BrokerKind, program_of
from cti.bus.link import LinkError, UnpublishableError, Will
from cti.bus.mqtt import BrokerAddress, MqttConnector
from routing import events as e
from tests.eventually import eventually
from tests.integration import bus_router
from tests.integration.bus_world import (
    ROUTER,
    Gate,
    Voice,
    address_of,
    broker_of,
    kinds,
    listening,
    world,
)
from tests.unit.cti_bus.history import LIFE_TYPES, agent_state, call_life, made

each_broker = pytest.mark.parametrize(("kind", "version"), kinds())
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
async def test_a_calls_life_is_seen_in_order(kind, version, tmp_path):
    async with world(kind, version, tmp_path) as (_, listener, voice):
        voice.say_all(call_life())
        await eventually(lambda: len(listener.events) == len(LIFE_TYPES))
        assert [event["type"] for event in listener.events] == LIFE_TYPES
        assert listener.news == list(range(1, len(LIFE_TYPES) + 1))
        await eventually(lambda: listener.state("cti/v1/main/agent/8001/state")["state"] == "ready")
        assert listener.state(ROUTER)["state"] == "running"


needs_mosquitto_sub = pytest.mark.skipif(
    not (shutil.which("mosquitto_sub") and shutil.which("stdbuf")),
    reason="mosquitto_sub or stdbuf is not installed",
)


@needs_mosquitto_sub
@each_broker
async def test_mosquitto_sub_shows_a_calls_life(kind, version, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        sub = await asyncio.create_subprocess_exec(
            "stdbuf", "-oL", "mosquitto_sub", "-p", str(broker.port), "-q", "1", "-v", "-d",
            "-t", "cti/v1/+/call/+/event", "-C", "8", "-W", "20",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        while b"Subscribed" not in (line := await sub.stdout.readline()):
            assert line
        async with Voice(tmp_path, address_of(broker, version)) as voice:
            voice.say_all(call_life())
            output = (await sub.communicate())[0].decode()
        assert sub.returncode == 0
        topic = "cti/v1/main/call/a1-1795262400.63/event "
        shown = [line.removeprefix(topic) for line in output.splitlines() if topic + "{" in line]
        assert [msgspec.json.decode(event)["type"] for event in shown] == LIFE_OF_CALL


@each_broker
async def test_who_comes_late_is_given_all_state(kind, version, tmp_path):
    async with world(kind, version, tmp_path) as (_, listener, voice):
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
async def test_hostile_ids_stay_on_their_level(kind, version, tmp_path):
    async with world(kind, version, tmp_path) as (_, listener, voice):
        hostile = ["a/b", "+", "#", "x\0y", "*", ">", "王 芳", "$SYS", "a.b"]
        for name in hostile:
            voice.say(made(e.CallQueued, call_id=name, request_no=1, queue_id="loans"))
            voice.say(agent_state(name, "ready"))
        await eventually(lambda: len(listener.events) == 2 * len(hostile))
        assert {len(topic.split("/")) for topic, _, _ in listener.messages} == {6}
        assert [event["contactid"] for event in listener.events[::2]] == hostile


@each_broker
async def test_a_broken_network_loses_nothing_and_keeps_the_order(kind, version, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        gate = Gate(broker)
        await gate.open()
        async with Voice(tmp_path, address_of(broker, version, gate.port), outbox=20) as voice:
            for number in range(300):
                voice.say(queued(number))
                if number % 100 == 50:
                    await gate.shut()
                if number % 100 == 80:
                    await gate.open()
                await asyncio.sleep(0.001)
            await voice.said()
            await eventually(lambda: listener.news[-1:] == [300], 20)
            assert voice.publisher.counters.reconnects >= 1
        await gate.shut()
    assert listener.news == list(range(1, 301))
    assert_twins_are_equal(listener.events)


@each_broker
async def test_a_killed_broker_costs_nobody_anything(kind, version, tmp_path):
    """Afterwards the events are there and all state is right."""
    async with world(kind, version, tmp_path, outbox=100) as (broker, listener, voice):
        voice.say(agent_state("8001", "ready"))
        for number in range(200):
            voice.say(queued(number))
        await eventually(lambda: len(listener.events) > 50, 20)
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
        assert_twins_are_equal(listener.events)
        # What the broker took with it, or gave while the reader was away, the reader repairs.
        seen = set(listener.news)
        repaired = {r.seq for r in await voice.log.read_after(0, 5000) if r.seq not in seen}
        assert seen | repaired == set(range(1, 703))
        assert voice.publisher.counters.lost == 0


@each_broker
async def test_a_frozen_broker_is_found_out_and_nothing_is_lost(kind, version, tmp_path):
    async with world(kind, version, tmp_path, silence_s=1) as (broker, listener, voice):
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
async def test_what_was_unsaid_is_said_after_the_next_start(kind, version, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        async with Voice(tmp_path, address_of(broker, version)) as voice:
            voice.say_all([queued(number) for number in range(10)])
            await voice.said()
        nowhere = BrokerAddress(port=1, version=version)
        async with Voice(tmp_path, nowhere, epoch=8) as voice:
            voice.say_all([queued(number) for number in range(10)])
        async with Voice(tmp_path, address_of(broker, version), epoch=9) as voice:
            voice.say_all([queued(number) for number in range(10)])
            await voice.said()
        await eventually(lambda: listener.state(ROUTER)["state"] == "stopped")
    assert [event["id"] for event in listener.events] == [
        *(f"n1-7-{seq}" for seq in range(1, 11)),
        *(f"n1-8-{seq}" for seq in range(11, 21)),
        *(f"n1-9-{seq}" for seq in range(21, 31)),
    ]


@each_broker
async def test_the_broker_says_so_when_a_router_is_killed(kind, version, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        router = await asyncio.create_subprocess_exec(
            sys.executable, "-m", bus_router.__name__,
            str(tmp_path), str(broker.port), version,
        )  # fmt: skip
        try:
            await eventually(lambda: listener.state(ROUTER), 20)
            assert listener.state(ROUTER)["state"] == "running"
        finally:
            router.kill()
            await router.wait()
        await eventually(lambda: listener.state(ROUTER)["state"] == "lost")
        will = (await listener.retained())[ROUTER]
        assert (will["data"]["state"], will["epoch"]) == ("lost", 7)
        async with Voice(tmp_path, address_of(broker, version), epoch=8):
            await eventually(lambda: listener.state(ROUTER)["state"] == "running")


@each_broker
async def test_a_reader_who_stops_reading_hurts_nobody(kind, version, tmp_path):
    async with world(kind, version, tmp_path) as (broker, listener, voice):
        reader, writer = await asyncio.open_connection(broker.host, broker.port)
        try:
            writer.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04dumb")  # keep-alive 0
            writer.write(b"\x82\x0d\x00\x01\x00\x08cti/v1/#\x01")
            assert await reader.readexactly(9) == b"\x20\x02\x00\x00\x90\x03\x00\x01\x01"
            writer.transport.pause_reading()
            for number in range(600):
                voice.say(queued(number))
            await voice.said()
            await eventually(lambda: listener.news == list(range(1, 601)), 20)
            assert voice.publisher.counters.reconnects == 0
        finally:
            writer.transport.abort()


async def test_a_server_that_never_answers_is_given_up_and_nothing_is_left_behind():
    seen = []

    async def silent(reader, writer):
        seen.append(await reader.read())  # until the peer closes
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = BrokerAddress(port=server.sockets[0].getsockname()[1])
    async with server:
        with pytest.raises(LinkError, match="no MQTT at"):
            async with MqttConnector(address, "n1", silence_s=1).connect(Will("t", b"")):
                pass
        await eventually(lambda: seen and len(asyncio.all_tasks()) == 1)


async def test_nobody_there_is_a_link_error():
    with pytest.raises(LinkError, match=r"no MQTT at 127\.0\.0\.1:1"):
        async with MqttConnector(BrokerAddress(port=1), "n1").connect(Will("t", b"")):
            pass


needs_mosquitto = pytest.mark.skipif(
    not program_of(BrokerKind.MOSQUITTO), reason="no mosquitto on this machine"
)


@needs_mosquitto
async def test_a_broker_that_does_not_know_us_is_a_link_error(tmp_path, monkeypatch):
    strict = "listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n"
    monkeypatch.setattr(broker_kinds, "_MOSQUITTO", strict)
    monkeypatch.setattr(broker_module, "_ACCEPTED", b"\x20\x02\x00\x05")  # "not authorised"
    async with broker_of(BrokerKind.MOSQUITTO, tmp_path) as broker:
        for version in ("3.1.1", "5"):
            with pytest.raises(LinkError, match=r"no MQTT at .*uthori"):
                async with MqttConnector(address_of(broker, version), "n1").connect(Will("t", b"")):
                    pass


def certify(folder):
    """A certificate for this machine, in files `cert` and `key`."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip


@needs_mosquitto
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
# paho 2.2 leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_it_speaks_tls(version, tmp_path, monkeypatch):
    certify(tmp_path)
    plain = f"listener {free_port()} 127.0.0.1\ncertfile {tmp_path}/cert\nkeyfile {tmp_path}/key\n"
    monkeypatch.setattr(broker_kinds, "_MOSQUITTO", broker_kinds._MOSQUITTO + plain)
    tls = ssl.create_default_context(cafile=tmp_path / "cert")
    async with broker_of(BrokerKind.MOSQUITTO, tmp_path) as broker, listening(broker) as listener:
        address = address_of(broker, version, int(plain.split()[1]))
        async with MqttConnector(address, "n1", tls=tls).connect(Will("w", b"")) as link:
            await link.publish("cti/v1/main/call/1/event", b'{"seq": 1}', retain=False)
            await eventually(lambda: listener.news == [1])
        stranger = MqttConnector(address, "n1", tls=ssl.create_default_context())
        with pytest.raises(LinkError, match="certificate"):
            async with stranger.connect(Will("w", b"")):
                pass


@each_broker
async def test_a_message_that_cannot_be_sent_costs_no_link(kind, version, tmp_path):
    async with (
        broker_of(kind, tmp_path) as broker,
        MqttConnector(address_of(broker, version), "n1").connect(Will("w", b"")) as link,
    ):
        with pytest.raises(UnpublishableError, match="bytes"):
            await link.publish("t", b"x" * 1_000_001, retain=False)
        with pytest.raises(UnpublishableError):
            await link.publish("a/#", b"x", retain=False)
        await link.publish("t", b"x", retain=False)


def assert_twins_are_equal(events):
    """An event that came twice is the same both times."""
    first = {}
    for event in events:
        assert first.setdefault(event["id"], event) == event
    assert len(first) == len({event["seq"] for event in events})
