"""The inside of a simulated Asterisk: channels, bridges, phones and callers. Pure.

It knows what telephony does by itself: numbers channels, rings phones, joins legs, takes them
apart. What a caller goes through is the dialplan's business (`dialplan.py`); one attempt to reach a
phone is `dialling.Dial`. Time enters through the scheduler port only.

Threads of the real one are imitated by `HOP_US`: what another thread of Asterisk would do next does
not happen within the call that caused it but a moment later, so that races can be seen.
"""

from collections.abc import Callable, Iterable

from simulators.pbx.announcer import Announcer
from simulators.pbx.bridges import Bridges
from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.phones import Behaviour, Caller, CallReport, Ending, Phone
from simulators.prng import Prng, Ratio
from simulators.virtual_clock import Scheduler, Timer

HOP_US = 1_000
SOFT_HANGUP_SHUTDOWN = 4  # AST_SOFTHANGUP_SHUTDOWN
"""Redirect to DialBegin takes 2 ms on the lab machine, answer to BridgeEnter 1 to 3 ms."""

MS_US = 1_000
FIRST_SOUND_US = 20_000
"""One packet. A Local channel is optimised away when one is written to it (main/core_unreal.c)."""

NORMAL_CLEARING = 16
TRUNK = "trunk"
EVEN = Ratio(1, 2)


class World:
    """All channels, bridges and phones of one Asterisk between two starts of it."""

    def __init__(self, clock: Scheduler, announcer: Announcer, prng: Prng) -> None:
        self.clock = clock
        self.announcer = announcer
        self.phones: dict[str, Phone] = {}
        self.channels: dict[str, Channel] = {}
        self.globals: dict[str, str] = {}
        self.is_leaving = False  # shuts down: no new channel, no action
        self.call_count = 0  # since start, as in CoreStatus
        self.local_count = 0  # pairs of Local channels, which are numbered (main/core_local.c)
        self.started_us = clock.now_us()
        self.bridges = Bridges(clock, announcer, prng.fork("bridges"))
        self._threads = prng.fork("threads")
        self._channel_no = 0
        self.optimise: Callable[[Channel], None] = lambda _channel: None
        self._run: Callable[[Channel], None] = self.hang_up

    def run_dialplan_by(self, run: Callable[[Channel], None]) -> None:
        """Who executes a channel's dialplan from its present location on."""
        self._run = run

    # --- phones -----------------------------------------------------------------------------------

    def add_phones(self, phones: Iterable[Phone]) -> None:
        """Phones that exist from now on; no event tells of them."""
        for phone in phones:
            self.phones[phone.endpoint] = phone

    def register(
        self, endpoint: str, behaviour: Behaviour = Behaviour.ANSWERS, uri: str = ""
    ) -> None:
        """A phone has come back to the network, or has come to one more place."""
        phone = self.phones[endpoint]
        phone.behaviour = behaviour
        uri = uri or phone.contact_uri
        phone.contacts[uri] = None
        self.announcer.contact_status(phone, uri, "NonQualified")

    def unregister(self, endpoint: str, uri: str = "") -> None:
        """A phone has gone from the network, or from one place. Its calls live on: only the
        registration is gone.
        """
        phone = self.phones[endpoint]
        uri = uri or phone.contact_uri
        phone.contacts.pop(uri, None)
        if not phone.contacts:
            phone.behaviour = Behaviour.UNREGISTERED
        self.announcer.contact_status(phone, uri, "Removed")

    def reload(self, phones: Iterable[Phone]) -> None:
        """The operator has rewritten pjsip.conf: these phones exist now, and no others."""
        self.phones.clear()
        self.add_phones(phones)
        self.announcer.reload("res_pjsip.so")

    # --- channels ---------------------------------------------------------------------------------

    def channel(
        self,
        endpoint: str,
        *,
        uniqueid: str = "",
        linked_to: Channel | None = None,
        name: str = "",
    ) -> Channel:
        """A new channel, named and numbered like Asterisk's: `PJSIP/hw1-00000040`,
        `1795293525.64`.
        """
        number, self._channel_no = self._channel_no, self._channel_no + 1
        now_us = self.clock.now_us()
        uniqueid = uniqueid or f"{now_us // 1_000_000}.{number}"
        channel = Channel(
            name=name or f"PJSIP/{endpoint}-{number:08x}",
            uniqueid=uniqueid,
            linkedid=linked_to.linkedid if linked_to else uniqueid,
            created_us=now_us,
            phone=self.phones.get(endpoint),
        )
        self.channels[channel.name] = channel
        return channel

    def find(self, name: str) -> Channel | None:
        """The channel of that name or unique id (`ast_channel_get_by_name`, main/channel.c)."""
        found = self.channels.get(name)
        unique = (each for each in self.channels.values() if each.uniqueid == name)
        return found or next(unique, None)

    def call(self, caller: Caller, on_end: Callable[[CallReport], None] | None = None) -> Channel:
        """A call comes in on the trunk and enters `cti-inbound`."""
        channel = self.channel(TRUNK)
        channel.state = ChannelState.RING
        channel.caller, channel.on_end = caller, on_end
        if self.is_leaving:  # "Refusing due to active shutdown", main/channel.c
            del self.channels[channel.name]
            channel.gone = True
            self._report(channel, Ending.LOST)
            return channel
        channel.caller_number = caller.number
        channel.caller_name = caller.name or channel.caller_name
        channel.at_location("from-trunk", caller.queue)
        channel.variables.update(CTI_NEEDS=caller.needs, CTI_PRIORITY=caller.priority)
        channel.variables["CTI_TAGS"] = caller.tags
        self.announcer.new_channel(channel)
        self.call_count += 1
        if caller.gives_up_after_ms is not None:
            self._timer(channel, caller.gives_up_after_ms * MS_US, self.clears)
        self.soon(lambda: self.proceed(channel))
        return channel

    def proceed(self, channel: Channel) -> None:
        """Execute the dialplan where the channel stands."""
        if not channel.gone:
            self._run(channel)

    def soon(self, callback: Callable[[], None], after_us: int = HOP_US) -> Timer:
        """What another thread will do in a moment."""
        return self.clock.at(self.clock.now_us() + after_us, callback)

    def answer(self, channel: Channel) -> None:
        """Pick up."""
        if channel.state is not ChannelState.UP:
            channel.state = ChannelState.UP
            self.announcer.new_state(channel)
            if channel.on_answer is not None:
                channel.on_answer()

    # --- conversations ----------------------------------------------------------------------------

    def join(self, leg: Channel, channel: Channel) -> None:
        """Put both into a new bridge; the one who was called enters first, as in `Dial`."""
        for member in (leg, channel):
            member.cause, member.tech_cause = NORMAL_CLEARING, ""
        self.bridges.new(leg, channel)
        for member in (leg, channel):
            self.begins_to_talk(member)

    def begins_to_talk(self, channel: Channel) -> None:
        """From here on patience is no matter; a Local channel is in the way."""
        if channel.caller is not None:
            self._forget_timers(channel)
            if channel.caller.talk_ms is not None:
                self._timer(channel, channel.caller.talk_ms * MS_US, self.clears)
        if channel.other_half is not None and not channel.cannot_optimise:
            self.soon(lambda: self.optimise(channel), FIRST_SOUND_US)

    def part(self, first: Channel) -> None:
        """Dissolve the bridge of this channel; `first` is the one who leaves first."""
        self.bridges.part(first)

    def send(self, channel: Channel, context: str, exten: str, priority: int = 1) -> None:
        """Take a channel out of what it does and have it executed there (`Redirect`, transfers)."""
        # The new place first: the DialEnd of a Dial that is cut short already names it.
        channel.at_location(context, exten, priority)
        channel.on_left = None
        channel.interrupt()
        self.part(channel)
        # One thread executes a channel: who is sent twice in a moment goes to the second place.
        channel.stop = self.soon(lambda: self.proceed(channel)).cancel

    def hold(self, endpoint: str) -> bool:
        """The phone puts its conversation on hold; False when it has none."""
        return self._set_hold(endpoint, held=True)

    def unhold(self, endpoint: str) -> bool:
        """The phone takes its conversation back."""
        return self._set_hold(endpoint, held=False)

    def _set_hold(self, endpoint: str, *, held: bool) -> bool:
        leg = next((each for each in self.phones[endpoint].legs if each.bridge), None)
        return leg is not None and self.set_hold(leg, held=held)

    def set_hold(self, leg: Channel, *, held: bool) -> bool:
        """One end of a conversation holds the others, or takes them back."""
        if leg.bridge is None or leg.held is held:
            return False
        leg.held = held
        (self.announcer.hold if held else self.announcer.unhold)(leg)
        for other in leg.bridge.members:
            if other is not leg:
                (self.announcer.music_start if held else self.announcer.music_stop)(other)
        return True

    # --- ends -------------------------------------------------------------------------------------

    def clears(self, channel: Channel) -> None:
        """The far end of this channel hangs up (BYE, CANCEL, or a negative answer)."""
        if not channel.gone:
            self.announcer.hangup_request(channel)
            self.hang_up(channel)

    def hang_up(self, channel: Channel) -> None:
        """End a channel, whatever it is in, and tell whoever waits for its end.

        The cause that is told is the channel's own: 0 for a caller who leaves the music, 16 after
        a conversation, and that of the phone that was called last if nobody has talked since.
        """
        if channel.gone:
            return
        was_talking = channel.bridge is not None
        channel.gone = True
        channel.on_left = channel.rings_for = None
        self._forget_timers(channel)
        self.part(channel)
        channel.interrupt()
        del self.channels[channel.name]
        if channel.phone is not None and channel in channel.phone.legs:
            channel.phone.legs.remove(channel)
        if channel.on_gone is not None:
            channel.on_gone()
        if was_talking and channel.phone is not None and self.other_thread_first():
            # The caller's thread is told that the leg has gone before its Hangup is.
            self.soon(lambda: self.announcer.hangup(channel), 2 * HOP_US)
        else:
            self.announcer.hangup(channel)
        self._report(channel, Ending.SERVED if channel.first_talk_us else self._unserved(channel))

    def end_all(self) -> None:
        """Asterisk hangs up everybody since it shuts down; each hang-up is announced before any."""
        for channel in self.channels.values():
            self.announcer.soft_hangup_request(channel, SOFT_HANGUP_SHUTDOWN)
        for channel in tuple(self.channels.values()):
            self.hang_up(channel)

    def die(self) -> None:
        """Asterisk is killed: everything is gone at once and nobody is told."""
        self.is_leaving = False
        dead, self.channels = self.channels, {}
        self.globals.clear()
        for phone in self.phones.values():
            phone.legs.clear()
        self._channel_no = 0
        self.call_count = self.local_count = 0
        for channel in dead.values():
            channel.gone = True
        for channel in dead.values():
            channel.interrupt()  # what was asked of the router is cut off, not answered
            self._forget_timers(channel)
        for channel in dead.values():
            self._report(channel, Ending.SERVED if channel.first_talk_us else Ending.LOST)

    def _report(self, channel: Channel, ending: Ending) -> None:
        if channel.caller is None or channel.on_end is None:
            return
        now_us = self.clock.now_us()
        waited_us = (channel.first_talk_us or now_us) - channel.created_us
        report = CallReport(channel.uniqueid, channel.caller, ending, waited_us, channel.talked_us)
        channel.on_end(report)

    # --- internal ---------------------------------------------------------------------------------

    def _timer(self, channel: Channel, after_us: int, act: Callable[[Channel], None]) -> None:
        """By its unique id: somebody else may be in this place then (`Acts.completes`)."""
        uniqueid = channel.uniqueid

        def due() -> None:
            found = self.find(uniqueid)
            if found is not None:
                act(found)

        channel.timers.append(self.soon(due, after_us))

    def phone_hangs_up_after(self, leg: Channel, after_ms: int) -> None:
        """The owner of the phone will end this conversation."""
        self._timer(leg, after_ms * MS_US, self.clears)

    def other_thread_first(self) -> bool:
        """Which of two legs of a conversation is told of first is a race; both were recorded."""
        return self._threads.chance(EVEN)

    @staticmethod
    def _unserved(channel: Channel) -> Ending:
        return Ending.SENT_AWAY if channel.get("CTI_STAGE") == "left" else Ending.GAVE_UP

    @staticmethod
    def _forget_timers(channel: Channel) -> None:
        for timer in channel.timers:
            timer.cancel()
        channel.timers.clear()
