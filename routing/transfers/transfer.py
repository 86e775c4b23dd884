"""A transfer: one agent, the sender, hands a customer on to a target.

A consultation is a call of its own, as in CSTA: a second `Call` with the id `{contact}~{request}`
that stands in line for the target. It has the customer's first-queue time, priority and arrival
number, so it stands where the customer would; pools, offers, deadlines and decision records treat
it like any other. It exists exactly as long as somebody is consulted or sought on the customer's
behalf; where the customer's own call is in line (`consult_id` is `call_id`) there is none.

The customer is never without an owner. Whoever leaves, there is one rule: **the customer takes the
place of the consultation, whatever that is** (`routing.transfers.handover`): in line, ringing, or
talking. And when the target is lost instead, the sender has the customer as before.

The states, and who has the customer:

* `seeking`: the target is looked for, or the target's phone rings. The sender has the customer. In
  a single-step transfer the sender has left and the customer's own call is in line.
* `consulting`: sender and target talk, the customer is on hold. The sender has the customer.
* `joining`: asked to let all three talk; not seen yet.
* `conferenced`: all three are in one bridge. The sender has the customer.
* `completing`: asked to bridge customer and target; not seen yet. The sender still has the
  customer, and goes on talking to the target when it is not seen in time.
* `handedOver`: the sender left while consulting; the target has the customer, who is on hold until
  both are seen in one bridge. When that is not seen in time the customer goes back in line.
* `recalling`: the target of a single-step transfer could not be had; the customer waits for the
  sender, for a bounded time.

A wish is not a fact: `joining`, `completing` and `handedOver` wait for what Asterisk reports, each
with a deadline. Meanwhile the legs are being moved, so nothing else may be asked; the same holds
from the moment the target's phone has picked up. A report that comes late, after its deadline, is
still a fact and moves the transfer on. A transfer that is over is forgotten in the same command.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from routing.ids import AgentId, CallId, TransferId
from routing.transfers.messages import TransferKind, TransferPolicy


class TransferState(StrEnum):
    """How far it got; see the essay above."""

    SEEKING = "seeking"
    CONSULTING = "consulting"
    JOINING = "joining"
    CONFERENCED = "conferenced"
    COMPLETING = "completing"
    HANDED_OVER = "handedOver"
    RECALLING = "recalling"


class TransferTrigger(StrEnum):
    """What brings it on. Ending is possible from every state and has no row."""

    TARGET_TALKS = "targetTalks"
    JOIN = "join"
    COMPLETE = "complete"
    CONFERENCE = "conference"  # all three were seen in one bridge
    NOT_SEEN = "notSeen"
    SENDER_LEFT = "senderLeft"
    RECALL = "recall"


TRANSFER_TABLE: Final = {
    (TransferState.SEEKING, TransferTrigger.TARGET_TALKS): TransferState.CONSULTING,
    (TransferState.SEEKING, TransferTrigger.SENDER_LEFT): TransferState.SEEKING,
    (TransferState.SEEKING, TransferTrigger.RECALL): TransferState.RECALLING,
    (TransferState.CONSULTING, TransferTrigger.JOIN): TransferState.JOINING,
    (TransferState.CONSULTING, TransferTrigger.COMPLETE): TransferState.COMPLETING,
    (TransferState.CONSULTING, TransferTrigger.CONFERENCE): TransferState.CONFERENCED,
    (TransferState.CONSULTING, TransferTrigger.SENDER_LEFT): TransferState.HANDED_OVER,
    (TransferState.JOINING, TransferTrigger.CONFERENCE): TransferState.CONFERENCED,
    (TransferState.JOINING, TransferTrigger.NOT_SEEN): TransferState.CONSULTING,
    (TransferState.JOINING, TransferTrigger.SENDER_LEFT): TransferState.HANDED_OVER,
    (TransferState.COMPLETING, TransferTrigger.CONFERENCE): TransferState.CONFERENCED,
    (TransferState.COMPLETING, TransferTrigger.NOT_SEEN): TransferState.CONSULTING,
    (TransferState.COMPLETING, TransferTrigger.SENDER_LEFT): TransferState.HANDED_OVER,
}

WAITING_FOR_REPORT: Final = (
    TransferState.JOINING,
    TransferState.COMPLETING,
    TransferState.HANDED_OVER,
)
"""Asterisk is to move legs, and its report is waited for."""

WAITING_IN_LINE: Final = (TransferState.SEEKING, TransferState.RECALLING)
"""Somebody stands in line, up to `until_us`. Who is being offered then is not interrupted."""


@dataclass(slots=True, eq=False)
class Transfer:
    """The record of a live transfer."""

    transfer_id: TransferId
    call_id: CallId  # the customer's
    consult_id: CallId  # the call that stands in line: the consultation, or the customer's own
    initiator: AgentId
    kind: TransferKind
    policy: TransferPolicy
    state: TransferState = TransferState.SEEKING
    until_us: int = 0  # how long somebody is sought

    @property
    def has_consultation(self) -> bool:
        """Is there a second call?"""
        return self.consult_id != self.call_id


STORED: Final = (
    "transfer_id", "call_id", "consult_id", "initiator", "kind", "policy", "state", "until_us",
)  # fmt: skip
