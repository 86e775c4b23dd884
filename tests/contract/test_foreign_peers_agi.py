"""AGI as other people read it: their servers against whoever plays Asterisk with our codec, a real
Asterisk's recorded words against our session, and our server against bytes that no code of ours has
written.
"""

import asyncio
import io
from ipaddress import ip_network
from pathlib import Path

import pytest
from asterisk import agi as pyst2
from panoramisk import fast_agi

from cti.agi.messages import AgiCommand, AgiHangup, AgiReply, set_variable
from cti.agi.protocol import (
    AgiSession,
    CommandDecoder,
    encode_command,
    encode_reply,
    encode_request,
)
from cti.agi.server import AgiServer

pytestmark = pytest.mark.room("agi")

CONVERSATION = Path("tests/transcripts/agi_conversation.raw").read_bytes()
HEADERS = [
    ("agi_network", "yes"),
    ("agi_network_script", "arrive"),
    ("agi_channel", "PJSIP/trunk-1"),
    ("agi_uniqueid", "17.1"),
    ("agi_calleridname", "张伟"),
    ("agi_arg_1", "TOKEN"),
]


# -- a real Asterisk's words


def test_the_recorded_request():
    request_bytes, end, replies = CONVERSATION.partition(b"\n\n")
    session = AgiSession()
    (request,) = session.feed(request_bytes + end)
    assert request.script == "arrive"
    assert request.channel == "Local/labraw@from-trunk-00000000;2"
    assert request.uniqueid == "1795298011.1"
    assert request.calleridname == r'Bob "x" \\ y'
    assert request.args == ("TOKEN", "sales", "", "last one")
    assert len(request.headers) == 26
    assert replies


def test_the_recorded_replies():
    session = AgiSession()
    session.feed(CONVERSATION.partition(b"\n\n")[0] + b"\n\n")
    said = []
    for line in CONVERSATION.partition(b"\n\n")[2].splitlines(keepends=True):
        if session.state == "ready" and line != b"HANGUP\n":
            session.command_sent()
        said += session.feed(line)
    assert said == [
        AgiReply(200, "0"),
        AgiReply(510, data="Invalid or unknown command"),
        AgiReply(
            520,
            data="End of proper usage.",
            usage=("Sets a variable to the current channel.",),
        ),
        AgiReply(200, "1"),
        AgiReply(200, "1", r'(b "c" \ d)'),
        AgiReply(200, "0"),
        AgiReply(200, "-1"),
        AgiHangup(),
    ]


def test_a_real_asterisk_read_our_quoting_as_it_was_meant():
    """It was sent this line, and ``GET VARIABLE`` gave the value back: see the fifth reply."""
    command = set_variable("A", r'b "c" \ d')
    assert encode_command(command) == b'SET VARIABLE A "b \\"c\\" \\\\ d"\n'
    assert CommandDecoder().feed(encode_command(command)) == [command]


# -- our server, asked in bytes written by hand


async def test_our_server_in_plain_bytes():
    server = AgiServer(
        "127.0.0.1",
        0,
        allowed=[ip_network("127.0.0.1/32")],
        handler=lambda request: [set_variable("CTI_NEXT", f"wait*1*20*{request.args[1]}")],
    )
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(CONVERSATION.partition(b"\n\n")[0] + b"\n\n")
    assert await reader.readline() == b'SET VARIABLE CTI_NEXT "wait*1*20*sales"\n'
    writer.write(b"200 result=1\n")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await server.close()


# -- servers of others, asked by our codec in the place of Asterisk


async def test_panoramisk_serves_a_call_of_ours():
    heard = []

    async def arrive(request):
        heard.append(request.headers)
        heard.append(await request.send_command('SET VARIABLE CTI_NEXT "a \\"b\\" c"'))
        heard.append(await request.send_command("NONSENSE"))

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("arrive", arrive)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    decoder = CommandDecoder()
    writer.write(encode_request(HEADERS))
    assert decoder.feed(await reader.readline()) == [set_variable("CTI_NEXT", 'a "b" c')]
    writer.write(encode_reply(AgiReply(200, "1")))
    assert decoder.feed(await reader.readline()) == [AgiCommand(("NONSENSE",))]
    writer.write(encode_reply(AgiReply(510, data="Invalid or unknown command")))
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    headers, first, second = heard
    assert dict(headers) == dict(HEADERS)
    assert (first["status_code"], first["result"]) == (200, ("1", ""))
    assert second["status_code"] == 510


def test_pyst2_serves_a_call_of_ours(monkeypatch):
    monkeypatch.setattr(pyst2.signal, "signal", lambda number, handler: None)
    said = encode_request(HEADERS) + b"".join(
        map(encode_reply, [AgiReply(200, "1"), AgiReply(200, "1", "(a value)")])
    )
    written = io.StringIO()
    agi = pyst2.AGI(io.StringIO(said.decode()), written, io.StringIO())
    assert agi.env == dict(HEADERS)
    agi.set_variable("CTI_NEXT", "wait*1*20*")
    assert agi.get_variable("CTI_NEXT") == "a value"
    assert CommandDecoder().feed(written.getvalue().encode()) == [
        set_variable("CTI_NEXT", "wait*1*20*"),
        AgiCommand(("GET", "VARIABLE", "CTI_NEXT")),
    ]
