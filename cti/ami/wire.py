"""One TCP connection to an Asterisk: bytes to messages, writes joined. Knows nothing of logins or
actions.

A client has a new one for each attempt, so whatever an old connection still reports can be told
apart.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

from cti.ami.protocol import AmiMessage, MessageDecoder

UNSENT_LIMIT_S: Final = 3.0
"""What has not reached the other host after so long is dropped with its connection, by the kernel:
TCP would go on trying for a quarter of an hour, and an order would come that nobody wants any more
(`cti.gateway.claim` builds on it)."""

_USER_TIMEOUT: Final = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing drops what is unsent (socket(7))


class AmiWire(asyncio.Protocol):
    """
    The protocol object of one connection.

    `on_messages` gets the messages of one segment, `on_lost` the reason when the connection has
    ended by any way but `abort`.
    """

    def __init__(
        self,
        decoder: MessageDecoder,
        *,
        on_made: Callable[["AmiWire"], None],
        on_messages: Callable[["AmiWire", list[AmiMessage]], None],
        on_lost: Callable[["AmiWire", str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._decoder = decoder
        self._on_made = on_made
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._outbox: list[bytes] = []
        self._closed = self._loop.create_future()
        self.heard_at_s = self._loop.time()  # when the last byte came, loop time
        self.answered_at_s = self.heard_at_s  # when the last answer came
        self.is_congested = False  # the peer does not read; what is written only piles up

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set up by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # An order is one small segment that must not wait for the acknowledgement of the last.
            # asyncio does this already; it is too important to leave to a default.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if _USER_TIMEOUT is not None:
                    limit_ms = round(UNSENT_LIMIT_S * 1000)
                    sock.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, limit_ms)
        self.heard_at_s = self.answered_at_s = self._loop.time()
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        """Feed and hand on."""
        self.heard_at_s = self._loop.time()
        messages = self._decoder.feed(data)
        self._on_messages(self, messages)

    def pause_writing(self) -> None:
        """Write buffer full: asyncio's high-water mark, 64 KiB."""
        self.is_congested = True

    def resume_writing(self) -> None:
        """Write buffer drained."""
        self.is_congested = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Ended: by the peer, by an error, or by `close` and `abort`."""
        self._outbox.clear()
        self._transport = None
        if not self._closed.done():
            self._closed.set_result(None)
        self._on_lost(self, "closed by Asterisk" if exc is None else f"broken: {exc}")

    # -- for the client

    def take_skipped_count(self) -> int:
        """Events that the decoder passed over since the last time."""
        count, self._decoder.skipped = self._decoder.skipped, 0
        return count

    def write(self, data: bytes) -> None:
        """Send; what is written in one turn of the loop leaves in one system call."""
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(data)

    def _flush(self) -> None:
        if self._outbox and self._transport is not None:
            self._transport.write(b"".join(self._outbox))
            self._outbox.clear()

    def abort(self) -> None:
        """Drop the connection at once, whatever is unsent, here and in the kernel."""
        self._outbox.clear()
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()

    async def close(self, limit_s: float) -> None:
        """Send what is unsent, then end; drop it if that takes longer than the limit."""
        self._flush()
        if self._transport is not None:
            self._transport.close()
            await asyncio.wait([self._closed], timeout=limit_s)
            if not self._closed.done():
                self.abort()
                await asyncio.wait([self._closed], timeout=limit_s)
