"""What is still to be told to the bus, in order; bounded, with the event log behind it.

The newest events are kept in memory, at most `capacity`. The head leaves when the broker has
acknowledged it. While the broker is away the oldest give way to the newest, and when it is back the
way on leads through the event log: since `seq` has no gaps, an event that is wanted and is not in
memory any more is a *hole*, and a hole is read from the log. There is no mode to be in: falling
behind, catching up and a start after a crash are the same rule.
"""

from collections import deque
from collections.abc import Awaitable, Callable

from cti.record.cloudevents import Record
from cti.record.envelope import Envelope

ReadAfter = Callable[[int, int], Awaitable[list[Record]]]
"""`read_after(seq, limit)`: the first `limit` records above `seq` that there are, in order."""

PAGE = 200
"""Records read from the log at a time: 0.2 MB."""


class UnreadableError(Exception):
    """The event log cannot be read now; nothing is lost by that."""


class Outbox:
    """One reader of this router's events. `position` is the last that needs no sending any more."""

    def __init__(
        self, encode: Callable[[Envelope], Record], read_after: ReadAfter, capacity: int = 10_000
    ) -> None:
        self._encode = encode
        self._read_after = read_after
        self._recent: deque[Envelope] = deque(maxlen=capacity)  # without gaps, up to `newest`
        self._page: deque[Record] = deque()
        self._unacknowledged: deque[int] = deque()
        self._acknowledged: set[int] = set()
        self._taken = 0  # the last that `take` handed out
        self._lost_to = 0
        self.position = 0
        self.newest = 0
        self.lost = 0  # neither in memory nor in the log: never published

    def start_after(self, position: int, newest: int) -> None:
        """Go on after `position`; up to `newest` there is something to go on with."""
        self.position = self._taken = position
        self.newest = max(position, newest, self.newest)

    def offer(self, envelope: Envelope) -> None:
        """One more event. O(1); one that is known already is dropped."""
        if envelope.seq <= self.newest:
            return
        if envelope.seq != self.newest + 1:
            self._recent.clear()  # a hole in front of it: the log has what lies between
        self._recent.append(envelope)
        self.newest = envelope.seq

    def __len__(self) -> int:
        """Events held in memory."""
        return len(self._recent)

    @property
    def behind(self) -> int:
        """Events that are not acknowledged yet."""
        return self.newest - self.position

    @property
    def is_lagging(self) -> bool:
        """What comes next is no longer in memory."""
        return self._taken < self.newest and self._taken + 1 < self._head()

    async def take(self) -> Record | None:
        """The next to be sent, None when there is none yet. Raises UnreadableError."""
        if self._taken >= self.newest:
            return None
        if self._taken + 1 >= self._head():
            record = self._encode(self._recent[self._taken + 1 - self._head()])
        else:
            found = await self._from_log()
            if found is None:
                return None
            record = found
        self._taken = record.seq
        self._unacknowledged.append(record.seq)
        return record

    def acknowledge(self, seq: int) -> None:
        """The broker has it. In whatever order these come, the head leaves first."""
        self._acknowledged.add(seq)
        while self._unacknowledged and self._unacknowledged[0] in self._acknowledged:
            self.position = self._unacknowledged.popleft()
            self._acknowledged.remove(self.position)
        while self._recent and self._recent[0].seq <= self.position:
            self._recent.popleft()

    def rewind(self) -> None:
        """The link was lost: what was not acknowledged comes again, in the same order."""
        self._taken = self.position
        self._page.clear()
        self._unacknowledged.clear()
        self._acknowledged.clear()

    def _head(self) -> int:
        """The oldest event in memory; the one that will come next when there is none."""
        return self._recent[0].seq if self._recent else self.newest + 1

    async def _from_log(self) -> Record | None:
        """Fill the hole that begins behind `_taken`."""
        while self._page and self._page[0].seq <= self._taken:
            self._page.popleft()  # meanwhile sent from memory
        if not self._page:
            try:
                self._page.extend(await self._read_after(self._taken, PAGE))
            except Exception as error:
                raise UnreadableError(str(error)) from error
        head = self._head()  # may have moved on while we read
        if self._page and self._page[0].seq < head:
            self._give_up(self._page[0].seq - 1)
            return self._page.popleft()
        # The log has nothing there (it was degraded, or has been pruned): go on with what we have.
        self._give_up(head - 1)
        self._taken = head - 1
        self._unacknowledged.append(head - 1)
        self.acknowledge(head - 1)
        return self._encode(self._recent[0]) if self._recent else None

    def _give_up(self, last: int) -> None:
        """Events up to `last` are nowhere. After a rewind they are met again and not counted."""
        self.lost += max(0, last - max(self._taken, self._lost_to))
        self._lost_to = max(self._lost_to, last)
