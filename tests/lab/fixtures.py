"""pytest fixtures of the lab. Loaded by tests/conftest.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.lab import rootfs, running
from tests.lab.asterisk import LabAsterisk
from tests.lab.rootfs import LabError


@pytest.fixture(scope="session")
def lab() -> None:
    """A built lab, and nothing of a killed test run in it."""
    need_lab()


def need_lab() -> None:
    """Build the lab, or skip the test and say why in one line; in CI that is a failure."""
    try:
        rootfs.ensure()
        running.sweep()
    except LabError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no lab in CI: {error}", pytrace=False)
        pytest.skip(f"no lab: {error}")


@pytest.fixture
def start_asterisk(lab: None) -> Iterator[Callable[..., LabAsterisk]]:
    """`start_asterisk(agents=…)` gives a running instance that is stopped after the test."""
    running: list[LabAsterisk] = []

    def start(**settings: object) -> LabAsterisk:
        asterisk = LabAsterisk(**settings)  # type: ignore[arg-type]
        running.append(asterisk)
        asterisk.start()
        return asterisk

    yield start
    for asterisk in running:
        asterisk.stop()
