"""The event log is behind the newest snapshot: what it lacks comes again, each number once."""

import pytest

from cti.journal.keeper import Keeper
from cti.journal.snapshots import OWED_MAX, SnapshotHeader, needed
from cti.record.envelope import Envelope
from routing.snapshot import state_hash
from tests.worlds.journal.life import OPENING, Life, arrival


class Told(Life):
    """A life that notes what it has published."""

    def __init__(self, path, **given):
        super().__init__(path, **given)
        self.told: list[Envelope] = []

    def run(self, *commands):
        for command in commands:
            stamped = self.stamped(command)
            self.journal.append(stamped)
            first = self.engine.event_seq + 1
            for seq, event in enumerate(self.engine.handle(stamped), first):
                self.told.append(Envelope(self.epoch, seq, stamped.at_us, event))

    def keeper(self, recorded):
        async def safe():
            return recorded

        return Keeper(
            self.engine, self.journal, self.snapshots,
            epoch=self.epoch, sync_s=1, snapshot_every=1, recorded=safe,
        )  # fmt: skip


@pytest.fixture
def life(tmp_path):
    life = Told(tmp_path)
    life.start()
    return life


async def several_lives(life, recorded=0):
    """Three starts and six snapshots, while the event log stays where it is."""
    life.run(*OPENING)
    for number in range(6):
        if number in (2, 4):
            life.start()
        life.run(arrival(number))
        await life.keeper(recorded).snapshot()
        life.run(arrival(100 + number))


async def test_wherever_the_log_has_got_to_each_event_is_there_once(life):
    await several_lives(life)
    told, before = list(life.told), state_hash(life.engine)
    assert [envelope.seq for envelope in told] == list(range(1, len(told) + 1))
    assert {envelope.epoch for envelope in told} == {1, 2, 3}
    for recorded in range(len(told) + 1):
        found = life.start(recorded)
        assert found.tail == told[recorded:], recorded
        assert state_hash(found.engine) == before
        assert found.snapshot_seq == 4 + 2 * 6 - 1, "the state comes from the newest all the same"


async def test_what_the_log_has_reached_is_let_go_and_no_more(life):
    await several_lives(life)
    assert len(list(life.snapshots.headers())) == 4, "the newest three, and the oldest of all"
    assert life.segments()[0].name == "00000001.jsonl"
    headers = life.snapshots.headers()
    recorded = headers[1].event_seq
    await life.keeper(recorded).snapshot()
    assert [header.seq for header in life.snapshots.headers()] == [16, 15, 13]
    assert life.start(recorded).tail == life.told[recorded:]
    assert life.segments()[0].name != "00000001.jsonl"


async def test_a_newest_snapshot_that_cannot_be_loaded_costs_the_log_nothing(life):
    await several_lives(life)
    before = state_hash(life.engine)
    newest = life.snapshots._files()[0]
    newest.write_bytes(newest.read_bytes()[:-9])
    found = life.start(5)
    assert found.tail == life.told[5:]
    assert state_hash(found.engine) == before
    assert newest not in life.snapshots._files(), "set aside: it is not of this history"
    assert newest.with_name(f"{newest.name}.aside").exists()


async def test_a_journal_that_begins_later_gives_what_it_has(life, caplog):
    await several_lives(life)
    life.snapshots.forget(life.engine.event_seq)
    life.journal.forget_before(life.engine.seq - 3)
    *_, middle, oldest = life.snapshots.headers()
    found = life.start(5)
    assert found.tail == life.told[middle.event_seq :]
    assert f"events {oldest.event_seq + 1} to {middle.event_seq} cannot all be" in caplog.text


async def test_another_program_says_nothing_rather_than_something_else(life, monkeypatch, caplog):
    await several_lives(life)
    before = state_hash(life.engine)
    newest, *_ = places = [header.event_seq for header in life.snapshots.headers()]
    monkeypatch.setattr("cti.journal.owed.state_hash", id)
    found = life.start(places[2])
    assert state_hash(found.engine) == before
    assert found.tail == life.told[newest:]
    assert f"events {places[1] + 1} to {newest} cannot be got again: this version" in caplog.text


async def test_a_hole_that_a_full_disk_left_costs_the_events_behind_it(life, caplog):
    life.run(*OPENING, arrival(1))
    await life.keeper(0).snapshot()
    life.run(arrival(2))
    kept = len(life.told)
    life.journal.give_up("the disk is full")
    life.run(arrival(3))
    assert await life.keeper(0).heal()
    bridged = len(life.told)
    life.run(arrival(4))
    found = life.start(0)
    assert found.missing == 0
    assert found.tail == [*life.told[:kept], *life.told[bridged:]]
    assert f"events {kept} to {bridged} cannot all be got again" in caplog.text


# --- what is kept -------------------------------------------------------------------------------


def headers(*places):
    """Newest first: (command, event)."""
    return [SnapshotHeader(1, "0.1.0", 1, seq, 0, "", event) for seq, event in places]


FIVE = headers((50, 500), (40, 400), (30, 300), (20, 200), (10, 100))
FAR = headers((OWED_MAX + 30, 9000), (OWED_MAX + 20, 8000), (OWED_MAX + 15, 7000), (10, 100))


@pytest.mark.parametrize(
    ("there", "recorded", "kept", "first_seq"),
    [
        ([], 0, set(), 1),
        (FIVE[4:], 100, {10}, 11),
        (FIVE[4:], 99, {10}, 1),  # the log may need what led to it
        (FIVE, 500, {50, 40, 30}, 31),
        (FIVE, 300, {50, 40, 30}, 31),
        (FIVE, 299, {50, 40, 30, 20}, 21),
        (FIVE, 150, {50, 40, 30, 10}, 11),
        (FIVE, 0, {50, 40, 30, 10}, 1),
        (FAR, 8500, {OWED_MAX + 30, OWED_MAX + 20, OWED_MAX + 15}, OWED_MAX + 16),
        (FAR, 100, {OWED_MAX + 30, OWED_MAX + 20, OWED_MAX + 15}, OWED_MAX + 16),  # too far
    ],
)
def test_the_newest_three_are_kept_and_what_the_log_needs(there, recorded, kept, first_seq):
    assert needed(there, recorded, 3) == (frozenset(kept), first_seq)


async def test_a_log_that_is_too_far_behind_is_given_up_loudly(life, monkeypatch, caplog):
    monkeypatch.setattr("cti.journal.snapshots.OWED_MAX", 5)
    await several_lives(life)
    assert len(life.snapshots.headers()) == 3
    assert "the event log has got to event 0: it is too far behind" in caplog.text
    oldest = life.snapshots.headers()[-1]
    assert life.start(0).tail == life.told[oldest.event_seq :]


# --- the keeper ---------------------------------------------------------------------------------


async def test_no_snapshot_of_a_core_that_has_crashed(life):
    """Half applied, it would be whole on disk, and loaded by the next start."""
    life.run(*OPENING)
    keeper = life.keeper(0)
    keeper.distrust()
    life.engine.seq += 1  # what a command leaves behind that raises half-way
    await keeper.snapshot()
    life.journal.give_up("the disk is full")
    assert not await keeper.heal()
    assert life.snapshots.headers() == []


async def test_a_snapshot_that_could_not_be_written_is_not_taken_for_one(life, monkeypatch):
    """Else the next one would come only after as many commands again."""
    keeper = life.keeper(0)
    life.run(*OPENING)

    def full(_file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cti.journal.data_dir.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        await keeper.snapshot()
    monkeypatch.undo()
    assert keeper._last_seq == 0
    assert life.start().replayed == 4


async def test_a_log_whose_disk_fails_keeps_everything(life):
    life.run(*OPENING)

    async def broken():
        raise OSError(5, "Input/output error")

    keeper = life.keeper(0)
    keeper._recorded = broken
    for number in range(5):
        life.run(arrival(number))
        with pytest.raises(OSError, match="Input/output"):
            await keeper.snapshot()
    assert len(life.snapshots.headers()) == 5
    assert life.start(0).tail == life.told
