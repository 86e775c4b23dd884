"""An Asterisk that does what a test says: real sockets on loopback, no telephony at all."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cti.ami.client import AmiClient
from cti.ami.encoder import encode_event, encode_greeting, encode_response
from cti.ami.messages import AmiAction, AmiEvent, event, response
from cti.ami.protocol import ActionDecoder
from tests.eventually import eventually

SECRET = "secret"
CHALLENGE = "130043904"
GREETING = encode_greeting("11.0.0")

Script = Callable[["Connection", AmiAction], None]


class Connection(asyncio.Protocol):
    """One client. `say` writes raw bytes, `answer` a response with the action's id."""

    def __init__(self, server: "ScriptedAsterisk"):
        self.server = server
        self.decoder = ActionDecoder()
        self.is_open = False

    def connection_made(self, transport):
        self.transport = transport
        self.is_open = True
        self.server.connections.append(self)
        self.say(self.server.greeting)

    def connection_lost(self, exc):
        self.is_open = False

    def data_received(self, data):
        self.server.received += data
        self.server.segments += 1
        for order in self.decoder.feed(data):
            self.server.orders.append(order)
            if not self.server.is_frozen:
                self.server.scripts.get(order.name, carried_out)(self, order)

    def say(self, data: bytes):
        self.transport.write(data)

    def answer(self, order: AmiAction, success=True, message="", **headers):
        ids = (("ActionID", order.action_id),)
        self.say(encode_response(response(success, message, *ids, **headers)))

    def tell(self, name: str, *pairs, **headers):
        self.say(encode_event(event(name, *pairs, **headers)))


def carried_out(connection, order):
    connection.answer(order, message="done")


def challenge(connection, order):
    connection.answer(order, Challenge=CHALLENGE)


def login(connection, order):
    secret = connection.server.secret
    key = hashlib.md5(f"{CHALLENGE}{secret}".encode(), usedforsecurity=False).hexdigest()
    if order.get("Secret") != secret and order.get("Key") != key:
        connection.answer(order, False, "Authentication failed")
        connection.transport.close()
        return
    connection.answer(order, message="Authentication accepted")
    if connection.server.is_booted:
        connection.tell("FullyBooted", Status="Fully Booted")


def pong(connection, order):
    connection.answer(order, Ping="Pong")


def ignored(connection, order):
    pass


class ScriptedAsterisk:
    """Answers Challenge, Login and Ping as Asterisk does, all else with Success, until told
    otherwise.
    """

    def __init__(self, secret=SECRET):
        self.secret = secret
        self.greeting = GREETING
        self.is_booted = True
        self.is_frozen = False  # reads, but says nothing
        self.scripts: dict[str, Script] = {"Challenge": challenge, "Login": login, "Ping": pong}
        self.connections: list[Connection] = []
        self.orders: list[AmiAction] = []
        self.received = b""
        self.segments = 0
        self.port = 0
        self.server = None

    async def start(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        """As a crash: the port closes and every connection is reset."""
        self.server.close()
        for connection in self.connections:
            connection.transport.abort()
        await eventually(lambda: not any(each.is_open for each in self.connections))
        await self.server.wait_closed()

    @property
    def line(self) -> Connection:
        """The latest connection."""
        return self.connections[-1]

    def named(self, name) -> list[AmiAction]:
        """Actions of that name that came in, over all connections."""
        return [order for order in self.orders if order.name == name]


@dataclass
class Heard:
    """What a client told its listener, in order."""

    events: list[AmiEvent] = field(default_factory=list)
    ups: int = 0
    downs: list[str] = field(default_factory=list)

    def hear(self, event):
        if event.name != "FullyBooted":  # part of each login: of interest to few tests
            self.events.append(event)

    def up(self):
        self.ups += 1

    @property
    def names(self):
        return [each.name for each in self.events]


@dataclass
class Link:
    """Both ends, and what was heard."""

    server: ScriptedAsterisk
    client: AmiClient
    heard: Heard


@asynccontextmanager
async def asterisk(**settings):
    """A scripted Asterisk, stopped afterwards."""
    server = ScriptedAsterisk(**settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def client_of(server, *, is_waited_for=True, on_event=None, **settings):
    """A started client with short times, and what it hears; closed afterwards."""
    heard = Heard()
    defaults = {
        "wanted": None,
        "on_event": on_event or heard.hear,
        "on_up": heard.up,
        "on_down": heard.downs.append,
        "run": "run",
        "retry_us": lambda state, failures: 5_000,
    }
    client = AmiClient("a1", "127.0.0.1", server.port, "cti", SECRET, **{**defaults, **settings})
    client.start()
    try:
        if is_waited_for:
            # The first ping goes out with the login: once it is answered, the line is at rest.
            await eventually(lambda: client.is_up and client.counters.ping_rtt_us)
        yield Link(server, client, heard)
    finally:
        if client.state != "stopped":
            await client.close()


@asynccontextmanager
async def linked(**settings):
    """Both ends, logged in."""
    async with asterisk() as server, client_of(server, **settings) as link:
        yield link
