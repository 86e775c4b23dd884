"""The agents, kept from events, and how many of them each queue has. Part of `cti.view.state`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cti.record.directory import Directory
from cti.view.changes import Readers
from cti.view.rows import AgentNow, AgentRow
from routing import events as e
from routing.config import AgentSpec
from routing.ids import AgentId, QueueId, SkillId
from routing.transfers.messages import CallTransferred


@dataclass(slots=True)
class Staff:
    """How many of the agents who can serve a queue are signed in, and are ready for its calls."""

    logged_on: int = 0
    ready: int = 0


NO_STAFF = Staff()


class Agents:
    """Who is in which state, since when and why."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._agents: dict[AgentId, AgentNow] = {}
        self._specs: dict[AgentId, AgentSpec] = {}
        self._directory = Directory()
        self._staff: dict[QueueId, Staff] = {}
        self.handlers: dict[type, Any] = {
            e.AgentLoggedOn: self._logged_on,
            e.AgentLoggedOff: self._logged_off,
            e.AgentStateChanged: self._agent_changed,
            e.DeviceChanged: self._device_changed,
            e.AgentGroupsChanged: self._groups_changed,
        }

    def configure(self, specs: tuple[AgentSpec, ...], directory: Directory) -> None:
        """These are the agents; what is known of those that stay is kept. One who left the
        configuration and is still signed in is shown until they have signed out.
        """
        before = self._agents
        self._specs = {spec.agent_id: spec for spec in specs}
        self._directory = directory
        self._agents = {name: before.get(name) or self._new(name) for name in self._specs}
        for agent_id, agent in before.items():
            if agent.state is not e.AgentState.NULL:
                self._agents[agent_id] = agent
        for agent in self._agents.values():
            held = self._held(agent.agent_id)
            agent.idle_groups = tuple(group for group in agent.idle_groups if group in held)
            if agent.state is e.AgentState.NULL:
                agent.device = self._own_device(agent.agent_id)
        for agent_id in {**before, **self._agents}:
            self._readers.agent(agent_id)
        self._recount()

    def reset(self, agents: Iterable[AgentNow]) -> None:
        """So it is now with these agents."""
        for agent in agents:
            self._agents[agent.agent_id] = replace(agent)
            self._readers.agent(agent.agent_id)
        self._recount()

    def ids(self) -> list[AgentId]:
        """Everybody who is shown, in the order of the configuration."""
        return list(self._agents)

    def rows(self) -> list[AgentRow]:
        """One row an agent, in the order of the configuration."""
        return [_row(agent) for agent in self._agents.values()]

    def row(self, agent_id: AgentId) -> AgentRow | None:
        """One agent; None when there is none of this id."""
        found = self._agents.get(agent_id)
        return _row(found) if found else None

    def staff(self, queue_id: QueueId) -> Staff:
        """How many agents this queue has."""
        return self._staff.get(queue_id, NO_STAFF)

    def reasons(self) -> dict[str, int]:
        """How many are not ready for each reason, the most frequent first."""
        away = (a.reason for a in self._agents.values() if a.state is e.AgentState.NOT_READY)
        return dict(Counter(away).most_common())

    def states(self) -> dict[str, int]:
        """How many are in each state; every state is named, also with 0."""
        found = Counter(agent.state for agent in self._agents.values())
        return {state.value: found[state] for state in e.AgentState}

    # --- events ----------------------------------------------------------------------------------

    def _logged_on(self, event: e.AgentLoggedOn, _at_us: int) -> None:
        agent = self._agent(event.agent_id)
        agent.device = event.device
        agent.idle_groups = ()
        self._readers.agent(event.agent_id)

    def _logged_off(self, event: e.AgentLoggedOff, _at_us: int) -> None:
        agent = self._agents.get(event.agent_id)
        if agent is not None:  # else forgotten with the change of state that came before this
            agent.device = self._own_device(event.agent_id)
            self._readers.agent(event.agent_id)

    def _agent_changed(self, event: e.AgentStateChanged, at_us: int) -> None:
        agent = self._agent(event.agent_id)
        self._count(agent, -1)
        # The event also says that only the wish for later (`pending`) changed: the clock runs on.
        if agent.state is not event.state or agent.reason != event.reason:
            agent.state, agent.reason, agent.since_us = event.state, event.reason, at_us
        agent.call_id = event.call_id
        agent.pending = event.pending
        agent.until_us = event.until_us
        self._count(agent, 1)
        if agent.state is e.AgentState.NULL and event.agent_id not in self._specs:
            del self._agents[event.agent_id]

    def _device_changed(self, event: e.DeviceChanged, _at_us: int) -> None:
        agent = self._agent(event.agent_id)
        self._count(agent, -1)
        agent.reachable, agent.phone_missing = event.reachable, event.missing
        agent.phone_unheard = event.unheard
        self._count(agent, 1)

    def _groups_changed(self, event: e.AgentGroupsChanged, _at_us: int) -> None:
        served = dict(event.groups)
        held = self._held(event.agent_id)
        self._agent(event.agent_id).idle_groups = tuple(g for g in held if g not in served)
        self._readers.agent(event.agent_id)

    def given(self, event: CallTransferred) -> None:
        """The agent to whom a customer was transferred has that call from now on."""
        if event.to_agent:
            self._agent(event.to_agent).call_id = event.call_id
            self._readers.agent(event.to_agent)

    # --- inside ----------------------------------------------------------------------------------

    def _agent(self, agent_id: AgentId) -> AgentNow:
        found = self._agents.get(agent_id)
        if found is None:
            found = self._agents[agent_id] = self._new(agent_id)
        return found

    def _new(self, agent_id: AgentId) -> AgentNow:
        return AgentNow(agent_id, e.AgentState.NULL, device=self._own_device(agent_id))

    def _own_device(self, agent_id: AgentId) -> str:
        spec = self._specs.get(agent_id)
        return spec.device if spec else ""

    def _held(self, agent_id: AgentId) -> tuple[SkillId, ...]:
        """The groups that the agent has by the configuration."""
        spec = self._specs.get(agent_id)
        return tuple(group for group, _ in spec.skills) if spec else ()

    def _count(self, agent: AgentNow, sign: int) -> None:
        """Add the agent to the staff of each queue they can serve, or take them from it."""
        self._readers.agent(agent.agent_id)
        logged_on = agent.state is not e.AgentState.NULL
        ready = agent.state is e.AgentState.READY and agent.reachable
        for queue_id in self._directory.card(agent.agent_id).queues:
            staff = self._staff.get(queue_id)
            if staff is None:
                staff = self._staff[queue_id] = Staff()
            staff.logged_on += sign * logged_on
            staff.ready += sign * ready
            self._readers.queue(queue_id)

    def _recount(self) -> None:
        self._staff.clear()
        for agent in self._agents.values():
            self._count(agent, 1)


def _row(agent: AgentNow) -> AgentRow:
    return AgentRow(
        agent.agent_id,
        agent.state,
        agent.reason,
        agent.since_us,
        agent.device,
        agent.call_id,
        agent.pending,
        agent.until_us,
        agent.reachable,
        agent.idle_groups,
        phone_missing=agent.phone_missing,
        phone_unheard=agent.phone_unheard,
    )
