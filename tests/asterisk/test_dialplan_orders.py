"""Every order but the one to ring a phone goes through `cti-order`, which obeys one router only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cti.gateway.border import Verb, other_order
from cti.gateway.epoch import Epoch
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter, Question
from tests.worlds.asterisk.world import end_calls, redirect, until_application

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"
OURS = Epoch(7, "3fa9c1d2")
STALE = [Epoch(6, "3fa9c1d2"), Epoch(7, "00c0ffee"), Epoch(7, ""), Epoch(70, "3fa9c1d2")]


@pytest.fixture(autouse=True)
async def _epoch(ami: LabAmi) -> None:
    """As a router sets it."""
    await ami.ask("Setvar", Variable="CTI_EPOCH", Value=str(OURS))


class Waiting:
    """A caller who hears music."""

    def __init__(self, router: FakeRouter, callers: Callers, question: Question) -> None:
        self.router, self.callers = router, callers
        self.channel, self.uniqueid = question.channel, question.uniqueid


@asynccontextmanager
async def waiting(asterisk: LabAsterisk, ami: LabAmi) -> AsyncIterator[Waiting]:
    """One caller; ended afterwards."""
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=20_000) as callers:
            question = await router.question()
            await until_application(ami, question.channel, "Wait")
            yield Waiting(router, callers, question)
            await end_calls(ami, callers)


async def phone(ami: LabAmi, order: str, endpoint: str = "a8001") -> str:
    """Ring a phone and have its channel executed by that order; its unique id."""
    name = f"phone-{len(ami.events)}"
    await ami.ask(
        "Originate", Channel=f"PJSIP/{endpoint}", Context="cti-order", Exten=order, Priority="1",
        Async="true", ChannelId=name,
    )  # fmt: skip
    await ami.event("DialEnd", DestUniqueid=name, DialStatus="ANSWER")
    return name


async def test_a_caller_is_sent_back_to_the_music_and_asks(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-order", other_order(OURS, Verb.WAIT))
        assert (await caller.router.question(1)).verb == "again"


async def test_a_caller_is_sent_away_with_the_reason(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with waiting(asterisk, ami) as caller:
        order = other_order(OURS, Verb.LEAVE, "queueFull", "")
        await redirect(ami, caller.channel, "cti-order", order)
        gone = await ami.event("Hangup", Uniqueid=caller.uniqueid)
    assert (gone["Context"], gone["Cause"]) == ("cti-leave", "16")
    assert len(caller.router.questions) == 1


async def test_a_channel_is_hung_up_with_the_cause(asterisk: LabAsterisk, ami: LabAmi) -> None:
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-order", other_order(OURS, Verb.HANGUP, "17"))
        gone = await ami.event("Hangup", Uniqueid=caller.uniqueid)
    assert gone["Cause"] == "17"


async def test_a_phone_waits_to_be_bridged_and_the_caller_asks_when_it_has_gone(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with waiting(asterisk, ami) as caller:
        leg = await phone(ami, other_order(OURS, Verb.STAY, "20"))
        await redirect(ami, caller.channel, "cti-order", other_order(OURS, Verb.BRIDGE, leg))
        entered = await ami.event("BridgeEnter", Uniqueid=caller.uniqueid)
        other = await ami.event("BridgeEnter", Uniqueid=leg)
        assert entered["BridgeUniqueid"] == other["BridgeUniqueid"]
        await ami.ask("Hangup", Channel=leg)
        question = await caller.router.question(1)
        assert (question.verb, question.dialstatus) == ("returned", "ANSWER")


async def test_a_caller_whose_partner_is_gone_keeps_waiting(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-order", other_order(OURS, Verb.BRIDGE, "1.1"))
        assert (await caller.router.question(1)).verb == "again"


async def test_a_phone_that_nobody_comes_for_is_let_go(asterisk: LabAsterisk, ami: LabAmi) -> None:
    leg = await phone(ami, other_order(OURS, Verb.STAY, "1"))
    await ami.event("Hangup", Uniqueid=leg, timeout_s=10)


ORDERS = [
    (Verb.WAIT, ()),
    (Verb.LEAVE, ("queueFull", "")),
    (Verb.HANGUP, ("17",)),
    (Verb.BRIDGE, ("PHONE",)),
]


@pytest.mark.parametrize("epoch", STALE, ids=str)
@pytest.mark.parametrize(("verb", "arguments"), ORDERS, ids=[verb.value for verb, _ in ORDERS])
async def test_an_order_of_another_router_is_not_carried_out_and_says_so(
    asterisk: LabAsterisk, ami: LabAmi, verb: Verb, arguments: tuple[str, ...], epoch: Epoch
) -> None:
    order = other_order(epoch, verb, *arguments)
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-order", order)
        said = await ami.event("UserEvent", UserEvent="CtiRefused", Uniqueid=caller.uniqueid)
        assert (await caller.router.question(1)).verb == "again"
        assert not [each for each in ami.events if each["Event"] in ("Hangup", "BridgeEnter")]
    assert (said["Order"], said["Epoch"]) == (order, str(OURS))


async def test_where_the_epoch_was_cleared_nothing_is_carried_out(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    async with waiting(asterisk, ami) as caller:
        await ami.ask("Setvar", Variable="CTI_EPOCH", Value="")
        order = other_order(OURS, Verb.HANGUP, "17")
        await redirect(ami, caller.channel, "cti-order", order)
        said = await ami.event("UserEvent", UserEvent="CtiRefused", Uniqueid=caller.uniqueid)
        await caller.router.question(1)
    assert said["Epoch"] == ""


async def test_a_phone_that_another_router_has_rung_is_let_go(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    leg = await phone(ami, other_order(STALE[0], Verb.STAY, "20"))
    await ami.event("UserEvent", UserEvent="CtiRefused", Uniqueid=leg)
    await ami.event("Hangup", Uniqueid=leg, timeout_s=10)


@pytest.mark.parametrize("order", ["nonsense", "7", f"{OURS}*nonsense", f"{OURS}*"])
async def test_an_order_that_is_none_loses_nobody(
    asterisk: LabAsterisk, ami: LabAmi, order: str
) -> None:
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-order", order)
        await caller.router.question(1)


async def test_both_gates_say_the_same(asterisk: LabAsterisk, ami: LabAmi) -> None:
    """`cti-deliver` has the gate of its own: no step between a Redirect and the Dial."""
    async with waiting(asterisk, ami) as caller:
        await redirect(ami, caller.channel, "cti-deliver", f"{STALE[1]}*41*5*a8001")
        said = await ami.event("UserEvent", UserEvent="CtiRefused", Uniqueid=caller.uniqueid)
        await redirect(ami, caller.channel, "cti-deliver", f"{OURS}*42*5*a8001")
        await ami.event("BridgeEnter", Uniqueid=caller.uniqueid)
    assert (said["Order"], said["Epoch"]) == (f"{STALE[1]}*41*5*a8001", str(OURS))
