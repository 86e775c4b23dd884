"""What people are like, as numbers. Pure data; times are milliseconds.

The defaults make a small centre that is worth watching: two minutes show waiting lines, missed
calls, breaks and callers who give up. A real centre is slower in everything.
"""

from dataclasses import dataclass, field

from simulators.prng import Ratio

NEVER_AGAIN = 10**12  # as a mean time: some thirty years

RARELY, SELDOM, SOMETIMES, OFTEN = Ratio(10), Ratio(30), Ratio(200), Ratio(600)


@dataclass(frozen=True, slots=True)
class Break:
    """A reason for not being ready, how likely it is taken, and how long it lasts on the
    average.
    """

    reason: str
    weight: int
    mean_ms: int


BREAKS = (
    Break("break", 6, 20_000),
    Break("meal", 1, 60_000),
    Break("meeting", 1, 45_000),
    Break("coaching", 1, 30_000),
    Break("training", 1, 40_000),
)


@dataclass(frozen=True, slots=True)
class AgentHabits:
    """One agent's day, shortened."""

    sits_down_within_ms: int = 1_500  # from the start to the sign-in
    ready_within_ms: int = 1_000  # from the sign-in to the first call
    wraps_up_mean_ms: int = 4_000
    lets_time_run_out: Ratio = SOMETIMES  # after-call work up to its limit
    works_mean_ms: int = 120_000  # ready before they want a break
    comes_back_within_ms: int = 8_000  # after he was set not ready for a missed call
    breaks: tuple[Break, ...] = BREAKS


@dataclass(frozen=True, slots=True)
class PhoneHabits:
    """What an agent does when it rings; what is left over answers."""

    misses: Ratio = SELDOM
    busy: Ratio = RARELY
    rejects: Ratio = RARELY
    answers_after_ms: tuple[int, int] = (400, 3_000)
    rejects_after_ms: tuple[int, int] = (500, 4_000)
    hangs_up_first: Ratio = SOMETIMES
    talks_mean_ms: int = 15_000


@dataclass(frozen=True, slots=True)
class CallerHabits:
    """Who calls, and how patiently. `mean_interval_ms` between two new callers."""

    mean_interval_ms: int = 1_600
    queues: tuple[tuple[str, int], ...] = (("loans", 1),)
    patience_mean_ms: int = 45_000
    talks_mean_ms: int = 15_000
    talks_at_least_ms: int = 2_000
    calls_again: Ratio = OFTEN  # of those who gave up
    calls_again_after_ms: int = 20_000
    at_once_max: int = 2_000  # callers on the line, so that a dead router cannot pile them up


@dataclass(frozen=True, slots=True)
class Habits:
    """Everybody's."""

    agents: AgentHabits = field(default_factory=AgentHabits)
    phones: PhoneHabits = field(default_factory=PhoneHabits)
    callers: CallerHabits = field(default_factory=CallerHabits)
