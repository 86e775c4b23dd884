"""A simulated Asterisk's AMI over TCP: bytes to lines and back. All else is `asterisk.py`'s.

Several sessions at once. What a network does to a session can be done to it here: `freeze` makes a
connection half-open (nothing is read, nothing is written, nobody is told). While an Asterisk that
was `cut` off lasts, connections are taken and dropped; one that is dead refuses them, which is how
the two are told apart.
"""

import asyncio
import logging
import socket
from typing import cast

from cti.ami.encoder import encode_event, encode_greeting, encode_response
from cti.ami.errors import AmiProtocolError
from cti.ami.messages import AmiAction, AmiEvent, response
from cti.ami.protocol import ActionDecoder
from simulators.pbx.asterisk import SimulatedAsterisk
from simulators.pbx.line import Line
from simulators.pbx.sessions import GOODBYE, Message

log = logging.getLogger(__name__)

AMI_VERSION = "11.0.0"
# Asterisk drops a session that does not read: `writetimeout` of the router's user is 5 s. Here the
# measure is how much has piled up, since the simulation's own time may run otherwise.
MAX_UNREAD_BYTES = 4 * 1024 * 1024


class AmiServer:
    """Listens between `start` and `close` on `host` and `port` (0: any free one, see `port`)."""

    def __init__(self, asterisk: SimulatedAsterisk, host: str = "127.0.0.1", port: int = 0) -> None:
        self.asterisk = asterisk
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._opening: asyncio.Task[asyncio.Server] | None = None
        self._connections: dict[Connection, None] = {}
        self._is_frozen = False
        self._closing: dict[asyncio.Task[None], None] = {}
        asterisk.on_life = self._life_changed

    async def start(self) -> None:
        """Open the port. Raises `OSError` when it cannot be had."""
        self._listen()
        if self._opening is not None:
            await self._opening

    async def close(self) -> None:
        """Close the port and all connections."""
        self.asterisk.on_life = lambda: None
        await asyncio.gather(self._stop_listening(), *self._closing)
        open_now = tuple(self._connections)
        for connection in open_now:
            connection.abort()
        await asyncio.gather(*(connection.closed for connection in open_now))

    @property
    def port(self) -> int:
        """The port that is listened on, across restarts of the Asterisk."""
        return self._address[1]

    def freeze(self) -> None:
        """All connections become half-open; new ones are taken and not served."""
        self._set_frozen(is_frozen=True)

    def thaw(self) -> None:
        """The network is back; what was written meanwhile goes out."""
        self._set_frozen(is_frozen=False)

    def _set_frozen(self, *, is_frozen: bool) -> None:
        self._is_frozen = is_frozen
        for connection in tuple(self._connections):
            connection.set_frozen(is_frozen=is_frozen)

    # --- listening ----------------------------------------------------------------------------

    def _listen(self) -> None:
        """From here on the kernel takes connections, and the loop serves them in a moment."""
        host, port = self._address
        self._listener = listener = socket.create_server((host, port))
        self._address = (host, int(listener.getsockname()[1]))
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(
            loop.create_server(lambda: Connection(self), sock=listener)
        )

    def _life_changed(self) -> None:
        if self.asterisk.is_alive:
            if self._listener is None:
                self._listen()
        elif self._listener is not None:
            closing = asyncio.get_running_loop().create_task(self._stop_listening())
            self._closing[closing] = None
            closing.add_done_callback(self._closing.pop)

    async def _stop_listening(self) -> None:
        opening, self._opening = self._opening, None
        self._listener = None
        if opening is not None:
            server = await opening
            server.close()

    # --- for its connections ------------------------------------------------------------------

    def opened(self, connection: "Connection") -> Line | None:
        """A connection has come in; None when this Asterisk does not listen just now."""
        line = self.asterisk.connect(connection.send, connection.shut)
        if line is not None:
            self._connections[connection] = None
            connection.set_frozen(is_frozen=self._is_frozen)
        return line

    def closed(self, connection: "Connection") -> None:
        """A connection has gone."""
        self._connections.pop(connection, None)


class Connection(asyncio.Protocol):
    """One AMI client."""

    def __init__(self, server: AmiServer) -> None:
        self._server = server
        self._decoder = ActionDecoder()
        self._transport: asyncio.Transport | None = None
        self._line: Line | None = None
        self._is_frozen = False
        self._unsent: list[bytes] = []  # written while frozen
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, if Asterisk is there at all."""
        self._transport = cast("asyncio.Transport", transport)
        self._line = self._server.opened(self)
        if self._line is None:
            self._transport.abort()
        else:
            self._write(encode_greeting(AMI_VERSION))

    def data_received(self, data: bytes) -> None:
        """Actions have come in; what is none is answered as Asterisk does."""
        for said in self._decoder.feed(data):
            if self._line is None:
                return
            if isinstance(said, AmiProtocolError):
                self.send(response(False, "Missing action in request"))
            else:
                self._take(said, self._line)

    def _take(self, action: AmiAction, line: Line) -> None:
        try:
            line.said(action)
        except Exception:  # a defect of the simulator: seen in its log, not as a dead link
            log.exception("simulated asterisk: action %s failed", action.name)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Ended, by whichever side."""
        self._transport = None
        line, self._line = self._line, None
        if line is not None:
            line.cut()
        self._server.closed(self)
        if not self.closed.done():
            self.closed.set_result(None)

    # --- for the line and the server ----------------------------------------------------------

    def send(self, message: Message) -> None:
        """Put a message on the wire."""
        if isinstance(message, AmiEvent):
            self._write(encode_event(message))
        elif message.message == GOODBYE:
            self._write(encode_response(message).replace(b"Success", b"Goodbye", 1))
        else:
            self._write(encode_response(message))

    def shut(self) -> None:
        """Asterisk ends this connection; what is written goes out first."""
        self._line = None
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop it at once."""
        if self._transport is not None:
            self._transport.abort()

    def set_frozen(self, *, is_frozen: bool) -> None:
        """Neither read nor write, or go on with both."""
        self._is_frozen = is_frozen
        if self._transport is None:
            return
        if is_frozen:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
            unsent, self._unsent = self._unsent, []
            self._transport.writelines(unsent)

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            return
        if self._is_frozen:
            self._unsent.append(data)
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("simulated asterisk: an AMI user does not read, dropped")
            self._transport.abort()
