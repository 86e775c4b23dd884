"""With CI set, a test that is skipped has failed: what it would have shown is not shown.

On a desk a test may be skipped for want of a tool, with the reason in the summary. CI installs the
tools (`tests/lab/tools.py`), so a skip there says that something was forgotten.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest


def is_ci() -> bool:
    """Whether CI is set to anything."""
    return bool(os.environ.get("CI"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):  # that one ran, and failed as it should
        _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file may skip itself as a whole."""
    report = yield
    _refuse(report)
    return report


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and is_ci():
        path, line, reason = report.longrepr
        where = f"{os.path.relpath(path)}:{line}" if Path(path).is_absolute() else f"{path}:{line}"
        report.outcome = "failed"
        report.longrepr = f"CI is set, so nothing may be skipped: {reason} ({where})"
