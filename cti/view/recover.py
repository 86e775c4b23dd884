"""What a recovered core holds, in the words of the view. The one place where a view looks at it."""

from typing import Final

from cti.view.rows import AgentNow, CallNow, CallStage, QueueNow
from routing.call import Call, CallState
from routing.engine import RoutingEngine
from routing.ids import PbxId

_STAGES: Final = {
    CallState.WAITING: CallStage.WAITING,
    CallState.OUT_OF_SIGHT: CallStage.WAITING,
    CallState.OFFERED: CallStage.RINGING,
    CallState.TALKING: CallStage.TALKING,
    CallState.HELD: CallStage.HELD,
    CallState.RELEASED: CallStage.RELEASED,
}


Recovered = tuple[list[AgentNow], list[CallNow], list[tuple[PbxId, str]], list[QueueNow], list[str]]


def recovered(engine: RoutingEngine) -> Recovered:
    """Agents, calls, links, queues and modes of a core as it is now, for `StateView.reset`."""
    agents = [
        AgentNow(
            agent.agent_id,
            agent.shown,
            agent.reason,
            agent.shown_since_us,
            agent.device or agent.spec.device,
            agent.call_id,
            agent.pending,
            agent.work_until_us,
            agent.reachable,
            tuple(agent.idle_groups),
        )
        for agent in engine.agents.values()
    ]
    calls = [_call(engine, call) for call in engine.calls.values()]
    links = [(pbx, "lost" if pbx in engine.pbx_lost else "up") for pbx in engine.config.pbxs]
    queues = [
        QueueNow(queue_id, queue.accepting, queue.reserve_open)
        for queue_id, queue in engine.queues.items()
    ]
    return agents, calls, links, queues, list(engine.modes)


def _call(engine: RoutingEngine, call: Call) -> CallNow:
    agent_id = call.agent_id
    if call.state is CallState.OFFERED:
        agent_id = engine.offers[call.offer_id].agent_id
    return CallNow(
        call.call_id,
        call.queue_id,
        call.pbx,
        _STAGES[call.state],
        call.first_queued_us,
        call.established_us or call.offered_us or call.first_queued_us,
        agent_id,
        call.caller,
        call.request_no,
        ended=call.state not in (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED),
        step=call.step,
        callback=call.callback != "",
    )
