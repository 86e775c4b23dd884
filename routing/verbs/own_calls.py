"""A phone that is in use by itself: what the world is told, and what follows when it is free."""

from routing.agent import Agent, shown_state
from routing.core import Core
from routing.events import ClearedBy
from routing.ids import LegId, PbxId
from routing.legs import AgentCallBegan, AgentCallEnded
from routing.phone import OwnCall, Phone
from routing.verbs.matching import agent_is_free
from routing.verbs.shown import show


def sitting_at(core: Core, device: str) -> Agent | None:
    """The agent who is signed in at this phone."""
    agent_id = core.devices.get(device) if device else None
    return None if agent_id is None else core.agents[agent_id]


def tell_own_call(core: Core, agent: Agent, own: OwnCall, other: str) -> None:
    """The agent has a call that is not ours."""
    core.emit(AgentCallBegan(agent.agent_id, own.leg_id, agent.device, own.outgoing, other))
    _show_change(core, agent)


def end_own_call(core: Core, phone: Phone, leg_id: LegId, by: ClearedBy, cause: int) -> None:
    """One of them is over; after the last one all is as it was before the first."""
    own, now = phone.own.pop(leg_id), core.now_us
    agent = sitting_at(core, phone.device)
    if agent is None:
        return
    core.emit(
        AgentCallEnded(
            agent_id=agent.agent_id,
            leg_id=leg_id,
            by=by,
            cause=cause,
            lasted_us=now - own.began_us,
            talked_us=now - own.answered_us if own.answered_us else 0,
        )
    )
    if not phone.own:
        _show_change(core, agent)
        agent_is_free(core, agent, "ownCallEnded")


def end_own_calls(core: Core, pbx: PbxId) -> None:
    """That Asterisk has died, and its channels with it."""
    for _, phone in sorted(core.phones.items()):
        for leg_id in [own.leg_id for own in phone.own.values() if own.pbx == pbx]:
            end_own_call(core, phone, leg_id, ClearedBy.SYSTEM, 0)


def _show_change(core: Core, agent: Agent) -> None:
    if agent.shown is not shown_state(agent):
        show(core, agent)
