"""Which phone is whose, and what the world is told of it."""

from routing.agent import Agent
from routing.core import Core
from routing.events import DeviceChanged
from routing.ids import AgentId
from routing.phone import Phone
from routing.words import PhoneState


def give_phone(core: Core, agent: Agent, device: str) -> None:
    """Let this phone be the agent's, who is not ready."""
    give_phones(core, [(agent, device)])


def give_phones(core: Core, gifts: list[tuple[Agent, str]]) -> None:
    """The same for many at once: a phone that goes from one to the other stays known."""
    changed = [(agent, agent.phone) for agent, device in gifts if agent.phone.device != device]
    for agent, device in gifts:
        core.hand_phone(agent, device)
    for agent, before in changed:
        core.leave_phone(agent, before)
    for agent, before in changed:
        if agent.phone.state is not before.state:
            _tell(core, agent.agent_id, agent.phone)


def tell_phone(core: Core, phone: Phone) -> None:
    """Everybody whose phone it is hears that it can be called, or no longer."""
    for agent_id in sorted(phone.agents):
        _tell(core, agent_id, phone)


def _tell(core: Core, agent_id: AgentId, phone: Phone) -> None:
    core.emit(
        DeviceChanged(
            agent_id=agent_id,
            reachable=phone.is_reachable,
            device=phone.device,
            missing=phone.state is PhoneState.MISSING,
            unheard=phone.state is PhoneState.UNHEARD,
        )
    )
