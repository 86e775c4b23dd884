"""A centre where anything may happen at any time: commands drawn from a seed, sensible or not.

Reports come twice, late, for calls that are gone and for transfers that are over; configuration and
Asterisks change in the middle. What must hold whatever happens is said in `test_engine_invariants`.
"""

import random
import sys
from collections.abc import Callable

from routing import commands as c
from routing.config import (
    SECOND_US,
    AgentSpec,
    Announcement,
    Boost,
    BreakCap,
    Mode,
    Overflow,
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
    Strategy,
)
from routing.engine import RoutingEngine
from routing.ids import AgentId, CallId, OfferId, PbxId, QueueId, SkillId, TransferId
from routing.snapshot import state_hash
from routing.transfers import messages as t

S = SECOND_US
QUEUES, AGENTS = 6, 14
SKILLS = [SkillId(f"s{n}") for n in range(QUEUES)]
PBXS = (PbxId("p0"), PbxId("p1"))
START_US = 1_800_000_000 * S


def queue(n: int) -> QueueSpec:
    """Each has other features switched on."""
    overflows = (
        Overflow("queueTimeOverflow", QueueId("q3")),
        Overflow("noAvailableAgents", QueueId("q1")),
        Overflow("queueFull", QueueId("q5")),
    )
    return QueueSpec(
        QueueId(f"q{n}"),
        need=f"s{n}>=2",
        strategy=list(Strategy)[n % 7],
        priority=n * 3,
        age_cap=20,
        sticky_us=3 * S,
        max_wait_us=60 * S if n in (2, 3) else 0,
        max_waiting=8 if n == 4 else 1000,
        sl_points=5 * (n % 2),
        regain_us=20 * S * (n % 2),
        allocation=(("own", 60), ("x", 40)) if n == 1 else (),
        reserve=Reserve("s5", 4, 1) if n in (0, 1) else None,
        announcements=(Announcement("hello", 4 * S, 50 * S, "position"),),
        callback_retry_us=5 * S,
        after_call_work_us=0 if n == 5 else 5 * S,
        steps=(Step(5 * S, f"s{n}"), Step(12 * S, f"s{n} | s{(n + 1) % QUEUES}")),
        overflows=overflows if n in (2, 4) else (),
    )


def agent(n: int, rnd: random.Random) -> AgentSpec:
    skills = tuple((skill, rnd.randint(1, 4)) for skill in rnd.sample(SKILLS, 3))
    return AgentSpec(
        AgentId(f"a{n}"),
        f"d{n}",
        skills,
        employer=("own", "x")[n % 2],
        weight=1 + n % 3,
        training=n == AGENTS - 1,
    )


def configuration(version: int, rnd: random.Random) -> RoutingConfig:
    return RoutingConfig(
        version=version,
        queues=tuple(queue(n) for n in range(QUEUES)),
        agents=tuple(agent(n, rnd) for n in range(AGENTS)),
        pbxs=PBXS,
        boosts=(Boost("r1", "vip", 30), Boost("r2", "fraud", 100, (QueueId("q1"),))),
        break_caps=(BreakCap(SkillId(""), ("break",), 2), BreakCap(SKILLS[1], ("meal",), 1)),
        modes=(Mode("storm", (QueueSpec(QueueId("q0"), need="s0 | s1", priority=50),)),),
    )


class RandomCentre:
    """Draws one command after another, knowing the engine's state, and time."""

    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)
        self.now_us = START_US
        self.calls = 0
        self.version = 1
        self.engine = RoutingEngine(configuration(1, self.rnd))
        self.acts = [act for weight, act in self.table() for _ in range(weight)]

    def table(self) -> list[tuple[int, Callable[[], c.Command | None]]]:
        """How often each is tried, of a thousand or so; None when there is nothing to do it to."""
        return [
            (40, self.arrive),
            (20, lambda: self.of_call(c.CallerHungUp)),
            (4, lambda: self.of_call(c.CallTaken)),
            (150, lambda: self.of_offer(c.OfferRinging)),
            (60, lambda: self.of_offer(c.OfferAnswered)),
            (200, lambda: self.of_offer(c.LegsBridged)),
            (80, self.fail),
            (20, self.leave),
            (60, self.leave_transfer),
            (20, lambda: self.of_call(c.CallHeld)),
            (20, lambda: self.of_call(c.CallRetrieved)),
            (60, lambda: c.LogOnAgent(self.agent())),
            (6, lambda: c.LogOffAgent(self.agent())),
            (130, self.set_state),
            (6, lambda: c.ServeGroup(self.agent(), self.rnd.choice(SKILLS), self.coin())),
            (4, lambda: c.MarkLastCall(self.agent(), self.coin())),
            (4, lambda: c.SetQueueAccepting(self.queue(), self.rnd.random() < 0.9)),
            (12, lambda: self.of_call(c.BookCallback, "123")),
            (3, lambda: self.of_call(c.CancelCallback)),
            (2, lambda: c.DeviceReachable(self.agent(), self.rnd.random() < 0.8)),
            (20, self.report_phone),
            (3, lambda: c.TelephonyLost(PBXS[0], heard=self.rnd.random() < 0.3)),
            (9, lambda: c.TelephonyRestored(PBXS[0])),
            (1, lambda: c.TelephonyGone(PBXS[0])),
            (3, self.configure),
            (2, c.RollbackConfig),
            (1, lambda: c.ContinueEvents(self.engine.event_seq + self.rnd.randrange(3) - 1)),
            (3, lambda: c.SetMode("storm", self.coin())),
            (3, lambda: c.ExtendAfterCallWork(self.agent(), S)),
            (90, self.transfer),
            (25, lambda: self.of_transfer(t.CancelTransfer)),
            (60, lambda: self.of_transfer(t.CompleteTransfer)),
            (60, lambda: self.of_transfer(t.JoinTransfer)),
            (60, lambda: self.of_transfer(t.TransferBridged)),
            (60, lambda: self.of_transfer(t.TransferConferenced)),
        ]

    def next(self) -> c.Stamped:
        """The next command; deadlines are mostly kept, sometimes late."""
        due_us = self.engine.next_deadline_us()
        self.now_us += self.rnd.randint(0, S // 2)
        if due_us is not None and due_us <= self.now_us and self.rnd.random() < 0.9:
            return self.stamped(c.DeadlinesReached())
        while True:
            command = self.rnd.choice(self.acts)()
            if command is not None:
                return self.stamped(command)

    def stamped(self, command: c.Command) -> c.Stamped:
        return c.Stamped(self.engine.seq + 1, self.now_us, command)

    # --- draws ----------------------------------------------------------------------------------

    def coin(self) -> bool:
        return self.rnd.random() < 0.5

    def agent(self) -> AgentId:
        return AgentId(f"a{self.rnd.randint(0, AGENTS)}")  # the last one is unknown

    def queue(self) -> QueueId:
        return QueueId(f"q{self.rnd.randint(0, QUEUES)}")

    def any_call(self) -> CallId:
        return self.rnd.choice([*self.engine.calls, CallId("nobody")])

    def of_call(self, kind: type, *values: object) -> c.Command:
        return kind(self.any_call(), *values)

    def of_offer(self, kind: type, *values: object) -> c.Command:
        return kind(self.rnd.choice([*self.engine.offers, OfferId(1)]), *values)

    def of_transfer(self, kind: type) -> c.Command | None:
        live = list(self.engine.transfers)
        return kind(self.rnd.choice([*live, *live, TransferId(1)])) if live else None

    def arrive(self) -> c.Command:
        rnd = self.rnd
        self.calls += 1
        return c.CallArrived(
            CallId(f"c{self.calls}"),
            self.queue(),
            rnd.choice(PBXS),
            rnd.randint(0, 3),
            rnd.choice([""] * 9 + ["s1", "!s2", "@a3"]),
            0,
            rnd.choice(["", "1", "2", "3"]),
            rnd.choice([AgentId(""), self.agent()]),
            rnd.choice([(), ("vip",), ("fraud", "vip")]),
            rnd.random() < 0.1,
        )

    def fail(self) -> c.Command:
        outcomes = [*c.OfferOutcome, *[c.OfferOutcome.NO_ANSWER] * 4]
        return self.of_offer(c.OfferFailed, self.rnd.choice(outcomes))

    def leave(self) -> c.Command:
        call_id = self.any_call()
        call = self.engine.calls.get(call_id)
        return c.AgentLegCleared(call_id, call.agent_id if call else self.agent())

    def leave_transfer(self) -> c.Command | None:
        """One of the two agents, under one of the two names of the call."""
        if not self.engine.transfers:
            return None
        transfer = self.rnd.choice(list(self.engine.transfers.values()))
        ids = (transfer.call_id, transfer.consult_id)
        who = self.engine.calls[self.rnd.choice(ids)].agent_id
        return c.AgentLegCleared(self.rnd.choice(ids), who)

    def set_state(self) -> c.Command:
        state = self.rnd.choice([c.RequestedState.READY] * 5 + list(c.RequestedState))
        reason = self.rnd.choice(["break", "meal"])
        return c.SetAgentState(self.agent(), state, reason, "", self.rnd.random() < 0.1)

    def report_phone(self) -> c.Command:
        """Of one of the phones, or of one that is nobody's."""
        state = self.rnd.choice([*c.DeviceState, *[c.DeviceState.REACHABLE] * 4])
        return c.DeviceReported(f"d{self.rnd.randint(0, AGENTS)}", self.rnd.choice(PBXS), state)

    def configure(self) -> c.Command:
        self.version += 1
        return c.ApplyConfig(configuration(self.version, self.rnd))

    def transfer(self) -> c.Command:
        rnd = self.rnd
        talking = [call for call in self.engine.calls.values() if call.agent_id]
        call = rnd.choice(talking) if talking and rnd.random() < 0.9 else None
        rules = [t.IfMissed.RECALL, *t.IfMissed]
        policy = t.TransferPolicy(
            rnd.choice(rules),
            rnd.choice(rules),
            rnd.choice(rules),
            self.queue(),
            rnd.choice([2, 10, 30]) * S,
            rnd.choice([2, 10]) * S,
        )
        to_queue, to_agent = self.queue(), self.agent()
        if self.coin():
            to_queue = QueueId("")
        else:
            to_agent = AgentId("")
        return t.StartTransfer(
            call.call_id if call else self.any_call(),
            call.agent_id if call and rnd.random() < 0.95 else self.agent(),
            rnd.choice([*t.TransferKind, t.TransferKind.CONSULT]),
            to_queue,
            to_agent,
            policy,
        )


def digest(seed: int, commands: int) -> str:
    """The state hash after a random day."""
    centre = RandomCentre(seed)
    for _ in range(commands):
        centre.engine.handle(centre.next())
    return state_hash(centre.engine)


if __name__ == "__main__":
    sys.stdout.write(" ".join(digest(seed, 1000) for seed in range(int(sys.argv[1]))))
