"""The ACD core: one writer, one order, no I/O.

`RoutingEngine.handle(stamped)` is the only thing that changes state, and what it returns is all
that happened, in order. It reads no clock: time is the stamp's. Who calls it owns the order of
commands, the journal and the timer (`cti.dispatcher`); given the same commands it does the same
things on every machine, which is what recovery, the standby and the simulation rest on.

Handlers look first (and may refuse), then change (and may not fail). They live in `handlers`, named
after their command in snake case, and only this table knows them. What several of them do is a verb
(`verbs`, `transfers`).
"""

from collections.abc import Callable
from typing import Any, Final

from routing import commands as c
from routing import control, legs
from routing.bug import Bug
from routing.core import Core
from routing.events import Event
from routing.handlers import (
    on_agents,
    on_callbacks,
    on_calls,
    on_config,
    on_control,
    on_data,
    on_groups,
    on_legs,
    on_offers,
    on_system,
    on_transfer_start,
    on_transfers,
)
from routing.transfers import messages as t
from routing.verbs.agents import grant_breaks

HANDLERS: Final[dict[type[Any], Callable[[Core, Any], None]]] = {
    c.CallArrived: on_calls.call_arrived,
    c.CallerHungUp: on_calls.caller_hung_up,
    c.CallTaken: on_calls.call_taken,
    c.CallHeld: on_calls.call_held,
    c.CallRetrieved: on_calls.call_retrieved,
    c.AgentLegCleared: on_calls.agent_leg_cleared,
    legs.CallerBridged: on_legs.caller_bridged,
    legs.CallerMoved: on_legs.caller_moved,
    legs.OwnCallBegan: on_legs.own_call_began,
    legs.OwnCallAnswered: on_legs.own_call_answered,
    legs.OwnCallEnded: on_legs.own_call_ended,
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
    control.ControlCall: on_control.control_call,
    control.ControlFailed: on_control.control_failed,
    c.BookCallback: on_callbacks.book_callback,
    c.CancelCallback: on_callbacks.cancel_callback,
    c.AssociateData: on_data.associate_data,
    c.LogOnAgent: on_agents.log_on_agent,
    c.LogOffAgent: on_agents.log_off_agent,
    c.SetAgentState: on_agents.set_agent_state,
    c.ExtendAfterCallWork: on_agents.extend_after_call_work,
    c.ServeGroup: on_groups.serve_group,
    c.MarkLastCall: on_groups.mark_last_call,
    c.DeviceReported: on_agents.device_reported,
    c.DeviceReachable: on_agents.device_reachable,
    c.TelephonyLost: on_system.telephony_lost,
    c.TelephonyRestored: on_system.telephony_restored,
    c.TelephonyGone: on_system.telephony_gone,
    c.DeadlinesReached: on_system.deadlines_reached,
    c.ContinueEvents: on_system.continue_events,
    c.SetQueueAccepting: on_groups.set_queue_accepting,
    c.ApplyConfig: on_config.apply_config,
    c.RollbackConfig: on_config.rollback_config,
    c.SetMode: on_config.set_mode,
}
"""The table of contents of the core."""


class RoutingEngine(Core):
    """The core with its commands. Attributes are for reading; only `handle` changes them."""

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
            grant_breaks(self)
        self.event_seq += len(out)
        return out

    def next_deadline_us(self) -> int | None:
        """When `DeadlinesReached` is due; None when nothing is waited for."""
        return self.deadlines.next_us()
