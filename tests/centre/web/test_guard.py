"""From where a request comes, and which page sent it."""

import ipaddress

import pytest
from aiohttp.test_utils import make_mocked_request

from centre.accounts.api import COOKIE as GIVEN
from centre.contracts.rights import Holding, Principal, Scope
from centre.web.guard import COOKIE, Guard, source_of
from cti.routes.declare import Asked, route, routes_of
from cti.routes.problem import ApiError
from tests.worlds.centre.house import DESK

PROXIES = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "::1/128")]


def request_of(method="GET", remote=DESK, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request(method, "/v1/x", {"Host": "desk", **named}).clone(remote=remote)


@pytest.mark.parametrize(
    ("remote", "said", "source"),
    [
        ("10.1.1.1", "192.0.2.7", "192.0.2.7"),
        ("10.1.1.1", "6.6.6.6, 192.0.2.7, 10.2.2.2", "192.0.2.7"),  # written by the sender: 6.6.6.6
        ("192.0.2.9", "6.6.6.6", "192.0.2.9"),  # not a proxy of ours
        ("10.1.1.1", "", "10.1.1.1"),
        ("10.1.1.1", "evil", "?"),
        ("::1", "2001:db8::5", "2001:db8::5"),
    ],
)
def test_only_our_proxies_are_believed(remote, said, source):
    assert source_of(request_of(remote=remote, X_Forwarded_For=said), PROXIES) == source


class Room:
    @route("POST", "/v1/x", needs="x")
    async def act(self, asked: Asked[Principal]) -> None:
        """Act."""

    @route("GET", "/v1/x", needs="x")
    async def look(self, asked: Asked[Principal]) -> None:
        """Look."""


class Known:
    must_change = False
    principal = Principal(name="8001", holdings=(Holding(frozenset({"x"}), Scope("all")),))


class Sessions:
    async def known(self, token, source):
        return Known() if token == "t" else None


ACT, LOOK = routes_of(Room())
SITE = "https://desk.bank.example"


@pytest.mark.parametrize(
    ("route_of", "headers", "answer"),
    [
        (LOOK, {"Cookie": "paidui=t"}, "8001"),
        (LOOK, {"Cookie": "paidui=t", "Origin": "https://evil.example"}, "8001"),  # cannot read it
        (ACT, {"Cookie": "paidui=t", "Origin": SITE}, "8001"),
        (ACT, {"Cookie": "paidui=t"}, "foreign-page"),
        (ACT, {"Cookie": "paidui=t", "Origin": "https://evil.example"}, "foreign-page"),
        (ACT, {"Cookie": "paidui=t", "Origin": "null"}, "foreign-page"),
        (ACT, {"Cookie": "paidui=t", "Origin": SITE + ".evil.example"}, "foreign-page"),
        (ACT, {"Authorization": "Bearer t"}, "8001"),
        (ACT, {"Authorization": "bearer  t"}, "8001"),
        (ACT, {"Authorization": "Bearer t", "Origin": "https://evil.example"}, "foreign-page"),
        (ACT, {"Authorization": "Bearer x", "Cookie": "paidui=t", "Origin": SITE}, "not-signed-in"),
        (ACT, {"Authorization": "Basic t"}, "not-signed-in"),
        (LOOK, {}, "not-signed-in"),
    ],
)
async def test_who_comes_in(route_of, headers, answer):
    guard = Guard(Sessions(), SITE, ())
    asked = request_of(route_of.declared.method, **headers)
    try:
        found = (await guard(asked, route_of)).name
    except ApiError as error:
        found = error.kind.name
    assert found == answer


def test_the_cookie_has_one_name():
    assert COOKIE == GIVEN
