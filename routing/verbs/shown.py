"""The agent's state as the world is told it."""

from routing.agent import Agent, shown_reason, shown_state
from routing.core import Core
from routing.events import AgentStateChanged
from routing.index.selection import PPM
from routing.verbs.breaks import note_break
from routing.words import AgentState


def becomes_idle(core: Core, agent: Agent) -> None:
    """The agent has nothing to do from this moment on; what ranks the agent is fixed here."""
    agent.idle_since_us = core.now_us
    signed_in_us = core.now_us - agent.logged_on_us
    agent.occupancy_ppm = agent.worked_us * PPM // signed_in_us if signed_in_us else 0


def show(core: Core, agent: Agent, *, by: str = "") -> None:
    """Tell the world the agent's state, as CSTA names it."""
    now = core.now_us
    state = shown_state(agent)
    if agent.shown is not AgentState.NULL:
        spent_us = now - agent.shown_since_us
        agent.state_us[agent.shown] = agent.state_us.get(agent.shown, 0) + spent_us
    core.emit(
        AgentStateChanged(
            agent_id=agent.agent_id,
            state=state,
            reason=shown_reason(agent),
            pending=agent.pending,
            previous=agent.shown,
            previous_us=now - agent.shown_since_us,
            until_us=agent.work_until_us,
            call_id=agent.call_id,
            by=by,
        )
    )
    agent.shown = state
    agent.shown_since_us = now
    if core.caps_breaks:
        note_break(core, agent)
