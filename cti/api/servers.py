"""Opens and closes the two servers: the control socket and the port for metrics and probes."""

import asyncio

from aiohttp import web

from cti.api.sockets import ControlSocket

SHUTDOWN_S = 1.0
"""How long an answer in progress may take at stop; all of them are made in milliseconds."""


class Servers:
    """From `start` on requests are answered; after `stop` both addresses are free again."""

    def __init__(
        self,
        control: web.Application,
        probes: web.Application,
        *,
        socket: ControlSocket,
        host: str,
        port: int,
    ) -> None:
        self._control = _runner(control)
        self._probes = _runner(probes)
        self._socket = socket
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open both. OSError when the port is taken; nothing is left open then."""
        try:
            await self._probes.setup()
            await web.TCPSite(self._probes, self._host, self._port).start()
            await self._control.setup()
            # Not aiohttp's UnixSite: asyncio would remove a living daemon's socket without a word.
            self._server = await asyncio.get_running_loop().create_unix_server(
                self._control.server,  # type: ignore[arg-type]  # it is a protocol factory
                sock=self._socket.sock,
            )
        except BaseException:
            await self.stop()
            raise

    @property
    def port(self) -> int:
        """The port that metrics are served on; where 0 was asked for, the one that was free."""
        return int(self._probes.addresses[0][1])

    async def stop(self) -> None:
        """Finish the answers in progress and close. May be called twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._control.cleanup()
        await self._probes.cleanup()
        self._socket.close()


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
