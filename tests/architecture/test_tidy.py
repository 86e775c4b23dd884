"""The repository keeps its own rules (docs/architecture.md, docs/determinism.md).

In pure code (`routing`, and the files of `cti` that the import contracts of pyproject.toml name):
no `async`, no walking over a set, no `hash()` or `id()`, no float, no `print` or `open`. A line
that must break a rule says why: `# pure-ok: REASON`. Everywhere: functions, files and lines of
readable size, and no module that nobody imports.

What imports alone can show is a gate of its own: `make lint` runs the contracts.
"""

import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOMS, ROOT, imported_names, module_name, sources
from tests.architecture.tidy import Finding, pure_findings, size_findings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Started from outside, so nobody in the house imports them. `[project.scripts]` adds its own.
ENTRY_POINTS = {"__main__", "conftest"}


def pure_sources() -> list[Path]:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    named = {
        module
        for contract in contracts
        if "pure" in contract["name"]
        for module in contract["source_modules"]
    }
    return [
        path
        for path in sources(*ROOMS)
        if any(f"{module_name(path)}.".startswith(f"{module}.") for module in named)
    ]


def report(path: Path, findings: list[Finding]) -> str:
    where = path.relative_to(ROOT)
    return "\n".join(f"{where}:{finding.line}: {finding.rule}" for finding in findings)


@pytest.mark.parametrize("path", pure_sources(), ids=module_name)
def test_pure_code_is_pure(path):
    findings = pure_findings(path.read_text(encoding="utf-8"))
    assert not findings, "\n" + report(path, findings)


def test_the_contracts_name_pure_code():
    names = [module_name(path) for path in pure_sources()]
    assert "routing.engine" in names


def test_everything_is_of_readable_size():
    reports = [
        report(path, findings)
        for path in sources(*ROOMS)
        if (findings := size_findings(path.read_text(encoding="utf-8")))
    ]
    assert not reports, "\n" + "\n".join(reports)


def test_every_module_is_imported_by_somebody():
    started = [PROJECT["project"]["scripts"], *PROJECT["project"]["entry-points"].values()]
    scripts = {target.split(":")[0] for group in started for target in group.values()}
    imported = {name for path in sources(*ROOMS) for name in imported_names(path)} | scripts
    orphans = [
        module_name(path)
        for path in sources(*ROOMS)
        if path.stem not in ENTRY_POINTS | {"__init__"}
        and "migrations" not in path.parts  # Alembic loads them as files
        and not path.stem.startswith("test_")
        and module_name(path) not in imported
    ]
    assert not orphans, f"nobody imports {orphans}: use it, list it as an entry point or delete it"


# --- the test of the test: each rule catches its offender and lets the honest neighbour pass ----


@pytest.mark.parametrize(
    "source",
    [
        "async def wait(): ...",
        "def f(key): return hash(key)",
        "def f(key): return id(key)",
        "RATE = 0.5",
        "def f(a, b): return a / b",
        "def f(a): return float(a)",
        "def f(a): print(a)",
        "def f(a): return open(a)",
        "for x in {1, 2}: pass",
        "ready: set[str] = set()\nfor agent in ready: pass",
        "ready: set[str] = set()\ndef f(): return list(ready)",
        "class A:\n free: set[int]\n def f(self): return list(self.free)",
        "def f(a): return [x for x in sorted(a) for y in {x}]",
        "ready = set()\nfirst = list(ready)",
        "class A:\n def f(self):\n  self.free: set[int] = set()\n  return [x for x in self.free]",
        "def f(a: frozenset[int], b: frozenset[int]):\n    return tuple(a & b)",
        "def f(a: set[str]): return ','.join(a)",
        "def f(a: set[str]): return a.pop()",
        "def f(a: set[str]): return (*a,)",
    ],
)
def test_an_impure_line_is_found(source):
    assert pure_findings(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b): return a // b",
        "def f(a: set[str]): return sorted(a)",
        "def f(a: set[str], b: str): return b in a",
        "def f(a: set[str]): return len(a)",
        "def f(a: dict[str, int]): return [k for k in a]",
        "for x in {1: 2}: pass",
        "def f(a, seen: set[int]): return a.pop(0)",
        "def f(a): ids = {x for x in a}\ndef g(config): return list(config.ids)",
        "def f(a): ids = {x for x in a}\ndef g(ids: list[int]): return list(ids)",
        "RATE = 0.5  # pure-ok: a constant of the standard, never computed with",
    ],
)
def test_a_pure_line_passes(source):
    assert not pure_findings(source)


def test_a_marker_without_a_reason_excuses_nothing():
    assert pure_findings("RATE = 0.5  # pure-ok:")


@pytest.mark.parametrize(
    "source",
    ["x = 1  # " + "." * 100, "def f():\n" + "    x = 1\n" * 60, "x = 1\n" * 401],
)
def test_what_is_too_long_is_found(source):
    assert size_findings(source)
