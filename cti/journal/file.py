"""Every command, on disk before it is applied: what a router that was killed starts from again.

`append` is one `write()` of one line. That survives any death of this process (the page cache is
the kernel's); `sync`, once a second on a thread, bounds what a power cut may cost. Nobody waits for
the disk: a power cut ends the calls anyway, and a flush a command would cost 40 times the routing
(1.3 to 2.4 us a line, 70 to 90 us a flush, measured).

When the disk is full or breaks, **the call path goes on** and the journal says so: it is
`degraded`, counts what it could not keep, and writes nothing more, because a journal with a hole is
worse than one that ends. `open(resumed=True)` begins anew; with a snapshot of that moment history
is whole again. A crash in between costs what was not kept: recovery goes up to the hole, and
`reconcile` repairs the calls from Asterisk. A failed flush counts as breakage too: the kernel may
have dropped pages that it calls clean from then on, so only a new file can be trusted.
"""

import contextlib
import errno
import itertools
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from cti.journal.data_dir import make_directory, sync_directory
from cti.journal.segments import (
    FORMAT,
    JournalLine,
    Segment,
    SegmentHeader,
    list_segments,
    read_journal,
    segment_path,
)
from routing.commands import Stamped

log = logging.getLogger(__name__)

# Some 400,000 commands: few files a day, and none too large for an editor.
SEGMENT_BYTES: Final = 64 * 1024 * 1024
_MODE: Final = 0o600

_encode = msgspec.json.Encoder().encode
# macOS has no fdatasync
_flush = getattr(os, "fdatasync", os.fsync)


class Journal(Protocol):
    """Where commands are kept before they are applied."""

    @property
    def degraded(self) -> bool:
        """Commands are not being kept."""

    def append(self, stamped: Stamped) -> None:
        """Keep one command. Never blocks for long and never raises for the disk's sake."""

    def read(self, after_seq: int = 0) -> Iterator[JournalLine]:
        """The commands after this one, in order."""

    def sync(self) -> None:
        """Make safe what was appended. Blocks; may be called from another thread."""


@dataclass(slots=True)
class JournalCounters:
    """What the journal has seen since it was made; plain numbers for the metrics to read."""

    appended: int = 0
    bytes: int = 0
    unjournalled: int = 0  # applied but not kept: the disk was full or broken
    failures: int = 0  # of writes and flushes
    flushes: int = 0
    rotations: int = 0
    degraded: int = 0  # 1 while commands are not kept


class FileJournal:
    """Segments in one directory, which the caller has locked (`cti.journal.data_dir`).

    `open` before the first `append`; all but `sync` belong to one thread.
    """

    def __init__(
        self, directory: Path, *, epoch: int, code: str, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.directory = directory
        self.counters = JournalCounters()
        self.failure = ""  # why it is degraded, in a few words
        self._epoch = epoch
        self._code = code
        self._segment_bytes = segment_bytes
        self._file = -1
        self._size = 0
        self._rotate_at = segment_bytes
        self._number = 0
        self._dirty = False
        self._named = False  # a file was made whose name is not safe in its directory yet
        self._left: list[int] = []  # files of earlier segments, not flushed yet
        self._flush_failure = ""  # told by the thread, acted upon by ours
        self._flush_began_s = 0.0  # told by the thread: since when it waits for the disk
        self._files = threading.Lock()  # guards the descriptors against `sync`

    @property
    def degraded(self) -> bool:
        """Commands are not being kept."""
        return self._file < 0

    @property
    def is_unflushed(self) -> bool:
        """There is something for `sync` to do."""
        return self._dirty or self._named or bool(self._left)

    def open(self, next_seq: int, *, resumed: bool = False) -> None:
        """Begin a new segment. Raises OSError."""
        make_directory(self.directory)
        names = [path.stem for path in self.directory.glob("*.jsonl*")]
        self._number = max((int(name[:8]) for name in names if name[:8].isdigit()), default=0) + 1
        header = SegmentHeader(FORMAT, self._code, self._epoch, next_seq, resumed)
        path = segment_path(self.directory, self._number)
        file, size = _new_file(path, _encode(header) + b"\n")
        with self._files:
            if self._file >= 0:
                self._left.append(self._file)
            self._file, self._size, self._dirty, self._named = file, size, True, True
        self._rotate_at = self._segment_bytes
        self.failure, self._flush_failure, self.counters.degraded = "", "", 0

    def start(self, next_seq: int) -> None:
        """`open`, or be degraded from the beginning: a full disk is no reason not to route."""
        try:
            self.open(next_seq)
        except OSError as error:
            self.give_up(str(error))

    def append(self, stamped: Stamped) -> None:
        """Write one line at once."""
        self.settle()
        if self._file < 0:
            self.counters.unjournalled += 1
            return
        line = _encode(stamped) + b"\n"
        try:
            written = os.write(self._file, line)
            failure = "" if written == len(line) else "the disk is full"
        except OSError as error:
            failure = str(error)
        if failure:
            self.counters.unjournalled += 1
            self.give_up(failure)
            return
        self._size += len(line)
        self._dirty = True
        self.counters.appended += 1
        self.counters.bytes += len(line)
        if self._size >= self._rotate_at:
            self.rotate(stamped.seq + 1)

    def rotate(self, next_seq: int) -> None:
        """Go on in a new segment; in the old one when that cannot be had."""
        try:
            self.open(next_seq)
        except OSError as error:
            self.counters.failures += 1
            self._rotate_at = self._size + self._segment_bytes
            log.error("journal: no new segment, going on in the old one: %s", error)
        else:
            self.counters.rotations += 1

    def read(self, after_seq: int = 0) -> Iterator[JournalLine]:
        """The commands after this one, in order; see `cti.journal.segments.read_journal`."""
        return read_journal(self.directory, after_seq)

    def sync(self) -> None:
        """Flush what was appended, on any thread. After an error the next `append` gives up."""
        with self._files:
            files, self._left = self._left, []
            if self._dirty and self._file >= 0:
                files.append(os.dup(self._file))
            named, self._dirty, self._named = self._named, False, False
        self._flush_began_s = time.monotonic()
        try:
            if named:
                sync_directory(self.directory)
        except OSError as error:
            self._flush_failure = f"flush of the directory: {error}"
        for file in files:
            try:
                _flush(file)
                self.counters.flushes += 1
            except OSError as error:
                self._flush_failure = f"flush: {error}"
            finally:
                os.close(file)
        self._flush_began_s = 0.0

    def settle(self) -> None:
        """Act upon a flush that has failed."""
        if self._flush_failure and self._file >= 0:
            self.give_up(self._flush_failure)

    @property
    def flush_lasts_s(self) -> float:
        """How long the flush under way has lasted; 0 when there is none."""
        began_s = self._flush_began_s
        return time.monotonic() - began_s if began_s else 0.0

    def close(self) -> None:
        """Flush and end. Appending afterwards is counted as not kept."""
        self.sync()
        with self._files:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def forget_before(self, seq: int) -> int:
        """Remove segments that hold nothing at or after `seq`; how many those were."""
        removed = 0
        for segment, after in itertools.pairwise(list_segments(self.directory)):
            if after.header.first_seq > seq:
                break
            segment.path.unlink(missing_ok=True)
            removed += 1
        return removed

    def drop_segment(self, why: str) -> None:
        """Keep no more, nor what is in the present segment: no snapshot stands before it."""
        path = segment_path(self.directory, self._number)
        self.give_up(why)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def give_up(self, why: str) -> None:
        """Keep no more, until `open` begins anew. What a failed write left behind is cut, so that
        the line before it is the last; where that fails too it reads as a torn end.
        """
        with self._files:
            file, self._file = self._file, -1
        if file >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(file, self._size)
            os.close(file)
        self.counters.failures += 1
        self.counters.degraded = 1
        self.failure = why
        log.critical("journal: commands are no longer kept, calls go on: %s", why)


def _new_file(path: Path, line: bytes) -> tuple[int, int]:
    """A new file that holds this line: (descriptor, size). Raises OSError and leaves nothing."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _MODE)
    try:
        size = os.write(file, line)
    except OSError:
        size = -1
    if size != len(line):
        os.close(file)
        path.unlink(missing_ok=True)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return file, size


class MemoryJournal:
    """For tests, simulation and replay: keeps commands as long as the process lives."""

    degraded = False

    def __init__(self) -> None:
        self.kept: list[Stamped] = []

    def append(self, stamped: Stamped) -> None:
        """Keep it."""
        self.kept.append(stamped)

    def read(self, after_seq: int = 0) -> Iterator[JournalLine]:
        """What was kept after this one."""
        nowhere = Segment(Path(), SegmentHeader(FORMAT, "memory", 0, 1))
        for stamped in self.kept:
            if stamped.seq > after_seq:
                yield JournalLine(stamped, nowhere, 0, 0)

    def sync(self) -> None:
        """There is nothing that a power cut would leave."""
