"""Opens and closes the two servers: the control socket and the port for metrics and probes."""

import asyncio

from aiohttp import web

from cti.api.sockets import ControlSocket

SHUTDOWN_S = 1.0
"""How long an answer in progress may take at stop; all of them are made in milliseconds."""


PROBES_AT_ONCE = 64
"""Some scrapers and supervisors, one connection each. The port has no password and aiohttp no limit
of time for a request that does not come: without this, whoever reaches it could take all our files.
"""


class Doorman:
    """Makes protocols for a server; where there is no room the oldest connection goes."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most

    def __call__(self) -> asyncio.Protocol:
        """For one more connection."""
        here = self._server.connections
        if len(here) >= self._most:
            here[0].force_close()
        return self._server()


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
        self._open: list[asyncio.Server] = []

    async def start(self) -> None:
        """Open both. OSError when the port is taken; nothing is left open then."""
        try:
            loop = asyncio.get_running_loop()
            await self._probes.setup()
            self._open.append(
                await loop.create_server(
                    Doorman(_server_of(self._probes), PROBES_AT_ONCE), self._host, self._port
                )
            )
            await self._control.setup()
            # Not aiohttp's UnixSite: asyncio would remove a living daemon's socket without a word.
            self._open.append(
                await loop.create_unix_server(_server_of(self._control), sock=self._socket.sock)
            )
        except BaseException:
            await self.stop()
            raise

    @property
    def port(self) -> int:
        """The port that metrics are served on; where 0 was asked for, the one that was free."""
        return int(self._open[0].sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Finish the answers in progress and close. May be called twice."""
        for server in self._open:
            server.close()
        self._open.clear()
        await self._control.cleanup()
        await self._probes.cleanup()
        self._socket.close()


def _server_of(runner: web.AppRunner) -> web.Server:
    """A factory of protocols, once the runner is set up."""
    if runner.server is None:
        raise RuntimeError("not set up")
    return runner.server


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
