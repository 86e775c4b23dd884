"""The calls' part of the naive twin: arriving, waiting, going elsewhere, leaving."""

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome
from routing.refusals import Refusal
from tests.naive.choice import calls_in_front, can_be_offered, step_at
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
