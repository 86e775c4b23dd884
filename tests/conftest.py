"""Fixtures for every test: those of the lab (a real Asterisk) live with the lab."""

import logging
import signal
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.lab.fixtures", "tests.no_skips", "tests.rooms"]


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs us in the background ignores it, and so would every program that we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
