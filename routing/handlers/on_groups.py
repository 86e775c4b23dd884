"""Commands about what an agent serves, when he may pause, and when a queue closes."""

from typing import TYPE_CHECKING

from routing.agent import Agent, AgentWork
from routing.breaks import has_to_wait
from routing.commands import MarkLastCall, RequestedState, ServeGroup, SetQueueAccepting
from routing.events import AgentGroupsChanged, QueueAcceptingChanged
from routing.handlers.on_agents import apply_now, keep_for_later, sign_out_afterwards, signed_in
from routing.lines import nobody_left
from routing.matching import agent_is_free, agent_is_not_free
from routing.refusals import Refusal

if TYPE_CHECKING:
    from routing.engine import RoutingEngine


def serve_group(core: "RoutingEngine", command: ServeGroup) -> None:
    """One of the agent's skills goes out of use, or comes back; his offers and calls go on."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if command.group not in dict(agent.spec.skills):
        core.refuse(command, command.agent_id, Refusal.UNKNOWN_GROUP)
        return
    if command.serving != (command.group in agent.idle_groups):
        return  # it is so already
    agent_is_not_free(core, agent)
    core.pools.sign_out(agent)
    if command.serving:
        del agent.idle_groups[command.group]
    else:
        agent.idle_groups[command.group] = True
    agent.skills = skills_in_use(agent)
    core.pools.sign_in(agent)
    core.emit(AgentGroupsChanged(agent.agent_id, tuple(agent.skills.items()), command.by))
    agent_is_free(core, agent, "groupsChanged")
    nobody_left(core)


def skills_in_use(agent: Agent) -> dict:  # type: ignore[type-arg]
    """The skills of his specification that he has not taken out of use."""
    return {s: level for s, level in agent.spec.skills if s not in agent.idle_groups}


def mark_last_call(core: "RoutingEngine", command: MarkLastCall) -> None:
    """The conversation that he is in, or else the next one, is the last one of the shift."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    agent.last_call = command.on
    if command.on and agent.work is AgentWork.BUSY and not agent.pending:
        sign_out_afterwards(core, agent)


def set_queue_accepting(core: "RoutingEngine", command: SetQueueAccepting) -> None:
    """Closing time, or opening time."""
    queue = core.queues.get(command.queue_id)
    if queue is None:
        core.refuse(command, command.queue_id, Refusal.UNKNOWN_QUEUE)
    elif queue.accepting != command.accepting:
        queue.accepting = command.accepting
        core.emit(QueueAcceptingChanged(queue.queue_id, queue.accepting, command.by))


def grant_breaks(core: "RoutingEngine") -> None:
    """Whoever has asked for a break and now has room gets it, in the order of asking."""
    for agent_id, reason in list(core.breaks.items()):
        agent = core.agents[agent_id]
        if has_to_wait(core, agent, reason):
            continue
        del core.breaks[agent_id]
        if agent.work is AgentWork.IDLE:
            apply_now(core, agent, RequestedState.NOT_READY, reason, "")
        else:
            keep_for_later(core, agent, RequestedState.NOT_READY, reason, "")
