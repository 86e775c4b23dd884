"""Live calls and who is in which line, kept from events. Part of `cti.view.state`.

A call counts for its queue while it waits (in line, or an agent is being rung for it) and while it
is talked to. It is in at most one queue: a customer who is handed on takes the place of the
consultation that stood in line for them, in the queue that was asked.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cti.record.masking import masked
from cti.view.changes import Readers
from cti.view.rows import NOBODY, CallNow, CallRow, CallStage, QueueNow
from routing import events as e
from routing.config import SECOND_US, QueueSpec
from routing.ids import AgentId, CallId, PbxId, QueueId, contact_of
from routing.transfers.messages import CallTransferred, Connection

RATE_WINDOW_S = 10

_IN_LINE = frozenset({CallStage.WAITING, CallStage.RINGING})
_TALKING = frozenset({CallStage.TALKING, CallStage.HELD})
_CONNECTED_AS: Final = {
    Connection.QUEUED: CallStage.WAITING,
    Connection.ALERTING: CallStage.RINGING,
    Connection.CONNECTED: CallStage.TALKING,
    Connection.HOLD: CallStage.HELD,
}
"""Where a customer is who was transferred."""


@dataclass(slots=True)
class Line:
    """Who is in one queue now; waiting customers with the time of their first arrival."""

    waiting: dict[CallId, int] = field(default_factory=dict)  # ringing ones included
    promised: dict[CallId, int] = field(default_factory=dict)  # the same, to be called back
    ringing: int = 0
    talking: int = 0
    accepting: bool = True
    reserve_open: bool = False

    @property
    def is_busy(self) -> bool:
        """Somebody waits or talks."""
        return bool(self.waiting or self.promised or self.talking)

    @property
    def since_us(self) -> int:
        """The first arrival of those who wait on the line, 0 when nobody does."""
        return min(self.waiting.values(), default=0)

    def empty(self) -> None:
        """Nobody is in it."""
        self.waiting.clear()
        self.promised.clear()
        self.ringing = self.talking = 0


class LiveCalls:
    """Which calls there are, and where each is."""

    def __init__(self, readers: Readers) -> None:
        self.lines: dict[QueueId, Line] = {}
        self._readers = readers
        self._configured: dict[QueueId, None] = {}
        self._calls: dict[CallId, CallNow] = {}
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=RATE_WINDOW_S + 1)  # (second, calls)
        # `OfferEnded` is not here: what becomes of the call follows it in the same command.
        self.handlers: dict[type, Any] = {
            e.CallQueued: self._queued,
            e.OfferMade: self._offered,
            e.CallEstablished: self._established,
            e.CallHeldEvent: self._held,
            e.CallRetrievedEvent: self._retrieved,
            e.ConnectionCleared: self._connection_cleared,
            e.CallDiverted: self._diverted,
            e.CallCleared: self._cleared,
            e.CallRelaxed: self._relaxed,
            e.CallbackBooked: self._booked,
            e.QueueAcceptingChanged: self._accepting_changed,
            e.ReserveChanged: self._reserve_changed,
        }

    def __len__(self) -> int:
        return len(self._calls)

    def configure(self, queues: Iterable[QueueSpec]) -> None:
        """These are the queues. One that left the configuration is shown until nobody is in it."""
        before = self.lines
        reserves = {spec.queue_id: spec.reserve is not None for spec in queues}
        self._configured = dict.fromkeys(reserves)
        self.lines = {name: before.get(name) or Line() for name in self._configured}
        self.lines |= {
            name: line for name, line in before.items() if line.is_busy and name not in self.lines
        }
        for name, line in self.lines.items():
            line.reserve_open = line.reserve_open and reserves.get(name, False)  # told by no event
        for name in {**before, **self.lines}:
            self._readers.queue(name)

    def reset(self, calls: Iterable[CallNow], queues: Iterable[QueueNow]) -> None:
        """These are the live calls, and so the queues are switched."""
        for line in self.lines.values():
            line.empty()
        for queue in queues:
            line = self._line(queue.queue_id)
            line.accepting, line.reserve_open = queue.accepting, queue.reserve_open
        self._calls = {now.call_id: replace(now) for now in calls}
        for call in self._calls.values():
            self._enter(call)

    def rows(self, now_us: int, limit: int) -> list[CallRow]:
        """The first to have come, at most `limit`."""
        live = sorted(self._calls.values(), key=_by_arrival)
        return [_row(call, now_us) for call in live[:limit]]

    def row(self, call_id: CallId, now_us: int) -> CallRow | None:
        """One live call."""
        call = self._calls.get(call_id)
        return _row(call, now_us) if call else None

    def per_second(self, now_us: int) -> float:
        """New contacts a second over the last 10 whole seconds."""
        second = now_us // SECOND_US
        recent = (calls for at, calls in self._arrivals if 0 < second - at <= RATE_WINDOW_S)
        return sum(recent) / RATE_WINDOW_S

    # --- events ----------------------------------------------------------------------------------

    def _queued(self, event: e.CallQueued, at_us: int) -> None:
        call = self._call(event.call_id, event.queue_id, event.pbx, at_us)
        call.first_queued_us, call.caller = event.first_queued_us, event.caller
        self._move(call, CallStage.WAITING, at_us, queue_id=event.queue_id)

    def _diverted(self, event: e.CallDiverted, at_us: int) -> None:
        # It may be the first that is heard of the call: the queue was full.
        call = self._call(event.call_id, event.queue_id, event.pbx, at_us)
        self._move(call, CallStage.LEAVING, at_us)
        call.step = 0

    def _offered(self, event: e.OfferMade, at_us: int) -> None:
        first_us = at_us - event.decision.waited_us
        call = self._call(event.call_id, event.queue_id, event.pbx, first_us)
        self._move(call, CallStage.RINGING, at_us, event.agent_id)

    def _established(self, event: e.CallEstablished, at_us: int) -> None:
        self._moved(event.call_id, CallStage.TALKING, at_us, event.agent_id)

    def _held(self, event: e.CallHeldEvent, at_us: int) -> None:
        self._moved(event.call_id, CallStage.HELD, at_us, event.agent_id)

    def _retrieved(self, event: e.CallRetrievedEvent, at_us: int) -> None:
        self._moved(event.call_id, CallStage.TALKING, at_us, event.agent_id)

    def _connection_cleared(self, event: e.ConnectionCleared, at_us: int) -> None:
        self._moved(event.call_id, CallStage.RELEASED, at_us)  # `CallTransferred` may follow

    def transferred(self, event: CallTransferred, at_us: int) -> None:
        """The customer stands where the consultation stood."""
        call = self._calls.get(event.call_id)
        if call is not None:
            stage = _CONNECTED_AS[event.connection]
            self._leave(call)
            call.callback, call.step = False, 0
            call.queue_id, call.agent_id = event.queue_id, event.to_agent
            call.stage, call.since_us = stage, at_us
            self._enter(call)

    def _cleared(self, event: e.CallCleared, _at_us: int) -> None:
        call = self._calls.pop(event.call_id, None)
        if call is not None:
            self._leave(call)

    def _relaxed(self, event: e.CallRelaxed, _at_us: int) -> None:
        if call := self._calls.get(event.call_id):
            call.step = event.step

    def _booked(self, event: e.CallbackBooked, _at_us: int) -> None:
        if call := self._calls.get(event.call_id):
            self._leave(call)
            call.callback = True
            self._enter(call)

    def _accepting_changed(self, event: e.QueueAcceptingChanged, _at_us: int) -> None:
        self._line(event.queue_id).accepting = event.accepting
        self._readers.queue(event.queue_id)

    def _reserve_changed(self, event: e.ReserveChanged, _at_us: int) -> None:
        self._line(event.queue_id).reserve_open = event.open
        self._readers.queue(event.queue_id)

    # --- inside ----------------------------------------------------------------------------------

    def _call(self, call_id: CallId, queue_id: QueueId, pbx: PbxId, first_us: int) -> CallNow:
        """The call, made known if this is the first that is heard of it."""
        call = self._calls.get(call_id)
        if call is None:
            call = self._calls[call_id] = CallNow(
                call_id, queue_id, pbx, CallStage.LEAVING, first_us, first_us
            )
            if contact_of(call_id) == call_id:
                self._arrived(first_us)
        return call

    def _moved(
        self, call_id: CallId, stage: CallStage, at_us: int, agent_id: AgentId = NOBODY
    ) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._move(call, stage, at_us, agent_id)

    def _move(
        self,
        call: CallNow,
        stage: CallStage,
        at_us: int,
        agent_id: AgentId = NOBODY,
        queue_id: QueueId | None = None,
    ) -> None:
        self._leave(call)
        call.stage, call.since_us, call.agent_id = stage, at_us, agent_id
        if queue_id is not None:
            call.queue_id = queue_id
        self._enter(call)

    def _enter(self, call: CallNow) -> None:
        if call.stage in _IN_LINE:
            line = self._line(call.queue_id)
            waiting = line.promised if call.callback else line.waiting
            waiting[call.call_id] = call.first_queued_us
            line.ringing += call.stage is CallStage.RINGING
        elif call.stage in _TALKING:
            self._line(call.queue_id).talking += 1
        else:
            return
        self._readers.queue(call.queue_id)

    def _leave(self, call: CallNow) -> None:
        if call.stage in _IN_LINE:
            line = self._line(call.queue_id)
            del (line.promised if call.callback else line.waiting)[call.call_id]
            line.ringing -= call.stage is CallStage.RINGING
        elif call.stage in _TALKING:
            line = self._line(call.queue_id)
            line.talking -= 1
        else:
            return
        self._readers.queue(call.queue_id)
        if not line.is_busy and call.queue_id not in self._configured:
            del self.lines[call.queue_id]

    def _line(self, queue_id: QueueId) -> Line:
        line = self.lines.get(queue_id)
        if line is None:
            line = self.lines[queue_id] = Line()
        return line

    def _arrived(self, at_us: int) -> None:
        second, calls = at_us // SECOND_US, 1
        if self._arrivals and self._arrivals[-1][0] == second:
            calls += self._arrivals.pop()[1]
        self._arrivals.append((second, calls))


def _by_arrival(call: CallNow) -> tuple[int, CallId]:
    return call.first_queued_us, call.call_id


def _row(call: CallNow, now_us: int) -> CallRow:
    until_us = now_us if call.stage in _IN_LINE else call.since_us
    return CallRow(
        call.call_id,
        call.queue_id,
        call.pbx,
        call.stage,
        max(until_us - call.first_queued_us, 0),
        call.since_us,
        call.agent_id,
        masked(call.caller),
        call.step,
        call.callback,
    )
