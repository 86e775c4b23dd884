"""Commands about what an agent serves, the end of a shift, and when a queue closes."""

from routing.agent import AgentWork
from routing.commands import MarkLastCall, ServeGroup, SetQueueAccepting
from routing.core import Core
from routing.events import AgentGroupsChanged, QueueAcceptingChanged
from routing.refusals import Refusal
from routing.verbs.agents import sign_out_afterwards, signed_in
from routing.verbs.lines import nobody_left
from routing.verbs.matching import agent_is_free


def serve_group(core: Core, command: ServeGroup) -> None:
    """One of the agent's skills goes out of use, or comes back; offers and calls go on."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    if command.group not in dict(agent.spec.skills):
        core.refuse(command, command.agent_id, Refusal.UNKNOWN_GROUP)
        return
    if command.serving != (command.group in agent.idle_groups):
        return  # it is so already
    core.pools.sign_out(agent)
    if command.serving:
        del agent.idle_groups[command.group]
    else:
        agent.idle_groups[command.group] = True
    agent.skills = agent.skills_in_use()
    core.pools.sign_in(agent)
    core.emit(AgentGroupsChanged(agent.agent_id, tuple(agent.skills.items()), command.by))
    agent_is_free(core, agent, "groupsChanged")
    nobody_left(core)


def mark_last_call(core: Core, command: MarkLastCall) -> None:
    """The present conversation, or else the next one, is the last one of the shift."""
    agent = signed_in(core, command, command.agent_id)
    if agent is None:
        return
    agent.last_call = command.on
    if command.on and agent.work is AgentWork.BUSY and not agent.pending:
        sign_out_afterwards(core, agent)


def set_queue_accepting(core: Core, command: SetQueueAccepting) -> None:
    """Closing time, or opening time."""
    queue = core.queues.get(command.queue_id)
    if queue is None:
        core.refuse(command, command.queue_id, Refusal.UNKNOWN_QUEUE)
    elif queue.accepting != command.accepting:
        queue.accepting = command.accepting
        core.emit(QueueAcceptingChanged(queue.queue_id, queue.accepting, command.by))
