"""Commands about an offer: it rings, it is answered, it fails, the legs are bridged."""

from typing import TYPE_CHECKING, Final

from routing.agent import STATUS_TABLE, WORK_TABLE, StatusTrigger, WorkTrigger
from routing.call import CALL_TABLE, CallTrigger
from routing.commands import LegsBridged, OfferAnswered, OfferFailed, OfferOutcome, OfferRinging
from routing.config import OutcomePolicy, Policies
from routing.config_check import MIN_GAP_US
from routing.conversation import close_offer, establish
from routing.deadlines import DeadlineKind
from routing.events import CallDelivered, OfferEnded
from routing.handlers.on_agents import after_work
from routing.handlers.on_callbacks import customer_not_reached
from routing.ids import NO_CALL, AgentId
from routing.machine import advance
from routing.matching import becomes_idle, line_up, offer_to_best_agent
from routing.offer import OFFER_TABLE, Offer, OfferState, OfferTrigger
from routing.refusals import Refusal
from routing.transfers.handover import target_answered
from routing.transfers.seeking import target_missed

if TYPE_CHECKING:
    from routing.agent import Agent
    from routing.engine import RoutingEngine

NOT_READY_REASON: Final = {
    OfferOutcome.NO_ANSWER: "ringNoAnswer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}
"""The four that count against a phone, and the reason they leave behind when there are too many."""

BLAMELESS: Final = (
    OfferOutcome.CALLER_GONE,
    OfferOutcome.CUSTOMER_UNREACHABLE,
    OfferOutcome.WITHDRAWN,
)
"""After these the agent keeps his place among the idle."""


NO_PHONE_SAYS: Final = (OfferOutcome.ESTABLISHED, OfferOutcome.CALLER_GONE, OfferOutcome.WITHDRAWN)
"""What only the core concludes; who reports a failed offer reports a failed phone."""


def offer_ringing(core: "RoutingEngine", command: OfferRinging) -> None:
    """Asterisk dials the agent's phone."""
    offer = core.offers.get(command.offer_id)
    if offer is None or offer.state is not OfferState.MADE:
        _refuse(core, command, offer)
        return
    offer.state = advance(OFFER_TABLE, offer.state, OfferTrigger.RING)
    offer.ringing_us = core.now_us
    call = core.calls[offer.call_id]
    ring_us = core.queues[offer.queue_id].spec.ring_timeout_us
    _wait(core, offer, ring_us + core.limits.ring_grace_us)
    core.emit(
        CallDelivered(
            offer.offer_id,
            call.call_id,
            call.request_no,
            call.queue_id,
            offer.agent_id,
            call.caller,
        )
    )


def offer_answered(core: "RoutingEngine", command: OfferAnswered) -> None:
    """The agent's phone picked up."""
    offer = core.offers.get(command.offer_id)
    if offer is None or offer.state is OfferState.ANSWERED:
        _refuse(core, command, offer)
        return
    offer.state = advance(OFFER_TABLE, offer.state, OfferTrigger.ANSWER)
    _wait(core, offer, core.limits.bridge_timeout_us)


def legs_bridged(core: "RoutingEngine", command: LegsBridged) -> None:
    """Caller and agent are in one bridge: the call is established."""
    offer = core.offers.get(command.offer_id)
    if offer is None:
        _refuse(core, command, None)
    elif core.calls[offer.call_id].transfer_id:
        target_answered(core, offer)
    else:
        establish(core, offer)


def offer_failed(core: "RoutingEngine", command: OfferFailed) -> None:
    """Asterisk's dialling ended without an answer."""
    offer = core.offers.get(command.offer_id)
    if offer is None or command.outcome in NO_PHONE_SAYS:
        _refuse(core, command, offer)
        return
    if (
        command.outcome is OfferOutcome.CUSTOMER_UNREACHABLE
        and not core.calls[offer.call_id].callback
    ):
        _refuse(core, command, offer)  # nobody dialled a customer who is on the line
        return
    fail_offer(core, offer, command.outcome)


def offer_deadline(core: "RoutingEngine", offer: Offer) -> None:
    """Asterisk did not tell us in time how it went on."""
    ringing = offer.state is OfferState.RINGING
    fail_offer(core, offer, OfferOutcome.NO_ANSWER if ringing else OfferOutcome.UNDELIVERED)


def fail_offer(core: "RoutingEngine", offer: Offer, outcome: OfferOutcome) -> None:
    """The offer is over, the caller keeps his place and is offered to the next."""
    call = core.calls[offer.call_id]
    agent = core.agents[end_offer(core, offer, outcome)]
    call.state = advance(CALL_TABLE, call.state, CallTrigger.REQUEUE)
    if call.transfer_id:
        target_missed(core, call, outcome)
    elif outcome is OfferOutcome.CUSTOMER_UNREACHABLE:
        customer_not_reached(core, call)
    else:
        line_up(core, call, outcome.value)
        offer_to_best_agent(core, call, outcome.value)
    after_work(core, agent)


def end_offer(core: "RoutingEngine", offer: Offer, outcome: OfferOutcome) -> AgentId:
    """Close the offer without a conversation; the agent is idle but not yet looked at again.

    The caller of this tells the call's fate and then calls `after_work` for the agent.
    """
    agent, call = core.agents[offer.agent_id], core.calls[offer.call_id]
    close_offer(core, offer)
    queue = core.queues[offer.queue_id]
    if queue.given.get(agent.spec.employer):
        queue.given[agent.spec.employer] -= 1
    agent.work = advance(WORK_TABLE, agent.work, WorkTrigger.RELEASE)
    core.emit(
        OfferEnded(
            offer.offer_id,
            call.call_id,
            call.request_no,
            offer.queue_id,
            agent.agent_id,
            outcome,
            core.now_us - offer.made_us,
        )
    )
    if outcome not in BLAMELESS:
        becomes_idle(core, agent)
        _penalise(core, agent, outcome)
    agent.call_id = NO_CALL
    return agent.agent_id


def _penalise(core: "RoutingEngine", agent: "Agent", outcome: OfferOutcome) -> None:
    """Count the failure and apply its policy: a pause, and after too many in a row not ready."""
    policy = policy_of(core.config.policies, outcome)
    if outcome in NOT_READY_REASON:
        agent.failures[outcome] = agent.failures.get(outcome, 0) + 1
        in_a_row = agent.in_a_row[outcome] = agent.in_a_row.get(outcome, 0) + 1
        if policy.not_ready_after and in_a_row >= policy.not_ready_after and not agent.pending:
            agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.NOT_READY)
            agent.reason = NOT_READY_REASON[outcome]
            agent.in_a_row.clear()
            return
    gap_us = policy.gap_us
    if outcome is OfferOutcome.UNDELIVERED:  # nobody is set not ready for it: pause at least a bit
        gap_us = max(gap_us, MIN_GAP_US)
    if gap_us:
        agent.gap_until_us = core.now_us + gap_us
        agent.gap_cause = outcome.value
        core.deadlines.set(DeadlineKind.GAP, agent.agent_id, agent.gap_until_us)


def policy_of(policies: Policies, outcome: OfferOutcome) -> OutcomePolicy:
    """The policy for an outcome; what Asterisk failed to deliver pauses like an absent phone."""
    return {
        OfferOutcome.NO_ANSWER: policies.no_answer,
        OfferOutcome.BUSY: policies.busy,
        OfferOutcome.REJECTED: policies.rejected,
    }.get(outcome, policies.unreachable)


def _wait(core: "RoutingEngine", offer: Offer, for_us: int) -> None:
    """Give the offer's present state its deadline; while we hear nothing of its Asterisk it has
    none of its own, the Asterisk's stands for it.
    """
    if core.calls[offer.call_id].pbx not in core.pbx_lost:
        core.deadlines.set(DeadlineKind.OFFER, offer.offer_id, core.now_us + for_us)


def restore_deadline(core: "RoutingEngine", offer: Offer) -> None:
    """We hear its Asterisk again: the offer's present state gets its full time."""
    limits = core.limits
    ring_us = core.queues[offer.queue_id].spec.ring_timeout_us
    for_us = {
        OfferState.MADE: limits.deliver_timeout_us,
        OfferState.RINGING: ring_us + limits.ring_grace_us,
        OfferState.ANSWERED: limits.bridge_timeout_us,
    }[offer.state]
    _wait(core, offer, for_us)


def _refuse(
    core: "RoutingEngine",
    command: OfferRinging | OfferAnswered | OfferFailed | LegsBridged,
    offer: Offer | None,
) -> None:
    code = Refusal.OFFER_CLOSED if offer is None else Refusal.OFFER_STATE
    core.refuse(command, str(command.offer_id), code)
