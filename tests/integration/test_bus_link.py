"""What the publisher needs of a link, held against real brokers."""

import asyncio
import ssl
import subprocess

import pytest

from cti.bus import broker_kinds
from cti.bus.broker import free_port
from cti.bus.broker_kinds import BrokerKind
from cti.bus.link import PAYLOAD_MAX, BrokerAddress, LinkError, Message, UnpublishableError
from cti.bus.mqtt import MqttConnector
from tests.eventually import eventually, time_passes
from tests.lab.needs import needs
from tests.worlds.bus.world import address_of, broker_of, kinds, listening

pytestmark = pytest.mark.room("bus")

WILL = Message("cti/v1/main/router/n1/state", b'{"data": {"state": "lost"}}')
each_broker = pytest.mark.parametrize("kind", kinds())


class Ear:
    """Notes what a link tells."""

    def __init__(self):
        self.done = []  # seq
        self.not_sent = []  # seq
        self.is_lost = False

    def acknowledged(self, message):
        self.done.append(message.seq)

    def refused(self, message, why):
        assert why
        self.not_sent.append(message.seq)

    def lost(self):
        self.is_lost = True


def event(seq, topic="cti/v1/main/call/1/event"):
    return Message(topic, b'{"seq": %d}' % seq, seq)


@each_broker
async def test_messages_arrive_and_are_acknowledged_in_order(kind, tmp_path):
    ear = Ear()
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        async with MqttConnector(address_of(broker), "n1").connect(WILL, ear) as link:
            for seq in range(1, 16):
                link.send(event(seq))
            await eventually(lambda: len(ear.done) == 15)
            await eventually(lambda: listener.news == list(range(1, 16)))
        assert ear.done == list(range(1, 16))
        assert not ear.is_lost
        assert not await listener.retained()


@each_broker
async def test_a_goodbye_leaves_no_will_and_an_accident_does(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker, listening(broker) as listener:
        make = MqttConnector(address_of(broker), "n1")
        async with make.connect(WILL, Ear()):
            pass
        with pytest.raises(RuntimeError):
            async with make.connect(WILL, Ear()):
                raise RuntimeError
        await eventually(lambda: listener.state(WILL.topic))
        assert len(listener.messages) == 1
        assert WILL.topic in await listener.retained()


@each_broker
async def test_a_state_is_retained_and_an_empty_one_removes_it(kind, tmp_path):
    topic = "cti/v1/main/agent/1/state"
    ear = Ear()
    async with (
        broker_of(kind, tmp_path) as broker,
        listening(broker) as listener,
        MqttConnector(address_of(broker), "n1").connect(WILL, ear) as link,
    ):
        link.send(Message(topic, b'{"data": 1}'))
        await eventually(lambda: len(ear.done) == 1)
        assert await listener.retained() == {topic: {"data": 1}}
        link.send(Message(topic, b""))
        await eventually(lambda: len(ear.done) == 2)
        assert await listener.retained() == {}


@each_broker
async def test_a_message_that_paho_does_not_write_costs_no_link(kind, tmp_path):
    """Found when it is written, and not before: a topic that is too long for MQTT."""
    ear = Ear()
    async with (
        broker_of(kind, tmp_path) as broker,
        MqttConnector(address_of(broker), "n1").connect(WILL, ear) as link,
    ):
        link.send(event(1, "t" * 70_000))
        link.send(event(2))
        await eventually(lambda: ear.done == [2])
        assert ear.not_sent == [1]
        assert not ear.is_lost


@each_broker
async def test_a_message_that_cannot_be_sent_costs_no_link(kind, tmp_path):
    ear = Ear()
    async with (
        broker_of(kind, tmp_path) as broker,
        MqttConnector(address_of(broker), "n1").connect(WILL, ear) as link,
    ):
        with pytest.raises(UnpublishableError, match="bytes"):
            link.send(Message("t", b"x" * (PAYLOAD_MAX + 1), 1))
        for topic in ("a/#", "+", "", "a\0b"):
            with pytest.raises(UnpublishableError, match="topic"):
                link.send(Message(topic, b"x", 2))
        link.send(Message("t", b"x" * PAYLOAD_MAX, 3))
        await eventually(lambda: ear.done == [3])


@each_broker
async def test_a_killed_broker_is_told_at_once(kind, tmp_path):
    ear = Ear()
    async with (
        broker_of(kind, tmp_path) as broker,
        MqttConnector(address_of(broker), "n1").connect(WILL, ear) as link,
    ):
        await broker.stop()
        await eventually(lambda: ear.is_lost)
        assert link.error
        link.send(event(1))
    assert not ear.done


@each_broker
async def test_the_younger_of_two_links_wins(kind, tmp_path):
    first, second = Ear(), Ear()
    async with broker_of(kind, tmp_path) as broker:
        make = MqttConnector(address_of(broker), "n1")
        async with make.connect(WILL, first), make.connect(WILL, second) as link:
            await eventually(lambda: first.is_lost)
            link.send(event(1))
            await eventually(lambda: second.done == [1])


@each_broker
async def test_an_idle_link_stays_up(kind, tmp_path):
    ear = Ear()
    async with broker_of(kind, tmp_path) as broker:
        make = MqttConnector(address_of(broker), "n1", silence_s=2)
        async with make.connect(WILL, ear) as link:
            await time_passes(3.5)  # past a keep-alive and a half, after which brokers hang up
            assert not ear.is_lost
            link.send(event(1))
            await eventually(lambda: ear.done == [1])


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
            async with MqttConnector(address, "n1", silence_s=2).connect(WILL, Ear()):
                pass
        await eventually(lambda: seen and len(asyncio.all_tasks()) == 1)


async def test_nobody_there_is_a_link_error():
    with pytest.raises(LinkError, match=r"no MQTT at 127\.0\.0\.1:1"):
        async with MqttConnector(BrokerAddress(port=1), "n1").connect(WILL, Ear()):
            pass


def configured(monkeypatch, more, *, instead_of=""):
    monkeypatch.setattr(
        broker_kinds, "_MOSQUITTO", broker_kinds._MOSQUITTO.replace(instead_of, "") + more
    )


@pytest.mark.parametrize(("username", "password"), [("router", "geheim"), ("nobody", "geheim")])
@each_broker
async def test_a_broker_that_does_not_know_us_is_a_link_error(kind, tmp_path, username, password):
    async with broker_of(kind, tmp_path) as broker:
        address = BrokerAddress(port=broker.port, username=username, password=password)
        with pytest.raises(LinkError, match=r"no MQTT at .*(uthori|password)"):
            async with MqttConnector(address, "n1").connect(WILL, Ear()):
                pass


def certify(folder):
    """A certificate for this machine, in files `cert` and `key`."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip


@needs("mosquitto", "openssl")
# paho 2.2 leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_it_speaks_tls_and_only_to_whom_it_trusts(tmp_path, monkeypatch):
    certify(tmp_path)
    port = free_port()
    configured(
        monkeypatch,
        f"listener {port} 127.0.0.1\ncertfile {tmp_path}/cert\nkeyfile {tmp_path}/key\n",
    )
    trusted = ssl.create_default_context(cafile=tmp_path / "cert")
    ear = Ear()
    async with broker_of(BrokerKind.MOSQUITTO, tmp_path) as broker:
        address = address_of(broker, port)
        async with MqttConnector(address, "n1", tls=trusted).connect(WILL, ear) as link:
            link.send(event(1))
            await eventually(lambda: ear.done == [1])
        stranger = MqttConnector(address, "n1", tls=ssl.create_default_context())
        with pytest.raises(LinkError, match="certificate"):
            async with stranger.connect(WILL, Ear()):
                pass
