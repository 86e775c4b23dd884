"""What a field of a message may say, of the words that handlers compare with for each call.

Everybody imports them from where they are used: `routing.config`, `commands` and `events`.
They have a file of their own because the compiled core reads a member of an enumeration that is
compiled with it at no cost, and any other like a call (docs/decisions/0007).
"""

from enum import StrEnum


class Strategy(StrEnum):
    """How the best of several free agents is found. All are total orders."""

    LONGEST_IDLE = "longestIdle"
    LEAST_OCCUPIED = "leastOccupied"
    FEWEST_CALLS = "fewestCalls"
    BEST_SKILL = "bestSkill"
    LEAST_FLEXIBLE = "leastFlexible"
    ROUND_ROBIN = "roundRobin"
    WEIGHTED = "weighted"


class RequestedState(StrEnum):
    """What a person may ask for (CSTA `SetAgentState`, ECMA-269 22.1.15)."""

    READY = "ready"
    NOT_READY = "notReady"
    WORKING_AFTER_CALL = "workingAfterCall"


class OfferOutcome(StrEnum):
    """How an offer ended. The four ways a phone can fail are never mixed: each has its policy."""

    ESTABLISHED = "established"
    NO_ANSWER = "noAnswer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    CUSTOMER_UNREACHABLE = "customerUnreachable"  # a call-back that the customer did not take
    CALLER_GONE = "callerGone"  # nobody's fault: no counter of the agent moves
    UNDELIVERED = "undelivered"  # Asterisk never rang the phone: not the agent's fault either
    WITHDRAWN = "withdrawn"  # taken back by us: sign-out forced, telephony lost, operator


class DeviceState(StrEnum):
    """What an Asterisk says of a phone."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"  # nobody has registered, or the network to it is down
    MISSING = "missing"  # it has no such endpoint


class PhoneState(StrEnum):
    """What all Asterisks together make of a phone."""

    REACHABLE = "reachable"  # one that we hear can call it, as far as is known
    UNREACHABLE = "unreachable"
    MISSING = "missing"  # none of them has such an endpoint
    UNHEARD = "unheard"  # those that can call it, as far as is known, are not heard


class AgentState(StrEnum):
    """CSTA agent state (ECMA-269 22.1.5); `reserved` is the private extension for a live offer."""

    NULL = "null"
    NOT_READY = "notReady"
    READY = "ready"
    RESERVED = "reserved"
    BUSY = "busy"
    WORKING_AFTER_CALL = "workingAfterCall"


class DataClass(StrEnum):
    """How a value of the call data is protected."""

    PUBLIC = "public"  # whoever may read of the call
    PERSONAL = "personal"  # of a customer: masked, whole only for those with the right
    SECRET = "secret"  # noqa: S105  the name of a class; on no bus and in no log: record and door


class CallOutcome(StrEnum):
    """How a contact ended; every call ends in exactly one of these."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    CALLBACK_FAILED = "callbackFailed"  # the customer was not reached in all attempts
    CALLBACK_CANCELLED = "callbackCancelled"
    DIVERTED = "diverted"  # sent out of the queues with a cause: full, closed, waited too long
    TAKEN = "taken"  # the dialplan took it back: failsafe
    LOST = "lost"  # its Asterisk died
    TRANSFERRED = "transferred"  # a consultation whose place the customer took
    RECALLED = "recalled"  # a consultation that nobody answered; the sender has the customer


class ClearedBy(StrEnum):
    """Who ended a conversation."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"
    TRANSFER = "transfer"  # the agent handed the customer on
    OTHER = "other"  # somebody else moved or ended it
