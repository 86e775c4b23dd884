"""Events that the event log has not yet, though the newest snapshot is past them: got again.

The log may be behind the newest snapshot: it was slow, its disk was full, the process was killed a
moment after the snapshot. The commands that led to those events are still in the journal
(`cti.journal.keeper`), so a second core goes through them, from the newest snapshot that the log
has reached to the newest of all, and says the events once more with their numbers.

That second core must come to the very state of each snapshot on its way. If it does not, the
program is not the one that published those events, and what it says now is not what was said then:
no record is better than a wrong one. The router itself goes by the newest snapshot in any case.
"""

import itertools
import logging
from pathlib import Path

from cti.journal.segments import (
    JournalDamaged,
    JournalGap,
    JournalLine,
    list_segments,
    read_journal,
)
from cti.journal.snapshots import SnapshotStore
from cti.record.envelope import Envelope
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.snapshot import state_hash

log = logging.getLogger(__name__)


def apply(engine: RoutingEngine, line: JournalLine, recorded: int) -> list[Envelope]:
    """Replay one command; its events after `recorded`, as they were published."""
    header, stamped = line.segment.header, line.stamped
    before = engine.event_seq
    events = engine.handle(stamped)
    if engine.event_seq <= recorded:
        return []
    return [
        Envelope(header.epoch, number, stamped.at_us, event)
        for number, event in enumerate(events, before + 1)
        if number > recorded
    ]


def owed_events(
    snapshots: SnapshotStore, journal: Path, engine: RoutingEngine, recorded: int
) -> list[Envelope]:
    """The events after `recorded` that led to this engine, which is as the newest snapshot was
    loaded. As many as can be had: what is missing is said by the event log.
    """
    if engine.event_seq <= recorded:
        return []
    steps = [*_bases(snapshots, journal, recorded), engine]
    owed: list[Envelope] = []
    for start, end in itertools.pairwise(steps):
        owed += _between(start, end, journal, recorded)
    return owed


def _bases(snapshots: SnapshotStore, journal: Path, recorded: int) -> list[RoutingEngine]:
    """From the newest snapshot that the log has reached to the one before the newest, in order.
    Where there is none that it has reached: from the empty core with which all began.
    """
    found: list[RoutingEngine] = []
    for engine, _ in itertools.islice(snapshots.load_all(), 1, None):
        found.insert(0, engine)
        if engine.event_seq <= recorded:
            return found
    segments = list_segments(journal)
    if segments and segments[0].header.first_seq == 1:
        found.insert(0, RoutingEngine(RoutingConfig()))
    return found


def _between(
    start: RoutingEngine, end: RoutingEngine, journal: Path, recorded: int
) -> list[Envelope]:
    """What happened from one snapshot to the next."""
    told: list[Envelope] = []
    first = max(start.event_seq, recorded) + 1
    try:
        for line in read_journal(journal, start.seq):
            if line.stamped.seq > end.seq:
                break
            told += apply(start, line, recorded)
    except (JournalGap, JournalDamaged) as missing:
        log.error("events %d to %d cannot all be got again: %s", first, end.event_seq, missing)
        return told
    except Exception:
        log.exception("events %d to %d cannot be got again", first, end.event_seq)
        return []
    if start.event_seq != end.event_seq or state_hash(start) != state_hash(end):
        log.error(
            "events %d to %d cannot be got again: this version comes to another state",
            first, end.event_seq,
        )  # fmt: skip
        return []
    return told
