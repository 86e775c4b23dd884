"""Whoever connects to an AGI server, a call or something else: raw bytes over loopback."""

import asyncio
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network

from cti.agi.messages import set_variable
from cti.agi.protocol import encode_request
from cti.agi.server import AgiServer

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
HEADERS = [
    ("agi_network", "yes"),
    ("agi_network_script", "arrive"),
    ("agi_channel", "PJSIP/trunk-1"),
    ("agi_uniqueid", "17.1"),
    ("agi_callerid", "1380"),
    ("agi_calleridname", "unknown"),
    ("agi_dnid", "95588"),
    ("agi_arg_1", "TOKEN"),
]
REQUEST = encode_request(HEADERS)


class Served:
    """A server and what its handler and `on_done` saw."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.done = []

    def handle(self, request):
        self.requests.append(request)
        return self.answer(request)

    def note(self, request, is_complete):
        self.done.append((request.script, is_complete))


def one_answer(request):
    return [set_variable("CTI_NEXT", "wait*1*20*")]


@asynccontextmanager
async def serving(answer=one_answer, **settings):
    """A started server, closed afterwards."""
    served = Served(answer)
    defaults = {"allowed": LOOPBACK, "handler": served.handle, "on_done": served.note}
    served.server = AgiServer("127.0.0.1", 0, **{**defaults, **settings})
    await served.server.start()
    try:
        yield served
    finally:
        await served.server.close()


class Caller:
    """One connection, from the side that connects."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    def say(self, data: bytes):
        self.writer.write(data)

    async def line(self) -> bytes:
        """The next line; empty when the server has closed."""
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                return await self.reader.readline()
        return b""

    async def all(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""


@asynccontextmanager
async def calling(served):
    """A connection to the server, gone afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def whole_call(served, name=None):
    """A well-behaved call; gives the command that it got."""
    async with calling(served) as caller:
        caller.say(REQUEST)
        command = await caller.line()
        caller.say(b"200 result=1\n")
        assert await caller.all() == b""
        return command
