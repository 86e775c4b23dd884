"""Tests stand alone, and each is found by its room."""

import ast

from tests.architecture.sources import ROOT, imported_names, sources
from tests.rooms import rooms_of


def test_nobody_imports_a_test_file():
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("tests")
        for name in sorted(imported_names(path))
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert not found, "what tests share lies in tests/worlds:\n" + "\n".join(found)


def test_every_test_belongs_to_a_room_that_exists():
    """The same rule stops a run at its collection; this one looks at all files in a moment."""
    for path in sources("tests"):
        if path.name.startswith("test_"):
            calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if type(n) is ast.Call]
            marks = [call for call in calls if ast.unparse(call.func) == "pytest.mark.room"]
            assert rooms_of(path, tuple(arg.value for mark in marks for arg in mark.args))
