"""The router is dead, hung, or dies in the middle: no caller is lost, on a real Asterisk."""

from __future__ import annotations

import asyncio

import pytest

from tests.eventually import time_passes
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.ear import Ear
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import HANG, NOTHING, RESET, FakeRouter
from tests.worlds.asterisk.world import (
    ASK_S,
    FAILSAFE_AFTER_S,
    FAILSAFE_LIMIT_S,
    GAP_S,
    RETRY_S,
    SETTINGS,
    SLACK_S,
    end_calls,
    redirect,
    until_variable,
    variable,
)

pytestmark = pytest.mark.real


async def test_callers_hear_music_and_then_reach_the_failsafe_queue(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with Ear() as ear:
        with Callers(asterisk.sip, "95588", stay_ms=20_000, media_port=ear.port) as callers:
            began = asyncio.get_running_loop().time()
            failsafe = await ami.event("UserEvent", 10, UserEvent="CtiFailsafe")
            took = asyncio.get_running_loop().time() - began
            assert FAILSAFE_AFTER_S - 0.2 <= took <= FAILSAFE_AFTER_S + RETRY_S + SLACK_S
            assert failsafe["Queue"] == "personal"
            assert failsafe["Arrived"].isdigit()
            assert await variable(ami, failsafe["Channel"], "CTI_STAGE") == "failsafe"
            assert ear.longest_gap_s(began + GAP_S, began + took) < GAP_S
            # The member of the stock queue answers and hangs up: the caller is let go in peace.
            result = await asyncio.to_thread(callers.wait)
            hangup = await ami.event("Hangup", Channel=failsafe["Channel"])
    assert (result.created, result.successful, result.failed) == (1, 1, 0)
    assert hangup["Context"] == "cti-after"


async def test_with_nothing_set_failsafe_is_music_and_a_goodbye(
    lab: None,
) -> None:
    settings = {**SETTINGS, "CTI_FAILSAFE_QUEUE": "", "CTI_FAILSAFE_AFTER_S": "1"}
    with LabAsterisk(settings=settings) as alone:
        async with LabAmi(alone.ami_port, alone.ami_secret) as ami, Ear() as ear:
            with Callers(alone.sip, "95588", stay_ms=30_000, media_port=ear.port) as callers:
                first = await ami.event("UserEvent", 10, UserEvent="CtiFailsafe")
                at = asyncio.get_running_loop().time()
                hangup = await ami.event("Hangup", 10, Channel=first["Channel"])
                took = asyncio.get_running_loop().time() - at
                result = await asyncio.to_thread(callers.wait)
            raised = [event for event in ami.events if event["Event"] == "UserEvent"]
    assert len(raised) == 1
    assert hangup["Context"] == "cti-failsafe"
    assert FAILSAFE_LIMIT_S - 0.5 < took < FAILSAFE_LIMIT_S + RETRY_S + 3 + SLACK_S
    assert len(ear.other) > 10, "a goodbye is said"
    assert (result.successful, result.failed) == (1, 0)


async def test_with_nothing_set_a_router_that_comes_back_finds_its_callers(
    lab: None,
) -> None:
    settings = {
        **SETTINGS,
        "CTI_FAILSAFE_QUEUE": "",
        "CTI_FAILSAFE_AFTER_S": "1",
        "CTI_FAILSAFE_LIMIT_S": "60",
    }
    with LabAsterisk(settings=settings) as alone:
        async with LabAmi(alone.ami_port, alone.ami_secret) as ami:
            with Callers(alone.sip, "95588", stay_ms=30_000) as callers:
                failsafe = await ami.event("UserEvent", 10, UserEvent="CtiFailsafe")
                async with FakeRouter(alone.agi_port, "wait*7*25*") as router:
                    question = await router.question()
                    await until_variable(ami, failsafe["Channel"], "CTI_STAGE", "wait")
                result = await end_calls(ami, callers)
    assert question.verb == "arrive", "the question that was never answered is asked again"
    assert question.arrived == failsafe["Arrived"]
    assert result.failed == 0


async def test_a_router_that_comes_back_can_take_a_caller_out_of_the_stock_queue(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    with Callers(asterisk.sip, "idle-failsafe", stay_ms=20_000) as callers:
        joined = await ami.event("QueueCallerJoin")
        await redirect(ami, joined["Channel"], "cti-deliver", "7*41*5*a8001")
        await ami.event("BridgeEnter", Channel=joined["Channel"])
        result = await end_calls(ami, callers)
    assert result.failed == 0


async def test_the_number_is_rung_when_it_is_set_and_the_queue_has_no_one(lab: None) -> None:
    settings = {
        **SETTINGS,
        "CTI_FAILSAFE_AFTER_S": "1",
        "CTI_FAILSAFE_QUEUE": "no-such-queue",
        "CTI_FAILSAFE_DIAL": "Local/8800@front-desk",
    }
    desk = "[front-desk]\nexten => 8800,1,Answer()\n same => n,Wait(0.5)\n same => n,Hangup()\n"
    with LabAsterisk(settings=settings, extensions=desk) as alone:
        async with LabAmi(alone.ami_port, alone.ami_secret) as ami:
            with Callers(alone.sip, "95588", stay_ms=30_000) as callers:
                result = await asyncio.to_thread(callers.wait)
            dial = await ami.event("DialEnd", DialStatus="ANSWER")
    assert dial["DestChannel"].startswith("Local/8800@front-desk")
    assert (result.successful, result.failed) == (1, 0)


@pytest.mark.alone
async def test_fifty_callers_at_once_all_stay(asterisk: LabAsterisk, ami: LabAmi) -> None:
    with Callers(asterisk.sip, "95588", calls=50, rate=50, stay_ms=20_000) as callers:
        await ami.until(
            lambda: sum(event["Event"] == "MusicOnHoldStart" for event in ami.events) >= 50 or None
        )
        await time_passes(1)  # nobody leaves
        result = await end_calls(ami, callers)
    assert (result.created, result.successful, result.failed) == (50, 50, 0)


@pytest.mark.parametrize("answer", [NOTHING, RESET, "gibberish*7", "wait*", "deliver*7", "h*7"])
async def test_no_answer_or_nonsense_is_asked_again_with_music(
    asterisk: LabAsterisk, ami: LabAmi, answer: str
) -> None:
    async with (
        Ear() as ear,
        FakeRouter(asterisk.agi_port, answer, "wait*7*25*") as router,
    ):
        with Callers(asterisk.sip, "95588", stay_ms=20_000, media_port=ear.port) as callers:
            first = await router.question(0)
            second = await router.question(1)
            result = await end_calls(ami, callers)
        assert second.at - first.at < RETRY_S + SLACK_S
        assert ear.longest_gap_s(first.at + GAP_S, second.at) < GAP_S
    assert result.failed == 0
    assert second.arrived == first.arrived


async def test_a_router_that_hangs_is_left_after_its_time_and_music_never_stops(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with (
        Ear() as ear,
        FakeRouter(asterisk.agi_port, HANG, "wait*7*25*") as router,
    ):
        with Callers(asterisk.sip, "95588", stay_ms=20_000, media_port=ear.port) as callers:
            first = await router.question(0)
            second = await router.question(1)
            await time_passes(ASK_S + 0.2)
            # The limit of the question has not gone on to end the call.
            assert await variable(ami, first.channel, "CTI_STAGE") == "wait"
            result = await end_calls(ami, callers)
        took = second.at - first.at
        assert ASK_S + RETRY_S - 0.2 < took < ASK_S + RETRY_S + SLACK_S
        assert ear.longest_gap_s(first.at + GAP_S, second.at) < GAP_S
    assert result.successful == 1


async def test_a_caller_who_hangs_up_while_the_router_hangs_leaves_no_channel_behind(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    await ami.ask("Setvar", Variable="CTI_ASK_S", Value="60")
    try:
        async with FakeRouter(asterisk.agi_port, HANG) as router:
            with Callers(asterisk.sip, "95588", stay_ms=200) as callers:
                question = await router.question()
                await ami.event("Hangup", 3, Channel=question.channel)
                await asyncio.to_thread(callers.wait)
    finally:
        await ami.ask("Setvar", Variable="CTI_ASK_S", Value=str(ASK_S))


async def test_a_hung_router_leads_to_failsafe(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with FakeRouter(asterisk.agi_port, HANG):
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            await ami.event("UserEvent", FAILSAFE_AFTER_S + 3, UserEvent="CtiFailsafe")
            result = await asyncio.to_thread(callers.wait)
    assert result.successful == 1


@pytest.mark.alone
async def test_a_router_killed_in_the_middle_of_questions_loses_nobody(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    with Callers(asterisk.sip, "95588", calls=20, rate=50, stay_ms=20_000) as callers:
        async with FakeRouter(asterisk.agi_port, HANG) as dying:
            await dying.question(19)
        async with FakeRouter(asterisk.agi_port, "wait*7*25*") as reborn:
            await reborn.question(19)
            result = await end_calls(ami, callers)
    assert {question.arrived for question in reborn.questions} == {
        question.arrived for question in dying.questions
    }
    assert (result.created, result.successful, result.failed) == (20, 20, 0)
