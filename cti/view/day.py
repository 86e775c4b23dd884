"""The figures of the day after a start: read from the record, beside the calls.

Routing does not wait for it. The day is folded in slices, between which calls have their turn, up
to the event that was said last; from then on the view counts what it is told. So each event is
counted once, whether it was said before the start, while the day was read, or since. A day of
100,000 calls is a million events: 14 s of processor time on 2 cores that others used, too (load 12;
the loop was 1.1 ms late at the median meanwhile, 0.1 ms without; measured).

It begins some hours before midnight, so that calls and agents of the turn of the day are known. Who
is not ready from before that on counts as not ready for no reason until their state changes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from cti.figures.counts import SECOND_US
from cti.record.cloudevents import Record
from cti.record.event_store import EventLogUnavailableError
from cti.view.state import StateView

log = logging.getLogger(__name__)

BEFORE_US: Final = 2 * 3600 * SECOND_US
PAGE: Final = 200
SLICE: Final = 20
"""Events folded at one go, some 0.1 ms; then calls have their turn."""

TRIES: Final = 10
RETRY_S: Final = 1.0

T = TypeVar("T")


class DayLog(Protocol):
    """The event log, to be read. Both raise EventLogUnavailableError."""

    async def first_since(self, at_us: int) -> tuple[int, int] | None:
        """Number and time of the first event at or after this moment, None when there is none."""

    async def read_after(self, seq: int, limit: int) -> list[Record]:
        """Records in order, the first above `seq`; none when there are no more."""


async def read_day(view: StateView, history: DayLog, now_us: int) -> None:
    """Count what the record has of the present day, and then what the view is told.

    `view.wait_for_day` was called before anything was said. A log that cannot be read is tried
    again; if it stays so the figures begin without what is missing, and say so.
    """
    began_s = asyncio.get_running_loop().time()
    try:
        counted = await _fold(view, history, now_us)
    except EventLogUnavailableError as error:
        log.error("figures: the day cannot be read, it is counted without: %s", error)
    else:
        took_s = asyncio.get_running_loop().time() - began_s
        log.info("figures: %d events of the day read in %.1f s", counted, took_s)
    view.count_from_now_on()


async def _fold(view: StateView, history: DayLog, now_us: int) -> int:
    midnight_us = view.figures.calendar.day_of(now_us)
    first = await _tried(lambda: history.first_since(midnight_us - BEFORE_US))
    if first is None:
        return 0
    seq, at_us = first
    record_begins = seq == 1 and at_us > midnight_us
    view.begin_day(after=seq - 1, since_us=at_us if record_begins else midnight_us)
    counted = 0
    while records := await _tried(lambda: history.read_after(view.figures.seq, PAGE)):
        for start in range(0, len(records), SLICE):
            for record in records[start : start + SLICE]:
                view.count_record(record)
            await asyncio.sleep(0)
        counted += len(records)
    return counted


async def _tried(read: Callable[[], Awaitable[T]]) -> T:
    for _ in range(TRIES - 1):
        try:
            return await read()
        except EventLogUnavailableError:
            await asyncio.sleep(RETRY_S)
    return await read()
