"""The journal's file: what is kept, and what a full or broken disk does to it."""

import errno
import os
import threading

import msgspec
import pytest

from cti.journal.file import FileJournal, Journal, MemoryJournal
from cti.journal.segments import JournalDamaged, JournalGap, cut, list_segments, read_journal
from routing.commands import Stamped
from tests.worlds.journal.life import OPENING, START_US, Life, arrival

LINES = [Stamped(n, START_US + n, command) for n, command in enumerate(OPENING, 1)]


@pytest.fixture
def journal(tmp_path):
    journal = FileJournal(tmp_path, epoch=7, code="0.1.0")
    journal.open(1)
    yield journal
    journal.close()


def kept(directory, after=0):
    return [line.stamped for line in read_journal(directory, after)]


def test_what_was_appended_is_read_back(journal, tmp_path):
    for stamped in LINES:
        journal.append(stamped)
    assert kept(tmp_path) == LINES
    assert kept(tmp_path, after=2) == LINES[2:]
    assert [line.stamped for line in journal.read(3)] == LINES[3:]
    assert journal.counters.appended == len(LINES)


def test_a_line_is_json_that_people_can_read(journal, tmp_path):
    journal.append(Stamped(1, START_US, arrival(5)))
    header, line = (tmp_path / "00000001.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(header) == {
        "format": 1, "code": "0.1.0", "epoch": 7, "first_seq": 1, "resumed": False,
    }  # fmt: skip
    seq, at_us, command = msgspec.json.decode(line)
    assert (seq, at_us, command["type"], command["call_id"]) == (
        1, START_US, "CallArrived", "a1-5.1",
    )  # fmt: skip


def test_nobody_else_may_read_it(journal, tmp_path):
    assert (tmp_path / "00000001.jsonl").stat().st_mode & 0o777 == 0o600


def test_it_knows_whether_there_is_anything_to_flush(journal):
    journal.sync()
    assert not journal.is_unflushed
    journal.append(LINES[0])
    assert journal.is_unflushed
    journal.sync()
    assert not journal.is_unflushed
    journal.rotate(2)
    assert journal.is_unflushed


def test_both_journals_are_journals():
    journals: list[Journal] = [MemoryJournal()]
    for journal in journals:
        journal.append(LINES[0])
        journal.append(LINES[1])
        journal.sync()
        assert [line.stamped for line in journal.read(1)] == LINES[1:2]


def test_segments_turn_and_old_ones_are_let_go(tmp_path):
    life = Life(tmp_path, segment_bytes=400)
    life.start()
    life.run(*OPENING, *(arrival(n) for n in range(20)))
    segments = list_segments(tmp_path / "journal")
    assert len(segments) > 5
    assert len(kept(tmp_path / "journal")) == 24
    needed = segments[3].header.first_seq
    assert life.journal.forget_before(needed) == 3
    assert kept(tmp_path / "journal", needed - 1)[0].seq == needed
    with pytest.raises(JournalDamaged, match="begins at"):
        kept(tmp_path / "journal")


@pytest.mark.parametrize("torn", [b"[5,17", b"\0" * 300, b'[5,1,{"type":"No"}]\n', b"\xff\n"])
def test_a_torn_end_is_no_damage(journal, tmp_path, torn):
    for stamped in LINES:
        journal.append(stamped)
    with (tmp_path / "00000001.jsonl").open("ab") as stream:
        stream.write(torn)
    assert kept(tmp_path) == LINES


def test_every_cut_of_the_last_line_is_survived(tmp_path):
    whole = FileJournal(tmp_path / "whole", epoch=1, code="c")
    whole.open(1)
    for stamped in LINES:
        whole.append(stamped)
    data = (tmp_path / "whole" / "00000001.jsonl").read_bytes()
    last = data[:-1].rindex(b"\n") + 1
    for end in range(last, len(data)):
        directory = tmp_path / f"cut{end}"
        directory.mkdir()
        (directory / "00000001.jsonl").write_bytes(data[:end])
        assert kept(directory) == LINES[:-1]


def test_a_hole_in_the_middle_is_damage(journal, tmp_path):
    for stamped in LINES:
        journal.append(stamped)
    file = tmp_path / "00000001.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2], b"?" * 20 + b"\n", *lines[3:]]))
    with pytest.raises(JournalDamaged, match="cannot be read"):
        kept(tmp_path)
    file.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    with pytest.raises(JournalDamaged, match="is missing"):
        kept(tmp_path)


def test_another_format_is_said_to_be_one(journal, tmp_path):
    (tmp_path / "00000002.jsonl").write_text('{"format":9,"code":"x","epoch":1,"first_seq":1}\n')
    with pytest.raises(JournalDamaged, match="format 9"):
        list_segments(tmp_path)


class Disk:
    """`os.write` and the flush with a will of their own."""

    def __init__(self, monkeypatch):
        self.full = self.short = self.breaks = False
        self._write = os.write
        monkeypatch.setattr("cti.journal.file.os.write", self.write)
        monkeypatch.setattr("cti.journal.file._flush", self.flush)

    def write(self, file, data):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(file, data[: len(data) // 2] if self.short else data)

    def flush(self, file):
        if self.breaks:
            raise OSError(errno.EIO, "Input/output error")
        os.fsync(file)


@pytest.mark.parametrize("kind", ["full", "short"])
def test_a_full_disk_stops_the_journal_and_not_the_calls(journal, tmp_path, monkeypatch, kind):
    disk = Disk(monkeypatch)
    journal.append(LINES[0])
    setattr(disk, kind, True)
    journal.append(LINES[1])
    assert journal.degraded
    setattr(disk, kind, False)
    journal.append(LINES[2])  # not kept either: no journal with a hole
    assert journal.counters.unjournalled == 2
    assert kept(tmp_path) == LINES[:1]
    journal.open(4, resumed=True)
    journal.append(LINES[3])
    assert not journal.degraded
    assert kept(tmp_path, after=3) == LINES[3:]
    with pytest.raises(JournalGap) as found:
        kept(tmp_path)
    assert found.value.missing == 2


def test_a_failed_flush_is_acted_upon_by_the_next_append(journal, monkeypatch):
    disk = Disk(monkeypatch)
    journal.append(LINES[0])
    disk.breaks = True
    flushing = threading.Thread(target=journal.sync)
    flushing.start()
    flushing.join()
    assert not journal.degraded
    journal.append(LINES[1])
    assert journal.degraded
    assert "flush" in journal.failure


def test_a_segment_that_cannot_be_begun_leaves_the_old_one(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    journal = FileJournal(tmp_path, epoch=1, code="c", segment_bytes=100)
    journal.open(1)
    full = Disk.write

    def refuse_headers(self, file, data):
        if data.startswith(b'{"format"'):
            raise OSError(errno.ENOSPC, "No space left on device")
        return full(self, file, data)

    monkeypatch.setattr(Disk, "write", refuse_headers)
    monkeypatch.setattr("cti.journal.file.os.write", lambda f, d: refuse_headers(disk, f, d))
    for stamped in LINES:
        journal.append(stamped)
    assert not journal.degraded
    assert kept(tmp_path) == LINES
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_dropping_a_segment_removes_it(journal, tmp_path):
    journal.append(LINES[0])
    journal.open(2, resumed=True)
    journal.append(LINES[1])
    journal.drop_segment("no snapshot")
    assert journal.degraded
    assert kept(tmp_path) == LINES[:1]


def test_flushing_and_turning_do_not_meet(tmp_path):
    """A thread flushes as fast as it can while segments turn: no descriptor is used twice."""
    life = Life(tmp_path, segment_bytes=500)
    life.start()
    stop = threading.Event()

    def flush():
        while not stop.is_set():
            life.journal.sync()

    flushing = threading.Thread(target=flush)
    flushing.start()
    life.run(*OPENING, *(arrival(n) for n in range(300)))
    stop.set()
    flushing.join()
    life.journal.close()
    assert life.journal.counters.unjournalled == 0
    assert len(kept(tmp_path / "journal")) == 304


def test_a_journal_that_cannot_begin_is_degraded_and_begins_later(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    journal = FileJournal(tmp_path, epoch=1, code="c")
    disk.full = True
    journal.start(1)
    assert journal.degraded
    journal.append(LINES[0])
    assert journal.counters.unjournalled == 1
    assert list(tmp_path.iterdir()) == []
    disk.full = False
    journal.open(2, resumed=True)
    journal.append(LINES[1])
    assert kept(tmp_path, after=1) == LINES[1:2]
    journal.close()


def test_a_failed_flush_is_acted_upon_without_another_command(journal, monkeypatch):
    disk = Disk(monkeypatch)
    journal.append(LINES[0])
    disk.breaks = True
    journal.sync()
    journal.settle()
    assert journal.degraded


def test_a_directory_that_cannot_be_flushed_is_a_failed_flush(journal, monkeypatch):
    """Else the file's name may be gone after a power cut, with all that is in it."""

    def broken(_directory):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("cti.journal.file.sync_directory", broken)
    journal.sync()
    journal.settle()
    assert "flush of the directory" in journal.failure


def test_a_flush_that_hangs_can_be_seen(journal, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(_file):
        hangs.set()
        assert goes_on.wait(5)

    monkeypatch.setattr("cti.journal.file._flush", hang)
    journal.append(LINES[0])
    assert journal.flush_lasts_s == 0
    flushing = threading.Thread(target=journal.sync)
    flushing.start()
    assert hangs.wait(5)
    assert journal.flush_lasts_s > 0
    goes_on.set()
    flushing.join()
    assert journal.flush_lasts_s == 0


def test_what_was_cut_and_came_back_with_a_power_cut_counts_for_nothing(tmp_path):
    """The next segment begins where the cut was: its line is the one that was applied."""
    old = FileJournal(tmp_path, epoch=1, code="c")
    old.open(1)
    for stamped in LINES[:3]:
        old.append(stamped)
    new = FileJournal(tmp_path, epoch=2, code="c")
    new.open(3)
    applied = Stamped(3, START_US + 9, arrival(7))
    new.append(applied)
    assert kept(tmp_path) == [*LINES[:2], applied]
    for journal in (old, new):
        journal.close()


def test_what_is_cut_is_cut_for_good(journal, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("cti.journal.segments.os.fsync", synced.append)
    journal.append(LINES[0])
    assert cut(tmp_path / "00000001.jsonl", 10) > 0
    assert synced
