"""The part of the naive engine that is about single channels, written from docs/phone-acts.md."""

from routing import events as e
from routing import legs as m
from routing.commands import OfferOutcome
from routing.control import (
    CallControlFailed,
    CallControlOrdered,
    ControlCall,
    ControlFailed,
    ControlService,
)
from routing.refusals import Refusal
from tests.naive.records import Agent, Call, OwnCall
from tests.naive.transfers import Transfers


class Legs(Transfers):
    """Who talks to the customer, and what phones do by themselves."""

    def caller_bridged(self, command: m.CallerBridged) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        if call.callback and call.state in {"waiting", "offered"}:
            return Refusal.CALL_STATE  # nobody is on the line
        agent = self.sitting_at(command.device)
        if agent is None or self.has_another_customer(agent, call):
            self.with_somebody_else(call)
            return None
        if call.connected and call.agent_id == agent.agent_id:
            call.agent_leg = command.leg_id or call.agent_leg
            return None
        self.overtaken(call, agent)
        if call.connected and call.agent_id == agent.agent_id:
            return None
        if call.state == "offered" and call.agent_id == agent.agent_id:
            offer = self.world.offer(call.offer_id)
            offer.leg_id = command.leg_id
            self.establish(offer)
        else:
            self.taken_up(call, agent, command.leg_id)
        return None

    def has_another_customer(self, agent: Agent, call: Call) -> bool:
        return agent.work == "busy" and agent.call_id.partition("~")[0] != call.call_id

    def overtaken(self, call: Call, agent: Agent) -> None:
        transfer = self.world.transfer(call.transfer_id)
        if transfer is None:
            return
        _, consult = self.both(transfer)
        with_target = transfer.state in {"consulting", "joining", "conferenced", "completing"}
        if with_target and consult.agent_id == agent.agent_id:
            self.bridged_without_sender(transfer)
        else:
            self.given_up(call)

    def given_up(self, call: Call) -> None:
        self.ends_transfer(
            call,
            unanswered=e.CallOutcome.TAKEN,
            offer_ends=OfferOutcome.WITHDRAWN,
            by=e.ClearedBy.OTHER,
        )

    def taken_up(self, call: Call, agent: Agent, leg_id: str) -> None:
        world, again = self.world, call.state in {"talking", "held", "released"}
        afterwards = lambda: None  # noqa: E731
        if call.state == "offered":
            loser = self.end_offer(world.offer(call.offer_id), OfferOutcome.WITHDRAWN)
            call.state, call.offer_id = "entering", 0
            afterwards = lambda: self.release(loser)  # noqa: E731
        elif call.connected:
            afterwards = self.parted(call, e.ClearedBy.OTHER)
        call.state = "entering"
        if agent.work == "reserved":
            self.loses_offer(agent)
        world.drop_deadline("work over", agent.agent_id)
        world.drop_deadline("something changes", call.call_id)
        if again:
            call.requests += 1
            call.request_no, call.asked_us = call.requests, self.now
        agent.until_us, agent.offer_id, agent.call_id = 0, 0, call.call_id
        call.agent_id, call.agent_leg = agent.agent_id, leg_id
        self.conversation_begins(call, agent)
        self.out.append(
            e.CallEstablished(
                offer_id=0,
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                agent_id=agent.agent_id,
                waited_us=self.now - call.asked_us,
                rang_us=0,
                leg_id=leg_id,
            )
        )
        self.show(agent)
        self.mind_reserve(call.queue_id)
        afterwards()

    def loses_offer(self, agent: Agent) -> None:
        """The other caller is in line again; the agent is not looked at."""
        offer = self.world.offer(agent.offer_id)
        other = self.world.call(offer.call_id)
        self.end_offer(offer, OfferOutcome.WITHDRAWN)
        other.state, other.agent_id, other.offer_id = "entering", "", 0
        if other.transfer_id:
            self.target_missed(other, OfferOutcome.WITHDRAWN)
        else:
            self.line_up(other, "withdrawn")

    def with_somebody_else(self, call: Call) -> None:
        if call.transfer_id:
            self.given_up(call)
        if call.connected:
            goes_on = self.parted(call, e.ClearedBy.OTHER)
            call.state = "released"
            goes_on()
        elif call.state != "released":
            self.leaves(
                call,
                unanswered=e.CallOutcome.TAKEN,
                offer_ends=OfferOutcome.WITHDRAWN,
                by=e.ClearedBy.OTHER,
            )

    def caller_moved(self, command: m.CallerMoved) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        if command.leg_id != (call.leg_id or call.call_id):
            call.leg_id = command.leg_id
            self.out.append(m.CallLegChanged(call.call_id, call.request_no, call.leg_id))
        return None

    # --- own calls --------------------------------------------------------------------------

    def own_call_began(self, command: m.OwnCallBegan) -> Refusal | None:
        if not self.world.owners(command.device):
            return Refusal.UNKNOWN_DEVICE
        own = self.world.own.setdefault(command.device, [])
        if any(each.leg_id == command.leg_id for each in own):
            return None
        if len(own) >= 16:
            return Refusal.BAD_VALUE
        own.append(OwnCall(command.leg_id, command.pbx, self.now, 0))
        agent = self.sitting_at(command.device)
        if agent is not None:
            said = (command.leg_id, command.device, command.outgoing, command.other)
            self.out.append(m.AgentCallBegan(agent.agent_id, *said))
            self.show(agent)
            if command.outgoing:
                self.cannot_answer(agent)
        return None

    def own_call_answered(self, command: m.OwnCallAnswered) -> Refusal | None:
        if not self.world.owners(command.device):
            return Refusal.UNKNOWN_DEVICE
        agent = self.sitting_at(command.device)
        for own in self.world.own.get(command.device, []):
            if own.leg_id == command.leg_id and not own.answered_us:
                own.answered_us = self.now
                if agent is not None:
                    self.out.append(m.AgentCallAnswered(agent.agent_id, own.leg_id))
                    self.cannot_answer(agent)
        return None

    def cannot_answer(self, agent: Agent) -> None:
        offer = self.world.offer(agent.offer_id)
        if offer is not None and offer.state != "answered":
            self.fail(offer, OfferOutcome.WITHDRAWN)

    def own_call_ended(self, command: m.OwnCallEnded) -> Refusal | None:
        if not self.world.owners(command.device):
            return Refusal.UNKNOWN_DEVICE
        for own in list(self.world.own.get(command.device, [])):
            if own.leg_id == command.leg_id:
                self.own_call_over(command.device, own, command.by, command.cause)
        return None

    def own_call_over(self, device: str, own: OwnCall, by: e.ClearedBy, cause: int) -> None:
        self.world.own[device].remove(own)
        agent = self.sitting_at(device)
        if agent is None:
            return
        self.out.append(
            m.AgentCallEnded(
                agent_id=agent.agent_id,
                leg_id=own.leg_id,
                by=by,
                cause=cause,
                lasted_us=self.now - own.began_us,
                talked_us=self.now - own.answered_us if own.answered_us else 0,
            )
        )
        self.show(agent)
        self.match()

    def own_calls_end(self, pbx: str) -> None:
        """With their Asterisk."""
        for device in sorted(self.world.own):
            for own in list(self.world.own.get(device, [])):
                if own.pbx == pbx:
                    self.own_call_over(device, own, e.ClearedBy.SYSTEM, 0)

    # --- ordered --------------------------------------------------------------------------------

    def control_call(self, command: ControlCall) -> Refusal | None:
        """Ordered, not done: nothing changes before Asterisk says so."""
        call = self.world.call(command.call_id)
        if call is None or call.consult_for:
            return Refusal.UNKNOWN_CALL
        if call.transfer_id:
            return Refusal.TRANSFER_EXISTS
        fits = {
            ControlService.CLEAR_CONNECTION: ("talking", "held"),
            ControlService.HOLD_CALL: ("talking",),
            ControlService.RETRIEVE_CALL: ("held",),
            ControlService.GENERATE_DIGITS: ("talking",),
        }
        if call.state not in fits[command.service]:
            return Refusal.CALL_STATE
        if call.agent_id != command.agent_id:
            return Refusal.NOT_YOUR_CALL
        if call.pbx in self.world.lost:
            return Refusal.TELEPHONY_LOST
        said = (call.call_id, call.request_no, call.queue_id, command.agent_id, command.service)
        self.out.append(CallControlOrdered(*said, command.by, command.reason))
        return None

    def control_failed(self, command: ControlFailed) -> Refusal | None:
        call = self.world.call(command.call_id)
        if call is None:
            return Refusal.UNKNOWN_CALL
        said = (call.call_id, call.request_no, call.queue_id, command.agent_id, command.service)
        self.out.append(CallControlFailed(*said, command.cause))
        return None
