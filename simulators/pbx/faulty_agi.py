"""The way of the dialplan's questions to the router, with what may happen to them on it. Pure."""

from simulators.pbx.faults import Faults
from simulators.pbx.questions import AgiPort, Asking, Heard, Question
from simulators.virtual_clock import Scheduler, Timer


class _Question:
    """One question under way: at most one answer, none after `cancel`."""

    def __init__(self, heard: Heard) -> None:
        self._heard: Heard | None = heard
        self.asking: Asking | None = None
        self.delay: Timer | None = None

    def cancel(self) -> None:
        self._heard = None
        if self.asking is not None:
            self.asking.cancel()
        if self.delay is not None:
            self.delay.cancel()

    def settle(self, answer: str) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(answer)


class FaultyAgi:
    """An `AgiPort` around another; with all rates at never it adds nothing."""

    def __init__(self, clock: Scheduler, agi: AgiPort, faults: Faults) -> None:
        self._clock = clock
        self._agi = agi
        self._faults = faults

    def ask(self, question: Question, heard: Heard) -> Asking:
        """Ask, refuse to ask, lose the answer, or be slow."""
        fate = self._faults.question_fate()
        if fate.asked and fate.answered and not fate.delay_us:
            return self._agi.ask(question, heard)
        under_way = _Question(heard)
        if not fate.asked:
            under_way.delay = self._clock.at(self._clock.now_us(), lambda: under_way.settle(""))
            return under_way

        def answered(answer: str) -> None:
            kept = answer if fate.answered else ""
            under_way.delay = self._clock.at(
                self._clock.now_us() + fate.delay_us, lambda: under_way.settle(kept)
            )

        under_way.asking = self._agi.ask(question, answered)
        return under_way
