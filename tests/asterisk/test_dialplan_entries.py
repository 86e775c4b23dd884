"""How a call enters, and enters again: each time as its own dialplan says, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import (
    EPOCH,
    SETTINGS,
    end_calls,
    redirect,
    until_variable,
    variable,
)

pytestmark = pytest.mark.real

WAIT = f"wait*{EPOCH}*25*"
TALK = f"deliver*{EPOCH}*41*5*brief"
AFTER = f"after*{EPOCH}"
HOPS = 10

NEEDS = "english>=3 & (loans|cards:2) & !trainee & @8001"
EXTENSIONS = f"""
exten => wishes,1,Set(CTI_QUEUE=loans)
 same => n,Set(CTI_PRIORITY=7)
 same => n,Set(CTI_NEEDS={NEEDS})
 same => n,Set(CTI_TAGS=vip, fraud)
 same => n,Goto(cti-inbound,${{EXTEN}},1)
exten => slips,1,Set(CTI_QUEUE=贷款, "cards" )
 same => n,Set(CTI_PRIORITY=-5)
 same => n,Set(CTI_NEEDS=english+3)
 same => n,Set(CTI_TAGS=金卡)
 same => n,Goto(cti-inbound,${{EXTEN}},1)
exten => by-s,1,Set(CTI_QUEUE=loans)
 same => n,Goto(cti-inbound,s,1)
exten => nowhere,1,Goto(cti-inbound,s,1)
exten => chinese,1,Goto(cti-inbound,电信,1)
exten => 7,1,Goto(cti-inbound,${{EXTEN}},1)

[cti-leave](+)
exten => to-cards,1,Goto(cti-inbound,cards,1)
exten => to-vip,1,Set(CTI_QUEUE=vip)
 same => n,Set(CTI_NEEDS=gold)
 same => n,Goto(cti-inbound,95588,1)

[cti-survey]
exten => s,1,Goto(cti-inbound,complaints,1)
"""


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    with ExitStack() as stack:
        brief = stack.enter_context(Phones(phone_answers(after_ms=50, talk_ms=300)))
        yield stack.enter_context(
            LabAsterisk(
                agents=[Agent("brief", brief.port)],
                settings={**SETTINGS, "CTI_FAILSAFE_QUEUE": "", "CTI_FAILSAFE_LIMIT_S": "1"},
                extensions=EXTENSIONS,
            )
        )


@pytest.fixture
async def ami(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as session:
        await session.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        yield session


async def test_what_the_operator_has_set_arrives_as_it_was_set(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "wishes", stay_ms=9_000) as callers:
            asked = await router.question()
            await end_calls(ami, callers)
    assert (asked.queue, asked.priority, asked.tags) == ("loans", "7", "vip, fraud")
    assert asked.needs == NEEDS
    assert asked.entry == "1"


async def test_a_slip_is_not_turned_into_something_else_on_the_way(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    """`english+3` without its plus would be another skill, `-5` another priority."""
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "slips", stay_ms=9_000) as callers:
            asked = await router.question()
            await end_calls(ami, callers)
    assert (asked.queue, asked.priority) == ('贷款, "cards" ', "-5")
    assert (asked.needs, asked.tags) == ("english+3", "金卡")


@pytest.mark.parametrize(
    ("number", "queue"),
    [
        ("by-s", "loans"),
        ("nowhere", ""),
        ("chinese", "电信"),
        ("7", "7"),
        ("cards-vip", "cards-vip"),
    ],
)
async def test_each_door_leads_to_a_question(
    asterisk: LabAsterisk, ami: LabAmi, number: str, queue: str
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, number, stay_ms=9_000) as callers:
            asked = await router.question()
            result = await end_calls(ami, callers)
    assert asked.queue == queue
    assert result.failed == 0


@pytest.mark.parametrize(
    ("place", "queue", "needs"), [("to-cards", "cards", ""), ("to-vip", "vip", "gold")]
)
async def test_an_overflow_that_leads_back_is_a_new_entry(
    asterisk: LabAsterisk, ami: LabAmi, place: str, queue: str, needs: str
) -> None:
    answers = ("wait*7*1*", f"leave*{EPOCH}*queueFull*{place}", WAIT)
    async with FakeRouter(asterisk.agi_port, *answers) as router:
        with Callers(asterisk.sip, "wishes", stay_ms=9_000) as callers:
            first, _, second = [await router.question(number) for number in range(3)]
            await until_variable(ami, first.channel, "CTI_STAGE", "wait")
            assert await variable(ami, first.channel, "CTI_HOPS") == "2"
            await end_calls(ami, callers)
    assert (first.verb, second.verb) == ("arrive", "arrive")
    assert (second.queue, second.needs, second.priority) == (queue, needs, "")
    assert second.tags == "vip, fraud", "what is known of the caller stays known"
    assert (first.entry, second.entry) == ("1", "2")
    assert int(second.arrived) >= int(first.arrived) + 1000


async def test_from_a_survey_back_into_a_line(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with FakeRouter(asterisk.agi_port, TALK, AFTER, WAIT) as router:
        with Callers(asterisk.sip, "wishes", stay_ms=9_000) as callers:
            first, ended, second = [await router.question(number) for number in range(3)]
            await until_variable(ami, first.channel, "CTI_STAGE", "wait")
            assert await variable(ami, first.channel, "CTI_HOPS") == "1", "they have talked"
            await end_calls(ami, callers)
    assert (ended.verb, ended.dialstatus, ended.offer) == ("returned", "ANSWER", "41")
    assert (second.verb, second.queue, second.entry) == ("arrive", "complaints", "2")
    assert (second.offer, second.dialstatus) == ("", "")


@pytest.mark.parametrize("by", ["BlindTransfer", "Redirect"])
async def test_a_transfer_by_number_is_a_new_entry(
    asterisk: LabAsterisk, ami: LabAmi, by: str
) -> None:
    stays = TALK if by == "BlindTransfer" else WAIT
    async with FakeRouter(asterisk.agi_port, stays, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            first = await router.question()
            place = {"Context": "from-trunk", "Exten": "95589"}
            if by == "BlindTransfer":
                leg = (await ami.event("DialEnd", DialStatus="ANSWER"))["DestChannel"]
                await ami.event("BridgeEnter", Channel=first.channel)
                done = await ami.ask("BlindTransfer", Channel=leg, **place)
            else:
                done = await ami.ask("Redirect", Channel=first.channel, Priority="1", **place)
            assert done[0]["Response"] == "Success", done
            second = await router.question(1)
            await until_variable(ami, first.channel, "CTI_STAGE", "wait")
            hops = await variable(ami, first.channel, "CTI_HOPS")
            await end_calls(ami, callers)
    assert (second.verb, second.queue, second.priority) == ("arrive", "business", "500")
    assert second.needs == "english:3&loans:1"
    assert second.entry == "2"
    assert hops == ("1" if by == "BlindTransfer" else "2")


async def test_a_circle_ends_in_failsafe_and_is_named(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with FakeRouter(asterisk.agi_port, f"leave*{EPOCH}*queueTimeOverflow*to-cards") as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            failsafe = await ami.event("UserEvent", UserEvent="CtiFailsafe")
            hangup = await ami.event("Hangup", 10, Channel=failsafe["Channel"])
            result = await asyncio.to_thread(callers.wait)
    assert [question.entry for question in router.questions] == [str(n + 1) for n in range(HOPS)]
    assert (failsafe["Reason"], failsafe["Queue"]) == ("maximumHops", "cards")
    assert hangup["Context"] == "cti-failsafe", "not sent round once more"
    assert result.failed == 0
    said = [line for line in asterisk.warnings() if failsafe["Uniqueid"] in line]
    assert len(said) == 1
    assert "11 times" in said[0]


async def test_a_limit_that_runs_out_at_the_door_lets_the_caller_in(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    """One that the operator has set: where extension T is gone to, nothing has been asked yet."""
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            first = await router.question()
            for number, context in enumerate(("cti-inbound", "cti-arrive"), 1):
                await redirect(ami, first.channel, context, "T")
                question = await router.question(number)
                assert (question.verb, question.entry) == ("arrive", str(number + 1))
            result = await end_calls(ami, callers)
    assert result.failed == 0


async def test_a_survey_that_returns_ends_the_call(asterisk: LabAsterisk, ami: LabAmi) -> None:
    """We are a subroutine of the operator's extension, and the survey is within it."""
    path = asterisk.etc / "extensions.conf"
    before = path.read_text(encoding="utf-8")
    path.write_text(
        before.replace("exten => s,1,Goto(cti-inbound,complaints,1)", "exten => s,1,Return()"),
        encoding="utf-8",
    )
    asterisk.cli("dialplan reload")
    await ami.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
    try:
        async with FakeRouter(asterisk.agi_port, TALK, AFTER) as router:
            with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
                question = await router.question()
                result = await asyncio.to_thread(callers.wait)
                hangup = await ami.event("Hangup", Channel=question.channel)
    finally:
        path.write_text(before, encoding="utf-8")
        asterisk.cli("dialplan reload")
    assert (hangup["Context"], hangup["Exten"]) == ("cti-inbound", "95588")
    assert (result.successful, len(router.questions)) == (1, 2)


@pytest.mark.parametrize(
    ("cause", "extension"),
    [("noQueue", ""), ("refused", ""), ("maximumHops", ""), ("queueFull", "no-such-place")],
)
async def test_who_is_sent_away_by_a_mistake_goes_to_failsafe(
    asterisk: LabAsterisk, ami: LabAmi, cause: str, extension: str
) -> None:
    """And is asked about all the while: when the mistake is mended, the caller is served."""
    answers = (f"leave*{EPOCH}*{cause}*{extension}", WAIT)
    async with FakeRouter(asterisk.agi_port, *answers) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            first = await router.question()
            failsafe = await ami.event("UserEvent", UserEvent="CtiFailsafe")
            second = await router.question(1)
            await until_variable(ami, first.channel, "CTI_STAGE", "wait")
            result = await end_calls(ami, callers)
    assert (failsafe["Queue"], failsafe["Reason"]) == ("personal", cause)
    assert (second.queue, second.arrived) == (first.queue, first.arrived)
    assert result.failed == 0
    named = [line for line in asterisk.warnings() if first.uniqueid in line]
    assert len(named) == (1 if extension else 0)


async def test_who_waits_when_the_core_finds_a_circle_goes_to_failsafe_too(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    """As the router orders it: the cause on the channel, then the Redirect."""
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            question = await router.question()
            named = {"Variable": "CTI_CAUSE", "Value": "maximumHops"}
            await ami.ask("Setvar", Channel=question.channel, **named)
            await redirect(ami, question.channel, "cti-leave", "s")
            failsafe = await ami.event("UserEvent", UserEvent="CtiFailsafe")
            await end_calls(ami, callers)
    assert failsafe["Reason"] == "maximumHops"
