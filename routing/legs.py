"""What is said of single channels ("legs"): who talks to the customer, what a phone does by itself.

Part of `routing.commands` and `routing.events`, which name these too; kept together since they are
read together. The rules are in docs/phone-acts.md. A leg id is `PBX-UNIQUEID` of the channel, as
Asterisk gives it; that of the customer's first channel is the call's id.
"""

from routing.ids import AgentId, CallId, LegId, PbxId
from routing.message import Message
from routing.words import ClearedBy

# --- observed -----------------------------------------------------------------------------------


class CallerBridged(Message, frozen=True):
    """The customer is in one bridge with the phone `device`, and no offer of ours says so: somebody
    else has moved them. `device` "": with an outsider, at a phone of no agent.
    """

    call_id: CallId
    device: str = ""
    leg_id: LegId = LegId("")


class CallerMoved(Message, frozen=True):
    """The call goes on under this channel: the one before was replaced by it."""

    call_id: CallId
    leg_id: LegId


class OwnCallBegan(Message, frozen=True):
    """An agent's phone has a channel that is not of our calls. `outgoing`: it has dialled;
    `other` is the number at the other end, "" when it is not known.
    """

    leg_id: LegId
    device: str
    pbx: PbxId
    outgoing: bool = False
    other: str = ""


class OwnCallAnswered(Message, frozen=True):
    """It talks."""

    leg_id: LegId
    device: str


class OwnCallEnded(Message, frozen=True):
    """That channel is gone, or of one of our calls from now on."""

    leg_id: LegId
    device: str
    by: ClearedBy = ClearedBy.OTHER
    cause: int = 0  # Q.850


LegCommand = CallerBridged | CallerMoved | OwnCallBegan | OwnCallAnswered | OwnCallEnded

# --- told ---------------------------------------------------------------------------------------


class CallLegChanged(Message, frozen=True):
    """The call goes on under another channel of the customer; nothing else changes."""

    call_id: CallId
    request_no: int
    leg_id: LegId


class AgentCallBegan(Message, frozen=True):
    """The agent's phone is in use by an own call (CSTA `originated`, `delivered`): the agent is
    offered nothing until it ends.
    """

    agent_id: AgentId
    leg_id: LegId
    device: str
    outgoing: bool
    other: str


class AgentCallAnswered(Message, frozen=True):
    """The own call talks."""

    agent_id: AgentId
    leg_id: LegId


class AgentCallEnded(Message, frozen=True):
    """The own call is over. `talked_us` is 0 when nobody answered."""

    agent_id: AgentId
    leg_id: LegId
    by: ClearedBy
    cause: int
    lasted_us: int
    talked_us: int


class CustomerHeld(Message, frozen=True):
    """The customer has put the agent on hold. They still talk, as far as times are concerned."""

    call_id: CallId
    request_no: int
    agent_id: AgentId


class CustomerRetrieved(Message, frozen=True):
    """The customer is back."""

    call_id: CallId
    request_no: int
    agent_id: AgentId


LegEvent = (
    CallLegChanged
    | AgentCallBegan
    | AgentCallAnswered
    | AgentCallEnded
    | CustomerHeld
    | CustomerRetrieved
)
