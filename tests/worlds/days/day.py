"""One random day: 30 virtual minutes of a site whose phones and strangers do as they like.

The gateway, the dispatcher and the core are the daemon's own, behind the simulated Asterisk, in one
thread on a virtual clock: one seed is one history. `play(seed)` gives what was breached.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from unittest import mock

from cti.record.envelope import Envelope
from routing import snapshot
from routing.commands import LogOffAgent
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import AgentState, AgentStateChanged, CallEstablished
from routing.ids import AgentId
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.link import Listener, WorldLink
from simulators.pbx.phones import Caller, CallReport
from simulators.pbx.world import World
from simulators.people.agents import Agents
from simulators.people.callers import Callers
from simulators.prng import Prng, Ratio
from tests.naive.duel import DisagreementError, Duel
from tests.worlds.days import site
from tests.worlds.days.keys import ACTS, CONSULT_MS, Keys
from tests.worlds.days.truth import Truth
from tests.worlds.days.watch import Breach, Watch
from tests.worlds.gateway.thread import ThreadWorld

SECOND_US = 1_000_000
DAY_S = 1800
ACT_EVERY_MS = 3_000
QUIET_S = 60
LAST_LOOK_S = 40
SEEN_MS = 300
WEATHER = {"cut": 2, "kill": 2, "sign-out": 6}
RECEPTION_MS = 3_000


@dataclass
class Result:
    """What a day came to."""

    seed: int
    breaches: list[Breach]
    acts: Counter[str]
    log: list[str]
    numbers: list[int]  # of the acts that were done
    calls: int = 0
    talks: int = 0
    commands: int = 0
    events: int = 0
    endings: Counter[str] = field(default_factory=Counter)


class Day(ThreadWorld):
    """`skip` are acts, by their numbers, that are not done; `without` kinds of them."""

    def __init__(
        self, seed: int, skip: Collection[int] = (), without: Collection[str] = ()
    ) -> None:
        self.seed, self.skip, self.without = seed, skip, without
        prng = Prng(seed)
        self.acts: Counter[str] = Counter()
        self.log: list[str] = []
        self.numbers: list[int] = []
        self.is_running = False
        self.calls = self.talks = self.event_count = 0
        self._draw = prng.fork("acts")
        self._awaited: list[tuple[int, int, str]] = []
        self._owners: dict[str, site.Owner] = {}
        self._watch = Watch(self)
        self._agents: Agents | None = None
        super().__init__(
            site.phones(self._owners, prng.fork("phones")),
            routing=site.CONFIG,
            seed=seed,
            dialplan=DialplanGlobals(failsafe_after_s=45),
            users=site.USERS,
        )
        self.stranger = WorldLink(
            "stranger",
            self.pbx,
            Listener(lambda: None, lambda _why: None, lambda _event: None),
            site.STRANGER,
        )
        self.keys = Keys(self.pbx, self.stranger, self._owners, self._say)
        self._callers = Callers(self.clock, prng.fork("callers"), site.CALLERS, self._calls_in)
        desk = site.Desk(self.clock, prng.fork("desk"), self, spare="spare-desk" not in without)
        self._agents = Agents(site.AGENTS, self.clock, prng.fork("agents"), desk, site.PEOPLE)

    @property
    def world(self) -> World:
        """The inside of the Asterisk."""
        return self.pbx.world

    @property
    def breached(self) -> list[Breach]:
        """All so far, those of the core's own rules included."""
        now_us = self.clock.now_us()
        own = [Breach("core", now_us, each) for each in self.breaches[:3]]
        own += [Breach("crash", now_us, repr(each)) for each in self.crashes]
        own += [Breach("torn", now_us, f"{order.name} {dict(order.fields)}") for order in self.torn]
        failed = self.dispatcher.failed_listeners
        own += [Breach("crash", now_us, f"listener {name}") for name in failed]
        return self._watch.breaches + own

    # --- the day ---------------------------------------------------------------------------------

    def play(self) -> Result:
        """From the first caller to the last look."""
        self.stranger.start()
        self._callers.start()
        for agent_id in site.AGENTS:
            self._saw(agent_id, AgentState.NULL, "")
        end_us, number = self.clock.now_us() + DAY_S * SECOND_US, 0
        while self.clock.now_us() < end_us and not self.breached:
            draw = self._draw.fork(str(number))
            self._until(self.clock.now_us() + draw.exponential(ACT_EVERY_MS * 1000))
            if number not in self.skip and not self.breached:
                self._act(number, draw)
            number += 1
        if not self.breached:
            self._end()
        if not self.breached:
            self._duel()
        return self._result()

    def _act(self, number: int, draw: Prng) -> None:
        """The first of a few drawn kinds that somebody can do now."""
        kinds = [(kind, weight) for kind, (weight, _) in ACTS.items()]
        kinds += list(WEATHER.items())
        kinds = [pair for pair in kinds if pair[0] not in self.without]
        for _ in range(6):
            kind = draw.weighted(kinds)
            said = ACTS[kind][1](self.keys, draw) if kind in ACTS else self._weather(kind, draw)
            if said:
                self.acts[kind] += 1
                self.numbers.append(number)
                self._say(f"#{number} {kind}: {said}")
                return

    def _weather(self, kind: str, draw: Prng) -> str | None:
        if kind == "cut":
            for_us = draw.between(0, 8_000) * 1000
            self.pbx.cut(for_us)
            return f"for {for_us} us"
        if kind == "kill":
            if not self.is_running:
                return None
            self.is_running = False
            self.kill_router()
            back_us = self.clock.now_us() + draw.between(50, 20_000) * 1000
            self._awaited.append((back_us, len(self._awaited), draw.pick(("journal", "snapshot"))))
            return f"back in {back_us - self.clock.now_us()} us"
        return self._sign_out(draw)

    def _sign_out(self, draw: Prng) -> str | None:
        if not self.is_running:
            return None
        agent_id = draw.pick(tuple(site.AGENTS))
        self.dispatcher.submit(LogOffAgent(AgentId(agent_id)))
        return agent_id

    def _until(self, until_us: int) -> None:
        """Let time go by; a router that is awaited comes back in it."""
        for due in sorted(self._awaited):
            if due[0] <= until_us:
                self.clock.advance_to(due[0])
                self._awaited.remove(due)
                self._say(f"router is back, from its {due[2]}")
                self.start_router()
        self.clock.advance_to(max(until_us, self.clock.now_us()))

    def _end(self) -> None:
        """Nobody calls any more; who is there ends, and then everybody hangs up."""
        self._callers.stop()
        self._until(self.clock.now_us() + QUIET_S * SECOND_US)
        self._say("everybody hangs up")
        for channel in tuple(self.world.channels.values()):
            self.pbx.acts.hang_up(channel)
        self._until(self.clock.now_us() + LAST_LOOK_S * SECOND_US)
        if not self.breached:
            self._watch.nothing_left()

    def _duel(self) -> None:
        """The slow engine decides the same, command by command."""
        duel = Duel(RoutingConfig(), check_invariants=False)
        try:
            for stamped in self.journal.kept:
                duel.submit(stamped.at_us, stamped.command)
        except DisagreementError as problem:
            self._watch.breach("naive", str(problem))

    def _result(self) -> Result:
        return Result(
            self.seed,
            self.breached,
            self.acts + self.keys.followed,
            self.log,
            self.numbers,
            self.calls,
            self.talks,
            len(self.journal.kept),
            self.event_count,
            Counter(self.endings()),
        )

    # --- the router ------------------------------------------------------------------------------

    def start_router(self) -> None:
        """As the daemon starts; the eye of the watch is there before the first router."""
        if not self.epoch:
            self._watch.truth = Truth(self.pbx, self._watch.moved)
        super().start_router()
        self.is_running = True
        self._watch.moved()

    def is_refused(self) -> bool:
        """A cut drops connections; only a dead process refuses them."""
        return not self.pbx.is_alive

    def recovered(self) -> RoutingEngine:
        """The core of a router that comes back."""
        engine = super().recovered()
        from_snapshot = self.log and self.log[-1].endswith("snapshot")
        return snapshot.load(snapshot.dump(engine)) if from_snapshot else engine

    def _hear(self, envelopes: Sequence[Envelope]) -> None:
        self.event_count += len(envelopes)
        super()._hear(envelopes)
        self.told.clear()
        self._watch.read(list(envelopes))
        for envelope in envelopes:
            event = envelope.event
            if isinstance(event, AgentStateChanged):
                self._screen(event)
            self.talks += isinstance(event, CallEstablished)

    def _screen(self, event: AgentStateChanged) -> None:
        self.call_later(
            SEEN_MS / 1000, lambda: self._saw(event.agent_id, event.state, event.reason)
        )

    def _saw(self, agent_id: str, state: AgentState, reason: str) -> None:
        if self._agents is not None:
            self._agents.saw(agent_id, state, reason)

    # --- people ----------------------------------------------------------------------------------

    def _calls_in(self, caller: Caller, on_end: Callable[[CallReport], None]) -> None:
        self.calls += 1

        def ended(report: CallReport) -> None:
            self.reports.append(report)
            on_end(report)

        self.world.call(caller, ended)
        if caller.queue == "reception":
            draw = self._draw.fork(f"reception {self.calls}")
            self.keys.later(lambda: self._receives(draw), draw.exponential(RECEPTION_MS * 2000))

    def _receives(self, draw: Prng) -> str | None:
        """The receptionist asks a queue, and mostly hands the caller on."""
        phone = self.world.phones[site.RECEPTIONIST]
        if len(phone.legs) != 1 or self.keys.talking((phone.endpoint,)) != phone.legs:
            return None
        place = draw.pick(site.QUEUES)
        first = phone.legs[0]
        self.world.set_hold(first, held=True)
        second = self.pbx.acts.dial(phone.endpoint, place)
        completes = draw.chance(Ratio(850))
        self.keys.later(
            lambda: (
                self.keys._completes(phone.endpoint, first, second)
                if completes
                else self.keys._back(first, second)
            ),
            draw.exponential(CONSULT_MS * 1500),
        )
        self.keys.hangs_up_later(second, draw, 60_000)
        return f"{phone.endpoint} holds, dials {place}"

    def _say(self, text: str) -> None:
        since_us = self.clock.now_us() - self._watch.began_us
        self.log.append(f"{since_us / SECOND_US:12.6f}  {text}")


def play(seed: int, skip: Collection[int] = (), without: Collection[str] = ()) -> Result:
    """One day. A comparison takes no time in it: how long it takes must not decide anything."""
    with mock.patch("cti.gateway.lookout.perf_counter", return_value=0.0):
        return Day(seed, skip, without).play()
