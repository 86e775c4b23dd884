"""Every room is under contract, and there is no circle of imports in `routing`.

Circles are looked for in the source, so that what stands under `if TYPE_CHECKING` and inside
functions counts too: a circle of types is a circle for the reader. Which sub-room may import which
is a contract of pyproject.toml.
"""

import ast
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, module_name, sources

Graph = Mapping[str, set[str]]
"""For each module the modules that it imports."""


def imports_of(source: str, modules: set[str]) -> set[str]:
    """The modules out of these that the source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & modules
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            found |= named or ({node.module} & modules)
    return found


def graph_of(paths: list[Path]) -> Graph:
    files = {module_name(path): path.read_text(encoding="utf-8") for path in paths}
    return {name: imports_of(text, set(files)) for name, text in files.items()}


def circle_in(graph: Graph) -> list[str]:
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_room_is_under_the_import_contracts():
    """A room that is new (`centre`) is looked at by `make lint` only if it is named there."""
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert rooms == set(project["tool"]["importlinter"]["root_packages"])


def test_there_is_no_circle_of_imports_in_routing():
    assert not circle_in(graph_of(sources("routing")))


@pytest.mark.parametrize(
    ("sources_by_name", "circle"),
    [
        ({"a": "import b", "b": "import a"}, True),
        ({"a": "from b import x", "b": "if TYPE_CHECKING:\n    from a import y"}, True),
        ({"a": "def f():\n    import b", "b": "import c", "c": "import a"}, True),
        ({"a": "import b\nimport c", "b": "import c", "c": "import sys"}, False),
    ],
)
def test_a_circle_is_found(sources_by_name, circle):
    graph = {name: imports_of(text, set(sources_by_name)) for name, text in sources_by_name.items()}
    assert bool(circle_in(graph)) is circle
