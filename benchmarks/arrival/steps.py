"""Asterisk's events of one call, as the steps from its arrival to the ring."""

from dataclasses import dataclass, field
from statistics import median

from cti.ami.messages import AmiEvent

WANTED = frozenset({"Newchannel", "Newexten", "DialBegin"})

STEPS = (
    ("arrived", "answering", "dialplan before the answer"),
    ("answering", "answered", "Answer: the 200 to the caller"),
    ("answered", "asking", "dialplan before the question"),
    ("asking", "told", "the question"),
    ("told", "dialling", "dialplan before the Dial"),
    ("answered", "queueing", "dialplan before the Queue"),
    ("dialling", "rung", "Dial, to the INVITE"),
    ("queueing", "rung", "Queue, to the INVITE"),
    ("arrived", "rung", "arrival to ring"),
)
"""(from, to, what people read); a way has those steps of which both ends happen."""

_BEGINS = {"Answer": "answering", "AGI": "asking", "Dial": "dialling", "Queue": "queueing"}
_ENDS = {"Answer": "answered", "AGI": "told"}


@dataclass
class Steps:
    """When each call came to each step, in seconds since 1970 by Asterisk's clock."""

    _calls: dict[str, dict[str, float]] = field(default_factory=dict)
    _runs: dict[str, str] = field(default_factory=dict)  # {call: application that it is in}

    def reset(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self._runs.clear()

    def see(self, event: AmiEvent) -> None:
        """Take one event; only the first time at each step counts."""
        call, at = event.headers.get("Uniqueid"), float(event.headers.get("Timestamp"))
        if event.name == "Newchannel":
            self._calls[call] = {"arrived": at}
        times = self._calls.get(call)
        if times is None:
            return
        if event.name == "DialBegin":
            times.setdefault("rung", at)
        if event.name == "Newexten":
            self._line(times, call, event.headers.get("Application"), at)

    def _line(self, times: dict[str, float], call: str, application: str, at: float) -> None:
        ended = _ENDS.get(self._runs.get(call, ""))
        if ended is not None:
            times.setdefault(ended, at)
        self._runs[call] = application
        if application in _BEGINS:
            times.setdefault(_BEGINS[application], at)

    def medians(self) -> dict[str, float]:
        """{step: milliseconds}, of the steps that were seen at all."""
        found: dict[str, float] = {}
        for begin, end, name in STEPS:
            taken = [
                (times[end] - times[begin]) * 1000
                for times in self._calls.values()
                if begin in times and end in times
            ]
            if taken:
                found[name] = round(median(taken), 2)
        return found
