"""Why a phone was not answered: Asterisk's words for it, and ours. Pure.

Asterisk tells it twice: over AMI (`DialEnd`, then the `Hangup` of the agent's leg) and in the
dialplan (`DIALSTATUS`, `HANGUPCAUSE`, how long it rang). No word is enough alone. Measured on
22.10.1 (tests/asterisk/test_dial_outcomes.py), dialplan and AMI:

    rings, nobody picks up    NOANSWER 0, rang       NOANSWER 0, Ringing     noAnswer
    183 and never 180         NOANSWER 0, rang       NOANSWER 0, Down *      noAnswer
    dead: says nothing        NOANSWER 0             NOANSWER 0, Down        unreachable
    480                       NOANSWER 19            NOANSWER 19, Down       rejected
    404, no contact           CHANUNAVAIL 1, 3       NOANSWER 1, -           unreachable
    503                       CONGESTION 34          CONGESTION 34           unreachable
    486                       BUSY 17                BUSY 17                 busy
    302, which we ignore      BUSY 0                 BUSY 0 or 23            busy
    603, 403                  CHANUNAVAIL 21         NOANSWER 21             rejected
    caller gone, or Redirect  -                      CANCEL 16               (see below)

 *  `DialState` has said PROGRESS before: the phone made a sound of its own, so it is there.

480 at once is a phone that was reached and does not want to ring: RFC 3261, 21.4.18, names "do not
disturb". After ringing it is the phone's own patience, which is no answer.
"""

from typing import Final

from cti.gateway.channels import CallerChannel
from routing.commands import OfferOutcome

_USER_BUSY: Final = 17
_TEMPORARILY_UNAVAILABLE: Final = 19
_CALL_REJECTED: Final = 21
_NO_ANSWER: Final = (0, 16, 18, 19)
"""Q.850 causes (include/asterisk/causes.h) that leave open whether there was a phone at all."""


def failed_outcome(status: str, cause: int, *, rang: bool) -> OfferOutcome | None:
    """How the offer failed, or None when that is not for the phone to say.

    `status` is a DialStatus ("" when its report was lost), `cause` Q.850, `rang` whether the phone
    was heard to ring (180 or 183): an agent is not to blame for a phone that never did.

    `CANCEL` is no outcome: the Dial was cut short because the caller hung up, or by an order of
    ours. The caller's own Hangup, or the order, tells which. What Asterisk says of a Dial that it
    could not begin (`INVALIDARGS` and the like) is no fault of the phone: undelivered.
    """
    if status in ("CANCEL", "ANSWER"):
        return None
    if status == "BUSY" or cause == _USER_BUSY:
        return OfferOutcome.BUSY
    unanswered = status in ("NOANSWER", "")
    if unanswered and rang and cause in _NO_ANSWER:
        return OfferOutcome.NO_ANSWER
    if cause == _CALL_REJECTED or (unanswered and cause == _TEMPORARILY_UNAVAILABLE):
        return OfferOutcome.REJECTED
    if unanswered or status in ("CHANUNAVAIL", "CONGESTION"):
        return OfferOutcome.UNREACHABLE
    return OfferOutcome.UNDELIVERED


def how_it_failed(channel: CallerChannel) -> OfferOutcome:
    """What the question that nobody heard would have said."""
    outcome = None
    if channel.dial_status:
        outcome = failed_outcome(channel.dial_status, channel.cause, rang=channel.rang)
    return outcome or OfferOutcome.UNDELIVERED
