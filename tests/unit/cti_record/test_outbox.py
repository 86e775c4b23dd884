import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.record.outbox import Outbox, UnreadableError
from routing import events as e
from tests.worlds.record.history import History, Log, encoder, made


class Line:
    """An outbox with its log, and a router that talks."""

    def __init__(self, capacity=5):
        self.log = Log()
        self.encoder = encoder()
        self.history = History()
        self.outbox = Outbox(self.encoder.record, self.log.read_after, capacity)

    def say(self, count, *, to_log=True):
        for _ in range(count):
            envelope = self.history.say(made(e.ConfigApplied))
            if to_log:
                self.log.records.append(self.encoder.record(envelope))
            self.outbox.offer(envelope)

    async def take_all(self):
        taken = []
        while record := await self.outbox.take():
            taken.append(record.seq)
        return taken


async def test_events_come_in_order_and_leave_when_acknowledged():
    line = Line()
    line.say(3)
    assert await line.take_all() == [1, 2, 3]
    assert (len(line.outbox), line.outbox.position, line.outbox.behind) == (3, 0, 3)
    line.outbox.acknowledge(1)
    line.outbox.acknowledge(2)
    assert (len(line.outbox), line.outbox.position) == (1, 2)
    assert line.log.reads == 0


async def test_the_head_leaves_first_whatever_is_acknowledged_first():
    line = Line()
    line.say(3)
    await line.take_all()
    line.outbox.acknowledge(3)
    line.outbox.acknowledge(2)
    assert line.outbox.position == 0
    line.outbox.acknowledge(1)
    assert line.outbox.position == 3


async def test_a_lost_link_brings_back_what_was_not_acknowledged():
    line = Line()
    line.say(4)
    await line.take_all()
    line.outbox.acknowledge(1)
    line.outbox.acknowledge(3)
    line.outbox.rewind()
    assert await line.take_all() == [2, 3, 4]


async def test_an_outbox_that_ran_over_goes_on_from_the_log():
    line = Line(capacity=5)
    line.say(1000)
    assert len(line.outbox) == 5
    assert line.outbox.is_lagging
    assert await line.take_all() == list(range(1, 1001))
    assert not line.outbox.is_lagging
    assert line.outbox.lost == 0


async def test_it_may_run_over_again_while_it_catches_up():
    line = Line(capacity=5)
    line.say(300)
    taken = []
    while record := await line.outbox.take():
        taken.append(record.seq)
        line.outbox.acknowledge(record.seq)
        if record.seq % 50 == 0 and record.seq < 1000:
            line.say(60)
    assert taken == list(range(1, line.history.seq + 1))


async def test_a_start_goes_on_after_the_last_position():
    line = Line()
    line.say(20)
    late = Outbox(line.encoder.record, line.log.read_after, 5)
    late.start_after(12, 20)
    line.outbox = late
    assert await line.take_all() == list(range(13, 21))
    line.say(2)
    assert await line.take_all() == [21, 22]


async def test_an_event_that_is_known_already_is_dropped():
    line = Line()
    line.say(2)
    line.outbox.offer(History().say(made(e.ConfigApplied)))
    assert await line.take_all() == [1, 2]


async def test_a_hole_among_the_offered_is_read_from_the_log():
    line = Line()
    line.say(2)
    for _ in range(3):
        line.log.records.append(line.encoder.record(line.history.say(made(e.ConfigApplied))))
    line.say(1)
    assert await line.take_all() == [1, 2, 3, 4, 5, 6]


async def test_what_the_log_lost_too_is_counted_and_passed_over():
    line = Line(capacity=3)
    line.say(2)
    line.say(4, to_log=False)
    line.say(4)
    assert await line.take_all() == [1, 2, 7, 8, 9, 10]
    assert line.outbox.lost == 4
    line.outbox.rewind()
    assert await line.take_all() == [1, 2, 7, 8, 9, 10]
    assert line.outbox.lost == 4, "the same loss is counted once"


async def test_when_nothing_is_left_anywhere_the_position_moves_on():
    line = Line()
    line.outbox.start_after(0, 9)
    assert await line.take_all() == []
    assert (line.outbox.position, line.outbox.behind, line.outbox.lost) == (9, 0, 9)


async def test_the_position_waits_for_what_is_under_way_in_front_of_a_loss():
    line = Line(capacity=1)
    line.say(1)
    assert (await line.outbox.take()).seq == 1
    line.log.records.clear()
    line.say(3, to_log=False)
    assert (await line.outbox.take()).seq == 4
    assert line.outbox.position == 0
    line.outbox.rewind()
    assert line.outbox.position == 0
    line.outbox.acknowledge(1)


async def test_an_error_of_the_log_costs_nothing():
    line = Line(capacity=1)
    line.say(3)
    line.log.error = OSError("disk")
    with pytest.raises(UnreadableError, match="disk"):
        await line.outbox.take()
    line.log.error = None
    assert await line.take_all() == [1, 2, 3]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["say", "say many", "take", "acknowledge", "cut"]), max_size=60))
async def test_whatever_happens_every_event_comes_and_in_order(steps):
    line = Line(capacity=4)
    under_way, acknowledged = [], []
    for step in steps:
        match step:
            case "say":
                line.say(1)
            case "say many":
                line.say(7)
            case "take":
                if record := await line.outbox.take():
                    under_way.append(record.seq)
            case "acknowledge" if under_way:
                acknowledged.append(under_way.pop(0))
                line.outbox.acknowledge(acknowledged[-1])
            case "cut":
                under_way.clear()
                line.outbox.rewind()
    acknowledged += [*under_way, *await line.take_all()]
    assert acknowledged == list(range(1, line.history.seq + 1))
    assert len(line.outbox) <= 4
    assert line.outbox.lost == 0
