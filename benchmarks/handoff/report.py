"""The two sides beside each other, as people read it."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from cti.cli import output

ROWS = (
    ("agent free to next ring, p50", "free_to_ring_ms.p50", "ms"),
    ("agent free to next ring, p90", "free_to_ring_ms.p90", "ms"),
    ("agent free to next ring, p99", "free_to_ring_ms.p99", "ms"),
    ("… measured", "free_to_ring_ms.n", "times"),
    ("arrival to ring, agents idle, p50", "arrival_to_ring_ms.p50", "ms"),
    ("arrival to ring, agents idle, p99", "arrival_to_ring_ms.p99", "ms"),
    ("calls a second reached in the surge", "calls_per_s", ""),
    ("calls", "calls", ""),
    ("calls lost", "calls_lost", ""),
    ("CPU of Asterisk per call", "asterisk_cpu_ms_per_call", "ms"),
    ("CPU of the router per call", "router_cpu_ms_per_call", "ms"),
    ("AMI messages per call", "ami_messages_per_call", ""),
)
RATIOS = ("free_to_ring_ms.", "arrival_to_ring_ms.", "asterisk_cpu", "ami_messages")


def show(report: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the table; the ratio says how many times the router's figure app_queue's is."""
    table = Table(title="handoff: app_queue and the router under the same calls")
    for heading in ("", "app_queue", "router", "unit", "app_queue / router"):
        table.add_column(heading, justify="left" if heading in ("", "unit") else "right")
    for label, path, unit in ROWS:
        queue, router = _at(report["app_queue"], path), _at(report["router"], path)
        table.add_row(label, _text(queue), _text(router), unit, _ratio(path, queue, router))
    output.console().print(table)


def _at(figures: Mapping[str, Any], path: str) -> float | None:
    value: Any = figures
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int | float) else None


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _ratio(path: str, queue: float | None, router: float | None) -> str:
    if not path.startswith(RATIOS) or path.endswith(".n") or not queue or not router:
        return ""
    return f"{queue / router:.1f}"
