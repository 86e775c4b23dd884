"""Errors of the HTTP interface as RFC 9457 problem documents.

`type` is a stable URN, `errors` names each wrong field and its rule, `code` is the core's refusal.
Nothing of the inside (paths, tracebacks) is told; that is in the log.
"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from cti.api.answers import FieldError, Problem

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class ApiError(Exception):
    """A request that gets a problem document for an answer."""

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        code: str = "",
        subject: str = "",
    ) -> None:
        super().__init__(detail or name)
        self.problem = Problem(
            type=f"urn:cti:problem:{name}",
            title=status.phrase,
            status=status,
            detail=detail,
            errors=errors,
            code=code,
            subject=subject,
        )


def bad_fields(errors: tuple[FieldError, ...]) -> ApiError:
    """The request is understood and wrong: 400, each field named."""
    detail = "; ".join(f"{error.field}: {error.rule}" for error in errors)
    return ApiError(HTTPStatus.BAD_REQUEST, "bad-field", detail, errors=errors)


def as_response(problem: Problem, headers: dict[str, str] | None = None) -> web.Response:
    """The document as an HTTP answer."""
    body = msgspec.json.encode(problem)
    return web.Response(
        status=problem.status, body=body, content_type=MEDIA_TYPE, headers=headers or {}
    )


def as_json(value: msgspec.Struct) -> web.Response:
    """An answer."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every error of a handler, and aiohttp's own, the one form."""
    try:
        return await handler(request)
    except ApiError as error:
        return as_response(error.problem)
    except web.HTTPException as error:  # no such path, wrong method, body too large
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return as_response(ApiError(status, _named(status), error.text or "").problem, allow)
    except Exception:
        log.exception("request failed", extra={"method": request.method, "path": request.path})
        return as_response(ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "bug").problem)


def _named(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "-")
