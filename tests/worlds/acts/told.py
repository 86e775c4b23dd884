"""What of an event is kept in a transcript of an act, and what of it is compared.

Compared is what the gateway reads: which channel, in which state, where in our dialplan, in which
bridge with how many, dialled by whom, how it ended, who transferred whom. Names of channels and
bridges are replaced by what both worlds share: `c1`, `a8001.2` (the second channel of that phone),
`bridge 1`.
"""

import re
from collections.abc import Iterable

from tests.worlds.acts.scene import Fields, Scene
from tests.worlds.simulators.routed_calls import LEFT_OUT

NOT_TOLD = frozenset({
    *LEFT_OUT, "SuccessfulAuth", "ChallengeSent", "Dial", "RTCPSent", "RTCPReceived",
    "LocalBridge", "ContactStatus", "DialState", "BridgeCreate", "BridgeDestroy", "BridgeMerge",
    "BridgeInfoChannel", "OriginateResponse", "Pickup", "ParkedCall", "UnParkedCall",
    "ParkedCallTimeOut", "ParkedCallGiveUp", "ParkedCallSwap", "NewAccountCode",
    "DTMFBegin", "DTMFEnd", "ChanSpyStart", "ChanSpyStop",
    "LocalOptimizationBegin", "LocalOptimizationEnd", "ExtensionStatus", "QueueCallerAbandon",
})  # fmt: skip
"""Of no matter to the router; it does not ask for them (manager.d/cti-users.conf). `Rename` is not
among them, for the reader of a transcript: it says whose channel it is after a masquerade."""

FIELDS = (
    "Channel", "ChannelStateDesc", "Context", "Exten", "DestChannel", "DialString", "DialStatus",
    "BridgeUniqueid", "BridgeNumChannels", "BridgeTechnology", "SwapUniqueid", "Cause",
    "Newname", "Result", "DestType", "TransfererChannel", "TransfereeChannel",
    "OrigTransfererChannel", "SecondTransfererChannel", "TransferTargetChannel", "UserEvent",
)  # fmt: skip
KEPT = (
    "Event", *FIELDS, "CallerIDNum", "Uniqueid", "DestUniqueid", "TransfererUniqueid",
    "TransfereeUniqueid", "OrigTransfererUniqueid", "SecondTransfererUniqueid",
    "TransferTargetUniqueid",
)  # fmt: skip


def written(event: Fields) -> str:
    """One line of a transcript."""
    return "< " + "  ".join(f"{name}: {event[name]}" for name in KEPT if name in event)


def read(text: str) -> list[Fields]:
    """The events of a transcript."""
    lines = (line[2:] for line in text.splitlines() if line.startswith("< "))
    pairs = ([each.partition(": ") for each in re.split("  (?=[A-Z])", line)] for line in lines)
    return [{name: value for name, _, value in line} for line in pairs]


_CHANNELS = (
    "Channel", "DestChannel", "TransfererChannel", "TransfereeChannel", "OrigTransfererChannel",
    "SecondTransfererChannel", "TransferTargetChannel", "Newname",
)  # fmt: skip
Told = tuple[str, tuple[tuple[str, str], ...]]


class Names:
    """What both worlds call a channel and a bridge."""

    def __init__(self) -> None:
        self._scene = Scene()
        self._counts: dict[str, int] = {}
        self._named: dict[str, str] = {}

    def learn(self, event: Fields) -> None:
        """A new channel or bridge has a name from now on."""
        self._scene.hear(event)
        if event["Event"] == "Newchannel":
            party = self._scene.legs[event["Uniqueid"]].party
            name = self._next(party)
            self._named[event["Uniqueid"]] = self._named[event["Channel"]] = name
        bridge = event.get("BridgeUniqueid", "")
        if bridge and bridge not in self._named:
            self._named[bridge] = self._next("bridge ")

    def _next(self, kind: str) -> str:
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return kind if count == 1 and kind != "bridge " else f"{kind.rstrip()}.{count}"

    def of(self, field: str, value: str) -> str:
        """The value as both worlds have it."""
        if field in _CHANNELS:
            plain, mark = re.fullmatch(r"(.*?)(<[A-Z]+>)?", value).groups()  # type: ignore[union-attr]
            return self._named.get(plain, plain) + (mark or "")
        return self._named.get(value, value) if value else value


def stories(events: Iterable[Fields]) -> dict[str, list[Told]]:
    """{channel: what was told of it, in order}. Between two channels either order is Asterisk's."""
    names, told = Names(), dict[str, list[Told]]()
    replaced: set[str] = set()
    for event in events:
        names.learn(event)
        if event["Event"] == "HangupRequest" and event["Channel"].startswith("Local/"):
            continue  # of either half, whichever thread is quicker
        replaced.add(event.get("SwapUniqueid", ""))
        about = names.of("", event.get("Uniqueid", "")) or event["Event"]
        fields = (
            (name, names.of(name, event[name]))
            for name in FIELDS
            if event.get(name) and _counts(event, name, replaced)
        )
        told.setdefault(about, []).append((event["Event"], tuple(fields)))
    return told


def _counts(event: Fields, field: str, replaced: set[str]) -> bool:
    """Is it read, and no race of the real one's threads?

    How many are left in a bridge depends on who is quicker; so does where the dialplan of a channel
    is whose place another one has taken. The technology may have become `native_rtp` by then.
    """
    name = event["Event"]
    if field == "BridgeTechnology":
        return event[field] == "holding_bridge"
    if field == "BridgeNumChannels":
        return name == "BridgeEnter"
    if field == "Cause":
        return name == "Hangup"
    if field in ("Context", "Exten") and name == "Hangup":
        local = event["Channel"].startswith("Local/")
        if local or event["Uniqueid"] in replaced:
            return False
    if field == "Exten":
        return name == "Newchannel" or event.get("Context") == "cti-deliver"
    return True


def brief(events: Iterable[Fields]) -> list[str]:
    """A line for each event, for people."""
    names, lines = Names(), []
    for event in events:
        names.learn(event)
        fields = (names.of(name, event[name]) for name in FIELDS if event.get(name))
        about = names.of("", event.get("Uniqueid", ""))
        lines.append(f"{about:12} {event['Event']:14} {' '.join(fields)}")
    return lines
