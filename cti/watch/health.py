"""Is the router well? Two answers: what operators should see, and whether it can route at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from cti.agi.server import AgiServer
from cti.ami.client import AmiClient
from cti.ami.counters import AmiCounters
from cti.bus.publisher import Publisher
from cti.dispatcher import Dispatcher
from cti.gateway.counters import PbxCounters
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import Hearing, Pbx
from cti.journal.file import FileJournal
from cti.record.event_log import EventLog, EventLogCounters
from cti.supervision import Background
from cti.watch.check import Check
from cti.watch.invariant_watch import InvariantWatch
from cti.watch.machine import Machine
from cti.watch.metrics import Metrics
from cti.watch.reach import check_of_reach, reach_of
from cti.watch.record_watch import RecordWatch
from routing.commands import DeviceState
from routing.ids import PbxId
from routing.phone import Phone

LATE_US: Final = 10_000_000
"""An event is written a second after it happened; ten, and its disk hangs or cannot keep up."""

NAMED: Final = 5
"""Phones that a line of `cti status` names."""


FLUSH_S: Final = 5.0
"""A flush takes milliseconds; a disk that needs longer for one is about to fail."""


def check_of_rival(pbx: PbxId, rival: str) -> Check:
    """An Asterisk that obeys another router."""
    return Check(
        f"asterisk {pbx}",
        ok=False,
        detail=f"another router has it: {rival}; next: stop one of the two, or take this Asterisk"
        " out of its cti.toml",
        code="anotherRouter",
        about=rival,
    )


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


def check_of_phones(phones: Mapping[str, Phone], pbxs: Iterable[PbxId]) -> Check:
    """The agents' phones: one that no Asterisk has is a mistake in one of two configurations."""
    asked = tuple(pbxs)
    lacking = [
        f"{phone.device} of {', '.join(sorted(phone.agents))}"
        for phone in phones.values()
        if asked and all(phone.said.get(pbx) is DeviceState.MISSING for pbx in asked)
    ]
    named = "; ".join(lacking[:NAMED]) + ("; …" if len(lacking) > NAMED else "")
    return _check("phones", [f"{len(lacking)} on no Asterisk: {named}"] if lacking else [])


def _check(name: str, wrong: Sequence[str]) -> Check:
    return Check(name, not wrong, ", ".join(wrong))


@dataclass(frozen=True, slots=True)
class Health:
    """Looks when asked; never blocks. `crashed` says whether the core has."""

    crashed: Callable[[], bool]
    uses_bus: bool
    machine: Machine
    background: Background
    journal: FileJournal
    event_log: EventLog
    record_watch: RecordWatch
    dispatcher: Dispatcher
    invariants: InvariantWatch
    gateway: Gateway
    clients: Mapping[PbxId, AmiClient]
    agi: AgiServer
    publisher: Publisher

    def routing(self) -> Sequence[Check]:
        """What routing needs: the core, and an Asterisk that is heard."""
        crashed = self.crashed()
        heard = [pbx for pbx in self.gateway.pbxs.values() if pbx.hearing is Hearing.UP]
        return (
            Check("core", not crashed, "crashed" if crashed else ""),
            Check("asterisk", bool(heard), "" if heard else "none is heard"),
        )

    def all(self) -> Sequence[Check]:
        """Everything that should be well."""
        bus = self.publisher.counters
        return (
            *(self._asterisk(pbx) for pbx in self.gateway.pbxs.values()),
            check_of_phones(self.dispatcher.engine.phones, self.gateway.pbxs),
            check_of_reach(self.dispatcher.engine),
            check_of_journal(self.journal),
            *self.machine.checks(),
            check_of_log(self.event_log.counters),
            self.record_watch.check(),
            _check("background", [f"{name} fails" for name in self.background.ailing()]),
            _check("listeners", self.dispatcher.failed_listeners),
            _check("questions", self._unanswered()),
            Check("bus", bus.connected or not self.uses_bus, f"{bus.behind} behind"),
        )

    def _asterisk(self, pbx: Pbx) -> Check:
        is_up = pbx.hearing is Hearing.UP
        if pbx.hearing is Hearing.ELSEWHERE:
            return check_of_rival(pbx.name, pbx.claim.rival.name or str(pbx.claim.rival.epoch))
        failure = self.clients[pbx.name].failure or pbx.hearing.value
        return Check(f"asterisk {pbx.name}", is_up, "" if is_up else failure)

    def _unanswered(self) -> list[str]:
        """Whose questions are not answered has callers who all go to failsafe."""
        closed = [] if self.agi.is_open else ["the AGI port is closed"]
        return closed + [
            f"{each.pbx or '?'}: {each.count} not answered: {each.why}"
            for each in self.gateway.turned_away()
        ]

    def watch(self, metrics: Metrics) -> None:
        """Let the metrics read what each part counts."""
        watch = metrics.watch
        watch("dispatcher", lambda: self.dispatcher.counters)
        watch("journal", lambda: self.journal.counters)
        watch("event_log", lambda: self.event_log.counters)
        watch("background", lambda: self.background.counters)
        watch("record", lambda: self.record_watch.counters)
        watch("bus", lambda: self.publisher.counters)
        watch("gateway", lambda: self.gateway.counters)
        watch("questions", lambda: self.gateway.remarks.counters)
        watch("invariants", lambda: self.invariants.counters)
        watch("reach", lambda: reach_of(self.dispatcher.engine))
        watch("agi", lambda: self.agi.counters)
        for name in self.clients:
            watch("ami", partial(self._ami, name), {"pbx": name})
            watch("pbx", partial(self._pbx, name), {"pbx": name})

    def _ami(self, name: PbxId) -> AmiCounters:
        return self.clients[name].counters

    def _pbx(self, name: PbxId) -> PbxCounters:
        return self.gateway.pbxs[name].counters
