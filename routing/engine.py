"""The ACD core: one writer, one order, no I/O.

`RoutingEngine.handle(stamped)` is the only thing that changes state, and what it returns is all
that happened, in order. It reads no clock: time is the stamp's. Who calls it owns the order of
commands, the journal and the timer (`cti.dispatcher`); given the same commands it does the same
things on every machine, which is what recovery, the standby and the simulation rest on.

Handlers look first (and may refuse), then change (and may not fail). They live in the `on_…` files,
named after their command in snake case; what they share, who gets which call, is in `matching`.
"""

from collections.abc import Callable
from typing import Any, Final

from routing import commands as c
from routing.agent import Agent
from routing.bug import Bug
from routing.call import Call
from routing.config import RoutingConfig
from routing.deadlines import Deadlines
from routing.events import CommandRefused, Event
from routing.handlers import (
    on_agents,
    on_callbacks,
    on_calls,
    on_config,
    on_groups,
    on_offers,
    on_system,
)
from routing.ids import AgentId, CallId, OfferId, PbxId, QueueId, TransferId
from routing.index.pools import PoolIndex
from routing.offer import Offer
from routing.queue import Queue
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers import on_transfer_start, on_transfers
from routing.transfers.transfer import Transfer

HANDLERS: Final[dict[type[Any], Callable[["RoutingEngine", Any], None]]] = {
    c.CallArrived: on_calls.call_arrived,
    c.CallerHungUp: on_calls.caller_hung_up,
    c.CallTaken: on_calls.call_taken,
    c.CallHeld: on_calls.call_held,
    c.CallRetrieved: on_calls.call_retrieved,
    c.AgentLegCleared: on_calls.agent_leg_cleared,
    c.OfferRinging: on_offers.offer_ringing,
    c.OfferAnswered: on_offers.offer_answered,
    c.OfferFailed: on_offers.offer_failed,
    c.LegsBridged: on_offers.legs_bridged,
    t.StartTransfer: on_transfer_start.start_transfer,
    t.CancelTransfer: on_transfers.cancel_transfer,
    t.CompleteTransfer: on_transfers.complete_transfer,
    t.JoinTransfer: on_transfers.join_transfer,
    t.TransferBridged: on_transfers.transfer_bridged,
    t.TransferConferenced: on_transfers.transfer_conferenced,
    c.BookCallback: on_callbacks.book_callback,
    c.CancelCallback: on_callbacks.cancel_callback,
    c.LogOnAgent: on_agents.log_on_agent,
    c.LogOffAgent: on_agents.log_off_agent,
    c.SetAgentState: on_agents.set_agent_state,
    c.ExtendAfterCallWork: on_agents.extend_after_call_work,
    c.ServeGroup: on_groups.serve_group,
    c.MarkLastCall: on_groups.mark_last_call,
    c.DeviceReachable: on_agents.device_reachable,
    c.TelephonyLost: on_system.telephony_lost,
    c.TelephonyRestored: on_system.telephony_restored,
    c.TelephonyGone: on_system.telephony_gone,
    c.DeadlinesReached: on_system.deadlines_reached,
    c.SetQueueAccepting: on_groups.set_queue_accepting,
    c.ApplyConfig: on_config.apply_config,
    c.RollbackConfig: on_config.rollback_config,
    c.SetMode: on_config.set_mode,
}
"""The table of contents of the core."""


class RoutingEngine:
    """All state of one router. Public attributes are for reading; only `handle` changes them."""

    def __init__(self, config: RoutingConfig) -> None:
        self.go_by(config)
        self.seq = 0
        self.event_seq = 0
        self.now_us = 0
        self.calls: dict[CallId, Call] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.transfers: dict[TransferId, Transfer] = {}
        self.queues: dict[QueueId, Queue] = {}
        self.devices: dict[str, AgentId] = {}  # of signed-in agents
        self.pbx_lost: dict[PbxId, str] = {}  # those we do not hear: `lost` or `gone`
        self.deadlines = Deadlines()
        self.pools = PoolIndex()
        self.modes: dict[str, bool] = {}  # emergency overlays that are on
        self.base = config  # the configuration without them …
        self.previous: RoutingConfig | None = None  # … and the one before it
        self.breaks: dict[AgentId, str] = {}  # who waits for a break, in order, and its reason
        self.on_break: dict[AgentId, str] = {}  # index: who has one that a cap counts
        self.arrived = 0  # calls ever taken in; with `outcomes` the books must balance
        self.outcomes: dict[str, int] = {}
        self.last_call = 0
        self.last_offer = 0
        self.last_transfer = 0
        self.last_logon = 0
        self._out: list[Event] = []
        on_config.install(self, config)

    def handle(self, stamped: c.Stamped) -> list[Event]:
        """Apply one command and return what it led to, in order.

        Raises Bug when `stamped` is out of order: sequence numbers have no gap and time never goes
        back. Any exception means that this engine must not be used any more.
        """
        seq, at_us = stamped.seq, stamped.at_us
        if seq != self.seq + 1 or at_us < self.now_us:
            raise Bug(f"command {seq} at {at_us} after {self.seq} at {self.now_us}")
        self.seq = seq
        self.now_us = at_us
        out = self._out = []
        command = stamped.command
        HANDLERS[type(command)](self, command)
        if self.breaks:
            on_groups.grant_breaks(self)
        self.event_seq += len(out)
        return out

    def next_deadline_us(self) -> int | None:
        """When `DeadlinesReached` is due; None when nothing is waited for."""
        return self.deadlines.next_us()

    # --- for the handlers ---

    def go_by(self, config: RoutingConfig) -> None:
        """Let `config` be in force from now on. What is asked of it for each command is at hand."""
        self.config = config
        self.limits = config.limits
        self.caps_breaks = bool(config.break_caps)

    def emit(self, event: Event) -> None:
        """Say that something has happened."""
        self._out.append(event)

    def refuse(self, command: c.Command, subject: str, code: Refusal) -> None:
        """Say that this command changes nothing."""
        self._out.append(CommandRefused(type(command).__name__, subject, code))
