import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.record import subscription
from cti.record.subscription import Feed, Lagged, UnreadableError
from routing import events as e
from tests.eventually import eventually
from tests.worlds.record.history import History, Log, encoder, made


class Line:
    """A subscription, the feed and the log behind it, and a router that talks."""

    def __init__(self, capacity=5):
        self.log = Log()
        self.encoder = encoder()
        self.history = History()
        self.feed = Feed(self.encoder.record, self.log.read_after, capacity=capacity)
        self.reader = self.feed.subscribe(0)

    def say(self, count, *, to_log=True):
        for _ in range(count):
            envelope = self.history.say(made(e.ConfigApplied))
            if to_log:
                self.log.records.append(self.encoder.record(envelope))
            self.feed.offer_all([envelope])

    async def take_all(self):
        taken = []
        while record := await self.reader.take():
            taken.append(record.seq)
        return taken


async def test_events_come_in_order_and_leave_when_acknowledged():
    line = Line()
    line.say(3)
    assert await line.take_all() == [1, 2, 3]
    assert (len(line.feed), line.reader.position, line.reader.behind) == (3, 0, 3)
    line.reader.acknowledge(1)
    line.reader.acknowledge(2)
    assert (len(line.feed), line.reader.position) == (1, 2)
    assert line.log.reads == 0


async def test_the_head_leaves_first_whatever_is_acknowledged_first():
    line = Line()
    line.say(3)
    await line.take_all()
    line.reader.acknowledge(3)
    line.reader.acknowledge(2)
    assert line.reader.position == 0
    line.reader.acknowledge(1)
    assert line.reader.position == 3


async def test_a_lost_link_brings_back_what_was_not_acknowledged():
    line = Line()
    line.say(4)
    await line.take_all()
    line.reader.acknowledge(1)
    line.reader.acknowledge(3)
    line.reader.rewind()
    assert await line.take_all() == [2, 3, 4]


async def test_a_reader_that_ran_over_goes_on_from_the_log():
    line = Line(capacity=5)
    line.say(1000)
    assert len(line.feed) == 5
    assert line.reader.is_lagging
    assert await line.take_all() == list(range(1, 1001))
    assert not line.reader.is_lagging
    assert line.reader.lost == 0


async def test_it_may_run_over_again_while_it_catches_up():
    line = Line(capacity=5)
    line.say(300)
    taken = []
    while record := await line.reader.take():
        taken.append(record.seq)
        line.reader.acknowledge(record.seq)
        if record.seq % 50 == 0 and record.seq < 1000:
            line.say(60)
    assert taken == list(range(1, line.history.seq + 1))


async def test_a_start_goes_on_after_the_last_position():
    line = Line()
    line.say(20)
    line.feed = Feed(line.encoder.record, line.log.read_after, newest=20, capacity=5)
    line.reader = line.feed.subscribe(12)
    assert await line.take_all() == list(range(13, 21))
    line.say(2)
    assert await line.take_all() == [21, 22]


async def test_an_event_that_is_known_already_is_dropped():
    line = Line()
    line.say(2)
    line.feed.offer_all([History().say(made(e.ConfigApplied))])
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
    assert line.reader.lost == 4
    line.reader.rewind()
    assert await line.take_all() == [1, 2, 7, 8, 9, 10]
    assert line.reader.lost == 4, "the same loss is counted once"


async def test_when_nothing_is_left_anywhere_the_position_moves_on():
    line = Line()
    line.reader = Feed(line.encoder.record, line.log.read_after, newest=9).subscribe(0)
    assert await line.take_all() == []
    assert (line.reader.position, line.reader.behind, line.reader.lost) == (9, 0, 9)


async def test_the_position_waits_for_what_is_under_way_in_front_of_a_loss():
    line = Line(capacity=1)
    line.say(1)
    assert (await line.reader.take()).seq == 1
    line.log.records.clear()
    line.say(3, to_log=False)
    assert (await line.reader.take()).seq == 4
    assert line.reader.position == 0
    line.reader.rewind()
    assert line.reader.position == 0
    line.reader.acknowledge(1)


async def test_an_error_of_the_log_costs_nothing():
    line = Line(capacity=1)
    line.say(3)
    line.log.error = OSError("disk")
    with pytest.raises(UnreadableError, match="disk"):
        await line.reader.take()
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
                if record := await line.reader.take():
                    under_way.append(record.seq)
            case "acknowledge" if under_way:
                acknowledged.append(under_way.pop(0))
                line.reader.acknowledge(acknowledged[-1])
            case "cut":
                under_way.clear()
                line.reader.rewind()
    acknowledged += [*under_way, *await line.take_all()]
    assert acknowledged == list(range(1, line.history.seq + 1))
    assert len(line.feed) <= 4
    assert line.reader.lost == 0


# --- many readers, and one that follows -----------------------------------------------------------


async def test_nothing_is_kept_for_nobody():
    line = Line()
    line.reader.close()
    line.say(3)
    assert (len(line.feed), line.feed.newest) == (0, 3)


async def test_what_came_before_a_reader_is_read_from_the_log():
    line = Line()
    line.reader.close()
    line.say(3)
    line.reader = line.feed.subscribe(1)
    line.say(1)
    assert await line.take_all() == [2, 3, 4]


async def test_the_memory_keeps_what_the_slowest_reader_has_not():
    line = Line(capacity=10)
    slow = line.feed.subscribe(0)
    line.say(4)
    await line.take_all()
    for seq in range(1, 5):
        line.reader.acknowledge(seq)
    assert len(line.feed) == 4
    assert (await slow.take()).seq == 1
    slow.acknowledge(1)
    assert len(line.feed) == 3
    slow.close()
    slow.close()
    assert len(line.feed) == 0


async def test_a_slow_reader_costs_the_others_nothing():
    line = Line(capacity=5)
    line.feed.subscribe(0)
    for _ in range(20):
        line.say(3)
        for seq in await line.take_all():
            line.reader.acknowledge(seq)
    assert line.log.reads == 0
    assert len(line.feed) == 5


async def test_who_follows_gets_each_event_and_is_told_that_it_lagged():
    line = Line(capacity=5)
    line.say(2)
    seen = []
    async with asyncio.timeout(10):
        async for item in line.reader.follow():
            seen.append(item)
            if len(seen) == 2:
                line.say(20)  # while the reader is busy with the second
            elif len(seen) == 23:
                break
    assert seen[2] == Lagged(2, 22)
    assert [item.seq for item in (*seen[:2], *seen[3:])] == list(range(1, 23))


async def test_who_follows_waits_for_news_and_for_a_log_that_ails(monkeypatch):
    monkeypatch.setattr(subscription, "RETRY_S", 0)
    line = Line(capacity=1)
    line.log.error = OSError("disk")
    line.say(3)
    items = line.reader.follow()
    assert await anext(items) == Lagged(0, 3)
    waiting = asyncio.ensure_future(anext(items))
    await eventually(lambda: line.log.reads > 2)
    line.log.error = None
    assert (await waiting).seq == 1
    assert [(await anext(items)).seq, (await anext(items)).seq] == [2, 3]
    waiting = asyncio.ensure_future(anext(items))
    await asyncio.sleep(0)
    assert not waiting.done()
    line.say(1)
    assert (await waiting).seq == 4
    await items.aclose()
