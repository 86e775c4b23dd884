"""The figures of the day after a start: the same as without it, each event counted once."""

import logging

import msgspec
import pytest

from cti.record.cloudevents import CloudEventEncoder
from cti.record.event_store import EventLogUnavailableError
from cti.view import StateView, day, recovered
from cti.view.day import read_day
from routing import commands as c
from tests.worlds.api.router import NOON, SECOND, Router, plain

HOUR = 3600


class Log:
    """What the event log has: all that was said, unless a test takes something away."""

    def __init__(self, router):
        self.router = router
        self.encoder = CloudEventEncoder("n1", "main")
        self.fails = 0
        self.while_read = lambda: None
        self.lacks = set()

    async def first_since(self, at_us):
        self._maybe_fail()
        found = [(each.seq, each.at_us) for each in self.router.events if each.at_us >= at_us]
        return found[0] if found else None

    async def read_after(self, seq, limit):
        self._maybe_fail()
        self.encoder.directory = self.router.view.directory
        there = [
            each for each in self.router.events if each.seq > seq and each.seq not in self.lacks
        ]
        records = [self.encoder.record(each) for each in there[:limit]]
        self.while_read()
        return records

    def _maybe_fail(self):
        if self.fails:
            self.fails -= 1
            raise EventLogUnavailableError("the disk ails")


def served(router, call, agent, wait_s=3):
    router.arrives(call)
    router.wait(wait_s)
    router.ready(agent)
    router.rings()
    router.answers()
    router.wait(40)


def busy_day(router):
    served(router, "c1", "8001")
    router.hangs_up("c1")
    router.arrives("c2")
    router.wait(9)
    router.hangs_up("c2")
    served(router, "c3", "8002", 25)
    router.wait(900)
    return router


def restarted(router):
    """A view as the daemon makes it at the next start, before anything is said."""
    view = StateView(router.engine.config)
    view.reset(recovered(router.engine, epoch=2))
    view.wait_for_day()
    return view


def same_figures(one, other, now_us):
    for view in (one, other):
        view.figures.settle(now_us)
    assert plain(one.queues(now_us)) == plain(other.queues(now_us))
    for name in ("queues", "agents", "employers"):
        mine, theirs = getattr(one.figures, name), getattr(other.figures, name)
        assert (mine.days, mine.intervals) == (theirs.days, theirs.intervals), name
    assert one.counting_since_us(now_us) == other.counting_since_us(now_us)


@pytest.fixture
def router():
    return busy_day(Router())


async def test_after_a_restart_the_figures_are_those_of_the_whole_day(router):
    view = restarted(router)
    await read_day(view, Log(router), router.clock.us)
    same_figures(view, router.view, router.clock.us)
    assert view.queue("loans", router.clock.us).offered == 3
    assert (view.counting_to_us, view.figures.missing) == (0, 0)


async def test_what_is_said_while_the_day_is_read_is_counted_once(router, monkeypatch):
    monkeypatch.setattr(day, "PAGE", 3)
    monkeypatch.setattr(day, "SLICE", 2)
    view, log = restarted(router), Log(router)
    router.listeners.append(view.apply)
    calls = iter(range(100, 103))

    def meanwhile():
        if (n := next(calls, 0)) != 0:
            router.arrives(f"c{n}")
            router.wait(1)
            router.hangs_up(f"c{n}")
            assert view.counting_to_us

    log.while_read = meanwhile
    await read_day(view, log, router.clock.us)
    same_figures(view, router.view, router.clock.us)
    assert view.totals()["loans"].offered == 3, "since the start of this process"
    router.arrives("c9")
    same_figures(view, router.view, router.clock.us)


async def test_events_that_are_told_later_than_they_are_read_change_nothing(router):
    view, untold = restarted(router), []
    router.listeners.append(untold.append)
    router.arrives("c9")
    await read_day(view, Log(router), router.clock.us)
    for envelope in untold:
        view.apply(envelope)
    same_figures(view, router.view, router.clock.us)


async def test_the_day_begins_at_midnight_and_knows_who_came_before_it():
    router = Router()
    router.clock.us = NOON + 12 * HOUR * SECOND - 600 * SECOND  # ten minutes before midnight
    router.view.counting_since_us(router.clock.us)
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(2)
    router.answers()
    router.arrives("c2")
    router.do(c.SetAgentState("8001", c.RequestedState.NOT_READY, "meal"))
    router.wait(1200)
    router.hangs_up("c1")
    router.wait(60)
    router.hangs_up("c2")
    view = restarted(router)
    await read_day(view, Log(router), router.clock.us)
    now_us, midnight_us = router.clock.us, NOON + 12 * HOUR * SECOND
    for one in (view, router.view):
        one.figures.settle(now_us)
    today = view.figures.queues.of_day(now_us)
    assert today == router.view.figures.queues.of_day(now_us)
    assert (today["loans"].offered, today["loans"].abandoned) == (0, 1)
    assert view.figures.agents.of_day(now_us) == router.view.figures.agents.of_day(now_us)
    assert view.counting_since_us(now_us) == midnight_us
    assert list(view.figures.queues.days) == [midnight_us]


async def test_a_record_that_is_empty_counts_from_now_on():
    router = Router()
    view = restarted(router)
    router.listeners.append(view.apply)
    await read_day(view, Log(router), router.clock.us)
    router.arrives("c1")
    assert view.queue("loans", router.clock.us).offered == 1
    assert (view.figures.missing, view.totals()["loans"].offered) == (0, 1)
    assert view.counting_since_us(router.clock.us) == NOON


async def test_a_log_that_ails_is_asked_again(router, monkeypatch):
    monkeypatch.setattr(day, "RETRY_S", 0)
    view, log = restarted(router), Log(router)
    log.fails = day.TRIES - 1
    await read_day(view, log, router.clock.us)
    same_figures(view, router.view, router.clock.us)


async def test_without_the_record_it_is_counted_from_now_on_and_said(router, monkeypatch, caplog):
    monkeypatch.setattr(day, "RETRY_S", 0)
    view, log = restarted(router), Log(router)
    router.listeners.append(view.apply)
    log.fails = 10**6
    with caplog.at_level(logging.ERROR):
        await read_day(view, log, router.clock.us)
    assert "the day cannot be read, it is counted without: the disk ails" in caplog.text
    router.arrives("c9")
    router.hangs_up("c9")
    row = view.queue("loans", router.clock.us)
    assert (row.offered, row.abandoned, view.counting_to_us) == (1, 1, 0)


async def test_events_that_the_record_lacks_are_said(router):
    view, log = restarted(router), Log(router)
    log.lacks = {4, 5, 9}
    await read_day(view, log, router.clock.us)
    assert view.figures.missing == 3


async def test_events_that_cannot_be_read_are_said(router):
    view, log = restarted(router), Log(router)
    read = log.read_after

    async def read_after(seq, limit):
        records = await read(seq, limit)
        return [
            msgspec.structs.replace(each, body=b"{}")
            if each.type == "cti.connectionCleared"
            else each
            for each in records
        ]

    log.read_after = read_after
    await read_day(view, log, router.clock.us)
    assert view.figures.missing == 1
