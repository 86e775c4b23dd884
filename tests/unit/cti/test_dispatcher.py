"""One order for everybody, whatever listeners, deadlines and crashes do."""

import pytest

from cti.dispatcher import LATER_MAX, CommandHeld, Dispatcher, RouterStopped
from cti.journal.file import MemoryJournal
from cti.journal.quarantine import Abandoned, Quarantine
from cti.watch.invariant_watch import InvariantWatch
from routing.commands import (
    ApplyConfig,
    CallArrived,
    CallerHungUp,
    DeadlinesReached,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    TelephonyRestored,
)
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.events import CallQueued, OfferEnded, OfferMade
from routing.ids import AgentId, CallId, PbxId, QueueId

A1 = PbxId("a1")
START_US = 1_795_000_000_000_000
CONFIG = RoutingConfig(
    queues=(QueueSpec(QueueId("loans")),),
    agents=(AgentSpec(AgentId("8001"), "p8001"),),
    pbxs=(A1,),
)
READY = (
    LogOnAgent(AgentId("8001")),
    SetAgentState(AgentId("8001"), RequestedState.READY),
)


def arrival(number):
    return CallArrived(CallId(f"a1-{number}.1"), QueueId("loans"), A1)


class Timer:
    def __init__(self, at_us, call):
        self.at_us, self.call, self.live = at_us, call, True

    def cancel(self):
        self.live = False


class World:
    """A dispatcher on a clock that is moved by hand."""

    def __init__(self):
        self.now = START_US
        self.timers = []
        self.crashes = []
        self.took = []
        self.told = []
        self.journal = MemoryJournal()
        self.dispatcher = Dispatcher(
            RoutingEngine(RoutingConfig()),
            self.journal,
            self,
            epoch=7,
            call_later=self.call_later,
            on_crash=self.crashes.append,
            decided=self.took.append,
        )
        self.dispatcher.listen("told", self.told.append)
        self.submit = self.dispatcher.submit
        self.submit(ApplyConfig(CONFIG))
        self.submit(TelephonyRestored(A1))

    def now_us(self):
        return self.now

    def call_later(self, delay_s, call):
        timer = Timer(self.now + round(delay_s * 1_000_000), call)
        self.timers.append(timer)
        return timer

    def live_timers(self):
        return [timer for timer in self.timers if timer.live]

    def pass_time(self, us, *, step_us=1_000):
        """Let time pass and timers fire in their order, each `step_us` late at most."""
        end = self.now + us
        while due := [timer for timer in self.live_timers() if timer.at_us <= end]:
            timer = min(due, key=lambda timer: timer.at_us)
            self.now = max(self.now, timer.at_us)
            timer.live = False
            timer.call()
        self.now = end


@pytest.fixture
def world():
    return World()


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


# --- deadlines ----------------------------------------------------------------------------------


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
