"""Is the router well? Two answers: what operators should see, and whether it can route at all."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

from cti.agi.server import AgiServer
from cti.ami.client import AmiClient
from cti.ami.counters import AmiCounters
from cti.bus.publisher import Publisher
from cti.config import Settings
from cti.dispatcher import Dispatcher
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import Hearing, Pbx
from cti.gateway.side import PbxCounters
from cti.journal.file import FileJournal
from cti.record.event_log import EventLog, EventLogCounters
from cti.supervision import Background
from cti.watch.check import Check
from cti.watch.invariant_watch import InvariantWatch
from cti.watch.machine import Machine
from cti.watch.metrics import Metrics
from cti.watch.record_watch import RecordWatch
from routing.ids import PbxId

LATE_US: Final = 10_000_000
"""An event is written a second after it happened; ten, and its disk hangs or cannot keep up."""


class Parts(Protocol):
    """What is looked at."""

    settings: Settings
    background: Background
    exit_code: int
    clients: dict[PbxId, AmiClient]
    gateway: Gateway
    journal: FileJournal
    event_log: EventLog
    publisher: Publisher
    dispatcher: Dispatcher
    agi: AgiServer
    watch: InvariantWatch
    machine: Machine
    record_watch: RecordWatch


FLUSH_S: Final = 5.0
"""A flush takes milliseconds; a disk that needs longer for one is about to fail."""


def check_of_journal(journal: FileJournal) -> Check:
    """The journal. Its disk may hang in a flush without an error."""
    lasts_s = journal.flush_lasts_s
    if journal.degraded or lasts_s <= FLUSH_S:
        return Check("journal", not journal.degraded, journal.failure)
    return Check("journal", ok=False, detail=f"a flush has lasted for {lasts_s:.0f} s")


def check_of_log(log: EventLogCounters) -> Check:
    """The event log. Its disk may hang without an error: then its oldest event grows old."""
    wrong = (
        (not log.writing, "nobody writes"),
        (log.failing, "the disk refuses"),
        (log.waiting_us > LATE_US, f"the oldest event waits for {log.waiting_us // 1_000_000} s"),
        (log.degraded, f"{log.lost + log.refused} lost"),
    )
    return _check("event log", [words for is_so, words in wrong if is_so])


def _check(name: str, wrong: Sequence[str]) -> Check:
    return Check(name, not wrong, ", ".join(wrong))


class Health:
    """Looks when asked; never blocks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routing(self) -> Sequence[Check]:
        """What routing needs: the core, and an Asterisk that is heard."""
        crashed = self._parts.exit_code != 0
        heard = [pbx for pbx in self._parts.gateway.pbxs.values() if pbx.hearing is Hearing.UP]
        return (
            Check("core", not crashed, "crashed" if crashed else ""),
            Check("asterisk", bool(heard), "" if heard else "none is heard"),
        )

    def all(self) -> Sequence[Check]:
        """Everything that should be well."""
        parts = self._parts
        bus = parts.publisher.counters
        return (
            *(self._asterisk(pbx) for pbx in parts.gateway.pbxs.values()),
            check_of_journal(parts.journal),
            *parts.machine.checks(),
            check_of_log(parts.event_log.counters),
            parts.record_watch.check(),
            _check("background", [f"{name} fails" for name in parts.background.ailing()]),
            _check("listeners", parts.dispatcher.failed_listeners),
            _check("questions", self._unanswered()),
            Check("bus", bus.connected or not parts.settings.bus.enabled, f"{bus.behind} behind"),
        )

    def _asterisk(self, pbx: Pbx) -> Check:
        is_up = pbx.hearing is Hearing.UP
        failure = self._parts.clients[pbx.name].failure or pbx.hearing.value
        return Check(f"asterisk {pbx.name}", is_up, "" if is_up else failure)

    def _unanswered(self) -> list[str]:
        """Whose questions are not answered has callers who all go to failsafe."""
        closed = [] if self._parts.agi.is_open else ["the AGI port is closed"]
        return closed + [
            f"{each.pbx or '?'}: {each.count} not answered: {each.why}"
            for each in self._parts.gateway.turned_away()
        ]

    def watch(self, metrics: Metrics) -> None:
        """Let the metrics read what each part counts."""
        parts, watch = self._parts, metrics.watch
        watch("dispatcher", lambda: parts.dispatcher.counters)
        watch("journal", lambda: parts.journal.counters)
        watch("event_log", lambda: parts.event_log.counters)
        watch("background", lambda: parts.background.counters)
        watch("record", lambda: parts.record_watch.counters)
        watch("bus", lambda: parts.publisher.counters)
        watch("gateway", lambda: parts.gateway.counters)
        watch("questions", lambda: parts.gateway.remarks.counters)
        watch("invariants", lambda: parts.watch.counters)
        watch("agi", lambda: parts.agi.counters)
        for name in parts.clients:
            watch("ami", partial(self._ami, name), {"pbx": name})
            watch("pbx", partial(self._pbx, name), {"pbx": name})

    def _ami(self, name: PbxId) -> AmiCounters:
        return self._parts.clients[name].counters

    def _pbx(self, name: PbxId) -> PbxCounters:
        return self._parts.gateway.pbxs[name].counters
