"""A small centre to complain about: a core, a clock that is moved by hand, readable verbs."""

from routing import RoutingEngine, Stamped, invariants
from routing import commands as c
from routing.config import SECOND_US, AgentSpec, Limits, Policies, QueueSpec, RoutingConfig
from routing.events import CallEstablished, Event, OfferEnded, OfferMade
from routing.ids import AgentId, CallId, OfferId, PbxId, QueueId, SkillId

S = SECOND_US
START_US = 1_800_000_000 * S


def queue(name: str, **fields: object) -> QueueSpec:
    """A queue whose need is its own name, with five seconds of after-call work."""
    given = {"need": name, "after_call_work_us": 5 * S, **fields}
    return QueueSpec(QueueId(name), **given)  # type: ignore[arg-type]


def agent(name: str, *skills: str, **fields: object) -> AgentSpec:
    """An agent with skills such as `loans` or `loans:3`."""
    pairs = tuple(
        (SkillId(skill.partition(":")[0]), int(skill.partition(":")[2] or 1)) for skill in skills
    )
    return AgentSpec(AgentId(name), f"phone-{name}", pairs, **fields)  # type: ignore[arg-type]


class Centre:
    """Every verb applies one command, checks all invariants and returns the events."""

    def __init__(self, queues, agents, **fields):
        fields.setdefault("policies", Policies())
        fields.setdefault("limits", Limits())
        self.config = RoutingConfig(queues=tuple(queues), agents=tuple(agents), **fields)
        self.core = RoutingEngine(self.config)
        self.now_us = START_US
        self.told: list[Event] = []

    def do(self, command) -> list[Event]:
        events = self.core.handle(Stamped(self.core.seq + 1, self.now_us, command))
        self.told += events
        assert invariants.check(self.core) == []
        return events

    def wait(self, seconds: float) -> list[Event]:
        """Let time pass, firing every deadline when it is due."""
        until_us = self.now_us + int(seconds * S)
        events: list[Event] = []
        while (due_us := self.core.next_deadline_us()) is not None and due_us <= until_us:
            self.now_us = max(self.now_us, due_us)
            events += self.do(c.DeadlinesReached())
        self.now_us = until_us
        return events

    def ready(self, *names: str) -> list[Event]:
        events: list[Event] = []
        for name in names:
            events += self.do(c.LogOnAgent(AgentId(name)))
            events += self.do(c.SetAgentState(AgentId(name), c.RequestedState.READY))
        return events

    def not_ready(self, name: str, reason: str = "break", **fields) -> list[Event]:
        state = c.RequestedState.NOT_READY
        return self.do(c.SetAgentState(AgentId(name), state, reason, **fields))

    def call(self, name: str, queue_name: str, **fields) -> list[Event]:
        return self.do(c.CallArrived(CallId(name), QueueId(queue_name), PbxId("a1"), **fields))

    def hang_up(self, name: str) -> list[Event]:
        return self.do(c.CallerHungUp(CallId(name)))

    def agent_hangs_up(self, call: str, name: str) -> list[Event]:
        return self.do(c.AgentLegCleared(CallId(call), AgentId(name)))

    def offer_of(self, name: str) -> OfferId:
        """The live offer to this agent."""
        offer_id = self.core.agents[AgentId(name)].offer_id
        assert offer_id, f"nothing is offered to {name}"
        return offer_id

    def answer(self, name: str) -> list[Event]:
        """The agent's phone rings, is picked up, and the legs are bridged."""
        offer_id = self.offer_of(name)
        events = self.do(c.OfferRinging(offer_id)) + self.do(c.OfferAnswered(offer_id))
        return events + self.do(c.LegsBridged(offer_id))

    def fail(self, name: str, outcome: c.OfferOutcome) -> list[Event]:
        return self.do(c.OfferFailed(self.offer_of(name), outcome))

    def offered(self, events: list[Event]) -> list[tuple[str, str]]:
        """(call, agent) of each offer among the events."""
        return [(e.call_id, e.agent_id) for e in events if isinstance(e, OfferMade)]

    def talking(self, name: str) -> str:
        """The call that this agent talks to; "" when none."""
        found = self.core.agents[AgentId(name)]
        return found.call_id if found.work == "busy" else ""

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.told)


__all__ = ["START_US", "CallEstablished", "Centre", "OfferEnded", "S", "agent", "queue"]
