"""The server under good clients and bad: each test ends with a call that is served well.

The bad ones are those that stopped or confused other servers (panoramisk.fast_agi above all).
"""

import asyncio
import socket
from ipaddress import ip_network

import pytest

from cti.agi.messages import AgiCommand, set_variable
from cti.agi.protocol import encode_request
from tests.eventually import eventually, time_passes
from tests.worlds.agi.scripted_dialplan import (
    HEADERS,
    LOOPBACK,
    REQUEST,
    calling,
    serving,
    whole_call,
)

WAIT = b'SET VARIABLE CTI_NEXT "wait*1*20*"\n'


async def test_a_call_is_answered_and_closed():
    async with serving() as served:
        assert await whole_call(served) == WAIT
        (request,) = served.requests
        assert (request.script, request.uniqueid, request.args) == ("arrive", "17.1", ("TOKEN",))
        await eventually(lambda: served.done == [("arrive", True)])
        await eventually(lambda: served.server.open_count == 0)
        assert served.server.counters.completed == 1


async def test_commands_go_out_one_after_the_other():
    def answer(request):
        return [set_variable("A", "1"), set_variable("B", "2"), set_variable("C", "3")]

    async with serving(answer) as served, calling(served) as caller:
        caller.say(REQUEST)
        for name in b"ABC":
            assert (await caller.line()).startswith(b"SET VARIABLE %c " % name)
            await asyncio.sleep(0)
            assert not caller.reader._buffer
            caller.say(b"200 result=1\n")
        assert await caller.line() == b""
        await eventually(lambda: served.done == [("arrive", True)])


async def test_no_command_is_an_answer_too():
    async with serving(lambda request: []) as served, calling(served) as caller:
        caller.say(REQUEST)
        assert await caller.all() == b""
        await eventually(lambda: served.done == [("arrive", True)])


async def test_a_query_is_not_part_of_the_path():
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST.replace(b"script: arrive", b"script: arrive?queue=sales"))
        await caller.line()
        assert served.requests[0].script == "arrive"


async def test_connect_and_close_hurts_nobody():
    """A health check: it froze panoramisk's whole process for ever."""
    async with serving() as served:
        for _ in range(20):
            async with calling(served):
                pass
        await eventually(lambda: served.server.counters.abandoned == 20)
        assert await whole_call(served) == WAIT
        assert not served.requests[1:]


async def test_half_a_request_is_given_up():
    async with serving(header_timeout_s=0.03) as served, calling(served) as caller:
        caller.say(REQUEST[:50])
        assert await caller.all() == b""
        assert served.server.counters.timeouts == 1
        assert not served.requests
        assert await whole_call(served) == WAIT


async def test_a_request_that_drips_is_given_up_too():
    """The limit is for the whole request, not for each byte of it."""
    async with serving(header_timeout_s=0.05) as served, calling(served) as caller:
        for byte in REQUEST[:-1]:
            if served.server.counters.timeouts:
                break
            caller.say(bytes([byte]))
            await time_passes(0.002)
        assert served.server.counters.timeouts == 1


@pytest.mark.parametrize(
    "flood",
    [
        b"x" * 200_000,
        b"\xff" * 200_000,
        b"agi_x: " + b"x" * 200_000 + b"\n\n",
        b"".join(b"agi_%d: x\n" % n for n in range(5000)) + b"\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
    ],
)
async def test_what_is_no_request_costs_its_connection(flood):
    async with serving() as served:
        async with calling(served) as caller:
            caller.say(flood)
            assert await caller.all() == b""
        await eventually(lambda: served.server.counters.protocol_errors == 1)
        assert not served.requests
        assert await whole_call(served) == WAIT


async def test_a_hangup_during_a_command():
    async with serving() as served:
        async with calling(served) as caller:
            caller.say(REQUEST)
            await caller.line()
            caller.say(b"HANGUP\n")
            assert await caller.all() == b""
        assert served.done == [("arrive", False)]
        assert served.server.counters.hangups == 1
        assert await whole_call(served) == WAIT


async def test_a_connection_lost_during_a_command():
    async with serving() as served:
        async with calling(served) as caller:
            caller.say(REQUEST)
            await caller.line()
        await eventually(lambda: served.done == [("arrive", False)])
        assert served.server.counters.hangups == 1


async def test_a_caller_who_is_gone_before_the_question_is_not_routed():
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST + b"HANGUP\n")
        assert await caller.all() == b""
        assert not served.requests
        assert served.server.counters.hangups == 1


async def test_a_hangup_with_the_last_reply_is_a_complete_answer():
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        caller.say(b"200 result=1\nHANGUP\n")
        assert await caller.all() == b""
        assert served.done == [("arrive", True)]


async def test_a_hangup_with_an_earlier_reply_stops_the_rest():
    def answer(request):
        return [set_variable("A", "1"), set_variable("B", "2")]

    async with serving(answer) as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        caller.say(b"200 result=1\nHANGUP\n")
        assert await caller.all() == b""
        assert served.done == [("arrive", False)]


async def test_a_gbk_name():
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST.replace(b"unknown", "张伟".encode("gbk")))
        await caller.line()
        assert served.requests[0].calleridname == "张伟"


@pytest.mark.parametrize(
    "reply",
    [
        b"510 Invalid or unknown command\n",
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: X\n520 End of proper usage.\n",
    ],
)
async def test_a_command_that_is_refused_ends_the_conversation(reply):
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        caller.say(reply)
        assert await caller.all() == b""
        assert served.done == [("arrive", False)]
        assert served.server.counters.refused_commands == 1


@pytest.mark.parametrize("reply", [b"what?\n", b"200 result=1\n200 result=1\n"])
async def test_a_reply_that_is_none_ends_the_conversation(reply):
    def answer(request):
        return [set_variable("A", "1"), set_variable("B", "2")]

    async with serving(answer) as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        caller.say(reply)
        await caller.all()
        assert served.done == [("arrive", False)]
        assert served.server.counters.protocol_errors == 1


async def test_a_reply_that_does_not_come_is_given_up():
    async with serving(reply_timeout_s=0.03) as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        assert await caller.all() == b""
        assert served.done == [("arrive", False)]
        assert served.server.counters.timeouts == 1


async def test_a_handler_that_raises_sets_nothing(caplog):
    def answer(request):
        raise RuntimeError("of the handler")

    async with serving(answer) as served, calling(served) as caller:
        caller.say(REQUEST)
        assert await caller.all() == b""
        assert served.done == [("arrive", False)]
        assert served.server.counters.handler_errors == 1


async def test_a_command_that_cannot_be_written_sets_nothing_at_all():
    """Not even the commands before it: an answer is there whole or not at all."""

    def answer(request):
        return [set_variable("A", "1"), AgiCommand(("SET", "VARIABLE", "B", "x\ny"))]

    async with serving(answer) as served, calling(served) as caller:
        caller.say(REQUEST)
        assert await caller.all() == b""
        assert served.server.counters.handler_errors == 1


async def test_an_on_done_that_raises_costs_nothing():
    def fail(request, is_complete):
        raise RuntimeError("of the listener")

    async with serving(on_done=fail) as served:
        assert await whole_call(served) == WAIT
        await eventually(lambda: served.server.counters.handler_errors == 1)
        assert await whole_call(served) == WAIT


async def test_on_done_may_be_left_out():
    async with serving(on_done=None) as served:
        assert await whole_call(served) == WAIT


@pytest.mark.parametrize("allowed", [(), (ip_network("10.0.0.0/8"), ip_network("::1/128"))])
async def test_a_stranger_is_closed_at_once(allowed):
    async with serving(allowed=allowed) as served, calling(served) as caller:
        caller.say(REQUEST)
        assert await caller.all() == b""
        assert served.server.counters.refused_peers == 1
        assert not served.requests


@pytest.mark.parametrize(
    ("peer", "is_allowed"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::1", True),
        ("10.1.1.1", False),
        ("", False),
    ],
)
async def test_addresses(peer, is_allowed):
    async with serving() as served:
        assert served.server._is_allowed(peer) is is_allowed


async def test_more_connections_than_allowed_are_closed():
    async with serving(max_connections=2) as served:
        async with calling(served) as first, calling(served):
            first.say(REQUEST)
            await first.line()
            await eventually(lambda: served.server.open_count == 2)
            async with calling(served) as third:
                assert await third.all() == b""
            assert served.server.counters.refused_full == 1
        await eventually(lambda: served.server.open_count == 0)
        assert await whole_call(served) == WAIT


async def test_close_drops_what_is_open():
    async with serving() as served, calling(served) as caller:
        caller.say(REQUEST)
        await caller.line()
        await served.server.close()
        assert await caller.all() == b""
        assert served.done == [("arrive", False)]
        await served.server.close()
        with pytest.raises(OSError):  # noqa: PT011  # which one depends on the system
            await asyncio.open_connection("127.0.0.1", served.server.port or 1)


async def test_a_port_that_is_taken():
    async with serving() as served:
        other = type(served.server)(
            "127.0.0.1", served.server.port, allowed=LOOPBACK, handler=served.handle
        )
        assert other.port == served.server.port
        with pytest.raises(OSError, match="address already in use"):
            await other.start()


async def test_many_at_once_each_get_their_own_answer():
    def answer(request):
        return [set_variable("CTI_NEXT", request.uniqueid)]

    async def call(served, number):
        async with calling(served) as caller:
            headers = [
                (key, f"{number}.1" if key == "agi_uniqueid" else value) for key, value in HEADERS
            ]
            caller.say(encode_request(headers))
            assert await caller.line() == b"SET VARIABLE CTI_NEXT %d.1\n" % number
            caller.say(b"200 result=1\n")
            assert await caller.all() == b""

    async with serving(answer) as served:
        await asyncio.gather(*(call(served, number) for number in range(100)))
        assert served.server.counters.completed == 100


async def test_a_peer_that_resets_the_connection():
    async with serving() as served:
        with socket.create_connection(("127.0.0.1", served.server.port)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.send(REQUEST[:30])
            await eventually(lambda: served.server.open_count)
        await eventually(lambda: served.server.counters.abandoned == 1)
        assert await whole_call(served) == WAIT
