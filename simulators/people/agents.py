"""Agents at their desks: they sign in, get ready, finish their records, take breaks. Pure.

An agent acts on what they see, as a person does: the state on their screen. `saw` brings it, from a
poll of the daemon or from the core itself; what they decide goes out through the `Desk` port.
Nothing is assumed to have worked: an order that is refused shows as a state that has not changed,
and is given again when they next look.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from routing.commands import RequestedState
from routing.events import AgentState
from simulators.people.habits import AgentHabits, Break
from simulators.prng import Prng
from simulators.virtual_clock import Scheduler, Timer

MS_US = 1_000


class Desk(Protocol):
    """What an agent can press. Whether it was accepted shows on the screen."""

    def log_on(self, agent_id: str) -> None:
        """签到."""

    def set_state(self, agent_id: str, state: RequestedState, reason: str) -> None:
        """就绪, or 未就绪 with a reason."""

    def work_done(self, agent_id: str) -> None:
        """After-call work is over before its time."""


class Agent:
    """One agent: what they see, and the one thing that they are about to do."""

    def __init__(
        self, agent_id: str, clock: Scheduler, draw: Prng, habits: AgentHabits, desk: Desk
    ) -> None:
        self.agent_id = agent_id
        self.acts: Counter[str] = Counter()
        self._clock = clock
        self._draw = draw
        self._habits = habits
        self._desk = desk
        self._seen: tuple[AgentState, str] | None = None
        self._next: Timer | None = None
        self._break: Break | None = None
        self._tired_us = 0  # when they want a break; 0: have not begun to work

    def saw(self, state: AgentState, reason: str) -> None:
        """The screen shows this now. Only what has changed makes them act."""
        if (state, reason) == self._seen:
            return
        self._seen = (state, reason)
        self._do_nothing()
        if state is AgentState.NULL:
            self._in(self._draw.below(self._habits.sits_down_within_ms), self._sit_down)
        elif state is AgentState.NOT_READY:
            self._in(self._away_ms(reason), self._get_ready)
        elif state is AgentState.READY:
            self._work_on()
        elif state is AgentState.WORKING_AFTER_CALL:
            self._write_up()

    def leave(self) -> None:
        """Does nothing any more, whatever the screen shows."""
        self._do_nothing()

    # --- what they decide -------------------------------------------------------------------------

    def _away_ms(self, reason: str) -> int:
        """How long they stay not ready."""
        if self._break is not None and self._break.reason == reason:
            return self._draw.exponential(self._break.mean_ms)
        if reason == "loggedOn":
            return self._draw.below(self._habits.ready_within_ms)
        return self._draw.below(self._habits.comes_back_within_ms)

    def _work_on(self) -> None:
        now_us = self._clock.now_us()
        if not self._tired_us:
            self._tired_us = now_us + self._draw.exponential(self._habits.works_mean_ms * MS_US)
        self._in(max(0, self._tired_us - now_us) // MS_US, self._take_a_break)

    def _write_up(self) -> None:
        if not self._draw.chance(self._habits.lets_time_run_out):
            self._in(self._draw.exponential(self._habits.wraps_up_mean_ms), self._finish)

    # --- what they press --------------------------------------------------------------------------

    def _sit_down(self) -> None:
        self._press("log on", lambda: self._desk.log_on(self.agent_id))

    def _get_ready(self) -> None:
        self._break, self._tired_us = None, 0
        self._ask_for(RequestedState.READY, "")

    def _take_a_break(self) -> None:
        self._break = self._draw.weighted([(each, each.weight) for each in self._habits.breaks])
        self._ask_for(RequestedState.NOT_READY, self._break.reason)

    def _finish(self) -> None:
        self._press("work done", lambda: self._desk.work_done(self.agent_id))

    def _ask_for(self, state: RequestedState, reason: str) -> None:
        act = f"{state.value} {reason}".strip()
        self._press(act, lambda: self._desk.set_state(self.agent_id, state, reason))

    def _press(self, act: str, press: Callable[[], None]) -> None:
        """Press, and look again: if it was refused the screen still shows what it showed."""
        self.acts[act] += 1
        self._seen = None
        press()

    # --- time -------------------------------------------------------------------------------------

    def _in(self, after_ms: int, act: Callable[[], None]) -> None:
        self._next = self._clock.at(self._clock.now_us() + after_ms * MS_US, act)

    def _do_nothing(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None


class Agents:
    """All agents of a room."""

    def __init__(
        self,
        agent_ids: Iterable[str],
        clock: Scheduler,
        prng: Prng,
        desk: Desk,
        habits: AgentHabits | None = None,
    ) -> None:
        self._agents = {
            agent_id: Agent(agent_id, clock, prng.fork(agent_id), habits or AgentHabits(), desk)
            for agent_id in agent_ids
        }

    def saw(self, agent_id: str, state: AgentState, reason: str) -> None:
        """One line of the screen; agents who are not ours are passed over."""
        agent = self._agents.get(agent_id)
        if agent is not None:
            agent.saw(state, reason)

    def leave(self) -> None:
        """Everybody goes home without a word."""
        for agent in self._agents.values():
            agent.leave()

    @property
    def acts(self) -> Counter[str]:
        """What all have pressed so far."""
        return sum((agent.acts for agent in self._agents.values()), Counter())
