"""A centre with some people in it, on any store, with a clock that a test turns."""

from dataclasses import dataclass, field

from aiohttp.test_utils import TestClient, TestServer

from centre.accounts.model import Account, Because, Grant, GrantIn, SignIn
from centre.accounts.rows import ACCOUNTS, GRANTS
from centre.app import Centre
from centre.contracts.rights import Principal
from centre.people.model import Person, Team
from centre.people.rows import PEOPLE as PEOPLE_TABLE
from centre.people.rows import TEAMS as TEAMS_TABLE
from centre.store.engine import Store
from centre.store.history import By
from centre.store.rows import add
from centre.web.guard import Guard
from centre.web.server import make_app
from cti.routes.declare import Asked

START_US = 1_796_000_000_000_000
PASSWORD = "tian-di-xuan-huang"
DESK = "10.1.0.1"

# {agent ID: (team, employer, role, scope)}
PEOPLE = {
    "9001": ("", "own", "administrator", "all"),
    "9002": ("", "own", "security", "all"),
    "9003": ("", "own", "auditor", "all"),
    "8001": ("loans", "own", "agent", "self"),
    "8002": ("loans", "own", "leader", "team:loans"),
    "8003": ("cards", "helpers", "agent", "self"),
}
TEAMS = {"loans": "retail", "cards": "retail"}


def operator() -> Asked[Principal]:
    return Asked(Principal(name="os:test", source="console", operator=True))


@dataclass
class House:
    store: Store
    now_us: int = START_US
    origin: str = ""
    proxies: tuple[str, ...] = ()
    centre: Centre = field(init=False)
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.centre = Centre(self.store, now_us=lambda: self.now_us)

    async def open(self) -> None:
        guard = Guard(self.centre.sessions, self.origin, self.proxies)
        self.client = TestClient(TestServer(make_app(self.centre.routes, guard)))
        await self.client.start_server()

    async def close(self) -> None:
        await self.client.close()
        self.centre.close()

    async def fill(self) -> None:
        """Everybody, with `PASSWORD`, in one transaction."""
        by, hashed = By(who="os:test", at_us=START_US), await self.centre.hashing.make(PASSWORD)
        async with self.store.write() as connection:
            for code, unit in TEAMS.items():
                await add(connection, TEAMS_TABLE, Team(code=code, name=code, unit=unit), by)
            for agent_id, (team, employer, role, scope) in PEOPLE.items():
                name = f"n{agent_id}"
                person = Person(agent_id=agent_id, name=name, team=team or None, employer=employer)
                await add(connection, PEOPLE_TABLE, person, by)
                account = Account(person_id=person.id, password_hash=hashed, must_change=False)
                await add(connection, ACCOUNTS, account, by)
                await add(
                    connection, GRANTS, Grant(person_id=person.id, role=role, scope=scope), by
                )

    async def grant(self, agent_id, role, scope, asked=None):
        given = GrantIn(role=role, scope=scope, reason="test")
        return await self.centre.accounts.grant(asked or operator(), agent_id, given)

    async def one_time(self, agent_id) -> str:
        accounts = self.centre.accounts
        return (await accounts.reset(operator(), agent_id, Because(reason="test"))).password

    async def sign_in(self, agent_id, password=PASSWORD, source=DESK, **more):
        given = SignIn(agent_id=agent_id, password=password, **more)
        return await self.centre.sessions.sign_in(given, source)

    async def asks(self, method, path, token="", **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        async with self.client.request(method, path, headers=headers, **more) as answer:
            body = await answer.json(content_type=None) if await answer.read() else None
            return answer.status, body, answer.headers
