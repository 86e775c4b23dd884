"""The one bounded way to follow this router's events: a shared memory, and the log behind it.

    Feed            the newest events in memory, at most `capacity`, for all who follow
    Subscription    how far one reader has got, and what comes next for it

Nobody waits for a reader. One that is slow, or away, falls out of the memory; its way on leads
through the event log: since `seq` has no gaps, an event that is wanted and is not in memory is a
*hole*, and a hole is read from the log. There is no mode to be in: falling behind, catching up and
a start after a crash are the same rule. `is_lagging` says that a hole is next, and `follow` tells
its reader so.

An event leaves the memory when every reader has acknowledged it; with no reader there is nothing
in it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec

from cti.record.cloudevents import Record
from cti.record.envelope import Envelope

ReadAfter = Callable[[int, int], Awaitable[list[Record]]]
"""`read_after(seq, limit)`: the first `limit` records above `seq` that there are, in order."""

PAGE = 200
"""Records read from the log at a time: 0.2 MB."""

RETRY_S = 1.0
"""A log that cannot be read is asked again after this."""


class UnreadableError(Exception):
    """The event log cannot be read now; nothing is lost by that."""


class Lagged(msgspec.Struct, frozen=True):
    """The reader was too slow: what comes after `after` is read from the log, up to `newest`."""

    after: int
    newest: int


class Feed:
    """The newest events. `encode` says one as it is published; `read_after` is the event log's."""

    def __init__(
        self,
        encode: Callable[[Envelope], Record],
        read_after: ReadAfter,
        *,
        newest: int = 0,
        capacity: int = 10_000,
    ) -> None:
        self.newest = newest
        self._encode = encode
        self._read_after = read_after
        self._recent: deque[Envelope] = deque(maxlen=capacity)  # without gaps, up to `newest`
        self._subscriptions: list[Subscription] = []

    def offer_all(self, envelopes: Sequence[Envelope]) -> None:
        """The events of one command. Never waits; what is known already is dropped."""
        for envelope in envelopes:
            if envelope.seq <= self.newest:
                continue
            if envelope.seq != self.newest + 1:
                self._recent.clear()  # a hole in front of it: the log has what lies between
            self.newest = envelope.seq
            if self._subscriptions:
                self._recent.append(envelope)
        for subscription in self._subscriptions:
            subscription.on_news()

    def subscribe(self, after: int) -> "Subscription":
        """One more reader, who has what is up to `after`. It ends with `close`."""
        subscription = Subscription(self)
        subscription.open(after)
        return subscription

    def __len__(self) -> int:
        """Events held in memory."""
        return len(self._recent)

    # --- for subscriptions ---

    @property
    def oldest(self) -> int:
        """The oldest event in memory; the one that will come next when there is none."""
        return self._recent[0].seq if self._recent else self.newest + 1

    def record(self, seq: int) -> Record | None:
        """An event that is in memory, as it is published."""
        place = seq - self.oldest
        return self._encode(self._recent[place]) if 0 <= place < len(self._recent) else None

    async def page(self, after: int) -> list[Record]:
        """The next that the log has. Raises UnreadableError."""
        try:
            return await self._read_after(after, PAGE)
        except Exception as error:
            raise UnreadableError(str(error)) from error

    def forget(self) -> None:
        """Let go of what every reader has."""
        slowest = min((each.position for each in self._subscriptions), default=self.newest)
        while self._recent and self._recent[0].seq <= slowest:
            self._recent.popleft()

    def join(self, subscription: "Subscription") -> None:
        """It reads from here."""
        self._subscriptions.append(subscription)

    def leave(self, subscription: "Subscription") -> None:
        """It reads no more."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self.forget()


class Subscription:
    """One reader. `position` is the last event that it needs no more; `on_news` is called, in line,
    when there are new ones. After `open` either `take` and `acknowledge`, or `follow`.
    """

    def __init__(self, feed: Feed) -> None:
        self.position = feed.newest
        self.lost = 0  # neither in memory nor in the log: never read
        self.on_news: Callable[[], None] = lambda: None
        self._feed = feed
        self._page: deque[Record] = deque()
        self._unacknowledged: deque[int] = deque()
        self._acknowledged: set[int] = set()
        self._taken = feed.newest  # the last that `take` handed out
        self._lost_to = 0

    def open(self, after: int) -> None:
        """Begin, with what comes after this event."""
        self.position = self._taken = after
        self._feed.join(self)

    @property
    def newest(self) -> int:
        """The last event that there is."""
        return max(self._feed.newest, self.position)

    @property
    def behind(self) -> int:
        """Events that are not acknowledged yet."""
        return self.newest - self.position

    @property
    def is_lagging(self) -> bool:
        """What comes next is no longer in memory."""
        return self._taken < self._feed.newest and self._taken + 1 < self._feed.oldest

    async def take(self) -> Record | None:
        """The next event, None when there is none yet. Raises UnreadableError."""
        if self._taken >= self._feed.newest:
            return None
        record = self._feed.record(self._taken + 1) or await self._from_log()
        if record is not None:
            self._taken = record.seq
            self._unacknowledged.append(record.seq)
        return record

    def acknowledge(self, seq: int) -> None:
        """The reader has it. In whatever order these come, the head leaves first."""
        self._acknowledged.add(seq)
        while self._unacknowledged and self._unacknowledged[0] in self._acknowledged:
            self.position = self._unacknowledged.popleft()
            self._acknowledged.remove(self.position)
        self._feed.forget()

    def rewind(self) -> None:
        """The link was lost: what was not acknowledged comes again, in the same order."""
        self._taken = self.position
        self._page.clear()
        self._unacknowledged.clear()
        self._acknowledged.clear()

    def close(self) -> None:
        """Read no more."""
        self._feed.leave(self)

    async def follow(self) -> AsyncIterator[Record | Lagged]:
        """Every event from here on, as it comes; the reader has one when it asks for the next.

        `Lagged` comes first, once, whenever the reader has fallen out of the memory. A log that
        cannot be read is waited for. Without end: leave it and `close`.
        """
        news = asyncio.Event()
        self.on_news = news.set
        told = False
        while True:
            news.clear()
            if self.is_lagging and not told:
                yield Lagged(self._taken, self._feed.newest)
            told = self.is_lagging
            try:
                record = await self.take()
            except UnreadableError:
                await asyncio.sleep(RETRY_S)
                continue
            if record is None:
                await news.wait()
                continue
            yield record
            self.acknowledge(record.seq)

    async def _from_log(self) -> Record | None:
        """Fill the hole that begins behind `_taken`."""
        while self._page and self._page[0].seq <= self._taken:
            self._page.popleft()  # meanwhile taken from memory
        if not self._page:
            self._page.extend(await self._feed.page(self._taken))
        oldest = self._feed.oldest  # may have moved on while we read
        if self._page and self._page[0].seq < oldest:
            self._give_up(self._page[0].seq - 1)
            return self._page.popleft()
        # The log has nothing there (it was degraded, or has been pruned): go on with what we have.
        self._give_up(oldest - 1)
        self._taken = oldest - 1
        self._unacknowledged.append(oldest - 1)
        self.acknowledge(oldest - 1)
        return self._feed.record(oldest)

    def _give_up(self, last: int) -> None:
        """Events up to `last` are nowhere. After a rewind they are met again and not counted."""
        self.lost += max(0, last - max(self._taken, self._lost_to))
        self._lost_to = max(self._lost_to, last)
