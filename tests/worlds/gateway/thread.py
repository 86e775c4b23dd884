"""The whole call path in one thread: simulated Asterisk, real gateway, dispatcher and core.

A router can be killed (`kill_router`) and started again (`start_router`) on its journal, as the
daemon does; Asterisk is what `simulators.pbx` makes of it. The invariants of the core are checked
after every command.
"""

from collections.abc import Callable, Sequence

import msgspec

from cti.agi.messages import AgiCommand, AgiRequest
from cti.ami.messages import AmiAction
from cti.dispatcher import Dispatcher
from cti.gateway.claim import SETTLE_S
from cti.gateway.gateway import Gateway
from cti.gateway.link import OnAnswer
from cti.journal.file import MemoryJournal
from cti.record.envelope import Envelope
from routing.commands import ApplyConfig, LogOnAgent, RequestedState, SetAgentState
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.ids import AgentId, PbxId, QueueId
from routing.invariants import check
from simulators.pbx.asterisk import OBSERVER, ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.faults import CALM, FaultRates
from simulators.pbx.link import AgiInThread, Listener, WorldLink
from simulators.pbx.phones import Caller, CallReport, Phone
from simulators.pbx.sessions import AmiUser
from simulators.virtual_clock import Timer, VirtualClock
from tests.worlds.gateway.desk import INSTANCE

A1 = PbxId("a1")
SECOND_US = 1_000_000
CLAIM_MS = round(SETTLE_S * 1000) + 20
"""Until an Asterisk that nobody had is ours."""


def config(agents: int, after_call_work_us: int = 0) -> RoutingConfig:
    return RoutingConfig(
        version=2,
        queues=(QueueSpec(QueueId("loans"), after_call_work_us=after_call_work_us),),
        agents=tuple(AgentSpec(AgentId(str(8001 + n)), f"p{8001 + n}") for n in range(agents)),
        pbxs=(A1,),
    )


class WatchedLink(WorldLink):
    """Notes every order that would take a caller out of a conversation."""

    torn: list[AmiAction]

    def send(self, order: AmiAction, on_answer: OnAnswer | None = None, /) -> str:
        if order.name == "Redirect":
            channel = self._asterisk.world.channels.get(order.get("Channel"))
            if channel is not None and channel.bridge is not None:
                self.torn.append(order)
        return super().send(order, on_answer)


class ThreadWorld:
    """One Asterisk, one router, all on one virtual clock."""

    def __init__(
        self,
        phones: Sequence[Phone],
        *,
        routing: RoutingConfig | None = None,
        rates: FaultRates = CALM,
        seed: int = 1,
        dialplan: DialplanGlobals | None = None,
        users: tuple[AmiUser, ...] = (ROUTER, OBSERVER),
    ) -> None:
        self.clock = VirtualClock()
        self.dialplan = dialplan or DialplanGlobals()
        self.config = routing or config(len(phones))
        self.agi = AgiInThread(self.clock)
        settings = PbxSettings(users, self.dialplan)
        self.pbx = SimulatedAsterisk(
            self.clock, self.agi, seed=seed, settings=settings, rates=rates
        )
        self.pbx.world.add_phones(phones)
        self.journal = MemoryJournal()
        self.reports: list[CallReport] = []
        self.told: list[Envelope] = []
        self.breaches: list[str] = []
        self.crashes: list[Exception] = []
        self.torn: list[AmiAction] = []
        self.epoch = 0
        self.start_router()

    # --- the router ------------------------------------------------------------------------------

    def start_router(self) -> None:
        """A new process: recovers from the journal, counts its epoch, connects."""
        self.epoch += 1
        engine = self.recovered()
        self.dispatcher = Dispatcher(
            engine,
            self.journal,
            self.clock,
            epoch=self.epoch,
            call_later=self.call_later,
            on_crash=self.crashes.append,
        )
        self.gateway = Gateway(
            self.dispatcher,
            self.clock,
            secret=self.dialplan.secret,
            slice_s=10,
            call_later=self.call_later,
            instance=INSTANCE,
            name="tested",
        )
        self.dispatcher.listen_turns("test", self._hear)
        if not engine.seq:
            self.dispatcher.submit(ApplyConfig(self.config))
        self.a1 = self.gateway.add(A1)
        listener = Listener(self.a1.link_up, self.a1.link_down, self.a1.heard)
        self.link = WatchedLink("a1", self.pbx, listener)
        self.link.torn = self.torn
        self.a1.attach(self.link, self.is_refused)
        self.agi.handler = self._answer
        self.agi.on_done = self.gateway.answered
        self.gateway.start()
        self.dispatcher.start()
        self.link.start()
        self.pass_ms(CLAIM_MS)

    def is_refused(self) -> bool:
        """Nobody listens on its port."""
        return not self.pbx.is_listening

    def recovered(self) -> RoutingEngine:
        """What the journal makes of a core."""
        engine = RoutingEngine(RoutingConfig())
        for stamped in self.journal.kept:
            engine.handle(stamped)
        return engine

    def join(self, name: str, phones: Sequence[Phone]) -> SimulatedAsterisk:
        """One more Asterisk for the running router; its dialplan says whose it is."""
        agi = AgiInThread(self.clock)
        settings = PbxSettings(dialplan=self.dialplan)
        pbx = SimulatedAsterisk(self.clock, agi, seed=2, settings=settings)
        pbx.world.add_phones(phones)
        side = self.gateway.add(PbxId(name))
        link = WorldLink(name, pbx, Listener(side.link_up, side.link_down, side.heard))
        side.attach(link, lambda: not pbx.is_listening)

        def named(own: str) -> Callable[[AgiRequest], Sequence[AgiCommand]]:
            return lambda request: self.gateway.answer(
                msgspec.structs.replace(request, script=f"{own}/{request.script}")
            )

        agi.handler, self.agi.handler = named(name), named("a1")
        link.start()
        self.pass_ms(CLAIM_MS)
        return pbx

    def call_at(self, pbx: SimulatedAsterisk, **habits: int) -> str:
        """A caller at another Asterisk."""
        channel = pbx.world.call(Caller("139", "loans", **habits), self.reports.append)
        self.pass_ms(20)
        return f"a2-{channel.uniqueid}"

    def kill_router(self) -> None:
        """`kill -9`: what it has not sent is not sent, its connections break."""
        self.agi.handler = None
        self.agi.on_done = None
        self.dispatcher.stop("killed")
        self.gateway.stop()
        self.link.close()

    def _answer(self, request: AgiRequest) -> Sequence[AgiCommand]:
        return self.gateway.answer(request)

    def _hear(self, envelopes: Sequence[Envelope]) -> None:
        self.told += envelopes
        self.breaches += [str(breach) for breach in check(self.engine)]

    @property
    def engine(self) -> RoutingEngine:
        return self.dispatcher.engine

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        return self.clock.at(self.clock.now_us() + round(delay_s * SECOND_US), call)

    # --- people ----------------------------------------------------------------------------------

    def ready(self, *agents: str) -> None:
        for agent in agents or [spec.agent_id for spec in self.config.agents]:
            self.dispatcher.submit(LogOnAgent(AgentId(agent)))
            self.make_ready(agent)

    def make_ready(self, agent: str) -> None:
        self.dispatcher.submit(SetAgentState(AgentId(agent), RequestedState.READY))

    def call(self, number: str = "139", **habits: int) -> str:
        """A caller; gives the call's id."""
        caller = Caller(number, "loans", **habits)
        channel = self.pbx.world.call(caller, self.reports.append)
        self.pass_ms(20)
        return f"a1-{channel.uniqueid}"

    def pass_ms(self, ms: int) -> None:
        self.clock.advance(ms * 1000)

    # --- what happened ---------------------------------------------------------------------------

    def events(self, kind: type) -> list[object]:
        return [envelope.event for envelope in self.told if isinstance(envelope.event, kind)]

    def endings(self) -> list[str]:
        return [report.ending.value for report in self.reports]

    def at_rest(self) -> bool:
        """Nothing is remembered that has ended, and no rule was broken on the way."""
        assert not self.breaches, self.breaches[:3]
        assert not self.crashes, self.crashes
        assert not self.torn, self.torn[:3]
        legs = self.a1.legs
        return not (self.engine.calls or self.engine.offers or legs.callers or legs.deliveries)
