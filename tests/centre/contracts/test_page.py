"""Every example of docs/contracts.md holds."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```", (ROOT / "docs/contracts.md").read_text("utf-8"))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_of_the_page_holds(block, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(block, "docs/contracts.md", "exec"), {})  # noqa: S102  our own page


def test_there_are_examples():
    assert BLOCKS
