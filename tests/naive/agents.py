"""The agents' half of the naive engine: sign-on, states, after-call work, failed offers."""

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome, RequestedState
from routing.config import RoutingConfig
from routing.refusals import Refusal
from tests.naive.records import Agent, Wish, World

POLICY = {
    OfferOutcome.NO_ANSWER: "no_answer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}
REASON = {
    OfferOutcome.NO_ANSWER: "ringNoAnswer",
    OfferOutcome.BUSY: "busy",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.UNREACHABLE: "unreachable",
}


class Agents:
    """Everything that concerns agents alone."""

    def __init__(self, config: RoutingConfig) -> None:
        self.world = World(config, config)
        self.out: list[e.Event] = []

    @property
    def now(self) -> int:
        return self.world.now_us

    # --- asked ------------------------------------------------------------------------------

    def log_on_agent(self, command: c.LogOnAgent) -> Refusal | None:
        spec = self.world.spec(command.agent_id)
        if spec is None:
            return Refusal.UNKNOWN_AGENT
        device = command.device or spec.device
        if agent := self.world.agent(command.agent_id):
            if agent.device != device:
                return Refusal.ALREADY_LOGGED_ON
            if agent.pending and agent.pending.state is None:
                agent.pending = None  # the agent stays after all
                self.show(agent)
            return None
        if any(other.device == device for other in self.world.agents):
            return Refusal.DEVICE_IN_USE
        before = self.world.phone(spec.device)
        agent = Agent(spec, device, self.world.next_number("logon"), self.now)
        agent.idle_since_us = agent.shown_since_us = self.now
        self.world.agents.append(agent)
        self.out.append(e.AgentLoggedOn(agent.agent_id, device))
        if self.world.phone(device) != before:
            self.say_phone(agent.agent_id)
        self.forget_phones()
        self.show(agent)
        return None

    def log_off_agent(self, command: c.LogOffAgent) -> Refusal | None:
        agent = self.signed_on(command.agent_id)
        if isinstance(agent, Refusal):
            return agent
        if agent.work == "idle":
            self.sign_out(agent, command.by, command.reason)
        elif not (agent.pending and agent.pending.state is None):
            agent.pending = Wish(None, command.reason, command.by)
            self.show(agent, command.by)
        return None

    def set_agent_state(self, command: c.SetAgentState) -> Refusal | None:
        agent = self.signed_on(command.agent_id)
        if isinstance(agent, Refusal):
            return agent
        wish = Wish(command.state, command.reason, command.by)
        if command.state is RequestedState.NOT_READY:
            if not command.reason:
                return Refusal.REASON_REQUIRED
            if command.reason not in self.world.config.reasons:
                return Refusal.UNKNOWN_REASON
            if not command.override and self.has_to_wait(agent, command.reason):
                self.ask_for_break(agent, command.reason)
                return None
        self.world.breaks = [each for each in self.world.breaks if each[0] != agent.agent_id]
        if agent.work in {"reserved", "busy"}:
            holds = command.state is RequestedState.READY and agent.status == "ready"
            had = agent.pending
            if holds or not had or (had.state, had.reason) != (wish.state, wish.reason):
                agent.pending = None if holds else wish
        elif agent.work == "afterCallWork":
            self.wish_during_after_call_work(agent, wish)
        else:
            self.grant(agent, wish)
        self.show(agent, command.by)
        return None

    def extend_after_call_work(self, command: c.ExtendAfterCallWork) -> Refusal | None:
        agent = self.signed_on(command.agent_id)
        if isinstance(agent, Refusal):
            return agent
        if agent.work != "afterCallWork":
            return Refusal.AGENT_STATE
        if command.extra_us <= 0:
            return Refusal.BAD_VALUE
        agent.until_us += command.extra_us
        self.world.set_deadline("work over", agent.agent_id, agent.until_us)
        self.show(agent)
        return None

    def device_reported(self, command: c.DeviceReported) -> Refusal | None:
        if not self.world.owners(command.device):
            return Refusal.UNKNOWN_DEVICE
        words = dict(self.world.said.get(command.device, {}))
        words.pop("", None)
        words[command.pbx] = command.state.value
        self.hear_of(command.device, words, came=command.state == "reachable")
        return None

    def device_reachable(self, command: c.DeviceReachable) -> Refusal | None:
        if self.world.spec(command.agent_id) is None:
            return Refusal.UNKNOWN_AGENT
        word = "reachable" if command.reachable else "unreachable"
        self.hear_of(self.world.phone_of(command.agent_id), {"": word}, came=command.reachable)
        return None

    def hear_of(self, device: str, words: dict[str, str], *, came: bool) -> None:
        before = self.world.phone(device)
        self.world.said[device] = words
        if self.world.phone(device) != before:
            for owner in self.world.owners(device):
                self.say_phone(owner)
        sitting = [agent for agent in self.world.agents if agent.device == device]
        for agent in sitting if came else ():  # the phone is back: no need to spare it any longer
            agent.failures.pop(OfferOutcome.UNREACHABLE, None)
            if agent.gap_cause == OfferOutcome.UNREACHABLE:
                self.gap_is_over(agent.agent_id)
            if agent.status == "notReady" and agent.reason == "unreachable":
                self.grant(agent, Wish(RequestedState.READY))
                self.show(agent)

    def say_phone(self, agent_id: str) -> None:
        device = self.world.phone_of(agent_id)
        state = self.world.phone(device)
        gone, unheard = state == "missing", state == "unheard"
        self.out.append(e.DeviceChanged(agent_id, state == "reachable", device, gone, unheard))

    def phones_now(self) -> dict[str, str]:
        """Everybody's phone, and how it is."""
        devices = {self.world.phone_of(spec.agent_id) for spec in self.world.config.agents}
        return {device: self.world.phone(device) for device in sorted(devices)}

    def say_changed_phones(self, before: dict[str, str]) -> None:
        for device, state in before.items():
            if self.world.phone(device) != state:
                for owner in self.world.owners(device):
                    self.say_phone(owner)

    def forget_phones(self) -> None:
        """What is known of a phone that is nobody's."""
        said = self.world.said
        self.world.said = {each: said[each] for each in said if self.world.owners(each)}
        own = self.world.own
        self.world.own = {each: own[each] for each in own if self.world.owners(each)}

    def signed_on(self, agent_id: str) -> Agent | Refusal:
        known = self.world.spec(agent_id) is not None
        missing = Refusal.NOT_LOGGED_ON if known else Refusal.UNKNOWN_AGENT
        return self.world.agent(agent_id) or missing

    # --- states -----------------------------------------------------------------------------

    def grant(self, agent: Agent, wish: Wish) -> None:
        """An idle agent gets what was asked for."""
        if wish.state is None:
            self.sign_out(agent, wish.by, wish.reason)
        elif wish.state is RequestedState.WORKING_AFTER_CALL:
            self.start_after_call_work(agent, self.world.config.limits.open_work_us)
        elif wish.state is RequestedState.NOT_READY:
            agent.status, agent.reason = "notReady", wish.reason
        elif agent.status != "ready":
            agent.status, agent.reason = "ready", ""
            agent.failures.clear()  # the agent is there: counted anew
            self.becomes_idle(agent)

    def wish_during_after_call_work(self, agent: Agent, wish: Wish) -> None:
        """Ready and not ready end the work early."""
        if wish.state is not RequestedState.WORKING_AFTER_CALL:
            agent.pending = wish
            agent.failures.clear()
            self.work_is_done(agent)

    def start_after_call_work(self, agent: Agent, duration_us: int) -> None:
        self.set_work(agent, "afterCallWork")
        agent.until_us = self.now + duration_us
        self.world.set_deadline("work over", agent.agent_id, agent.until_us)

    def after_call_work_over(self, agent_id: str) -> None:
        agent = self.world.agent(agent_id)
        by = agent.pending.by if agent.pending else ""
        self.work_is_done(agent)
        self.show(agent, by)

    def work_is_done(self, agent: Agent) -> None:
        """Back to idle from whatever it was, and what was asked for meanwhile is granted."""
        self.world.drop_deadline("work over", agent.agent_id)
        self.set_work(agent, "idle")
        agent.until_us, agent.call_id = 0, ""
        wish, agent.pending = agent.pending, None
        self.becomes_idle(agent)
        if wish:
            self.grant(agent, wish)

    def set_work(self, agent: Agent, work: str) -> None:
        """Busy and after-call work count as worked time."""
        if agent.work in {"busy", "afterCallWork"}:
            agent.worked_us += self.now - agent.work_since_us
        agent.work, agent.work_since_us = work, self.now

    def becomes_idle(self, agent: Agent) -> None:
        """The figures that strategies compare are measured now."""
        agent.idle_since_us = self.now
        signed_in_us = self.now - agent.logged_on_us
        agent.occupancy = agent.worked_us * 1_000_000 // signed_in_us if signed_in_us else 0

    def sign_out(self, agent: Agent, by: str, reason: str) -> None:
        for what in ("work over", "gap over"):
            self.world.drop_deadline(what, agent.agent_id)
        self.world.agents.remove(agent)
        self.world.breaks = [each for each in self.world.breaks if each[0] != agent.agent_id]
        agent.status, agent.reason, agent.pending = "loggedOff", reason, None
        self.show(agent, by)
        self.out.append(e.AgentLoggedOff(agent.agent_id, by, reason))
        if self.world.phone(agent.spec.device) != self.world.phone(agent.device):
            self.say_phone(agent.agent_id)
        self.forget_phones()
        self.somebody_signed_out()
        self.nobody_waits_for(agent)

    def somebody_signed_out(self) -> None:
        """For the callers of queues that nobody serves any more; see `calls`."""

    def nobody_waits_for(self, agent: Agent) -> None:
        """For calls that are to be handed to this agent; see `transfers`."""

    # --- breaks -----------------------------------------------------------------------------

    def has_to_wait(self, agent: Agent, reason: str) -> bool:
        """As many others of the group as a cap allows have, or are about to have, such a break."""
        for cap in self.world.config.break_caps:
            held = dict(agent.spec.skills)
            if reason not in cap.reasons or (cap.group and cap.group not in held):
                continue
            others = [
                other
                for other in self.world.agents
                if other is not agent
                and self.break_of(other) in cap.reasons
                and (not cap.group or cap.group in dict(other.spec.skills))
            ]
            if len(others) >= cap.limit:
                return True
        return False

    def break_of(self, agent: Agent) -> str:
        if agent.pending and agent.pending.state is RequestedState.NOT_READY:
            return agent.pending.reason
        return agent.reason if agent.status == "notReady" else ""

    def ask_for_break(self, agent: Agent, reason: str) -> None:
        world = self.world
        if (agent.agent_id, reason) in world.breaks:
            return
        world.breaks = [each for each in world.breaks if each[0] != agent.agent_id]
        self.out.append(e.BreakQueued(agent.agent_id, reason, len(world.breaks)))
        world.breaks.append((agent.agent_id, reason))

    def grant_breaks(self) -> None:
        """Whoever has asked and now has room gets it, in the order of asking."""
        for agent_id, reason in list(self.world.breaks):
            agent = self.world.agent(agent_id)
            if self.has_to_wait(agent, reason):
                continue
            self.world.breaks.remove((agent_id, reason))
            wish = Wish(RequestedState.NOT_READY, reason)
            if agent.work == "idle":
                self.grant(agent, wish)
            else:
                agent.pending = wish
            self.show(agent)

    # --- what they serve -----------------------------------------------------------------------

    def serve_group(self, command: c.ServeGroup) -> Refusal | None:
        agent = self.signed_on(command.agent_id)
        if isinstance(agent, Refusal):
            return agent
        if command.group not in dict(agent.spec.skills):
            return Refusal.UNKNOWN_GROUP
        if command.serving != (command.group in agent.unused):
            return None
        if command.serving:
            agent.unused.remove(command.group)
        else:
            agent.unused.append(command.group)
        groups = tuple(agent.skills.items())
        self.out.append(e.AgentGroupsChanged(agent.agent_id, groups, command.by))
        self.somebody_signed_out()
        return None

    def mark_last_call(self, command: c.MarkLastCall) -> Refusal | None:
        agent = self.signed_on(command.agent_id)
        if isinstance(agent, Refusal):
            return agent
        agent.last_call = command.on
        if command.on and agent.work == "busy" and not agent.pending:
            agent.pending = Wish(None)  # the present one
            self.show(agent)
        return None

    # --- failed offers ----------------------------------------------------------------------

    def offer_failed_for(self, agent: Agent, outcome: OfferOutcome) -> None:
        """The policy of this outcome: a pause, and after so many in a row not ready."""
        undelivered = outcome is OfferOutcome.UNDELIVERED
        policies = self.world.config.policies
        policy = policies.unreachable if undelivered else getattr(policies, POLICY[outcome])
        if not undelivered:
            agent.failures[outcome] = agent.failures.get(outcome, 0) + 1
            too_many = 0 < policy.not_ready_after <= agent.failures[outcome]
            if too_many and not agent.pending:
                agent.failures.clear()
                agent.status, agent.reason = "notReady", REASON[outcome]
                return
        gap_us = policy.gap_us
        if undelivered:
            gap_us = max(gap_us, 1_000_000)
        elif policy.gap_max_us:
            for _ in range(agent.failures[outcome] - 1):
                gap_us = min(2 * gap_us, policy.gap_max_us)
        if gap_us:
            agent.gap_until_us, agent.gap_cause = self.now + gap_us, outcome
            self.world.set_deadline("gap over", agent.agent_id, agent.gap_until_us)

    def gap_is_over(self, agent_id: str) -> None:
        agent = self.world.agent(agent_id)
        agent.gap_until_us, agent.gap_cause = 0, ""
        self.world.drop_deadline("gap over", agent_id)

    # --- what the world sees ----------------------------------------------------------------

    def state_of(self, agent: Agent) -> str:
        if agent.status == "loggedOff":
            return "null"
        if self.has_own_call(agent):
            return "busy"
        working = {"reserved": "reserved", "busy": "busy", "afterCallWork": "workingAfterCall"}
        return working.get(agent.work, agent.status)

    def has_own_call(self, agent: Agent) -> bool:
        """Ready, were it not for the phone."""
        idle = agent.work == "idle" and agent.status == "ready"
        return idle and bool(self.world.own.get(agent.device))

    def sitting_at(self, device: str) -> Agent | None:
        return next((each for each in self.world.agents if device and each.device == device), None)

    def seen_of(self, agent: Agent) -> tuple:
        wish = agent.pending
        pending = (wish.state.value if wish.state else "null") if wish else ""
        wanted_reason = wish.reason if wish else ""
        state = self.state_of(agent)
        reason = "ownCall" if self.has_own_call(agent) else agent.reason
        return (state, reason, pending, wanted_reason, agent.until_us, agent.call_id)

    def show(self, agent: Agent, by: str = "") -> None:
        """Tell the world when what it sees of the agent has changed."""
        seen = self.seen_of(agent)
        if seen == agent.shown_as:
            return
        state, reason, pending, _, _, _ = seen
        self.out.append(
            e.AgentStateChanged(
                agent_id=agent.agent_id,
                state=e.AgentState(state),
                reason=reason,
                pending=pending,
                previous=e.AgentState(agent.shown),
                previous_us=self.now - agent.shown_since_us,
                until_us=agent.until_us,
                call_id=agent.call_id,
                by=by,
            )
        )
        agent.shown, agent.shown_as, agent.shown_since_us = state, seen, self.now
