"""Why a command changed nothing: stable codes, part of the API."""

from enum import StrEnum


class Refusal(StrEnum):
    """One code a reason. Never renamed, only added to."""

    UNKNOWN_CALL = "unknownCall"
    CALL_EXISTS = "callExists"
    CALL_STATE = "callState"  # the call is not in a state in which this can happen
    UNKNOWN_QUEUE = "unknownQueue"
    UNKNOWN_AGENT = "unknownAgent"
    NOT_LOGGED_ON = "notLoggedOn"
    ALREADY_LOGGED_ON = "alreadyLoggedOn"
    DEVICE_IN_USE = "deviceInUse"
    UNKNOWN_DEVICE = "unknownDevice"  # no Asterisk has it, or it is no agent's
    REASON_REQUIRED = "reasonRequired"
    UNKNOWN_REASON = "unknownReason"
    AGENT_STATE = "agentState"
    OFFER_CLOSED = "offerClosed"
    OFFER_STATE = "offerState"  # the offer is already further than that
    BAD_NEEDS = "badNeeds"
    TOO_MANY_CALLS = "tooManyCalls"
    TOO_MANY_NEEDS = "tooManyNeeds"
    UNKNOWN_GROUP = "unknownGroup"
    UNKNOWN_MODE = "unknownMode"
    NO_PREVIOUS_CONFIG = "noPreviousConfig"
    BAD_CONFIG = "badConfig"
    BAD_VALUE = "badValue"
    UNKNOWN_TRANSFER = "unknownTransfer"
    TRANSFER_EXISTS = "transferExists"  # one at a time
    TRANSFER_STATE = "transferState"  # not now: it is not so far, or legs are being moved
    NOT_YOUR_CALL = "notYourCall"
    OWN_ID = "ownId"
    AGENT_BUSY = "agentBusy"
    AGENT_NOT_READY = "agentNotReady"
    AGENT_UNREACHABLE = "agentUnreachable"
    TRAINING_SEAT = "trainingSeat"  # practice calls and customers never meet
    QUEUE_CLOSED = "queueClosed"
    QUEUE_FULL = "queueFull"
    NOBODY_SIGNED_IN = "nobodySignedIn"
    TELEPHONY_LOST = "telephonyLost"
    UNKNOWN_DATA = "unknownData"  # the configuration lists no such name
