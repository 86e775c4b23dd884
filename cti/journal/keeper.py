"""Looks after the journal while calls go on: flushes, snapshots, the way back from a full disk.

Nothing here is waited for by a call. Taking a snapshot costs the event loop the time to put the
state into bytes; writing it is a thread's.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from cti.journal.file import FileJournal
from cti.journal.snapshots import SnapshotStore
from routing.engine import RoutingEngine

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S: Final = 900.0
HEAL_EVERY_S: Final = 1.0


Recorded = Callable[[], Awaitable[int]]
"""The last event that is in the event log with all before it, and safe there. Raises OSError."""


class Keeper:
    """`sync_s`: how much a power cut may cost. `snapshot_every`: commands between two snapshots.

    Journal and snapshots are kept until the event log has what they led to, as `recorded` says;
    without it nobody keeps a log.
    """

    def __init__(
        self,
        engine: RoutingEngine,
        journal: FileJournal,
        snapshots: SnapshotStore,
        *,
        epoch: int,
        sync_s: float,
        snapshot_every: int,
        recorded: Recorded | None = None,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._snapshots = snapshots
        self._epoch = epoch
        self._sync_s = sync_s
        self._snapshot_every = snapshot_every
        self._recorded = recorded
        self._crashed = False
        self._last_seq = engine.seq
        self._last_s = time.monotonic()
        self._writing = asyncio.Lock()

    def distrust(self) -> None:
        """The core has crashed: its state is half applied, and no snapshot of it is taken."""
        self._crashed = True

    async def flush_forever(self) -> None:
        """Flush the journal again and again; when it is degraded, try to begin it anew."""
        while True:
            await asyncio.sleep(self._sync_s)
            if self._journal.degraded:
                await self.heal()
                await asyncio.sleep(HEAL_EVERY_S)
            elif self._journal.is_unflushed:
                await asyncio.to_thread(self._journal.sync)
                self._journal.settle()

    async def snapshot_forever(self) -> None:
        """A snapshot after so many commands, and after a quarter of an hour with any."""
        while True:
            await asyncio.sleep(1)
            new = self._engine.seq - self._last_seq
            waited_s = time.monotonic() - self._last_s
            if new >= self._snapshot_every or (new and waited_s >= SNAPSHOT_EVERY_S):
                await self.snapshot()

    async def snapshot(self) -> None:
        """Take one now, and let go of journal that nobody needs. Raises OSError."""
        async with self._writing:
            if self._crashed or self._journal.degraded:
                return
            began = time.perf_counter()
            taken = self._snapshots.take(self._engine, self._epoch)
            took_s = time.perf_counter() - began
            header = taken.header
            self._journal.rotate(header.seq + 1)
            # First what it stands on: the log's missing events may have to come from there.
            await asyncio.to_thread(self._journal.sync)
            await asyncio.to_thread(self._snapshots.write, taken)
            self._last_seq, self._last_s = header.seq, time.monotonic()
            await self._forget()
            log.info(
                "snapshot after command %d: %d bytes, the loop was held for %.1f ms",
                header.seq, len(taken.data), took_s * 1000,
            )  # fmt: skip

    async def _forget(self) -> None:
        recorded = await self._recorded() if self._recorded else self._engine.event_seq
        first_seq = await asyncio.to_thread(self._snapshots.forget, recorded)
        await asyncio.to_thread(self._journal.forget_before, first_seq)

    async def heal(self) -> bool:
        """After a full or broken disk: a new segment, and a snapshot that stands before it.

        Both are of the same moment, so that no command falls between them. Without the snapshot the
        segment is of no use and goes again.
        """
        async with self._writing:
            if self._crashed:
                return False
            try:
                self._journal.open(self._engine.seq + 1, resumed=True)
            except OSError:
                return False
            taken = self._snapshots.take(self._engine, self._epoch)
            try:
                await asyncio.to_thread(self._snapshots.write, taken)
            except OSError as error:
                self._journal.drop_segment(f"no snapshot: {error}")
                return False
            self._last_seq, self._last_s = taken.header.seq, time.monotonic()
            log.warning("journal: commands are kept again, from %d on", taken.header.seq + 1)
            return True
