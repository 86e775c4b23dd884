"""An offer waits for what Asterisk reports, and ends without a conversation.

That a call is established is in `routing.verbs.conversation`.
"""

from typing import Final

from routing.agent import STATUS_TABLE, WORK_TABLE, Agent, StatusTrigger, WorkTrigger
from routing.call import CALL_TABLE, CallTrigger
from routing.commands import OfferOutcome
from routing.config import OutcomePolicy, Policies
from routing.config_check import MIN_GAP_US
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import OfferEnded
from routing.ids import NO_CALL, AgentId
from routing.machine import advance
from routing.offer import Offer, OfferState
from routing.transfers.seeking import target_missed
from routing.verbs.agents import after_work
from routing.verbs.callbacks import customer_not_reached
from routing.verbs.conversation import close_offer
from routing.verbs.matching import line_up, offer_to_best_agent
from routing.verbs.shown import becomes_idle

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
"""After these the agent keeps the place among the idle. So does who has an own call at the phone:
however it answers then, the agent is not to blame.
"""


# --- waiting ------------------------------------------------------------------------------------


def wait_for_report(core: Core, offer: Offer, for_us: int) -> None:
    """Give the offer's present state its deadline. While we hear nothing of its Asterisk it has
    none of its own: the Asterisk's stands for it.
    """
    if core.calls[offer.call_id].pbx not in core.pbx_lost:
        core.deadlines.set(DeadlineKind.OFFER, offer.offer_id, core.now_us + for_us)


def restore_deadline(core: Core, offer: Offer) -> None:
    """We hear its Asterisk again: the offer's present state gets its full time."""
    limits = core.limits
    ring_us = core.queues[offer.queue_id].spec.ring_timeout_us
    for_us = {
        OfferState.MADE: limits.deliver_timeout_us,
        OfferState.RINGING: ring_us + limits.ring_grace_us,
        OfferState.ANSWERED: limits.bridge_timeout_us,
    }[offer.state]
    wait_for_report(core, offer, for_us)


def offer_deadline(core: Core, offer: Offer) -> None:
    """Asterisk did not tell us in time how it went on."""
    ringing = offer.state is OfferState.RINGING
    fail_offer(core, offer, OfferOutcome.NO_ANSWER if ringing else OfferOutcome.UNDELIVERED)


# --- ending -------------------------------------------------------------------------------------


def fail_offer(
    core: Core, offer: Offer, outcome: OfferOutcome, *, keep: Agent | None = None
) -> None:
    """The offer is over; the caller keeps the place in line and is offered to the next agent. An
    agent to `keep` is not: something else is to follow for them in this command.
    """
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
    if agent is not keep:
        after_work(core, agent)


def end_offer(core: Core, offer: Offer, outcome: OfferOutcome) -> AgentId:
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
            offer_id=offer.offer_id,
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=offer.queue_id,
            agent_id=agent.agent_id,
            outcome=outcome,
            open_us=core.now_us - offer.made_us,
            leg_id=offer.leg_id,
        )
    )
    if outcome not in BLAMELESS and not agent.phone.own:
        becomes_idle(core, agent)
        _penalise(core, agent, outcome)
    agent.call_id = NO_CALL
    return agent.agent_id


def _penalise(core: Core, agent: Agent, outcome: OfferOutcome) -> None:
    """Count the failure and apply its policy: a gap, and after too many in a row not ready."""
    policy = policy_of(core.config.policies, outcome)
    in_a_row = 1
    if outcome in NOT_READY_REASON:
        agent.failures[outcome] = agent.failures.get(outcome, 0) + 1
        in_a_row = agent.in_a_row[outcome] = agent.in_a_row.get(outcome, 0) + 1
        if policy.not_ready_after and in_a_row >= policy.not_ready_after and not agent.pending:
            agent.status = advance(STATUS_TABLE, agent.status, StatusTrigger.NOT_READY)
            agent.reason = NOT_READY_REASON[outcome]
            agent.in_a_row.clear()
            return
    gap_us = policy.gap_after_us(in_a_row)
    if outcome is OfferOutcome.UNDELIVERED:  # nobody is set not ready for it: some gap at least
        gap_us = max(gap_us, MIN_GAP_US)
    if gap_us:
        agent.gap_until_us = core.now_us + gap_us
        agent.gap_cause = outcome.value
        core.deadlines.set(DeadlineKind.GAP, agent.agent_id, agent.gap_until_us)


def policy_of(policies: Policies, outcome: OfferOutcome) -> OutcomePolicy:
    """The policy for an outcome; what Asterisk failed to deliver counts as an absent phone."""
    return {
        OfferOutcome.NO_ANSWER: policies.no_answer,
        OfferOutcome.BUSY: policies.busy,
        OfferOutcome.REJECTED: policies.rejected,
    }.get(outcome, policies.unreachable)
