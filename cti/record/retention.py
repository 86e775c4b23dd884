"""Forgets what the record has kept long enough. Beside the calls; nothing waits for it.

Only what all readers have: a broker that is away longer than that keeps the record from being
pruned. A disk that will not (full, ailing) is tried again; the event log has said so already.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from cti.clock import Clock
from cti.record.event_log import EventLog, EventLogUnavailableError

log = logging.getLogger(__name__)

DAY_US: Final = 86_400_000_000
EVERY_S: Final = 3600.0
"""A day's events go bit by bit, at no particular hour."""


async def prune(event_log: EventLog, now_us: int, keep_days: int, reached: int) -> int:
    """Forget what is older, none above `reached`: what the slowest reader has. How many went."""
    try:
        gone = await event_log.prune(now_us - keep_days * DAY_US, reached)
    except EventLogUnavailableError as error:
        log.warning("event log: nothing can be forgotten now: %s", error)
        return 0
    if gone:
        log.info("event log: %d events of more than %d days ago forgotten", gone, keep_days)
    return gone


async def prune_forever(
    event_log: EventLog,
    clock: Clock,
    keep_days: int,
    reached: Callable[[], int],
    every_s: float = EVERY_S,
) -> None:
    """Once at the start, then every hour."""
    while True:
        await prune(event_log, clock.now_us(), keep_days, reached())
        await asyncio.sleep(every_s)
