"""Break caps: so many agents of a group may have such a break at once, the next has to wait.

Who asks beyond a cap goes on working and stands in `core.breaks`, in the order of asking;
`core.on_break` is the index of those who count.
"""

from routing.agent import Agent, AgentStatus
from routing.commands import RequestedState
from routing.config import BreakCap
from routing.core import Core
from routing.events import BreakQueued
from routing.ids import AgentId


def has_to_wait(core: Core, agent: Agent, reason: str) -> bool:
    """Would this break, taken now, exceed a cap?"""
    return any(
        _is_full(core, cap, except_for=agent.agent_id) for cap in _caps_of(core, agent, reason)
    )


def ask_for_break(core: Core, agent: Agent, reason: str) -> None:
    """The agent lines up for a break and goes on as before until there is room."""
    if core.breaks.get(agent.agent_id) == reason:
        return
    core.breaks.pop(agent.agent_id, None)
    core.emit(BreakQueued(agent.agent_id, reason, len(core.breaks)))
    core.breaks[agent.agent_id] = reason


def note_break(core: Core, agent: Agent) -> None:
    """Keep the index of those who have, or are about to have, a break that a cap counts."""
    reason = counted_break(core, agent)
    if reason:
        core.on_break[agent.agent_id] = reason
    else:
        core.on_break.pop(agent.agent_id, None)


def counted_break(core: Core, agent: Agent) -> str:
    """The reason of the break that the agent has or is about to have; "" when no cap counts it."""
    reason = ""
    if agent.pending == RequestedState.NOT_READY:
        reason = agent.pending_reason
    elif agent.status is AgentStatus.NOT_READY:
        reason = agent.reason
    return reason if _caps_of(core, agent, reason) else ""


def _caps_of(core: Core, agent: Agent, reason: str) -> list[BreakCap]:
    held = dict(agent.spec.skills)
    return [
        cap
        for cap in core.config.break_caps
        if reason in cap.reasons and (not cap.group or cap.group in held)
    ]


def _is_full(core: Core, cap: BreakCap, *, except_for: AgentId) -> bool:
    """Are so many on a break already, this agent left out, as the cap allows?"""
    taken = sum(
        agent_id != except_for
        and reason in cap.reasons
        and (not cap.group or cap.group in dict(core.agents[agent_id].spec.skills))
        for agent_id, reason in core.on_break.items()
    )
    return taken >= cap.limit
