"""Calls that go through our dialplan, as data: played on the real Asterisk once, on ours each time.

`python -m tests.worlds.simulators` plays them on the real Asterisk of the lab and writes down what
it told in tests/transcripts/routed; `test_sim_recordings` holds the simulated one to that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "transcripts" / "routed"

EPOCH = "7"
WAIT = f"wait*{EPOCH}*20*"
AFTER = f"after*{EPOCH}"


def to(phone: str, ring_s: int = 20, offer: int = 1) -> str:
    """An order to ring this phone, as the extension of `cti-deliver`."""
    return f"{EPOCH}*{offer}*{ring_s}*{phone}"


def deliver(phone: str, ring_s: int = 20, offer: int = 1) -> str:
    return f"deliver*{to(phone, ring_s, offer)}"


@dataclass(frozen=True)
class Redirect:
    """AMI `Redirect` of the caller."""

    after_ms: int
    context: str
    exten: str


@dataclass(frozen=True)
class HangUpLeg:
    """AMI `Hangup` of the agent's leg."""

    after_ms: int


@dataclass(frozen=True)
class RoutedCall:
    """One call: what the router answers, how long the caller stays, and what an AMI user does.

    The phones are named after what they do: `answers` (after 300 ms), `ends` (answers after 100 ms,
    hangs up 800 ms later), `rings`, `sounds`, `busy`, `rejects`, `unavailable`, `unregistered`,
    `dead`.
    """

    name: str
    answers: tuple[str, ...]
    stay_ms: int = 5_000
    act: Redirect | HangUpLeg | None = None
    router_is_there: bool = True


def order(after_ms: int, exten: str) -> Redirect:
    """One that goes through `cti-order`."""
    return Redirect(after_ms, "cti-order", exten)


CALLS = (
    RoutedCall("answers-caller-ends", (deliver("answers"), WAIT), 1_500),
    RoutedCall("answers-agent-ends", (deliver("ends"), AFTER)),
    RoutedCall("rings", (deliver("rings", 2), WAIT), 3_500),
    RoutedCall("sounds", (deliver("sounds", 2), WAIT), 3_500),
    RoutedCall("busy", (deliver("busy"), WAIT), 800),
    RoutedCall("rejects", (deliver("rejects"), WAIT), 800),
    RoutedCall("unavailable", (deliver("unavailable"), WAIT), 800),
    RoutedCall("unregistered", (deliver("unregistered"), WAIT), 800),
    RoutedCall("dead", (deliver("dead", 2), WAIT), 3_500),
    RoutedCall("gives-up-waiting", (WAIT,), 800),
    RoutedCall("gives-up-ringing", (deliver("rings"),), 800),
    RoutedCall(
        "redirect-waiting", (WAIT,), 2_500, Redirect(400, "cti-deliver", to("answers", 5, 3))
    ),
    RoutedCall(
        "redirect-ringing",
        (deliver("rings"),),
        2_500,
        Redirect(400, "cti-deliver", to("answers", 5, 4)),
    ),
    RoutedCall(
        "redirect-ringing-to-wait", (deliver("rings"), WAIT), 1_200, Redirect(400, "cti-wait", "s")
    ),
    RoutedCall(
        "redirect-talking-to-wait",
        (deliver("answers"), WAIT),
        2_500,
        Redirect(800, "cti-wait", "s"),
    ),
    RoutedCall("redirect-old-epoch", (WAIT,), 2_500, Redirect(400, "cti-deliver", "6*3*5*answers")),
    RoutedCall("order-wait", (deliver("rings"), WAIT), 1_200, order(400, f"{EPOCH}*wait")),
    RoutedCall("order-leave", (WAIT,), 5_000, order(400, f"{EPOCH}*leave*queueFull*")),
    RoutedCall("order-hangup", (WAIT,), 2_500, order(400, f"{EPOCH}*hangup*17")),
    RoutedCall(
        "order-hangup-talking", (deliver("answers"),), 2_500, order(800, f"{EPOCH}*hangup*")
    ),
    RoutedCall("order-bridge-nobody", (WAIT,), 1_200, order(400, f"{EPOCH}*bridge*1.1")),
    RoutedCall("order-unknown", (WAIT,), 1_200, order(400, f"{EPOCH}*dance")),
    RoutedCall("order-old-epoch", (WAIT,), 1_200, order(400, "6*hangup*17")),
    RoutedCall("order-old-epoch-ringing", (deliver("rings"), WAIT), 1_200, order(400, "6*wait")),
    RoutedCall("redirect-nowhere", (WAIT,), 2_500, Redirect(400, "nowhere", "x")),
    RoutedCall("redirect-inbound", (WAIT,), 1_200, Redirect(400, "cti-inbound", "cards")),
    RoutedCall("ami-hangs-up-talking", (deliver("answers"), AFTER), 3_500, HangUpLeg(800)),
    RoutedCall("ami-hangs-up-ringing", (deliver("rings", 5), WAIT), 2_500, HangUpLeg(800)),
    RoutedCall("busy-then-answers", (deliver("busy"), deliver("answers", 5, 2), WAIT), 1_500),
    RoutedCall("leave", (f"leave*{EPOCH}*queueFull*",)),
    RoutedCall("leave-no-queue", (f"leave*{EPOCH}*noQueue*", WAIT), 2_500),
    RoutedCall("leave-nowhere", (f"leave*{EPOCH}*queueFull*nowhere", WAIT), 2_500),
    RoutedCall("failsafe", (), 4_000, router_is_there=False),
)

# --- what is compared ---------------------------------------------------------------------------

# Told by the real one and of no matter here: that a dialplan ends, music, redrawn names, and what
# the lab's stock queue and its AGI add. The router's event filter lets none of them through.
LEFT_OUT = (
    "SoftHangupRequest",
    "AGIExecStart",
    "AGIExecEnd",
    "MusicOnHoldStart",
    "MusicOnHoldStop",
    "NewConnectedLine",
    "NewCallerid",
    "QueueMemberStatus",
    "DeviceStateChange",
    "VarSet",
    "Newexten",
    "TestEvent",
    "FullyBooted",
    "SuccessfulAuth",
)
# Not `Priority`, which is a line number of the dialplan; not `DestChannelStateDesc` of DialBegin,
# which is a race between two threads of the real one (Down or Ringing).
FIELDS = (
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Context",
    "Exten",
    "Linkedid",
    "DestChannel",
    "DestCallerIDNum",
    "DestConnectedLineNum",
    "DestContext",
    "DestExten",
    "DestLinkedid",
    "DialString",
    "DialStatus",
    "BridgeNumChannels",
    "Cause",
    "Cause-txt",
    "TechCause",
    "UserEvent",
    "Queue",
    "Reason",
)
KEPT = ("Event", *FIELDS, "Uniqueid", "DestUniqueid", "BridgeUniqueid", "Arrived")

Fields = dict[str, str]
Story = dict[str, list[tuple[str, tuple[tuple[str, str], ...]]]]


def stories(events: Iterable[Fields]) -> Story:
    """The events of one call by the channel they are about, under names that both worlds share.

    What Asterisk tells of one channel comes in order; between two channels it may come either way.
    """
    names: dict[str, str] = {}
    told: Story = {}
    for event in events:
        if event["Event"] == "Newchannel":
            kind = "caller" if "/trunk-" in event["Channel"] else f"leg {len(names)}"
            names[event["Channel"]] = names[event["Uniqueid"]] = kind
        fields = tuple(
            (name, names.get(event[name], event[name])) for name in FIELDS if name in event
        )
        told.setdefault(names.get(event.get("Channel", ""), "bridge"), []).append(
            (event["Event"], fields)
        )
    return told


def written(event: Fields) -> str:
    """One line of a transcript."""
    return "< " + "  ".join(f"{name}: {event[name]}" for name in KEPT if name in event)


def read(text: str) -> tuple[list[Fields], list[str]]:
    """The events and the questions of a transcript."""
    lines = text.splitlines()
    events = [
        {
            name: value
            for name, _, value in (
                pair.partition(": ") for pair in re.split("  (?=[A-Z])", line[2:])
            )
        }
        for line in lines
        if line.startswith("< ")
    ]
    return events, [line[2:] for line in lines if line.startswith("? ")]
