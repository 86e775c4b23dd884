"""Stores for the tests of the centre: each test that touches rows runs on both databases."""

from collections.abc import AsyncIterator, Iterator

import pytest

from centre.store.engine import Store
from tests.lab import tools
from tests.lab.postgres import POSTGRES, Postgres
from tests.worlds.centre.house import House
from tests.worlds.centre.stores import KINDS, Stores


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if tools.missing([POSTGRES]):
        pytest.skip(f"no {POSTGRES} here: `make tools`")
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def all_stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return Stores(tmp_path_factory.mktemp("stores"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def stores(
    kind: str, all_stores: Stores, request: pytest.FixtureRequest
) -> AsyncIterator[Stores]:
    if kind == "postgresql":
        all_stores.postgres = request.getfixturevalue("postgres")
    yield all_stores
    await all_stores.close()


@pytest.fixture
async def store(kind: str, stores: Stores) -> Store:
    """At our revision, without rows."""
    return await stores.ready(kind)


async def people(store: Store) -> None:
    house = House(store)
    await house.fill()
    house.centre.close()


@pytest.fixture
async def house(kind: str, stores: Stores) -> AsyncIterator[House]:
    """A centre with the people of `tests/worlds/centre/house.py`."""
    made = House(await stores.ready(kind, people))
    await made.open()
    yield made
    await made.close()
