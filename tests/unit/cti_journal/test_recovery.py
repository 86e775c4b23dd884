"""From disk to a running core: crashes, torn lines, bad snapshots, full disks."""

import msgspec
import pytest

from cti.journal.quarantine import DAY_US, Abandoned
from cti.journal.recovery import ReplayFailed, clock_for, quarantine_of, recover
from cti.journal.segments import JournalDamaged
from cti.record.envelope import Envelope
from routing.commands import ContinueEvents, DeadlinesReached
from routing.engine import RoutingEngine
from routing.snapshot import state_hash
from tests.worlds.journal.life import CODE, CONFIG, OPENING, START_US, Life, arrival


@pytest.fixture
def life(tmp_path):
    life = Life(tmp_path)
    life.start()
    return life


def test_nothing_on_disk_is_an_empty_core(life):
    assert life.found.engine.seq == 0
    assert (life.found.replayed, life.found.snapshot_seq) == (0, 0)


def test_the_journal_alone_brings_everything_back(life):
    life.run(*OPENING, *(arrival(n) for n in range(5)))
    before = state_hash(life.engine)
    found = life.start()
    assert found.replayed == 9
    assert state_hash(found.engine) == before
    assert found.engine.config == CONFIG


def test_a_snapshot_and_the_tail_are_the_same(life):
    life.run(*OPENING, *(arrival(n) for n in range(5)))
    life.snapshot()
    life.run(*(arrival(n) for n in range(5, 9)))
    before = state_hash(life.engine)
    found = life.start()
    assert (found.snapshot_seq, found.replayed) == (9, 4)
    assert state_hash(found.engine) == before
    assert life.differences() == []


def test_many_lives_go_on_where_the_last_one_ended(life):
    life.run(*OPENING)
    for number in range(6):
        life.run(arrival(number))
        if number == 3:
            life.snapshot()
        before = state_hash(life.engine)
        assert state_hash(life.start().engine) == before
    assert len(life.engine.calls) == 6
    assert life.epoch == 7


def test_the_events_of_the_tail_come_back_with_their_numbers_and_epoch(life):
    life.run(*OPENING)
    life.snapshot()
    after = life.engine.event_seq
    life.start()
    events = []
    for number in range(3):
        stamped = life.stamped(arrival(number))
        life.journal.append(stamped)
        first = life.engine.event_seq + 1
        for seq, event in enumerate(life.engine.handle(stamped), first):
            events.append(Envelope(2, seq, stamped.at_us, event))
    assert events[0].seq == after + 1
    assert life.start(after).tail == events
    assert life.start(events[1].seq).tail == events[2:]


def test_numbers_that_go_on_after_the_event_log_do_so_in_a_replay_too(life):
    """The log held 5,000 events when the journal led to fewer."""
    life.run(*OPENING)
    life.snapshot()
    life.run(ContinueEvents(5_000), arrival(1))
    before = state_hash(life.engine)
    assert life.engine.event_seq == 5_000 + len(life.start(5_000).tail)
    assert life.found.tail[0].seq == 5_001
    assert state_hash(life.engine) == before
    life.snapshot()
    assert life.differences() == []


def test_a_snapshot_that_is_broken_is_passed_over(life):
    life.run(*OPENING)
    life.snapshot()
    life.run(arrival(1))
    life.snapshot()
    life.run(arrival(2))
    before = state_hash(life.engine)
    newest, older = life.snapshots._files()
    whole = newest.read_bytes()
    changed = whole.replace(b"a1-1.1", b"a1-9.1")
    assert changed != whole
    for broken in (b"", whole[:-20], changed, b"{}\n", b"\xff" * 100):
        newest.write_bytes(broken)
        found = life.start()
        assert found.snapshot_seq == 4
        assert state_hash(found.engine) == before
    older.write_bytes(b"")
    assert life.start().snapshot_seq == 0
    assert state_hash(life.engine) == before


def test_only_the_newest_few_are_kept_and_the_journal_reaches_back_to_them(life):
    life.run(*OPENING)
    for number in range(6):
        life.run(arrival(number))
        life.snapshot()
        life.journal.rotate(life.engine.seq + 1)
        life.journal.forget_before(life.snapshots.forget(life.engine.event_seq))
    assert [int(file.stem) for file in life.snapshots._files()] == [10, 9, 8]
    assert len(life.segments()) == 3
    assert life.differences() == []
    assert life.start().engine.seq == 10


def test_no_half_written_snapshot_is_left_behind(life, monkeypatch):
    life.run(*OPENING)

    def full(_file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cti.journal.data_dir.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        life.snapshot()
    monkeypatch.undo()
    assert list((life.path / "snapshots").iterdir()) == []
    assert life.start().replayed == 4


def test_a_torn_line_is_cut(life):
    life.run(*OPENING)
    with life.segments()[-1].open("ab") as stream:
        stream.write(b"[5,1795")
    assert life.start().replayed == 4
    life.run(arrival(1))
    assert life.start().replayed == 5
    assert all(file.read_bytes().endswith(b"\n") for file in life.segments())


class PoisonError(RuntimeError):
    pass


@pytest.fixture
def poison(monkeypatch):
    """The arrival of call 13 crashes the core."""
    handle = RoutingEngine.handle

    def crash(self, stamped):
        if stamped.command == arrival(13):
            raise PoisonError("call 13")
        return handle(self, stamped)

    monkeypatch.setattr(RoutingEngine, "handle", crash)


def test_the_last_command_that_crashed_the_core_is_abandoned(life, poison):
    life.run(*OPENING, arrival(1))
    before = state_hash(life.engine)
    with pytest.raises(PoisonError):
        life.run(arrival(13))
    found = life.start()
    assert state_hash(found.engine) == before
    assert found.abandoned is not None
    assert (found.abandoned.seq, found.abandoned.command) == (6, arrival(13))
    line = (life.path / "abandoned.jsonl").read_bytes().splitlines()[-1]
    assert msgspec.json.decode(line, type=Abandoned) == found.abandoned
    life.run(arrival(2))
    assert life.start().abandoned is None
    assert life.engine.seq == 6


def test_what_was_abandoned_is_not_tried_again_by_the_same_program(life, poison):
    life.run(*OPENING)
    with pytest.raises(PoisonError):
        life.run(arrival(13))
    life.start()

    def held(latest=None, code=CODE, now_us=START_US + 1000):
        return quarantine_of(life.path, latest, code=code, now_us=now_us)

    assert held().holds(arrival(13))
    assert not held().holds(arrival(14))
    assert not held().holds(DeadlinesReached())
    assert not held(code="0.2.0").holds(arrival(13))
    assert not held(now_us=START_US + DAY_US * 2).holds(arrival(13))
    (life.path / "abandoned.jsonl").write_bytes(b"{broken\n")
    assert not held().holds(arrival(13))
    assert held(life.found.abandoned).holds(arrival(13)), "a full disk has kept no note of it"


def test_an_earlier_command_that_cannot_be_applied_refuses_to_start(life, poison):
    life.run(*OPENING)
    stamped = life.stamped(arrival(13))
    life.journal.append(stamped)
    life.engine.seq += 1
    life.run(arrival(2))
    with pytest.raises(ReplayFailed, match=r"command 5 \(CallArrived\).*start that version"):
        life.start()
    assert not (life.path / "abandoned.jsonl").exists()


def test_after_a_full_disk_a_snapshot_bridges_the_hole(life):
    life.run(*OPENING)
    life.journal.give_up("the disk is full")
    life.run(arrival(1), arrival(2))
    life.journal.open(life.engine.seq + 1, resumed=True)
    life.snapshot()
    life.run(arrival(3))
    before = state_hash(life.engine)
    found = life.start()
    assert (found.replayed, found.missing) == (1, 0)
    assert state_hash(found.engine) == before


def test_a_hole_without_a_snapshot_ends_history_there(life):
    life.run(*OPENING, arrival(1))
    before = state_hash(life.engine)
    life.journal.give_up("the disk is full")
    life.run(arrival(2), arrival(3))
    life.journal.open(life.engine.seq + 1, resumed=True)
    life.run(arrival(4))
    found = life.start()
    assert found.missing == 2
    assert state_hash(found.engine) == before
    assert list((life.path / "journal").glob("*.aside"))
    life.run(arrival(5))
    assert life.start().missing == 0


def test_a_damaged_journal_says_what_can_be_done(life):
    life.run(*OPENING, arrival(1))
    file = life.segments()[0]
    file.write_bytes(file.read_bytes().replace(b"LogOnAgent", b"LogXnAgent"))
    with pytest.raises(JournalDamaged, match="move it away and start with an empty one"):
        recover(life.snapshots, life.path / "journal", 0)


def test_a_snapshot_of_another_version_is_not_held_to_its_hash(life, monkeypatch):
    life.run(*OPENING)
    life.snapshot()
    newer = Life(life.path, code="0.2.0")
    monkeypatch.setattr("cti.journal.snapshots.state_hash", lambda _engine: "different")
    assert newer.start().snapshot_seq == 4
    assert life.start().snapshot_seq == 0


def test_the_highest_epoch_on_disk_is_told_whatever_was_lost(life):
    life.run(*OPENING)
    life.epoch = 41
    life.snapshot()
    assert life.start().last_epoch == 41
    assert life.start().last_epoch == 42
    for segment in life.segments():
        segment.unlink()
    assert life.start().last_epoch == 41


def test_no_room_for_a_note_of_what_was_abandoned_is_no_reason_not_to_start(life, poison):
    life.run(*OPENING)
    with pytest.raises(PoisonError):
        life.run(arrival(13))
    (life.path / "abandoned.jsonl").mkdir()
    assert life.start().abandoned is not None
    assert life.engine.seq == 4


class FixedClock:
    def __init__(self, now_us):
        self.at_us = now_us

    def now_us(self):
        return self.at_us


def test_a_clock_that_was_set_back_does_not_stop_time(life):
    life.run(*OPENING)
    clock = FixedClock(life.engine.now_us + 5)
    assert clock_for(life.engine, clock) is clock
    clock.at_us = life.engine.now_us - 3_600_000_000
    ahead = clock_for(life.engine, clock)
    assert ahead.now_us() == life.engine.now_us
    clock.at_us += 7
    assert ahead.now_us() == life.engine.now_us + 7
