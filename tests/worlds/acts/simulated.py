"""A stage on the simulated Asterisk, on a virtual clock: the same script, the same parties."""

from collections.abc import Callable

from cti.ami.messages import AmiAction, AmiEvent, action
from simulators.pbx.asterisk import OBSERVER, SimulatedAsterisk
from simulators.pbx.channels import Channel
from simulators.pbx.link import Listener, WorldLink
from simulators.pbx.phones import Behaviour, Caller, CallReport, Phone
from simulators.virtual_clock import VirtualClock
from tests.worlds.acts.office import AGENTS, OUTSIDER
from tests.worlds.acts.scene import Fields, Scene

WITHIN_MS = 10_000
GESTURE_MS = 30
STEP_MS = 5
REJECTED = 21


def phones() -> list[Phone]:
    """Of everybody: they ring until somebody does something."""
    return [Phone(name, Behaviour.RINGS, lines=9) for name in (*AGENTS, OUTSIDER)]


class SimulatedStage:
    """See `script.Stage`. `events` is all that was told, as a manager without a filter hears it."""

    def __init__(self, clock: VirtualClock, pbx: SimulatedAsterisk) -> None:
        self.clock = clock
        self.pbx = pbx
        self.scene = Scene()
        self.events: list[Fields] = []
        self.reports: list[CallReport] = []
        self._link = WorldLink(
            "stranger", pbx, Listener(lambda: None, lambda _why: None, self._hear), OBSERVER
        )
        self._link.start()
        self.pass_ms(GESTURE_MS)

    def _hear(self, event: AmiEvent) -> None:
        fields = {"Event": event.name, **dict(event.headers.items())}
        self.events.append(fields)
        self.scene.hear(fields)

    def pass_ms(self, ms: int) -> None:
        """Time goes by."""
        self.clock.advance(ms * 1000)

    def ask(self, order: AmiAction) -> None:
        """A stranger's AMI."""
        self._link.send(order)

    async def do(self, who: str, what: str, to: str) -> None:
        """One key, one order; then a moment."""
        if who == "time":
            self.pass_ms(int(what))
            return
        if who == "ami":
            self._order(what, *to.split())
        elif who.startswith("c") and what == "dials":
            caller = Caller(f"1390{who[1:]}", to)
            self.pbx.world.call(caller, self.reports.append)
        else:
            self._press(who, what, to)
        self.pass_ms(GESTURE_MS)

    def _press(self, who: str, what: str, to: str) -> None:
        acts, world = self.pbx.acts, self.pbx.world
        if what in ("answers", "refuses"):
            self._wait(lambda: acts.rings(who), f"{who} does not ring")
        keys: dict[str, Callable[[], object]] = {
            "dials": lambda: acts.dial(who, to),
            "answers": lambda: acts.pick_up(who, last=to == "last"),
            "presses": lambda: acts.presses(self._talking(who), *to.split()),
            "falls": lambda: acts.falls_silent(self._talking(who)),
            "refuses": lambda: acts.refuse(who, REJECTED),
            "holds": lambda: world.set_hold(self._talking(who), held=True),
            "retrieves": lambda: world.set_hold(self._talking(who), held=False),
            "hangs": lambda: acts.hang_up(self._channel(who)),
            "refers": lambda: acts.refers(self._talking(who), to),
            "completes": lambda: acts.completes(who),
            "forwards": lambda: setattr(world.phones[who], "behaviour", Behaviour.FORWARDS),
        }
        done = keys[what]()
        assert done is not False, f"{who} cannot"

    def _order(self, what: str, who: str, to: str = "") -> None:
        place = {"Context": "from-agent", "Exten": to, "Priority": 1}
        orders: dict[str, Callable[[], AmiAction]] = {
            "redirects": lambda: action("Redirect", Channel=self._channel(who).name, **place),
            "originates": lambda: action(
                "Originate", Channel=f"PJSIP/{who}", Async="true", **place
            ),
            "bridges": lambda: action(
                "Bridge", Channel1=self._channel(who).name, Channel2=self._channel(to).name
            ),
            "hangs": lambda: action("Hangup", Channel=self._channel(to).name, Cause="16"),
        }
        self.ask(orders[what]())

    async def until(self, who: str, what: str, to: str) -> None:
        """Let time go by until it is so."""
        scene = self.scene
        ask: dict[str, Callable[[], bool]] = {
            "waits": lambda: any(each.get("CTI_STAGE") == "wait" for each in self._channels(who)),
            "rings": lambda: scene.rings(who),
            "talks": lambda: scene.talks(who, to),
            "parked": lambda: scene.parked(who),
            "alone": lambda: scene.alone(who),
            "gone": lambda: not scene.of(who),
        }
        self._wait(ask[what], f"not so: {list(scene.legs.values())}")

    def _wait(self, is_so: Callable[[], bool], why: str) -> None:
        for _ in range(WITHIN_MS // STEP_MS):
            if is_so():
                return
            self.pass_ms(STEP_MS)
        raise AssertionError(why)

    def _channels(self, who: str) -> list[Channel]:
        found = (self.pbx.world.find(leg.name) for leg in self.scene.of(who))
        return [each for each in found if each is not None]

    def _channel(self, who: str) -> Channel:
        return self._channels(who)[-1]

    def _talking(self, who: str) -> Channel:
        return next(each for each in reversed(self._channels(who)) if each.bridge is not None)

    async def end(self) -> None:
        """Everybody hangs up; nobody is left."""
        for channel in tuple(self.pbx.world.channels.values()):
            self.pbx.acts.hang_up(channel)
        self._wait(lambda: not self.pbx.world.channels, "somebody is left")
        self.pass_ms(GESTURE_MS)
