"""The simulated Asterisk over real sockets, met by the daemon's own client and AGI server."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cti.agi.messages import AgiCommand, AgiRequest, set_variable
from cti.agi.server import AgiServer
from cti.ami.client import AmiClient
from cti.ami.login import LoginState
from cti.ami.messages import AmiEvent, action
from simulators.loop_clock import LoopClock
from simulators.pbx.agi_client import AgiClient
from simulators.pbx.ami_server import AmiServer
from simulators.pbx.asterisk import OBSERVER, ROUTER, SimulatedAsterisk
from simulators.pbx.phones import Behaviour, Caller, CallReport, Ending, Phone
from simulators.pbx.questions import Question
from simulators.pbx.sessions import AmiUser
from tests.eventually import eventually

LOCAL = [ipaddress.ip_network("127.0.0.0/8")]


class Site:
    """One Asterisk and one router's borders, over loopback."""

    def __init__(self, handler: Callable[[AgiRequest], list[AgiCommand]]) -> None:
        self.agi = AgiServer(
            "127.0.0.1",
            0,
            allowed=LOCAL,
            handler=handler,
            on_done=lambda *done: self.done.append(done),
        )
        self.done: list[tuple[AgiRequest, bool]] = []
        self.clients: list[AmiClient] = []

    async def start(self) -> "Site":
        await self.agi.start()
        self.questions = AgiClient("127.0.0.1", self.agi.port)
        self.pbx = SimulatedAsterisk(LoopClock(), self.questions)
        self.ami = AmiServer(self.pbx)
        await self.ami.start()
        return self

    async def client(self, user: AmiUser = ROUTER, *, up: bool = True) -> "Client":
        client = Client(self.ami.port, user)
        self.clients.append(client.ami)
        if up:
            async with asyncio.timeout(5):
                await client.up.wait()
        return client

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        await self.ami.close()
        await self.questions.close()
        await self.agi.close()


class Client:
    def __init__(self, port: int, user: AmiUser) -> None:
        self.up, self.down = asyncio.Event(), asyncio.Event()
        self.events: list[AmiEvent] = []
        self.ami = AmiClient(
            "a1",
            "127.0.0.1",
            port,
            user.name,
            user.secret,
            wanted=None,
            on_event=self.events.append,
            on_up=self.up.set,
            on_down=lambda _why: self.down.set(),
            ping_s=0.1,
            dead_after_s=0.3,
        )
        self.ami.start()

    def heard(self) -> list[str]:
        """Names of events, but for the one that follows each login."""
        return [event.name for event in self.events if event.name != "FullyBooted"]


@asynccontextmanager
async def site(*answers: str) -> AsyncIterator[Site]:
    said = list(answers)

    def handler(_request: AgiRequest) -> list[AgiCommand]:
        return [set_variable("CTI_NEXT", said.pop(0) if len(said) > 1 else said[0])]

    made = await Site(handler).start()
    try:
        yield made
    finally:
        await made.close()


async def called(made: Site, caller: Caller) -> CallReport:
    ended: asyncio.Future[CallReport] = asyncio.get_running_loop().create_future()
    made.pbx.world.call(caller, ended.set_result)
    async with asyncio.timeout(10):
        return await ended


async def test_a_call_over_sockets_from_arrival_to_the_end():
    async with site("wait*7*1*", "deliver*7*2*3*busy", "deliver*7*3*5*8001", "wait*7*1*") as made:
        made.pbx.world.add_phones(
            [Phone("busy", Behaviour.BUSY), Phone("8001", answer_after_ms=50)]
        )
        client = await made.client()
        await client.ami.request(action("Setvar", Variable="CTI_EPOCH", Value="7"))
        report = await called(made, Caller("13800138000", "loans", name="王小明", talk_ms=100))
        assert report.ending is Ending.SERVED
        await eventually(lambda: client.heard().count("Hangup") == 3)
        assert client.heard() == [
            "Newchannel",
            "DialBegin",
            "HangupRequest",
            "DialEnd",
            "Hangup",
            "DialBegin",
            "DialEnd",
            "BridgeEnter",
            "BridgeEnter",
            "HangupRequest",
            "Hangup",
            "Hangup",
        ]
        assert [request.script for request, _ in made.done] == ["arrive", "again", "returned"]
        assert all(complete for _, complete in made.done)
        assert {request.calleridname for request, _ in made.done} == {"王小明"}


async def test_several_users_each_with_their_own_filter():
    async with site("leave*7*queueFull*") as made:
        router, observer = await made.client(), await made.client(OBSERVER)
        made.pbx.world.call(Caller("138", "loans", gives_up_after_ms=50))
        await eventually(lambda: "Hangup" in router.heard() and "Hangup" in observer.heard())
        assert router.heard() == ["Newchannel", "HangupRequest", "Hangup"]
        assert "Newchannel" in observer.heard()
        assert made.pbx.line_count == 2


async def test_a_wrong_password_is_refused():
    async with site("wait*7*1*") as made:
        client = await made.client(AmiUser("cti-router", "wrong"), up=False)
        async with asyncio.timeout(5):
            await eventually(lambda: client.ami.state is LoginState.REFUSED)


async def test_a_cut_and_a_restart_are_survived():
    async with site("wait*7*1*") as made:
        client = await made.client()
        for strike in (made.pbx.cut, lambda: made.pbx.restart(1_000_000)):
            client.up.clear()
            client.down.clear()
            strike()
            async with asyncio.timeout(10):
                await client.down.wait()
                await client.up.wait()


async def test_a_dead_asterisk_refuses_connections_and_comes_back_on_its_port():
    async with site("wait*7*1*") as made:
        port = made.ami.port
        made.pbx.kill()
        await eventually(lambda: not made.ami._closing)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        made.pbx.start()
        await made.client()
        assert made.ami.port == port


async def test_while_it_is_cut_off_connections_are_taken_and_dropped():
    async with site("wait*7*1*") as made:
        made.pbx.cut(200_000)
        reader, writer = await asyncio.open_connection("127.0.0.1", made.ami.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        await made.client()


async def test_a_half_open_connection_is_noticed_by_its_silence():
    async with site("wait*7*1*") as made:
        client = await made.client()
        made.ami.freeze()
        async with asyncio.timeout(5):
            await client.down.wait()
        client.up.clear()
        made.ami.thaw()
        async with asyncio.timeout(10):
            await client.up.wait()


async def test_rubbish_costs_an_error_and_not_the_server():
    async with site("wait*7*1*") as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.ami.port)
        assert await reader.readline() == b"Asterisk Call Manager/11.0.0\r\n"
        writer.write(b"\x00\xff nonsense\r\n\r\n" + b"x" * 5000 + b"\r\n\r\n")
        text = await reader.readuntil(b"\r\n\r\n")
        assert b"Response: Error" in text
        writer.close()
        await writer.wait_closed()
        await made.client()


async def test_logoff_reads_goodbye_on_the_wire():
    async with site("wait*7*1*") as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.ami.port)
        login = f"Action: Login\r\nUsername: {ROUTER.name}\r\nSecret: {ROUTER.secret}\r\n\r\n"
        writer.write(login.encode() + b"Action: Logoff\r\nActionID: 9\r\n\r\n")
        text = await reader.read()
        assert b"Response: Goodbye\r\nActionID: 9\r\n" in text
        writer.close()
        await writer.wait_closed()


async def test_without_a_router_the_caller_is_asked_for_again():
    async with site("wait*7*1*") as made:
        made.questions.port = 1  # nobody listens there
        channel = made.pbx.world.call(Caller("138", "loans", gives_up_after_ms=500))
        await eventually(lambda: channel.get("CTI_UNHEARD_S") == "2")
        assert channel.get("CTI_STAGE") == "arrive"
        await eventually(lambda: channel.gone)


async def serve_agi(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]):
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def test_the_agi_client_answers_as_asterisk_does():
    replies = []

    async def talk(reader, writer):
        for line in (
            b'SET VARIABLE CTI_NEXT "leave*7*refused*"\n',
            b"GET VARIABLE CTI_LINE_QUEUE\n",
            b"GET VARIABLE NOTHING\n",
            b"GET VARIABLE CTI_NEXT\n",
            b"VERBOSE hello 1\n",
            b"DANCE\n",
        ):
            writer.write(line)
            replies.append(await reader.readline())

    server = await serve_agi(talk)
    async with site("wait*7*1*") as made:
        made.questions.port = server.sockets[0].getsockname()[1]
        channel = made.pbx.world.call(Caller("138", "loans", gives_up_after_ms=400))
        await eventually(lambda: channel.get("CTI_CAUSE") == "refused")
        await eventually(lambda: channel.gone)
    server.close()
    await server.wait_closed()
    assert replies == [
        b"200 result=1\n",
        b"200 result=1 (loans)\n",
        b"200 result=0\n",
        b"200 result=1 (leave*7*refused*)\n",
        b"200 result=1\n",
        b"510 Invalid or unknown command\n",
    ]


async def test_a_caller_who_leaves_in_a_question_says_so_to_the_router():
    asked = asyncio.Event()
    heard = asyncio.get_running_loop().create_future()

    async def talk(reader, _writer):
        asked.set()
        heard.set_result(await reader.read())

    server = await serve_agi(talk)
    async with site("wait*7*1*") as made:
        made.questions.port = server.sockets[0].getsockname()[1]
        channel = made.pbx.world.call(Caller("138", "loans"))
        await asked.wait()
        made.pbx.world.clears(channel)
        assert await heard == b"HANGUP\n"
    server.close()
    await server.wait_closed()


async def test_a_question_that_is_called_off_at_once_does_not_hold_up_the_end():
    """Its task is cancelled before its first step, so nothing in it gets a word in."""
    heard = []
    client = AgiClient("127.0.0.1", 9)
    client.ask(Question("arrive", (), (), {}), heard.append).cancel()
    async with asyncio.timeout(5):
        await client.close()
    assert not client.open
    assert heard == []
