"""The record of what this router has published: readable from any `seq`, kept in SQLite.

`offer` notes and returns; one task writes, every `FLUSH_S` or `BATCH` events, a transaction each
(twenty times as many rows a second as one by one, measured). Nothing that
happens to the disk reaches the call path: while it is full or ails, events stay in memory, at most
`backlog`; what comes on top is dropped and counted, and the log calls itself *degraded* until the
next start, when `append_missing` gets the journal's tail.

A `kill -9` costs what was not written yet, and the journal's tail makes that good too. `reached` is
what that rests on: all events up to there are written. Snapshots and journal that are needed to get
the later ones again are kept (`cti.journal.keeper`). Where the log has later events and lacks some
before them it has a *hole*, and remembers where it begins.

The other way round, after a power cut or a full disk the journal may end before this log does. Then
the router has to number on from `last_seq()`, since a `seq` never comes twice: what is in the log
has been published, and stays.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path

from cti.record.cloudevents import Record
from cti.record.envelope import Envelope
from cti.record.event_store import (
    PRUNE_BATCH,
    Appended,
    EventLogError,
    EventLogUnavailableError,
    EventStore,
    flush_wal,
)

__all__ = ["EventLog", "EventLogCounters", "EventLogError", "EventLogUnavailableError"]

log = logging.getLogger(__name__)

FLUSH_S = 1.0
"""One transaction a second: each costs some 0.3 ms of processor time however little it writes. What
waits is in every answer of ours; a program that reads the file itself sees it so much later.
"""

MARK_S = 1.0
"""So often bookmarks are kept. A reader that was killed goes on some events too early, no harm."""

BATCH = 500
SLICE = 50
"""Events put into words at one go, half a millisecond; then calls have their turn."""

BACKLOG = 100_000
"""Events held while the disk ails: some 100 MB, a quarter of an hour of a site of 10 calls/s."""

RETRY_MIN_S, RETRY_MAX_S = 0.2, 5.0


@dataclass(slots=True)
class EventLogCounters:
    """Plain numbers for the metrics to read."""

    offered: int = 0
    written: int = 0
    repeated: int = 0  # were there already: expected of `append_missing` only
    misnumbered: int = 0  # offered with a `seq` that was taken: not written; a defect of the caller
    refused: int = 0  # SQLite will never take them: left out
    flushes: int = 0
    failures: int = 0  # times that the disk refused; tried again
    failing: bool = False  # the last time it did
    backlog: int = 0  # events in memory, waiting to be written
    waiting_us: int = 0  # how long the oldest of them has waited
    lost: int = 0  # dropped since the start, the backlog being full; or missing, and nowhere else
    degraded: bool = False  # the record has a hole
    writing: bool = False  # the task that writes lives


class EventLog:
    """The log of one router; the only writer of its file. `encode` says an event as a record."""

    def __init__(
        self, path: Path, encode: Callable[[Envelope], Record], backlog: int = BACKLOG
    ) -> None:
        self._path = path
        self._encode = encode
        self._backlog = backlog
        self._store: EventStore | None = None  # None: it could not be opened yet
        self._pending: deque[Envelope] = deque()
        self._marks: dict[str, int] = {}  # not written yet
        self._marks_due_s = 0.0  # loop time
        self._waiting_since_s = 0.0  # loop time at which the oldest pending one came
        self._newest = 0
        self._reached = 0
        self._counters = EventLogCounters()
        self._wake, self._full, self._closing = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self) -> None:
        """Open or make the file, begin to write.

        Raises EventLogError for a file that is not ours or of another version: an operator has to
        look. A disk that is full, read-only or ailing is no reason to leave callers unanswered:
        then the log starts failing, and goes on trying.
        """
        try:
            await self._open()
        except EventLogUnavailableError as error:
            self._failed(error)
        self._task = asyncio.create_task(self._write_forever(), name="event log")

    async def close(self, timeout_s: float = 2.0) -> None:
        """Write what is pending, within the limit, and close the file in any case."""
        try:
            if self._task is not None:
                self._closing.set()
                self._wake.set()
                self._full.set()  # no more waiting for a better batch
                _, still_running = await asyncio.wait((self._task,), timeout=timeout_s)
                if still_running:
                    self._task.cancel()
                    await asyncio.wait((self._task,))
                self._task = None
                if self._pending:
                    count = len(self._pending)
                    log.error("event log: %d events unwritten; the next start gets them", count)
        finally:
            self._reached = self.reached
            store, self._store = self._store, None
            if store is not None:
                await store.close()

    @property
    def counters(self) -> EventLogCounters:
        """As of now."""
        counters = self._counters
        counters.backlog = len(self._pending)
        waiting_s = _now_s() - self._waiting_since_s if self._pending else 0.0
        counters.waiting_us = round(waiting_s * 1_000_000)
        counters.degraded = counters.lost + counters.refused > 0
        counters.writing = self._task is not None and not self._task.done()
        return counters

    # --- writing ---

    def offer(self, envelope: Envelope) -> None:
        """One more event, in order of `seq`. O(1), never waits, never raises."""
        if envelope.seq <= self._newest:
            if not self._counters.misnumbered:
                log.error("event log: %d was offered after %d", envelope.seq, self._newest)
            self._counters.misnumbered += 1
        self._put(envelope)

    def offer_all(self, envelopes: Sequence[Envelope]) -> None:
        """The events of one command."""
        for envelope in envelopes:
            self.offer(envelope)

    def mark(self, reader: str, seq: int) -> None:
        """Keep how far this reader has got; written with some later batch, or at the end. O(1)."""
        self._marks[reader] = seq

    async def append_missing(self, envelopes: Iterable[Envelope], newest: int = 0) -> int:
        """The journal's tail: write those that are not in the log yet, return how many that were.

        To be called between `start` and the first `offer`. What is then still missing up to
        `newest`, the last event of the past, is nowhere: that is said and counted as lost.

        While the disk ails they stay pending like others, the newest of them: the others are got
        again at the next start.
        """
        before, reached = self._counters.written, self.reached
        tail = iter(envelopes)
        try:
            while self._store and (chunk := list(islice(tail, min(BATCH, self._backlog)))):
                self._put_all(chunk)
                await self._flush()
        except EventLogError as error:
            self._failed(error)
        self._put_all(deque(tail, maxlen=self._backlog // 2))
        if self._store is not None and not self._pending:
            with suppress(EventLogError):
                missing = await self._store.take_stock(reached, newest)
                self._counters.lost += missing
        added = self._counters.written - before
        if added:
            log.info("event log: %d events of the last run were missing", added)
        return added

    async def prune(self, before_us: int, up_to_seq: int) -> int:
        """Forget events of before that time, none above `up_to_seq` (what the slowest reader has).

        In small transactions, so that writing goes on in between, with a pause as long as each
        took: a slow disk is ours for half of the time at most. Returns how many; raises
        EventLogUnavailableError. SQLite uses the room again, the file does not shrink.
        """
        pruned, found = 0, PRUNE_BATCH
        up_to_seq = min(up_to_seq, self.reached)  # behind a hole nothing is forgotten
        while found == PRUNE_BATCH:
            began_s = _now_s()
            async with self._writing:
                found = await self._opened().prune(before_us, up_to_seq)
            pruned += found
            await asyncio.sleep(_now_s() - began_s if found == PRUNE_BATCH else 0)
        return pruned

    # --- reading ---

    def last_seq(self) -> int:
        """The highest `seq` that is in the log or about to be, 0 for none."""
        return self._newest

    @property
    def reached(self) -> int:
        """All events up to this one are written; 0 when none is, or the file is not open yet."""
        if self._store is not None:
            self._reached = self._store.reached
        return self._reached

    @property
    def last_epoch(self) -> int:
        """The epoch of the last event that was found, 0 when none was."""
        return self._store.last_epoch if self._store else 0

    async def make_safe(self) -> int:
        """What is `reached`, safe from a power cut, too. Raises OSError.

        SQLite flushes the -wal only when it copies it into the file (`synchronous=NORMAL`).
        """
        reached = self.reached
        await asyncio.to_thread(flush_wal, self._path)
        return reached

    async def read_after(self, seq: int, limit: int) -> list[Record]:
        """The first `limit` records above `seq`, in order, those not yet written included.

        Raises EventLogUnavailableError when the file cannot be read now.
        """
        if seq >= self._newest:
            return []
        pending = dropwhile(lambda envelope: envelope.seq <= seq, self._pending)
        fresh = list(islice(pending, limit))  # before we wait: what is written meanwhile is in both
        if self._store is None and fresh and fresh[0].seq == seq + 1:
            return self._merged([], fresh, limit)
        rows = await self._opened().after(seq, limit)
        return self._merged(rows, fresh, limit)

    async def first_since(self, at_us: int) -> tuple[int, int] | None:
        """Number and time of the first event at or after this moment, None when there is none.

        Raises EventLogUnavailableError.
        """
        fresh = [(each.seq, each.at_us) for each in self._pending if each.at_us >= at_us][:1]
        found = await self._opened().first_since(at_us)
        return found or (fresh[0] if fresh else None)

    async def by_call(self, call_id: str, limit: int = 1000) -> list[Record]:
        """A contact's life, oldest first. Raises EventLogUnavailableError."""
        fresh = [e for e in self._pending if getattr(e.event, "call_id", "") == call_id]
        rows = await self._opened().of_call(call_id, limit)
        return self._merged(rows, fresh, limit)

    async def bookmark(self, reader: str, default: int) -> int:
        """How far this reader had got; `default` when that is not known or cannot be read now."""
        try:
            kept = await self._opened().bookmark(reader)
        except EventLogUnavailableError:
            kept = None
        return self._marks.get(reader, default if kept is None else kept)

    # --- inside ---

    def _put(self, envelope: Envelope) -> None:
        counters = self._counters
        counters.offered += 1
        if len(self._pending) >= self._backlog:
            if not counters.lost:
                log.error("event log: degraded, event %d is the first lost", envelope.seq)
            counters.lost += 1
            return
        if not self._pending:
            self._wake.set()
            self._waiting_since_s = _now_s()
        self._pending.append(envelope)
        self._newest = max(self._newest, envelope.seq)
        if len(self._pending) >= BATCH:
            self._full.set()

    def _put_all(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            self._put(envelope)

    def _merged(self, rows: list[Record], fresh: list[Envelope], limit: int) -> list[Record]:
        if not fresh:
            return rows
        found = {record.seq: record for record in (*rows, *map(self._encode, fresh))}
        return [found[seq] for seq in sorted(found)[:limit]]

    async def _write_forever(self) -> None:
        delay_s = RETRY_MIN_S
        while self._pending or self._marks or not self._closing.is_set():
            await self._due()
            try:
                await self._flush()
                delay_s = RETRY_MIN_S
            except Exception as error:  # noqa: BLE001  whatever it is: said, counted, tried again
                self._failed(error)
                if self._closing.is_set():
                    return
                self._wake.set()
                await _until(self._closing, delay_s)
                delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def _due(self) -> None:
        """Something is to be written, and waiting longer would not make the batch better."""
        await self._wake.wait()
        if not (self._full.is_set() or self._closing.is_set()):
            await _until(self._full, FLUSH_S)
        self._wake.clear()
        self._full.clear()

    async def _flush(self) -> None:
        """Write all that is pending. Raises EventLogError; then nothing of it is lost."""
        async with self._writing:
            store = self._store or await self._open()
            while self._pending:
                batch = await self._worded(list(islice(self._pending, BATCH)))
                appended = await store.append(batch)
                for _ in batch:
                    self._pending.popleft()
                self._waiting_since_s = _now_s()
                self._count(appended)
            await self._keep_marks(store)
        if self._counters.failing:
            log.warning("event log: writing again")
            self._counters.failing = False

    def _count(self, appended: Appended) -> None:
        counters, refused, strange = self._counters, appended.refused, appended.strange
        counters.written += appended.added
        counters.repeated += appended.repeated
        counters.refused += len(refused)
        counters.lost += len(strange)
        counters.flushes += 1
        if refused:
            log.error(
                "event log: SQLite refuses %d events, the first is %d", len(refused), refused[0]
            )
        if strange:
            log.critical(
                "event log: %d numbers from %d on were another run's: those events are lost",
                len(strange), strange[0],
            )  # fmt: skip

    async def _worded(self, envelopes: list[Envelope]) -> list[Record]:
        records: list[Record] = []
        for start in range(0, len(envelopes), SLICE):
            records += map(self._encode, envelopes[start : start + SLICE])
            await asyncio.sleep(0)
        return records

    async def _keep_marks(self, store: EventStore) -> None:
        now_s = _now_s()
        if self._closing.is_set() or now_s >= self._marks_due_s:
            for reader, seq in tuple(self._marks.items()):
                await store.mark(reader, seq)
                if self._marks[reader] == seq:
                    del self._marks[reader]
            self._marks_due_s = now_s + MARK_S

    async def _open(self) -> EventStore:
        store = self._store = await EventStore.open(self._path)
        self._newest = max(self._newest, store.written)
        return store

    def _opened(self) -> EventStore:
        if self._store is None:
            raise EventLogUnavailableError(f"{self._path} is not open")
        return self._store

    def _failed(self, error: Exception) -> None:
        self._counters.failures += 1
        if not self._counters.failing:
            log.error("event log: %s; events wait in memory", error)
        self._counters.failing = True


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _until(event: asyncio.Event, limit_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
