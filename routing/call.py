"""A call: one customer contact, from its arrival in a queue until it is over.

The states:

* `waiting`: in line. It stands in exactly one band of exactly one pool (`routing.index.pool`).
* `outOfSight`: in line, but we do not hear its Asterisk, so nobody is offered it.
* `offered`: one agent is reserved for it; exactly one live offer names it.
* `talking`, `held`: it is with an agent.
* `released`: no agent has it, the caller's channel lives on (survey, parking, with an outsider)
  until it hangs up, or an agent talks to it.

A call that ends is forgotten in the same command, so there is no state for it. First-queue time
never changes: it survives offers that fail, overflow and transfers, and with it the place among
those who wait. What a queue does as time goes by (steps, announcements, the longest wait) counts
from `asked_us` instead, when the present request began: who is transferred after a long talk has
not waited yet.

A consultation is a call too, with `consult_for` naming the customer's
(`routing.transfers.transfer`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from routing.ids import (
    NO_AGENT,
    NO_CALL,
    NO_LEG,
    NO_OFFER,
    NO_TRANSFER,
    AgentId,
    CallId,
    LegId,
    OfferId,
    PbxId,
    QueueId,
    TransferId,
)


class CallState(StrEnum):
    """Where a call is; see the essay above."""

    WAITING = "waiting"
    OUT_OF_SIGHT = "outOfSight"
    OFFERED = "offered"
    TALKING = "talking"
    HELD = "held"
    RELEASED = "released"


class CallTrigger(StrEnum):
    """What can happen to it. Ending is possible from every state and has no row."""

    OFFER = "offer"
    REQUEUE = "requeue"
    ESTABLISH = "establish"
    HOLD = "hold"
    RETRIEVE = "retrieve"
    AGENT_LEFT = "agentLeft"
    CHANGE_HANDS = "changeHands"  # another agent has the caller now
    TAKEN_UP = "takenUp"  # an agent talks to the caller whom we have sent no such caller
    LOSE_SIGHT = "loseSight"
    REGAIN_SIGHT = "regainSight"


CALL_TABLE: Final = {
    (CallState.WAITING, CallTrigger.OFFER): CallState.OFFERED,
    (CallState.WAITING, CallTrigger.LOSE_SIGHT): CallState.OUT_OF_SIGHT,
    (CallState.OUT_OF_SIGHT, CallTrigger.REGAIN_SIGHT): CallState.WAITING,
    (CallState.OFFERED, CallTrigger.REQUEUE): CallState.WAITING,
    (CallState.OFFERED, CallTrigger.ESTABLISH): CallState.TALKING,
    (CallState.TALKING, CallTrigger.HOLD): CallState.HELD,
    (CallState.TALKING, CallTrigger.REQUEUE): CallState.WAITING,
    (CallState.TALKING, CallTrigger.CHANGE_HANDS): CallState.TALKING,
    (CallState.TALKING, CallTrigger.AGENT_LEFT): CallState.RELEASED,
    (CallState.HELD, CallTrigger.RETRIEVE): CallState.TALKING,
    (CallState.HELD, CallTrigger.AGENT_LEFT): CallState.RELEASED,
    (CallState.WAITING, CallTrigger.TAKEN_UP): CallState.TALKING,
    (CallState.OUT_OF_SIGHT, CallTrigger.TAKEN_UP): CallState.TALKING,
    (CallState.OFFERED, CallTrigger.TAKEN_UP): CallState.TALKING,
    (CallState.RELEASED, CallTrigger.TAKEN_UP): CallState.TALKING,
}


@dataclass(slots=True, eq=False)
class Call:
    """The record of a live call. Times in microseconds since 1970; 0 where not yet.

    `band` belongs to the index (`routing.index.pool`), which alone knows what it is.
    """

    call_id: CallId
    number: int  # in order of arrival: the last tie-break
    queue_id: QueueId
    pbx: PbxId
    priority: int
    needs: str  # the caller's own, canonical
    first_queued_us: int
    caller: str
    preferred: AgentId
    own_priority: int  # what came with it; `priority` has the boosts in it
    tags: tuple[str, ...]
    rules: tuple[str, ...] = ()
    state: CallState = CallState.WAITING
    request_no: int = 1
    hops: int = 0
    step: int = 0
    offer_id: OfferId = NO_OFFER
    agent_id: AgentId = NO_AGENT
    offered_us: int = 0
    established_us: int = 0
    held_since_us: int = 0
    held_us: int = 0
    talked_us: int = 0
    waited_us: int = 0  # until the first conversation; 0 while waiting
    change_us: int = 0  # the wait after which the present deadline is due
    p50_us: int = -1  # the forecast made at arrival, until it is judged
    p90_us: int = -1
    training: bool = False
    callback: str = ""  # the number to call back; the customer has no channel
    attempts: int = 0
    paused_until_us: int = 0  # a call-back between two attempts
    asked_us: int = 0  # when the present request began
    requests: int = 1  # numbers given out; `request_no` is the present one's
    transfer_id: TransferId = NO_TRANSFER  # the live transfer that this call has part in
    consult_for: CallId = NO_CALL  # of a consultation: the customer's call
    wanted: AgentId = NO_AGENT  # nobody else will do, whatever the queue needs
    leg_id: LegId = NO_LEG  # the customer's channel, when it is not the one that the id names
    agent_leg: LegId = NO_LEG  # the agent's, while they talk
    released_by: str = ""  # who has ended the last conversation
    cause: int = 0  # why, Q.850
    caller_name: str = ""
    data: tuple[tuple[str, str], ...] = ()  # `routing.data`; of a consultation none: its customer's
    band: object | None = None  # index: where it stands in line


STORED: Final = (
    "call_id", "number", "queue_id", "pbx", "priority", "needs", "first_queued_us", "caller",
    "preferred", "own_priority", "tags", "rules", "state", "request_no", "hops", "step",
    "offer_id", "agent_id", "offered_us", "established_us", "held_since_us", "held_us",
    "talked_us", "waited_us", "change_us", "p50_us", "p90_us", "training", "callback", "attempts",
    "paused_until_us", "asked_us", "requests", "transfer_id", "consult_for", "wanted",
    "leg_id", "agent_leg", "released_by", "cause", "caller_name", "data",
)  # fmt: skip
"""The fields a snapshot keeps: all but the index entries."""
