"""Waiting in tests: for a condition, never for a length of time."""

import asyncio
import time
from collections.abc import Callable


async def eventually(check: Callable[[], object], timeout_s: float = 5) -> None:
    """Return as soon as `check` gives something true; fail after the limit."""
    deadline_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s"
        await asyncio.sleep(0.001)
