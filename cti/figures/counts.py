"""What is counted, as plain sums: of requests in a queue, and of an agent's offers and time.

Sums of parts are the whole: of a day's quarters, of a centre's queues. Percentages are never added
or averaged (C9); `cti.figures.rates` makes them, of sums. Lengths are microseconds.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

SECOND_US = 1_000_000
WAIT_MAX_S = 3600
"""Longer waits are counted as this: no service level is agreed on beyond an hour."""


class QueueCounts(msgspec.Struct):
    """Requests of one queue. `offered` counts when the queue was asked, all else at the end (C8).

    Each request ends in exactly one way:

    * `answered`; `abandoned_waiting` or `abandoned_ringing` by the caller
    * `flowed_out` to another queue or another search (`flowed_out_answered` is not one more: so
      many of them were answered there)
    * out of the queues: `no_staff`, `full`, `timed_out`, `closed`, `sent_away` (any other cause)
    * by the platform: `lost` with its Asterisk, `taken` back by the dialplan's failsafe
    * `callbacks_unmet`: not reached, or called off; no abandon (C14)
    * `withdrawn`: an agent had asked on behalf of a customer, who was not left waiting

    `answered_after_s` and `abandoned_after_s` have how many waited for at most so many seconds and
    more than one less: a wait of 20 s counts at 20, one of a microsecond more at 21 (C5).
    `contacts` are customers whose contact ended, by the queue that they asked first.
    """

    offered: int = 0
    answered: int = 0
    abandoned_waiting: int = 0
    abandoned_ringing: int = 0
    flowed_out: int = 0
    flowed_out_answered: int = 0
    no_staff: int = 0
    full: int = 0
    timed_out: int = 0
    closed: int = 0
    sent_away: int = 0
    lost: int = 0
    taken: int = 0
    callbacks_unmet: int = 0
    withdrawn: int = 0
    contacts: int = 0
    contacts_answered: int = 0
    answered_wait_us: int = 0
    abandoned_wait_us: int = 0
    talk_us: int = 0
    hold_us: int = 0
    consult_us: int = 0
    acw_us: int = 0
    held: int = 0  # conversations with a hold in them
    transferred: int = 0  # conversations that ended with the customer handed on
    released: int = 0  # conversations that the agent ended
    answered_after_s: dict[int, int] = {}
    abandoned_after_s: dict[int, int] = {}

    @property
    def abandoned(self) -> int:
        """AB: given up by the caller."""
        return self.abandoned_waiting + self.abandoned_ringing

    @property
    def diverted(self) -> int:
        """Left the queue by a rule of ours."""
        away = self.no_staff + self.full + self.timed_out + self.closed + self.sent_away
        return away + self.flowed_out

    @property
    def platform_lost(self) -> int:
        """SYS: neither answered nor given up."""
        return self.lost + self.taken

    @property
    def requests(self) -> int:
        """REQ: customers' requests that have ended."""
        unmet = self.callbacks_unmet
        return self.answered + self.abandoned + self.diverted + self.platform_lost + unmet

    def answered_within(self, seconds: int) -> int:
        """ANS(T): waited for at most so long (C5)."""
        return _within(self.answered_after_s, seconds)

    def abandoned_within(self, seconds: int) -> int:
        """AB(T), AB(S)."""
        return _within(self.abandoned_after_s, seconds)


class AgentCounts(msgspec.Struct):
    """One agent's offers and time, or those of all agents of one employer.

    The times are exclusive and exhaustive (C16): `signed_in_us` is the sum of all others.
    `ring_us` is the time reserved for an offer; talk excludes hold, and consulting another agent
    while the customer is on hold is `consult_us` on both sides (C17).
    """

    log_ons: int = 0
    offers: int = 0
    answered: int = 0
    no_answer: int = 0
    busy: int = 0
    rejected: int = 0
    unreachable: int = 0
    held: int = 0
    transferred: int = 0
    released: int = 0
    signed_in_us: int = 0
    ready_us: int = 0
    ring_us: int = 0
    talk_us: int = 0
    hold_us: int = 0
    consult_us: int = 0
    acw_us: int = 0
    not_ready_us: dict[str, int] = {}  # by reason


Counts = TypeVar("Counts", QueueCounts, AgentCounts)


def total(kind: type[Counts], parts: Iterable[Counts]) -> Counts:
    """The sum of all parts, as a value of its own."""
    found = kind()
    for part in parts:
        add(found, part)
    return found


def add(into: Counts, more: Counts) -> None:
    """Everything of `more` on top."""
    for name in into.__struct_fields__:
        value: Any = getattr(more, name)
        if isinstance(value, dict):
            sums: dict[Any, int] = getattr(into, name)
            for key, count in value.items():
                sums[key] = sums.get(key, 0) + count
        elif value:
            setattr(into, name, getattr(into, name) + value)


def whole_seconds(wait_us: int) -> int:
    """The first whole second that the wait does not exceed."""
    return min(-(-max(wait_us, 0) // SECOND_US), WAIT_MAX_S)


def _within(after_s: dict[int, int], seconds: int) -> int:
    return sum(count for waited_s, count in after_s.items() if waited_s <= seconds)
