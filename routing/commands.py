"""All that may enter the core.

Commands that ask are verbs (`SetAgentState`), commands that observe are past tense
(`CallerHungUp`). Each is stamped by the dispatcher with a sequence number and the time, written to
the journal, and only then applied: `Stamped(seq, at_us, command)`.

Times are microseconds since 1970 UTC; the core never asks a clock. A command that does not fit the
state of things changes nothing and comes back as `CommandRefused`: races are normal in telephony.

Those about transfers are in `routing.transfers.messages`, call control is in `routing.control`.
"""

import msgspec

from routing.config import RoutingConfig
from routing.control import ControlCommand
from routing.ids import (
    NO_AGENT,
    NO_LEG,
    AgentId,
    CallId,
    LegId,
    OfferId,
    PbxId,
    QueueId,
    SkillId,
)
from routing.legs import LegCommand
from routing.message import Message
from routing.transfers.messages import TransferCommand
from routing.words import ClearedBy as ClearedBy
from routing.words import DeviceState as DeviceState
from routing.words import OfferOutcome as OfferOutcome
from routing.words import RequestedState as RequestedState

# --- observed -----------------------------------------------------------------------------------


class CallArrived(Message, frozen=True):
    """A caller reached a queue; the dialplan holds the channel and asks what to do.

    `needs` is an expression in the language of `routing.index.needs` ("" for none), in addition to
    the queue's. `first_queued_us` is the first arrival when the caller waited elsewhere before (0:
    now); a time in the future counts as now. `preferred_agent` is asked first, for the queue's
    sticky time.
    """

    call_id: CallId
    queue_id: QueueId
    pbx: PbxId
    priority: int = 0
    needs: str = ""
    first_queued_us: int = 0
    caller: str = ""
    preferred_agent: AgentId = NO_AGENT
    tags: tuple[str, ...] = ()  # facts about the caller that boost rules name: `vip`, `fraud`
    training: bool = False  # a practice call, for training seats only
    caller_name: str = ""
    data: tuple[tuple[str, str], ...] = ()  # (name, value); what is not listed or unfit is left out


class CallerHungUp(Message, frozen=True):
    """The caller's channel is gone, in whatever state the call was."""

    call_id: CallId
    cause: int = 16  # Q.850
    by: ClearedBy = ClearedBy.CALLER


class CallTaken(Message, frozen=True):
    """The dialplan took the call away from us (failsafe, another application); it lives on."""

    call_id: CallId
    cause: str = "failsafe"


class OfferRinging(Message, frozen=True):
    """Asterisk dials the agent's phone for this offer; `leg_id` is the phone's channel."""

    offer_id: OfferId
    leg_id: LegId = NO_LEG


class OfferAnswered(Message, frozen=True):
    """The agent's phone picked up; not yet bridged."""

    offer_id: OfferId


class OfferFailed(Message, frozen=True):
    """Asterisk's dialling of the agent ended without an answer."""

    offer_id: OfferId
    outcome: OfferOutcome


class LegsBridged(Message, frozen=True):
    """Caller and agent are in one bridge. Only this makes a call established.

    Of a consultation it means sender and target; of a blind transfer's, customer and target.
    """

    offer_id: OfferId
    leg_id: LegId = NO_LEG


class CallHeld(Message, frozen=True):
    """One of the two has put the other on hold."""

    call_id: CallId
    by: ClearedBy = ClearedBy.AGENT


class CallRetrieved(Message, frozen=True):
    """… and is back."""

    call_id: CallId
    by: ClearedBy = ClearedBy.AGENT


class AgentLegCleared(Message, frozen=True):
    """The agent's channel is gone while the caller's may live on (survey, re-queue).

    In a transfer `call_id` is the customer's call or the consultation; `agent_id` says who left.
    `by` says who has parted the two, when it was not the agent who hung up.
    """

    call_id: CallId
    agent_id: AgentId
    by: ClearedBy = ClearedBy.AGENT
    cause: int = 0  # Q.850


class DeviceReported(Message, frozen=True):
    """What an Asterisk says of a phone: the phone that an agent sits at, or is configured with."""

    device: str
    pbx: PbxId
    state: DeviceState


class DeviceReachable(Message, frozen=True):
    """The same of the phone that this agent has now, by an observer who knows no devices and not
    which Asterisk it is: it holds for all of them.
    """

    agent_id: AgentId
    reachable: bool


class TelephonyLost(Message, frozen=True):
    """We do not hear this Asterisk. Its calls may live on, but none of them is offered.

    `heard`: its reports do come, but it takes no orders, since it waits for its last call to end.
    As long as that is said anew, nothing is given up.
    """

    pbx: PbxId
    heard: bool = False


class TelephonyRestored(Message, frozen=True):
    """We hear this Asterisk again and what changed meanwhile has been reconciled."""

    pbx: PbxId


class TelephonyGone(Message, frozen=True):
    """That Asterisk has died: all its channels are gone with it."""

    pbx: PbxId


class DeadlinesReached(Message, frozen=True):
    """The time that `next_deadline_us` named has come."""


# --- asked --------------------------------------------------------------------------------------


class LogOnAgent(Message, frozen=True):
    """Sign in (签到). The agent starts not ready with reason `loggedOn`."""

    agent_id: AgentId
    device: str = ""  # endpoint to ring; "" takes the configured one


class LogOffAgent(Message, frozen=True):
    """Sign out (签退): at once when idle, else when the call and its after-call work are over."""

    agent_id: AgentId
    by: str = ""  # who forced it; "" for the agents themselves
    reason: str = ""


class SetAgentState(Message, frozen=True):
    """Ready (就绪), not ready (未就绪) with a reason, or after-call work (话后处理).

    During an offer or a call it is kept as pending and applied afterwards; a later request
    replaces the pending one. The state one is already in is acknowledged without an event.
    """

    agent_id: AgentId
    state: RequestedState
    reason: str = ""
    by: str = ""
    override: bool = False  # a supervisor's: break caps do not hold


class ServeGroup(Message, frozen=True):
    """Take one skill of the agent out of use, or back into it: log-on and log-off per group."""

    agent_id: AgentId
    group: SkillId
    serving: bool
    by: str = ""


class MarkLastCall(Message, frozen=True):
    """The agent is signed out after this conversation, or the next one (end of shift)."""

    agent_id: AgentId
    on: bool = True


class SetQueueAccepting(Message, frozen=True):
    """Closing time: a queue that does not accept serves who waits and diverts who comes."""

    queue_id: QueueId
    accepting: bool
    by: str = ""


class BookCallback(Message, frozen=True):
    """The waiting caller prefers to be called back: the place in line is kept without a channel.

    From now on `CallerHungUp` does not end the call. `number` is what the gateway dials when an
    agent has been reserved.
    """

    call_id: CallId
    number: str


class CancelCallback(Message, frozen=True):
    """The customer does not want to be called back."""

    call_id: CallId
    by: str = ""


class AssociateData(Message, frozen=True):
    """Note something about a call (CSTA `associateData`): names that the configuration lists, each
    with its new value, "" to forget it. All of it or, where one is unknown or unfit, nothing.

    `call_id` may be a consultation's: the data are its customer's.
    """

    call_id: CallId
    values: tuple[tuple[str, str], ...]
    by: str = ""


class SetMode(Message, frozen=True):
    """Switch a named emergency mode of the configuration on or off."""

    name: str
    on: bool
    by: str = ""


class RollbackConfig(Message, frozen=True):
    """Back to the configuration before the last `ApplyConfig`."""

    by: str = ""


class ExtendAfterCallWork(Message, frozen=True):
    """More time to finish the record of the last call."""

    agent_id: AgentId
    extra_us: int


class ContinueEvents(Message, frozen=True):
    """Number the next event `after` + 1.

    The event log may hold more events than the journal leads to: a power cut can cost the journal
    more than the log. No number is given twice, so the numbers go on after those of the log. That
    is a command, in the journal like any other, so that a replay comes to the same numbers and the
    same state. Refused (`badValue`) when events beyond `after` have been told.
    """

    after: int


class ApplyConfig(Message, frozen=True):
    """Swap the whole configuration. State that the difference does not name is untouched."""

    config: RoutingConfig


Command = (
    CallArrived
    | CallerHungUp
    | CallTaken
    | OfferRinging
    | OfferAnswered
    | OfferFailed
    | LegsBridged
    | CallHeld
    | CallRetrieved
    | AgentLegCleared
    | LegCommand
    | DeviceReported
    | DeviceReachable
    | TelephonyLost
    | TelephonyRestored
    | TelephonyGone
    | DeadlinesReached
    | LogOnAgent
    | LogOffAgent
    | SetAgentState
    | ExtendAfterCallWork
    | ServeGroup
    | MarkLastCall
    | SetQueueAccepting
    | BookCallback
    | CancelCallback
    | AssociateData
    | SetMode
    | RollbackConfig
    | ContinueEvents
    | ApplyConfig
    | TransferCommand
    | ControlCommand
)


class Stamped(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One command in its place: `seq` counts from 1 without gaps, `at_us` never goes back."""

    seq: int
    at_us: int
    command: Command
