"""Present state and today's figures of one router, from its events alone.

An in-line listener: `apply` costs a few microseconds and nobody waits for it. It remembers live
calls, the configured agents and queues, and the last 50 events, so it is bounded by what the core
itself holds. `cti.view.figures` says how things are counted.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

from cti.record.envelope import Envelope
from cti.view.agents import Agents
from cti.view.calls import LiveCalls
from cti.view.figures import Count
from cti.view.rows import (
    AgentNow,
    AgentRow,
    CallNow,
    CallRow,
    EventRow,
    QueueNow,
    QueueRow,
    event_row,
)
from routing import events as e
from routing.config import SECOND_US, RoutingConfig
from routing.ids import AgentId, CallId, PbxId, QueueId

DAY_US = 86_400 * SECOND_US
CHINA_US = 8 * 3600 * SECOND_US
"""UTC+8 all year round (C10): China has had no summer time since 1991."""

LAST_EVENTS = 50


class StateView:
    """What is so now. For the event loop's thread only.

    `day_offset_us` is local time minus UTC, for the day that figures belong to.
    """

    def __init__(self, config: RoutingConfig, *, day_offset_us: int = CHINA_US) -> None:
        self.epoch = 0
        self.seq = 0
        self.config_version = config.version
        self._calls = LiveCalls()
        self._agents = Agents()
        self._pbxs: dict[PbxId, str] = {}
        self._modes: dict[str, bool] = {}
        self._last: deque[Envelope] = deque(maxlen=LAST_EVENTS)
        self._day_offset_us = day_offset_us
        self._day = -1
        self._counting_since_us = 0
        self._handlers: dict[type, Any] = {
            **self._calls.handlers,
            **self._agents.handlers,
            e.TelephonyChanged: self._telephony_changed,
            e.ConfigApplied: self._config_applied,
            e.ModeChanged: self._mode_changed,
        }
        self.configure(config)

    # --- input -----------------------------------------------------------------------------------

    def configure(self, config: RoutingConfig) -> None:
        """Show the queues and agents of this configuration; what stays keeps its figures."""
        self.config_version = config.version
        self._calls.configure([(spec.queue_id, spec.service_level_us) for spec in config.queues])
        self._agents.configure(config.agents)
        # As the core has it: heard, until it says otherwise.
        self._pbxs = {pbx: self._pbxs.get(pbx, "up") for pbx in config.pbxs}
        self._modes = {mode.name: self._modes.get(mode.name, False) for mode in config.modes}

    def reset(
        self,
        agents: Iterable[AgentNow],
        calls: Iterable[CallNow],
        pbxs: Iterable[tuple[PbxId, str]] = (),
        queues: Iterable[QueueNow] = (),
        modes: Iterable[str] = (),
        *,
        seq: int = 0,
    ) -> None:
        """Begin with the state of a recovered core, as of event `seq`.

        What was counted stays: whoever feeds the day's events from the event log before this has
        the figures of the whole day, and not since the restart only.
        """
        self._agents.reset(list(agents))
        self._calls.reset(list(calls), list(queues))
        self._pbxs |= dict(pbxs)
        self._modes |= dict.fromkeys(modes, True)
        self.seq = max(self.seq, seq)

    def apply(self, envelope: Envelope) -> None:
        """Take in one event. One at or below the last sequence number is dropped."""
        if envelope.seq <= self.seq:
            return
        self.epoch, self.seq = envelope.epoch, envelope.seq
        self._turn_day(envelope.at_us)
        self._last.append(envelope)
        handler = self._handlers.get(type(envelope.event))
        if handler is not None:
            handler(envelope.event, envelope.at_us)

    # --- output ----------------------------------------------------------------------------------

    def queues(self, now_us: int) -> list[QueueRow]:
        """One row a queue, in the order of the configuration."""
        self._turn_day(now_us)
        return [queue.row(now_us) for queue in self._calls.queues.values()]

    def counting_since_us(self, now_us: int) -> int:
        """When the present figures began: midnight, or the start of this view."""
        self._turn_day(now_us)
        return self._counting_since_us

    def totals(self) -> Iterator[tuple[QueueId, Counter[Count]]]:
        """What was counted of each queue since the start of this process; never goes back."""
        return ((queue_id, queue.totals) for queue_id, queue in self._calls.queues.items())

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

    def _telephony_changed(self, event: e.TelephonyChanged, _at_us: int) -> None:
        self._pbxs[event.pbx] = event.state

    def _mode_changed(self, event: e.ModeChanged, _at_us: int) -> None:
        self._modes[event.name] = event.on

    def _config_applied(self, event: e.ConfigApplied, _at_us: int) -> None:
        self.config_version = event.version

    def _turn_day(self, at_us: int) -> None:
        day = (at_us + self._day_offset_us) // DAY_US
        if day <= self._day:
            return
        midnight_us = day * DAY_US - self._day_offset_us
        self._counting_since_us = midnight_us if self._day >= 0 else at_us
        self._day = day
        for queue in self._calls.queues.values():
            queue.turn_day()
