"""What the dialplan asks, and that it does what it is told: docs/call-flow.md, line by line."""

from __future__ import annotations

import asyncio
import hashlib
import time

import pytest

from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.ear import Ear
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import HANG, NOTHING, FakeRouter
from tests.worlds.asterisk.world import GAP_S, SLACK_S, end_calls, until_variable, variable

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"


async def test_the_first_question_says_who_calls_and_where_to(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    before = time.time_ns() // 1_000_000
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95589", prefix="1391234567", stay_ms=9_000) as callers:
            question = await router.question()
            await end_calls(ami, callers)
    assert question.verb == "arrive"
    assert question.queue == "business"
    assert question.priority == "500"
    assert question.needs == "english:3&loans:1"
    assert (question.offer, question.dialstatus, question.cause, question.rang_ms) == ("",) * 4
    assert question.headers["agi_callerid"] == "13912345671"
    assert question.headers["agi_dnid"] == "95589"
    assert before <= int(question.arrived) <= before + 2000
    secret = f"{asterisk.secret}:{question.uniqueid}"
    assert question.token == hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()


async def test_a_number_that_is_dialled_is_the_queue_unless_one_is_set(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "cards-vip", stay_ms=9_000) as callers:
            question = await router.question()
            await end_calls(ami, callers)
    assert question.queue == "cards-vip"


async def test_callers_who_arrive_in_the_same_second_are_told_apart(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", calls=10, rate=50, stay_ms=9_000) as callers:
            await router.question(9)
            await end_calls(ami, callers)
    assert len({question.headers["agi_callerid"] for question in router.questions}) == 10
    assert len({question.token for question in router.questions}) == 10
    assert len({question.arrived for question in router.questions}) > 5


async def test_first_arrival_and_token_stay_the_same_over_slices(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, "wait*7*1*") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            first, second, third = [await router.question(number) for number in range(3)]
            await end_calls(ami, callers)
    assert [first.verb, second.verb, third.verb] == ["arrive", "again", "again"]
    assert first.arrived == second.arrived == third.arrived
    assert first.token == second.token == third.token
    assert 0.9 < second.at - first.at < 1 + SLACK_S


@pytest.mark.parametrize(
    ("said", "done"), [("0", "1"), ("", "1"), ("x", "1"), ("7", "7"), ("999", "25")]
)
async def test_a_slice_out_of_bounds_is_brought_within(
    asterisk: LabAsterisk, ami: LabAmi, said: str, done: str
) -> None:
    async with FakeRouter(asterisk.agi_port, f"wait*7*{said}*") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await router.question()
            await until_variable(ami, question.channel, "CTI_SLICE_S", done)
            await end_calls(ami, callers)


async def test_music_from_the_first_moment_and_without_a_gap_between_slices(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with Ear() as ear, FakeRouter(asterisk.agi_port, "wait*7*1*") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000, media_port=ear.port) as callers:
            first = await router.question(0)
            third = await router.question(2)
            await end_calls(ami, callers)
        assert ear.music[0] - first.at < GAP_S
        assert ear.longest_gap_s(first.at + GAP_S, third.at) < GAP_S
        assert not ear.other


async def test_an_announcement_is_played_and_music_goes_on(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with Ear() as ear, FakeRouter(asterisk.agi_port, "wait*7*1*welcome", WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000, media_port=ear.port) as callers:
            await router.question(1)
            await end_calls(ami, callers)
    assert len(ear.other) > 30
    assert ear.music[-1] > ear.other[-1]


async def test_a_missing_announcement_costs_nothing(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with FakeRouter(asterisk.agi_port, "wait*7*1*no-such-sound") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            await router.question(1)
            result = await end_calls(ami, callers)
    assert result.failed == 0


# A dash is decoration in Asterisk's own numbers; an underscore begins its patterns.
@pytest.mark.parametrize("endpoint", ["a8001", "sales-01", "zhang_san"])
async def test_a_free_agent_gets_the_call_at_once(
    asterisk: LabAsterisk, ami: LabAmi, endpoint: str
) -> None:
    async with FakeRouter(asterisk.agi_port, f"deliver*7*41*5*{endpoint}") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await router.question()
            await ami.event("BridgeEnter", Channel=question.channel)
            leg = (await ami.event("DialEnd", Channel=question.channel))["DestChannel"]
            assert leg.startswith(f"PJSIP/{endpoint}-")
            assert await variable(ami, question.channel, "CTI_STAGE") == "deliver"
            assert await variable(ami, question.channel, "CTI_OFFER") == "41"
            assert await variable(ami, leg, "CTI_LEG") == f"41*{endpoint}"
            result = await end_calls(ami, callers)
    assert result.failed == 0
    assert len(router.questions) == 1


@pytest.mark.parametrize("answer", ["after*7", NOTHING, HANG, "gibberish"])
async def test_when_the_agent_hangs_up_the_caller_is_let_go(
    asterisk: LabAsterisk, ami: LabAmi, answer: str
) -> None:
    """The router is asked, since only it knows whether that was a conversation. Where it does not
    say, it was one.
    """
    async with FakeRouter(asterisk.agi_port, "deliver*7*41*5*brief", answer) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await router.question()
            result = await asyncio.to_thread(callers.wait)
            hangup = await ami.event("Hangup", Channel=question.channel)
            ended = await router.question(1)
    assert (ended.verb, ended.offer, ended.dialstatus) == ("returned", "41", "ANSWER")
    assert hangup["Context"] == "cti-after"
    assert hangup["Cause"] == "16"
    assert result.successful == 1
    assert len(router.questions) == 2


@pytest.mark.parametrize("phone", ["drops", "brief"])
async def test_a_caller_whom_the_agent_has_dropped_goes_on_in_line_if_the_router_says_so(
    asterisk: LabAsterisk, ami: LabAmi, phone: str
) -> None:
    answers = (f"deliver*7*41*5*{phone}", "wait*7*1*", "deliver*7*42*5*a8001")
    async with Ear() as ear, FakeRouter(asterisk.agi_port, *answers) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000, media_port=ear.port) as callers:
            first, dropped, again = [await router.question(number) for number in range(3)]
            await ami.event("DialEnd", DestCallerIDNum="a8001", DialStatus="ANSWER")
            assert await variable(ami, first.channel, "CTI_OFFER") == "42"
            result = await end_calls(ami, callers)
        assert ear.longest_gap_s(dropped.at + GAP_S, again.at) < GAP_S, "music while in line"
    assert (dropped.verb, dropped.dialstatus, dropped.offer) == ("returned", "ANSWER", "41")
    assert (again.verb, again.arrived) == ("again", first.arrived)
    assert result.failed == 0


async def test_a_survey_comes_first_where_there_is_one(lab: None, asterisk: LabAsterisk) -> None:
    survey = "[cti-survey]\nexten => s,1,UserEvent(Survey)\n same => n,Hangup()\n"
    path = asterisk.etc / "extensions.conf"
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{survey}", encoding="utf-8")
    asterisk.cli("dialplan reload")
    try:
        async with (
            LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami,
            FakeRouter(asterisk.agi_port, "deliver*7*41*5*brief", "after*7") as router,
        ):
            await ami.ask("Setvar", Variable="CTI_EPOCH", Value="7")
            with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
                question = await router.question()
                await ami.event("UserEvent", UserEvent="Survey", Channel=question.channel)
                await asyncio.to_thread(callers.wait)
    finally:
        path.write_text(before, encoding="utf-8")
        asterisk.cli("dialplan reload")


async def test_the_router_sends_a_caller_away(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with Ear() as ear, FakeRouter(asterisk.agi_port, "leave*7*queueFull*") as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000, media_port=ear.port) as callers:
            question = await router.question()
            result = await asyncio.to_thread(callers.wait)
            hangup = await ami.event("Hangup", Channel=question.channel)
    assert (hangup["Context"], hangup["Cause"]) == ("cti-leave", "16")
    assert len(ear.other) > 10, "the reason is said"
    assert result.successful == 1
