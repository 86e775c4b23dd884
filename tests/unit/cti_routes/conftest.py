import time

import aiohttp
import pytest
from aiohttp import web

from cti.routes.declare import routes_of
from cti.routes.once import Once
from cti.routes.serving import add_routes, application
from tests.worlds.routes.tickets import Room, guard


@pytest.fixture
def room():
    return Room()


@pytest.fixture
async def client(room):
    """A session whose paths lead to the program."""
    app = application(64 * 1024)
    add_routes(app, routes_of(room), guard, Once(time.monotonic))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        yield session
    await runner.cleanup()


@pytest.fixture
def address(client):
    """(host, port) of the program."""
    return client._base_url.host, client._base_url.port
