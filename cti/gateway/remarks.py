"""What an operator should know about a question that was answered all the same: counted and said.

`asking` remarks it. Each thing is said once, and again after an hour with how often it was met
meanwhile: a slip in the dialplan concerns every caller of a number.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cti.gateway.asking import Remark, RemarkKind
from cti.gateway.question import Question

log = logging.getLogger(__name__)

AGAIN_US: Final = 3600 * 1_000_000
MAX_KNOWN: Final = 1000
"""Different things remembered; the one said first is forgotten first, and may be said again."""

SAID: Final[Mapping[RemarkKind, tuple[int, str]]] = {
    RemarkKind.ODD_ARGUMENT: (logging.WARNING, "%s is not as agreed, and left out"),
    RemarkKind.ODD_ARRIVAL: (
        logging.ERROR,
        "%s: cannot have arrived when its dialplan says: is that, or the machine's time, wrong?",
    ),
    RemarkKind.CLOCKS_APART: (
        logging.WARNING,
        "the clock of %s is not ours: its callers' arrivals are taken by their age",
    ),
    RemarkKind.UNKNOWN_QUEUE: (
        logging.ERROR,
        "there is no queue %s: its callers go to the failsafe of Asterisk",
    ),
    RemarkKind.REFUSED_CALL: (
        logging.ERROR,
        "the core refuses such calls (%s): they go to the failsafe of Asterisk",
    ),
    RemarkKind.IGNORED_NEEDS: (
        logging.ERROR,
        "CTI_NEEDS %s cannot be used: any agent of the queue will do",
    ),
    RemarkKind.UNMET_NEEDS: (
        logging.ERROR,
        "no configured agent can ever meet %s: such callers wait in vain",
    ),
    RemarkKind.UNFIT_DATA: (logging.WARNING, "call data left out: %s"),
    RemarkKind.UNKNOWN_TAG: (logging.WARNING, "no boost names the tag %s"),
}
"""Level, and what is said of `Remark.about`."""


@dataclass(slots=True)
class RemarkCounters:
    """Questions that each kind of remark was about, for the metrics to read."""

    odd_arguments: int = 0
    odd_arrivals: int = 0
    clocks_apart: int = 0
    unknown_queues: int = 0
    refused_calls: int = 0
    ignored_needs: int = 0
    unmet_needs: int = 0
    unknown_tags: int = 0
    unfit_data: int = 0


class Remarks:
    """Remembers what was said, at most MAX_KNOWN things."""

    def __init__(self) -> None:
        self.counters = RemarkCounters()
        self._said: dict[Remark, tuple[int, int]] = {}  # when, and how often met since

    def note(self, remarks: Iterable[Remark], question: Question, now_us: int) -> None:
        """Remarks about one question."""
        for remark in remarks:
            name = remark.kind.value
            setattr(self.counters, name, getattr(self.counters, name) + 1)
            said_us, met = self._said.pop(remark, (0, 0))
            if said_us and now_us - said_us < AGAIN_US:
                self._said[remark] = said_us, met + 1
                continue
            if len(self._said) >= MAX_KNOWN:
                del self._said[next(iter(self._said))]
            self._said[remark] = now_us, 0
            _say(remark, question, met)


def _say(remark: Remark, question: Question, met: int) -> None:
    level, text = SAID[remark.kind]
    text = text % remark.about
    if met:
        text += f" ({met} more since this was last said)"
    named = {"pbx": question.pbx, "channel": question.channel, "queue": question.named_queue}
    log.log(level, "%s (%s): %s", question.call_id, question.channel, text, extra=named)
