"""The calls' half of the naive twin: waiting, offers, conversations."""

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome, RequestedState
from routing.refusals import Refusal
from tests.naive.agents import POLICY, Agents
from tests.naive.choice import best_pair, calls_in_front, can_be_offered, step_at
from tests.naive.needs import BadNeedError, meets
from tests.naive.records import Agent, Call, Offer


class Calls(Agents):
    """Everything that concerns calls and their offers."""

    # --- in line ----------------------------------------------------------------------------

    def call_arrived(self, command: c.CallArrived) -> Refusal | None:
        world = self.world
        queue = world.queue(command.queue_id)
        if world.call(command.call_id):
            return Refusal.CALL_EXISTS
        if queue is None:
            return Refusal.UNKNOWN_QUEUE
        if len(world.calls) >= world.config.limits.calls:
            return Refusal.TOO_MANY_CALLS
        try:
            meets(command.needs)
        except BadNeedError:
            return Refusal.BAD_NEEDS
        first = command.first_queued_us
        if first <= 0 or first > self.now:
            first = self.now
        call = Call(
            call_id=command.call_id,
            number=world.next_number("call"),
            queue_id=command.queue_id,
            pbx=command.pbx,
            priority=command.priority,
            needs=command.needs,
            first_queued_us=first,
            caller=command.caller,
            preferred=command.preferred_agent,
        )
        waiting = sum(
            can_be_offered(world, other) and other.queue_id == call.queue_id
            for other in world.calls
        )
        world.calls.append(call)
        if call.pbx in world.gone:  # it asks, so it lives: lost, no longer gone
            world.gone.remove(call.pbx)
            world.set_deadline(
                "telephony lost", call.pbx, self.now + world.config.limits.telephony_lost_us
            )
        if waiting >= queue.max_waiting:
            self.divert(call, "queueFull")
        else:
            self.line_up(call, "arrived")
        return None

    def line_up(self, call: Call, cause: str) -> None:
        call.state, call.agent_id, call.offer_id = "waiting", "", 0
        self.look_at_clock(call)
        self.out.append(
            e.CallQueued(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                caller=call.caller,
                calls_in_front=calls_in_front(self.world, call),
                first_queued_us=call.first_queued_us,
                wait_p50_us=-1,
                wait_p90_us=-1,
                cause=cause,
            )
        )
        self.match()

    def look_at_clock(self, call: Call) -> None:
        """Which need holds now, and when the next one will."""
        queue = self.world.queue(call.queue_id)
        waited_us = self.now - call.first_queued_us
        call.sticky = bool(call.preferred) and waited_us < queue.sticky_us
        call.step_no, call.step_need = step_at(queue, waited_us)
        if call.sticky:
            call.step_no = -1  # before the first: still the preferred agent's
        changes = [step.after_us for step in queue.steps]
        if call.preferred:
            changes.append(queue.sticky_us)
        coming = [after for after in changes if after > waited_us]
        self.world.drop_deadline("need changes", call.call_id)
        if coming and call.pbx not in self.world.lost:
            due = call.first_queued_us + min(coming)
            self.world.set_deadline("need changes", call.call_id, due)

    def divert(self, call: Call, cause: str) -> None:
        waited_us = self.now - call.first_queued_us
        self.out.append(
            e.CallDiverted(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                to_queue="",
                cause=cause,
                waited_us=waited_us,
                to_extension="",
            )
        )
        call.waited_us = waited_us
        self.clear(call, e.CallOutcome.DIVERTED)

    def clear(self, call: Call, outcome: e.CallOutcome) -> None:
        """The contact is over: say so and forget it."""
        self.world.drop_deadline("need changes", call.call_id)
        self.world.calls.remove(call)
        self.out.append(
            e.CallCleared(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                outcome=outcome,
                waited_us=call.waited_us,
                talked_us=call.talked_us,
            )
        )

    # --- the caller -------------------------------------------------------------------------

    def caller_hung_up(self, command: c.CallerHungUp) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        self.leaves(
            call,
            unanswered=e.CallOutcome.ABANDONED,
            offer_ends=OfferOutcome.CALLER_GONE,
            by=e.ClearedBy.CALLER,
        )
        return None

    def call_taken(self, command: c.CallTaken) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        self.leaves(
            call,
            unanswered=e.CallOutcome.TAKEN,
            offer_ends=OfferOutcome.WITHDRAWN,
            by=e.ClearedBy.SYSTEM,
        )
        return None

    def leaves(self, call: Call, *, unanswered, offer_ends, by) -> None:
        """The caller is gone from whatever the call was in."""
        if call.state in {"waiting", "offered"}:
            call.waited_us = self.now - call.first_queued_us
        outcome = e.CallOutcome.ANSWERED if call.established_us else unanswered
        if call.state == "offered":
            agent = self.end_offer(self.world.offer(call.offer_id), offer_ends)
            self.clear(call, outcome)
            self.release(agent)
        elif call.connected:
            agent = self.end_conversation(call, by)
            if self.after_call_work_us(agent, call):
                self.after_conversation(agent, call)
                self.clear(call, outcome)
            else:
                self.clear(call, outcome)
                self.after_conversation(agent, call)
        else:
            self.clear(call, outcome)

    # --- offers -----------------------------------------------------------------------------

    def make_offer(self, call: Call, agent: Agent) -> None:
        world, now = self.world, self.now
        number = world.next_number("offer")
        queue = world.queue(call.queue_id)
        self.pair_is_decided(call, agent)
        world.drop_deadline("need changes", call.call_id)
        offer = Offer(number, call.call_id, agent.agent_id, call.queue_id, now)
        world.offers.append(offer)
        call.state, call.agent_id, call.offer_id = "offered", agent.agent_id, number
        self.set_work(agent, "reserved")
        agent.call_id, agent.offer_id = call.call_id, number
        agent.offers += 1
        agent.last_offer = number
        self.wait_for(offer, world.config.limits.deliver_timeout_us)
        self.show(agent)
        self.say_offer(call, agent, queue, number)

    def match(self) -> None:
        """As long as there are pairs: the first waiting call in line takes its best agent."""
        while pair := best_pair(self.world):
            self.make_offer(*pair)

    def pair_is_decided(self, call: Call, agent: Agent) -> None:
        """For the decision record; see `engine`."""

    def say_offer(self, call: Call, agent: Agent, queue, number: int) -> None:
        """For the decision record; see `engine`."""

    def live_offer(self, offer_id: int) -> Offer | Refusal:
        return self.world.offer(offer_id) or Refusal.OFFER_CLOSED

    def offer_ringing(self, command: c.OfferRinging) -> Refusal | None:
        offer = self.live_offer(command.offer_id)
        if isinstance(offer, Refusal):
            return offer
        if offer.state != "made":
            return Refusal.OFFER_STATE
        offer.state, offer.ringing_us = "ringing", self.now
        call = self.world.call(offer.call_id)
        ring_us = self.world.queue(offer.queue_id).ring_timeout_us
        self.wait_for(offer, ring_us + self.world.config.limits.ring_grace_us)
        self.out.append(
            e.CallDelivered(
                offer_id=offer.offer_id,
                call_id=offer.call_id,
                request_no=call.request_no,
                queue_id=offer.queue_id,
                agent_id=offer.agent_id,
                caller=call.caller,
            )
        )
        return None

    def offer_answered(self, command: c.OfferAnswered) -> Refusal | None:
        offer = self.live_offer(command.offer_id)
        if isinstance(offer, Refusal):
            return offer
        if offer.state == "answered":
            return Refusal.OFFER_STATE
        offer.state = "answered"
        self.wait_for(offer, self.world.config.limits.bridge_timeout_us)
        return None

    def offer_failed(self, command: c.OfferFailed) -> Refusal | None:
        offer = self.live_offer(command.offer_id)
        if isinstance(offer, Refusal):
            return offer
        if command.outcome in ("established", "callerGone", "withdrawn"):
            return Refusal.OFFER_STATE  # conclusions of the core, not reports
        self.fail(offer, command.outcome)
        return None

    def wait_for(self, offer: Offer, duration_us: int) -> None:
        """For the next report of Asterisk; as long as we cannot hear it, nothing is late."""
        if self.world.call(offer.call_id).pbx not in self.world.lost:
            self.world.set_deadline("offer late", offer.offer_id, self.now + duration_us)

    def wait_again_for(self, offer: Offer) -> None:
        """We hear its Asterisk again: the full time for what it was about to report."""
        limits = self.world.config.limits
        ring_us = self.world.queue(offer.queue_id).ring_timeout_us
        times = {
            "made": limits.deliver_timeout_us,
            "ringing": ring_us + limits.ring_grace_us,
            "answered": limits.bridge_timeout_us,
        }
        self.wait_for(offer, times[offer.state])

    def offer_is_late(self, offer_id: int) -> None:
        offer = self.world.offer(offer_id)
        ringing = offer.state == "ringing"
        self.fail(offer, OfferOutcome.NO_ANSWER if ringing else OfferOutcome.UNDELIVERED)

    def fail(self, offer: Offer, outcome: OfferOutcome) -> None:
        call = self.world.call(offer.call_id)
        agent = self.end_offer(offer, outcome)
        self.line_up(call, outcome.value)
        self.release(agent)

    def end_offer(self, offer: Offer, outcome: OfferOutcome) -> Agent:
        """The offer is over, without a conversation. The call's fate is next, then the agent's."""
        world = self.world
        agent, call = world.agent(offer.agent_id), world.call(offer.call_id)
        world.offers.remove(offer)
        world.drop_deadline("offer late", offer.offer_id)
        self.out.append(
            e.OfferEnded(
                offer_id=offer.offer_id,
                call_id=offer.call_id,
                request_no=call.request_no,
                queue_id=offer.queue_id,
                agent_id=offer.agent_id,
                outcome=outcome,
                open_us=self.now - offer.made_us,
            )
        )
        if outcome in {*POLICY, OfferOutcome.UNDELIVERED}:
            self.becomes_idle(agent)
            self.offer_failed_for(agent, outcome)
        return agent

    def release(self, agent: Agent) -> None:
        """The agent of an offer that is over gets what he asked for meanwhile."""
        self.set_work(agent, "idle")
        agent.call_id, agent.offer_id = "", 0
        wish, agent.pending = agent.pending, None
        if wish:
            self.grant(agent, wish)
        if agent.status != "loggedOff":
            self.show(agent)
        self.match()

    # --- conversations ----------------------------------------------------------------------

    def legs_bridged(self, command: c.LegsBridged) -> Refusal | None:
        offer = self.live_offer(command.offer_id)
        if isinstance(offer, Refusal):
            return offer
        world, now = self.world, self.now
        call, agent = world.call(offer.call_id), world.agent(offer.agent_id)
        world.offers.remove(offer)
        world.drop_deadline("offer late", offer.offer_id)
        call.state, call.established_us = "talking", now
        call.waited_us = now - call.first_queued_us
        self.set_work(agent, "busy")
        agent.offer_id = 0
        agent.calls += 1
        agent.failures.clear()
        self.out.append(
            e.CallEstablished(
                offer_id=offer.offer_id,
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                agent_id=agent.agent_id,
                waited_us=now - call.first_queued_us,
                rang_us=now - (offer.ringing_us or offer.made_us),
            )
        )
        self.show(agent)
        return None

    def call_held(self, command: c.CallHeld) -> Refusal | None:
        call = self.in_state(command.call_id, "talking")
        if isinstance(call, Refusal):
            return call
        call.state, call.held_since_us = "held", self.now
        self.out.append(
            e.CallHeldEvent(call.call_id, call.request_no, call.queue_id, call.agent_id)
        )
        return None

    def call_retrieved(self, command: c.CallRetrieved) -> Refusal | None:
        call = self.in_state(command.call_id, "held")
        if isinstance(call, Refusal):
            return call
        held_us = self.now - call.held_since_us
        call.state, call.held_us = "talking", call.held_us + held_us
        self.out.append(
            e.CallRetrievedEvent(
                call.call_id, call.request_no, call.queue_id, call.agent_id, held_us
            )
        )
        return None

    def agent_leg_cleared(self, command: c.AgentLegCleared) -> Refusal | None:
        call = self.in_state(command.call_id, "talking", "held")
        if isinstance(call, Refusal):
            return call
        if call.agent_id != command.agent_id:
            return Refusal.CALL_STATE
        agent = self.end_conversation(call, e.ClearedBy.AGENT)
        call.state, call.agent_id = "released", ""
        self.after_conversation(agent, call)
        return None

    def in_state(self, call_id: str, *states: str) -> Call | Refusal:
        call = self.world.call(call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        return call if call.state in states else Refusal.CALL_STATE

    def end_conversation(self, call: Call, by: e.ClearedBy) -> Agent:
        """The two have parted. The call's fate comes next, then the agent's."""
        agent = self.world.agent(call.agent_id)
        if call.state == "held":
            call.held_us += self.now - call.held_since_us
        talked_us = self.now - call.established_us - call.held_us
        call.talked_us += talked_us
        self.out.append(
            e.ConnectionCleared(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                agent_id=agent.agent_id,
                by=by,
                talked_us=talked_us,
                held_us=call.held_us,
            )
        )
        return agent

    def after_conversation(self, agent: Agent, call: Call) -> None:
        """After-call work, or what he asked for during the call."""
        duration_us = self.after_call_work_us(agent, call)
        if agent.pending and agent.pending.state is RequestedState.WORKING_AFTER_CALL:
            agent.pending = None
        if duration_us:
            self.start_after_call_work(agent, duration_us)
        else:
            self.work_is_done(agent)
        if agent.status != "loggedOff":
            self.show(agent)
        self.match()

    def after_call_work_us(self, agent: Agent, call: Call) -> int:
        """As long as the queue gives, or as he asked for."""
        if agent.pending and agent.pending.state is RequestedState.WORKING_AFTER_CALL:
            return self.world.config.limits.open_work_us
        return self.world.queue(call.queue_id).after_call_work_us
