"""The naive engine as a whole: one command in, events out, then everything is looked at.

Whenever a call comes into line or an agent may have become free, the waiting calls are gone through
in their total order and each takes its best agent, until no pair is left.
"""

import re

import msgspec

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome, Stamped
from routing.config import RoutingConfig
from routing.config_check import problems
from routing.refusals import Refusal
from tests.naive.choice import boosts, score
from tests.naive.legs import Legs
from tests.naive.records import Agent, Call


def handler_name(command: c.Command) -> str:
    """`CallArrived` is handled by `call_arrived`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(command).__name__).lower()


class NaiveEngine(Legs):
    """Same surface as `RoutingEngine`: `handle`, `next_deadline_us`, `seq`, `event_seq`."""

    def __init__(self, config: RoutingConfig) -> None:
        super().__init__(config)
        self.seq = 0
        self.event_seq = 0
        self.decision: e.Decision | None = None

    def handle(self, stamped: Stamped) -> list[e.Event]:
        assert stamped.seq == self.seq + 1
        assert stamped.at_us >= self.now
        self.seq, self.world.now_us, self.out = stamped.seq, stamped.at_us, []
        command = stamped.command
        if refusal := getattr(self, handler_name(command))(command):
            subject = self.subject(command)
            self.out.append(e.CommandRefused(type(command).__name__, str(subject), refusal))
        self.match()
        self.grant_breaks()
        self.match()
        self.event_seq += len(self.out)
        return self.out

    def subject(self, command: c.Command) -> object:
        """What a refusal names: the first field, or the version of a configuration."""
        if isinstance(command, c.ApplyConfig):
            return command.config.version
        if isinstance(command, c.RollbackConfig):
            return (self.world.previous or self.world.base).version
        return getattr(command, command.__struct_fields__[0])

    def next_deadline_us(self) -> int | None:
        first = self.world.first_deadline()
        return first.due_us if first else None

    # --- time -------------------------------------------------------------------------------

    def deadlines_reached(self, _: c.DeadlinesReached) -> None:
        while (first := self.world.first_deadline()) and first.due_us <= self.now:
            self.world.deadlines.remove(first)
            {
                "something changes": self.something_changes,
                "call back": self.callback_is_due,
                "offer late": self.offer_is_late,
                "work over": self.after_call_work_over,
                "gap over": self.gap_is_over,
                "telephony lost": self.telephony_is_dead,
                "transfer": self.transfer_is_late,
            }[first.what](first.subject)
            self.match()

    def continue_events(self, command: c.ContinueEvents) -> Refusal | None:
        """The next event has the number after this one; numbers do not go back."""
        if command.after < self.event_seq:
            return Refusal.BAD_VALUE
        self.event_seq = command.after
        return None

    # --- Asterisks --------------------------------------------------------------------------

    def telephony_lost(self, command: c.TelephonyLost) -> None:
        due = self.now + self.world.config.limits.telephony_lost_us
        lost, gone = self.world.lost, self.world.gone
        if command.heard and command.pbx in lost and command.pbx not in gone:
            self.world.set_deadline("telephony lost", command.pbx, due)
        if command.pbx not in self.world.lost:
            before = self.phones_now()
            self.world.lost.append(command.pbx)
            self.world.set_deadline("telephony lost", command.pbx, due)
            self.out.append(e.TelephonyChanged(command.pbx, "lost"))
            self.say_changed_phones(before)
            self.look_at_calls_of(command.pbx)
            for call in self.world.calls:
                if call.pbx == command.pbx:
                    self.world.drop_deadline("offer late", call.offer_id)
                    self.world.drop_deadline("transfer", call.transfer_id)
            self.mind_reserves()

    def telephony_restored(self, command: c.TelephonyRestored) -> None:
        if command.pbx in self.world.lost:
            before = self.phones_now()
            self.world.lost.remove(command.pbx)
            self.world.gone = [pbx for pbx in self.world.gone if pbx != command.pbx]
            self.world.drop_deadline("telephony lost", command.pbx)
            self.out.append(e.TelephonyChanged(command.pbx, "up"))
            self.say_changed_phones(before)
            self.look_at_calls_of(command.pbx)
            for offer in self.world.offers:
                if self.world.call(offer.call_id).pbx == command.pbx:
                    self.wait_again_for(offer)
            for transfer in self.world.transfers:
                if self.world.call(transfer.call_id).pbx == command.pbx:
                    self.transfer_waits_again(transfer)
            self.mind_reserves()
            self.match()
            self.somebody_signed_out()

    def telephony_gone(self, command: c.TelephonyGone) -> None:
        self.telephony_is_dead(command.pbx)

    def look_at_calls_of(self, pbx: str) -> None:
        """Calls that we do not hear are not relaxed; when we do again, the clock has gone on."""
        for call in self.world.calls:
            if call.in_line and call.pbx == pbx:
                self.look_at_clock(call)

    def telephony_is_dead(self, pbx: str) -> None:
        """All channels are gone; the Asterisk may come back, empty."""
        self.world.drop_deadline("telephony lost", pbx)
        if pbx not in self.world.gone:
            self.world.gone.append(pbx)
            self.out.append(e.TelephonyChanged(pbx, "gone"))
        before = self.phones_now()
        if pbx not in self.world.lost:
            self.world.lost.append(pbx)
        self.say_changed_phones(before)
        theirs = [call for call in self.world.calls if call.pbx == pbx and not call.consult_for]
        for call in theirs:
            if call.callback and call.in_line:
                self.look_at_clock(call)
                continue  # it has no channel to lose
            self.leaves(
                call,
                unanswered=e.CallOutcome.LOST,
                offer_ends=OfferOutcome.WITHDRAWN,
                by=e.ClearedBy.SYSTEM,
            )
        self.own_calls_end(pbx)
        self.mind_reserves()

    # --- configuration ----------------------------------------------------------------------

    def apply_config(self, command: c.ApplyConfig) -> Refusal | None:
        return self.change_base(command.config)

    def rollback_config(self, _: c.RollbackConfig) -> Refusal | None:
        if self.world.previous is None:
            return Refusal.NO_PREVIOUS_CONFIG
        return self.change_base(self.world.previous)

    def change_base(self, config: RoutingConfig) -> Refusal | None:
        """Everything new holds at once, but what is under way goes on as it began."""
        world = self.world
        queues = {queue.queue_id for queue in config.queues}
        agents = {agent.agent_id for agent in config.agents}
        in_use = {call.queue_id for call in world.calls}
        signed_on = {agent.agent_id for agent in world.agents}
        if problems(config) or not in_use <= queues or not signed_on <= agents:
            return Refusal.BAD_CONFIG
        world.previous, world.base = world.base, config
        known = [mode.name for mode in config.modes]
        world.modes = [name for name in world.modes if name in known]
        self.put_in_force()
        return None

    def set_mode(self, command: c.SetMode) -> Refusal | None:
        world = self.world
        if command.name not in [mode.name for mode in world.base.modes]:
            return Refusal.UNKNOWN_MODE
        if command.on == (command.name in world.modes):
            return None
        if command.on:
            world.modes.append(command.name)
        else:
            world.modes.remove(command.name)
        self.out.append(e.ModeChanged(command.name, command.on, command.by))
        self.put_in_force()
        return None

    def put_in_force(self) -> None:
        """The base, with the queues and boosts of every mode that is on."""
        world, base = self.world, self.world.base
        queues = {queue.queue_id: queue for queue in base.queues}
        rules = base.boosts
        for mode in base.modes:
            if mode.name in world.modes:
                queues |= {queue.queue_id: queue for queue in mode.queues}
                rules += mode.boosts
        shares = {queue.queue_id: queue.allocation for queue in world.config.queues}
        had = {spec.agent_id: world.phone_of(spec.agent_id) for spec in world.config.agents}
        world.config = msgspec.structs.replace(base, queues=tuple(queues.values()), boosts=rules)
        for queue_id, employer in list(world.given):  # other shares count from now on
            if queue_id not in queues or queues[queue_id].allocation != shares[queue_id]:
                del world.given[queue_id, employer]
        world.closed = [name for name in world.closed if name in queues]
        world.past = {name: past for name, past in world.past.items() if name in queues}
        world.reserves = [name for name in world.reserves if name in queues]
        world.reserves = [name for name in world.reserves if queues[name].reserve]
        for agent in world.agents:
            agent.spec = world.spec(agent.agent_id)
        for call in world.calls:
            call.boosts = boosts(world, call)
            if call.in_line:
                self.look_at_clock(call)
        self.out.append(e.ConfigApplied(base.version, ()))
        self.swap_phones(had)
        self.mind_reserves()
        self.match()
        self.somebody_signed_out()

    def swap_phones(self, had: dict[str, str]) -> None:
        """Who is signed out has the phone of the new configuration."""
        world = self.world
        for spec in world.config.agents:
            now = world.phone_of(spec.agent_id)
            before = had.get(spec.agent_id, now)
            if world.phone(now) != world.phone(before):
                self.say_phone(spec.agent_id)
        self.forget_phones()

    def set_queue_accepting(self, command: c.SetQueueAccepting) -> Refusal | None:
        if self.world.queue(command.queue_id) is None:
            return Refusal.UNKNOWN_QUEUE
        if command.accepting != (command.queue_id in self.world.closed):
            return None
        if command.accepting:
            self.world.closed.remove(command.queue_id)
        else:
            self.world.closed.append(command.queue_id)
        self.out.append(e.QueueAcceptingChanged(command.queue_id, command.accepting, command.by))
        return None

    # --- decisions --------------------------------------------------------------------------

    def pair_is_decided(self, call: Call, agent: Agent) -> None:
        """Written down before anything changes. The lists are the engine's own (bounded)."""
        queue = self.world.queue(call.queue_id)
        self.decision = e.Decision(
            trigger="",
            strategy=queue.strategy.value,
            need="",
            step=call.step_no,
            score=score(self.world, call),
            waited_us=self.now - call.first_queued_us,
            config_version=self.world.config.version,
            rules=tuple(boost.rule_id for boost in call.boosts),
            candidates=(),
            passed_over=(),
            rivals=(),
        )

    def say_offer(self, call: Call, agent: Agent, queue, number: int) -> None:
        self.out.append(
            e.OfferMade(
                offer_id=number,
                call_id=call.call_id,
                request_no=call.request_no,
                queue_id=call.queue_id,
                pbx=call.pbx,
                agent_id=agent.agent_id,
                device=agent.device,
                ring_timeout_us=queue.ring_timeout_us,
                caller=call.caller,
                callback=call.callback,
                decision=self.decision,
                transfer_id=call.transfer_id if call.consult_for else 0,
            )
        )


def bare(event: e.Event) -> e.Event:
    """An event without what the naive engine does not reproduce: the lists of a decision record and
    the canonical text of a need.
    """
    if isinstance(event, e.OfferMade):
        decision = msgspec.structs.replace(
            event.decision, trigger="", need="", candidates=(), passed_over=(), rivals=()
        )
        return msgspec.structs.replace(event, decision=decision)
    if isinstance(event, e.CallRelaxed):
        return msgspec.structs.replace(event, need="")
    if isinstance(event, e.ConfigApplied):
        return e.ConfigApplied(event.version, ())
    return event
