"""What is so now, for every answer: the view, and what no event tells, read from the core itself.

The core says no event when an agent is marked for the last call or no longer wants the break that
they wait for, when a phone is spared after a failed offer, which Asterisks cannot call it, and who
waits only because of that. All of it stands in its records, which belong to the same thread:
looking costs it nothing.
"""

from collections.abc import Callable

import msgspec

from cti.clock import Clock
from cti.view import AgentRow, CallRow, QueueRow, StateView
from routing.engine import RoutingEngine
from routing.explain import elsewhere
from routing.ids import AgentId, CallId, QueueId


class Present:
    """Rows for answers, each as of now. `catch_up` brings the view up to now."""

    def __init__(
        self,
        view: StateView,
        engine: RoutingEngine,
        clock: Clock,
        catch_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._view = view
        self._catch_up = catch_up

    @property
    def view(self) -> StateView:
        """The view, as of now."""
        self._catch_up()
        return self._view

    def agents(self) -> list[AgentRow]:
        """Every configured agent."""
        places = {agent_id: place for place, agent_id in enumerate(self.engine.breaks, 1)}
        return [self._told(row, places.get(row.agent_id, 0)) for row in self.view.agents()]

    def agent(self, agent_id: AgentId) -> AgentRow | None:
        """One agent; None when there is none of this id."""
        row = self.view.agent(agent_id)
        if row is None:
            return None
        line = list(self.engine.breaks)
        return self._told(row, line.index(agent_id) + 1 if agent_id in line else 0)

    def queues(self) -> list[QueueRow]:
        """Every queue."""
        rows = self.view.queues(self.clock.now_us())
        apart: dict[QueueId, int] = {}
        for each in elsewhere(self.engine):
            apart[each.queue_id] = apart.get(each.queue_id, 0) + each.calls
        if not apart:
            return rows
        return [
            msgspec.structs.replace(row, waiting_elsewhere=apart.get(row.queue_id, 0))
            for row in rows
        ]

    def queue(self, queue_id: QueueId) -> QueueRow | None:
        """One queue."""
        return next((row for row in self.queues() if row.queue_id == queue_id), None)

    def call(self, call_id: CallId) -> CallRow | None:
        """One live call."""
        return self.view.call(call_id, self.clock.now_us())

    def _told(self, row: AgentRow, place: int) -> AgentRow:
        agent = self.engine.agents.get(row.agent_id)
        if agent is None:
            return row
        more = {
            "waiting_break": self.engine.breaks.get(row.agent_id, ""),
            "break_place": place,
            "last_call": agent.last_call,
            "barred": agent.phone.barred,
            "gap": agent.gap_cause if agent.gap_until_us else "",
            "gap_until_us": agent.gap_until_us,
        }
        return msgspec.structs.replace(row, **more) if any(more.values()) else row
