"""Worlds and commands drawn from a seed: small, crowded, and with bad luck of every kind.

Ids are few on purpose: collisions, stale offers and doubled reports are what telephony is made of.
"""

from random import Random

from msgspec.structs import replace

from routing import commands as c
from routing.commands import Command, OfferOutcome, RequestedState
from routing.config import (
    AgentSpec,
    Announcement,
    Boost,
    BreakCap,
    Limits,
    Mode,
    OutcomePolicy,
    Overflow,
    Policies,
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
    Strategy,
)  # fmt: skip
from tests.naive.chance_data import some_change, some_fields, some_values
from tests.naive.chance_legs import some_hold, some_leg
from tests.naive.chance_transfers import some_transfer
from tests.naive.records import World

SECOND = 1_000_000
SKILLS = ("english", "loans", "cards", "vip", "trainee")
PBXS = ("a1", "a2")
REASONS = ("break", "meal")
CAUSES = ("queueFull", "noAvailableAgents", "queueTimeOverflow", "calendarOverflow")
BOOSTS = (
    Boost("loss-report", "loss", 50),
    Boost("vip-q0", "vip", 10, ("q0",)),
    Boost("elderly", "elderly", 7),
    Boost("vip-storm", "vip", 5),
)
CAP_ALL = BreakCap("", ("break", "meal"), 2)
CAP_LOANS = BreakCap("loans", ("break",), 1)
FAILURES = (
    OfferOutcome.NO_ANSWER, OfferOutcome.BUSY, OfferOutcome.REJECTED, OfferOutcome.UNREACHABLE,
    OfferOutcome.UNDELIVERED,
)  # fmt: skip


def some_need(rng: Random, agents: int) -> str:
    """An expression of up to three atoms."""
    if rng.random() < 0.15:
        return ""
    parts = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        atom = rng.choice(SKILLS)
        kind = rng.random()
        if kind < 0.35:
            atom = f"{atom}>={rng.randint(1, 4)}"
        elif kind < 0.45:
            atom = f"!{atom}"
        elif kind < 0.5:
            atom = f"@{agent_name(rng.randrange(agents))}"
        parts.append(atom)
    joined = parts[0]
    for part in parts[1:]:
        joined = f"({joined}) {rng.choice('&|')} {part}"
    return joined


def agent_name(number: int) -> str:
    return f"{8001 + number}"


def some_queue(rng: Random, number: int, agents: int, queues: int) -> QueueSpec:
    moments = sorted(rng.sample(range(1, 40), rng.choice((0, 0, 1, 2))))
    return QueueSpec(
        queue_id=f"q{number}",
        need=some_need(rng, agents),
        strategy=rng.choice(list(Strategy)),
        priority=rng.choice((0, 0, 0, 5, 20)),
        age_points=rng.choice((0, 1, 1, 3)),
        age_every_us=rng.choice((SECOND, SECOND, 7 * SECOND)),
        age_cap=rng.choice((0, 5, 3600)),
        ring_timeout_us=rng.choice((5, 15)) * SECOND,
        after_call_work_us=rng.choice((0, 0, 10, 30)) * SECOND,
        max_waiting=rng.choice((1, 3, 10_000, 10_000, 10_000)),
        sticky_us=rng.choice((0, 8)) * SECOND,
        max_wait_us=rng.choice((0, 0, 0, 25)) * SECOND,
        sl_points=rng.choice((0, 0, 17)),
        sl_window_us=rng.choice((5, 10)) * SECOND,
        service_level_us=rng.choice((12, 20)) * SECOND,
        allocation=rng.choice(((), (), (("own", 70), ("other", 30)))),
        reserve=some_reserve(rng, agents),
        overflows=some_overflows(rng, number, queues),
        regain_us=rng.choice((0, 0, 20)) * SECOND,
        announcements=some_announcements(rng),
        callback_attempts=rng.randint(1, 2),
        callback_retry_us=rng.choice((5, 30)) * SECOND,
        steps=tuple(Step(moment * SECOND, some_need(rng, agents)) for moment in moments),
    )


def some_reserve(rng: Random, agents: int) -> Reserve | None:
    """Whoever may help out when many wait, in one queue of four."""
    if rng.random() < 0.75:
        return None
    open_at = rng.randint(1, 4)
    return Reserve(some_need(rng, agents), open_at, rng.randrange(open_at))


def some_announcements(rng: Random) -> tuple[Announcement, ...]:
    return tuple(
        Announcement(
            sound=f"sound-{number}",
            after_us=rng.choice((1, 4, 10, 15)) * SECOND,
            every_us=rng.choice((0, 7, 10)) * SECOND,
            kind=rng.choice(("plain", "position", "wait")),
        )
        for number in range(rng.choice((0, 0, 0, 1, 2)))
    )


def some_overflows(rng: Random, number: int, queues: int) -> tuple[Overflow, ...]:
    """For each cause perhaps a way out of queue `number`: to another one or out of the router."""
    causes = [cause for cause in CAUSES if rng.random() < 0.2]
    return tuple(
        Overflow(cause, to_queue=f"q{(number + rng.randrange(1, queues)) % queues}")
        if rng.random() < 0.7 and queues > 1
        else Overflow(cause, to_extension="mailbox")
        for cause in causes
    )


def some_skills(rng: Random) -> tuple[tuple[str, int], ...]:
    chosen = rng.sample(SKILLS, rng.randint(0, len(SKILLS)))
    return tuple((skill, rng.randint(1, 5)) for skill in chosen)


def some_policy(rng: Random) -> OutcomePolicy:
    strikes = rng.choice((0, 1, 2, 4))
    gap_s = rng.choice((0, 3) if strikes == 1 else (2, 5))
    longest_s = rng.choice((0, gap_s, 7, 60))
    return OutcomePolicy(gap_s * SECOND, strikes, longest_s * SECOND)


def some_config(rng: Random) -> RoutingConfig:
    """A centre of one to six queues and one to twelve agents."""
    agents, queues = rng.randint(1, 12), rng.randint(1, 6)
    drawn = tuple(some_queue(rng, number, agents, queues) for number in range(queues))
    crisis = some_queue(rng, 0, agents, queues)
    return RoutingConfig(
        queues=drawn,
        break_caps=rng.choice(((), (), (CAP_ALL,), (CAP_LOANS, CAP_ALL))),
        boosts=BOOSTS[: rng.randint(0, 3)],
        modes=(Mode("storm", queues=(crisis,), boosts=BOOSTS[2:]), Mode("drill")),
        agents=tuple(
            AgentSpec(
                agent_id=agent_name(number),
                device=f"phone-{number}",
                skills=some_skills(rng),
                weight=rng.randint(1, 4),
                employer=rng.choice(("own", "own", "other", "third")),
                training=rng.random() < 0.1,
            )
            for number in range(agents)
        ),
        pbxs=PBXS,
        policies=Policies(
            no_answer=some_policy(rng),
            busy=some_policy(rng),
            rejected=some_policy(rng),
            unreachable=some_policy(rng),
        ),
        call_data=some_fields(rng),
        limits=Limits(calls=rng.choice((5, 200_000)), decision_rows=rng.choice((0, 1, 4))),
    )


class Draw:
    """Draws one command after another, looking at the naive engine's plain state for live ids."""

    def __init__(self, rng: Random, world: World, *, faults: bool = True) -> None:
        self.rng = rng
        self.world = world
        self.arrived = 0
        self.makers = [
            (16, self.arrival),
            (14, self.progress),
            (5, self.failure),
            (10, self.hang_up),
            (4, self.hold),
            (16, self.agent_state),
            (6, self.sign),
            (2, self.callback),
            (3, lambda: some_change(rng, self.call(), world.config.call_data)),
            (rng.choice((0, 4, 12)), lambda: some_leg(rng, self.call(), PBXS)),
            (rng.choice((6, 60)), lambda: some_transfer(rng, world)),
        ]
        if faults:
            self.makers += [(6, self.phone), (2, self.telephony), (2, self.nonsense)]
            self.makers += [(1, self.reconfigure), (4, self.centre)]
        self.weights = [weight for weight, _ in self.makers]

    def command(self) -> Command:
        [(_, make)] = self.rng.choices(self.makers, self.weights)
        return make()

    # --- one maker a kind of thing that happens -----------------------------------------------

    def arrival(self) -> Command:
        rng, world = self.rng, self.world
        self.arrived += 1
        return c.CallArrived(
            call_id=f"c{self.arrived}",
            queue_id=rng.choice(world.config.queues).queue_id,
            pbx=rng.choice(PBXS),
            priority=rng.choice((0, 0, 0, 1, 5, 30)),
            needs=some_need(rng, 3) if rng.random() < 0.3 else "",
            first_queued_us=self.first_queued(),
            caller=rng.choice(("", "13800138000")),
            preferred_agent=self.agent() if rng.random() < 0.2 else "",
            tags=tuple(rng.sample(("loss", "vip", "elderly"), rng.choice((0, 0, 0, 1, 2)))),
            training=rng.random() < 0.05,
            caller_name=rng.choice(("", "张三")),
            data=some_values(rng),
        )

    def first_queued(self) -> int:
        choice = self.rng.random()
        if choice < 0.8:
            return 0
        return max(1, self.world.now_us + self.rng.randint(-60, 5) * SECOND)

    def progress(self) -> Command:
        kind = self.rng.choice((c.OfferRinging, c.OfferAnswered, c.LegsBridged, c.LegsBridged))
        return kind(self.offer())

    def failure(self) -> Command:
        return c.OfferFailed(self.offer(), self.rng.choice(FAILURES))

    def hang_up(self) -> Command:
        call = self.call()
        choice = self.rng.random()
        if choice < 0.1:
            return c.CallTaken(call)
        if choice < 0.4:
            talking = [k for k in self.world.calls if k.connected]
            if talking:
                chosen = self.rng.choice(talking)
                return c.AgentLegCleared(chosen.call_id, chosen.agent_id)
        return c.CallerHungUp(call)

    def callback(self) -> Command:
        promised = [k.call_id for k in self.world.calls if k.callback]
        if promised and self.rng.random() < 0.2:
            return c.CancelCallback(self.rng.choice(promised))
        dialled = [offer.offer_id for offer in self.world.offers if self.is_callback(offer.call_id)]
        if dialled and self.rng.random() < 0.5:
            return c.OfferFailed(self.rng.choice(dialled), OfferOutcome.CUSTOMER_UNREACHABLE)
        return c.BookCallback(self.call(), self.rng.choice(("13800138000", "+86#*", "home", "")))

    def is_callback(self, call_id: str) -> bool:
        call = self.world.call(call_id)
        return bool(call and call.callback)

    def hold(self) -> Command:
        connected = [k.call_id for k in self.world.calls if k.connected]
        call = self.rng.choice(connected) if connected else self.call()
        return some_hold(self.rng, self.world.call(call), call, self.agent())

    def agent_state(self) -> Command:
        choice = self.rng.random()
        agent = self.agent()
        if choice < 0.6:
            by = self.rng.choice(("", "", "boss"))
            return c.SetAgentState(agent, RequestedState.READY, by=by)
        if choice < 0.8:
            override = self.rng.random() < 0.2
            reason = self.rng.choice(REASONS)
            return c.SetAgentState(agent, RequestedState.NOT_READY, reason, override=override)
        if choice < 0.9:
            return c.SetAgentState(agent, RequestedState.WORKING_AFTER_CALL)
        return c.ExtendAfterCallWork(agent, self.rng.choice((1, 5)) * SECOND)

    def sign(self) -> Command:
        choice = self.rng.random()
        if choice < 0.75:
            return c.LogOnAgent(self.agent(), "" if choice < 0.7 else "phone-0")
        return c.LogOffAgent(self.agent(), by="boss" if choice > 0.92 else "", reason="over")

    def phone(self) -> Command:
        rng = self.rng
        if rng.random() < 0.2:
            return c.DeviceReachable(self.agent(), reachable=rng.random() < 0.6)
        state = rng.choice((*c.DeviceState, c.DeviceState.REACHABLE, c.DeviceState.REACHABLE))
        return c.DeviceReported(f"phone-{rng.randrange(12)}", rng.choice(PBXS), state)

    def telephony(self) -> Command:
        kind = self.rng.choice(
            (c.TelephonyLost, c.TelephonyRestored, c.TelephonyRestored, c.TelephonyGone)
        )
        pbx = self.rng.choice(PBXS)
        if pbx in self.world.gone:
            kind = c.TelephonyRestored
        if kind is c.TelephonyLost:
            return c.TelephonyLost(pbx, heard=self.rng.random() < 0.5)
        return kind(pbx)

    def centre(self) -> Command:
        """Groups, last calls, closing times, emergency modes."""
        rng = self.rng
        queue = rng.choice(self.world.config.queues).queue_id
        return rng.choice(
            (
                c.ServeGroup(self.agent(), rng.choice(SKILLS), serving=rng.random() < 0.6),
                c.MarkLastCall(self.agent(), on=rng.random() < 0.8),
                c.SetQueueAccepting(queue, accepting=rng.random() < 0.7),
                c.SetMode(rng.choice(("storm", "drill", "none")), on=rng.random() < 0.5),
                c.RollbackConfig(),
                c.ContinueEvents(rng.choice((0, 1_000_000))),
            )
        )

    def reconfigure(self) -> Command:
        """A queue or an agent becomes another, or is taken away, or all is drawn anew."""
        rng, config = self.rng, self.world.base
        agents, queues = list(config.agents), list(config.queues)
        kind = rng.random()
        if kind < 0.4:
            at = rng.randrange(len(queues))
            drawn = some_queue(rng, 0, len(agents), len(queues))
            queues[at] = replace(drawn, queue_id=queues[at].queue_id)
        elif kind < 0.8:
            at = rng.randrange(len(agents))
            device = agents[at].device if rng.random() < 0.5 else f"phone-{rng.randrange(12)}"
            new = {"skills": some_skills(rng), "weight": rng.randint(1, 4), "device": device}
            agents[at] = replace(agents[at], **new)
        elif kind < 0.85:
            config = replace(config, call_data=some_fields(rng))
        elif kind < 0.9 and len(agents) > 1:
            agents.pop()
        elif len(queues) > 1:
            queues.pop()
        version = config.version + 1
        return c.ApplyConfig(
            replace(config, version=version, queues=tuple(queues), agents=tuple(agents))
        )

    def nonsense(self) -> Command:
        """What a confused peer might send."""
        rng = self.rng
        return rng.choice(
            (
                c.CallArrived("c1", "q0", "a1"),
                c.CallArrived(f"x{self.arrived}", "nowhere", "a1"),
                c.CallArrived(f"x{self.arrived}", "q0", "a1", needs="english >"),
                c.CallArrived(f"c{self.arrived}~2", "q0", "a1"),
                c.CallerHungUp("nobody"),
                c.OfferAnswered(0),
                c.OfferFailed(self.offer(), OfferOutcome.ESTABLISHED),
                c.OfferFailed(self.offer(), OfferOutcome.CUSTOMER_UNREACHABLE),
                c.OfferFailed(self.offer(), OfferOutcome.CALLER_GONE),
                c.OfferFailed(self.offer(), OfferOutcome.WITHDRAWN),
                c.SetAgentState("nobody", RequestedState.READY),
                c.SetAgentState(self.agent(), RequestedState.NOT_READY),
                c.SetAgentState(self.agent(), RequestedState.NOT_READY, "weather"),
                c.ExtendAfterCallWork(self.agent(), 0),
                c.DeviceReachable("nobody", reachable=True),
                c.DeviceReported("phone-0", "elsewhere", c.DeviceState.UNREACHABLE),
                c.DeviceReported("nobody's", "a1", c.DeviceState.REACHABLE),
                c.TelephonyLost("elsewhere"),
                c.SetQueueAccepting("nowhere", accepting=True),
                c.ServeGroup("nobody", "loans", serving=False),
                c.CancelCallback("nobody"),
                c.AgentLegCleared(self.call(), "8001"),
                c.LogOnAgent("nobody"),
                c.DeadlinesReached(),
            )
        )

    # --- ids, mostly of things that live ------------------------------------------------------

    def agent(self) -> str:
        return self.rng.choice(self.world.config.agents).agent_id

    def offer(self) -> int:
        live = [offer.offer_id for offer in self.world.offers]
        if live and self.rng.random() < 0.95:
            return self.rng.choice(live)
        return self.rng.randint(1, 1 + self.world.numbers.get("offer", 0))

    def call(self) -> str:
        live = [call.call_id for call in self.world.calls]
        if live and self.rng.random() < 0.97:
            return self.rng.choice(live)
        return f"c{self.rng.randint(1, 1 + self.arrived)}"
