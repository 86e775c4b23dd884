"""Looks after the journal while calls go on: flushes, snapshots, the way back from a full disk.

Nothing here is waited for by a call. Taking a snapshot costs the event loop the time to put the
state into bytes; writing it is a thread's.
"""

import asyncio
import logging
import time
from typing import Final

from cti.journal.file import FileJournal
from cti.journal.snapshots import SnapshotStore
from routing.engine import RoutingEngine

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S: Final = 900.0
HEAL_EVERY_S: Final = 1.0


class Keeper:
    """`sync_s`: how much a power cut may cost. `snapshot_every`: commands between two snapshots."""

    def __init__(
        self,
        engine: RoutingEngine,
        journal: FileJournal,
        snapshots: SnapshotStore,
        *,
        epoch: int,
        sync_s: float,
        snapshot_every: int,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._snapshots = snapshots
        self._epoch = epoch
        self._sync_s = sync_s
        self._snapshot_every = snapshot_every
        self._last_seq = engine.seq
        self._last_s = time.monotonic()
        self._writing = asyncio.Lock()

    async def flush_forever(self) -> None:
        """Flush the journal again and again; when it is degraded, try to begin it anew."""
        while True:
            await asyncio.sleep(self._sync_s)
            if self._journal.degraded:
                await self.heal()
                await asyncio.sleep(HEAL_EVERY_S)
            elif self._journal.is_unflushed:
                await asyncio.to_thread(self._journal.sync)

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
            if self._journal.degraded:
                return
            began = time.perf_counter()
            taken = self._snapshots.take(self._engine, self._epoch)
            took_s = time.perf_counter() - began
            self._journal.rotate(taken.header.seq + 1)
            self._last_seq, self._last_s = taken.header.seq, time.monotonic()
            await asyncio.to_thread(self._snapshots.write, taken)
            await asyncio.to_thread(self._journal.forget_before, self._snapshots.oldest_seq() + 1)
            log.info(
                "snapshot after command %d: %d bytes, the loop was held for %.1f ms",
                taken.header.seq, len(taken.data), took_s * 1000,
            )  # fmt: skip

    async def heal(self) -> bool:
        """After a full or broken disk: a new segment, and a snapshot that stands before it.

        Both are of the same moment, so that no command falls between them. Without the snapshot the
        segment is of no use and goes again.
        """
        async with self._writing:
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
