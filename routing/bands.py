"""Waiting calls of one queue, one priority and one need.

Within a band the older call always has the higher score, whatever the time, since the score grows
with age only. So a free agent compares the heads of bands, and a caller's position is found band by
band. Both happen far more often than a head changes, so that what they go by is kept in the band
itself: its thousands of calls are not in the processor's cache.
"""

from typing import TYPE_CHECKING

from routing.call import Call
from routing.ordered import Item, OrderedLine
from routing.queue import Queue

if TYPE_CHECKING:
    from routing.pools import Pool


class Band(OrderedLine):
    """(first queued, arrival number, call), oldest first; its index drops it when it is empty.

    `head`, `head_us` and `head_no` are the oldest call's; nobody came later than `newest_us`.
    """

    __slots__ = (
        "age_cap", "age_every_us", "age_points", "head", "head_no", "head_us", "newest_us", "pool",
        "priority", "queue", "sl_points", "spec",
    )  # fmt: skip

    def __init__(self, pool: "Pool", queue: Queue, priority: int, call: Call) -> None:
        super().__init__()
        self.pool = pool
        self.queue = queue
        spec = self.spec = queue.spec  # a new configuration files every waiting call anew
        self.age_every_us, self.age_points = spec.age_every_us, spec.age_points
        self.age_cap, self.sl_points = spec.age_cap, spec.sl_points
        self.priority = priority
        self.head, self.head_us, self.head_no = call, call.first_queued_us, call.number
        self.newest_us = call.first_queued_us
        self.enter(call)

    def enter(self, call: Call) -> None:
        """The call stands in line here."""
        first_us, number = call.first_queued_us, call.number
        item: Item = (first_us, number, call)
        self.add(item)
        call.band = self
        self.newest_us = max(self.newest_us, first_us)
        if first_us < self.head_us or (first_us == self.head_us and number < self.head_no):
            self._note_head(item)

    def leave(self, call: Call) -> None:
        """… and no longer does."""
        call.band = None
        if call is not self.head:
            self.remove((call.first_queued_us, call.number, call))
            return
        self.remove_first()
        if self.heads:
            self._note_head(self.heads[0])

    def _note_head(self, item: Item) -> None:
        self.head_us, self.head_no, self.head = item

    def count_older(self, item: Item) -> int:
        """How many have come before `item`, (time, arrival number), which is in no band or in this
        one.
        """
        return len(self) if item[0] > self.newest_us else self.count_before(item)
