"""One `Dial` of the dialplan: from the INVITE to the end of the conversation. Pure.

It has three ends, and each is told once, by `done`:

* the phone did not answer (status is not ANSWER): the caller goes on in the dialplan;
* the agent hung up after a conversation: the caller goes on too, because of option `g`;
* the caller was taken away, by a hang-up or by a Redirect: the agent's leg is dropped and nobody
  is told, since the dialplan no longer waits here.

Statuses. The event `DialEnd` and the variable DIALSTATUS are made by two functions of Asterisk, and
differ: `ast_hangup_cause_to_dial_status` (main/dial.c) knows BUSY, CONGESTION and CHANUNAVAIL by
their causes and calls the rest NOANSWER, while `handle_cause` (apps/app_dial.c) counts every cause
that it does not know as "no channel". So a phone that rejects (603, cause 21) is NOANSWER in the
event and CHANUNAVAIL in the dialplan.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.phones import Behaviour, Phone
from simulators.pbx.world import HOP_US, MS_US, NORMAL_CLEARING, World

NO_ROUTE, BUSY, NO_ANSWER, REJECTED, MOVED = 3, 17, 19, 21, 23
CANCELLED = 127  # by a caller who had not been answered
PHONE_SAYS = {BUSY: "486", NO_ANSWER: "480", REJECTED: "603"}
CALLER_SEES = {NO_ROUTE: "404", BUSY: "486", NO_ANSWER: "480", REJECTED: "403"}
"""What a phone says, and what its cause becomes on the caller's channel, where it stays."""


@dataclass(frozen=True, slots=True)
class DialResult:
    """DIALSTATUS, HANGUPCAUSE and RINGTIME_MS, as the dialplan sees them afterwards.

    `rang_ms` is the time until the phone rang, not how long it did; of a phone that made a sound of
    its own instead it is PROGRESSTIME_MS. None when it did neither.
    """

    status: str
    cause: int
    rang_ms: int | None = None


def event_status(cause: int) -> str:
    """DialStatus of DialEnd for a leg that ended unanswered."""
    known = {BUSY: "BUSY", 34: "CONGESTION", NO_ROUTE: "CHANUNAVAIL", 20: "CHANUNAVAIL"}
    return known.get(cause, "NOANSWER")


def variable_status(cause: int) -> str:
    """DIALSTATUS for a leg that ended unanswered, when it was the only one."""
    if cause == BUSY:
        return "BUSY"
    if cause == 34:
        return "CONGESTION"
    return "NOANSWER" if cause in (NORMAL_CLEARING, NO_ANSWER) else "CHANUNAVAIL"


class Dial:
    """One attempt to reach one phone for one channel."""

    def __init__(
        self, world: World, channel: Channel, endpoint: str, done: Callable[[DialResult], None]
    ) -> None:
        self._world = world
        self._channel = channel
        self._endpoint = endpoint
        self._done = done
        self._leg: Channel | None = None
        self._began_us = 0  # 0: the phone has not been called yet
        self._rang_ms: int | None = None
        self._answered = False

    def begin(self, ring_us: int) -> None:
        """Call the phone and ring it for so long."""
        self._channel.busy_with("Dial", f"PJSIP/{self._endpoint}")
        self._channel.variables["DIALSTATUS"] = ""
        self._channel.stop = self._taken_away
        phone = self._world.phones.get(self._endpoint)
        if phone is None or not phone.is_registered or self._world.is_leaving:
            # chan_pjsip makes no channel for an endpoint without a contact, and none at all while
            # Asterisk is shutting down, so there is no event.
            self._end("CHANUNAVAIL", NO_ROUTE)
            return
        self._leg = leg = self._make_leg(phone)
        self._later(leg, HOP_US, lambda: self._invite(leg, phone))
        self._later(leg, ring_us, lambda: self._ring_timeout(leg))

    # --- who sits at the phone -------------------------------------------------------------------

    def pick_up(self) -> None:
        """Answer it now."""
        if self._leg is not None and not self._answered:
            self._picked_up(self._leg, None)

    def refuse(self, cause: int) -> None:
        """Send the call away."""
        if self._leg is not None and not self._answered:
            self._refused(self._leg, cause)

    def picked_up_by(self, other: Channel) -> None:
        """`Pickup`: another channel takes the place of the phone that rings (main/pickup.c)."""
        leg = self._leg
        if leg is None or self._answered:
            return
        leg.on_gone = leg.rings_for = None
        leg.cause, self._leg = NORMAL_CLEARING, other
        leg.at_location(other.context, other.exten)  # they have changed places
        other.on_gone = lambda: self._leg_gone(other)
        if self._world.other_thread_first():
            self._world.hang_up(leg)
        else:
            self._world.soon(lambda: self._world.hang_up(leg), 2 * HOP_US)
        self._picked_up(other, None)

    # --- internal ---------------------------------------------------------------------------------

    def _make_leg(self, phone: Phone) -> Channel:
        world, channel = self._world, self._channel
        leg = world.channel(phone.endpoint, linked_to=channel)
        leg.caller_number = leg.caller_name = phone.endpoint
        leg.at_location("from-agent", "s")
        leg.variables.update(channel.inherited)
        leg.on_gone = lambda: self._leg_gone(leg)
        phone.legs.append(leg)
        world.announcer.new_channel(leg)
        return leg

    def _later(self, leg: Channel, after_us: int, act: Callable[[], None]) -> None:
        """Something that happens to the leg unless it has gone or been answered by then."""

        def act_if_still_calling() -> None:
            if not leg.gone and not self._answered:
                act()

        leg.timers.append(self._world.soon(act_if_still_calling, after_us))

    def _invite(self, leg: Channel, phone: Phone) -> None:
        self._began_us = self._world.clock.now_us()
        channel = self._channel
        leg.exten = channel.exten  # as app_dial leaves it until the answer
        leg.connected_number, leg.connected_name = channel.caller_number, channel.caller_name
        self._world.announcer.dial_begin(channel, leg, self._endpoint)
        channel.connected_number, channel.connected_name = leg.caller_number, leg.caller_name
        reaction = phone.reaction()
        if reaction.behaviour is Behaviour.DEAD:
            return
        after_us = reaction.answer_after_ms * MS_US + HOP_US
        if reaction.behaviour is Behaviour.BUSY or len(phone.legs) > phone.lines:
            self._later(leg, HOP_US, lambda: self._refused(leg, BUSY))
            return
        if reaction.behaviour is Behaviour.FORWARDS:
            self._later(leg, HOP_US, lambda: self._forwarded(leg))
            return
        if reaction.behaviour is Behaviour.UNAVAILABLE:
            self._later(leg, HOP_US, lambda: self._refused(leg, NO_ANSWER))
            return
        if reaction.behaviour is Behaviour.REJECTS:
            self._later(leg, after_us, lambda: self._refused(leg, REJECTED))
            if not reaction.answer_after_ms:
                return  # set to "do not disturb": it does not even ring
        if reaction.behaviour is Behaviour.SOUNDS:
            self._rang_ms = self._age_ms(leg)
            self._world.announcer.dial_state(channel, leg, "PROGRESS")
            return
        self._rings(leg)
        if reaction.behaviour is Behaviour.ANSWERS:
            talk_ms = reaction.hangs_up_after_ms
            self._later(leg, after_us, lambda: self._picked_up(leg, talk_ms))
        if reaction.behaviour is Behaviour.DROPS:
            self._later(leg, after_us, lambda: self._dropped(leg))

    def _rings(self, leg: Channel) -> None:
        self._rang_ms = self._age_ms(leg)
        leg.state = ChannelState.RINGING
        leg.rings_for = self
        self._world.announcer.new_state(leg)
        self._world.announcer.dial_state(self._channel, leg, "RINGING")

    def _age_ms(self, leg: Channel) -> int:
        return (self._world.clock.now_us() - leg.created_us) // MS_US

    def _picked_up(self, leg: Channel, hangs_up_after_ms: int | None) -> None:
        self._answered = True
        leg.rings_for = None
        self._channel.variables["DIALSTATUS"] = "ANSWER"  # known before the conversation begins
        self._world.answer(leg)
        leg.exten = ""
        self._world.announcer.dial_end(self._channel, leg, "ANSWER")
        self._world.answer(self._channel)

        def join() -> None:
            if self._leg is leg and not leg.gone:
                self._world.join(leg, self._channel)
                leg.on_gone, leg.on_left = None, lambda: self._drop(leg)
                self._channel.on_left = lambda: self._end("ANSWER", leg.cause)
                if hangs_up_after_ms is not None:
                    self._world.phone_hangs_up_after(leg, hangs_up_after_ms)

        self._world.soon(join)

    def _dropped(self, leg: Channel) -> None:
        self._picked_up(leg, None)
        leg.cause = NORMAL_CLEARING
        self._world.clears(leg)

    def _refused(self, leg: Channel, cause: int) -> None:
        leg.cause, leg.tech_cause = cause, PHONE_SAYS[cause]
        self._world.announcer.hangup_request(leg)
        self._world.hang_up(leg)

    def _forwarded(self, leg: Channel) -> None:
        """302, and option `i` of our Dial: it is not followed (apps/app_dial.c, do_forward). The
        status is BUSY and there is no cause (measured, 22.10.1).
        """
        leg.on_gone = None
        if self._world.other_thread_first():
            leg.cause = MOVED
            self._world.announcer.hangup_request(leg)
        self._world.announcer.dial_end(self._channel, leg, "CANCEL")
        self._world.announcer.dial_end(self._channel, leg, "BUSY")
        self._world.hang_up(leg)
        self._end("BUSY", 0)

    def _ring_timeout(self, leg: Channel) -> None:
        leg.on_gone = None
        self._world.announcer.dial_end(self._channel, leg, "NOANSWER")
        self._world.hang_up(leg)
        self._end("NOANSWER", leg.cause)

    def _leg_gone(self, leg: Channel) -> None:
        """The agent's leg has ended, by the phone or by an AMI user."""
        if self._answered:
            self._end("ANSWER", leg.cause)
            return
        if self._began_us:
            self._world.announcer.dial_end(self._channel, leg, event_status(leg.cause))
        self._end(variable_status(leg.cause), leg.cause)

    def _taken_away(self) -> None:
        """The caller is no longer here: hung up, or Redirected."""
        leg, self._leg = self._leg, None
        self._channel.on_left = None
        if leg is None or leg.gone:
            self._world.part(self._channel)
            return
        leg.cause = self._channel.cause if self._channel.cause == CANCELLED else NORMAL_CLEARING
        if not self._answered:
            leg.on_gone = None
            if self._began_us:
                self._world.announcer.dial_end(self._channel, leg, "CANCEL")
            self._world.hang_up(leg)
        elif leg.on_gone is not None:  # they have not met yet
            leg.on_gone = None
            self._drop(leg)
        else:
            self._world.part(self._channel)

    def _drop(self, leg: Channel) -> None:
        """The other one has gone; the leg's own thread hangs up."""
        if self._world.other_thread_first():
            self._world.hang_up(leg)
        else:
            self._world.soon(lambda: self._world.hang_up(leg))

    def _end(self, status: str, cause: int) -> None:
        """Back to the dialplan, on the caller's own thread."""
        self._leg = None
        if self._channel.gone:
            return
        if status != "ANSWER" and cause:
            self._channel.cause, self._channel.tech_cause = cause, CALLER_SEES.get(cause, "")
        result = DialResult(status, cause, self._rang_ms)
        waiting = self._world.soon(lambda: self._done(result))
        self._channel.stop = waiting.cancel
