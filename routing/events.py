"""All that may leave the core: what has happened, in order.

Each event names every party that a reader needs, so that nobody has to remember earlier ones. The
words are CSTA's (ECMA-269); `cti.record.cloudevents` gives each its name on the bus. `request_no`
counts the times a human was asked for on behalf of one contact: a transfer or an overflow adds one.
A consultation is told like any call, from `CallQueued` to `CallCleared`; its id says whose it is
(`ids.contact_of`), so that nobody counts it as a contact. Events about transfers are in
`routing.transfers.messages`.
"""

import msgspec

from routing.control import ControlEvent
from routing.ids import (
    NO_LEG,
    NO_TRANSFER,
    AgentId,
    CallId,
    LegId,
    OfferId,
    PbxId,
    QueueId,
    SkillId,
    TransferId,
)
from routing.legs import LegEvent
from routing.message import Message
from routing.refusals import Refusal
from routing.transfers.messages import TransferEvent
from routing.words import AgentState as AgentState
from routing.words import CallOutcome as CallOutcome
from routing.words import ClearedBy as ClearedBy
from routing.words import OfferOutcome


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Why this call went to this agent. Lists are bounded by `Limits.decision_rows`.

    `candidates` are the agents that could have been taken, best first, with the figure that ranked
    them; `passed_over` those that the need admits but who were not free, with the reason;
    `rivals` the calls that this agent could have been given instead, with their scores.
    """

    trigger: str
    strategy: str
    need: str
    step: int
    score: int
    waited_us: int
    config_version: int
    rules: tuple[str, ...]
    candidates: tuple[tuple[AgentId, int], ...]
    passed_over: tuple[tuple[AgentId, str], ...]
    rivals: tuple[tuple[CallId, int], ...]


class CallQueued(Message, frozen=True):
    """The call waits in line (CSTA `queued`). Also after an offer that failed: place kept."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    pbx: PbxId
    caller: str
    calls_in_front: int
    first_queued_us: int
    wait_p50_us: int  # forecast; -1 when unknown
    wait_p90_us: int
    cause: str  # `arrived`, `regained`, or how the last offer failed, or why it changed queue
    leg_id: LegId = NO_LEG  # the customer's
    caller_name: str = ""


class CallInformation(Message, frozen=True):
    """What is known about a call: as it came in, or after a change of `changed` by `by` (CSTA
    `callInformation`). Each of the three has the names of its class with their values. `agent_id`
    is who is rung or talks, "" while nobody is.
    """

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    changed: tuple[str, ...]
    public_data: tuple[tuple[str, str], ...]
    personal_data: tuple[tuple[str, str], ...]
    secret_data: tuple[tuple[str, str], ...]
    by: str = ""


class CallRelaxed(Message, frozen=True):
    """A waiting call has reached another step: from now on it needs what `need` says. Its place in
    line is the same.
    """

    call_id: CallId
    request_no: int
    queue_id: QueueId
    step: int
    need: str
    waited_us: int


class AnnouncementDue(Message, frozen=True):
    """A waiting caller is to hear `sound` now; `position` counts from 1, `wait_us` is -1 unless the
    announcement wants it and it is known.
    """

    call_id: CallId
    request_no: int
    queue_id: QueueId
    sound: str
    kind: str
    position: int
    wait_us: int


class CallbackBooked(Message, frozen=True):
    """The customer waits without a channel."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    number: str


class OfferMade(Message, frozen=True):
    """An agent is reserved for a call; Asterisk is to ring the phone now. `callback` is the number
    to dial when the customer is not on the line. With a `transfer_id` the call is a consultation,
    so there is no caller to deliver: ring the agent, and bridge as the transfer's kind says.
    """

    offer_id: OfferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    pbx: PbxId
    agent_id: AgentId
    device: str
    ring_timeout_us: int
    caller: str
    callback: str
    decision: Decision
    transfer_id: TransferId = NO_TRANSFER


class CallDelivered(Message, frozen=True):
    """The agent's phone rings (CSTA `delivered`), with what is known about the call, its secrets
    excepted (`CallInformation` has them).
    """

    offer_id: OfferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    caller: str
    leg_id: LegId = NO_LEG  # the phone's
    caller_name: str = ""
    public_data: tuple[tuple[str, str], ...] = ()
    personal_data: tuple[tuple[str, str], ...] = ()


class OfferEnded(Message, frozen=True):
    """The offer is over without a conversation (CSTA `failed`). The call's own fate follows."""

    offer_id: OfferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    outcome: OfferOutcome
    open_us: int
    leg_id: LegId = NO_LEG  # the phone's


class CallEstablished(Message, frozen=True):
    """Caller and agent talk (CSTA `established`): both legs were seen in one bridge."""

    offer_id: OfferId
    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    waited_us: int
    rang_us: int
    leg_id: LegId = NO_LEG  # the phone's


class CallHeldEvent(Message, frozen=True, tag="CallHeld"):
    """The caller hears music, held by the agent (CSTA `held`)."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId


class CallRetrievedEvent(Message, frozen=True, tag="CallRetrieved"):
    """The agent is back (CSTA `retrieved`)."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    held_us: int


class ConnectionCleared(Message, frozen=True):
    """A conversation between caller and agent is over (CSTA `connectionCleared`)."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    agent_id: AgentId
    by: ClearedBy
    talked_us: int
    held_us: int
    leg_id: LegId = NO_LEG  # the agent's
    cause: int = 0  # Q.850


class CallDiverted(Message, frozen=True):
    """The call leaves this queue (CSTA `diverted`), to `to_queue` or out of the router ("")."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    pbx: PbxId
    to_queue: QueueId
    cause: str  # `queueFull`, `noAvailableAgents`, `queueTimeOverflow`, `calendarOverflow`, …
    waited_us: int
    to_extension: str  # where the dialplan's `cti-leave` takes it when it leaves the router


class CallCleared(Message, frozen=True):
    """The contact is over and forgotten (CSTA `callCleared`)."""

    call_id: CallId
    request_no: int
    queue_id: QueueId
    outcome: CallOutcome
    waited_us: int
    talked_us: int
    by: str = ""  # who released the last conversation, or gave up before one: `ClearedBy`
    cause: int = 0  # Q.850


class AgentLoggedOn(Message, frozen=True):
    """An agent signed in."""

    agent_id: AgentId
    device: str


class AgentLoggedOff(Message, frozen=True):
    """An agent signed out; `by` is who forced it."""

    agent_id: AgentId
    by: str
    reason: str


class AgentStateChanged(Message, frozen=True):
    """The agent's CSTA state changed, or what was asked for next did (`pending`), or the call that
    the agent is busy with became another one by a transfer.

    `reason` is the not-ready reason; `until_us` the planned end of after-call work (0: open);
    `previous_us` how long the previous state lasted: summed up they give the signed-in time.
    """

    agent_id: AgentId
    state: AgentState
    reason: str
    pending: str
    previous: AgentState
    previous_us: int
    until_us: int
    call_id: CallId
    by: str


class AgentGroupsChanged(Message, frozen=True):
    """What the agent serves from now on: skills with levels."""

    agent_id: AgentId
    groups: tuple[tuple[SkillId, int], ...]
    by: str


class BreakQueued(Message, frozen=True):
    """The break that the agent asked for has to wait: so many asked before."""

    agent_id: AgentId
    reason: str
    in_front: int


class QueueAcceptingChanged(Message, frozen=True):
    """A queue closed, or opened again."""

    queue_id: QueueId
    accepting: bool
    by: str


class ReserveChanged(Message, frozen=True):
    """The reserve of a queue opened or closed."""

    queue_id: QueueId
    open: bool
    waiting: int


class ModeChanged(Message, frozen=True):
    """An emergency mode was switched."""

    name: str
    on: bool
    by: str


class DeviceChanged(Message, frozen=True):
    """The phone that an agent sits at, or is configured with, can be called or no longer; or the
    agent has another phone, of which that is so. `missing`: no Asterisk has such an endpoint;
    `unheard`: the Asterisks that can call it are not heard.
    """

    agent_id: AgentId
    reachable: bool
    device: str = ""
    missing: bool = False
    unheard: bool = False


class TelephonyChanged(Message, frozen=True):
    """The link to an Asterisk is `up`, `lost` or `gone`."""

    pbx: PbxId
    state: str


class ConfigApplied(Message, frozen=True):
    """A new configuration is in force."""

    version: int
    changes: tuple[str, ...]


class CommandRefused(Message, frozen=True):
    """A command changed nothing. `code` is API: it is never renamed."""

    command: str
    subject: str
    code: Refusal


Event = (
    CallQueued
    | CallInformation
    | CallRelaxed
    | AnnouncementDue
    | CallbackBooked
    | OfferMade
    | CallDelivered
    | OfferEnded
    | CallEstablished
    | CallHeldEvent
    | CallRetrievedEvent
    | ConnectionCleared
    | CallDiverted
    | CallCleared
    | AgentLoggedOn
    | AgentLoggedOff
    | AgentStateChanged
    | AgentGroupsChanged
    | BreakQueued
    | QueueAcceptingChanged
    | ReserveChanged
    | ModeChanged
    | DeviceChanged
    | TelephonyChanged
    | ConfigApplied
    | CommandRefused
    | TransferEvent
    | LegEvent
    | ControlEvent
)
