"""The calls' part of the naive engine: arriving, waiting, going elsewhere, leaving."""

import re

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome
from routing.config import Announcement
from routing.refusals import Refusal
from tests.naive.choice import (
    boosts,
    calls_in_front,
    can_be_offered,
    is_due,
    next_play_us,
    order,
    step_at,
)  # fmt: skip
from tests.naive.data import Data
from tests.naive.forecast import UNKNOWN
from tests.naive.needs import BadNeedError, meets
from tests.naive.offers import Offers
from tests.naive.records import Call


class Calls(Data, Offers):
    """Everything that concerns a call but its offers."""

    # --- in line ----------------------------------------------------------------------------

    def call_arrived(self, command: c.CallArrived) -> Refusal | None:
        world = self.world
        queue = world.queue(command.queue_id)
        if world.call(command.call_id):
            return Refusal.CALL_EXISTS
        if "~" in command.call_id:
            return Refusal.BAD_VALUE
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
        regained_us = self.regained(call)
        call.first_queued_us = call.asked_us = min(regained_us or first, first)
        call.boosts = boosts(world, call)
        world.calls.append(call)
        if call.pbx in world.gone:  # it asks, so it lives: lost, no longer gone
            world.gone.remove(call.pbx)
            world.set_deadline(
                "telephony lost", call.pbx, self.now + world.config.limits.telephony_lost_us
            )
        self.bring_data(call, command)
        self.enter_queue(call, "regained" if regained_us else "arrived")
        return None

    def regained(self, call: Call) -> int:
        """The old first-queue time of a caller who hung up in this queue not long ago."""
        mine = [d for d in self.world.dropped if d[:2] == (call.queue_id, call.caller)]
        self.world.dropped = [d for d in self.world.dropped if d not in mine]
        return next((first for _, _, first, until in mine if self.now <= until), 0)

    def enter_queue(self, call: Call, cause: str) -> None:
        """Line up, unless the queue is closed, full, or served by nobody and says where to go."""
        queue = self.world.queue(call.queue_id)
        sends_away = any(flow.cause == "noAvailableAgents" for flow in queue.overflows)
        waited_us = self.now - call.asked_us
        call.state = "entering"
        if queue.queue_id in self.world.closed:
            self.divert(call, "calendarOverflow")
        elif 0 < queue.max_wait_us <= waited_us:
            self.divert(call, "queueTimeOverflow")
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

    def is_served(self, queue, except_by: str = "") -> bool:
        """Somebody is signed on who would do at some step."""
        needs = [queue.need, *(step.need for step in queue.steps)]
        if queue.reserve and queue.queue_id in self.world.reserves:
            needs.append(queue.reserve.need)
        return any(
            meets(need)(agent.agent_id, agent.skills)
            for need in needs
            for agent in self.world.agents
            if not agent.spec.training and agent.agent_id != except_by
        )

    def somebody_signed_out(self) -> None:
        """Or serves less. Who was promised a call-back waits until somebody comes."""
        self.match()
        for queue in self.world.config.queues:
            sends_away = any(flow.cause == "noAvailableAgents" for flow in queue.overflows)
            if sends_away and not self.is_served(queue):
                line = self.line_of(queue.queue_id)
                line = [call for call in line if not call.callback and not call.wanted]
                for call in sorted(line, key=lambda call: order(self.world, call)):
                    self.divert(call, "noAvailableAgents")

    def line_up(self, call: Call, cause: str) -> None:
        call.state, call.agent_id, call.offer_id = "waiting", "", 0
        self.look_at_clock(call)
        front = calls_in_front(self.world, call)
        past = self.world.past_of(call.queue_id)
        if cause == "arrived":
            call.foretold = past.raw(front)
        said = UNKNOWN if call.wanted else past.said(front, self.now)
        self.out.append(
            e.CallQueued(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                caller=call.caller,
                caller_name=call.caller_name,
                calls_in_front=front,
                first_queued_us=call.first_queued_us,
                wait_p50_us=said[0],
                wait_p90_us=said[1],
                cause=cause,
                leg_id=call.leg_id,
            )
        )
        self.mind_reserve(call.queue_id)
        self.match()

    def look_at_clock(self, call: Call) -> None:
        """Which need holds now, and when the next one will."""
        queue = self.world.queue(call.queue_id)
        waited_us = self.now - call.asked_us
        call.sticky = bool(call.preferred) and waited_us < queue.sticky_us
        call.step_no, call.step_need = step_at(queue, waited_us)
        if call.sticky or call.wanted:
            call.step_no = -1  # before the first: still the preferred agent's
        changes = [step.after_us for step in queue.steps]
        changes += [next_play_us(each, waited_us) for each in queue.announcements]
        if call.preferred:
            changes.append(queue.sticky_us)
        longest_us = 0 if call.callback else queue.max_wait_us  # a promise has no end
        if longest_us:
            changes.append(longest_us)
        coming = [after for after in changes if after > waited_us]
        if 0 < longest_us <= waited_us:
            coming = [waited_us]  # overdue: at once
        self.world.drop_deadline("something changes", call.call_id)
        if coming and can_be_offered(self.world, call) and not call.wanted:
            call.planned_us = min(coming)
            due = call.asked_us + call.planned_us
            self.world.set_deadline("something changes", call.call_id, due)

    def something_changes(self, call_id: str) -> None:
        """Waited too long, something to hear, or another need: whatever it is time for."""
        call = self.world.call(call_id)
        queue = self.world.queue(call.queue_id)
        waited_us = self.now - call.asked_us
        if 0 < queue.max_wait_us <= waited_us and not call.callback:
            self.divert(call, "queueTimeOverflow")
            return
        due = [each for each in queue.announcements if is_due(each, call.planned_us)]
        if due and not call.callback and not call.consult_for:
            self.announce(call, due[0])
        before = call.step_no
        self.look_at_clock(call)
        if call.step_no != before:
            self.out.append(
                e.CallRelaxed(
                    call_id=call.call_id,
                    request_no=call.request_no,
                    queue_id=call.queue_id,
                    step=call.step_no,
                    need="",
                    waited_us=waited_us,
                )
            )

    def announce(self, call: Call, announcement: Announcement) -> None:
        """A wait that nobody knows is not said."""
        front = calls_in_front(self.world, call)
        says_wait = announcement.kind == "wait"
        said = self.world.past_of(call.queue_id).said(front, self.now) if says_wait else UNKNOWN
        if says_wait and said == UNKNOWN:
            return
        self.out.append(
            e.AnnouncementDue(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                sound=announcement.sound,
                kind=announcement.kind,
                position=front + 1,
                wait_us=said[0],
            )
        )

    def mind_reserves(self) -> None:
        for queue in self.world.config.queues:
            self.mind_reserve(queue.queue_id)

    def mind_reserve(self, queue_id: str) -> None:
        """Open the reserve when enough wait, close it when few enough do."""
        queue, open_ones = self.world.queue(queue_id), self.world.reserves
        if not queue.reserve:
            return
        waiting = len(self.line_of(queue_id))
        if queue_id in open_ones and waiting <= queue.reserve.close_at:
            open_ones.remove(queue_id)
            self.out.append(e.ReserveChanged(queue_id, open=False, waiting=waiting))
        elif queue_id not in open_ones and waiting >= queue.reserve.open_at:
            open_ones.append(queue_id)
            self.out.append(e.ReserveChanged(queue_id, open=True, waiting=waiting))

    def divert(self, call: Call, cause: str) -> None:
        """To where the queue says for this cause: another queue, or out with an extension or ""."""
        queue = self.world.queue(call.queue_id)
        flows = [flow for flow in queue.overflows if flow.cause == cause]
        to_queue = flows[0].to_queue if flows else ""
        if to_queue and call.hops >= 10:
            to_queue, cause = "", "maximumHops"
        self.world.drop_deadline("something changes", call.call_id)
        if call.consult_for and not to_queue:
            self.nobody_found(call)
            return
        self.say_diverted(call, to_queue, cause, flows[0].to_extension if flows else "")
        if to_queue:
            call.hops += 1
            call.request_no = self.next_request(call)
            call.state, call.queue_id = "entering", to_queue
            call.boosts = boosts(self.world, call)
            self.mind_reserve(queue.queue_id)
            self.enter_queue(call, cause)
        else:
            self.clear(call, e.CallOutcome.DIVERTED)

    def say_diverted(self, call: Call, to_queue: str, cause: str, to_extension: str = "") -> None:
        self.out.append(
            e.CallDiverted(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                to_queue=to_queue,
                cause=cause,
                waited_us=self.now - call.asked_us,
                to_extension=to_extension,
            )
        )

    def next_request(self, call: Call) -> int:
        """A contact's requests are counted through, those of its consultations among them."""
        contact = self.world.call(call.consult_for) or call
        contact.requests += 1
        return contact.requests

    def nobody_found(self, consult: Call) -> None:
        """A consultation has no caller who could be sent away; see `transfers`."""

    def ends_transfer(self, call: Call, *, unanswered, offer_ends, by) -> None:
        """Nobody is left to be handed on; see `transfers`."""

    def clear(self, call: Call, outcome: e.CallOutcome) -> None:
        """The contact is over: say so and forget it. Nobody waited longer than until somebody
        spoke to them; a consultation waits from when it began.
        """
        began_us = call.asked_us if call.consult_for else call.first_queued_us
        self.world.drop_deadline("something changes", call.call_id)
        self.world.drop_deadline("call back", call.call_id)
        self.world.calls.remove(call)
        self.out.append(
            e.CallCleared(
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                outcome=outcome,
                waited_us=call.waited_us if call.established_us else self.now - began_us,
                talked_us=call.talked_us,
                by="" if call.consult_for else call.released_by,
                cause=0 if call.consult_for else call.cause,
            )
        )
        self.mind_reserve(call.queue_id)

    # --- the caller -------------------------------------------------------------------------

    def caller_hung_up(self, command: c.CallerHungUp) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        if call.callback and call.state in {"waiting", "offered"}:
            return None  # that is what was agreed: the place is kept without a channel
        regain_us = self.world.queue(call.queue_id).regain_us
        if regain_us and call.caller and not call.established_us:
            place = (call.queue_id, call.caller, call.first_queued_us, self.now + regain_us)
            self.world.dropped = [d for d in self.world.dropped if d[:2] != place[:2]]
            self.world.dropped.append(place)
        call.cause = command.cause
        gone = command.by is e.ClearedBy.CALLER
        ends = OfferOutcome.CALLER_GONE if gone else OfferOutcome.WITHDRAWN
        self.leaves(call, unanswered=e.CallOutcome.ABANDONED, offer_ends=ends, by=command.by)
        return None

    def call_taken(self, command: c.CallTaken) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        ends, by = OfferOutcome.WITHDRAWN, e.ClearedBy.SYSTEM
        self.leaves(call, unanswered=e.CallOutcome.TAKEN, offer_ends=ends, by=by)
        return None

    def leaves(self, call: Call, *, unanswered, offer_ends, by) -> None:
        """The caller is gone from whatever the call was in."""
        call.ends_by(by)
        if call.transfer_id:
            self.ends_transfer(call, unanswered=unanswered, offer_ends=offer_ends, by=by)
        outcome = e.CallOutcome.ANSWERED if call.established_us else unanswered
        if call.state == "offered":
            agent = self.end_offer(self.world.offer(call.offer_id), offer_ends)
            self.clear(call, outcome)
            self.release(agent)
        elif call.connected:
            agent_goes_on = self.parted(call, by)
            self.clear(call, outcome)
            agent_goes_on()
        else:
            self.clear(call, outcome)

    # --- call-backs -------------------------------------------------------------------------

    def book_callback(self, command: c.BookCallback) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        if not re.fullmatch(r"[0-9*#+]{1,32}", command.number):
            return Refusal.BAD_VALUE
        if not call.in_line or call.callback or call.transfer_id:
            return Refusal.CALL_STATE
        call.callback = command.number
        self.out.append(
            e.CallbackBooked(call.call_id, call.request_no, call.queue_id, command.number)
        )
        return None

    def cancel_callback(self, command: c.CancelCallback) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        if not call.callback or not call.in_line:
            return Refusal.CALL_STATE
        self.callback_ends(call, e.CallOutcome.CALLBACK_CANCELLED)
        return None

    def callback_ends(self, call: Call, outcome: e.CallOutcome) -> None:
        self.clear(call, outcome)

    def customer_not_reached(self, call: Call) -> None:
        """Try again after a while, as often as the queue says."""
        queue = self.world.queue(call.queue_id)
        call.attempts += 1
        if call.attempts >= queue.callback_attempts:
            self.callback_ends(call, e.CallOutcome.CALLBACK_FAILED)
            return
        call.paused = True
        self.line_up(call, "customerUnreachable")
        due = self.now + queue.callback_retry_us
        self.world.set_deadline("call back", call.call_id, due)

    def callback_is_due(self, call_id: str) -> None:
        call = self.world.call(call_id)
        call.paused = False
        self.look_at_clock(call)
        self.mind_reserve(call.queue_id)
