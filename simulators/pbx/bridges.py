"""Conversations of one simulated Asterisk: who enters and leaves which bridge. Pure.

A channel that is left alone in a conversation leaves it as well, and `Channel.on_left` says what it
does then: its dialplan goes on, or it hangs up. Whoever moves a channel on purpose clears that.
"""

from simulators.pbx.announcer import Announcer
from simulators.pbx.channels import Bridge, Channel
from simulators.prng import Prng
from simulators.virtual_clock import Scheduler


class Bridges:
    """All bridges; see above."""

    def __init__(self, clock: Scheduler, announcer: Announcer, prng: Prng) -> None:
        self._clock = clock
        self._announcer = announcer
        self._ids = prng

    def new(self, *members: Channel, holds: bool = False) -> Bridge:
        """A new bridge, which these enter one after the other."""
        bridge = Bridge(self._uuid(), holds)
        self._announcer.bridge_create(bridge)
        for member in members:
            self.enter(bridge, member)
        return bridge

    def enter(self, bridge: Bridge, channel: Channel, swap: Channel | None = None) -> None:
        """One more hears the others; of `swap` it takes the place."""
        bridge.members.append(channel)
        channel.bridge = bridge
        if not bridge.holds:
            now_us = self._clock.now_us()
            channel.first_talk_us = channel.first_talk_us or now_us
            channel.talk_began_us = now_us
        self._announcer.bridge_enter(bridge, channel, swap)

    def leave(self, channel: Channel) -> None:
        """One hears nobody any more. What it does then is for who has moved it."""
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.members.remove(channel)
        channel.bridge = None
        channel.held = False
        if channel.talk_began_us:
            channel.talked_us += self._clock.now_us() - channel.talk_began_us
            channel.talk_began_us = 0
        self._announcer.bridge_leave(bridge, channel)
        if not bridge.members:
            self._announcer.bridge_destroy(bridge)

    def part(self, first: Channel) -> None:
        """End the conversation of this channel, which leaves first; the others go their ways."""
        bridge = first.bridge
        if bridge is None:
            return
        others = [each for each in bridge.members if each is not first]
        for member in (first, *others):
            self.leave(member)
        for member in others:
            member.has_left()

    def swap(self, mover: Channel, taken: Channel) -> list[Channel]:
        """`mover` leaves its bridge and takes the place of `taken` in another. Both `taken` and
        those who were left behind are in no bridge then: they are given back.
        """
        behind = (
            [each for each in mover.bridge.members if each is not mover] if mover.bridge else []
        )
        bridge = taken.bridge
        self.leave(mover)
        if bridge is not None:
            self.leave(taken)
            self.enter(bridge, mover, taken)
        for each in behind:
            self.leave(each)
        return behind

    def _uuid(self) -> str:
        draw = self._ids
        digits = f"{draw.bits():016x}{draw.bits():016x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
