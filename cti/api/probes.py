"""What is served on a TCP port to everyone who can reach it: metrics and probes, nothing else.

`/healthz` answers while the event loop turns; `/readyz` says 503 and why as long as calls cannot be
routed. No personal data, no orders.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec
from aiohttp import web

from cti.api.answers import Health
from cti.routes.serving import application
from cti.watch.check import Check
from cti.watch.metrics import Metrics


def probes_app(metrics: Metrics, health: Callable[[], Sequence[Check]]) -> web.Application:
    """An application with `/metrics`, `/healthz` and `/readyz`."""

    async def get_metrics(request: web.Request) -> web.Response:
        body, content_type = await metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def get_healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def get_readyz(_request: web.Request) -> web.Response:
        checks = tuple(health())
        found = Health(all(check.ok for check in checks), checks)
        return web.Response(
            status=HTTPStatus.OK if found.ok else HTTPStatus.SERVICE_UNAVAILABLE,
            body=msgspec.json.encode(found),
            content_type="application/json",
        )

    app = application(1024)
    app.router.add_get("/metrics", get_metrics)
    app.router.add_get("/healthz", get_healthz)
    app.router.add_get("/readyz", get_readyz)
    return app
