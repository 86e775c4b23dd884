"""Waiting in tests: for a condition, never for a length of time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

LIMIT_S = 30.0
"""When to give up: far more than anything takes, on a machine that is busy as well."""


async def eventually(
    check: Callable[[], Found | Awaitable[Found]], timeout_s: float = LIMIT_S
) -> Found:
    """Return what `check` gives as soon as that is true; fail after the limit."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        found, pause_s = check(), 0.001
        if inspect.isawaitable(found):  # it asks somebody, who has other things to do
            found, pause_s = await found, 0.01
        if found:
            return found
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s"
        await asyncio.sleep(pause_s)


def eventually_sync(check: Callable[[], Found], timeout_s: float = LIMIT_S) -> Found:
    """The same outside an event loop."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s"
        time.sleep(0.005)
    return found


async def time_passes(seconds: float) -> None:
    """Let time pass where that is what the test is about, never to wait for something.

    A limit has to run out, events come one after the other, or nothing may happen meanwhile.
    """
    await asyncio.sleep(seconds)
