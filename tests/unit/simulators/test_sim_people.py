"""Callers and agents by chance: the numbers come out as the habits say, and a seed repeats."""

from collections import Counter

import pytest

from routing.commands import RequestedState
from routing.events import AgentState
from simulators.pbx.phones import Behaviour, CallReport, Ending
from simulators.people.agents import Agents
from simulators.people.callers import Callers
from simulators.people.habits import NEVER_AGAIN, AgentHabits, CallerHabits, PhoneHabits
from simulators.people.handsets import handsets
from simulators.prng import NEVER, Prng, Ratio
from simulators.virtual_clock import START_US, VirtualClock

SECOND_US = 1_000_000
ALWAYS = Ratio(1, 1)

# --- callers ------------------------------------------------------------------------------------


class Exchange:
    """Takes calls and ends them as told."""

    def __init__(self, ending=Ending.SERVED, after_us=5 * SECOND_US, seed=1, **habits):
        self.clock = VirtualClock()
        self.calls = []
        self.ending, self.after_us = ending, after_us
        self.callers = Callers(self.clock, Prng(seed), CallerHabits(**habits), self.place)

    def place(self, caller, on_end):
        self.calls.append((self.clock.now_us() - START_US, caller))
        report = CallReport(str(len(self.calls)), caller, self.ending, 1_000, 2_000)
        self.clock.at(self.clock.now_us() + self.after_us, lambda: on_end(report))

    def run_s(self, seconds):
        self.callers.start()
        self.clock.advance(seconds * SECOND_US)
        return self


def test_callers_arrive_as_often_as_they_should():
    exchange = Exchange(mean_interval_ms=1_000).run_s(3_600)
    assert len(exchange.calls) == pytest.approx(3_600, rel=0.06)


def test_arrivals_are_of_people_who_do_not_know_each_other():
    exchange = Exchange(mean_interval_ms=1_000).run_s(3_600)
    in_seconds = Counter(at_us // SECOND_US for at_us, _ in exchange.calls)
    counts = [in_seconds.get(second, 0) for second in range(3_600)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance == pytest.approx(mean, rel=0.12)  # as a Poisson process has it


def test_queues_get_their_shares_and_callers_their_patience():
    queues = (("loans", 1), ("cards", 3))
    exchange = Exchange(mean_interval_ms=500, queues=queues, patience_mean_ms=30_000).run_s(3_600)
    callers = [caller for _, caller in exchange.calls]
    share = sum(caller.queue == "cards" for caller in callers) / len(callers)
    assert share == pytest.approx(0.75, rel=0.05)
    patience = sum(caller.gives_up_after_ms for caller in callers) / len(callers)
    assert patience == pytest.approx(30_000, rel=0.06)
    assert min(caller.talk_ms for caller in callers) >= 2_000


def test_some_who_gave_up_call_again_as_the_same_person():
    exchange = Exchange(
        Ending.GAVE_UP, mean_interval_ms=10_000, calls_again=ALWAYS, calls_again_after_ms=1_000
    ).run_s(100)
    assert exchange.callers.redial_count > 20
    numbers = Counter(caller.number for _, caller in exchange.calls)
    assert numbers.most_common(1)[0][1] > 3


def test_who_was_served_does_not_call_again():
    assert Exchange(calls_again=ALWAYS).run_s(300).callers.redial_count == 0


def test_after_stop_nobody_calls_and_nobody_calls_again():
    exchange = Exchange(Ending.GAVE_UP, calls_again=ALWAYS).run_s(60)
    exchange.callers.stop()
    before = len(exchange.calls)
    exchange.clock.advance(600 * SECOND_US)
    assert len(exchange.calls) == before
    assert exchange.callers.live_count == 0
    assert exchange.callers.endings[Ending.GAVE_UP] == before


def test_only_so_many_are_on_the_line_at_once():
    exchange = Exchange(after_us=10**15, mean_interval_ms=100, at_once_max=50).run_s(60)
    assert exchange.callers.live_count == len(exchange.calls) == 50


def test_one_seed_makes_the_same_callers():
    first, second, other = (Exchange(seed=seed).run_s(600).calls for seed in (4, 4, 5))
    assert first == second
    assert first != other


# --- phones -------------------------------------------------------------------------------------


def test_phones_do_what_they_do_as_often_as_they_should():
    habits = PhoneHabits(misses=Ratio(1, 4), busy=NEVER, rejects=Ratio(1, 4))
    (phone,) = handsets(["8001"], Prng(3), habits)
    did = Counter(phone.reaction().behaviour for _ in range(4_000))
    assert did[Behaviour.RINGS] / 4_000 == pytest.approx(1 / 4, rel=0.1)
    assert did[Behaviour.REJECTS] / 4_000 == pytest.approx(3 / 16, rel=0.1)
    assert did[Behaviour.BUSY] == 0


def test_a_phone_answers_within_its_range_and_seldom_hangs_up_first():
    habits = PhoneHabits(misses=NEVER, busy=NEVER, rejects=NEVER, answers_after_ms=(200, 300))
    (phone,) = handsets(["8001"], Prng(3), habits)
    reactions = [phone.reaction() for _ in range(1_000)]
    assert {200, 300} <= {each.answer_after_ms for each in reactions} <= set(range(200, 301))
    first = sum(each.hangs_up_after_ms is not None for each in reactions)
    assert first / 1_000 == pytest.approx(0.2, rel=0.2)


# --- agents -------------------------------------------------------------------------------------

BRISK = AgentHabits(
    sits_down_within_ms=1_000,
    ready_within_ms=1_000,
    wraps_up_mean_ms=2_000,
    lets_time_run_out=NEVER,
    works_mean_ms=NEVER_AGAIN,
)


class Room:
    """One agent and a screen that shows what he has pressed, unless it is refused."""

    def __init__(self, habits=BRISK, seed=1, is_refusing=False):
        self.clock = VirtualClock()
        self.is_refusing = is_refusing
        self.pressed = []
        self.screen = (AgentState.NULL, "")
        self.agents = Agents(["8001"], self.clock, Prng(seed), self, habits)

    def log_on(self, agent_id):
        self._press("log on", (AgentState.NOT_READY, "loggedOn"))

    def set_state(self, agent_id, state, reason):
        shown = AgentState.READY if state is RequestedState.READY else AgentState.NOT_READY
        self._press(f"{state.value} {reason}".strip(), (shown, reason))

    def work_done(self, agent_id):
        self._press("work done", (AgentState.READY, ""))

    def _press(self, what, screen):
        self.pressed.append(what)
        if not self.is_refusing:
            self.screen = screen

    def run_s(self, seconds):
        """He looks at the screen four times a second, as the desk polls."""
        for _ in range(seconds * 4):
            self.agents.saw("8001", *self.screen)
            self.clock.advance(SECOND_US // 4)
        return self


def test_an_agent_signs_in_and_gets_ready():
    assert Room().run_s(4).pressed == ["log on", "ready"]


def test_an_agent_finishes_his_records():
    room = Room().run_s(4)
    room.screen = (AgentState.WORKING_AFTER_CALL, "")
    assert room.run_s(30).pressed[2:] == ["work done"]


def test_an_agent_may_let_the_time_run_out():
    room = Room(AgentHabits(lets_time_run_out=ALWAYS, works_mean_ms=NEVER_AGAIN))
    room.screen = (AgentState.WORKING_AFTER_CALL, "")
    assert room.run_s(30).pressed == []


def test_an_agent_who_missed_a_call_comes_back():
    room = Room()
    room.screen = (AgentState.NOT_READY, "ringNoAnswer")
    assert room.run_s(10).pressed == ["ready"]


def test_an_agent_does_not_press_anything_in_a_call():
    room = Room().run_s(4)
    room.screen = (AgentState.BUSY, "")
    assert len(room.run_s(300).pressed) == 2


def test_agents_take_breaks_with_reasons_and_come_back():
    pressed = Room(AgentHabits(works_mean_ms=10_000)).run_s(1_800).pressed
    reasons = {what.removeprefix("notReady ") for what in pressed if what.startswith("notReady")}
    assert {"break", "meal", "meeting"} <= reasons
    assert pressed.count("ready") == pytest.approx(
        sum(what.startswith("notReady") for what in pressed), abs=1
    )


def test_what_is_refused_is_tried_again():
    room = Room(is_refusing=True).run_s(10)
    assert room.pressed.count("log on") > 3


def test_who_has_left_presses_nothing():
    room = Room().run_s(4)
    room.screen = (AgentState.WORKING_AFTER_CALL, "")
    room.agents.saw("8001", *room.screen)
    room.agents.leave()
    room.clock.advance(600 * SECOND_US)
    assert room.pressed == ["log on", "ready"]
    assert room.agents.acts == {"log on": 1, "ready": 1}


def test_agents_of_others_are_passed_over():
    Room().agents.saw("9999", AgentState.NULL, "")


def test_one_seed_makes_the_same_agent():
    habits = AgentHabits(works_mean_ms=10_000)
    runs = [Room(habits, seed).run_s(600).pressed for seed in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]
