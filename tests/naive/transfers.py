"""The transfers' part of the naive engine: asked for, seen, handed over, missed.

Written from `docs/transfers.md`, the essay of `routing.transfers.transfer`, the docstrings of the
messages and the scenarios. A consultation is a plain `Call`, so all that happens to it in line and
in conversation is what happens to any call.
"""

from collections.abc import Callable

from routing import events as e
from routing.commands import OfferOutcome
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import Connection, IfMissed, TransferCause, TransferKind
from tests.naive.choice import can_be_offered
from tests.naive.records import Agent, Call, Offer, Transfer
from tests.naive.transfer_start import TransferStart

MISSES = {
    OfferOutcome.NO_ANSWER: ("no_answer", TransferCause.RECALL_NO_ANSWER),
    OfferOutcome.BUSY: ("busy", TransferCause.RECALL_BUSY),
    OfferOutcome.REJECTED: ("busy", TransferCause.RECALL_BUSY),
}
NOT_THERE = ("not_ready", TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)
WAITS_FOR_A_REPORT = ("joining", "completing", "handedOver")


class Transfers(TransferStart):
    """What becomes of a transfer that has started."""

    def both(self, transfer: Transfer) -> tuple[Call, Call]:
        """The customer's call and the one that seeks; they may be the same."""
        return self.world.call(transfer.call_id), self.world.call(transfer.consult_id)

    # --- asked ------------------------------------------------------------------------------

    def cancel_transfer(self, command: t.CancelTransfer) -> Refusal | None:
        transfer = self.asked(command, "seeking", "consulting", "conferenced")
        if isinstance(transfer, Refusal):
            return transfer
        _, consult = self.both(transfer)
        self.out.append(t.TransferCancelled(*self.names(transfer, consult), command.by))
        self.transfer_is_over(transfer)
        self.leaves(
            consult,
            unanswered=e.CallOutcome.RECALLED,
            offer_ends=OfferOutcome.WITHDRAWN,
            by=e.ClearedBy.AGENT,
        )
        return None

    def complete_transfer(self, command: t.CompleteTransfer) -> Refusal | None:
        transfer = self.asked(command, "seeking", "consulting", "conferenced")
        if isinstance(transfer, Refusal):
            return transfer
        if transfer.state == "consulting":
            transfer.state = "completing"
            self.wait_for_report(transfer)
            self.say_completing(transfer, self.both(transfer)[1], command.by)
        else:
            self.sender_left(transfer)
        return None

    def join_transfer(self, command: t.JoinTransfer) -> Refusal | None:
        transfer = self.asked(command, "consulting")
        if isinstance(transfer, Refusal):
            return transfer
        transfer.state = "joining"
        self.wait_for_report(transfer)
        _, consult = self.both(transfer)
        names = self.names(transfer, consult)
        self.out.append(t.TransferJoining(*names, consult.call_id, consult.agent_id, command.by))
        return None

    def asked(self, command, *states: str) -> Transfer | Refusal:
        """Nothing can be asked while legs are being moved, or after the sender has let go."""
        transfer = self.world.transfer(command.transfer_id)
        if transfer is None:
            return Refusal.UNKNOWN_TRANSFER
        call, seeker = self.both(transfer)
        if call.pbx in self.world.lost:
            return Refusal.TELEPHONY_LOST
        offer = self.world.offer(seeker.offer_id) if seeker.state == "offered" else None
        picked_up = offer is not None and offer.state == "answered"
        if transfer.state not in states or call is seeker or picked_up:
            return Refusal.TRANSFER_STATE
        return transfer

    # --- seen -------------------------------------------------------------------------------

    def transfer_bridged(self, command: t.TransferBridged) -> Refusal | None:
        """Customer and target talk: the sender is out of it, whoever asked for what."""
        transfer = self.world.transfer(command.transfer_id)
        if transfer is None:
            return Refusal.UNKNOWN_TRANSFER
        if transfer.state in {"seeking", "recalling"}:
            return Refusal.TRANSFER_STATE
        if transfer.state == "handedOver":
            self.transfer_is_over(transfer)
            self.retrieve(self.world.call(transfer.call_id))
        else:
            self.bridged_without_sender(transfer)
        return None

    def transfer_conferenced(self, command: t.TransferConferenced) -> Refusal | None:
        transfer = self.world.transfer(command.transfer_id)
        if transfer is None:
            return Refusal.UNKNOWN_TRANSFER
        if transfer.state == "handedOver":  # two of the three are left
            return self.transfer_bridged(t.TransferBridged(transfer.transfer_id))
        if transfer.state not in {"consulting", "joining", "completing"}:
            return Refusal.TRANSFER_STATE
        transfer.state = "conferenced"
        self.world.drop_deadline("transfer", transfer.transfer_id)
        call, consult = self.both(transfer)
        self.retrieve(call)
        names = self.names(transfer, consult)
        self.out.append(t.CallConferenced(*names, consult.call_id, consult.agent_id))
        return None

    def target_answered(self, offer: Offer) -> None:
        seeker = self.world.call(offer.call_id)
        transfer = self.world.transfer(seeker.transfer_id)
        if transfer.call_id == transfer.consult_id:
            self.transfer_is_over(transfer)
            self.establish(offer)
        elif transfer.kind is TransferKind.BLIND:
            sender_goes_on = self.hand_over(transfer, Connection.CONNECTED)
            self.transfer_is_over(transfer)
            self.establish(offer)
            sender_goes_on()
        else:
            self.establish(offer)
            transfer.state = "consulting"
            self.world.drop_deadline("transfer", transfer.transfer_id)
            call = self.world.call(transfer.call_id)
            if call.state == "talking":
                self.hold(call)

    # --- the customer changes hands ---------------------------------------------------------

    def hand_over(self, transfer: Transfer, connection: Connection) -> Callable[[], None]:
        """The customer takes the place of the consultation, whatever that is. What is returned is
        to be called at last: the sender goes on working.
        """
        world = self.world
        call, consult = self.both(transfer)
        sender_goes_on = self.parted(call, e.ClearedBy.TRANSFER)
        target = world.agent(consult.agent_id)  # "" in line
        leg_id = consult.agent_leg
        if consult.connected:
            self.end_conversation(consult, e.ClearedBy.TRANSFER)
        self.say_transferred(transfer, consult, target, connection)
        for what in ("request_no", "asked_us", "queue_id", "wanted", "hops", "boosts"):
            setattr(call, what, getattr(consult, what))
        call.preferred = call.callback = ""
        was, consult.state = consult.state, "entering"
        if was in {"talking", "held"}:
            call.state, call.agent_id, target.call_id = "talking", target.agent_id, call.call_id
            call.established_us, call.held_us = self.now, 0
            call.agent_leg = leg_id
            self.show(target)
        elif was == "offered":
            call.state, call.agent_id, call.offer_id = "offered", target.agent_id, consult.offer_id
            world.offer(call.offer_id).call_id = target.call_id = call.call_id
            target.shown_as = self.seen_of(target)  # what was told of it just now is enough
        else:
            self.line_up(call, "transfer")
        transfer.consult_id = call.call_id
        if connection is Connection.HOLD:
            self.hold(call)
        self.clear(consult, e.CallOutcome.TRANSFERRED)
        return sender_goes_on

    def bridged_without_sender(self, transfer: Transfer) -> None:
        sender_goes_on = self.hand_over(transfer, Connection.CONNECTED)
        self.transfer_is_over(transfer)
        sender_goes_on()

    def sender_left(self, transfer: Transfer) -> None:
        """… or let go, which comes to the same."""
        _, consult = self.both(transfer)
        if transfer.state == "conferenced":
            self.bridged_without_sender(transfer)
        elif transfer.state == "seeking":
            ringing = consult.state == "offered"
            connection = Connection.ALERTING if ringing else Connection.QUEUED
            sender_goes_on = self.hand_over(transfer, connection)
            if consult.wanted:
                transfer.kind = TransferKind.SINGLE_STEP
            else:
                self.transfer_is_over(transfer)  # an ordinary call of that queue
            sender_goes_on()
        else:
            target, was_asked_for = consult.agent_id, transfer.state == "completing"
            sender_goes_on = self.hand_over(transfer, Connection.HOLD)
            transfer.state = "handedOver"
            self.wait_for_report(transfer)
            if not was_asked_for:
                consult.agent_id = target
                self.say_completing(transfer, consult)
            sender_goes_on()

    def leaves_transfer(self, call: Call, agent_id: str) -> Refusal | None:
        """One of the two agents, whichever call was named."""
        transfer = self.world.transfer(call.transfer_id)
        call, consult = self.both(transfer)
        if call.connected and call.agent_id == agent_id:
            if transfer.state == "handedOver":
                cause = TransferCause.NORMAL_CLEARING
                self.never_came_together(transfer, e.ClearedBy.AGENT, cause)
            else:
                self.sender_left(transfer)
        elif consult.connected and consult.agent_id == agent_id:
            self.say_failed(transfer, TransferCause.NORMAL_CLEARING)
            self.transfer_is_over(transfer)
            self.leaves(
                consult,
                unanswered=e.CallOutcome.ANSWERED,
                offer_ends=OfferOutcome.WITHDRAWN,
                by=e.ClearedBy.AGENT,
            )
        else:
            return Refusal.CALL_STATE
        return None

    def never_came_together(self, transfer: Transfer, by, cause: TransferCause) -> None:
        """Customer and target are not together: the customer is in line again."""
        call = self.world.call(transfer.call_id)
        self.say_failed(transfer, cause)
        self.transfer_is_over(transfer)
        target_goes_on = self.parted(call, by)
        self.asks_for(call, call.queue_id)
        self.line_up(call, cause)
        target_goes_on()

    def ends_transfer(self, call: Call, *, unanswered, offer_ends, by) -> None:
        """The customer is gone."""
        transfer = self.world.transfer(call.transfer_id)
        _, consult = self.both(transfer)
        lost = unanswered is e.CallOutcome.LOST
        if transfer.state != "recalling":
            dead, gone = TransferCause.SWITCHING_FUNCTION_TERMINATED, TransferCause.CALL_CANCELLED
            self.say_failed(transfer, dead if lost else gone)
        self.transfer_is_over(transfer)
        if consult is not call:
            self.leaves(consult, unanswered=unanswered, offer_ends=offer_ends, by=by)

    # --- no target can be had -------------------------------------------------------------------

    def target_missed(self, seeker: Call, outcome: OfferOutcome) -> None:
        transfer = self.world.transfer(seeker.transfer_id)
        rule, cause = MISSES.get(outcome, NOT_THERE)
        if transfer.state == "recalling":
            self.goes_home(transfer, cause)
        elif seeker.wanted:
            self.by_policy(transfer, rule, cause, outcome.value)
        elif self.now < transfer.until_us:
            self.line_up(seeker, outcome.value)
        else:
            self.recall(transfer, cause)

    def by_policy(self, transfer: Transfer, rule: str, cause: TransferCause, why: str) -> None:
        answer = getattr(transfer.policy, rule)
        seeker = self.world.call(transfer.consult_id)
        to_queue = transfer.policy.overflow_to
        aim = self.aim_at_queue(to_queue, transfer.sender)
        if answer is IfMissed.QUEUE_TO_AGENT and self.now < transfer.until_us:
            self.line_up(seeker, why)
        elif answer is IfMissed.OVERFLOW and not isinstance(aim, Refusal):
            self.say_diverted(seeker, to_queue, cause)
            if seeker.consult_for:
                self.sought_for(transfer, transfer.policy.wait_us)
            else:
                self.transfer_is_over(transfer)
            self.asks_for(seeker, to_queue)
            self.line_up(seeker, cause)
        else:
            self.recall(transfer, cause)

    def recall(self, transfer: Transfer, cause: TransferCause) -> None:
        """The sender has the customer, or, when ready for calls, is to take the customer back."""
        seeker = self.world.call(transfer.consult_id)
        self.say_failed(transfer, cause)
        sender = self.world.agent(transfer.sender)
        if seeker.consult_for:
            self.transfer_is_over(transfer)
            self.clear(seeker, e.CallOutcome.RECALLED)
        elif sender and sender.status == "ready" and self.world.can_call(seeker.pbx, sender.device):
            self.say_diverted(seeker, seeker.queue_id, cause)
            transfer.state = "recalling"
            self.sought_for(transfer, transfer.policy.recall_us)
            self.asks_for(seeker, seeker.queue_id, transfer.sender)
            self.line_up(seeker, cause)
        else:
            self.goes_home(transfer, cause)

    def goes_home(self, transfer: Transfer, cause: TransferCause) -> None:
        """To the line that the call came from."""
        call = self.world.call(transfer.call_id)
        self.say_diverted(call, call.queue_id, cause)
        self.transfer_is_over(transfer)
        self.asks_for(call, call.queue_id)
        self.line_up(call, cause)

    def nobody_found(self, consult: Call) -> None:
        transfer = self.world.transfer(consult.transfer_id)
        self.recall(transfer, TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)

    def nobody_waits_for(self, agent: Agent) -> None:
        for transfer in list(self.world.transfers):
            seeker = self.world.call(transfer.consult_id)
            if seeker.wanted == agent.agent_id and can_be_offered(self.world, seeker):
                seeker.state = "entering"
                if transfer.state == "recalling":
                    self.goes_home(transfer, TransferCause.RECALL_RESOURCES_NOT_AVAILABLE)
                else:
                    self.by_policy(transfer, *NOT_THERE, "agentLoggedOff")

    # --- time -------------------------------------------------------------------------------

    def wait_for_report(self, transfer: Transfer) -> None:
        self.transfer_due(transfer, self.now + self.world.config.limits.bridge_timeout_us)

    def transfer_is_late(self, transfer_id: int) -> None:
        transfer = self.world.transfer(transfer_id)
        if transfer.state == "handedOver":
            self.never_came_together(transfer, e.ClearedBy.SYSTEM, TransferCause.TIMEOUT)
        elif transfer.state in WAITS_FOR_A_REPORT:
            transfer.state = "consulting"
            self.say_failed(transfer, TransferCause.TIMEOUT, consulting=True)
        else:
            self.sought_long_enough(transfer)

    def sought_long_enough(self, transfer: Transfer) -> None:
        """A phone that rings is not interrupted."""
        seeker = self.world.call(transfer.consult_id)
        if seeker.state == "offered":
            return
        seeker.state = "entering"
        self.world.drop_deadline("something changes", seeker.call_id)
        target = self.world.agent(seeker.wanted)
        busy = target is not None and target.work in {"reserved", "busy"}
        none = TransferCause.RECALL_RESOURCES_NOT_AVAILABLE
        cause = TransferCause.RECALL_BUSY if busy else none
        if transfer.state == "recalling":
            self.goes_home(transfer, cause)
        else:
            self.recall(transfer, cause)

    def transfer_waits_again(self, transfer: Transfer) -> None:
        """We hear its Asterisk again: the full time for what it waits for."""
        if transfer.state in WAITS_FOR_A_REPORT:
            self.wait_for_report(transfer)
        elif transfer.state == "seeking":
            self.sought_for(transfer, transfer.policy.wait_us)
        elif transfer.state == "recalling":
            self.sought_for(transfer, transfer.policy.recall_us)
