"""The figures as people read them, each beside what issue 3 asks for."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

Judge = Callable[[float], bool]


def at_least(goal: float) -> tuple[str, Judge]:
    return f"at least {goal:,g}", lambda value: value >= goal


def at_most(goal: float) -> tuple[str, Judge]:
    return f"at most {goal:,g}", lambda value: value <= goal


GOALS: tuple[tuple[str, str, str, tuple[str, Judge] | None], ...] = (
    ("whole call lives a second", "lives_per_s", "", at_least(20_000)),
    ("commands in a life", "commands_per_life", "", None),
    ("a command, p50", "command_us.p50", "µs", None),
    ("a command, p99", "command_us.p99", "µs", at_most(100)),
    ("a command, p99.9", "command_us.p999", "µs", at_most(1_000)),
    ("a command, worst", "command_us.max", "µs", None),
    ("… by the wall clock, p99", "command_wall_us.p99", "µs", None),
    ("… by the wall clock, p99.9", "command_wall_us.p999", "µs", None),
    ("growth, 100 to 10,000 agents", "growth_agents", "×", at_most(1.5)),
    ("growth, 100 to 100,000 waiting", "growth_waiting", "×", at_most(1.5)),
    ("a waiting call", "bytes_per_waiting_call", "bytes", at_most(2_048)),
    ("an agent with 10 skills", "bytes_per_agent", "bytes", at_most(8_192)),
    ("snapshot", "snapshot_ms", "ms", at_most(300)),
    ("load", "load_ms", "ms", at_most(500)),
    ("replay, commands a second", "replay_commands_per_s", "", at_least(150_000)),
    ("… reading JSON lines, too", "replay_from_json_commands_per_s", "", None),
)


def show(figures: Mapping[str, Any]) -> None:
    """Three tables: the figures and their goals, the curves, the peers."""
    console = Console()
    size = figures["size"]
    title = "core: {agents:,} agents, {queues} queues, {skills} skills, {waiting:,} waiting"
    table = Table(title=title.format(**size))
    for heading in ("", "measured", "unit", "asked for", ""):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for label, path, unit, goal in GOALS:
        value = at(figures, path)
        mark = "" if goal is None else ("[green]yes[/]" if goal[1](value) else "[red]no[/]")
        table.add_row(label, f"{value:,g}", unit, goal[0] if goal else "", mark)
    console.print(table)
    for name, what in (("agents", "agents signed on"), ("waiting", "calls waiting")):
        curve = figures[f"curve_{name}"]
        table = Table(title=f"a command, µs of CPU, by {what}")
        for column in curve:
            table.add_column(f"{int(column):,}", justify="right")
        table.add_row(*(f"{value:g}" for value in curve.values()))
        console.print(table)
    table = Table(
        title="lives a second, {agents} agents, {waiting} waiting".format(**figures["small"])
    )
    for name in figures["peers"]:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_row(*(f"{value:,}" for value in figures["peers"].values()))
    console.print(table)


def at(figures: Mapping[str, Any], path: str) -> float:
    """`command_us.p99` looked up."""
    value: Any = figures
    for key in path.split("."):
        value = value[key]
    return float(value)
