"""Present state and today's figures of one router, from its events alone.

The one projection: screens, metrics and the documents that the bus retains are made of its rows.
`apply` costs a few microseconds and nobody waits for it. It remembers live calls, the configured
agents and queues, and the last 50 events, so it is bounded by what the core itself holds. After a
start it begins with the core's own records (`cti.view.recover`), since the events that led there
are history; the figures of the day come from the record (`cti.view.day`). What is counted, and how,
is the business of `cti.figures`.
"""

from collections import deque
from typing import Any

from cti.figures import Calendar, Figures, QueueCounts, rates
from cti.figures.counts import SECOND_US
from cti.record.cloudevents import AsOf, Record, type_of
from cti.record.directory import Directory, directory_of
from cti.record.envelope import Envelope
from cti.record.reading import kept
from cti.view.agents import Agents
from cti.view.calls import Line, LiveCalls
from cti.view.changes import Changes, Readers
from cti.view.rows import (
    AgentRow,
    CallRow,
    EventRow,
    Level,
    QueueRow,
    RouterNow,
    event_row,
)
from routing import events as e
from routing.config import RoutingConfig
from routing.ids import AgentId, CallId, PbxId, QueueId
from routing.transfers.messages import CallTransferred

DEFAULT_LEVEL_US = 20 * SECOND_US

LAST_EVENTS = 50

_UNCOUNTED = {type_of(e.OfferMade), type_of(e.CallDelivered)}
"""A fifth of all events, and the longest: nothing is counted of them, so they are not read back."""


class StateView:
    """What is so now. For the event loop's thread only.

    `calendar` is that of the site, for the day that figures belong to. `directory` says who the
    agents of the configuration are and whom they serve.
    """

    def __init__(self, config: RoutingConfig, *, calendar: Calendar | None = None) -> None:
        self.at = AsOf(0, 0, 0)  # what is shown is true as of this
        self.config_version = config.version
        self.directory = Directory()
        self._readers = Readers()
        self._calls = LiveCalls(self._readers)
        self._agents = Agents(self._readers)
        self.figures = Figures(calendar)
        self.figures.count_live()
        self._levels: dict[QueueId, int] = {}  # T of the service levels
        self._counts = True  # what is told; not while the day is read from the record
        self._since_us = 0  # counting since, on the first day
        self._live_after = 0  # events up to this one were said before the start
        self._pbxs: dict[PbxId, str] = {}
        self._modes: dict[str, bool] = {}
        self._last: deque[Envelope] = deque(maxlen=LAST_EVENTS)
        self._handlers = _by_event(
            self._calls.handlers,
            self._agents.handlers,
            {
                CallTransferred: self._transferred,
                e.TelephonyChanged: self._telephony_changed,
                e.ConfigApplied: self._config_applied,
                e.ModeChanged: self._mode_changed,
            },
        )
        self.configure(config)

    # --- input -----------------------------------------------------------------------------------

    def configure(self, config: RoutingConfig) -> None:
        """Show the queues and agents of this configuration; what stays keeps its figures.

        Agents times queues, so not for the hot path.
        """
        self.config_version = config.version
        self.directory = directory_of(config)
        self._levels = {spec.queue_id: spec.service_level_us for spec in config.queues}
        self._calls.configure(config.queues)
        self._agents.configure(config.agents, self.directory)
        # As the core has it: heard, until it says otherwise.
        self._pbxs = {pbx: self._pbxs.get(pbx, "up") for pbx in config.pbxs}
        self._modes = {mode.name: self._modes.get(mode.name, False) for mode in config.modes}

    def reset(self, now: RouterNow) -> None:
        """Begin with the state of a recovered core. What was counted stays."""
        self._agents.reset(now.agents)
        self._calls.reset(now.calls, now.queues)
        self._pbxs |= now.pbxs
        self._modes |= dict.fromkeys(now.modes, True)
        self.at = max(self.at, now.at)

    def apply(self, envelope: Envelope) -> None:
        """Take in one event. One at or below the last sequence number is dropped."""
        if envelope.seq <= self.at.seq:
            return
        self.at = AsOf(envelope.epoch, envelope.seq, envelope.at_us)
        self._last.append(envelope)
        if self._counts:
            self._since_us = self._since_us or envelope.at_us
            agent_id = getattr(envelope.event, "agent_id", "")
            self.figures.apply(envelope, self.directory.card(agent_id).employer if agent_id else "")
        for handler in self._handlers.get(type(envelope.event), ()):
            handler(envelope.event, envelope.at_us)

    # --- the day, read from the record after a start ---------------------------------------------

    def wait_for_day(self) -> None:
        """Count nothing until `count_from_now_on`: the record is read first."""
        self._counts, self._live_after = False, self.at.seq
        self.figures = Figures(self.figures.calendar)

    def begin_day(self, after: int, since_us: int) -> None:
        """The record is read from the event after this one, and counted since that moment."""
        self.figures.begin_after(after, since_us)
        self._since_us = since_us

    def count_record(self, record: Record) -> None:
        """One event of the record."""
        if record.seq > self._live_after:
            self.figures.count_live()
        if record.type in _UNCOUNTED:
            self.figures.seen(record.seq, record.at_us)
        elif (found := kept(record)) is not None:
            self.figures.apply(found.envelope, found.employer)
        else:
            self.figures.pass_over(record.seq)

    def count_from_now_on(self) -> None:
        """The record was read up to the last event, or cannot be read."""
        if not self.figures.seq:
            self.figures.begin_after(self.at.seq, since_us=0)
        self.figures.count_live()
        self._counts = True

    # --- output ----------------------------------------------------------------------------------

    def changes(self) -> Changes:
        """From now on what changes is noted here, for one reader."""
        return self._readers.join()

    def queue_ids(self) -> list[QueueId]:
        """Every queue that is shown, in the order of the configuration."""
        return list(self._calls.lines)

    def queues(self, now_us: int) -> list[QueueRow]:
        """One row a queue, in the order of the configuration."""
        return [self._queue_row(name, line, now_us) for name, line in self._calls.lines.items()]

    def queue(self, queue_id: QueueId, now_us: int) -> QueueRow | None:
        """One queue; None when there is none of this id."""
        line = self._calls.lines.get(queue_id)
        return self._queue_row(queue_id, line, now_us) if line else None

    def counting_since_us(self, now_us: int) -> int:
        """When the present figures began: midnight; on the first day, the beginning of it all."""
        self._since_us = self._since_us or now_us
        return max(self._since_us, self.figures.calendar.day_of(now_us))

    @property
    def counting_to_us(self) -> int:
        """While the day is read from the record, how far that has come; 0: all is counted."""
        return 0 if self._counts else max(self.figures.at_us, self._since_us, 1)

    def level_us(self, queue_id: QueueId) -> int:
        """T of the queue's service level."""
        return self._levels.get(queue_id, DEFAULT_LEVEL_US)

    def totals(self) -> dict[QueueId, QueueCounts]:
        """What was counted of each queue since the start of this process; never goes back."""
        live = self.figures.queues.live
        return {queue_id: live.get(queue_id) or QueueCounts() for queue_id in self._levels}

    def agent_ids(self) -> list[AgentId]:
        """Everybody who is shown, in the order of the configuration."""
        return self._agents.ids()

    def agents(self) -> list[AgentRow]:
        """One row an agent, in the order of the configuration."""
        return self._agents.rows()

    def agent_states(self) -> dict[str, int]:
        """How many agents are in each state; every state is named, also with 0."""
        return self._agents.states()

    def agent(self, agent_id: AgentId) -> AgentRow | None:
        """One agent; None when there is none of this id."""
        return self._agents.row(agent_id)

    def not_ready_reasons(self) -> dict[str, int]:
        """How many agents are not ready for each reason, the most frequent first."""
        return self._agents.reasons()

    def calls(self, now_us: int, limit: int = 1000) -> list[CallRow]:
        """Live calls, first come first, at most `limit`; `live_calls` says how many there are."""
        return self._calls.rows(now_us, limit)

    def call(self, call_id: CallId, now_us: int) -> CallRow | None:
        """One live call; None when there is none of this id."""
        return self._calls.row(call_id, now_us)

    @property
    def live_calls(self) -> int:
        """Calls that the router has in hand."""
        return len(self._calls)

    def telephony(self) -> dict[str, str]:
        """Each Asterisk and whether we hear it: `up`, `lost` or `gone`."""
        return {str(pbx): state for pbx, state in self._pbxs.items()}

    def modes(self) -> dict[str, bool]:
        """Each emergency mode and whether it is on."""
        return dict(self._modes)

    def calls_per_second(self, now_us: int) -> float:
        """New contacts a second over the last 10 whole seconds."""
        return self._calls.per_second(now_us)

    def last_events(self, limit: int = LAST_EVENTS) -> list[EventRow]:
        """The newest, oldest of them first."""
        return [event_row(envelope) for envelope in list(self._last)[-limit:]]

    # --- events ----------------------------------------------------------------------------------

    def _transferred(self, event: CallTransferred, at_us: int) -> None:
        self._calls.transferred(event, at_us)
        self._agents.given(event)

    def _telephony_changed(self, event: e.TelephonyChanged, _at_us: int) -> None:
        if event.pbx in self._pbxs:
            self._pbxs[event.pbx] = event.state

    def _mode_changed(self, event: e.ModeChanged, _at_us: int) -> None:
        self._modes[event.name] = event.on

    def _config_applied(self, event: e.ConfigApplied, _at_us: int) -> None:
        self.config_version = event.version

    # --- inside ----------------------------------------------------------------------------------

    def _queue_row(self, queue_id: QueueId, line: Line, now_us: int) -> QueueRow:
        today, staff = self.figures.queue(queue_id, now_us), self._agents.staff(queue_id)
        level_us = self.level_us(queue_id)
        within_s = level_us // SECOND_US
        since_us = line.since_us
        return QueueRow(
            queue_id,
            len(line.waiting) + len(line.promised),
            line.ringing,
            line.talking,
            max(now_us - since_us, 0) if since_us else 0,
            today.offered,
            today.answered,
            today.abandoned,
            today.diverted,
            today.platform_lost,
            _level(rates.sl_b(today, within_s), level_us),
            _level(rates.sl_a(today, within_s), level_us),
            accepting=line.accepting,
            reserve_open=line.reserve_open,
            callbacks=len(line.promised),
            callbacks_unmet=today.callbacks_unmet,
            waiting_since_us=since_us,
            agents_logged_on=staff.logged_on,
            agents_ready=staff.ready,
        )


def _level(rate: rates.Rate, within_us: int) -> Level:
    return Level(rate.name, within_us, rate.count, rate.of)


def _by_event(*tables: dict[type, Any]) -> dict[type, tuple[Any, ...]]:
    """For each class of event, those who want to hear of it, in the order of the tables."""
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {kind: tuple(table[kind] for table in tables if kind in table) for kind in kinds}
