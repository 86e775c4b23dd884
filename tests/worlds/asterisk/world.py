"""What the tests of the dialplan share: short times, a phone of each behaviour, small gestures."""

from __future__ import annotations

import asyncio

from tests.eventually import eventually
from tests.lab.ami import LabAmi
from tests.lab.scenarios import (
    phone_answers,
    phone_drops,
    phone_progresses,
    phone_refuses,
    phone_rings,
)
from tests.lab.sipp import Callers, Result

EPOCH = "7"
MANY_ARGS = ",".join(map(str, range(1, 201)))  # more than Asterisk passes on
ASK_S = 1
RETRY_S = 1
FAILSAFE_AFTER_S = 3
FAILSAFE_LIMIT_S = 2

# What a busy machine may add to any of these; far from the 25 s of a slice, which is the other way.
SLACK_S = 5.0
# A silence that is none of the pauses above.
GAP_S = 0.9

SETTINGS = {
    "CTI_ASK_S": str(ASK_S),
    "CTI_RETRY_S": str(RETRY_S),
    "CTI_FAILSAFE_AFTER_S": str(FAILSAFE_AFTER_S),
    "CTI_FAILSAFE_LIMIT_S": str(FAILSAFE_LIMIT_S),
}

# {endpoint: what its phone does}. The first three are names that a bank may give.
PHONES = {
    "a8001": phone_answers(after_ms=50),
    "sales-01": phone_answers(after_ms=50),
    "zhang_san": phone_answers(after_ms=50),
    "brief": phone_answers(after_ms=50, talk_ms=300),
    "drops": phone_drops(),
    "rings": phone_rings(),
    "sounds": phone_progresses(),
    "busy": phone_refuses("486 Busy Here"),
    "declines": phone_refuses("603 Decline"),
    "unavailable": phone_refuses("480 Temporarily Unavailable"),
    "unknown": phone_refuses("404 Not Found"),
    "overloaded": phone_refuses("503 Service Unavailable"),
    "forwarded": phone_refuses("302 Moved Temporarily", "Contact: <sip:95588@127.0.0.1:9>"),
}
AWAY = "away"  # has no contact
DEAD = "dead"  # never says a word


async def end_calls(ami: LabAmi, callers: Callers) -> Result:
    """Hang up every caller from our side. Who is not there any more counts as SIPp saw it."""
    await ami.ask("Hangup", Channel=r"/^PJSIP\/trunk-/", Cause="16")
    return await asyncio.to_thread(callers.wait, 10)


async def variable(ami: LabAmi, channel: str, name: str) -> str:
    """A variable of a channel, empty when it is not set."""
    answer = await ami.ask("Getvar", Channel=channel, Variable=name)
    return answer[0].get("Value", "")


async def until_variable(ami: LabAmi, channel: str, name: str, value: str) -> None:
    """Wait until a variable of a channel has this value."""

    async def has_it() -> bool:
        return await variable(ami, channel, name) == value

    await eventually(has_it)


async def until_application(ami: LabAmi, channel: str, application: str) -> None:
    """Wait until a channel is in this application of the dialplan."""

    async def is_there() -> bool:
        shown = await ami.ask("CoreShowChannels")
        found = [item["Application"] for item in shown if item.get("Channel") == channel]
        return found == [application]

    await eventually(is_there)


async def redirect(ami: LabAmi, channel: str, context: str, extension: str) -> None:
    """Move a caller, as the router does."""
    answer = await ami.ask(
        "Redirect", Channel=channel, Context=context, Exten=extension, Priority="1"
    )
    assert answer[0]["Response"] == "Success", answer
