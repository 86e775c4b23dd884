"""What a recovered core holds, in the words of the view. The one place where a view looks at it."""

from typing import Final

from cti.record.cloudevents import AsOf
from cti.view.rows import AgentNow, CallNow, CallStage, QueueNow, RouterNow
from routing.agent import Agent, shown_reason
from routing.call import Call, CallState
from routing.engine import RoutingEngine
from routing.events import AgentState
from routing.phone import PhoneState

_STAGES: Final = {
    CallState.WAITING: CallStage.WAITING,
    CallState.OUT_OF_SIGHT: CallStage.WAITING,
    CallState.OFFERED: CallStage.RINGING,
    CallState.TALKING: CallStage.TALKING,
    CallState.HELD: CallStage.HELD,
    CallState.RELEASED: CallStage.RELEASED,
}


def recovered(engine: RoutingEngine, epoch: int) -> RouterNow:
    """All of a core as it is now, for `StateView.reset`."""
    return RouterNow(
        AsOf(epoch, engine.event_seq, engine.now_us),
        agents=[_agent(agent) for agent in engine.agents.values()],
        calls=[_call(engine, call) for call in engine.calls.values()],
        pbxs={pbx: engine.pbx_lost.get(pbx, "up") for pbx in engine.config.pbxs},
        queues=[
            QueueNow(queue_id, queue.accepting, queue.reserve_open)
            for queue_id, queue in engine.queues.items()
        ],
        modes=list(engine.modes),
    )


def _agent(agent: Agent) -> AgentNow:
    """The core's record says since when state and wish are as they are, so `since_us` may be too
    late for an agent who has asked for something during a call.
    """
    in_work = agent.shown is AgentState.WORKING_AFTER_CALL
    return AgentNow(
        agent.agent_id,
        agent.shown,
        shown_reason(agent),
        agent.shown_since_us,
        agent.device or agent.spec.device,
        agent.call_id,
        agent.pending,
        agent.work_until_us if in_work else 0,
        agent.phone.is_reachable,
        tuple(agent.idle_groups),
        agent.phone.state is PhoneState.MISSING,
        agent.phone.state is PhoneState.UNHEARD,
    )


def _call(engine: RoutingEngine, call: Call) -> CallNow:
    is_offered = call.state is CallState.OFFERED
    held_us = call.held_since_us if call.state is CallState.HELD else 0
    return CallNow(
        call.call_id,
        call.queue_id,
        call.pbx,
        _STAGES[call.state],
        call.first_queued_us,
        held_us or call.established_us or call.offered_us or call.first_queued_us,
        engine.offers[call.offer_id].agent_id if is_offered else call.agent_id,
        call.caller,
        call.request_no,
        step=call.step,
        callback=call.callback != "",
    )
