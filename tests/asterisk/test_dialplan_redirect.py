"""The router moves a waiting caller: at any moment, and never an order of the past."""

from __future__ import annotations

import asyncio

import pytest

from tests.eventually import time_passes
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.ear import Ear
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import HANG, FakeRouter
from tests.worlds.asterisk.world import (
    ASK_S,
    RETRY_S,
    SLACK_S,
    end_calls,
    redirect,
    until_application,
    variable,
)

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"
TALK_S = ASK_S + 0.5


@pytest.mark.parametrize(
    ("moment", "answer", "application"),
    [
        ("music", WAIT, "Wait"),
        ("announcement", "wait*7*25*welcome", "Playback"),
        ("question", HANG, "AGI"),
        ("pause before the next question", "gibberish", "Wait"),
    ],
)
async def test_a_redirect_is_obeyed_at_once_and_the_conversation_lasts(
    asterisk: LabAsterisk, ami: LabAmi, moment: str, answer: str, application: str
) -> None:
    async with FakeRouter(asterisk.agi_port, answer) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await router.question()
            await until_application(ami, question.channel, application)
            loop = asyncio.get_running_loop()
            sent = loop.time()
            await redirect(ami, question.channel, "cti-deliver", "7*41*5*a8001")
            await ami.event("DialBegin", Channel=question.channel)
            took = loop.time() - sent
            await ami.event("BridgeEnter", Channel=question.channel)
            # Longer than the limit of a question that the Redirect may have cut short.
            await time_passes(TALK_S)
            assert await variable(ami, question.channel, "CTI_STAGE") == "deliver"
            result = await end_calls(ami, callers)
    assert took < SLACK_S, moment
    assert result.successful == 1
    assert len(router.questions) == 1


async def test_music_stops_when_the_agent_answers(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with Ear() as ear, FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000, media_port=ear.port) as callers:
            question = await router.question()
            await until_application(ami, question.channel, "Wait")
            await redirect(ami, question.channel, "cti-deliver", "7*41*5*a8001")
            await ami.event("BridgeEnter", Channel=question.channel)
            answered = asyncio.get_running_loop().time()
            await time_passes(0.5)  # so that music would be heard
            await end_calls(ami, callers)
    assert ear.music[-1] < answered + 0.1


async def test_an_order_of_a_replaced_router_is_refused_and_the_caller_asks_again(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            first = await router.question(0)
            await until_application(ami, first.channel, "Wait")
            await redirect(ami, first.channel, "cti-deliver", "6*41*5*a8001")
            said = await ami.event("UserEvent", UserEvent="CtiRefused", Channel=first.channel)
            second = await router.question(1)
            result = await end_calls(ami, callers)
    assert (said["Order"], said["Epoch"]) == ("6*41*5*a8001", "7")
    assert second.verb == "again"
    assert second.arrived == first.arrived
    assert second.at - first.at < RETRY_S + SLACK_S
    assert not [event for event in ami.events if event["Event"] == "DialBegin"]
    assert result.failed == 0


@pytest.mark.parametrize(
    ("context", "extension"),
    [
        ("cti-deliver", "nonsense"),
        ("cti-deliver", "7"),
        ("cti-deliver", "7*41*5*" + "x" * 60),
        ("cti-wait", "nonsense"),
        ("cti-wait", "s"),
    ],
)
async def test_a_redirect_to_a_wrong_place_loses_nobody(
    asterisk: LabAsterisk, ami: LabAmi, context: str, extension: str
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            first = await router.question(0)
            await until_application(ami, first.channel, "Wait")
            await redirect(ami, first.channel, context, extension)
            second = await router.question(1)
            result = await end_calls(ami, callers)
    assert second.arrived == first.arrived
    assert result.failed == 0


async def test_every_context_of_ours_catches_what_does_not_exist(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    for context in ("cti-inbound", "cti-wait", "cti-deliver", "cti-after", "cti-leave"):
        shown = asterisk.cli(f"dialplan show {context}")
        for extension in ("i", "t", "T"):
            assert f"'{extension}' =>" in shown, (context, extension)
