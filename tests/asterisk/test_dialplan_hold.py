"""A conversation is taken apart and put together again by orders; nobody is lost by it."""

from __future__ import annotations

import pytest

from tests.lab.ami import LabAmi, Message
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import end_calls, redirect, until_application

pytestmark = pytest.mark.real

TALKS = "deliver*7*41*5*a8001"


async def talking(ami: LabAmi, router: FakeRouter) -> tuple[str, str]:
    """The channels of a caller and an agent who talk; each knows the other."""
    question = await router.question()
    dial = await ami.event("DialBegin", Channel=question.channel)
    caller, agent = question.channel, dial["DestChannel"]
    await ami.event("BridgeEnter", Channel=caller)
    await ami.ask("Setvar", Channel=caller, Variable="CTI_PEER", Value=agent)
    await ami.ask("Setvar", Channel=agent, Variable="CTI_PEER", Value=caller)
    return caller, agent


async def hold(ami: LabAmi, caller: str, agent: str, epoch: str = "7") -> Message:
    answer = await ami.ask(
        "Redirect",
        Channel=caller,
        Context="cti-hold",
        Exten=f"{epoch}*hold",
        Priority="1",
        ExtraChannel=agent,
        ExtraContext="cti-hold",
        ExtraExten=f"{epoch}*wait",
        ExtraPriority="1",
    )
    return answer[0]


async def test_held_and_retrieved_they_talk_and_the_caller_goes_on_behind_it(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, TALKS) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            caller, agent = await talking(ami, router)
            assert (await hold(ami, caller, agent))["Response"] == "Success"
            told = await ami.event("UserEvent", UserEvent="CtiHeld")
            assert told["Channel"] == caller
            await until_application(ami, caller, "Wait")
            await until_application(ami, agent, "Wait")
            before = len(ami.events)
            await redirect(ami, caller, "cti-hold", "7*join")
            for channel in (caller, agent):
                entered = await ami.event("BridgeEnter", after=before, Channel=channel)
                assert entered["Uniqueid"]
            await ami.ask("Hangup", Channel=agent, Cause="16")
            behind = await router.question(1)
            assert (behind.channel, behind.verb) == (caller, "returned")
            result = await end_calls(ami, callers)
    assert result.successful == 1


async def test_who_waits_for_one_who_has_gone_does_not_wait_long(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, TALKS, "leave*7*closed*") as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000):
            caller, agent = await talking(ami, router)
            await hold(ami, caller, agent)
            await until_application(ami, agent, "Wait")
            await ami.ask("Hangup", Channel=agent, Cause="16")
            assert (await router.question(1)).verb == "returned"
            await ami.event("Hangup", Channel=caller)
        before = len(router.questions)
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            router.answers[:] = [TALKS]
            question = await router.question(before)
            dial = await ami.event("DialBegin", Channel=question.channel)
            agent = dial["DestChannel"]
            await ami.event("BridgeEnter", Channel=question.channel)
            await ami.ask("Setvar", Channel=agent, Variable="CTI_PEER", Value=question.channel)
            await hold(ami, question.channel, agent)
            await until_application(ami, agent, "Wait")
            await end_calls(ami, callers)
            await ami.event("Hangup", Channel=agent)


@pytest.mark.parametrize("order", ["hold", "join"])
async def test_an_order_of_a_router_that_was_replaced_leaves_them_as_they_were(
    asterisk: LabAsterisk, ami: LabAmi, order: str
) -> None:
    async with FakeRouter(asterisk.agi_port, TALKS) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            caller, agent = await talking(ami, router)
            if order == "hold":
                before = len(ami.events)
                await hold(ami, caller, agent, epoch="6")
                await ami.event("UserEvent", UserEvent="CtiRefused", Order="6*hold")
                for channel in (caller, agent):
                    await ami.event("BridgeEnter", after=before, Channel=channel)
            else:
                await hold(ami, caller, agent)
                await until_application(ami, caller, "Wait")
                before = len(ami.events)
                await redirect(ami, caller, "cti-hold", "6*join")
                await ami.event("UserEvent", UserEvent="CtiRefused", Order="6*join")
                await ami.event("UserEvent", after=before, UserEvent="CtiHeld")
            result = await end_calls(ami, callers)
    assert result.successful == 1


async def test_without_a_router_the_caller_is_given_back_to_the_agent(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with FakeRouter(asterisk.agi_port, TALKS) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            caller, agent = await talking(ami, router)
            await ami.ask("Setvar", Channel=caller, Variable="CTI_HOLD_LIMIT_S", Value="2")
            before = len(ami.events)
            await hold(ami, caller, agent)
            await ami.event("UserEvent", UserEvent="CtiHeld")
            for channel in (caller, agent):
                await ami.event("BridgeEnter", after=before, Channel=channel)
            result = await end_calls(ami, callers)
    assert result.successful == 1
