"""What each signal does to the daemon, and that it says so: none ends it without a line.

    SIGTERM SIGINT SIGQUIT   a clean stop
    SIGHUP                   the configuration file is read again, as by `cti config apply`; on a
                             terminal, which sends it when it is closed, a clean stop
    SIGUSR1 SIGUSR2          nothing

A reader of our standard error that goes away sends SIGPIPE, which Python ignores: the lines are
lost, calls go on.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cti.config import ConfigError
from cti.config.reconfigure import NotApplied, Reconfiguration

log = logging.getLogger(__name__)

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
UNUSED: Final = (signal.SIGUSR1, signal.SIGUSR2)


@contextmanager
def listening(
    *, stop: Callable[[], None], reload: Callable[[], Awaitable[None]], on_terminal: bool
) -> Iterator[None]:
    """Take all of them over while this lasts, inside a running event loop."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Future[None]] = set()

    def stopped(number: signal.Signals) -> None:
        log.info("%s: stopping", number.name)
        stop()

    def hung_up() -> None:
        if on_terminal:
            log.info("SIGHUP: the terminal is gone: stopping")
            stop()
            return
        log.info("SIGHUP: reading the configuration again")
        task = asyncio.ensure_future(reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def ignored(number: signal.Signals) -> None:
        log.warning("%s has no meaning here; next: SIGHUP reads the configuration", number.name)

    for number in STOPPING:
        loop.add_signal_handler(number, stopped, number)
    for number in UNUSED:
        loop.add_signal_handler(number, ignored, number)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for number in (*STOPPING, *UNUSED, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def read_again(reconfiguration: Reconfiguration | None, file: Path | None) -> None:
    """`cti config apply FILE` for whoever has only a signal; what came of it is in the log."""
    if reconfiguration is None:
        log.warning("SIGHUP: not applied while the daemon starts or stops")
        return
    if file is None:
        log.warning("SIGHUP: started without a file; next: cti config apply FILE")
        return
    try:
        change = await reconfiguration.apply(file)
    except ConfigError as error:
        log.error("SIGHUP: %s is not applied: %s", file, "; ".join(map(str, error.problems)))
        return
    except NotApplied as refused:
        log.error("SIGHUP: %s is not applied: %s", file, refused)
        return
    except Exception:
        log.exception("SIGHUP: %s is not applied", file)
        return
    if change.changes or change.details:
        log.info("SIGHUP: configuration %d is in force: %s", change.version, _said(change.changes))
    else:
        log.info("SIGHUP: %s says what is in force already", file)
    if change.needs_restart:
        log.warning("SIGHUP: needs a restart: %s", _said(change.needs_restart))


def _said(lines: tuple[str, ...]) -> str:
    return "; ".join(lines) or "details only; next: cti config show"
