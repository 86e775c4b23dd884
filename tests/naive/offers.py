"""The offers' part of the naive engine: made, ringing, answered, bridged, failed; conversations."""

from collections.abc import Callable

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome, RequestedState
from routing.legs import CustomerHeld, CustomerRetrieved
from routing.refusals import Refusal
from tests.naive.agents import POLICY, Agents
from tests.naive.choice import best_pair, can_be_offered
from tests.naive.forecast import UNKNOWN
from tests.naive.records import Agent, Call, Offer, Wish


class Offers(Agents):
    """Everything between a match and the end of a conversation."""

    # --- offers -----------------------------------------------------------------------------

    def make_offer(self, call: Call, agent: Agent) -> None:
        world, now = self.world, self.now
        number = world.next_number("offer")
        queue = world.queue(call.queue_id)
        self.pair_is_decided(call, agent)
        if queue.allocation:
            share = (queue.queue_id, agent.spec.employer)
            world.given[share] = world.given.get(share, 0) + 1
        world.drop_deadline("something changes", call.call_id)
        offer = Offer(number, call.call_id, agent.agent_id, call.queue_id, now)
        world.offers.append(offer)
        call.state, call.agent_id, call.offer_id = "offered", agent.agent_id, number
        self.note_departure(call)
        self.set_work(agent, "reserved")
        agent.call_id, agent.offer_id = call.call_id, number
        agent.offers += 1
        agent.last_offer = number
        self.wait_for(offer, world.config.limits.deliver_timeout_us)
        self.show(agent)
        self.say_offer(call, agent, queue, number)
        self.mind_reserve(queue.queue_id)

    def note_departure(self, call: Call) -> None:
        """The next forecasts of the queue go by it; and its own is judged."""
        world = self.world
        past = world.past_of(call.queue_id)
        left = [k for k in world.calls if k.queue_id == call.queue_id and can_be_offered(world, k)]
        past.departures.append((self.now, len(left)))
        if call.foretold != UNKNOWN:
            past.foretold.append((self.now - call.first_queued_us, call.foretold[1]))
            call.foretold = UNKNOWN

    def match(self) -> None:
        """As long as there are pairs: the first waiting call in line takes its best agent."""
        while pair := best_pair(self.world):
            self.make_offer(*pair)

    def mind_reserve(self, queue_id: str) -> None:
        """Enough waiting, or few enough; see `calls`."""

    def customer_not_reached(self, call: Call) -> None:
        """A call-back that the customer did not take; see `calls`."""

    def target_missed(self, call: Call, outcome: OfferOutcome) -> None:
        """Whom a customer was to be handed to did not answer; see `transfers`."""

    def target_answered(self, offer: Offer) -> None:
        """… or did; see `transfers`."""

    def leaves_transfer(self, call: Call, agent_id: str) -> Refusal | None:
        """One of two agents; see `transfers`."""

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
        offer.leg_id = command.leg_id
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
                leg_id=offer.leg_id,
                caller_name=call.caller_name,
                public_data=self.shown(call, "public"),
                personal_data=self.shown(call, "personal"),
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
        phone_failed = command.outcome in {*POLICY, OfferOutcome.UNDELIVERED}
        customer_failed = command.outcome is OfferOutcome.CUSTOMER_UNREACHABLE
        if not phone_failed and not (customer_failed and self.world.call(offer.call_id).callback):
            return Refusal.OFFER_STATE  # a conclusion of the core, or about somebody on the line
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
        call.state, call.agent_id, call.offer_id = "entering", "", 0
        if call.transfer_id:
            self.target_missed(call, outcome)
        elif outcome is OfferOutcome.CUSTOMER_UNREACHABLE:
            self.customer_not_reached(call)
        else:
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
                leg_id=offer.leg_id,
            )
        )
        share = (call.queue_id, agent.spec.employer)
        if world.given.get(share):
            world.given[share] -= 1
        if outcome in {*POLICY, OfferOutcome.UNDELIVERED} and not world.own.get(agent.device):
            self.becomes_idle(agent)
            self.offer_failed_for(agent, outcome)
        return agent

    def release(self, agent: Agent) -> None:
        """The agent of an offer that is over gets what was asked for meanwhile."""
        self.set_work(agent, "idle")
        agent.call_id, agent.offer_id = "", 0
        wish, agent.pending = agent.pending, None
        if wish:
            self.grant(agent, wish)
        if agent.status != "loggedOff":
            self.show(agent, wish.by if wish else "")
        self.match()

    # --- conversations ----------------------------------------------------------------------

    def legs_bridged(self, command: c.LegsBridged) -> Refusal | None:
        offer = self.live_offer(command.offer_id)
        if isinstance(offer, Refusal):
            return offer
        offer.leg_id = command.leg_id or offer.leg_id
        if self.world.call(offer.call_id).transfer_id:
            self.target_answered(offer)
        else:
            self.establish(offer)
        return None

    def establish(self, offer: Offer) -> None:
        world, now = self.world, self.now
        call, agent = world.call(offer.call_id), world.agent(offer.agent_id)
        world.offers.remove(offer)
        world.drop_deadline("offer late", offer.offer_id)
        agent.offer_id, call.agent_leg = 0, offer.leg_id
        self.conversation_begins(call, agent)
        self.out.append(
            e.CallEstablished(
                offer_id=offer.offer_id,
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                agent_id=agent.agent_id,
                waited_us=now - call.asked_us,
                rang_us=now - (offer.ringing_us or offer.made_us),
                leg_id=offer.leg_id,
            )
        )
        self.show(agent)

    def conversation_begins(self, call: Call, agent: Agent) -> None:
        if not call.established_us:
            call.waited_us = self.now - call.asked_us
        call.state, call.established_us, call.held_us = "talking", self.now, 0
        self.set_work(agent, "busy")
        agent.calls += 1
        if agent.last_call and not agent.pending:
            agent.pending = Wish(None)
        agent.failures.clear()

    def call_held(self, command: c.CallHeld) -> Refusal | None:
        if command.by is e.ClearedBy.CALLER:
            return self.customer_holds(command.call_id, CustomerHeld)
        call = self.in_state(command.call_id, "talking")
        if isinstance(call, Refusal):
            return call
        if self.legs_are_moved(call):
            return Refusal.CALL_STATE
        self.hold(call)
        return None

    def hold(self, call: Call) -> None:
        call.state, call.held_since_us = "held", self.now
        self.out.append(
            e.CallHeldEvent(call.call_id, call.request_no, call.queue_id, call.agent_id)
        )

    def call_retrieved(self, command: c.CallRetrieved) -> Refusal | None:
        if command.by is e.ClearedBy.CALLER:
            return self.customer_holds(command.call_id, CustomerRetrieved)
        call = self.in_state(command.call_id, "held")
        if isinstance(call, Refusal):
            return call
        if self.legs_are_moved(call):
            return Refusal.CALL_STATE
        self.retrieve(call)
        return None

    def customer_holds(self, call_id: str, told: type) -> Refusal | None:
        call = self.in_state(call_id, "talking", "held")
        if isinstance(call, Refusal):
            return call
        self.out.append(told(call.call_id, call.request_no, call.agent_id))
        return None

    def legs_are_moved(self, call: Call) -> bool:
        """From the consultation on, the transfer says who is on hold, not the keys of a phone."""
        transfer = self.world.transfer(call.transfer_id)
        return transfer is not None and transfer.state != "seeking"

    def retrieve(self, call: Call) -> None:
        held_us = self.now - call.held_since_us
        call.state, call.held_us = "talking", call.held_us + held_us
        self.out.append(
            e.CallRetrievedEvent(
                call.call_id, call.request_no, call.queue_id, call.agent_id, held_us
            )
        )

    def agent_leg_cleared(self, command: c.AgentLegCleared) -> Refusal | None:
        named = self.world.call(command.call_id)
        if named and named.transfer_id:
            return self.leaves_transfer(named, command.agent_id)
        call = self.in_state(command.call_id, "talking", "held")
        if isinstance(call, Refusal):
            return call
        if call.agent_id != command.agent_id:
            return Refusal.CALL_STATE
        call.cause = command.cause
        agent_goes_on = self.parted(call, command.by)
        call.state = "released"
        agent_goes_on()
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
                leg_id=call.agent_leg,
                cause=call.cause,
            )
        )
        call.released_by, call.agent_leg = by, ""
        return agent

    def parted(self, call: Call, by: e.ClearedBy) -> Callable[[], None]:
        """They have parted. After-call work begins at once; an agent who has none goes on when the
        call's own fate has been told: then what is returned is to be called.
        """
        agent = self.end_conversation(call, by)
        duration_us = self.after_call_work_us(agent, call)
        call.state, call.agent_id = "entering", ""
        if duration_us:
            self.after_conversation(agent, duration_us)
            return lambda: None
        return lambda: self.after_conversation(agent, 0)

    def after_conversation(self, agent: Agent, duration_us: int) -> None:
        """After-call work, or what was asked for during the call."""
        if agent.pending and agent.pending.state is RequestedState.WORKING_AFTER_CALL:
            agent.pending = None
        by = ""
        if duration_us:
            self.start_after_call_work(agent, duration_us)
        else:
            by = agent.pending.by if agent.pending else ""
            self.work_is_done(agent)
        if agent.status != "loggedOff":
            self.show(agent, by)
        self.match()

    def after_call_work_us(self, agent: Agent, call: Call) -> int:
        """As long as the queue gives, or as was asked for."""
        if agent.pending and agent.pending.state is RequestedState.WORKING_AFTER_CALL:
            return self.world.config.limits.open_work_us
        return self.world.queue(call.queue_id).after_call_work_us
