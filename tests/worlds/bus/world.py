"""A real broker, a router's voice with its event log, and somebody who listens."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiomqtt
import msgspec
import pytest

from cti.bus.broker import Broker
from cti.bus.broker_kinds import BrokerKind
from cti.bus.documents import StateDocuments
from cti.bus.link import BrokerAddress
from cti.bus.mqtt import MqttConnector
from cti.bus.publisher import Publisher, PublisherSettings
from cti.clock import SystemClock
from cti.record.event_log import EventLog
from cti.record.subscription import Feed
from cti.view import StateView
from tests.eventually import eventually, time_passes
from tests.lab.needs import needs
from tests.worlds.record.history import CONFIG, History, encoder

ROUTER = "cti/v1/main/router/n1/state"
LAST = "tests/last"


def kinds():
    """Each broker as a pytest parameter."""
    return [
        pytest.param(
            kind,
            id=kind.value,
            # NATS came with our dependencies, Mosquitto is the machine's.
            marks=[needs("mosquitto")] if kind is BrokerKind.MOSQUITTO else [],
        )
        for kind in BrokerKind
    ]


class Listener:
    """Subscribes, again after each loss of its link, and notes what comes."""

    def __init__(self, broker, topic="cti/v1/#"):
        self.broker = broker
        self.topic = topic
        self.messages = []  # (topic, payload as JSON or None, retain)
        self.events = []
        self.news = []  # `seq` of those that a reader takes: what is not above the last is dropped
        self.subscribed = asyncio.Event()

    async def listen(self):
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(self.broker.host, self.broker.port, timeout=2) as client:
                    await client.subscribe(self.topic, qos=1)
                    self.subscribed.set()
                    async for message in client.messages:
                        self._note(message)
            self.subscribed.clear()
            await time_passes(0.02)

    def _note(self, message):
        topic = str(message.topic)
        body = msgspec.json.decode(message.payload) if message.payload else None
        self.messages.append((topic, body, message.retain))
        if topic.endswith("/event"):
            self.events.append(body)
            if int(body["seq"]) > (self.news[-1] if self.news else 0):
                self.news.append(int(body["seq"]))

    def state(self, topic):
        found = [body for where, body, _ in self.messages if where == topic]
        return found[-1]["data"] if found and found[-1] else None

    async def retained(self):
        """What the broker gives to somebody who comes now.

        A retained message of a topic that is asked for after it says that no more is to come.
        """
        address = address_of(self.broker)
        async with aiomqtt.Client(
            address.host, address.port, username=address.username, password=address.password
        ) as writer:
            await writer.publish(LAST, b"1", qos=1, retain=True)
        found = {}
        async with aiomqtt.Client(address.host, address.port) as client:
            await client.subscribe([(self.topic, 1), (LAST, 1)])
            async for message in client.messages:
                if str(message.topic) == LAST:
                    break
                if message.retain:
                    found[str(message.topic)] = msgspec.json.decode(message.payload)
        return found


class Voice:
    """A router's event log and publisher, fed by hand."""

    def __init__(self, folder, address, *, epoch=7, silence_s=2, memory=10_000, **settings):
        self.encoder = encoder()
        self.view = StateView(CONFIG)
        self.log = EventLog(folder / "events.db", self.encoder.record)
        self.feed = Feed(self.encoder.record, self.log.read_after, capacity=memory)
        self.epoch = epoch
        self.history = History(epoch=epoch)
        self.publisher = Publisher(
            MqttConnector(address, "cti-n1", silence_s=silence_s),
            self.encoder,
            StateDocuments(self.view, self.encoder),
            SystemClock(),
            self.feed,
            lambda position: self.log.mark("bus", position),
            PublisherSettings(**{"queue_state_every_s": 0.05} | settings),
        )

    async def __aenter__(self):
        await self.log.start()
        self.history.seq = self.feed.newest = self.log.last_seq()
        position = await self.log.bookmark("bus", self.history.seq)
        await self.publisher.start(self.epoch, position)
        return self

    async def __aexit__(self, *_):
        await self.publisher.close()
        await self.log.close()

    def say(self, event):
        envelope = self.history.say(event)
        self.log.offer(envelope)
        self.view.apply(envelope)
        self.feed.offer_all([envelope])

    def say_all(self, events):
        for event in events:
            self.say(event)

    async def said(self, timeout_s=60):
        """Everything offered is acknowledged by the broker."""
        await eventually(lambda: self.publisher.position == self.history.seq, timeout_s)


@asynccontextmanager
async def listening(broker, topic="cti/v1/#"):
    listener = Listener(broker, topic)
    task = asyncio.create_task(listener.listen())
    try:
        await asyncio.wait_for(listener.subscribed.wait(), 30)
        yield listener
    finally:
        task.cancel()
        await asyncio.wait((task,))


@asynccontextmanager
async def broker_of(kind, folder):
    broker = Broker(folder / "broker", kind=kind)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.stop()


def address_of(broker, port=0):
    """As the daemon has it: the one that may publish."""
    writer = broker.writer
    return BrokerAddress(
        host=broker.host,
        port=port or broker.port,
        username=writer.username,
        password=writer.password,
    )


class Gate:
    """A relay to the broker that can be shut: the network between router and broker."""

    def __init__(self, broker):
        self._broker = broker
        self._streams = set()
        self._server = None
        self.port = 0

    async def open(self):
        self._server = await asyncio.start_server(self._relay, self._broker.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self):
        self._server.close()
        for writer in self._streams:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _relay(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(
                self._broker.host, self._broker.port
            )
        except OSError:
            writer.close()
            return
        self._streams |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._streams -= {writer, far_writer}


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def world(kind, folder, **settings):
    """Broker, listener and voice."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(broker_of(kind, folder))
        listener = await stack.enter_async_context(listening(broker))
        made = Voice(folder, address_of(broker), **settings)
        voice = await stack.enter_async_context(made)
        yield broker, listener, voice
