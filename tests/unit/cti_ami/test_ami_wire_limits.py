"""What is in the wire when we give a connection up must not arrive later (`cti.gateway.claim`)."""

import asyncio
import socket

import pytest

from cti.ami.protocol import MessageDecoder
from cti.ami.wire import UNSENT_LIMIT_S, AmiWire
from tests.eventually import eventually


async def connected(server_socket):
    """One wire to a peer that does not read; the wire and the peer's end."""
    loop = asyncio.get_running_loop()
    made = loop.create_future()

    def wire():
        return AmiWire(
            MessageDecoder(),
            on_made=made.set_result, on_messages=lambda *_: None, on_lost=lambda *_: None,
        )  # fmt: skip

    await loop.create_connection(wire, *server_socket.getsockname())
    peer, _ = server_socket.accept()
    return await made, peer


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


async def test_the_kernel_gives_up_what_nobody_acknowledges(listening):
    wire, peer = await connected(listening)
    sock = wire._transport.get_extra_info("socket")
    limit_ms = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit_ms == UNSENT_LIMIT_S * 1000
    wire.abort()
    peer.close()


async def test_a_connection_that_is_dropped_drops_what_is_unsent(listening):
    """A reset, not an end behind the rest of the data."""
    wire, peer = await connected(listening)
    wire.abort()
    await eventually(wire._closed.done)
    peer.settimeout(5)
    with peer, pytest.raises(ConnectionResetError):
        peer.recv(1)
