"""The calls' part of the naive twin: arriving, waiting, going elsewhere, leaving."""

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome
from routing.refusals import Refusal
from tests.naive.choice import boosts, calls_in_front, can_be_offered, order, step_at
from tests.naive.needs import BadNeedError, meets
from tests.naive.offers import Offers
from tests.naive.records import Call


class Calls(Offers):
    """Everything that concerns a call but its offers."""

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
            tags=command.tags,
            training=command.training,
        )
        call.boosts = boosts(world, call)
        world.calls.append(call)
        if call.pbx in world.gone:  # it asks, so it lives: lost, no longer gone
            world.gone.remove(call.pbx)
            world.set_deadline(
                "telephony lost", call.pbx, self.now + world.config.limits.telephony_lost_us
            )
        self.enter_queue(call, "arrived")
        return None

    def enter_queue(self, call: Call, cause: str) -> None:
        """Line up, unless the queue is closed, full, or served by nobody and says where to go."""
        queue = self.world.queue(call.queue_id)
        sends_away = any(flow.cause == "noAvailableAgents" for flow in queue.overflows)
        call.state = "entering"
        if queue.queue_id in self.world.closed:
            self.divert(call, "calendarOverflow")
        elif len(self.line_of(queue.queue_id)) >= queue.max_waiting:
            self.divert(call, "queueFull")
        elif sends_away and not self.is_served(queue):
            self.divert(call, "noAvailableAgents")
        else:
            self.line_up(call, cause)

    def line_of(self, queue_id: str) -> list[Call]:
        """Who waits in this queue, as far as we can hear them."""
        return [
            call
            for call in self.world.calls
            if call.queue_id == queue_id and can_be_offered(self.world, call)
        ]

    def is_served(self, queue) -> bool:
        """Somebody is signed on who would do at some step."""
        needs = [queue.need, *(step.need for step in queue.steps)]
        if queue.reserve and queue.queue_id in self.world.reserves:
            needs.append(queue.reserve.need)
        return any(
            meets(need)(agent.agent_id, agent.skills)
            for need in needs
            for agent in self.world.agents
            if not agent.spec.training
        )

    def somebody_signed_out(self) -> None:
        for queue in self.world.config.queues:
            sends_away = any(flow.cause == "noAvailableAgents" for flow in queue.overflows)
            if sends_away and not self.is_served(queue):
                line = self.line_of(queue.queue_id)
                for call in sorted(line, key=lambda call: order(self.world, call)):
                    self.divert(call, "noAvailableAgents")

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
        if queue.max_wait_us:
            changes.append(queue.max_wait_us)
        coming = [after for after in changes if after > waited_us]
        self.world.drop_deadline("need changes", call.call_id)
        if coming and call.pbx not in self.world.lost:
            due = call.first_queued_us + min(coming)
            self.world.set_deadline("need changes", call.call_id, due)

    def divert(self, call: Call, cause: str) -> None:
        """To where the queue says for this cause: another queue, or out with an extension or ""."""
        queue = self.world.queue(call.queue_id)
        flows = [flow for flow in queue.overflows if flow.cause == cause]
        to_queue = flows[0].to_queue if flows else ""
        if to_queue and call.hops >= 10:
            to_queue, cause = "", "maximumHops"
        waited_us = self.now - call.first_queued_us
        self.world.drop_deadline("need changes", call.call_id)
        self.out.append(
            e.CallDiverted(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                to_queue=to_queue,
                cause=cause,
                waited_us=waited_us,
                to_extension=flows[0].to_extension if flows else "",
            )
        )
        if to_queue:
            call.hops += 1
            call.request_no += 1
            call.queue_id = to_queue
            self.enter_queue(call, cause)
        else:
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
