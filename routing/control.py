"""Call control by order: what may be asked of a conversation, and what is told of it.

Part of `routing.commands` and `routing.events`, which name these too. The services are CSTA's
(ECMA-269). An order is told before it is carried out, so that who did it and why is in the record
first; that it was carried out is told as always (`CallHeld`, `CallRetrieved`, `ConnectionCleared`).
What digits are sent is nobody's business but the channel's: they may be a PIN.
"""

from enum import StrEnum

from routing.ids import AgentId, CallId, QueueId
from routing.message import Message


class ControlService(StrEnum):
    """What may be ordered of the conversation that an agent has."""

    CLEAR_CONNECTION = "clearConnection"  # the agent hangs up
    HOLD_CALL = "holdCall"  # the customer hears music, the agent nothing
    RETRIEVE_CALL = "retrieveCall"  # they hear each other again
    GENERATE_DIGITS = "generateDigits"  # the customer's side hears key tones


class ControlCall(Message, frozen=True):
    """Do this to the call of this agent; `by` orders it, "" for the agents themselves."""

    call_id: CallId
    agent_id: AgentId
    service: ControlService
    by: str = ""
    reason: str = ""


class ControlFailed(Message, frozen=True):
    """Observed: Asterisk has not carried it out; `cause` in CSTA's words (ECMA-269 12.2.10)."""

    call_id: CallId
    agent_id: AgentId
    service: ControlService
    cause: str


ControlCommand = ControlCall | ControlFailed


class CallControlOrdered(Message, frozen=True):
    """Asterisk is to do this to the conversation now."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    service: ControlService
    by: str
    reason: str


class CallControlFailed(Message, frozen=True):
    """It was not carried out; the call is where it was."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    service: ControlService
    cause: str


ControlEvent = CallControlOrdered | CallControlFailed
