"""Tests stand alone: what two of them share lies in `tests/worlds`."""

from tests.architecture.sources import ROOT, imported_names, sources


def test_nobody_imports_a_test_file():
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("tests")
        for name in sorted(imported_names(path))
        if any(part.startswith("test_") for part in name.split("."))
    ]
    assert not found, "what tests share lies in tests/worlds:\n" + "\n".join(found)
