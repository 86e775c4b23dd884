"""The port where people's browsers and programs come in, from `start` to `stop`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from aiohttp import web

from centre.store.errors import StoreError
from centre.web.guard import Guard
from cti.api.servers import Doorman
from cti.routes.declare import PUBLIC, Route, route, routes_of
from cti.routes.document import openapi
from cti.routes.once import Once
from cti.routes.problem import UNAVAILABLE, ApiError
from cti.routes.serving import add_routes, application

log = logging.getLogger(__name__)

CONNECTIONS: Final = 4_000
"""A thousand desks with a few connections each; the oldest gives way."""

STOP_S: Final = 3.0
MAX_BYTES: Final = 64 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class About:
    """What the program says of itself."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [*routes_of(self), *routes]

    @property
    def routes(self) -> list[Route]:
        """All that there are."""
        return self._routes

    @route("GET", "/v1/openapi", needs=PUBLIC)
    async def openapi(self) -> dict[str, Any]:
        """The whole interface as an OpenAPI 3.1 document."""
        return document(self._routes)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    return openapi(
        routes,
        title="Paidui centre",
        version=version("paidui"),
        security={
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "paidui"},
        },
    )


def make_app(routes: Sequence[Route], guard: Guard) -> web.Application:
    """Every route behind the guard; a database that is away is 503, never a bug."""
    app = application(MAX_BYTES)
    app.middlewares.append(_store_away)
    add_routes(app, About(routes).routes, guard, Once(time.monotonic))
    return app


@web.middleware
async def _store_away(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except StoreError as error:
        kind = type(error).__name__.removeprefix("Store").removesuffix("Error").lower()
        log.error("the database is %s: %s", kind, error, extra={"path": request.path})
        raise ApiError(
            UNAVAILABLE, "the database does not do it now", code=f"store{kind.title()}", retry_s=2
        ) from error


class Server:
    """The port. `start` raises OSError when it is taken."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=STOP_S
        )
        self._at = (host, port)
        self._open: asyncio.Server | None = None

    async def start(self) -> None:
        """Open it."""
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("not set up")
        loop = asyncio.get_running_loop()
        make = Doorman(self._runner.server, CONNECTIONS)
        self._open = await loop.create_server(make, *self._at)

    @property
    def port(self) -> int:
        """Where 0 was asked for, the one that was free."""
        return 0 if self._open is None else int(self._open.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Finish the answers in progress and close. May be called twice."""
        if self._open is not None:
            self._open.close()
        self._open = None
        await self._runner.cleanup()
