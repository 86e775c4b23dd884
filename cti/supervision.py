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
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 30.0
AILING_S: Final = 60.0
"""So long after a failure the task is called ailing; more than the longest pause between tries."""

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


@dataclass(slots=True)
class BackgroundCounters:
    """Plain numbers for the metrics to read."""

    failures: int = 0


class Background:
    """Tasks beside the calls. One that raises is logged and started again, with a growing pause."""

    def __init__(self) -> None:
        self.counters = BackgroundCounters()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed_s: dict[str, float] = {}  # loop time of the last failure, by name

    def keep(
        self, name: str, work: Callable[[], Awaitable[None]], *, may_end: bool = False
    ) -> None:
        """Run this until `stop`. It `may_end` by itself, else that is a failure like another."""
        kept = self._kept(name, work, may_end=may_end)
        self._tasks.append(asyncio.create_task(kept, name=name))

    def ailing(self) -> list[str]:
        """What has failed within the last minute, or does not run any more and should."""
        recent_s = _now_s() - AILING_S
        dead = {task.get_name() for task in self._tasks if task.done() and not _ended_well(task)}
        return sorted(dead | {name for name, at_s in self._failed_s.items() if at_s > recent_s})

    async def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _kept(self, name: str, work: Callable[[], Awaitable[None]], *, may_end: bool) -> None:
        pause_s = RETRY_MIN_S
        while True:
            began_s = _now_s()
            try:
                await work()
            except Exception:
                if _now_s() - began_s > RETRY_MAX_S:
                    pause_s = RETRY_MIN_S  # it had been well
                self._failed(name)
                log.exception("%s failed, next try in %.1f s", name, pause_s)
            else:
                if may_end:
                    return
                self._failed(name)
                log.error("%s has ended by itself, next try in %.1f s", name, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(RETRY_MAX_S, pause_s * 2)

    def _failed(self, name: str) -> None:
        self.counters.failures += 1
        self._failed_s[name] = _now_s()


def _ended_well(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is None


def _now_s() -> float:
    return asyncio.get_running_loop().time()


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
