"""The configured agents, kept from events. Part of `cti.view.state`."""

from collections import Counter
from dataclasses import replace
from typing import Any

from cti.view.rows import AgentNow, AgentRow
from routing import events as e
from routing.config import AgentSpec
from routing.ids import AgentId, SkillId


class Agents:
    """Who is in which state, since when and why."""

    def __init__(self) -> None:
        self._agents: dict[AgentId, AgentNow] = {}
        self._skills: dict[AgentId, tuple[SkillId, ...]] = {}
        self.handlers: dict[type, Any] = {
            e.AgentLoggedOn: self._logged_on,
            e.AgentLoggedOff: self._logged_off,
            e.AgentStateChanged: self._agent_changed,
            e.DeviceChanged: self._device_changed,
            e.AgentGroupsChanged: self._groups_changed,
        }

    def configure(self, specs: tuple[AgentSpec, ...]) -> None:
        """These are the agents; what is known of those that stay is kept."""
        self._agents = {
            spec.agent_id: self._agents.get(spec.agent_id)
            or AgentNow(spec.agent_id, e.AgentState.NULL, device=spec.device)
            for spec in specs
        }
        self._skills = {spec.agent_id: tuple(dict(spec.skills)) for spec in specs}
        for agent_id, agent in self._agents.items():
            held = self._skills[agent_id]
            agent.idle_groups = tuple(group for group in agent.idle_groups if group in held)

    def reset(self, agents: list[AgentNow]) -> None:
        """So it is now with these agents."""
        self._agents |= {agent.agent_id: replace(agent) for agent in agents}

    def rows(self) -> list[AgentRow]:
        """One row an agent, in the order of the configuration."""
        return [_row(agent) for agent in self._agents.values()]

    def row(self, agent_id: AgentId) -> AgentRow | None:
        """One agent; None when there is none of this id."""
        found = self._agents.get(agent_id)
        return _row(found) if found else None

    def reasons(self) -> dict[str, int]:
        """How many are not ready for each reason, the most frequent first."""
        away = (a.reason for a in self._agents.values() if a.state is e.AgentState.NOT_READY)
        return dict(Counter(away).most_common())

    def states(self) -> dict[str, int]:
        """How many are in each state; every state is named, also with 0."""
        found = Counter(agent.state for agent in self._agents.values())
        return {state.value: found[state] for state in e.AgentState}

    # --- events ----------------------------------------------------------------------------------

    def _logged_on(self, event: e.AgentLoggedOn, at_us: int) -> None:
        agent = self._agent(event.agent_id)
        agent.state, agent.reason, agent.since_us = e.AgentState.NOT_READY, "loggedOn", at_us
        agent.device = event.device
        agent.idle_groups = ()

    def _logged_off(self, event: e.AgentLoggedOff, at_us: int) -> None:
        agent = self._agent(event.agent_id)
        agent.state, agent.reason, agent.since_us = e.AgentState.NULL, event.reason, at_us
        agent.pending = ""

    def _agent_changed(self, event: e.AgentStateChanged, at_us: int) -> None:
        agent = self._agent(event.agent_id)
        # The event also says that only the wish for later (`pending`) changed: the clock runs on.
        if agent.state is not event.state or agent.reason != event.reason:
            agent.state, agent.reason, agent.since_us = event.state, event.reason, at_us
        agent.call_id = event.call_id
        agent.pending = event.pending
        agent.until_us = event.until_us

    def _device_changed(self, event: e.DeviceChanged, _at_us: int) -> None:
        self._agent(event.agent_id).reachable = event.reachable

    def _groups_changed(self, event: e.AgentGroupsChanged, _at_us: int) -> None:
        served = dict(event.groups)
        held = self._skills.get(event.agent_id, ())
        self._agent(event.agent_id).idle_groups = tuple(g for g in held if g not in served)

    def _agent(self, agent_id: AgentId) -> AgentNow:
        found = self._agents.get(agent_id)
        if found is None:
            found = self._agents[agent_id] = AgentNow(agent_id, e.AgentState.NULL)
        return found


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
    )
