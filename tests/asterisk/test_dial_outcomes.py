"""What the router is told when a phone does not answer: the table of asterisk-config/README.md."""

from __future__ import annotations

import pytest

from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import AWAY, DEAD, end_calls

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"

# endpoint, DIALSTATUS, CAUSE, has it rung, DialStatus of each DialEnd, Cause of the leg's Hangup
OUTCOMES = [
    ("rings", "NOANSWER", "0", True, ["NOANSWER"], "0"),
    ("sounds", "NOANSWER", "0", True, ["NOANSWER"], "0"),
    (DEAD, "NOANSWER", "0", False, ["NOANSWER"], "0"),
    ("busy", "BUSY", "17", False, ["BUSY"], "17"),
    ("declines", "CHANUNAVAIL", "21", False, ["NOANSWER"], "21"),
    ("unavailable", "NOANSWER", "19", False, ["NOANSWER"], "19"),
    ("unknown", "CHANUNAVAIL", "1", False, ["NOANSWER"], "1"),
    ("overloaded", "CONGESTION", "34", False, ["CONGESTION"], "34"),
    (AWAY, "CHANUNAVAIL", "3", False, [], None),
    ("no-such-endpoint", "CHANUNAVAIL", "3", False, [], None),
]


async def test_a_phone_that_is_forwarded_does_not_take_the_caller_away(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, "deliver*7*41*5*forwarded", WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            await router.question(0)
            returned = await router.question(1)
            result = await end_calls(ami, callers)
    # The cause of its leg is 0 or 23, whichever thread comes first.
    assert (returned.dialstatus, returned.cause, returned.rang_ms) == ("BUSY", "0", "")
    ends = [event["DialStatus"] for event in ami.events if event["Event"] == "DialEnd"]
    assert ends == ["CANCEL", "BUSY"]
    assert not [event for event in ami.events if event.get("Channel", "").startswith("Local/")]
    assert result.failed == 0


@pytest.mark.parametrize(
    ("endpoint", "dialstatus", "cause", "rang", "dial_ends", "leg_cause"), OUTCOMES
)
async def test_each_outcome_can_be_told_from_the_others(
    asterisk: LabAsterisk,
    ami: LabAmi,
    endpoint: str,
    dialstatus: str,
    cause: str,
    rang: bool,
    dial_ends: list[str],
    leg_cause: str | None,
) -> None:
    async with FakeRouter(asterisk.agi_port, f"deliver*7*41*1*{endpoint}", WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            arrived = await router.question(0)
            returned = await router.question(1)
            result = await end_calls(ami, callers)
    assert (returned.verb, returned.offer) == ("returned", "41")
    assert (returned.dialstatus, returned.cause) == (dialstatus, cause)
    assert bool(returned.rang_ms) is rang
    assert returned.arrived == arrived.arrived
    assert result.failed == 0
    own = f"PJSIP/{endpoint}-"
    ends = [event for event in ami.events if event.get("DestChannel", "").startswith(own)]
    told = [event["DialStatus"] for event in ends if event["Event"] == "DialEnd"]
    hangups = [event for event in ami.events if event.get("Channel", "").startswith(own)]
    causes = [event["Cause"] for event in hangups if event["Event"] == "Hangup"]
    assert told == dial_ends
    assert causes == ([] if leg_cause is None else [leg_cause])


async def test_that_a_phone_sounds_is_told_to_the_router_and_its_ringing_is_not(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret, "cti-router") as heard:
        for endpoint in ("sounds", "rings"):
            async with FakeRouter(asterisk.agi_port, f"deliver*7*41*1*{endpoint}", WAIT) as router:
                with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
                    await router.question(1)
                    await end_calls(ami, callers)
        await heard.ask("Ping")
    told = [event for event in heard.events if event["Event"] == "DialState"]
    assert [(event["DialStatus"], event["DestChannelStateDesc"]) for event in told] == [
        ("PROGRESS", "Down")
    ]
    assert told[0]["DestChannel"].startswith("PJSIP/sounds-")


async def test_what_one_phone_left_behind_is_not_told_of_the_next(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    answers = ("deliver*7*40*1*rings", "deliver*7*41*1*dead", "wait*7*1*")
    async with FakeRouter(asterisk.agi_port, *answers) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            first, rang, dead, later = [await router.question(number) for number in range(4)]
            await end_calls(ami, callers)
    assert [question.verb for question in (first, rang, dead, later)] == [
        "arrive", "returned", "returned", "again",
    ]  # fmt: skip
    assert (rang.offer, rang.rang_ms != "") == ("40", True)
    assert (dead.offer, dead.rang_ms) == ("41", "")
    assert (later.offer, later.dialstatus, later.cause) == ("", "", "")
