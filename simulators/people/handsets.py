"""Phones whose owners decide by chance what to do when it rings. Pure."""

from collections.abc import Iterable

from simulators.pbx.phones import Behaviour, Once, Phone
from simulators.people.habits import PhoneHabits
from simulators.prng import Prng


def handsets(endpoints: Iterable[str], prng: Prng, habits: PhoneHabits) -> list[Phone]:
    """One phone an endpoint, each with draws of its own."""
    return [_handset(endpoint, prng.fork(endpoint), habits) for endpoint in endpoints]


def _handset(endpoint: str, draw: Prng, habits: PhoneHabits) -> Phone:
    def decide() -> Once:
        if draw.chance(habits.misses):
            return Once(Behaviour.RINGS)
        if draw.chance(habits.busy):
            return Once(Behaviour.BUSY)
        if draw.chance(habits.rejects):
            return Once(Behaviour.REJECTS, draw.between(*habits.rejects_after_ms))
        talk_ms = draw.exponential(habits.talks_mean_ms)
        return Once(
            answer_after_ms=draw.between(*habits.answers_after_ms),
            hangs_up_after_ms=talk_ms if draw.chance(habits.hangs_up_first) else None,
        )

    return Phone(endpoint, decide=decide)
