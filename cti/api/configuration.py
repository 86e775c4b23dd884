"""The configuration while the router runs.

    GET  /v1/config
    POST /v1/config/stage       {"file"}           what would change; nothing is applied
    POST /v1/config/apply       {"file", "id"}     `id`: of the staged change, or none
    POST /v1/config/rollback    {"by"}

The daemon reads the file itself, with `conf.d` beside it and its own environment, so that it is
taken as at the next start. One with mistakes is 422, each named with file, path and rule.
"""

from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from cti.api.answers import ConfigChange, ConfigShown, FieldError
from cti.api.operations import refused, router_up
from cti.api.present import Present
from cti.api.problem import ApiError, as_json
from cti.api.requests import Apply, Rollback, Stage, body_of, no_query
from cti.config import ConfigError
from cti.config.problems import Problem
from cti.config.reconfigure import Change, NotApplied, Reconfiguration

NAMED = 1000
"""Mistakes in one answer; the rest shows when these are put right."""


class Configuration:
    """The handlers."""

    def __init__(self, site: str, present: Present, changes: Reconfiguration) -> None:
        self._site = site
        self._present = present
        self._changes = changes

    def add_to(self, app: web.Application) -> None:
        """All routes."""
        app.router.add_get("/v1/config", self._get, allow_head=False)
        app.router.add_post("/v1/config/stage", self._stage)
        app.router.add_post("/v1/config/apply", self._apply)
        app.router.add_post("/v1/config/rollback", self._rollback)

    async def _get(self, request: web.Request) -> web.Response:
        no_query(request)
        base = self._present.engine.base
        modes = self._present.view.modes()
        before = self._changes.previous_version
        return as_json(ConfigShown(base.version, before, self._site, modes, base))

    async def _stage(self, request: web.Request) -> web.Response:
        body = await body_of(request, Stage)
        try:
            change = await self._changes.stage(Path(body.file))
        except ConfigError as error:
            raise _wrong(error) from None
        return as_json(_said(change, applied=False))

    async def _apply(self, request: web.Request) -> web.Response:
        body = await body_of(request, Apply)
        try:
            with router_up():
                change = await self._changes.apply(Path(body.file), body.id)
        except ConfigError as error:
            raise _wrong(error) from None
        except NotApplied as why:
            raise refused(why.code, body.file, str(why)) from None
        return as_json(_said(change, applied=True))

    async def _rollback(self, request: web.Request) -> web.Response:
        body = await body_of(request, Rollback)
        try:
            with router_up():
                change = self._changes.rollback(body.by)
        except NotApplied as why:
            raise refused(why.code, "", str(why)) from None
        return as_json(_said(change, applied=True))


def _said(change: Change, *, applied: bool) -> ConfigChange:
    return ConfigChange(
        applied=applied,
        id=change.id,
        version=change.version,
        changes=change.changes,
        details=change.details,
        needs_restart=change.needs_restart,
        hindrances=change.hindrances,
        warnings=_fields(change.warnings),
    )


def _fields(problems: tuple[Problem, ...]) -> tuple[FieldError, ...]:
    return tuple(FieldError(each.path, each.rule, each.where) for each in problems[:NAMED])


def _wrong(error: ConfigError) -> ApiError:
    count = len(error.problems)
    detail = f"{count} problem{'s' * (count > 1)} in the configuration"
    errors = _fields(error.problems)
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-config", detail, errors=errors)
