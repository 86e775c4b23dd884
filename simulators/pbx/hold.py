"""`cti-hold` of the dialplan: a caller and an agent's leg that an order has taken apart. Pure.

The names of the steps are the extensions of asterisk-config/extensions.d. The two know each other
by CTI_PEER; each looks once a second whether the other one is still there.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from simulators.pbx.channels import Channel
from simulators.pbx.world import World

SLICE_US: Final = 1_000_000
LIMIT_S: Final = 600


class Hold:
    """The context. `behind` is where a caller goes whose agent has left: cti-wait, `returned`."""

    def __init__(self, world: World, behind: Callable[[Channel], None]) -> None:
        self._world = world
        self._behind = behind

    def run(self, channel: Channel) -> None:
        """EPOCH*hold, EPOCH*wait, EPOCH*join, or `over`."""
        epoch, _, verb = channel.exten.partition("*")
        current = self._world.globals.get("CTI_EPOCH", "")
        if channel.exten == "over":
            self._over(channel)
            return
        if epoch != current:
            self._world.announcer.user_event(
                channel, "CtiRefused", (("Order", channel.exten), ("Epoch", current))
            )
            verb = {"hold": "join", "join": "hold"}.get(verb, "wait")
        {"hold": self._hold, "join": self._join}.get(verb, self._wait)(channel)

    def _hold(self, channel: Channel) -> None:
        self._world.announcer.user_event(channel, "CtiHeld", ())
        self._slice(channel, LIMIT_S)

    def _slice(self, channel: Channel, left_s: int) -> None:
        channel.at_location("cti-hold", "hold")
        channel.busy_with("Wait", "1")

        def over() -> None:
            channel.stop = None
            if self._peer(channel) is None:
                self._over(channel)
            elif left_s <= 1:
                self._join(channel)
            else:
                self._slice(channel, left_s - 1)

        channel.stop = self._world.soon(over, SLICE_US).cancel

    def _wait(self, channel: Channel) -> None:
        """The agent's leg."""
        channel.at_location("cti-hold", "wait")
        channel.busy_with("Wait", "1")

        def over() -> None:
            channel.stop = None
            if self._peer(channel) is None:
                self._world.hang_up(channel)
            else:
                self._wait(channel)

        channel.stop = self._world.soon(over, SLICE_US).cancel

    def _join(self, channel: Channel) -> None:
        """The application Bridge: both into one, each goes on in its dialplan behind it."""
        world, peer = self._world, self._peer(channel)
        channel.at_location("cti-hold", "join")
        if peer is None:
            self._over(channel)
            return
        peer.interrupt()
        world.part(peer)
        world.join(channel, peer)
        channel.busy_with("Bridge", peer.name)
        channel.on_left = lambda: self._soon(self._over, channel)
        channel.stop = partial(world.part, channel)
        peer.on_left = lambda: self._soon(self._alone, peer)
        peer.stop = partial(world.part, peer)

    def _soon(self, then: Callable[[Channel], None], channel: Channel) -> None:
        self._world.soon(partial(then, channel))

    def _alone(self, channel: Channel) -> None:
        if not channel.gone:
            channel.stop = None
            self._wait(channel) if self._peer(channel) else self._world.hang_up(channel)

    def _over(self, channel: Channel) -> None:
        if not channel.gone:
            channel.stop = None
            channel.variables.update(CTI_DIALSTATUS="ANSWER", CTI_VERB="returned")
            self._behind(channel)

    def _peer(self, channel: Channel) -> Channel | None:
        return self._world.find(channel.get("CTI_PEER"))
