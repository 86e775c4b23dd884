"""Why a phone was not answered: Asterisk's two words for it, and ours. Pure.

Asterisk tells it twice, both times in a `DialStatus` and a Q.850 cause: over AMI (`DialEnd`, then
the `Hangup` of the agent's leg) and in the dialplan (`DIALSTATUS`, `HANGUPCAUSE`). Neither word is
enough alone: a rejected call is `NOANSWER` like one that rang out, and only its cause tells.
"""

from typing import Final

from routing.commands import OfferOutcome

# Q.850 causes that decide whatever the status says (include/asterisk/causes.h)
_BY_CAUSE: Final = {
    17: OfferOutcome.BUSY,  # user busy: SIP 486, 600
    21: OfferOutcome.REJECTED,  # call rejected: SIP 603, also 401 and 403
}
_BY_STATUS: Final = {
    "": OfferOutcome.NO_ANSWER,  # its DialEnd was lost; the cause has said nothing either
    "NOANSWER": OfferOutcome.NO_ANSWER,
    "BUSY": OfferOutcome.BUSY,
    "CHANUNAVAIL": OfferOutcome.UNREACHABLE,
    "CONGESTION": OfferOutcome.UNREACHABLE,
}
# Where the status is missing or says no more than "not answered"
_UNREACHABLE_CAUSES: Final = frozenset({1, 3, 20, 22, 27, 34, 38, 41, 42, 44})


def failed_outcome(status: str, cause: int) -> OfferOutcome | None:
    """How the offer failed, or None when this is not for the phone to say.

    `CANCEL` is no outcome: the Dial was cut short because the caller hung up, or by an order of
    ours. The caller's own Hangup, or the order, tells which. What Asterisk says of a Dial that it
    could not begin (`INVALIDARGS` and the like) is no fault of the phone: undelivered.
    """
    if status in ("CANCEL", "ANSWER"):
        return None
    by_cause = _BY_CAUSE.get(cause)
    if by_cause is not None:
        return by_cause
    if status in ("", "NOANSWER") and cause in _UNREACHABLE_CAUSES:
        return OfferOutcome.UNREACHABLE
    return _BY_STATUS.get(status, OfferOutcome.UNDELIVERED)
