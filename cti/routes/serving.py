"""The thin part: routes for aiohttp. Nothing else of the kit knows a web server.

guard       who asks, and may they? (the program's own; before anything is read)
read        body within its bounds and in time; every wrong field at once
once        a repeated key gets the first answer
call        the handler
answer      JSON, or a problem document; never cached, never sniffed
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import msgspec
from aiohttp import hdrs, web

from cti.routes import problem as p
from cti.routes.declare import Asked, Route
from cti.routes.once import Answered, Once
from cti.routes.problem import ApiError
from cti.routes.reading import arguments

log = logging.getLogger(__name__)

BODY_S: Final = 10.0
"""A body of 64 kB takes less than a second on any line that is one."""

JSON: Final = "application/json"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_as_key = re.compile(r'"?([A-Za-z0-9._:-]{1,128})"?').fullmatch
_as_tag = re.compile(r'"([A-Za-z0-9._:-]{1,128})"').fullmatch


class Principal(Protocol):
    """Who asks."""

    @property
    def name(self) -> str:
        """Unique among all who may ask."""


P_co = TypeVar("P_co", bound=Principal, covariant=True)


class Guard(Protocol[P_co]):
    """Says who asks, and whether they may take this route (`route.declared.needs`).

    Raises ApiError NOT_SIGNED_IN or NOT_ALLOWED. Whether they may do it to this very thing is the
    operation's question.
    """

    async def __call__(self, request: web.Request, route: Route, /) -> P_co:
        """The principal."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(
    app: web.Application, routes: Sequence[Route], guard: Guard[Principal], once: Once | None = None
) -> None:
    """Give them to an application made by `application`."""
    for each in routes:
        if each.declared.once and once is None:
            raise TypeError(f"{each.name} takes keys: where are they kept?")
        # Not aiohttp's default [^{}/]+: an id with braces should be told its rule, not "not found".
        path = re.sub(r"{(\w+)}", r"{\1:[^/]+}", each.declared.path)
        handler = partial(_serve, each, guard, once)
        app.router.add_route(each.declared.method, path, handler)


def application(max_bytes: int) -> web.Application:
    """An empty application whose every error is a problem document. `max_bytes`: of any body."""
    return web.Application(middlewares=[problems], client_max_size=max_bytes)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every error of a handler, and aiohttp's own, the one form."""
    try:
        return await handler(request)
    except ApiError as error:
        return _response(_problem(error))
    except web.HTTPException as error:  # no such path, wrong method, body too large
        if error.status < 400:
            raise
        kind = p.BY_STATUS.get(error.status, p.Kind("http", error.status, error.reason))
        answer = _response(_problem(ApiError(kind, (error.text or "")[:200])))
        if hdrs.ALLOW in error.headers:
            answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return answer
    except Exception:
        log.exception("request failed", extra={"method": request.method, "path": request.path})
        return _response(_problem(ApiError(p.BUG)))


async def _serve(
    route: Route, guard: Guard[Principal], once: Once | None, request: web.Request
) -> web.StreamResponse:
    principal = await guard(request, route)
    raw = await _body(request, route)
    values = arguments(route, request.match_info, request.rel_url.query.items(), raw)
    asked = Asked(principal, language=request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:32])
    _headers(request, route, asked)
    if route.asked:
        values[route.asked] = asked
    if route.request:
        values[route.request] = request
    if route.declared.produces:
        made: web.StreamResponse = await route.call(**values)
        return made
    if once is None or not asked.key:
        return _response(await _call(route, values, asked))
    what = hashlib.sha256(f"{request.method} {request.raw_path}\n".encode() + raw).digest()
    do = partial(_answered, route, values, asked)
    return _response(await once.act(principal.name, asked.key, what, do))


async def _call(route: Route, values: dict[str, Any], asked: Asked[Any]) -> Answered:
    value = await route.call(**values)
    body = b"" if route.status == 204 else msgspec.json.encode(value)
    return Answered(route.status, body, JSON, asked.headers)


async def _answered(route: Route, values: dict[str, Any], asked: Asked[Any]) -> Answered:
    """A refusal is an answer too, and kept like one."""
    try:
        return await _call(route, values, asked)
    except ApiError as error:
        return _problem(error)


async def _body(request: web.Request, route: Route) -> bytes:
    if not request.body_exists:
        return b""
    most = route.declared.max_bytes
    if (request.content_length or 0) > most:
        raise ApiError(p.TOO_LARGE, f"at most {most} bytes")
    try:
        async with asyncio.timeout(BODY_S):
            raw = await request.read()
    except TimeoutError:
        raise ApiError(p.TOO_SLOW, f"not here after {BODY_S:g} s") from None
    if len(raw) > most:
        raise ApiError(p.TOO_LARGE, f"at most {most} bytes")
    if raw and request.content_type != JSON:
        raise ApiError(p.NOT_JSON, f"Content-Type must be {JSON}")
    return raw


def _headers(request: web.Request, route: Route, asked: Asked[Any]) -> None:
    """Raises ApiError for a header that is wrong, and for an If-Match that is not there."""
    key = request.headers.get("Idempotency-Key", "")
    if key and route.declared.once:
        found = _as_key(key)
        if found is None:
            rule = "must be 1 to 128 of A-Z a-z 0-9 . _ : -"
            raise p.bad_fields((p.FieldError("Idempotency-Key", rule, "header", "pattern"),))
        asked.key = found[1]
    if route.declared.if_match:
        tag = request.headers.get(hdrs.IF_MATCH, "")
        if not tag:
            raise ApiError(p.NO_VERSION, "send the ETag that was read as If-Match")
        found = _as_tag(tag)
        if found is None:
            rule = 'must be one entity tag, such as "3"'
            raise p.bad_fields((p.FieldError("If-Match", rule, "header", "pattern"),))
        asked.if_match = found[1]


def _problem(error: ApiError) -> Answered:
    headers = {"Retry-After": str(error.retry_s)} if error.retry_s else {}
    return Answered(error.problem.status, msgspec.json.encode(error.problem), p.MEDIA_TYPE, headers)


def _response(answer: Answered) -> web.Response:
    headers = _HEADERS | answer.headers
    if answer.body:
        headers[hdrs.CONTENT_TYPE] = answer.content_type
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)
