"""Says and counts what could not be put into words (`cti.record.set_aside`)."""

import logging
import traceback
from dataclasses import dataclass

from cti.watch.check import Check

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RecordCounters:
    """Plain numbers for the metrics to read."""

    set_aside: int = 0  # events and state documents with something that has no form in JSON


class RecordWatch:
    """`set_aside` is for `CloudEventEncoder.on_set_aside`."""

    def __init__(self) -> None:
        self.counters = RecordCounters()
        self._last = ""

    def set_aside(self, kind: str, seq: int, error: Exception) -> None:
        """One event, or a state document as of it. The error's own text may hold personal data."""
        self.counters.set_aside += 1
        self._last = f"{kind} {seq}"
        places = traceback.extract_tb(error.__traceback__)
        where = f"{places[-1].filename}:{places[-1].lineno}" if places else "?"
        log.error(
            "%s %d cannot be put into words and is set aside: %s at %s",
            kind, seq, type(error).__name__, where, extra={"seq": seq},
        )  # fmt: skip

    def check(self) -> Check:
        """Not well until a restart: it is a defect of ours that somebody has to look at."""
        count = self.counters.set_aside
        return Check("record", not count, f"{count} set aside, last {self._last}" if count else "")
