"""Waiting calls of one queue, one priority and one need.

Within a band the older call always has the higher score, whatever the time, since the score grows
with age only. So a free agent compares the heads of bands, and a caller's position is found band by
band. Both happen far more often than a head changes, so that what they go by is kept in the band
itself: its thousands of calls are not in the processor's cache.
"""

from typing import TYPE_CHECKING, final

from routing.call import Call
from routing.index.ordered import Item, OrderedLine
from routing.queue import Queue

if TYPE_CHECKING:
    from routing.index.pools import Pool


@final
class Band(OrderedLine):
    """(first queued, arrival number, call), oldest first; its index drops it when it is empty.

    `head`, `head_us` and `head_no` are the oldest call's; nobody came later than `newest_us`.
    """

    __slots__ = (
        "ageing", "head", "head_no", "head_us", "newest_us", "pool", "priority", "queue",
    )  # fmt: skip

    def __init__(self, pool: "Pool", queue: Queue, priority: int, call: Call) -> None:
        super().__init__()
        self.pool = pool
        self.queue = queue
        self.ageing = queue.ageing  # a new configuration files every waiting call anew
        self.priority = priority
        self.head, self.head_us, self.head_no = call, call.first_queued_us, call.number
        self.newest_us = call.first_queued_us
        self.enter(call)

    def score(self, waited_us: int) -> int:
        """The score of a call in here: the priority, its own and its boosts' and the queue's
        together, and what waiting adds.
        """
        return self.priority + self.ageing.points(waited_us)

    def enter(self, call: Call) -> None:
        """The call stands in line here."""
        first_us, number = call.first_queued_us, call.number
        item: Item = (first_us, number, call)
        self.add(item)
        call.band = self
        if first_us > self.newest_us:  # noqa: PLR1730  max() costs a third more
            self.newest_us = first_us
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

    def count_older(self, first_us: int, number: int) -> int:
        """How many came before somebody who came at `first_us` as the `number`-th."""
        if first_us > self.newest_us:
            return len(self)
        if first_us < self.head_us:
            return 0
        return self.count_before((first_us, number))
