"""A wire between router and Asterisk that can be cut: a TCP proxy on the loopback interface."""

import asyncio
import contextlib


class Wire:
    """Forwards `port` to `target_port`. `cut` breaks all connections and drops new ones at once
    until `mend`, which is how a network fails. A dead process refuses them: `refuse`, until the
    next `start`.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.is_cut = False
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.is_cut = True
        await self.refuse()

    async def refuse(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.close()
            self._drop()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        self.is_cut = True
        self._drop()

    def _drop(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut = False

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= both
            for each in both:
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
