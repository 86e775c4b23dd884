"""`python -m tests.theory`: what theory and ciw say, what the engine does, how far apart."""

from rich.console import Console
from rich.table import Table

from tests.theory.network import apart, ciw_figures, engine_figures
from tests.theory.rows import CASES

console = Console(width=90)  # a file has no width of its own, and names must not be cut
table = Table(title="100 calls in 30 min, 180 s each; patience 120 s in Erlang A")
for heading in ("", "figure", "theory", "engine", "standard error", "distance"):
    table.add_column(
        heading, justify="left" if heading in {"", "figure"} else "right", no_wrap=True
    )
for case in CASES:
    estimates = case.experiment().run().estimates("q")
    for number, (name, estimate) in enumerate(estimates.items()):
        truth = getattr(case.theory, name)
        if not estimate.error:
            continue
        table.add_row(
            "" if number else case.name,
            name,
            f"{truth:.5f}",
            f"{estimate.mean:.5f}",
            f"{estimate.error:.5f}",
            f"{estimate.distance(truth):+.2f}",
        )
    table.add_section()
console.print(table)

ours, theirs = engine_figures(), ciw_figures()
table = Table(title="two skills: our engine and ciw")
for heading in ("", "figure", "ciw", "engine", "standard error", "distance"):
    table.add_column(
        heading, justify="left" if heading in {"", "figure"} else "right", no_wrap=True
    )
for queue, figures in theirs.items():
    for name, judge in figures.items():
        mine = ours[queue][name]
        error = (mine.error**2 + judge.error**2) ** 0.5
        numbers = (f"{judge.mean:.5f}", f"{mine.mean:.5f}", f"{error:.5f}")
        table.add_row(queue, name, *numbers, f"{apart(mine, judge):+.2f}")
    table.add_section()
console.print(table)
