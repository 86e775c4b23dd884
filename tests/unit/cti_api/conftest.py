import aiohttp
import pytest

from tests.worlds.api.router import Router


class Http:
    """A client of the control socket, and of the port for metrics."""

    def __init__(self, session, port):
        self._session = session
        self._port = port

    async def __call__(self, method, path, body=None, **options):
        """Status, media type and document of an answer."""
        url = f"http://cti/v1/{path}"
        async with self._session.request(method, url, json=body, **options) as answer:
            return answer.status, answer.content_type, await answer.json(content_type=None)

    async def get(self, path):
        status, _, document = await self("GET", path)
        assert status == 200, document
        return document

    async def post(self, path, body=None):
        status, _, document = await self("POST", path, body)
        assert status == 200, document
        return document

    async def refused(self, path, body=None):
        status, _, document = await self("POST", path, body)
        assert status == 409, document
        return document

    async def probe(self, path, method="GET", **headers):
        url = f"http://127.0.0.1:{self._port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers) as answer,
        ):
            return answer.status, answer.headers["Content-Type"], await answer.text()


@pytest.fixture
def router():
    return Router()


@pytest.fixture
async def http(router, tmp_path):
    servers = await router.serve(tmp_path / "cti.sock")
    connector = aiohttp.UnixConnector(str(tmp_path / "cti.sock"))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Http(session, servers.port)
    await servers.stop()
    await router.log.close()
