"""Channels and bridges as Asterisk keeps them, and how AMI writes them down. Pure.

The order of the headers is that of `ast_manager_build_channel_state_string_prefix` (main/
manager_channels.c) and of the recordings in tests/transcripts: readers may rely on it, so it is
kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from simulators.pbx.phones import Caller, CallReport, Phone
from simulators.virtual_clock import Timer

Pairs = tuple[tuple[str, str], ...]

UNKNOWN = "<unknown>"


class ChannelState(IntEnum):
    """`enum ast_channel_state`, as far as our calls go through it."""

    DOWN = 0
    RING = 4
    RINGING = 5
    UP = 6


STATE_WORDS = {state: state.name.capitalize() for state in ChannelState}
"""As in `ChannelStateDesc`."""


CAUSES = {
    0: "Unknown",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    23: "Unknown",
    26: "Answered elsewhere",
    32: "Unknown",
    127: "Interworking, unspecified",
}
"""Q.850 causes in Asterisk's words (main/channel.c, `causes`)."""


class Ringing(Protocol):
    """A phone that rings, as the one who sits there sees it."""

    def pick_up(self) -> None:
        """Answer it."""

    def refuse(self, cause: int) -> None:
        """Send the call away (Q.850)."""

    def picked_up_by(self, other: "Channel") -> None:
        """Somebody else has answered it (`Pickup`)."""


@dataclass(slots=True, eq=False)
class Bridge:
    """A conversation: who is in it, in the order of entering; or a parking lot, that `holds`."""

    uniqueid: str
    holds: bool = False
    members: list["Channel"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Channel:
    """One leg, with all that AMI tells of it.

    `stop` ends what the dialplan is doing with it at the moment (a wait, a question, a Dial): a
    hang-up or a Redirect calls it, and nothing that was under way comes back afterwards.
    """

    name: str
    uniqueid: str
    linkedid: str
    created_us: int
    state: ChannelState = ChannelState.DOWN
    caller_number: str = UNKNOWN
    caller_name: str = UNKNOWN
    connected_number: str = UNKNOWN
    connected_name: str = UNKNOWN
    context: str = ""
    exten: str = "s"
    priority: int = 1
    variables: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, str] = field(default_factory=dict)  # `Set(_X=…)`: for legs it dials
    application: str = ""
    data: str = ""
    bridge: Bridge | None = None
    held: bool = False
    gone: bool = False
    stop: Callable[[], None] | None = None
    cause: int = 0  # what `Hangup` will say; Q.850
    tech_cause: str = ""  # the SIP code that goes with it
    phone: Phone | None = None  # of an agent's leg
    caller: Caller | None = None  # of a caller's
    on_end: Callable[[CallReport], None] | None = None
    on_gone: Callable[[], None] | None = None  # who waits for the end of this leg
    on_left: Callable[[], None] | None = None  # when its conversation ends without it
    on_answer: Callable[[], None] | None = None  # of a Local channel: what its other half does
    rings_for: "Ringing | None" = None  # the Dial that makes this phone ring
    cannot_optimise: bool = False  # of a Local channel: /n
    other_half: "Channel | None" = None  # of a Local channel
    timers: list[Timer] = field(default_factory=list)
    first_talk_us: int = 0
    talk_began_us: int = 0
    talked_us: int = 0

    def has_left(self) -> None:
        """The conversation is over, and this one is still here."""
        then, self.on_left = self.on_left, None
        if then is not None:
            then()

    def get(self, variable: str) -> str:
        """Value of a channel variable, empty when it is not set."""
        return self.variables.get(variable, "")

    def pass_on(self, variable: str, value: str) -> None:
        """`Set(_NAME=value)`: readable here and on the legs that this channel dials."""
        self.variables[variable] = self.inherited[variable] = value

    def busy_with(self, application: str, data: str = "") -> None:
        """What `Status` and `CoreShowChannels` show as running."""
        self.application, self.data = application, data

    def interrupt(self) -> None:
        """End what the dialplan is doing with it."""
        stop, self.stop = self.stop, None
        if stop is not None:
            stop()

    def at_location(self, context: str, exten: str, priority: int = 1) -> None:
        """Where the dialplan is with it."""
        self.context, self.exten, self.priority = context, exten, priority


def channel_headers(channel: Channel, prefix: str = "") -> Pairs:
    """One channel in an event; `prefix` is `Dest` for the second one of a Dial."""
    return (
        (f"{prefix}Channel", channel.name),
        (f"{prefix}ChannelState", str(int(channel.state))),
        (f"{prefix}ChannelStateDesc", STATE_WORDS[channel.state]),
        (f"{prefix}CallerIDNum", channel.caller_number),
        (f"{prefix}CallerIDName", channel.caller_name),
        (f"{prefix}ConnectedLineNum", channel.connected_number),
        (f"{prefix}ConnectedLineName", channel.connected_name),
        (f"{prefix}Language", "en"),
        (f"{prefix}AccountCode", ""),
        (f"{prefix}Context", channel.context),
        (f"{prefix}Exten", channel.exten),
        (f"{prefix}Priority", str(channel.priority)),
        (f"{prefix}Uniqueid", channel.uniqueid),
        (f"{prefix}Linkedid", channel.linkedid),
    )


def bridge_headers(bridge: Bridge) -> Pairs:
    """One bridge in an event."""
    return (
        ("BridgeUniqueid", bridge.uniqueid),
        ("BridgeType", "base" if bridge.holds else "basic"),
        ("BridgeTechnology", "holding_bridge" if bridge.holds else "simple_bridge"),
        ("BridgeCreator", UNKNOWN),
        ("BridgeName", UNKNOWN),
        ("BridgeNumChannels", str(len(bridge.members))),
        ("BridgeVideoSourceMode", "none"),
    )
