"""From what is on disk to a running core: newest snapshot, then every command after it.

Replay is what `routing` promises: the same commands lead to the same state, and to the same events
with the same numbers. So the events of the replayed tail are at hand for the event log, which may
not have had the time to write them; those that it lacks of before the snapshot, too
(`cti.journal.owed`).

A command that crashed the core is in the journal: it was written before it was applied. If it is
the last line, nothing that it led to was ever seen; it is moved to `abandoned.jsonl`, with its
error, and recovery goes on without it. If it is an earlier line, the program is not the one that
wrote the journal, or the disk lies: no start, and the options are named.
"""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cti.clock import Clock
from cti.journal.data_dir import sync_directory
from cti.journal.owed import apply, owed_events
from cti.journal.quarantine import Abandoned, Quarantine, read_abandoned
from cti.journal.segments import (
    JournalGap,
    JournalLine,
    cut,
    cut_torn_end,
    list_segments,
    read_journal,
)
from cti.journal.snapshots import SnapshotStore
from cti.record.envelope import Envelope
from routing.config import RoutingConfig
from routing.engine import RoutingEngine

log = logging.getLogger(__name__)


class ReplayFailed(Exception):  # noqa: N818  # says what is
    """A command in mid-journal cannot be applied. `str()` names it, and what can be done."""

    def __init__(self, line: JournalLine, error: Exception) -> None:
        kind = type(line.stamped.command).__name__
        super().__init__(
            f"{line.segment.path}, byte {line.offset}: command {line.stamped.seq} ({kind}) was "
            f"applied once, by version {line.segment.header.code}, and cannot be now: {error!r}. "
            f"Either start that version; or move the data directory away and start with an empty "
            f"one: callers who wait are known again from Asterisk with their first arrival, agents "
            f"have to sign in again"
        )


@dataclass(slots=True)
class Recovered:
    """A core as it was. `tail` are the events that the event log lacks; `missing` how many commands
    a full disk has cost; `last_epoch` the highest that is on disk.
    """

    engine: RoutingEngine
    snapshot_seq: int
    tail: list[Envelope] = field(default_factory=list)
    replayed: int = 0
    abandoned: Abandoned | None = None
    missing: int = 0
    last_epoch: int = 0
    took_s: float = 0.0


@dataclass(slots=True)
class _Crash(Exception):  # noqa: N818  # ends in this file
    line: JournalLine
    error: Exception
    is_last: bool


def recover(snapshots: SnapshotStore, journal: Path, recorded: int) -> Recovered:
    """The state after all that is on disk; an empty core when there is nothing.

    `recorded`: the event log has all events up to this one; `tail` holds the later ones. Raises
    `JournalDamaged` and `ReplayFailed`, both with what can be done.
    """
    began = time.perf_counter()
    _cut_last_segment(journal)
    abandoned = None
    try:
        found = _replay(snapshots, journal, recorded)
    except _Crash as crash:
        if not crash.is_last:
            raise ReplayFailed(crash.line, crash.error) from crash.error
        abandoned = _abandon(crash, journal.parent)
        found = _replay(snapshots, journal, recorded)
    snapshots.set_aside_after(found.snapshot_seq)
    segments = [segment.header.epoch for segment in list_segments(journal)]
    taken = [header.epoch for header in snapshots.headers()]
    found.last_epoch = max([*segments, *taken], default=0)
    found.abandoned = abandoned
    found.took_s = time.perf_counter() - began
    return found


def _cut_last_segment(journal: Path) -> None:
    segments = list_segments(journal)
    lost = cut_torn_end(segments[-1]) if segments else 0
    if lost:
        log.warning("%s: %d bytes of a torn last line were cut", segments[-1].path, lost)


def _replay(snapshots: SnapshotStore, journal: Path, recorded: int) -> Recovered:
    newest = snapshots.load_newest()
    engine = newest[0] if newest else RoutingEngine(RoutingConfig())
    found = Recovered(engine, engine.seq, owed_events(snapshots, journal, engine, recorded))
    code = ""
    for line, is_last in _with_last(_until_gap(read_journal(journal, engine.seq), found)):
        if line.segment.header.code != code:
            code = line.segment.header.code
            log.info("replaying commands that version %s wrote", code)
        try:
            found.tail += apply(engine, line, recorded)
        except Exception as error:  # whatever it is, the next start must not meet it again
            raise _Crash(line, error, is_last) from error
        found.replayed += 1
    return found


def _until_gap(lines: Iterator[JournalLine], found: Recovered) -> Iterator[JournalLine]:
    """What stands before a hole that a full disk left; the rest is set aside."""
    try:
        yield from lines
    except JournalGap as gap:
        found.missing = gap.missing
        later = [
            segment.path
            for segment in list_segments(gap.segment.path.parent)
            if segment.path >= gap.segment.path
        ]
        for path in later:
            path.rename(path.with_name(f"{path.name}.aside"))
        sync_directory(gap.segment.path.parent)  # one that came back would be a hole once more
        log.error("%s: the disk was full; going on from before, Asterisk tells the rest", gap)


def _with_last(lines: Iterator[JournalLine]) -> Iterator[tuple[JournalLine, bool]]:
    """Each line with whether it is the last."""
    held = next(lines, None)
    while held is not None:
        following = next(lines, None)
        yield held, following is None
        held = following


def _abandon(crash: _Crash, directory: Path) -> Abandoned:
    """Move the line out of the journal, keeping what a bug report needs."""
    line = crash.line
    record = Abandoned(
        seq=line.stamped.seq,
        at_us=line.stamped.at_us,
        epoch=line.segment.header.epoch,
        code=line.segment.header.code,
        command=line.stamped.command,
        error=repr(crash.error),
    )
    try:
        with (directory / "abandoned.jsonl").open("ab") as stream:
            stream.write(msgspec.json.encode(record) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_directory(directory)
    except OSError as error:  # a full disk: it is held back in this run all the same
        log.error("abandoned.jsonl cannot be written: %s", error)
    cut(line.segment.path, line.offset)
    log.error("command %d crashed the core and is abandoned: %r", record.seq, crash.error)
    return record


class ClockAhead:
    """A clock that runs on from where the core's time is, when the machine's was set back."""

    def __init__(self, clock: Clock, by_us: int) -> None:
        self._clock = clock
        self._by_us = by_us

    def now_us(self) -> int:
        """Microseconds since 1970, and a little more."""
        return self._clock.now_us() + self._by_us


def clock_for(engine: RoutingEngine, clock: Clock) -> Clock:
    """Time for a recovered core. It never goes back: if the machine's clock was set back since the
    last run, deadlines would not come until it had caught up.
    """
    behind_us = engine.now_us - clock.now_us()
    if behind_us <= 0:
        return clock
    log.error("the clock is %.1f s behind the last run; going on from there", behind_us / 1e6)
    return ClockAhead(clock, behind_us)


def quarantine_of(
    directory: Path, latest: Abandoned | None, *, code: str, now_us: int
) -> Quarantine:
    """What must not be tried again: what `abandoned.jsonl` says, and the one of this start."""
    file = directory / "abandoned.jsonl"
    lines = file.read_bytes().splitlines() if file.exists() else []
    abandoned = [*read_abandoned(lines), *([latest] if latest else [])]
    return Quarantine(abandoned, code=code, now_us=now_us)
