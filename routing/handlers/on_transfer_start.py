"""The command that starts a transfer: may it, whom to seek, and which call stands in line."""

from typing import Final, NamedTuple

from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import CALL_TABLE, Call, CallTrigger
from routing.core import Core
from routing.events import ClearedBy
from routing.ids import NO_AGENT, AgentId, PbxId, QueueId, TransferId, consultation_id
from routing.index.selection import apply_boosts
from routing.machine import advance
from routing.refusals import Refusal
from routing.transfers.messages import Connection, IfMissed, StartTransfer, TransferKind
from routing.transfers.seeking import next_request, readdress, seek, wait_in_line, why_no_queue
from routing.transfers.telling import end_transfer, tell_started, tell_transferred
from routing.transfers.transfer import Transfer
from routing.verbs.agents import after_work
from routing.verbs.allowed import why_not_start
from routing.verbs.conversation import clear_connection

MAX_WAIT_US: Final = 3_600_000_000
"""An hour: nobody is sought for longer."""


class _Aim(NamedTuple):
    """Whom to seek: anybody of this queue, or one agent on behalf of it."""

    queue_id: QueueId
    wanted: AgentId


def start_transfer(core: Core, command: StartTransfer) -> None:
    """An agent hands a customer on."""
    aim = _aim(core, command)
    if isinstance(aim, Refusal):
        core.refuse(command, command.call_id, aim)
    elif command.kind is TransferKind.SINGLE_STEP:
        _single_step(core, command, aim)
    else:
        _consult(core, command, aim)


def _consult(core: Core, command: StartTransfer, aim: _Aim) -> None:
    """The sender keeps the customer; a second call looks for the target."""
    call = core.calls[command.call_id]
    consult = _second_call(core, call, aim)
    apply_boosts(core.config.boosts, consult)
    core.calls[consult.call_id] = consult
    transfer = _begin(core, command, call, consult)
    tell_started(core, transfer, consult.request_no, *aim, by=command.by)
    wait_in_line(core, transfer, command.policy.wait_us)
    seek(core, consult, command.kind)


def _second_call(core: Core, call: Call, aim: _Aim) -> Call:
    """It stands where the customer would: same first-queue time, priority and arrival number."""
    request_no = next_request(core, call)
    return Call(
        call_id=consultation_id(call.call_id, request_no),
        number=call.number,
        queue_id=aim.queue_id,
        pbx=call.pbx,
        priority=call.priority,
        needs=call.needs,
        first_queued_us=call.first_queued_us,
        caller=call.caller,
        preferred=NO_AGENT,
        own_priority=call.own_priority,
        tags=call.tags,
        request_no=request_no,
        training=call.training,
        asked_us=core.now_us,
        consult_for=call.call_id,
        wanted=aim.wanted,
        caller_name=call.caller_name,
    )


def _single_step(core: Core, command: StartTransfer, aim: _Aim) -> None:
    """The sender is released at once, and the customer is in line for the target."""
    call = core.calls[command.call_id]
    transfer = _begin(core, command, call, call)
    tell_started(core, transfer, call.requests + 1, *aim, by=command.by)
    sender = clear_connection(core, call, ClearedBy.TRANSFER)
    call.state = advance(CALL_TABLE, call.state, CallTrigger.REQUEUE)
    call.callback = ""  # the customer was reached
    readdress(core, call, aim.queue_id, aim.wanted)
    tell_transferred(core, transfer, call, NO_AGENT, Connection.QUEUED)
    if aim.wanted:
        wait_in_line(core, transfer, command.policy.wait_us)
    else:
        end_transfer(core, transfer)
    seek(core, call, command.kind)
    after_work(core, sender)


def _begin(core: Core, command: StartTransfer, call: Call, seeker: Call) -> Transfer:
    core.last_transfer += 1
    transfer = Transfer(
        transfer_id=TransferId(core.last_transfer),
        call_id=call.call_id,
        consult_id=seeker.call_id,
        initiator=command.initiator,
        kind=command.kind,
        policy=command.policy,
    )
    core.transfers[transfer.transfer_id] = transfer
    call.transfer_id = seeker.transfer_id = transfer.transfer_id
    return transfer


# --- may it start? ------------------------------------------------------------------------------


def _aim(core: Core, command: StartTransfer) -> _Aim | Refusal:
    """Whom to seek, or why the sender keeps the customer."""
    call = core.calls.get(command.call_id)
    if call is None:
        return Refusal.UNKNOWN_CALL
    why_not = (
        why_not_start(core, call, command.initiator)
        or _why_not_so(core, command)
        or _why_no_room(core, command, call)
    )
    if why_not is not None:
        return why_not
    if command.to_agent:
        return _at_agent(core, command, call)
    return _at_queue(core, command, command.to_queue)


def _why_not_so(core: Core, command: StartTransfer) -> Refusal | None:
    policy = command.policy
    if bool(command.to_queue) == bool(command.to_agent):
        return Refusal.BAD_VALUE
    if not (0 < policy.wait_us <= MAX_WAIT_US and 0 < policy.recall_us <= MAX_WAIT_US):
        return Refusal.BAD_VALUE
    rules = (policy.busy, policy.no_answer, policy.not_ready)
    if IfMissed.OVERFLOW in rules and policy.overflow_to not in core.queues:
        return Refusal.UNKNOWN_QUEUE
    return None


def _why_no_room(core: Core, command: StartTransfer, call: Call) -> Refusal | None:
    limits = core.limits
    if command.kind is not TransferKind.SINGLE_STEP and len(core.calls) >= limits.calls:
        return Refusal.TOO_MANY_CALLS
    if (command.to_agent or call.needs) and core.pools.in_use >= limits.needs:
        return Refusal.TOO_MANY_NEEDS
    return None


def _at_queue(core: Core, command: StartTransfer, queue_id: QueueId) -> _Aim | Refusal:
    queue = core.queues.get(queue_id)
    if queue is None:
        return Refusal.UNKNOWN_QUEUE
    return why_no_queue(queue, command.initiator) or _Aim(queue_id, NO_AGENT)


def _at_agent(core: Core, command: StartTransfer, call: Call) -> _Aim | Refusal:
    agent = core.agents.get(command.to_agent)
    if agent is None:
        return Refusal.UNKNOWN_AGENT
    never = _why_never(command, call, agent)
    if never is not None:
        return never
    if not agent.can_take(call.pbx):
        rule, refusal = _why_not_free(agent, call.pbx)
        answer: IfMissed = getattr(command.policy, rule)
        if answer is IfMissed.RECALL:
            return refusal
        if answer is IfMissed.OVERFLOW:
            return _at_queue(core, command, command.policy.overflow_to)
    return _Aim(call.queue_id, agent.agent_id)


def _why_never(command: StartTransfer, call: Call, agent: Agent) -> Refusal | None:
    """What no policy can help."""
    if agent.agent_id == command.initiator:
        return Refusal.OWN_ID
    if agent.status is AgentStatus.LOGGED_OFF:
        return Refusal.NOT_LOGGED_ON
    return Refusal.TRAINING_SEAT if agent.spec.training is not call.training else None


def _why_not_free(agent: Agent, pbx: PbxId) -> tuple[str, Refusal]:
    """The rule of the policy that covers it, and what to say when that is a recall."""
    if agent.work in (AgentWork.BUSY, AgentWork.RESERVED):
        return "busy", Refusal.AGENT_BUSY
    if not agent.phone.is_reachable or pbx in agent.phone.barred:
        return "not_ready", Refusal.AGENT_UNREACHABLE
    return "not_ready", Refusal.AGENT_NOT_READY
