"""The configured agents, kept from events. Part of `cti.view.state`."""

from collections import Counter
from typing import Any

from cti.view.rows import AgentNow, AgentRow
from routing import events as e
from routing.config import AgentSpec
from routing.ids import AgentId


class Agents:
    """Who is in which state, since when and why."""

    def __init__(self) -> None:
        self._agents: dict[AgentId, AgentNow] = {}
        self.handlers: dict[type, Any] = {
            e.AgentLoggedOn: self._logged_on,
            e.AgentLoggedOff: self._logged_off,
            e.AgentStateChanged: self._agent_changed,
            e.DeviceChanged: self._device_changed,
        }

    def configure(self, specs: tuple[AgentSpec, ...]) -> None:
        """These are the agents; what is known of those that stay is kept."""
        self._agents = {
            spec.agent_id: self._agent(spec.agent_id, device=spec.device) for spec in specs
        }

    def reset(self, agents: list[AgentNow]) -> None:
        """So it is now with these agents."""
        self._agents |= {agent.agent_id: agent for agent in agents}

    def rows(self) -> list[AgentRow]:
        """One row an agent, in the order of the configuration."""
        return [AgentRow(**agent._asdict()) for agent in self._agents.values()]

    def row(self, agent_id: AgentId) -> AgentRow | None:
        """One agent; None when there is none of this id."""
        found = self._agents.get(agent_id)
        return AgentRow(**found._asdict()) if found else None

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
        self._agents[event.agent_id] = self._agent(event.agent_id)._replace(
            state=e.AgentState.NOT_READY, reason="loggedOn", since_us=at_us, device=event.device
        )

    def _logged_off(self, event: e.AgentLoggedOff, at_us: int) -> None:
        self._agents[event.agent_id] = self._agent(event.agent_id)._replace(
            state=e.AgentState.NULL, reason=event.reason, since_us=at_us, pending=""
        )

    def _agent_changed(self, event: e.AgentStateChanged, at_us: int) -> None:
        old = self._agent(event.agent_id)
        # The event also says that only the wish for later (`pending`) changed: the clock runs on.
        goes_on = (old.state, old.reason) == (event.state, event.reason)
        self._agents[event.agent_id] = old._replace(
            state=event.state,
            reason=event.reason,
            since_us=old.since_us if goes_on else at_us,
            call_id=event.call_id,
            pending=event.pending,
            until_us=event.until_us,
        )

    def _device_changed(self, event: e.DeviceChanged, _at_us: int) -> None:
        agent = self._agent(event.agent_id)
        self._agents[event.agent_id] = agent._replace(reachable=event.reachable)

    def _agent(self, agent_id: AgentId, *, device: str = "") -> AgentNow:
        return self._agents.get(agent_id) or AgentNow(agent_id, e.AgentState.NULL, device=device)
