"""pytest fixtures of the lab. Loaded by tests/conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import other_python as second_python
from tests.lab import rootfs, running
from tests.lab.asterisk import LabAsterisk
from tests.lab.tools import LabError


@pytest.fixture(scope="session")
def lab() -> None:
    """A built lab, and nothing of a killed test run in it."""
    or_skip(rootfs.ensure)
    running.sweep()


@pytest.fixture(scope="session")
def other_python() -> str:
    """What starts a Python of another version, with the libraries of the core."""
    return str(or_skip(second_python.ensure))


def or_skip(ensure: Callable[[], Path]) -> Path:
    """What `ensure` builds; where it cannot, the test is skipped and says why in one line."""
    try:
        return ensure()
    except LabError as error:
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
