"""The site of a random day: who sits where, who calls, how phones behave. All drawn from the seed.

Six agents with phones of several lines, a receptionist, an outsider, a desk that is nobody's. Times
are shortened as in `simulators.people.habits`: a day of 30 minutes has some 250 callers.
"""

from dataclasses import dataclass
from typing import Protocol

from cti.dispatcher import Dispatcher, RouterStopped
from routing.commands import Command, LogOnAgent, RequestedState, SetAgentState
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.ids import AgentId, PbxId, QueueId
from simulators.pbx.asterisk import OBSERVER, ROUTER
from simulators.pbx.office import RECEPTIONIST
from simulators.pbx.phones import Behaviour, Once, Phone, Reaction
from simulators.pbx.sessions import AmiUser
from simulators.people.habits import AgentHabits, CallerHabits
from simulators.prng import Prng, Ratio
from simulators.virtual_clock import Scheduler

PBX = PbxId("a1")
SECOND_US = 1_000_000
AGENTS = {f"80{number:02}": f"a80{number:02}" for number in range(1, 7)}
DEVICES = tuple(AGENTS.values())
SPARE = "a8099"  # a desk that is nobody's: who works there today signs in with it
OUTSIDERS = (RECEPTIONIST, "o2")
QUEUES = ("loans", "cards")
STRANGER = AmiUser("stranger", "a-stranger's", events=frozenset(), rights=frozenset({"all"}))
USERS = (ROUTER, OBSERVER, STRANGER)

CONFIG = RoutingConfig(
    version=2,
    queues=(
        QueueSpec(QueueId("loans"), after_call_work_us=0, ring_timeout_us=12 * SECOND_US),
        QueueSpec(QueueId("cards"), after_call_work_us=6 * SECOND_US),
    ),
    agents=tuple(AgentSpec(AgentId(name), device) for name, device in AGENTS.items()),
    pbxs=(PBX,),
)
CALLERS = CallerHabits(
    mean_interval_ms=7_000,
    queues=(("loans", 10), ("cards", 6), ("reception", 2), ("detour", 1), ("detour-n", 1)),
    patience_mean_ms=60_000,
    talks_mean_ms=20_000,
    talks_at_least_ms=400,
)
PEOPLE = AgentHabits(sits_down_within_ms=40_000, works_mean_ms=300_000)

_REACTIONS = (
    (Behaviour.ANSWERS, 84),
    (Behaviour.RINGS, 6),
    (Behaviour.BUSY, 2),
    (Behaviour.REJECTS, 3),
    (Behaviour.UNAVAILABLE, 1),
    (Behaviour.FORWARDS, 2),
    (Behaviour.DROPS, 1),
    (Behaviour.SOUNDS, 1),
)


@dataclass(slots=True)
class Owner:
    """Who sits at one phone, and decides at each call."""

    draw: Prng
    forwards: bool = False  # the next call

    def decide(self) -> Reaction:
        """What becomes of this one."""
        draw, behaviour = self.draw, self.draw.weighted(_REACTIONS)
        if self.forwards:
            self.forwards, behaviour = False, Behaviour.FORWARDS
        if behaviour is Behaviour.REJECTS:
            return Once(behaviour, draw.between(0, 3) * 700)
        ends = draw.exponential(25_000) if draw.chance(Ratio(500)) else None
        return Once(behaviour, draw.between(30, 5_000), ends)


def phones(owners: dict[str, Owner], draw: Prng) -> list[Phone]:
    """Everybody's, `owners` filled on the way."""
    found: list[Phone] = []
    for device in (*DEVICES, SPARE, *OUTSIDERS):
        owner = owners[device] = Owner(draw.fork(device))
        found.append(Phone(device, lines=draw.between(1, 3), decide=owner.decide))
    return found


class Router(Protocol):
    """What a desk has to do with: the router that runs now."""

    dispatcher: Dispatcher


@dataclass(slots=True)
class Desk:
    """The desks of all agents. While no router runs, what is pressed is pressed again."""

    clock: Scheduler
    draw: Prng
    router: Router
    spare: bool = True

    def log_on(self, agent_id: str) -> None:
        """Mostly at the own phone; now and then at the desk that is nobody's."""
        spare = self.draw.chance(Ratio(120)) and self.spare
        self._press(LogOnAgent(AgentId(agent_id), SPARE if spare else ""))

    def set_state(self, agent_id: str, state: RequestedState, reason: str) -> None:
        """就绪, 未就绪."""
        self._press(SetAgentState(AgentId(agent_id), state, reason))

    def work_done(self, agent_id: str) -> None:
        """After-call work is over."""
        self._press(SetAgentState(AgentId(agent_id), RequestedState.READY))

    def _press(self, command: Command) -> None:
        try:
            self.router.dispatcher.submit(command)
        except RouterStopped:
            self.clock.at(self.clock.now_us() + SECOND_US, lambda: self._press(command))
