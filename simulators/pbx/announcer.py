"""What Asterisk tells about its channels: one method for each AMI event. Pure.

An event is only put together when somebody listens for its name, since most of Asterisk's stream is
of no interest to the router and writing it down would be most of the simulation's work.

Names and order of the headers are those of the recordings (tests/transcripts).
"""

from collections.abc import Callable

from cti.ami.messages import AmiEvent, Headers
from cti.clock import Clock
from simulators.pbx.channels import (
    CAUSES,
    Bridge,
    Channel,
    Pairs,
    bridge_headers,
    channel_headers,
)
from simulators.pbx.phones import Phone

Hear = Callable[[AmiEvent], None]

MUSIC_CLASS = "default"


class Announcer:
    """Publishes events to whoever listens for their names."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._to_all: list[Hear] = []
        self._by_name: dict[str, list[Hear]] = {}

    def listen(self, hear: Hear, names: frozenset[str] | None = None) -> Callable[[], None]:
        """Call `hear` with each event of these names, or of any; gives what ends it."""
        lists = (
            [self._to_all]
            if names is None
            else [self._by_name.setdefault(name, []) for name in sorted(names)]
        )
        for each in lists:
            each.append(hear)

        def stop() -> None:
            for each in lists:
                if hear in each:
                    each.remove(hear)

        return stop

    def _publish(self, name: str, privilege: str, write: Callable[[], Pairs]) -> None:
        listeners = (*self._to_all, *self._by_name.get(name, ()))
        if not listeners:
            return
        seconds, rest_us = divmod(self._clock.now_us(), 1_000_000)
        event = AmiEvent(
            name,
            Headers(
                (
                    ("Privilege", f"{privilege},all"),
                    ("Timestamp", f"{seconds}.{rest_us:06}"),
                    *write(),
                )
            ),
        )
        for hear in listeners:
            hear(event)

    # --- channels ---------------------------------------------------------------------------------

    def new_channel(self, channel: Channel) -> None:
        """A channel has come into being."""
        self._publish("Newchannel", "call", lambda: channel_headers(channel))

    def new_state(self, channel: Channel) -> None:
        """It rings, or is up."""
        self._publish("Newstate", "call", lambda: channel_headers(channel))

    def hangup_request(self, channel: Channel) -> None:
        """The far end of this channel wants to end it."""
        self._publish(
            "HangupRequest",
            "call",
            lambda: (
                *channel_headers(channel),
                *((("Cause", str(channel.cause)),) if channel.cause else ()),
                *_tech_cause(channel),
            ),
        )

    def soft_hangup_request(self, channel: Channel, reason: int) -> None:
        """Asterisk itself wants to end this channel; `reason` is an AST_SOFTHANGUP flag."""
        self._publish(
            "SoftHangupRequest", "call", lambda: (*channel_headers(channel), ("Cause", str(reason)))
        )

    def hangup(self, channel: Channel) -> None:
        """A channel is gone, and why."""
        self._publish(
            "Hangup",
            "call",
            lambda: (
                *channel_headers(channel),
                ("Cause", str(channel.cause)),
                ("Cause-txt", CAUSES.get(channel.cause, "Unknown")),
                *_tech_cause(channel),
            ),
        )

    # --- dialling ---------------------------------------------------------------------------------

    def dial_begin(self, caller: Channel | None, leg: Channel, dial_string: str) -> None:
        """A phone is called. `caller` is the channel that dials, None for an `Originate`; `leg` the
        one that is dialled.
        """
        self._publish(
            "DialBegin",
            "call",
            lambda: (
                *(channel_headers(caller) if caller is not None else ()),
                *channel_headers(leg, "Dest"),
                ("DialString", dial_string),
            ),
        )

    def dial_state(self, caller: Channel | None, leg: Channel, status: str) -> None:
        """The phone rings."""
        self._dial("DialState", caller, leg, status)

    def dial_end(self, caller: Channel | None, leg: Channel, status: str) -> None:
        """The calling is over: `ANSWER`, or how it failed."""
        self._dial("DialEnd", caller, leg, status)

    def _dial(self, name: str, caller: Channel | None, leg: Channel, status: str) -> None:
        self._publish(
            name,
            "call",
            lambda: (
                *(channel_headers(caller) if caller is not None else ()),
                *channel_headers(leg, "Dest"),
                ("DialStatus", status),
            ),
        )

    # --- conversations ----------------------------------------------------------------------------

    def bridge_create(self, bridge: Bridge) -> None:
        """An empty bridge."""
        self._publish("BridgeCreate", "call", lambda: bridge_headers(bridge))

    def bridge_destroy(self, bridge: Bridge) -> None:
        """The last one has left."""
        self._publish("BridgeDestroy", "call", lambda: bridge_headers(bridge))

    def bridge_enter(self, bridge: Bridge, channel: Channel, swap: Channel | None = None) -> None:
        """A channel hears those in the bridge from now on; `swap` is whose place it takes."""
        taken = () if swap is None else (("SwapUniqueid", swap.uniqueid),)
        self._publish(
            "BridgeEnter",
            "call",
            lambda: (*bridge_headers(bridge), *channel_headers(channel), *taken),
        )

    def bridge_leave(self, bridge: Bridge, channel: Channel) -> None:
        """A channel has left the bridge."""
        self._publish(
            "BridgeLeave", "call", lambda: (*bridge_headers(bridge), *channel_headers(channel))
        )

    def hold(self, channel: Channel) -> None:
        """The phone has put the others on hold."""
        self._publish(
            "Hold", "call", lambda: (*channel_headers(channel), ("MusicClass", MUSIC_CLASS))
        )

    def unhold(self, channel: Channel) -> None:
        """The phone is back."""
        self._publish("Unhold", "call", lambda: channel_headers(channel))

    def music_start(self, channel: Channel) -> None:
        """The channel hears music."""
        self._publish(
            "MusicOnHoldStart", "call", lambda: (*channel_headers(channel), ("Class", MUSIC_CLASS))
        )

    def music_stop(self, channel: Channel) -> None:
        """It hears no more music."""
        self._publish("MusicOnHoldStop", "call", lambda: channel_headers(channel))

    def blind_transfer(self, sender: Channel, sent: Channel, context: str, exten: str) -> None:
        """A phone sends the other end of its conversation to an extension."""
        self._publish(
            "BlindTransfer",
            "call",
            lambda: (
                ("Result", "Success"),
                *channel_headers(sender, "Transferer"),
                *channel_headers(sent, "Transferee"),
                *(bridge_headers(sender.bridge) if sender.bridge else ()),
                ("IsExternal", "Yes"),
                ("Context", context),
                ("Extension", exten),
            ),
        )

    def attended_transfer(
        self, first: Channel, second: Channel, sent: Channel, target: Channel | None
    ) -> None:
        """A phone joins the other ends of its two calls. `target`: who talked to the second; None:
        that one was in an application.
        """
        self._publish(
            "AttendedTransfer",
            "call",
            lambda: (
                ("Result", "Success"),
                *channel_headers(first, "OrigTransferer"),
                *channel_headers(second, "SecondTransferer"),
                *channel_headers(sent, "Transferee"),
                *(channel_headers(target, "TransferTarget") if target is not None else ()),
                ("IsExternal", "Yes"),
                ("DestType", "App" if target is None else "Bridge"),
            ),
        )

    def originate_response(self, leg: Channel, action_id: str, reason: int) -> None:
        """How an `Originate` ended: 4 answered, 3 no answer, 0 refused (measured, 22.10.1)."""
        self._publish(
            "OriginateResponse",
            "call",
            lambda: (
                ("ActionID", action_id),
                ("Response", "Success" if reason == 4 else "Failure"),
                ("Channel", leg.name),
                ("Reason", str(reason)),
                ("Uniqueid", leg.uniqueid),
            ),
        )

    # --- the rest ---------------------------------------------------------------------------------

    def user_event(self, channel: Channel, name: str, body: Pairs) -> None:
        """The dialplan says something of its own."""
        self._publish(
            "UserEvent", "user", lambda: (*channel_headers(channel), ("UserEvent", name), *body)
        )

    def contact_status(self, phone: Phone, uri: str, status: str) -> None:
        """`NonQualified` when a phone has registered, `Removed` when its registration has gone."""
        self._publish(
            "ContactStatus",
            "system",
            lambda: (
                ("URI", uri),
                ("ContactStatus", status),
                ("AOR", phone.endpoint),
                ("EndpointName", phone.endpoint),
                ("RoundtripUsec", "0"),
            ),
        )

    def reload(self, module: str) -> None:
        """A module has read its configuration again."""
        self._publish("Reload", "system", lambda: (("Module", module), ("Status", "0")))

    def fully_booted(self, uptime_s: int) -> None:
        """All modules are loaded."""
        self._publish("FullyBooted", "system", lambda: fully_booted_headers(uptime_s))

    def shutdown(self, *, restart: bool) -> None:
        """Asterisk goes down on purpose."""
        self._publish(
            "Shutdown", "system", lambda: (("Shutdown", "Cleanly"), ("Restart", str(restart)))
        )


def _tech_cause(channel: Channel) -> Pairs:
    return (("TechCause", channel.tech_cause),) if channel.tech_cause else ()


def fully_booted_headers(uptime_s: int) -> Pairs:
    """Also sent to each user who logs in to an Asterisk that has booted (action_login,
    manager.c).
    """
    return (
        ("Uptime", str(uptime_s)),
        ("LastReload", str(uptime_s)),
        ("Status", "Fully Booted"),
    )
