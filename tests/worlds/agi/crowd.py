"""Many who ask at once: sockets that are connected before anybody takes them."""

import asyncio
import select
import socket

from cti.agi.protocol import encode_request
from cti.agi.tokens import make_token

ANSWERED = b"200 result=1\n"


def connect_now(port: int) -> socket.socket:
    """Not waited for: on loopback the kernel connects at once, if its queue has room."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", port))
    return sock


def connected(socks: list[socket.socket]) -> int:
    """How many the kernel has taken; nothing is waited for."""
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLOUT)
    return sum(flags == select.POLLOUT for _, flags in poll.poll(0))


def proven(uniqueid: str, channel: str, secret: str) -> bytes:
    """A first question whose token is right, whether or not there is such a channel."""
    arguments = (make_token(secret, uniqueid), "loans", "", "", "")
    headers = [
        ("agi_network_script", "arrive"),
        ("agi_channel", channel),
        ("agi_uniqueid", uniqueid),
        *((f"agi_arg_{place}", value) for place, value in enumerate(arguments, 1)),
    ]
    return encode_request(headers)


async def ask(sock: socket.socket, request: bytes) -> bytes:
    """One conversation: the first command, which is then said to be done."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, request)
    command = await loop.sock_recv(sock, 1000)
    await loop.sock_sendall(sock, ANSWERED)
    assert await loop.sock_recv(sock, 1000) == b""
    return command


async def ask_all(port: int, requests: list[bytes]) -> list[bytes]:
    """The first commands of all conversations, begun in one instant."""
    socks = [connect_now(port) for _ in requests]
    try:
        taken = connected(socks)
        assert taken == len(socks), f"the kernel took {taken} of {len(socks)}"
        return await asyncio.gather(*map(ask, socks, requests))
    finally:
        for sock in socks:
            sock.close()
