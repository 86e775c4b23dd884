"""When a message is tried again, when it is a dead letter, and in what order. Pure.

Eight tries within 24 hours. Messages of one key (one work order, one call) go out in order: the
next waits until the one before was delivered or is a dead letter. A dead letter stays in its row
and can be sent again by its id.
"""

import zlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

SECOND_US: Final = 1_000_000
GAPS_S: Final = (5, 60, 600, 3600, 3 * 3600, 7 * 3600, 11 * 3600)
"""Between one try and the next. With a twentieth of spread they end before 24 hours."""

TRIES: Final = len(GAPS_S) + 1
_SPREAD: Final = 20


class Verdict(StrEnum):
    """What an answer means for the message."""

    DELIVERED = "delivered"
    AGAIN = "again"  # at `next_try_us`
    DEAD = "dead"  # tried often enough
    GONE = "gone"  # 410: the receiver wants no more; the endpoint is switched off, and said


class Waiting(msgspec.Struct, frozen=True):
    """A message that is not yet delivered."""

    seq: int  # order in which it came about
    endpoint: str
    key: str
    due_us: int


def verdict(status: int | None, tries: int) -> Verdict:
    """After this many tries, of which the last got this status; None: no answer at all."""
    if status is not None and 200 <= status < 300:
        return Verdict.DELIVERED
    if status == 410:
        return Verdict.GONE
    return Verdict.AGAIN if tries < TRIES else Verdict.DEAD


def next_try_us(message_id: str, tries: int, now_us: int, retry_after_s: int = 0) -> int:
    """When the try after `tries` is due.

    Messages that failed together do not come back together: each has its own share of a twentieth.
    A receiver may ask for more time (`Retry-After`), up to the longest gap.
    """
    gap_us = max(GAPS_S[tries - 1], min(retry_after_s, GAPS_S[-1])) * SECOND_US
    return now_us + gap_us + gap_us // _SPREAD * (zlib.crc32(message_id.encode()) % 100) // 100


def ready(waiting: Iterable[Waiting], now_us: int) -> list[Waiting]:
    """What may be sent now: the oldest of each key of each endpoint, if it is due."""
    heads: dict[tuple[str, str], Waiting] = {}
    for message in sorted(waiting, key=lambda each: each.seq):
        heads.setdefault((message.endpoint, message.key), message)
    return [head for head in heads.values() if head.due_us <= now_us]
