"""What phones and strangers do on a random day: one function an act, each with draws of its own.

An act gives what it did in words, or None when nobody could do it just now. What follows from it
later (a consultation is completed, somebody hangs up) is drawn with it. `docs/phone-acts.md` has a
row for each.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cti.ami.messages import AmiAction, action
from simulators.pbx.acts import LOT, PARK
from simulators.pbx.asterisk import SimulatedAsterisk
from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.link import WorldLink
from simulators.pbx.office import PICKUP
from simulators.prng import Prng, Ratio
from tests.worlds.days.site import DEVICES, OUTSIDERS, QUEUES, SPARE, Owner

SECOND_US = 1_000_000
AGENTS = (*DEVICES, SPARE)
EVERYBODY = (*AGENTS, *OUTSIDERS)
AFTER_REFER_US = 20_000  # a phone whose REFER was taken sends BYE
OWN_CALL_MS = 15_000
CONSULT_MS = 6_000
REST_MS = 20_000
EVEN = Ratio(500)
FOLLOWED = ("completes", "bridges")


@dataclass(slots=True)
class Keys:
    """All keys of all phones, and a stranger's AMI."""

    pbx: SimulatedAsterisk
    stranger: WorldLink
    owners: dict[str, Owner]
    say: Callable[[str], None]
    followed: Counter[str] = field(default_factory=Counter)  # what came of it later

    # --- who could ------------------------------------------------------------------------------

    def legs(self, devices: Sequence[str] = AGENTS) -> list[Channel]:
        """Channels of these phones."""
        world = self.pbx.world
        return [leg for device in devices for leg in world.phones[device].legs if not leg.gone]

    def talking(self, devices: Sequence[str] = AGENTS) -> list[Channel]:
        """Those that are in a conversation."""
        return [leg for leg in self.legs(devices) if _talks(leg)]

    def customers(self, *, waiting: bool) -> list[Channel]:
        """Callers on the trunk, in our line or in a conversation."""
        trunk = [each for each in self.pbx.world.channels.values() if each.caller is not None]
        if waiting:
            return [each for each in trunk if each.bridge is None and _is_in_line(each)]
        return [each for each in trunk if _talks(each)]

    def free(self, devices: Sequence[str] = AGENTS) -> list[str]:
        """Phones without a channel."""
        return [device for device in devices if not self.pbx.world.phones[device].legs]

    def later(self, act: Callable[[], str | None], after_us: int) -> None:
        """What follows, if it can still be done then."""

        def due() -> None:
            said = act()
            if said:
                self.say(f"  {said}")
                self.followed.update(word for word in FOLLOWED if word in said)

        self.pbx.clock.at(self.pbx.clock.now_us() + after_us, due)

    def hangs_up_later(self, channel: Channel, draw: Prng, mean_ms: int) -> None:
        """Nobody stays for ever."""
        self.later(lambda: self._hangs_up(channel), draw.exponential(mean_ms * 1000))

    def _hangs_up(self, channel: Channel) -> str | None:
        if channel.gone:
            return None
        said = f"{channel.name} hangs up"
        self.pbx.acts.hang_up(channel)
        return said

    def order(self, order: AmiAction) -> None:
        """A stranger's."""
        self.stranger.send(order)

    # --- phones ---------------------------------------------------------------------------------

    def refer(self, draw: Prng, places: Sequence[str]) -> str | None:
        """REFER, blind."""
        legs = self.talking(EVERYBODY)
        if not legs:
            return None
        leg, place = draw.pick(legs), draw.pick(places)
        if leg.phone is not None and leg.phone.endpoint == place:
            return None
        said = f"{leg.name} refers {place}"
        if not self.pbx.acts.refers(leg, place):
            return None
        if place == PARK:
            self.later(lambda: self._hangs_up(leg), AFTER_REFER_US)
        return said

    def consult(self, draw: Prng, places: Sequence[str]) -> str | None:
        """Hold, dial; later complete, or come back."""
        legs = [leg for leg in self.talking(EVERYBODY) if leg.phone and len(leg.phone.legs) == 1]
        if not legs:
            return None
        leg, place = draw.pick(legs), draw.pick(places)
        device = leg.phone.endpoint if leg.phone is not None else ""
        if device == place:
            return None
        self.pbx.world.set_hold(leg, held=True)
        second = self.pbx.acts.dial(device, place)
        completes = draw.chance(Ratio(650))
        self.later(
            lambda: self._completes(device, leg, second) if completes else self._back(leg, second),
            draw.exponential(CONSULT_MS * 1000),
        )
        self.hangs_up_later(second, draw, REST_MS * 2)
        return f"{leg.name} holds, dials {place}"

    def _completes(self, device: str, first: Channel, second: Channel) -> str | None:
        """A phone asks for it when its other call has been answered."""
        if first.gone or second.gone or second.state is not ChannelState.UP or not _talks(first):
            return self._back(first, second)
        if not (_talks(second) or _is_in_line(second)):
            return self._back(first, second)
        lines = [leg for leg in self.pbx.world.phones[device].legs if leg.rings_for is None]
        if lines[0] is not first or lines[-1] is not second:
            return self._back(first, second)
        said = f"{device} completes {first.name}, {second.name}"
        return said if self.pbx.acts.completes(device) else None

    def _back(self, first: Channel, second: Channel) -> str | None:
        said = self._hangs_up(second)
        if not first.gone and first.held:
            self.pbx.world.set_hold(first, held=False)
            said = f"{said}, {first.name} is back"
        return said

    def pick_up(self, draw: Prng) -> str | None:
        """`*8`."""
        ringing = [leg.phone for leg in self.legs(EVERYBODY) if leg.rings_for is not None]
        if not ringing or not self.free():
            return None
        channel = self.pbx.acts.dial(draw.pick(self.free()), PICKUP)
        self.hangs_up_later(channel, draw, REST_MS)
        return f"{channel.name} dials {PICKUP}"

    def take_parked(self, draw: Prng) -> str | None:
        """Whoever is in the first places of the lot."""
        channels = self.pbx.world.channels.values()
        if not any(each.bridge is not None and each.bridge.holds for each in channels):
            return None
        if not self.free():
            return None
        place = str(LOT[0] + draw.below(2))
        channel = self.pbx.acts.dial(draw.pick(self.free()), place)
        self.hangs_up_later(channel, draw, REST_MS)
        return f"{channel.name} dials {place}"

    def hold(self, draw: Prng, *, customer: bool) -> str | None:
        """Or take back."""
        those = self.customers(waiting=False) if customer else self.talking(EVERYBODY)
        if not those:
            return None
        channel = draw.pick(those)
        held = not channel.held
        self.pbx.world.set_hold(channel, held=held)
        return f"{channel.name} {'holds' if held else 'is back'}"

    def dial(self, draw: Prng, places: Sequence[str]) -> str | None:
        """An own call."""
        devices = self.free() if draw.chance(Ratio(800)) else list(AGENTS)
        if not devices:
            return None
        device, place = draw.pick(devices), draw.pick(places)
        if device == place:
            return None
        channel = self.pbx.acts.dial(device, place)
        self.hangs_up_later(channel, draw, OWN_CALL_MS)
        return f"{channel.name} dials {place}"

    def forward(self, draw: Prng) -> str | None:
        """The next call there is answered with 302."""
        device = draw.pick(AGENTS)
        self.owners[device].forwards = True
        return f"{device} forwards the next call"

    def hang_up(self, draw: Prng) -> str | None:
        """Some phone does."""
        legs = [leg for leg in self.legs(EVERYBODY) if leg.rings_for is None]
        return self._hangs_up(draw.pick(legs)) if legs else None

    # --- a stranger -----------------------------------------------------------------------------

    def redirect(self, draw: Prng, *, waiting: bool, places: Sequence[str]) -> str | None:
        """A caller."""
        those = self.customers(waiting=waiting)
        if not those:
            return None
        return self._redirect(draw.pick(those), draw.pick(places))

    def redirect_leg(self, draw: Prng, places: Sequence[str]) -> str | None:
        """An agent's leg."""
        legs = self.talking()
        if not legs:
            return None
        leg, place = draw.pick(legs), draw.pick(places)
        if leg.phone is not None and leg.phone.endpoint == place:
            return None
        self.hangs_up_later(leg, draw, REST_MS)
        return self._redirect(leg, place)

    def _redirect(self, channel: Channel, place: str) -> str:
        self.order(
            action(
                "Redirect", Channel=channel.name, Context="from-agent", Exten=place, Priority="1"
            )
        )
        return f"ami redirects {channel.name} {place}"

    def originate(self, draw: Prng, places: Sequence[str]) -> str | None:
        """To some phone, idle or not."""
        device, place = draw.pick(AGENTS), draw.pick(places)
        if device == place:
            return None
        channel = f"PJSIP/{device}"
        self.order(
            action(
                "Originate",
                Channel=channel,
                Async="true",
                Context="from-agent",
                Exten=place,
                Priority="1",
            )
        )
        self.later(lambda: self._ends_all(device), draw.between(1, 40) * SECOND_US)
        if place == "music":
            self.later(lambda: self.bridge(draw), draw.between(1, 8) * SECOND_US)
        return f"ami originates {device} {place}"

    def _ends_all(self, device: str) -> str | None:
        """Who was called by a machine hangs up, whoever it is that they talk to by then."""
        legs = [leg for leg in self.legs([device]) if leg.rings_for is None]
        return self._hangs_up(legs[-1]) if legs else None

    def bridge(self, draw: Prng) -> str | None:
        """A phone that hears music with a caller who waits."""
        legs = [leg for leg in self.legs() if leg.exten == "music" and leg.bridge is None]
        legs = [leg for leg in legs if leg.state is ChannelState.UP]
        waiting = self.customers(waiting=True)
        if not legs or not waiting:
            return None
        leg, caller = draw.pick(legs), draw.pick(waiting)
        self.order(action("Bridge", Channel1=caller.name, Channel2=leg.name))
        return f"ami bridges {caller.name} {leg.name}"

    def foreign_hang_up(self, draw: Prng) -> str | None:
        """A caller, or a phone's leg."""
        those = self.talking() if draw.chance(EVEN) else self.customers(waiting=draw.chance(EVEN))
        if not those:
            return None
        channel = draw.pick(those)
        self.order(action("Hangup", Channel=channel.name, Cause="16"))
        return f"ami hangs up {channel.name}"


def _talks(channel: Channel) -> bool:
    bridge = channel.bridge
    return bridge is not None and not bridge.holds and len(bridge.members) > 1


def _is_in_line(channel: Channel) -> bool:
    return channel.context in ("cti-wait", "cti-arrive") and not channel.gone


Act = Callable[[Keys, Prng], str | None]

ACTS: dict[str, tuple[int, Act]] = {
    "refer": (8, lambda keys, draw: keys.refer(draw, AGENTS)),
    "refer-outside": (3, lambda keys, draw: keys.refer(draw, OUTSIDERS)),
    "refer-queue": (4, lambda keys, draw: keys.refer(draw, QUEUES)),
    "park": (6, lambda keys, draw: keys.refer(draw, (PARK,))),
    "take-parked": (20, Keys.take_parked),
    "consult": (8, lambda keys, draw: keys.consult(draw, AGENTS)),
    "consult-outside": (4, lambda keys, draw: keys.consult(draw, OUTSIDERS)),
    "consult-queue": (6, lambda keys, draw: keys.consult(draw, QUEUES)),
    "pick-up": (12, Keys.pick_up),
    "forward": (3, Keys.forward),
    "hold": (8, lambda keys, draw: keys.hold(draw, customer=False)),
    "customer-holds": (4, lambda keys, draw: keys.hold(draw, customer=True)),
    "own-call": (6, lambda keys, draw: keys.dial(draw, OUTSIDERS)),
    "internal": (6, lambda keys, draw: keys.dial(draw, AGENTS)),
    "hangs-up": (3, Keys.hang_up),
    "redirect-waiting": (4, lambda keys, draw: keys.redirect(draw, waiting=True, places=AGENTS)),
    "redirect-waiting-away": (
        3,
        lambda keys, draw: keys.redirect(draw, waiting=True, places=(*OUTSIDERS, "music")),
    ),
    "redirect-talking": (4, lambda keys, draw: keys.redirect(draw, waiting=False, places=AGENTS)),
    "redirect-talking-away": (
        3,
        lambda keys, draw: keys.redirect(draw, waiting=False, places=(*OUTSIDERS, "music")),
    ),
    "redirect-leg": (4, lambda keys, draw: keys.redirect_leg(draw, (*AGENTS, "o2", "music"))),
    "originate": (5, lambda keys, draw: keys.originate(draw, (*OUTSIDERS, *AGENTS))),
    "originate-music": (6, lambda keys, draw: keys.originate(draw, ("music",))),
    "foreign-hang-up": (3, Keys.foreign_hang_up),
}
"""{act: (weight, how)}."""
