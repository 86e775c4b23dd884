"""The first command of a transfer in the naive engine, and what all of its steps have to say."""

from routing import events as e
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import Connection, IfMissed, TransferCause, TransferKind
from tests.naive.calls import Calls
from tests.naive.choice import boosts, offerable
from tests.naive.records import Agent, Call, Transfer

HOUR_US = 3_600_000_000


class TransferStart(Calls):
    """May the sender, and who is the target?"""

    def start_transfer(self, command: t.StartTransfer) -> Refusal | None:
        refusal = self.why_not(command)
        if refusal:
            return refusal
        aim = self.aim(command)
        if isinstance(aim, Refusal):
            return aim
        queue_id, wanted = aim
        world, call = self.world, self.world.call(command.call_id)
        single = command.kind is TransferKind.SINGLE_STEP
        number = call.requests + 1
        seeker = call if single else self.consultation(call, number, queue_id, wanted)
        transfer = Transfer(
            world.next_number("transfer"),
            call.call_id,
            seeker.call_id,
            command.initiator,
            command.kind,
            command.policy,
        )
        world.transfers.append(transfer)
        call.transfer_id = seeker.transfer_id = transfer.transfer_id
        self.out.append(
            t.TransferStarted(
                transfer_id=transfer.transfer_id,
                call_id=call.call_id,
                request_no=number,
                queue_id=queue_id,
                agent_id=command.initiator,
                kind=command.kind,
                consult_id="" if single else seeker.call_id,
                to_agent=wanted,
                by=command.by,
            )
        )
        if single:
            self.single_step(transfer, queue_id, wanted)
        else:
            self.sought_for(transfer, command.policy.wait_us)
            self.line_up(seeker, command.kind)
        return None

    def consultation(self, call: Call, number: int, queue_id: str, wanted: str) -> Call:
        """A second call, where the customer would stand."""
        call.requests = number
        consult = Call(
            call_id=f"{call.call_id}~{number}",
            number=call.number,
            queue_id=queue_id,
            pbx=call.pbx,
            priority=call.priority,
            needs=call.needs,
            first_queued_us=call.first_queued_us,
            caller=call.caller,
            preferred="",
            tags=call.tags,
            training=call.training,
            request_no=number,
            asked_us=self.now,
            consult_for=call.call_id,
            wanted=wanted,
            caller_name=call.caller_name,
        )
        consult.boosts = boosts(self.world, consult)
        self.world.calls.append(consult)
        return consult

    def single_step(self, transfer: Transfer, queue_id: str, wanted: str) -> None:
        """The sender is released at once; whoever is to be had of a queue is its ordinary call."""
        call = self.world.call(transfer.call_id)
        sender_goes_on = self.parted(call, e.ClearedBy.TRANSFER)
        call.callback = ""
        self.asks_for(call, queue_id, wanted)
        self.say_transferred(transfer, call, None, Connection.QUEUED)
        if wanted:
            self.sought_for(transfer, transfer.policy.wait_us)
        else:
            self.transfer_is_over(transfer)
        self.line_up(call, transfer.kind)
        sender_goes_on()

    # --- may it be? ----------------------------------------------------------------------------

    def why_not(self, command: t.StartTransfer) -> Refusal | None:
        world, policy = self.world, command.policy
        call = world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        single = command.kind is TransferKind.SINGLE_STEP
        overflows = IfMissed.OVERFLOW in {policy.busy, policy.no_answer, policy.not_ready}
        times = (policy.wait_us, policy.recall_us)
        reasons = [
            (Refusal.TRANSFER_EXISTS, call.transfer_id != 0),
            (Refusal.CALL_STATE, not call.connected),
            (Refusal.NOT_YOUR_CALL, call.agent_id != command.initiator),
            (Refusal.TELEPHONY_LOST, call.pbx in world.lost),
            (Refusal.BAD_VALUE, (command.to_queue == "") == (command.to_agent == "")),
            (Refusal.BAD_VALUE, any(not 0 < each <= HOUR_US for each in times)),
            (Refusal.UNKNOWN_QUEUE, overflows and world.queue(policy.overflow_to) is None),
            (Refusal.TOO_MANY_CALLS, not single and len(world.calls) >= world.config.limits.calls),
        ]
        return next((code for code, holds in reasons if holds), None)

    def aim(self, command: t.StartTransfer) -> tuple[str, str] | Refusal:
        """The queue to stand in and the one agent who will do, if it is one."""
        world, call = self.world, self.world.call(command.call_id)
        if command.to_queue:
            return self.aim_at_queue(command.to_queue, command.initiator)
        agent = world.agent(command.to_agent)
        reasons = [
            (Refusal.UNKNOWN_AGENT, world.spec(command.to_agent) is None),
            (Refusal.OWN_ID, command.to_agent == command.initiator),
            (Refusal.NOT_LOGGED_ON, agent is None),
            (Refusal.TRAINING_SEAT, agent and agent.spec.training != call.training),
        ]
        if refusal := next((code for code, holds in reasons if holds), None):
            return refusal
        answer, refusal = self.if_missed(command.policy, agent, call.pbx)
        if answer is IfMissed.OVERFLOW and refusal:
            return self.aim_at_queue(command.policy.overflow_to, command.initiator)
        if answer is IfMissed.RECALL and refusal:
            return refusal
        return call.queue_id, agent.agent_id

    def if_missed(
        self, policy: t.TransferPolicy, agent: Agent, pbx: str
    ) -> tuple[IfMissed, Refusal | None]:
        """What the policy says of why the target is not free; no refusal for a free one."""
        if agent.work in {"reserved", "busy"}:
            return policy.busy, Refusal.AGENT_BUSY
        if not self.world.can_call(pbx, agent.device):
            return policy.not_ready, Refusal.AGENT_UNREACHABLE
        free = offerable(self.world, agent)
        return policy.not_ready, None if free else Refusal.AGENT_NOT_READY

    def aim_at_queue(self, queue_id: str, sender: str) -> tuple[str, str] | Refusal:
        if self.world.queue(queue_id) is None:
            return Refusal.UNKNOWN_QUEUE
        return self.why_no_queue(queue_id, sender) or (queue_id, "")

    def why_no_queue(self, queue_id: str, sender: str) -> Refusal | None:
        """Closed, full, or nobody but the sender serves it."""
        queue = self.world.queue(queue_id)
        if queue_id in self.world.closed:
            return Refusal.QUEUE_CLOSED
        if len(self.line_of(queue_id)) >= queue.max_waiting:
            return Refusal.QUEUE_FULL
        if not self.is_served(queue, except_by=sender):
            return Refusal.NOBODY_SIGNED_IN
        return None

    # --- what every step has in common ------------------------------------------------------

    def asks_for(self, call: Call, queue_id: str, wanted: str = "") -> None:
        """A new request on behalf of the customer."""
        left = call.queue_id
        call.request_no = self.next_request(call)
        call.asked_us, call.queue_id, call.wanted = self.now, queue_id, wanted
        call.preferred = ""
        call.boosts = boosts(self.world, call)
        self.mind_reserve(left)

    def sought_for(self, transfer: Transfer, duration_us: int) -> None:
        transfer.until_us = self.now + duration_us
        self.transfer_due(transfer, transfer.until_us)

    def transfer_due(self, transfer: Transfer, due_us: int) -> None:
        """As long as we cannot hear its Asterisk, nothing is late."""
        if self.world.call(transfer.call_id).pbx not in self.world.lost:
            self.world.set_deadline("transfer", transfer.transfer_id, due_us)

    def transfer_is_over(self, transfer: Transfer) -> None:
        self.world.transfers.remove(transfer)
        self.world.drop_deadline("transfer", transfer.transfer_id)
        for call_id in (transfer.call_id, transfer.consult_id):
            self.world.call(call_id).transfer_id = 0
        self.world.call(transfer.call_id).wanted = ""

    # --- said -------------------------------------------------------------------------------

    def names(self, transfer: Transfer, seeker: Call) -> tuple[int, str, int, str, str]:
        """With what every event of a transfer begins."""
        request = (seeker.request_no, seeker.queue_id)
        return (transfer.transfer_id, transfer.call_id, *request, transfer.sender)

    def say_completing(self, transfer: Transfer, consult: Call, by: str = "") -> None:
        names = self.names(transfer, consult)
        self.out.append(t.TransferCompleting(*names, consult.call_id, consult.agent_id, by))

    def say_failed(
        self, transfer: Transfer, cause: TransferCause, *, consulting: bool = False
    ) -> None:
        names = self.names(transfer, self.world.call(transfer.consult_id))
        self.out.append(t.TransferFailed(*names, cause, consulting))

    def say_transferred(
        self, transfer: Transfer, seeker: Call, target: Agent | None, connection: Connection
    ) -> None:
        names = self.names(transfer, seeker)
        self.out.append(
            t.CallTransferred(
                *names,
                secondary_old_call=seeker.call_id,
                to_agent=target.agent_id if target else "",
                transferring_device=self.world.agent(transfer.sender).device,
                transferred_to_device=target.device if target else "",
                kind=transfer.kind,
                connection=connection,
            )
        )
