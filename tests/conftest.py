"""Fixtures for every test: those of the lab (a real Asterisk) live with the lab."""

import logging
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.lab.fixtures", "tests.no_skips", "tests.rooms"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A test that configures logging, as the daemon does, leaves the next one's alone."""
    root, ours = logging.getLogger(), logging.getLogger("cti.ami")
    level, our_level, handlers = root.level, ours.level, list(root.handlers)
    yield
    root.setLevel(level)
    ours.setLevel(our_level)  # `cti asterisk check` silences it for its own process
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
