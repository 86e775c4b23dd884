"""Who asks, and may they come in here: a bearer token or the cookie, the page it comes from, the
right that the route names. Whether they may do it to this very thing is the operation's question.

A browser sends the cookie whatever page asks, so what changes something has to come from our own
page: SameSite=Strict, and the Origin header, which a page cannot write (RFC 6454, 7.3). A program
that sends a bearer token has no such page.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final, Protocol

from aiohttp import hdrs, web

from centre.contracts.rights import Principal
from cti.routes.declare import PUBLIC, SIGNED_IN, Route
from cti.routes.problem import NOT_ALLOWED, NOT_SIGNED_IN, ApiError, Kind

FOREIGN_PAGE: Final = Kind("foreign-page", 403, "It comes from another page")
COOKIE: Final = "paidui"

BEFORE_THE_CHANGE: Final = frozenset({"me", "changePassword", "signOut"})
"""What somebody with a one-time password may do."""

_SAFE: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Known(Protocol):
    """Somebody who is signed in."""

    @property
    def principal(self) -> Principal:
        """With what they may do."""

    @property
    def must_change(self) -> bool:
        """Whether their password is a one-time one."""


class Sessions(Protocol):
    """What tells whose token it is."""

    async def known(self, token: str, source: str) -> Known | None:
        """Somebody who is signed in; None for a token that is worth nothing."""


class Guard:
    """`origin` "": our page is what the request names as its host. `proxies`: whose word for the
    sender's address counts.
    """

    def __init__(self, sessions: Sessions, origin: str, proxies: Sequence[str]) -> None:
        self._sessions = sessions
        self._origin = origin
        self._proxies = [ipaddress.ip_network(each) for each in proxies]

    async def __call__(self, request: web.Request, route: Route) -> Principal:
        """The principal. Raises ApiError."""
        source = source_of(request, self._proxies)
        token, by_cookie = _token(request)
        if request.method not in _SAFE:
            self._check_page(request, needed=by_cookie)
        needs = route.declared.needs
        if needs == PUBLIC:
            return Principal(name="", source=source)
        known = await self._sessions.known(token, source) if token else None
        if known is None:
            raise ApiError(NOT_SIGNED_IN)
        if known.must_change and route.name not in BEFORE_THE_CHANGE:
            told = "change the one-time password first"
            raise ApiError(NOT_ALLOWED, told, code="mustChangePassword")
        if needs != SIGNED_IN and not known.principal.scopes(needs):
            raise ApiError(NOT_ALLOWED, needs)
        return known.principal

    def _check_page(self, request: web.Request, *, needed: bool) -> None:
        said = request.headers.get(hdrs.ORIGIN)
        if said is None:
            if needed:
                raise ApiError(FOREIGN_PAGE, "a request with the cookie needs its Origin")
            return
        ours = self._origin or f"{request.scheme}://{request.host}"
        if said != ours:
            raise ApiError(FOREIGN_PAGE, f"only from {ours}" if self._origin else "")


def _token(request: web.Request) -> tuple[str, bool]:
    """What was sent, and whether a browser did it by itself."""
    kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()[:200], False
    return request.cookies.get(COOKIE, "")[:200], COOKIE in request.cookies


def source_of(request: web.Request, proxies: Sequence[Network]) -> str:
    """The address that a request is from. A proxy of ours says it; whoever else does is not
    believed, so the list is read from its end (X-Forwarded-For grows there).
    """
    at = request.remote or ""
    said = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
    while said and _is_in(at, proxies):
        at = said.pop() or at
    return at[:64] if _is_address(at) else "?"


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in each for each in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
