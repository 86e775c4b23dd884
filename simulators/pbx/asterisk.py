"""One simulated Asterisk, put together. Pure: it lives on whatever scheduler it is given.

    pbx = SimulatedAsterisk(VirtualClock(), agi, seed=7)
    pbx.world.add_phones([Phone("8001", Behaviour.ANSWERS, answer_after_ms=1500)])
    pbx.world.call(Caller("13800138000", "loans", talk_ms=60_000))

How one gets at it: `connect` for AMI, the `agi` port for what its dialplan asks. What may happen to
it: `kill`, `restart`, `stop`, `cut`, and the faults of `faults.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from simulators.pbx.actions import Actions
from simulators.pbx.acts import Acts
from simulators.pbx.announcer import Announcer
from simulators.pbx.dialplan import Dialplan, DialplanGlobals
from simulators.pbx.faults import CALM, FaultRates, Faults
from simulators.pbx.faulty_agi import FaultyAgi
from simulators.pbx.line import Line
from simulators.pbx.office import Office
from simulators.pbx.questions import AgiPort
from simulators.pbx.sessions import AmiSession, AmiUser, Message
from simulators.pbx.world import World
from simulators.prng import Prng
from simulators.virtual_clock import Scheduler, Timer

ROUTER = AmiUser("cti-router", "simulated-ami-secret")
OBSERVER = AmiUser("observer", "simulated-observer-secret", events=None, rights=frozenset({"all"}))
BOOT_US = 400_000
"""From AMI's greeting to FullyBooted; 0.4 to 0.8 s measured on a near-empty configuration."""

LAST_WORD_US = 1_100_000
"""From the last Hangup to `Shutdown` (22.10.1, measured)."""

GOODBYE_US = 1_000
"""From `Shutdown` to the end of the connections: what was told has gone out."""


@dataclass(frozen=True, slots=True)
class PbxSettings:
    """What the operator of this Asterisk has set."""

    users: tuple[AmiUser, ...] = (ROUTER, OBSERVER)
    dialplan: DialplanGlobals = field(default_factory=DialplanGlobals)


class SimulatedAsterisk:
    """World, dialplan and borders of one Asterisk, across its restarts."""

    def __init__(
        self,
        clock: Scheduler,
        agi: AgiPort,
        *,
        seed: int = 1,
        settings: PbxSettings | None = None,
        rates: FaultRates = CALM,
    ) -> None:
        self.clock = clock
        self.settings = settings or PbxSettings()
        prng = Prng(seed)
        self.announcer = Announcer(clock)
        self.faults = Faults(prng.fork("faults"))
        self.world = World(clock, self.announcer, prng.fork("world"))
        self.dialplan = Dialplan(
            self.world, FaultyAgi(clock, agi, self.faults), self.settings.dialplan
        )
        self.acts = Acts(self.world)
        Office(self.world, self.acts, self.dialplan)
        self.is_alive = True
        self.is_listening = True  # for AMI; false also while a cut lasts
        self.on_life: Callable[[], None] = lambda: None  # told when `is_alive` has changed
        self._actions = Actions(self.world)
        self._users = {user.name: user for user in self.settings.users}
        self._challenges = count(130_043_904)
        self._lines: list[Line] = []
        self._booting: Timer | None = None  # until FullyBooted
        self._return: Timer | None = None  # of a shut port, or of a dead Asterisk
        self._restarts = 0
        self._leaving: Timer | None = None  # looks whether the last channel has ended
        self._strikes: dict[str, Timer] = {}  # the next of each spontaneous fault
        self.set_rates(rates)

    @property
    def line_count(self) -> int:
        """AMI connections that are open."""
        return len(self._lines)

    def connect(self, send: Callable[[Message], None], shut: Callable[[], None]) -> Line | None:
        """A new AMI connection, not logged in; None when the port is shut."""
        if not self.is_listening:
            return None
        challenge = str(next(self._challenges))
        session = AmiSession(self._users, self._actions, self._uptime_s, challenge)
        unlisten: list[Callable[[], None]] = []

        def listen(names: frozenset[str] | None) -> None:
            unlisten.append(self.announcer.listen(line.told, names))

        def over() -> None:
            for stop in unlisten:
                stop()
            self._lines.remove(line)
            shut()

        line = Line(self.clock, self.faults, session, send, over, listen)
        self._lines.append(line)
        return line

    # --- what may happen to it ----------------------------------------------------------------

    def cut(self, for_us: int = 0) -> None:
        """All AMI connections break, and new ones for so long. Calls go on."""
        for line in tuple(self._lines):
            line.cut()
        if for_us and self.is_listening:
            self._go_away(for_us, self._listen)

    def kill(self) -> None:
        """`kill -9`: channels, connections and global variables are gone at once, untold."""
        self._go_away()
        self._live(is_alive=False)
        if self._booting is not None:
            self._booting.cancel()
            self._booting = None
        for line in tuple(self._lines):
            line.cut()
        self.world.die()

    def stop(self) -> None:
        """Shut down on purpose, with no channel left: those who listen are told."""
        self.announcer.shutdown(restart=False)
        self.kill()

    def shut_down(self, back_after_us: int = 0) -> None:
        """SIGTERM, `core stop now`, `core restart now`: all channels end, and then Asterisk does.

        With `back_after_us` it is started again, so long after that.
        """
        self.world.is_leaving = True
        self.world.end_all()

        self._after(LAST_WORD_US, lambda: self._end(back_after_us))

    def leave(self, back_after_us: int = 0) -> None:
        """`core stop gracefully`: no action, no login, no new channel, until the last has ended."""
        self.world.is_leaving = True
        self._leave_when_empty(back_after_us)

    def stay(self) -> None:
        """`core abort shutdown`."""
        self.world.is_leaving = False
        if self._leaving is not None:
            self._leaving.cancel()

    def reload_dialplan(self) -> None:
        """`dialplan reload` with `clearglobalvars`: what the router had set is gone, untold."""
        self.world.globals.clear()

    def start(self) -> None:
        """Come back after `kill` or `stop`: AMI greets at once, FullyBooted follows."""
        self._listen()
        self._live(is_alive=True)
        self.world.started_us = self.clock.now_us()
        self._booting = self._after(BOOT_US, self._booted)

    def restart(self, away_us: int = 1_000_000) -> None:
        """Die and come back. It takes a second at least: unique ids must not repeat."""
        self.kill()
        self._go_away(max(away_us, 1_000_000), self.start)

    def set_rates(self, rates: FaultRates) -> None:
        """Other weather from now on."""
        self.faults.rates = rates
        for timer in self._strikes.values():
            timer.cancel()
        self._strikes.clear()
        self._arm("cut", self.faults.next_cut_us, self._strike_cut)
        self._arm("restart", self.faults.next_restart_us, self._strike_restart)

    # --- internal -----------------------------------------------------------------------------

    def _leave_when_empty(self, back_after_us: int) -> None:
        if self.world.channels:
            again = partial(self._leave_when_empty, back_after_us)
            self._leaving = self._after(LAST_WORD_US, again)
        else:
            self._end(back_after_us)

    def _end(self, back_after_us: int) -> None:
        self.announcer.shutdown(restart=bool(back_after_us))
        self._after(GOODBYE_US, lambda: self._ended(back_after_us))

    def _ended(self, back_after_us: int) -> None:
        self.kill()
        if back_after_us:
            self._go_away(back_after_us, self.start)

    def _uptime_s(self) -> int | None:
        if self._booting is not None:
            return None
        return (self.clock.now_us() - self.world.started_us) // 1_000_000

    def _booted(self) -> None:
        self._booting = None
        self.announcer.fully_booted(0)

    def _live(self, *, is_alive: bool) -> None:
        self.is_alive = is_alive
        self.on_life()

    def _listen(self) -> None:
        self.is_listening = True
        self._return = None

    def _go_away(self, for_us: int = 0, come_back: Callable[[], None] | None = None) -> None:
        """Shut the port. Only the last of several absences decides about the return."""
        self.is_listening = False
        if self._return is not None:
            self._return.cancel()
            self._return = None
        if come_back is not None:
            self._return = self._after(for_us, come_back)

    def _after(self, after_us: int, act: Callable[[], None]) -> Timer:
        return self.clock.at(self.clock.now_us() + after_us, act)

    def _arm(self, kind: str, draw: Callable[[], int | None], strike: Callable[[], None]) -> None:
        after_us = draw()
        if after_us is None:
            return

        def strike_and_arm() -> None:
            strike()
            self._arm(kind, draw, strike)

        self._strikes[kind] = self._after(after_us, strike_and_arm)

    def _strike_cut(self) -> None:
        self.cut(self.faults.cut_lasts_us())

    def _strike_restart(self) -> None:
        """Every other one is its operator's."""
        self._restarts += 1
        again = self.shut_down if self._restarts % 2 == 0 else self.restart
        again(self.faults.restart_lasts_us())
