"""All that setuptools needs is in pyproject.toml; this adds the compiled core, for who asks.

With CTI_COMPILED=1 in the environment mypyc makes the core an extension out of the same source
(docs/decisions/0007). `make compiled` puts it into .cache/compiled, beside the source; an installed
daemon has it after `CTI_COMPILED=1 pip install --no-build-isolation .`, where mypy is installed.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

PLAIN = (
    "__init__", "bug", "commands", "config", "events", "explain",
    "invariants", "message", "needs", "refusals", "snapshot", "transfer_invariants",
    "transfer_messages",
)  # fmt: skip
"""Messages, whose classes msgspec makes, and what is not called for each command."""


def extensions() -> list[Extension]:
    """None, or one for each file of the core that does the work."""
    if os.environ.get("CTI_COMPILED") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415  a plain install has no mypy

    sources = sorted(Path("routing").glob("*.py"))
    return mypycify(
        [str(source) for source in sources if source.stem not in PLAIN],
        target_dir=".cache/mypyc",
    )


setup(ext_modules=extensions())
