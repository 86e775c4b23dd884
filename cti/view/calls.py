"""Live calls and the figures of their queues, kept from events. Part of `cti.view.state`."""

from collections import deque
from typing import Any, Final

from cti.logs import masked
from cti.view.figures import Count, QueueFigures
from cti.view.rows import CallNow, CallRow, CallStage
from routing import events as e
from routing.config import SECOND_US
from routing.ids import AgentId, CallId, QueueId

RATE_WINDOW_S = 10
DEFAULT_LEVEL_US = 20 * SECOND_US

_NOBODY = AgentId("")
_IN_LINE = frozenset({CallStage.WAITING, CallStage.RINGING})
_TALKING = frozenset({CallStage.TALKING, CallStage.HELD})
_OUTCOMES: Final = {
    e.CallOutcome.ABANDONED: Count.ABANDONED,
    e.CallOutcome.DIVERTED: Count.DIVERTED,
    e.CallOutcome.TAKEN: Count.LOST,
    e.CallOutcome.LOST: Count.LOST,
}


class _Call:
    __slots__ = ("ended", "now")

    def __init__(self, now: CallNow, *, ended: bool) -> None:
        self.now = now
        self.ended = ended  # its present request has been counted as answered or diverted


class LiveCalls:
    """Which calls there are, where each is, and what was counted of each queue."""

    def __init__(self) -> None:
        self.queues: dict[QueueId, QueueFigures] = {}
        self._calls: dict[CallId, _Call] = {}
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
        }

    def __len__(self) -> int:
        return len(self._calls)

    def configure(self, levels: list[tuple[QueueId, int]]) -> None:
        """These are the queues, each with the T of its service level; figures are kept."""
        self.queues = {queue_id: self._queue(queue_id) for queue_id, _ in levels}
        for queue_id, level_us in levels:
            self.queues[queue_id].level_us = level_us

    def reset(self, calls: list[CallNow]) -> None:
        """These are the live calls; what was counted stays."""
        for queue in self.queues.values():
            queue.empty()
        self._calls = {}
        for now in calls:
            self._calls[now.call_id] = _Call(now, ended=now.stage not in _IN_LINE)
            self._enter(now)

    def rows(self, now_us: int, limit: int) -> list[CallRow]:
        """The first to have come, at most `limit`."""
        live = sorted((call.now for call in self._calls.values()), key=_by_arrival)
        return [_call_row(now, now_us) for now in live[:limit]]

    def per_second(self, now_us: int) -> float:
        """New contacts a second over the last 10 whole seconds."""
        second = now_us // SECOND_US
        recent = (calls for at, calls in self._arrivals if 0 < second - at <= RATE_WINDOW_S)
        return sum(recent) / RATE_WINDOW_S

    # --- events ----------------------------------------------------------------------------------

    def _queued(self, event: e.CallQueued, at_us: int) -> None:
        self._asked(event, at_us)
        call = self._calls[event.call_id]
        call.now = call.now._replace(first_queued_us=event.first_queued_us, caller=event.caller)
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
        elif call.now.request_no == event.request_no:
            return
        else:
            self._leave(call.now)
        self._queue(event.queue_id).count(Count.OFFERED)
        self._calls[event.call_id] = _Call(
            CallNow(
                event.call_id,
                event.queue_id,
                event.pbx,
                CallStage.LEAVING,
                first_queued_us=call.now.first_queued_us if call else at_us,
                since_us=at_us,
                caller=call.now.caller if call else "",
                request_no=event.request_no,
            ),
            ended=False,
        )

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
        self._leave(call.now)
        if not call.ended and (what := _OUTCOMES.get(event.outcome)):
            self._queue(event.queue_id).count(what)

    def _move(
        self, call_id: CallId, stage: CallStage, at_us: int, agent_id: AgentId = _NOBODY
    ) -> None:
        if call := self._calls.get(call_id):
            self._leave(call.now)
            call.now = call.now._replace(stage=stage, since_us=at_us, agent_id=agent_id)
            self._enter(call.now)

    def _enter(self, now: CallNow) -> None:
        queue = self._queue(now.queue_id)
        if now.stage in _IN_LINE:
            queue.line[now.call_id] = now.first_queued_us
            queue.ringing += now.stage is CallStage.RINGING
        queue.talking += now.stage in _TALKING

    def _leave(self, now: CallNow) -> None:
        queue = self._queue(now.queue_id)
        if queue.line.pop(now.call_id, None) is not None:
            queue.ringing -= now.stage is CallStage.RINGING
        queue.talking -= now.stage in _TALKING

    def _queue(self, queue_id: QueueId) -> QueueFigures:
        if queue_id not in self.queues:
            self.queues[queue_id] = QueueFigures(queue_id, DEFAULT_LEVEL_US)
        return self.queues[queue_id]

    def _arrived(self, at_us: int) -> None:
        second, calls = at_us // SECOND_US, 1
        if self._arrivals and self._arrivals[-1][0] == second:
            calls += self._arrivals.pop()[1]
        self._arrivals.append((second, calls))


def _by_arrival(now: CallNow) -> tuple[int, CallId]:
    return now.first_queued_us, now.call_id


def _call_row(now: CallNow, now_us: int) -> CallRow:
    until_us = now_us if now.stage in _IN_LINE else now.since_us
    return CallRow(
        now.call_id,
        now.queue_id,
        now.pbx,
        now.stage,
        max(until_us - now.first_queued_us, 0),
        now.since_us,
        now.agent_id,
        masked(now.caller),
    )
