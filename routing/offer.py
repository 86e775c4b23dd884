"""An offer: one attempt to give one call to one agent, with a number that fences it.

`made`: the agent is reserved, and Asterisk has been asked to ring the phone. `ringing`: Asterisk
dials. `answered`: the phone picked up, the bridge is not yet reported. Then it ends as established,
or with one of the outcomes of `OfferOutcome`. Each state has a deadline (`routing.deadlines`), so
that an offer cannot hang, whatever Asterisk does. Asterisk may tell us of the bridge before the
answer or the ringing (reports cross), so establishing is possible from each state. An ended offer
is forgotten.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from routing.ids import NO_LEG, AgentId, CallId, LegId, OfferId, QueueId


class OfferState(StrEnum):
    """How far it got."""

    MADE = "made"
    RINGING = "ringing"
    ANSWERED = "answered"


class OfferTrigger(StrEnum):
    """What brings it on. Ending is possible from every state and has no row."""

    RING = "ring"
    ANSWER = "answer"


OFFER_TABLE: Final = {
    (OfferState.MADE, OfferTrigger.RING): OfferState.RINGING,
    (OfferState.MADE, OfferTrigger.ANSWER): OfferState.ANSWERED,
    (OfferState.RINGING, OfferTrigger.ANSWER): OfferState.ANSWERED,
}


@dataclass(slots=True, eq=False)
class Offer:
    """The record of a live offer."""

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    queue_id: QueueId
    made_us: int
    ringing_us: int = 0
    state: OfferState = OfferState.MADE
    leg_id: LegId = NO_LEG  # the channel of the phone


STORED: Final = (
    "offer_id", "call_id", "agent_id", "queue_id", "made_us", "ringing_us", "state", "leg_id",
)  # fmt: skip
