"""`cti-order` of asterisk-config/extensions.d: every order but the one to ring a phone. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.pbx.channels import Channel
from simulators.pbx.dialling import CALLER_SEES
from simulators.pbx.originate import bridge
from simulators.pbx.world import NORMAL_CLEARING, World

SECOND_US = 1_000_000
STAY_S, MAX_STAY_S = 30, 120
"""How long a phone that the router has made to ring waits for it."""

Step = Callable[[Channel], None]


def refused(world: World, channel: Channel, current: str) -> None:
    """An order of a router that has been replaced, or CTI_EPOCH was cleared."""
    told = (("Order", channel.exten), ("Epoch", current))
    world.announcer.user_event(channel, "CtiRefused", told)


@dataclass(frozen=True, slots=True)
class Ordered:
    """EPOCH*VERB*ARGUMENTS, by Redirect or as the place of an Originate. `execute` runs a channel
    where it stands; `ask` and `music` are steps of `cti-wait`.
    """

    world: World
    execute: Step
    ask: Step
    music: Callable[[Channel, int, Step], None]

    def run(self, channel: Channel) -> None:
        """Extension `_X.`, and those that it leads to."""
        epoch, verb, first, second = (*channel.exten.split("*"), "", "", "")[:4]
        current = self.world.globals.get("CTI_EPOCH", "")
        if epoch != current:
            refused(self.world, channel, current)
            self._goes_on(channel)
        elif verb == "leave":
            channel.variables["CTI_CAUSE"] = first
            channel.at_location("cti-leave", second or "s")
            self.execute(channel)
        elif verb == "over":
            channel.at_location("cti-hold", "over")
            self.execute(channel)
        elif verb == "hangup":
            channel.at_location("cti-order", "order-hangup")
            channel.cause = int(first) if first.isdecimal() else NORMAL_CLEARING
            channel.tech_cause = CALLER_SEES.get(channel.cause, "")
            self.world.hang_up(channel)
        elif verb == "bridge":
            self._bridge(channel, first)
        elif verb == "stay":
            stay_s = int(first) if first.isdecimal() else 0
            self.world.answer(channel)
            channel.busy_with("Wait", str(stay_s))
            stay_us = (stay_s if 0 < stay_s <= MAX_STAY_S else STAY_S) * SECOND_US
            self.music(channel, stay_us, self._goes_on)
        else:
            self._goes_on(channel)

    def _goes_on(self, channel: Channel) -> None:
        """Extension `i`: a caller asks, and no other leg has a place to go back to."""
        if channel.get("CTI_ENTRY"):
            self.ask(channel)
        else:
            channel.cause = channel.cause or NORMAL_CLEARING
            self.world.hang_up(channel)

    def _bridge(self, channel: Channel, uniqueid: str) -> None:
        """The application Bridge: the other is taken out of whatever it does."""
        other = self.world.find(uniqueid)
        if other is None or other is channel or other.gone:
            self._goes_on(channel)
            return
        bridge(self.world, other, channel)

        def left() -> None:
            channel.variables.update(CTI_DIALSTATUS="ANSWER", CTI_VERB="returned")
            self._goes_on(channel)

        channel.on_left = left
