"""A whole site in one thread on a virtual clock: the daemon's own code between simulated people.

    callers, phones  <->  simulated Asterisk  <->  gateway  <->  dispatcher  <->  core
    agents at their desks  ------------------------------------------^

Everything between the two borders is production code; what is simulated is the Asterisk, the people
and the time. An hour of a busy site takes seconds, and one seed is one history: the journals of two
runs are equal byte for byte, faults included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cti.dispatcher import Cancellable, Dispatcher
from cti.gateway.gateway import Gateway
from cti.journal.file import MemoryJournal
from cti.record.envelope import Envelope
from routing.commands import Command, LogOnAgent, RequestedState, SetAgentState
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import AgentState, AgentStateChanged
from routing.ids import AgentId, PbxId
from routing.invariants import Breach, check
from simulators.pbx.asterisk import ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.faults import CALM, FaultRates
from simulators.pbx.link import AgiInThread, Listener, WorldLink
from simulators.people.agents import Agents
from simulators.people.callers import Callers
from simulators.people.habits import Habits
from simulators.people.handsets import handsets
from simulators.prng import Prng
from simulators.virtual_clock import VirtualClock

SECOND_US = 1_000_000
PBX = PbxId("sim1")
LOOK_US = 300_000
"""How long a person takes to see that the screen has changed."""


@dataclass(slots=True)
class DirectDesk:
    """The desk port without a socket between: orders go straight to the dispatcher."""

    submit: Callable[[Command], object]

    def log_on(self, agent_id: str) -> None:
        """签到."""
        self.submit(LogOnAgent(AgentId(agent_id)))

    def set_state(self, agent_id: str, state: RequestedState, reason: str) -> None:
        """就绪, 未就绪."""
        self.submit(SetAgentState(AgentId(agent_id), state, reason))

    def work_done(self, agent_id: str) -> None:
        """After-call work is over."""
        self.submit(SetAgentState(AgentId(agent_id), RequestedState.READY))


class Whole:
    """One router, one Asterisk, and their people. `start`, then `run_s` as long as you like."""

    def __init__(
        self,
        config: RoutingConfig,
        *,
        seed: int,
        habits: Habits | None = None,
        rates: FaultRates = CALM,
        slice_s: int = 10,
    ) -> None:
        habits, prng = habits or Habits(), Prng(seed)
        self.clock = VirtualClock()
        self.engine = RoutingEngine(config)
        self.journal = MemoryJournal()
        self.crashes: list[Exception] = []
        self.dispatcher = Dispatcher(
            self.engine,
            self.journal,
            self.clock,
            epoch=1,
            call_later=self._call_later,
            on_crash=self.crashes.append,
        )
        settings = PbxSettings(dialplan=DialplanGlobals())
        self.gateway = Gateway(
            self.dispatcher,
            self.clock,
            secret=settings.dialplan.secret,
            slice_s=slice_s,
            call_later=self._call_later,
            instance="5113a7ed",
            name="simulated",
        )
        agi = AgiInThread(self.clock, self.gateway.answer, self.gateway.answered)
        self.pbx = SimulatedAsterisk(self.clock, agi, seed=seed, settings=settings, rates=rates)
        devices = [agent.device for agent in config.agents]
        self.pbx.world.add_phones(handsets(devices, prng.fork("phones"), habits.phones))
        self.link = self._join()
        self.callers = Callers(
            self.clock, prng.fork("callers"), habits.callers, self.pbx.world.call
        )
        self.agents = Agents(
            [agent.agent_id for agent in config.agents],
            self.clock,
            prng.fork("agents"),
            DirectDesk(self.dispatcher.submit),
            habits.agents,
        )
        self.dispatcher.listen_turns("screens", self._screens)

    def _join(self) -> WorldLink:
        side = self.gateway.add(PBX)
        link = WorldLink(PBX, self.pbx, Listener(side.link_up, side.link_down, side.heard), ROUTER)
        side.attach(link, lambda: link.is_refused)
        return link

    def start(self) -> None:
        """Connect, open the doors, let the agents come in."""
        self.dispatcher.start()
        self.gateway.start()
        self.link.start()
        for agent_id in self.engine.agents:
            self.agents.saw(agent_id, AgentState.NULL, "")
        self.callers.start()

    def run_s(self, seconds: int, check_every_s: int = 0) -> list[Breach]:
        """Let so much time go by; breaches of the core's invariants, looked for so often (0:
        once).
        """
        end_us = self.clock.now_us() + seconds * SECOND_US
        step_us = check_every_s * SECOND_US or seconds * SECOND_US
        breaches: list[Breach] = []
        while self.clock.now_us() < end_us and not breaches:
            self.clock.advance_to(min(self.clock.now_us() + step_us, end_us))
            breaches = check(self.engine)
        return breaches

    # --- internal ---------------------------------------------------------------------------------

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        return self.clock.at(self.clock.now_us() + round(seconds * SECOND_US), callback)

    def _screens(self, envelopes: Sequence[Envelope]) -> None:
        """Agents see their state a moment later, as a person does."""
        for envelope in envelopes:
            event = envelope.event
            if isinstance(event, AgentStateChanged):
                self._show(event)

    def _show(self, event: AgentStateChanged) -> None:
        self._call_later(
            LOOK_US / SECOND_US,
            lambda: self.agents.saw(event.agent_id, event.state, event.reason),
        )
