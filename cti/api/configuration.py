"""The configuration while the router runs.

The daemon reads the file itself, with `conf.d` beside it and its own environment, so that it is
taken as at the next start. One with mistakes is 422, each named with file, path and rule.
"""

from pathlib import Path

from cti.api import requests as asked
from cti.api.answers import ConfigChange, ConfigShown
from cti.api.present import Present
from cti.api.principal import CONFIGURE, READ, Principal
from cti.api.problem import BAD_CONFIG, REFUSED, STOPPED, refused, router_up
from cti.config import ConfigError
from cti.config.problems import Problem
from cti.config.reconfigure import Change, NotApplied, Reconfiguration
from cti.routes.declare import Asked, route
from cti.routes.problem import ApiError, FieldError

NAMED = 1000
"""Mistakes in one answer; the rest shows when these are put right."""


class Configuration:
    """The handlers."""

    def __init__(self, site: str, present: Present, changes: Reconfiguration) -> None:
        self._site = site
        self._present = present
        self._changes = changes

    @route("GET", "/v1/config", needs=READ)
    async def config(self) -> ConfigShown:
        """What was applied last."""
        base = self._present.engine.base
        modes = self._present.view.modes()
        return ConfigShown(base.version, self._changes.previous_version, self._site, modes, base)

    @route("POST", "/v1/config/stage", needs=CONFIGURE, faults=(BAD_CONFIG,))
    async def stage_config(self, body: asked.Stage) -> ConfigChange:
        """What a file would change; nothing is applied."""
        try:
            change = await self._changes.stage(Path(body.file))
        except ConfigError as error:
            raise _wrong(error) from None
        return _said(change, applied=False)

    @route(
        "POST",
        "/v1/config/apply",
        needs=CONFIGURE,
        faults=(BAD_CONFIG, REFUSED, STOPPED),
        once=True,
    )
    async def apply_config(self, body: asked.Apply) -> ConfigChange:
        """Put a file in force.

        With the `id` of a staged change only if it is still that change.
        """
        try:
            with router_up():
                change = await self._changes.apply(Path(body.file), body.id)
        except ConfigError as error:
            raise _wrong(error) from None
        except NotApplied as why:
            raise refused(why.code, body.file, str(why)) from None
        return _said(change, applied=True)

    @route("POST", "/v1/config/rollback", needs=CONFIGURE, faults=(REFUSED, STOPPED), once=True)
    async def rollback_config(self, who: Asked[Principal], body: asked.Nothing) -> ConfigChange:
        """Back to the configuration before; again: forth."""
        del body
        try:
            with router_up():
                change = self._changes.rollback(who.principal.name)
        except NotApplied as why:
            raise refused(why.code, "", str(why)) from None
        return _said(change, applied=True)


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
    return ApiError(BAD_CONFIG, detail, errors=_fields(error.problems))
