"""All that is said about transfers: what may be asked, what is observed, what comes of it.

Part of `routing.commands` and `routing.events`, which name these too; kept together since they are
read together. The words are CSTA's (ECMA-269): a consultation is a call of its own, the
`secondaryOldCall`; the customer's call is the `primaryOldCall` and, when the transfer is done, the
call that results. `routing.transfers.transfer` says how they hang together.

In every event `call_id` is the customer's call, `request_no` and `queue_id` are those of the new
request, and `agent_id` is the sender: the agent who transfers.
"""

from enum import StrEnum

import msgspec

from routing.config import SECOND_US
from routing.ids import NO_AGENT, AgentId, CallId, QueueId, TransferId
from routing.message import Message


class TransferKind(StrEnum):
    """How the customer is handed on."""

    SINGLE_STEP = "singleStep"  # the sender is released at once, the customer waits for the target
    BLIND = "blind"  # the sender keeps the customer until customer and target are bridged
    CONSULT = "consult"  # sender and target talk first, then it is completed, joined or cancelled


class IfMissed(StrEnum):
    """What to do when the agent asked for cannot be had."""

    RECALL = "recall"  # the sender keeps the customer, or is asked to take the customer back
    QUEUE_TO_AGENT = "queueToAgent"  # wait for that agent, up to a limit, then recall
    OVERFLOW = "overflow"  # to a queue


class TransferPolicy(msgspec.Struct, frozen=True):
    """What to do when the agent asked for is busy, does not answer, or is not ready.

    A group needs no such rules: a queue has its own ways to find somebody. `wait_us` is how long
    anybody is sought at all. After a single-step transfer the recalled customer waits for the
    sender for at most `recall_us`, and then in the queue that the call came from.
    """

    busy: IfMissed = IfMissed.RECALL
    no_answer: IfMissed = IfMissed.RECALL
    not_ready: IfMissed = IfMissed.RECALL
    overflow_to: QueueId = QueueId("")
    wait_us: int = 60 * SECOND_US
    recall_us: int = 30 * SECOND_US


class TransferCause(StrEnum):
    """Why a transfer failed (ECMA-269 17.18, the values that an ACD needs)."""

    RECALL_NO_ANSWER = "recallNoAnswer"
    RECALL_BUSY = "recallBusy"
    RECALL_RESOURCES_NOT_AVAILABLE = "recallResourcesNotAvailable"
    CALL_CANCELLED = "callCancelled"  # the customer hung up
    NORMAL_CLEARING = "normalClearing"  # the target hung up
    TIMEOUT = "timeout"  # what was asked for was not seen in time
    SWITCHING_FUNCTION_TERMINATED = "switchingFunctionTerminated"  # their Asterisk died


class Connection(StrEnum):
    """How the customer is connected after the transfer (CSTA local connection state)."""

    QUEUED = "queued"  # waits in line
    ALERTING = "alerting"  # the target's phone rings for the customer
    CONNECTED = "connected"  # customer and target are in one bridge
    HOLD = "hold"  # the target is on the line, not yet bridged with the customer


# --- asked --------------------------------------------------------------------------------------


class StartTransfer(Message, frozen=True):
    """Hand the customer on, to a queue or to an agent: exactly one of the two.

    Refused, and the sender keeps the customer, when the agent is unknown, signed out or the sender,
    or cannot be had at the moment and the policy says `recall`: each with a code of its own.
    """

    call_id: CallId
    initiator: AgentId
    kind: TransferKind
    to_queue: QueueId = QueueId("")
    to_agent: AgentId = NO_AGENT
    policy: TransferPolicy = TransferPolicy()
    by: str = ""  # who orders it; "" for the agents themselves


class CancelTransfer(Message, frozen=True):
    """The sender keeps the customer, or takes the customer back (CSTA `reconnectCall`)."""

    transfer_id: TransferId
    by: str = ""


class CompleteTransfer(Message, frozen=True):
    """Customer and target are to talk, the sender leaves (CSTA `transferCall`).

    While the target is still sought, the sender lets go at once and the customer waits for it.
    """

    transfer_id: TransferId
    by: str = ""


class JoinTransfer(Message, frozen=True):
    """After the consultation: all three talk (CSTA `conferenceCall`)."""

    transfer_id: TransferId
    by: str = ""


# --- observed -----------------------------------------------------------------------------------


class TransferBridged(Message, frozen=True):
    """Customer and target are in one bridge. Only this makes a consulted transfer complete."""

    transfer_id: TransferId


class TransferConferenced(Message, frozen=True):
    """Customer, sender and target are in one bridge."""

    transfer_id: TransferId


# --- what comes of it ---------------------------------------------------------------------------


class TransferStarted(Message, frozen=True):
    """A target is sought. What happens to `consult_id` is told as of any call, until it is cleared;
    a single-step transfer has none (""): the customer's own call stands in line.
    """

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    kind: TransferKind
    consult_id: CallId
    to_agent: AgentId  # "" when a group is sought
    by: str = ""


class TransferCompleting(Message, frozen=True):
    """Asterisk is to bridge customer and target now; `TransferBridged` is waited for."""

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    consult_id: CallId
    to_agent: AgentId
    by: str = ""


class TransferJoining(Message, frozen=True):
    """Asterisk is to bridge all three now; `TransferConferenced` is waited for."""

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    consult_id: CallId
    to_agent: AgentId
    by: str = ""


class CallConferenced(Message, frozen=True):
    """Customer, sender and target talk (CSTA `conferenced`)."""

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    secondary_old_call: CallId
    to_agent: AgentId


class CallTransferred(Message, frozen=True):
    """The customer has left the sender (CSTA `transferred`), whose leg may be hung up.

    `call_id` is CSTA's primaryOldCall and the call that results. From here on the customer stands
    where the consultation stood, as `connection` says; `to_agent` is "" while that is `queued`.
    """

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    secondary_old_call: CallId
    to_agent: AgentId
    transferring_device: str
    transferred_to_device: str
    kind: TransferKind
    connection: Connection


class TransferFailed(Message, frozen=True):
    """What the transfer was to reach was not reached.

    With `consulting` the two agents go on talking and may try again. Otherwise it is over: the
    sender has the customer, or, if the sender has left already, the customer's fate follows.
    """

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    cause: TransferCause
    consulting: bool


class TransferCancelled(Message, frozen=True):
    """The sender has the customer and nobody is sought any more."""

    transfer_id: TransferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    by: str = ""


TransferCommand = (
    StartTransfer
    | CancelTransfer
    | CompleteTransfer
    | JoinTransfer
    | TransferBridged
    | TransferConferenced
)

TransferEvent = (
    TransferStarted
    | TransferCompleting
    | TransferJoining
    | CallConferenced
    | CallTransferred
    | TransferFailed
    | TransferCancelled
)
