"""The figures as people read them, each beside what issue 3 asks for."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from cti.cli import output

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
    """Three tables: the figures and their goals, the curves, the peers; of each core there is."""
    console = output.console()
    by_core = {"plain": figures["plain"], figures["core"]: figures}
    size = figures["size"]
    title = "core: {agents:,} agents, {queues} queues, {skills} skills, {waiting:,} waiting"
    table = Table(title=title.format(**size))
    table.add_column("")
    for core in by_core:
        table.add_column(f"{core}", justify="right")
    for heading in ("unit", "asked for", ""):
        table.add_column(heading)
    for label, path, unit, goal in GOALS:
        values = [at(each, path) for each in by_core.values()]
        mark = "" if goal is None else ("[green]yes[/]" if goal[1](values[-1]) else "[red]no[/]")
        shown = [f"{value:,g}" for value in values]
        table.add_row(label, *shown, unit, goal[0] if goal else "", mark)
    console.print(table)
    for name, what in (("agents", "agents signed on"), ("waiting", "calls waiting")):
        curves = {core: each[f"curve_{name}"] for core, each in by_core.items()}
        _print(console, f"a command, µs of CPU, by {what}", curves)
    title = "lives a second, {agents} agents, {waiting} waiting".format(**figures["small"])
    _print(console, title, {core: each["peers"] for core, each in by_core.items()})
    if "compiled" not in by_core:
        console.print("The compiled core is not here: `make compiled` makes it from this source.")


def _print(console: Console, title: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("", title=title)
    for column in next(iter(rows.values())):
        heading = f"{int(column):,}" if column.isdigit() else column.replace("_", " ")
        table.add_column(heading, justify="right")
    for core, row in rows.items():
        table.add_row(core, *(f"{value:,g}" for value in row.values()))
    console.print(table)


def at(figures: Mapping[str, Any], path: str) -> float:
    """`command_us.p99` looked up."""
    value: Any = figures
    for key in path.split("."):
        value = value[key]
    return float(value)
