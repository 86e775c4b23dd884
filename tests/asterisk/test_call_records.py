"""What stands in Asterisk's call records: the number that was dialled, never an order of ours."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.eventually import eventually
from tests.lab import rootfs
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers, phone_refuses, phone_rings
from tests.lab.sipp import Callers, Phones
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import EPOCH, end_calls, redirect

pytestmark = pytest.mark.real

WAIT = f"wait*{EPOCH}*25*"
AFTER = f"after*{EPOCH}"
PHONES = {
    "a8001": phone_answers(after_ms=50),
    "brief": phone_answers(after_ms=50, talk_ms=300),
    "busy": phone_refuses(),
    "rings": phone_rings(),
}
# The columns of cdr_csv (cdr/cdr_csv.c) that are looked at.
DST, CONTEXT, CHANNEL_OF_B, APP, DISPOSITION = 2, 3, 6, 7, 14


def deliver(phone: str, offer: int = 41) -> str:
    return f"deliver*{EPOCH}*{offer}*2*{phone}"


@dataclass(frozen=True)
class Row:
    """One record: what was dialled, whose phone was called, the last application, and the end."""

    dst: str
    phone: str
    app: str
    disposition: str


def rows(asterisk: LabAsterisk) -> list[Row]:
    path = asterisk.folder / "log" / "cdr-csv" / "Master.csv"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [
        Row(
            row[DST],
            row[CHANNEL_OF_B].removeprefix("PJSIP/").partition("-")[0],
            row[APP],
            row[DISPOSITION],
        )
        for row in csv.reader(io.StringIO(text))
    ]


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    """One that writes its records into a file of commas."""
    with ExitStack() as stack:
        phones = {name: stack.enter_context(Phones(text)) for name, text in PHONES.items()}
        made = LabAsterisk(
            agents=[Agent(name, phone.port) for name, phone in phones.items()],
            extensions="[cti-survey]\nexten => s,1,Wait(0.3)\n same => n,Hangup()\n",
        )
        cdr = "[general]\nenable = yes\nunanswered = yes\n[csv]\nusegmtime = yes\n"
        (made.etc / "cdr.conf").write_text(cdr, encoding="utf-8")
        modules = made.etc / "modules.conf"
        text = modules.read_text(encoding="utf-8")
        modules.write_text(text.replace("noload = cdr_csv.so\n", ""), encoding="utf-8")
        folder = made.folder / "log" / "cdr-csv"
        folder.mkdir()
        os.chown(folder, rootfs.ASTERISK_UID, rootfs.ASTERISK_UID)
        yield stack.enter_context(made)


@pytest.fixture
async def ami(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as session:
        await session.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        yield session


async def records(
    asterisk: LabAsterisk,
    count: int,
    *answers: str,
    number: str = "95588",
    stay_ms: int = 700,
) -> list[Row]:
    """The rows of one call."""
    before = len(rows(asterisk))
    async with FakeRouter(asterisk.agi_port, *answers):
        with Callers(asterisk.sip, number, stay_ms=stay_ms) as callers:
            result = await asyncio.to_thread(callers.wait)
    assert result.failed == 0
    await eventually(lambda: len(rows(asterisk)) >= before + count, 5)
    return rows(asterisk)[before:]


async def test_who_gives_up_waiting_has_dialled_that_number(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    assert await records(asterisk, 1, WAIT) == [Row("95588", "", "Wait", "ANSWERED")]


async def test_a_conversation_is_with_that_number_and_that_phone(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    assert await records(asterisk, 1, deliver("a8001")) == [
        Row("95588", "a8001", "Dial", "ANSWERED")
    ]


async def test_each_phone_that_was_called_has_a_row_and_so_has_what_comes_after(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    said = (deliver("busy"), deliver("brief", 42), AFTER)
    assert await records(asterisk, 3, *said, stay_ms=9_000) == [
        Row("95588", "busy", "Dial", "BUSY"),
        Row("95588", "brief", "Dial", "ANSWERED"),
        Row("95588", "", "Hangup", "ANSWERED"),  # the survey
    ]


async def test_who_gives_up_while_it_rings(asterisk: LabAsterisk, ami: LabAmi) -> None:
    assert await records(asterisk, 1, deliver("rings")) == [
        Row("95588", "rings", "Dial", "NO ANSWER")
    ]


@pytest.mark.parametrize("number", ["cards-vip", "95588"])
async def test_who_is_sent_away(asterisk: LabAsterisk, ami: LabAmi, number: str) -> None:
    said = f"leave*{EPOCH}*queueFull*"
    (row,) = await records(asterisk, 1, said, number=number, stay_ms=9_000)
    assert row == Row(number, "", "Hangup", "ANSWERED")


async def test_a_redirect_does_not_show_but_for_the_phone(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    before = len(rows(asterisk))
    async with FakeRouter(asterisk.agi_port, WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            question = await router.question()
            await redirect(ami, question.channel, "cti-deliver", f"{EPOCH}*43*5*a8001")
            await ami.event("BridgeEnter", Channel=question.channel)
            await redirect(ami, question.channel, "cti-wait", "s")
            await router.question(1)
            await redirect(ami, question.channel, "cti-deliver", f"{EPOCH}*44*5*a8001")
            await ami.event("DialEnd", after=len(ami.events), DialStatus="ANSWER")
            await end_calls(ami, callers)
    await eventually(lambda: len(rows(asterisk)) >= before + 2, 5)
    assert {(row.dst, row.phone) for row in rows(asterisk)[before:]} == {("95588", "a8001")}


async def test_an_entry_elsewhere_is_another_destination(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    """A transfer by number, or whoever sends the caller on: from there on it is that number's."""
    before = len(rows(asterisk))
    async with FakeRouter(asterisk.agi_port, deliver("a8001"), WAIT) as router:
        with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
            await router.question()
            leg = (await ami.event("DialEnd", DialStatus="ANSWER"))["DestChannel"]
            await ami.event("BridgeEnter", Channel=leg)
            await ami.ask("BlindTransfer", Channel=leg, Context="from-trunk", Exten="95589")
            await router.question(1)
            await end_calls(ami, callers)
    await eventually(lambda: len(rows(asterisk)) >= before + 2, 5)
    assert [(row.dst, row.phone) for row in rows(asterisk)[before:]] == [
        ("95588", "a8001"),
        ("95589", ""),
    ]
