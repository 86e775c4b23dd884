"""The way in: sources to settings, or everything that is wrong with them."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cti.config.build import Builder
from cti.config.checks import check, doubts
from cti.config.inherit import inherit, is_repetition
from cti.config.problems import ConfigError, Problem
from cti.config.settings import Settings
from cti.config.sources import gather
from cti.config.to_routing import routing_config
from routing.config_check import problems

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that can be used, and what the operator should know about them all the same."""

    settings: Settings
    warnings: tuple[Problem, ...]


def read(path: Path | None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read a file (None: defaults), `conf.d/*.toml` beside it, and `CTI_…` of `environ`.

    Raises ConfigError with every problem found; nothing but reading has happened then.
    """
    tree = gather(path, environ)
    filled = inherit(tree)
    builder = Builder(tree)
    settings = builder.draft(Settings)
    for finding in check(settings, tree):
        builder.add(*finding)
    found = [problem for problem in builder.problems if not is_repetition(problem, filled)]
    if not found:
        # The core's own last look. It should find nothing that was not named better above.
        found += (Problem("", "", rule) for rule in problems(routing_config(settings)))
    if found:
        raise ConfigError(tuple(found))
    for finding in doubts(settings):
        builder.warn(*finding)
    return Loaded(settings, tuple(builder.warnings))


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """`read`, with the warnings sent to the log."""
    loaded = read(path, environ)
    for warning in loaded.warnings:
        log.warning("%s", warning)
    return loaded.settings
