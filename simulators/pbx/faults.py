"""What goes wrong between a router and an Asterisk, drawn from a seed. Pure.

`FaultRates` says how often, and may be exchanged while everything runs; `Faults` draws. A rate of
`NEVER` draws nothing, so that one fault can be switched on without shifting the others.

Faults of the line (events, answers, questions) are asked for here one by one; those that strike by
themselves (a cut, a restart) have their times drawn here and are carried out by `asterisk.py`.
"""

from collections import Counter
from dataclasses import dataclass

from simulators.prng import NEVER, Prng, Ratio

MS_US = 1_000


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault strikes, and its size. The default is a perfect world."""

    event_dropped: Ratio = NEVER
    event_doubled: Ratio = NEVER
    event_delayed: Ratio = NEVER  # together with what follows about the same channel
    action_refused: Ratio = NEVER  # answered with an error, not carried out
    action_lost: Ratio = NEVER  # neither carried out nor answered
    answer_lost: Ratio = NEVER  # carried out, not answered
    answer_delayed: Ratio = NEVER
    question_refused: Ratio = NEVER  # the AGI connection is refused: nothing is asked
    question_cut: Ratio = NEVER  # asked, and the line breaks before the answer
    question_delayed: Ratio = NEVER
    delay_ms_max: int = 2_000
    cut_every_ms: int = 0  # AMI connections break, on the average so often; 0: never
    cut_ms_max: int = 3_000  # how long the port stays shut then
    restart_every_ms: int = 0  # Asterisk dies and comes back; 0: never
    restart_ms_max: int = 5_000


CALM = FaultRates()

ROUGH = FaultRates(
    event_dropped=Ratio(2),
    event_doubled=Ratio(5),
    event_delayed=Ratio(20),
    action_refused=Ratio(5),
    action_lost=Ratio(2),
    answer_lost=Ratio(5),
    answer_delayed=Ratio(20),
    question_refused=Ratio(10),
    question_cut=Ratio(5),
    question_delayed=Ratio(20),
    cut_every_ms=300_000,
    restart_every_ms=3_600_000,
)
"""A bad day: some of everything."""


@dataclass(frozen=True, slots=True)
class EventFate:
    """How often an event arrives, and how late."""

    copies: int = 1
    delay_us: int = 0


@dataclass(frozen=True, slots=True)
class ActionFate:
    """What becomes of an action and of its answer."""

    carried_out: bool = True
    refused: bool = False
    answered: bool = True
    delay_us: int = 0


@dataclass(frozen=True, slots=True)
class QuestionFate:
    """What becomes of an AGI question. `asked` without `answered`: the line broke in the middle."""

    asked: bool = True
    answered: bool = True
    delay_us: int = 0


GOOD_EVENT = EventFate()
GOOD_ACTION = ActionFate()
GOOD_QUESTION = QuestionFate()


class Faults:
    """Draws the fates of one Asterisk. `struck` counts what was done, by kind."""

    def __init__(self, prng: Prng, rates: FaultRates = CALM) -> None:
        self._on_events = prng.fork("events")
        self._on_actions = prng.fork("actions")
        self._on_questions = prng.fork("questions")
        self._spontaneous = prng.fork("spontaneous")
        self.rates = rates
        self.struck: Counter[str] = Counter()

    def event_fate(self) -> EventFate:
        """For each event and each listener of it."""
        rates, draw = self.rates, self._on_events
        if self._strikes(draw, "event_dropped", rates.event_dropped):
            return EventFate(copies=0)
        copies = 2 if self._strikes(draw, "event_doubled", rates.event_doubled) else 1
        if self._strikes(draw, "event_delayed", rates.event_delayed):
            return EventFate(copies, self._delay_us(draw))
        return GOOD_EVENT if copies == 1 else EventFate(copies)

    def action_fate(self) -> ActionFate:
        """For each action of a user who is logged in."""
        rates, draw = self.rates, self._on_actions
        if self._strikes(draw, "action_refused", rates.action_refused):
            return ActionFate(carried_out=False, refused=True)
        if self._strikes(draw, "action_lost", rates.action_lost):
            return ActionFate(carried_out=False, answered=False)
        if self._strikes(draw, "answer_lost", rates.answer_lost):
            return ActionFate(answered=False)
        if self._strikes(draw, "answer_delayed", rates.answer_delayed):
            return ActionFate(delay_us=self._delay_us(draw))
        return GOOD_ACTION

    def question_fate(self) -> QuestionFate:
        """For each question of the dialplan."""
        rates, draw = self.rates, self._on_questions
        if self._strikes(draw, "question_refused", rates.question_refused):
            return QuestionFate(asked=False, answered=False)
        if self._strikes(draw, "question_cut", rates.question_cut):
            return QuestionFate(answered=False)
        if self._strikes(draw, "question_delayed", rates.question_delayed):
            return QuestionFate(delay_us=self._delay_us(draw))
        return GOOD_QUESTION

    def next_cut_us(self) -> int | None:
        """Time until the AMI connections break; None: not under these rates."""
        return self._time_until(self.rates.cut_every_ms)

    def cut_lasts_us(self) -> int:
        """How long the port then stays shut."""
        self.struck["cut"] += 1
        return self._spontaneous.between(1, self.rates.cut_ms_max) * MS_US

    def next_restart_us(self) -> int | None:
        """Time until Asterisk dies; None: not under these rates."""
        return self._time_until(self.rates.restart_every_ms)

    def restart_lasts_us(self) -> int:
        """How long it then takes to come back."""
        self.struck["restart"] += 1
        return (
            self._spontaneous.between(
                min(1_000, self.rates.restart_ms_max), self.rates.restart_ms_max
            )
            * MS_US
        )

    def _time_until(self, every_ms: int) -> int | None:
        return self._spontaneous.exponential(every_ms * MS_US) if every_ms else None

    def _delay_us(self, draw: Prng) -> int:
        return draw.between(1, self.rates.delay_ms_max) * MS_US

    def _strikes(self, draw: Prng, name: str, ratio: Ratio) -> bool:
        if not draw.chance(ratio):
            return False
        self.struck[name] += 1
        return True
