"""Live calls and the figures of their queues, kept from events. Part of `cti.view.state`."""

from collections import deque
from dataclasses import replace
from typing import Any, Final

from cti.record.masking import masked
from cti.view.figures import Count, QueueFigures
from cti.view.rows import NOBODY, CallNow, CallRow, CallStage, QueueNow
from routing import events as e
from routing.config import SECOND_US
from routing.ids import AgentId, CallId, QueueId

RATE_WINDOW_S = 10
DEFAULT_LEVEL_US = 20 * SECOND_US

_IN_LINE = frozenset({CallStage.WAITING, CallStage.RINGING})
_TALKING = frozenset({CallStage.TALKING, CallStage.HELD})
_OUTCOMES: Final = {
    e.CallOutcome.ABANDONED: Count.ABANDONED,
    e.CallOutcome.DIVERTED: Count.DIVERTED,
    e.CallOutcome.TAKEN: Count.LOST,
    e.CallOutcome.LOST: Count.LOST,
    e.CallOutcome.CALLBACK_FAILED: Count.UNMET,
    e.CallOutcome.CALLBACK_CANCELLED: Count.UNMET,
}


class LiveCalls:
    """Which calls there are, where each is, and what was counted of each queue."""

    def __init__(self) -> None:
        self.queues: dict[QueueId, QueueFigures] = {}
        self._calls: dict[CallId, CallNow] = {}
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=RATE_WINDOW_S + 1)  # (second, calls)
        self.handlers: dict[type, Any] = {
            e.CallQueued: self._queued,
            e.OfferMade: self._offered,
            e.OfferEnded: self._offer_ended,
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

    def configure(self, levels: list[tuple[QueueId, int]]) -> None:
        """These are the queues, each with the T of its service level; figures are kept."""
        busy = {name: queue for name, queue in self.queues.items() if queue.is_busy}
        self.queues = {queue_id: self._queue(queue_id) for queue_id, _ in levels}
        self.queues |= {name: queue for name, queue in busy.items() if name not in self.queues}
        for queue_id, level_us in levels:
            self.queues[queue_id].level_us = level_us

    def reset(self, calls: list[CallNow], queues: list[QueueNow]) -> None:
        """These are the live calls, and so the queues are switched; what was counted stays."""
        for figures in self.queues.values():
            figures.empty()
        for queue in queues:
            figures = self._queue(queue.queue_id)
            figures.accepting, figures.reserve_open = queue.accepting, queue.reserve_open
        self._calls = {now.call_id: replace(now) for now in calls}
        for call in self._calls.values():
            self._enter(call)

    def rows(self, now_us: int, limit: int) -> list[CallRow]:
        """The first to have come, at most `limit`."""
        live = sorted(self._calls.values(), key=_by_arrival)
        return [_call_row(call, now_us) for call in live[:limit]]

    def row(self, call_id: CallId, now_us: int) -> CallRow | None:
        """One live call."""
        call = self._calls.get(call_id)
        return _call_row(call, now_us) if call else None

    def per_second(self, now_us: int) -> float:
        """New contacts a second over the last 10 whole seconds."""
        second = now_us // SECOND_US
        recent = (calls for at, calls in self._arrivals if 0 < second - at <= RATE_WINDOW_S)
        return sum(recent) / RATE_WINDOW_S

    # --- events ----------------------------------------------------------------------------------

    def _queued(self, event: e.CallQueued, at_us: int) -> None:
        self._asked(event, at_us)
        call = self._calls[event.call_id]
        call.first_queued_us, call.caller = event.first_queued_us, event.caller
        self._move(event.call_id, CallStage.WAITING, at_us)

    def _diverted(self, event: e.CallDiverted, at_us: int) -> None:
        # A call may be sent on before it ever stood in line: the queue was full.
        self._asked(event, at_us)
        self._queue(event.queue_id).count(Count.DIVERTED)
        self._calls[event.call_id].ended = True
        self._move(event.call_id, CallStage.LEAVING, at_us)

    def _asked(self, event: e.CallQueued | e.CallDiverted, at_us: int) -> None:
        """Count the request when it is a new one; a call back in line after an offer is not."""
        call = self._calls.get(event.call_id)
        if call is None:
            self._arrived(at_us)
            call = self._calls[event.call_id] = CallNow(
                event.call_id, event.queue_id, event.pbx, CallStage.LEAVING, at_us, at_us
            )
        elif call.request_no == event.request_no:
            return
        else:
            self._leave(call)
        call.queue_id, call.request_no = event.queue_id, event.request_no
        call.stage, call.ended = CallStage.LEAVING, False
        self._queue(event.queue_id).count(Count.OFFERED)

    def _offered(self, event: e.OfferMade, at_us: int) -> None:
        self._move(event.call_id, CallStage.RINGING, at_us, event.agent_id)

    def _offer_ended(self, event: e.OfferEnded, at_us: int) -> None:
        self._move(event.call_id, CallStage.WAITING, at_us)

    def _established(self, event: e.CallEstablished, at_us: int) -> None:
        self._queue(event.queue_id).answered(event.waited_us)
        if call := self._calls.get(event.call_id):
            call.ended = True
        self._move(event.call_id, CallStage.TALKING, at_us, event.agent_id)

    def _held(self, event: e.CallHeldEvent, at_us: int) -> None:
        self._move(event.call_id, CallStage.HELD, at_us, event.agent_id)

    def _retrieved(self, event: e.CallRetrievedEvent, at_us: int) -> None:
        self._move(event.call_id, CallStage.TALKING, at_us, event.agent_id)

    def _connection_cleared(self, event: e.ConnectionCleared, at_us: int) -> None:
        self._move(event.call_id, CallStage.RELEASED, at_us)

    def _cleared(self, event: e.CallCleared, _at_us: int) -> None:
        call = self._calls.pop(event.call_id, None)
        if call is None:
            return
        self._leave(call)
        if not call.ended and (what := _OUTCOMES.get(event.outcome)):
            self._queue(event.queue_id).count(what)

    def _relaxed(self, event: e.CallRelaxed, _at_us: int) -> None:
        if call := self._calls.get(event.call_id):
            call.step = event.step

    def _booked(self, event: e.CallbackBooked, _at_us: int) -> None:
        if call := self._calls.get(event.call_id):
            self._leave(call)
            call.callback = True
            self._enter(call)

    def _accepting_changed(self, event: e.QueueAcceptingChanged, _at_us: int) -> None:
        self._queue(event.queue_id).accepting = event.accepting

    def _reserve_changed(self, event: e.ReserveChanged, _at_us: int) -> None:
        self._queue(event.queue_id).reserve_open = event.open

    def _move(
        self, call_id: CallId, stage: CallStage, at_us: int, agent_id: AgentId = NOBODY
    ) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._leave(call)
            call.stage, call.since_us, call.agent_id = stage, at_us, agent_id
            self._enter(call)

    def _enter(self, call: CallNow) -> None:
        queue = self._queue(call.queue_id)
        if call.stage in _IN_LINE:
            line = queue.promised if call.callback else queue.line
            line[call.call_id] = call.first_queued_us
            queue.ringing += call.stage is CallStage.RINGING
        elif call.stage in _TALKING:
            queue.talking += 1

    def _leave(self, call: CallNow) -> None:
        queue = self._queue(call.queue_id)
        if call.stage in _IN_LINE:
            del (queue.promised if call.callback else queue.line)[call.call_id]
            queue.ringing -= call.stage is CallStage.RINGING
        elif call.stage in _TALKING:
            queue.talking -= 1

    def _queue(self, queue_id: QueueId) -> QueueFigures:
        if queue_id not in self.queues:
            self.queues[queue_id] = QueueFigures(queue_id, DEFAULT_LEVEL_US)
        return self.queues[queue_id]

    def _arrived(self, at_us: int) -> None:
        second, calls = at_us // SECOND_US, 1
        if self._arrivals and self._arrivals[-1][0] == second:
            calls += self._arrivals.pop()[1]
        self._arrivals.append((second, calls))


def _by_arrival(call: CallNow) -> tuple[int, CallId]:
    return call.first_queued_us, call.call_id


def _call_row(call: CallNow, now_us: int) -> CallRow:
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
