"""What people do with their phones by themselves: dial, pick up, hold, transfer, park. Pure.

What Asterisk makes of each is held to recordings (tests/transcripts/acts). A phone's REFER goes by
what its call is: to an extension (blind), or to the phone's other call (attended), which is in a
conversation or in an application of the dialplan; in the last case the sent channel *becomes* the
other one: it takes over its place in the dialplan and its variables, and keeps its own name and
unique id (`ast_do_masquerade`, main/channel.c; measured, 22.10.1).
"""

from simulators.pbx.channels import Bridge, Channel, ChannelState
from simulators.pbx.phones import Phone
from simulators.pbx.world import HOP_US, NORMAL_CLEARING, World
from simulators.virtual_clock import Timer

OFFICE = "from-agent"
LOT = range(701, 710)
PARK = "700"
PARKED_US = 2_000_000
RETURNS_RING_US = 30_000_000
CANCELLED = 127
NO_SOUND = 44  # AST_CAUSE_REQUESTED_CHAN_UNAVAIL
SOFT_HANGUP_DEV = 1  # AST_SOFTHANGUP_DEV (include/asterisk/channel.h)

_PERSON = (
    "name", "uniqueid", "linkedid", "created_us", "caller_number", "caller_name", "phone",
    "caller", "on_end", "timers", "first_talk_us", "talk_began_us", "talked_us", "held", "state",
)  # fmt: skip
"""What stays with a channel's name when it takes another one's place in the dialplan."""


class Acts:
    """The keys of all phones of one Asterisk."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lot: dict[str, tuple[Channel, Bridge, Timer]] = {}

    # --- calls -----------------------------------------------------------------------------------

    def dial(self, endpoint: str, exten: str) -> Channel:
        """The phone calls an extension of the office."""
        world, phone = self._world, self._world.phones[endpoint]
        channel = world.channel(endpoint)
        channel.state = ChannelState.RING
        channel.caller_number = channel.caller_name = endpoint
        channel.at_location(OFFICE, exten)
        phone.legs.append(channel)
        world.announcer.new_channel(channel)
        world.soon(lambda: world.proceed(channel))
        return channel

    def rings(self, endpoint: str) -> bool:
        """A call waits there for an answer."""
        return any(leg.rings_for is not None for leg in self._world.phones[endpoint].legs)

    def pick_up(self, endpoint: str, *, last: bool = False) -> bool:
        """Answer the call that rings there, or the last of them; False when none does."""
        legs = self._world.phones[endpoint].legs
        for leg in reversed(legs) if last else legs:
            if leg.rings_for is not None:
                leg.rings_for.pick_up()
                return True
        return False

    def refuse(self, endpoint: str, cause: int) -> bool:
        """Send away the call that rings there."""
        for leg in self._world.phones[endpoint].legs:
            if leg.rings_for is not None:
                leg.rings_for.refuse(cause)
                return True
        return False

    def falls_silent(self, channel: Channel) -> None:
        """No sound comes any more, and Asterisk ends the call (`rtp_timeout`)."""
        world = self._world
        channel.cause = NO_SOUND
        world.announcer.soft_hangup_request(channel, SOFT_HANGUP_DEV)
        world.soon(lambda: world.hang_up(channel))

    def hang_up(self, channel: Channel) -> None:
        """The far end of this channel hangs up."""
        if channel.state is ChannelState.RING:
            channel.cause = CANCELLED  # nobody has answered
        self._world.clears(channel)

    # --- transfers -------------------------------------------------------------------------------

    def refers(self, sender: Channel, exten: str) -> bool:
        """REFER, blind: the other end of this conversation goes to an extension. False when there
        is no conversation.
        """
        world, sent = self._world, _other(sender)
        if sent is None:
            return False
        world.announcer.unhold(sender)
        world.announcer.blind_transfer(sender, sent, OFFICE, exten)
        if exten == PARK:
            self._park(sent, sender.phone)
            return True
        sender.on_left = lambda: self._let_go(sender)
        world.send(sent, OFFICE, exten)
        return True

    def presses(self, sender: Channel, code: str, exten: str) -> bool:
        """A feature code within the call: `#1` and a number is a blind transfer."""
        if code != "#1" or sender.bridge is None:
            return False
        self._world.announcer.hold(sender)
        return self.refers(sender, exten)

    def completes(self, endpoint: str) -> bool:
        """REFER with Replaces: the other ends of the first and the last call of this phone talk to
        each other. False when there are no two.
        """
        phone = self._world.phones[endpoint]
        lines = [leg for leg in phone.legs if leg.rings_for is None and not leg.gone]
        if len(lines) < 2:
            return False
        first, second = lines[0], lines[-1]
        sent = _other(first)
        if sent is None or first.bridge is second.bridge:
            return False
        self._world.announcer.unhold(first)
        target = _other(second)
        if target is None:
            self._takes_place(sent, first, second)
        else:
            self._world.announcer.unhold(second)
            self._joins(sent, first, second, target)
        return True

    def _joins(self, sent: Channel, first: Channel, second: Channel, target: Channel) -> None:
        world = self._world
        world.bridges.swap(sent, second)
        world.announcer.attended_transfer(first, second, sent, target)
        world.begins_to_talk(sent)
        world.begins_to_talk(target)
        first.on_left = None
        self._let_go(first)
        second.has_left()  # its own dialplan goes on for a moment, as it may
        world.soon(lambda: self._let_go(second), HOP_US * (1 if world.other_thread_first() else 3))

    def _takes_place(self, sent: Channel, first: Channel, second: Channel) -> None:
        """The one that was sent is where `second` was; what is left of it hangs up."""
        world, announcer = self._world, self._world.announcer
        announcer.attended_transfer(first, second, sent, None)
        sent.on_left = first.on_left = None
        world.bridges.leave(first)
        world.bridges.leave(sent)
        for field in _PERSON:
            here, there = getattr(sent, field), getattr(second, field)
            setattr(sent, field, there)
            setattr(second, field, here)
        for place in (sent, second):
            world.channels[place.name] = place
            if place.phone is not None:
                _exchange(place.phone, sent, second)
        second.variables = {**sent.variables, **second.variables}
        sent.stop, sent.cause = None, NORMAL_CLEARING
        self._let_go(first)
        world.hang_up(sent)

    def _let_go(self, channel: Channel) -> None:
        """Asterisk itself ends this one."""
        channel.cause = NORMAL_CLEARING
        self._world.hang_up(channel)

    # --- pick-up and parking ---------------------------------------------------------------------

    def picks_up(self, channel: Channel) -> None:
        """`*8`: the phone that has rung for longest is answered here (main/pickup.c)."""
        rings = [each for each in self._world.channels.values() if each.rings_for is not None]
        ringing = next((each.rings_for for each in rings if each.phone is not channel.phone), None)
        if ringing is None:
            self._world.hang_up(channel)
        else:
            ringing.picked_up_by(channel)

    def _park(self, sent: Channel, parker: Phone | None) -> None:
        world = self._world
        slot = next(str(number) for number in LOT if str(number) not in self._lot)
        world.bridges.leave(sent)
        bridge = world.bridges.new(sent, holds=True)
        back = f"PJSIP_{parker.endpoint}" if parker is not None else "s"
        timer = world.soon(lambda: self._returns(slot, back), PARKED_US)
        self._lot[slot] = (sent, bridge, timer)

    def _returns(self, slot: str, back: str) -> None:
        sent, bridge, _ = self._lot.pop(slot)
        if sent.bridge is bridge:
            self._world.bridges.leave(sent)
            self._world.send(sent, "park-dial", back)

    def takes_parked(self, channel: Channel, slot: str) -> None:
        """A parking place is dialled: talk to whoever is there."""
        parked = self._lot.pop(slot, None)
        if parked is not None:
            parked[2].cancel()
        if parked is None or parked[0].bridge is not parked[1]:
            self._world.hang_up(channel)
            return
        sent = parked[0]
        self._world.answer(channel)
        self._world.bridges.leave(sent)
        channel.stop = lambda: self._world.part(channel)
        channel.on_left = lambda: self._let_go(channel)
        self._world.join(sent, channel)


def _other(channel: Channel) -> Channel | None:
    """Who talks to it; None: nobody, or it is in a parking lot."""
    bridge = channel.bridge
    if bridge is None or bridge.holds:
        return None
    return next((each for each in bridge.members if each is not channel), None)


def _exchange(phone: Phone, one: Channel, other: Channel) -> None:
    """The phone's leg is the other object now."""
    phone.legs[:] = [other if leg is one else one if leg is other else leg for leg in phone.legs]
