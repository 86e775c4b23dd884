"""AMI `Originate` of a phone, and `Bridge`: what a stranger's program does with calls. Pure.

An originated phone rings without a caller: its DialBegin and DialEnd name no channel that dials.
Once it answers, its channel is executed where the action says.
"""

from collections.abc import Callable
from functools import partial

from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.dialling import BUSY, NO_ANSWER, PHONE_SAYS, REJECTED, event_status
from simulators.pbx.phones import Behaviour, Phone
from simulators.pbx.world import HOP_US, MS_US, NORMAL_CLEARING, World

REFUSES = {
    Behaviour.BUSY: BUSY,
    Behaviour.FORWARDS: BUSY,
    Behaviour.UNAVAILABLE: NO_ANSWER,
    Behaviour.REJECTS: REJECTED,
}
ANSWERED, NOT_ANSWERED, FAILED = 4, 3, 0
"""`Reason` of OriginateResponse (measured, 22.10.1)."""


class Originate:
    """One phone that is made to ring."""

    def __init__(
        self, world: World, phone: Phone, place: tuple[str, str], action_id: str, channel_id: str
    ) -> None:
        self._world = world
        self._phone = phone
        self._place = place
        self._action_id = action_id
        self._leg = leg = world.channel(phone.endpoint, uniqueid=channel_id)
        leg.caller_number = leg.caller_name = phone.endpoint
        leg.at_location("from-agent", "s")

    def begin(self, ring_us: int) -> None:
        """Ring it for so long."""
        world, leg = self._world, self._leg
        self._phone.legs.append(leg)
        world.announcer.new_channel(leg)
        leg.on_gone = self._gone
        self._later(HOP_US, self._invite)
        self._later(ring_us, self._too_long)

    def _later(self, after_us: int, act: Callable[[], None]) -> None:
        leg = self._leg

        def if_it_rings() -> None:
            if not leg.gone and leg.state is not ChannelState.UP:
                act()

        leg.timers.append(self._world.soon(if_it_rings, after_us))

    def _invite(self) -> None:
        leg, phone = self._leg, self._phone
        self._world.announcer.dial_begin(None, leg, phone.endpoint)
        reaction = phone.reaction()
        cause = REFUSES.get(reaction.behaviour)
        if cause is not None or len(phone.legs) > phone.lines:
            refused = cause or BUSY
            self._later(HOP_US, lambda: self.refuse(refused))
        elif reaction.behaviour is not Behaviour.DEAD:
            leg.state, leg.rings_for = ChannelState.RINGING, self
            self._world.announcer.new_state(leg)
            if reaction.behaviour in (Behaviour.ANSWERS, Behaviour.DROPS):
                self._later(reaction.answer_after_ms * MS_US + HOP_US, self.pick_up)

    # --- as a phone that rings ------------------------------------------------------------------

    def pick_up(self) -> None:
        """It is executed from now on."""
        self._answered(self._leg)

    def refuse(self, cause: int) -> None:
        """Send it away."""
        leg = self._leg
        leg.cause, leg.tech_cause = cause, PHONE_SAYS[cause]
        self._world.announcer.hangup_request(leg)
        self._world.hang_up(leg)

    def picked_up_by(self, other: Channel) -> None:
        """Somebody else's phone takes its place."""
        leg, self._leg = self._leg, other
        leg.on_gone = leg.rings_for = None
        leg.cause = NORMAL_CLEARING
        self._answered(other)
        self._world.soon(lambda: self._world.hang_up(leg))

    def _answered(self, leg: Channel) -> None:
        leg.on_gone = leg.rings_for = None
        self._world.answer(leg)
        self._world.announcer.dial_end(None, leg, "ANSWER")
        self._world.announcer.originate_response(leg, self._action_id, ANSWERED)
        leg.at_location(*self._place)
        self._world.soon(lambda: self._world.proceed(leg))

    def _too_long(self) -> None:
        leg = self._leg
        leg.on_gone, leg.cause = None, NO_ANSWER
        self._world.announcer.originate_response(leg, self._action_id, NOT_ANSWERED)
        self._world.hang_up(leg)

    def _gone(self) -> None:
        self._world.announcer.dial_end(None, self._leg, event_status(self._leg.cause))
        self._world.announcer.originate_response(self._leg, self._action_id, FAILED)


def bridge(world: World, one: Channel, other: Channel) -> None:
    """Take both out of whatever they do and let them talk; each goes on afterwards."""
    if one.gone or other.gone:
        return
    for channel in (one, other):
        channel.on_left = None
        channel.interrupt()
        world.part(channel)
    world.join(one, other)
    for channel in (one, other):
        channel.on_left = partial(_goes_on, world, channel)
        channel.stop = partial(world.part, channel)


def _goes_on(world: World, channel: Channel) -> None:
    """In its dialplan, where it was; a channel that was only called has none."""
    if channel.context == "cti-wait":
        channel.exten = "s"
        world.soon(lambda: world.proceed(channel))
    else:
        world.soon(lambda: world.hang_up(channel))
