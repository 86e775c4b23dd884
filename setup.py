"""All that setuptools needs is in pyproject.toml; this adds the compiled core, for who asks.

With CTI_COMPILED=1 in the environment mypyc makes the core an extension out of the same source
(docs/decisions/0007). `make compiled` puts it into .cache/compiled, beside the source; an installed
daemon has it after `CTI_COMPILED=1 pip install --no-build-isolation .`, where mypy is installed.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

PLAIN = (
    "routing.bug", "routing.calendar.model", "routing.calendar.reading", "routing.commands",
    "routing.config", "routing.events",
    "routing.explain.chinese", "routing.explain.codes", "routing.explain.english",
    "routing.explain.standing", "routing.explain.story", "routing.index.needs",
    "routing.invariants", "routing.message", "routing.refusals", "routing.snapshot",
    "routing.transfers.invariants", "routing.transfers.messages",
)  # fmt: skip
"""Messages, whose classes msgspec makes, and what is not called for each command."""


def extensions() -> list[Extension]:
    """None, or one for each file of the core that does the work."""
    if os.environ.get("CTI_COMPILED") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415  a plain install has no mypy

    sources = [path for path in sorted(Path("routing").rglob("*.py")) if path.stem != "__init__"]
    return mypycify(
        [str(path) for path in sources if ".".join(path.with_suffix("").parts) not in PLAIN],
        target_dir=".cache/mypyc",
    )


setup(ext_modules=extensions())
