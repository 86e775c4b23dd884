"""One order for everybody, whatever listeners, deadlines and crashes do."""

import pytest

from cti.dispatcher import LATER_MAX, CommandHeld, Dispatcher, RouterStopped
from cti.journal.quarantine import Abandoned, Quarantine
from cti.watch.invariant_watch import InvariantWatch
from routing.commands import (
    CallerHungUp,
    LogOnAgent,
)
from routing.engine import RoutingEngine
from routing.events import CallQueued
from routing.ids import AgentId
from tests.worlds.dispatcher.world import READY, START_US, DispatcherWorld, arrival


@pytest.fixture
def world():
    return DispatcherWorld()


def test_a_command_is_kept_before_it_is_applied(world):
    world.submit(arrival(1))
    assert world.journal.kept[-1].command == arrival(1)
    assert world.journal.kept[-1].seq == world.dispatcher.engine.seq
    assert len(world.took) == len(world.journal.kept)


def test_events_are_numbered_without_a_gap_under_one_epoch(world):
    for number in range(5):
        world.submit(arrival(number))
    assert [envelope.seq for envelope in world.told] == list(range(1, len(world.told) + 1))
    assert {envelope.epoch for envelope in world.told} == {7}
    assert world.dispatcher.engine.event_seq == world.told[-1].seq


def test_time_never_goes_back(world):
    world.submit(arrival(1))
    world.now -= 3_600_000_000
    world.submit(arrival(2))
    stamps = [stamped.at_us for stamped in world.journal.kept]
    assert stamps == sorted(stamps)


def test_a_listener_that_raises_hurts_nobody_else(world):
    def bad(_envelope):
        raise ValueError("a bad listener")

    last = []
    world.dispatcher.listen("bad", bad)
    world.dispatcher.listen("last", last.append)
    events = world.submit(arrival(1))
    assert isinstance(events[0], CallQueued)
    assert len(last) == len(events)
    assert world.dispatcher.counters.listener_errors == 1
    assert world.dispatcher.failed_listeners == ["bad"]


def test_who_is_told_later_is_told_in_order_and_all_at_once(world):
    heard = []
    world.dispatcher.listen_later("later", heard.append)
    already = len(world.told)
    for number in range(3):
        world.submit(arrival(number))
    assert heard == []
    world.pass_time(1_000_000)
    assert heard == world.told[already:]


def test_who_asks_is_told_at_once(world):
    heard = []
    world.dispatcher.listen_later("later", heard.append)
    already = len(world.told)
    world.submit(arrival(1))
    world.dispatcher.catch_up()
    assert heard == world.told[already:] != []
    world.dispatcher.catch_up()
    world.pass_time(1_000_000)
    assert heard == world.told[already:]


def test_what_waits_to_be_told_is_bounded_and_told_before_the_end(world):
    heard = []
    world.dispatcher.listen_later("later", heard.append)
    already = len(world.told)
    while len(world.told) - already < LATER_MAX:
        world.submit(arrival(len(world.told)))
    assert heard == world.told[already:]
    world.submit(arrival(-1))
    world.dispatcher.stop()
    assert heard == world.told[already:]
    assert not world.live_timers()


def test_a_late_listener_that_raises_misses_that_event_only(world):
    heard = []

    def bad(envelope):
        heard.append(envelope)
        raise ValueError("a bad listener")

    world.dispatcher.listen_later("bad", bad)
    world.submit(arrival(1))
    world.submit(arrival(2))
    world.dispatcher.catch_up()
    assert len(heard) == world.dispatcher.counters.listener_errors > 1


def test_a_command_of_a_listener_waits_until_everybody_has_heard(world):
    order = []

    def answers(envelope):
        order.append(("first", envelope.seq))
        if isinstance(envelope.event, CallQueued):
            assert world.submit(CallerHungUp(envelope.event.call_id)) == []

    world.dispatcher.listen("first", answers)
    world.dispatcher.listen("second", lambda envelope: order.append(("second", envelope.seq)))
    before = world.dispatcher.engine.event_seq
    events = world.submit(arrival(1))
    assert [type(event) for event in events] == [CallQueued]
    assert order == [
        ("first", before + 1), ("second", before + 1),
        ("first", before + 2), ("second", before + 2),
    ]  # fmt: skip
    assert world.dispatcher.engine.calls == {}


def test_turns_come_whole(world):
    turns = []
    world.dispatcher.listen_turns("turns", turns.append)
    for command in READY:
        world.submit(command)
    events = world.submit(arrival(1))
    assert [envelope.event for envelope in turns[-1]] == events
    assert len(events) > 1


def test_a_listener_that_answers_itself_is_stopped(world, monkeypatch):
    monkeypatch.setattr("cti.dispatcher.INBOX_LIMIT", 100)
    world.dispatcher.listen("echo", lambda _envelope: world.submit(LogOnAgent(AgentId("9"))))
    world.submit(arrival(1))
    assert world.dispatcher.counters.postponed == 100
    assert world.dispatcher.counters.listener_errors == 1
    assert world.submit(arrival(2)) != []


def test_a_crash_of_the_core_ends_the_daemon_and_takes_no_more(world, monkeypatch):
    def crash(_self, _stamped):
        raise KeyError("a bug of ours")

    monkeypatch.setattr(RoutingEngine, "handle", crash)
    with pytest.raises(RouterStopped):
        world.submit(arrival(1))
    assert [type(error) for error in world.crashes] == [KeyError]
    assert world.journal.kept[-1].command == arrival(1)
    monkeypatch.undo()
    with pytest.raises(RouterStopped, match="crashed"):
        world.submit(arrival(2))
    assert world.live_timers() == []


def test_a_command_that_crashed_the_core_before_does_not_reach_it(world):
    crashed = Abandoned(1, START_US, 6, "0.1.0", arrival(13), "KeyError")
    again = Dispatcher(
        world.dispatcher.engine,
        world.journal,
        world,
        epoch=8,
        call_later=world.call_later,
        on_crash=world.crashes.append,
        quarantine=Quarantine([crashed], code="0.1.0", now_us=START_US),
    )
    before = len(world.journal.kept)
    with pytest.raises(CommandHeld):
        again.submit(arrival(13))
    assert len(world.journal.kept) == before
    assert again.submit(arrival(14))
    assert again.counters.held == 1


class Unwritable:
    """A journal with no form for one command."""

    def __init__(self, journal, command):
        self.journal, self.command = journal, command

    def append(self, stamped):
        if stamped.command == self.command:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        self.journal.append(stamped)


def test_a_command_that_cannot_be_journalled_is_not_applied_and_costs_nobody_else(world, caplog):
    for command in READY:
        world.submit(command)
    world.dispatcher._journal = Unwritable(world.journal, arrival(13))
    before = world.dispatcher.engine.seq
    with pytest.raises(CommandHeld, match="cannot be journalled"):
        world.submit(arrival(13))
    assert world.dispatcher.engine.seq == before
    assert world.dispatcher.counters.held == 1
    assert "CallArrived cannot be journalled" in caplog.text
    assert world.submit(arrival(14))
    assert len(world.live_timers()) == 1


def test_a_listeners_command_that_is_not_taken_does_not_fail_the_command_before_it(world):
    def answers(envelope):
        if isinstance(envelope.event, CallQueued):
            world.submit(arrival(13))
            world.submit(CallerHungUp(envelope.event.call_id))

    world.dispatcher.listen("answers", answers)
    world.dispatcher._journal = Unwritable(world.journal, arrival(13))
    assert [type(event) for event in world.submit(arrival(1))] == [CallQueued]
    assert world.dispatcher.engine.calls == {}


# --- invariants ---------------------------------------------------------------------------------


def test_a_broken_rule_is_counted_by_its_name(world):
    names = []
    watch = InvariantWatch(world.dispatcher.engine, names.append)
    for command in READY:
        world.submit(command)
    assert watch.check() == 0
    world.dispatcher.engine.devices.clear()
    assert watch.check() > 0
    assert "devices" in names
    assert watch.counters.breaches == len(names)


def test_checks_take_no_more_than_their_share(world):
    watch = InvariantWatch(world.dispatcher.engine, lambda _name: None)
    for _ in range(10_000):
        watch.after_turn()
    assert 1 <= watch.counters.checks < 1000
