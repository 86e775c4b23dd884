"""Callers: they arrive by chance, wait, talk, give up, and some call again. Pure.

Arrivals are a Poisson process (exponential intervals in integers), patience and talk time are
exponential: the assumptions of Erlang A, so that theory can be held against the simulation.
"""

from collections import Counter
from collections.abc import Callable

from simulators.pbx.phones import Caller, CallReport, Ending
from simulators.people.habits import CallerHabits
from simulators.prng import Prng
from simulators.virtual_clock import Scheduler, Timer

MS_US = 1_000

Place = Callable[[Caller, Callable[[CallReport], None]], object]
"""Makes a call: the caller, and who hears how it ended. `World.call` is one."""

NAMES = ("王小明", "李娜", "张伟", "刘洋", "陈静", "赵磊", "Müller", "")


class Callers:
    """All callers of one Asterisk. `endings` counts how their calls ended."""

    def __init__(self, clock: Scheduler, prng: Prng, habits: CallerHabits, place: Place) -> None:
        self.habits = habits
        self.endings: Counter[Ending] = Counter()
        self.placed_count = 0
        self.redial_count = 0
        self.waited_us = 0  # of all that have ended
        self._clock = clock
        self._arrivals = prng.fork("arrivals")
        self._persons = prng.fork("persons")
        self._place = place
        self._next: Timer | None = None
        self._redials: dict[int, Timer] = {}

    @property
    def live_count(self) -> int:
        """Callers on the line now."""
        return self.placed_count - sum(self.endings.values())

    def start(self) -> None:
        """The first caller comes now, the others after their intervals."""
        self._arrive()

    def stop(self) -> None:
        """Nobody calls any more; who is on the line stays."""
        for timer in (self._next, *self._redials.values()):
            if timer is not None:
                timer.cancel()
        self._next = None
        self._redials.clear()

    def _arrive(self) -> None:
        interval_us = self._arrivals.exponential(self.habits.mean_interval_ms * MS_US)
        self._next = self._clock.at(self._clock.now_us() + interval_us, self._arrive)
        self._call(self._somebody())

    def _somebody(self) -> Caller:
        draw, habits = self._persons, self.habits
        talk_ms = draw.exponential(habits.talks_mean_ms)
        return Caller(
            number=f"13{draw.between(0, 9)}{draw.between(0, 99_999_999):08}",
            name=draw.pick(NAMES),
            queue=draw.weighted(habits.queues),
            gives_up_after_ms=draw.exponential(habits.patience_mean_ms),
            talk_ms=max(talk_ms, habits.talks_at_least_ms),
        )

    def _call(self, caller: Caller) -> None:
        if self.live_count >= self.habits.at_once_max:
            return
        self.placed_count += 1
        self._place(caller, self._ended)

    def _ended(self, report: CallReport) -> None:
        self.endings[report.ending] += 1
        self.waited_us += report.waited_us
        gave_up = report.ending in (Ending.GAVE_UP, Ending.LOST)
        if self._next is not None and gave_up and self._persons.chance(self.habits.calls_again):
            self._redial(report.caller)

    def _redial(self, caller: Caller) -> None:
        self.redial_count += 1
        number = self.redial_count

        def again() -> None:
            del self._redials[number]
            self._call(caller)

        after_us = self._persons.exponential(self.habits.calls_again_after_ms * MS_US)
        self._redials[number] = self._clock.at(self._clock.now_us() + after_us, again)
