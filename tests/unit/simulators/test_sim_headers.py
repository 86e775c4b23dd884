"""The headers of each event, in the order in which the real Asterisk wrote them."""

from pathlib import Path

import pytest

from cti.ami.messages import AmiEvent
from cti.ami.protocol import MessageDecoder
from simulators.pbx.asterisk import OBSERVER
from simulators.pbx.phones import Caller, Phone
from tests.worlds.simulators.routed_calls import read
from tests.worlds.simulators.scripted import ScriptedWorld

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"

# One channel's lines; in the sample also the variables that its manager.conf asked for.
PER_SITE = ("ChanVariable", "DestChanVariable")


def names(event: AmiEvent) -> tuple[str, ...]:
    return tuple(name for name, _ in event.headers.items() if name not in PER_SITE)


@pytest.fixture(scope="module")
def ours() -> dict[str, AmiEvent]:
    """One event of each name: a call, hold, a registration, failsafe, a shutdown."""
    world = ScriptedWorld("deliver*7*1*15*8001", phones=[Phone("8001")], user=OBSERVER)
    world.set_epoch()
    world.call(Caller("138", "loans", talk_ms=5_000))
    world.pass_s(1)
    world.world.hold("8001")
    world.world.unhold("8001")
    world.world.register("8001")
    world.pass_s(10)
    world.pbx.announcer.fully_booted(5)
    world.pbx.announcer.shutdown(restart=False)
    world.pass_s(1)
    return {event.name: event for event in world.events}


def real() -> dict[str, AmiEvent]:
    decoder = MessageDecoder()
    messages = decoder.feed((TRANSCRIPTS / "ami_sample.raw").read_bytes())
    return {each.name: each for each in messages if isinstance(each, AmiEvent)}


@pytest.mark.parametrize(
    "name",
    ["Newchannel", "Newstate", "Hangup", "BridgeCreate", "BridgeEnter", "BridgeLeave",
     "BridgeDestroy", "MusicOnHoldStart", "MusicOnHoldStop", "HangupRequest"],
)  # fmt: skip
def test_headers_and_their_order_are_those_of_the_sample(name, ours):
    assert names(ours[name]) == names(real()[name])


@pytest.mark.parametrize("name", ["DialBegin", "DialEnd"])
def test_a_dial_tells_of_both_channels(name, ours):
    # In the sample nobody dials for a channel, so only the second one is told of.
    told = [each for each in names(ours[name]) if each.startswith(("Dest", "Dial"))]
    expected = [each for each in names(real()[name]) if each.startswith(("Dest", "Dial"))]
    assert told == expected
    assert names(ours[name])[2:16] == names(ours["Newchannel"])[2:16]


@pytest.mark.parametrize(
    ("transcript", "name"),
    [
        ("web-hold-dtmf-sip.txt", "Hold"),
        ("web-hold-dtmf-sip.txt", "Unhold"),
        ("web-lost-sip.txt", "ContactStatus"),
    ],
)
def test_trimmed_recordings_have_no_header_that_we_lack(transcript, name, ours):
    text = (TRANSCRIPTS / transcript).read_text(encoding="utf-8")
    lines = [line.partition(" ")[2] for line in text.splitlines()]
    recorded, _ = read("\n".join(lines))
    told = next(event for event in recorded if event["Event"] == name)
    wanted = [each for each in told if each != "Event"]
    assert [each for each in names(ours[name]) if each in wanted] == wanted


def test_a_shutdown_and_a_boot_are_told_in_asterisks_words(ours):
    # As the lab's Asterisk 22.10.1 said them.
    assert ours["Shutdown"].headers.items()[2:] == (("Shutdown", "Cleanly"), ("Restart", "False"))
    assert names(ours["FullyBooted"]) == (
        "Privilege",
        "Timestamp",
        "Uptime",
        "LastReload",
        "Status",
    )
