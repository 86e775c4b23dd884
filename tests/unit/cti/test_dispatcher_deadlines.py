"""Deadlines come in as commands, never early, and after the facts when we were late."""

import pytest

from cti.dispatcher import Dispatcher, RouterStopped
from cti.journal.file import MemoryJournal
from routing.commands import (
    CallerHungUp,
    DeadlinesReached,
)
from routing.events import OfferEnded, OfferMade
from routing.ids import CallId
from tests.worlds.dispatcher.world import READY, DispatcherWorld, Timer, arrival


@pytest.fixture
def world():
    return DispatcherWorld()


def test_a_deadline_comes_in_as_a_command_like_any_other(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    assert isinstance(world.told[-1].event, OfferMade)
    world.pass_time(3_000_000)
    assert any(stamped.command == DeadlinesReached() for stamped in world.journal.kept)
    assert any(isinstance(envelope.event, OfferEnded) for envelope in world.told)


def test_there_is_one_timer_however_many_commands(world):
    for command in READY:
        world.submit(command)
    for number in range(50):
        world.submit(arrival(number))
        assert len(world.live_timers()) == 1
    assert len(world.timers) < 5


def test_a_deadline_is_never_early(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    due = world.dispatcher.engine.next_deadline_us()
    world.pass_time(due - world.now - 1)
    assert DeadlinesReached() not in [stamped.command for stamped in world.journal.kept]
    world.pass_time(1_001)
    assert DeadlinesReached() in [stamped.command for stamped in world.journal.kept]


def test_a_late_deadline_lets_what_has_happened_go_first(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    (timer,) = world.live_timers()
    world.now = timer.at_us + 2_000_000  # the process was stopped for two seconds
    timer.live = False
    timer.call()
    assert world.dispatcher.counters.late_deadlines == 1
    assert DeadlinesReached() not in [stamped.command for stamped in world.journal.kept]
    world.submit(CallerHungUp(CallId("a1-1.1")))  # this was in the socket all the time
    world.pass_time(2_000)
    assert not any(
        isinstance(envelope.event, OfferEnded) and envelope.event.outcome == "undelivered"
        for envelope in world.told
    )


def test_a_late_deadline_gives_way_only_once(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    for _ in range(2):
        (timer,) = world.live_timers()
        world.now = timer.at_us + 2_000_000
        timer.live = False
        timer.call()
    assert DeadlinesReached() in [stamped.command for stamped in world.journal.kept]


def stall(world, fact=None):
    """The process is held up for two seconds past its timer; then `fact` is in a socket."""
    (timer,) = world.live_timers()
    world.now = timer.at_us + 2_000_000
    timer.live = False
    timer.call()
    if fact is not None:
        world.submit(fact)
    world.pass_time(2_000)


def expiries(world):
    return sum(stamped.command == DeadlinesReached() for stamped in world.journal.kept)


@pytest.mark.parametrize("stalls", [2, 3, 6])
def test_every_stall_lets_what_has_happened_go_first(world, stalls):
    """Not every second one: what was overtaken by a fact leaves nothing behind."""
    for command in READY:
        world.submit(command)
    for number in range(stalls):
        world.submit(arrival(number))
        stall(world, CallerHungUp(CallId(f"a1-{number}.1")))
        world.pass_time(60_000_000)
    assert world.dispatcher.counters.late_deadlines == stalls
    assert not any(
        isinstance(envelope.event, OfferEnded) and envelope.event.outcome == "undelivered"
        for envelope in world.told
    )


def test_a_command_about_somebody_else_does_not_cut_the_way_short(world):
    """While the late deadline gives way, a command arms nothing anew: its round is not over."""
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    (timer,) = world.live_timers()
    world.now = timer.at_us + 2_000_000
    timer.live = False
    timer.call()
    (giving_way,) = world.live_timers()
    world.submit(arrival(2))
    assert world.live_timers() == [giving_way]
    assert expiries(world) == 0
    world.pass_time(2_000)
    assert expiries(world) == 1


def test_a_stopped_dispatcher_lets_nothing_fire(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    world.dispatcher.stop()
    assert world.live_timers() == []
    with pytest.raises(RouterStopped, match="stopping"):
        world.submit(arrival(2))


def test_a_recovered_core_has_its_deadlines_armed_at_the_start(world):
    for command in READY:
        world.submit(command)
    world.submit(arrival(1))
    timers = []
    again = Dispatcher(
        world.dispatcher.engine,
        MemoryJournal(),
        world,
        epoch=8,
        call_later=lambda delay_s, call: timers.append(delay_s) or Timer(0, call),
        on_crash=world.crashes.append,
    )
    again.start()
    assert timers == [pytest.approx(3.0)]
