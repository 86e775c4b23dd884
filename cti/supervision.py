"""Starting in order, stopping in the opposite order, each with a name and a limit.

Each stage logs how long it took, so that a slow start or stop names its cause. At the end nothing
may wait for ever: what has not stopped within its limit is left behind, and said so.

Also here: what runs beside the calls (flushing, snapshots) and must neither die in silence nor take
the router with it, and the few bytes that systemd wants to hear.
"""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

log = logging.getLogger(__name__)

RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 30.0

Stop = Callable[[], Awaitable[object]]


class Stages:
    """What was started, to be stopped in the opposite order."""

    def __init__(self) -> None:
        self._stops: list[tuple[str, float, Stop]] = []

    @asynccontextmanager
    async def starting(self, name: str) -> AsyncIterator[None]:
        """One stage of the start: logged with its duration, or with why it failed."""
        began = time.perf_counter()
        try:
            yield
        except BaseException as error:
            log.error("start: %s failed: %s", name, error, extra={"stage": name})
            raise
        took_s = time.perf_counter() - began
        log.info("start: %s in %.3f s", name, took_s, extra={"stage": name, "took_s": took_s})

    def at_stop(self, name: str, stop: Stop, limit_s: float) -> None:
        """Do this when stopping, after everything that is added later."""
        self._stops.append((name, limit_s, stop))

    def at_stop_call(self, name: str, stop: Callable[[], object]) -> None:
        """The same for what stops at once."""

        async def stopped() -> None:
            stop()

        self.at_stop(name, stopped, 1.0)

    async def stop(self) -> None:
        """Undo all stages. One that fails or takes too long does not keep the others."""
        while self._stops:
            name, limit_s, stop = self._stops.pop()
            began = time.perf_counter()
            said = ""
            try:
                async with asyncio.timeout(limit_s):
                    await stop()
            except TimeoutError:
                said = f", given up after its limit of {limit_s} s"
            except Exception:
                log.exception("stop: %s failed", name, extra={"stage": name})
                continue
            took_s = time.perf_counter() - began
            level = logging.WARNING if said else logging.INFO
            log.log(level, "stop: %s in %.3f s%s", name, took_s, said, extra={"stage": name})


class Background:
    """Tasks beside the calls. One that raises is logged and started again, with a growing pause."""

    def __init__(self) -> None:
        self.failures = 0
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run this until `stop`, or until it returns by itself."""
        self._tasks.append(asyncio.create_task(self._kept(name, work), name=name))

    async def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _kept(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        pause_s = RETRY_MIN_S
        while True:
            try:
                await work()
            except Exception:
                self.failures += 1
                log.exception("%s failed, next try in %.1f s", name, pause_s)
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(RETRY_MAX_S, pause_s * 2)


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)): `READY=1`, `STOPPING=1`, `WATCHDOG=1`. Nothing elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    address = "\0" + address[1:] if address[0] == "@" else address  # an abstract socket
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.sendto(state.encode(), address)


async def watchdog() -> None:
    """Tell systemd that the loop turns, twice as often as it wants to hear it (WATCHDOG_USEC)."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    while usec.isascii() and usec.isdigit() and int(usec) > 0:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(usec) / 2_000_000)
