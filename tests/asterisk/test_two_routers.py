"""Two routers and one real Asterisk: one is obeyed, the other says so and does nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cti.ami.client import AmiClient
from cti.clock import SystemClock
from cti.gateway.claim import STALE_S, Claim, Standing
from cti.gateway.counters import PbxCounters
from cti.gateway.surroundings import Surroundings
from routing.ids import PbxId
from tests.eventually import eventually, time_passes
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.ports import free_port
from tests.lab.scenarios import phone_answers, phone_rings
from tests.lab.sipp import Callers, Phones
from tests.worlds.cards.router import Router, word

pytestmark = [pytest.mark.real, pytest.mark.room("asterisk-config", "gateway")]

ROUNDS = 25
KNOWN = (Standing.OURS, Standing.ANOTHERS)
RINGS, ANSWERS = "8001", "8002"
TAKES_OVER_S = 3 * STALE_S


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    """With a phone that rings and one that answers."""
    with ExitStack() as stack:
        ringing = stack.enter_context(Phones(phone_rings()))
        answering = stack.enter_context(Phones(phone_answers(after_ms=50)))
        phones = [Agent(f"a{RINGS}", ringing.port), Agent(f"a{ANSWERS}", answering.port)]
        settings = {"CTI_RETRY_S": "1", "CTI_FAILSAFE_AFTER_S": "120"}
        yield stack.enter_context(LabAsterisk(agents=phones, settings=settings))


@pytest.fixture
async def ami(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    """The tests' own eye. No router has been here."""
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as session:
        for name in ("CTI_EPOCH", "CTI_BEAT"):
            await session.ask("Setvar", Variable=name, Value="")
        yield session


@pytest.fixture
def routers(asterisk: LabAsterisk, tmp_path: Path) -> Iterator[list[Router]]:
    """Two, each with a folder of its own. The dialplan asks the first."""
    made = []
    for number, agi_port in enumerate((asterisk.agi_port, free_port())):
        folder = tmp_path / f"r{number}"
        folder.mkdir()
        made.append(
            Router(
                folder,
                ami_port=asterisk.ami_port,
                ami_secret=asterisk.ami_secret,
                agi_port=agi_port,
                agi_secret=asterisk.secret,
                devices={RINGS: f"a{RINGS}", ANSWERS: f"a{ANSWERS}"},
            )
        )
    yield made
    for router in made:
        router.end()


async def epoch(ami: LabAmi) -> str:
    return (await ami.ask("Getvar", Variable="CTI_EPOCH"))[0].get("Value", "")


async def until_elsewhere(router: Router) -> dict[str, Any]:
    """It has said that another router has the Asterisk."""

    async def says() -> dict[str, Any] | None:
        if not router.socket.exists():
            return None
        checks = (await router.get("/v1/health"))["checks"]
        return next((each for each in checks if each["code"] == "anotherRouter"), None)

    found: dict[str, Any] = await eventually(says, 20)
    return found


async def kinds(router: Router) -> set[str]:
    return {event["type"] for event in await router.events()}


async def test_the_second_says_so_and_does_nothing_until_the_first_ends(
    asterisk: LabAsterisk, ami: LabAmi, routers: list[Router]
) -> None:
    first, second = routers
    await first.start()
    held = await epoch(ami)
    await second.start(wait=False)
    said = await until_elsewhere(second)
    assert said["about"].startswith("card@")
    await second.ready(ANSWERS)
    await first.ready(ANSWERS)
    with Callers(asterisk.sip, "loans", stay_ms=1_500) as callers:
        await first.until(lambda events: "callCleared answered" in map(word, events))
        result = await asyncio.to_thread(callers.wait, 10)
    assert result.successful == 1
    assert await epoch(ami) == held
    assert not [each for each in ami.events if each.get("UserEvent") == "CtiRefused"]
    assert "cti.agentAllocated" not in await kinds(second)
    assert "another router has it: card@" in second.log.read_text(encoding="utf-8")
    await first.stop()
    await second.until_routing(STALE_S)  # at once: the first has said that it leaves


async def test_who_was_killed_and_comes_back_takes_it_at_once(
    ami: LabAmi, routers: list[Router]
) -> None:
    first, second = routers
    await first.start()
    before = await epoch(ami)
    await second.start(wait=False)
    await until_elsewhere(second)
    first.kill()
    await first.start()
    after = await epoch(ami)
    assert int(after.partition("-")[0]) == int(before.partition("-")[0]) + 1
    assert after.partition("-")[2] == before.partition("-")[2]
    await time_passes(STALE_S + 1)  # in which the second would take a claim that nobody refreshes
    assert await epoch(ami) == after
    await until_elsewhere(second)


async def test_who_is_killed_and_stays_away_is_followed_with_a_higher_epoch(
    ami: LabAmi, routers: list[Router]
) -> None:
    first, second = routers
    for _ in range(3):  # its epoch is 3, and the other's would be 1
        await first.start()
        first.kill()
    before = await epoch(ami)
    await second.start(wait=False)
    await second.until_routing(TAKES_OVER_S)
    after = await epoch(ami)
    assert (int(before.partition("-")[0]), int(after.partition("-")[0])) == (3, 4)


async def test_who_is_stopped_too_long_tears_nobody_away_when_it_goes_on(
    asterisk: LabAsterisk, ami: LabAmi, routers: list[Router]
) -> None:
    """The first is stopped while a phone rings for its caller. The second takes over and puts that
    caller through. The first wakes: its offer is over, and it would fetch the caller back.
    """
    first, second = routers
    await first.start()
    await second.start(wait=False)
    await until_elsewhere(second)
    await first.ready(RINGS)
    await second.ready(ANSWERS)
    with Callers(asterisk.sip, "loans", stay_ms=60_000) as callers:
        rings = await ami.event("DialBegin", DialString=f"a{RINGS}")
        assert first.process is not None
        os.kill(first.process.pid, signal.SIGSTOP)
        await second.until_routing(TAKES_OVER_S)
        await ami.event("BridgeEnter", Uniqueid=rings["Uniqueid"])
        talking = len(ami.events)
        os.kill(first.process.pid, signal.SIGCONT)
        await until_elsewhere(first)
        await time_passes(2.0)  # in which nothing may happen
        torn = [each for each in ami.events[talking:] if each["Event"] == "BridgeLeave"]
        await ami.ask("Hangup", Channel=rings["Uniqueid"])
        await asyncio.to_thread(callers.wait, 10)
    assert not torn
    assert "not us" in first.log.read_text(encoding="utf-8")


class Comer:
    """A router as far as its claim goes, with a manager session of its own."""

    def __init__(self, asterisk: LabAsterisk, instance: str) -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(_Numbered(), SystemClock(), loop.call_later, instance, instance)  # type: ignore[arg-type]
        self.client = AmiClient(
            "a1", "127.0.0.1", asterisk.ami_port, "cti-router", asterisk.ami_secret,
            wanted=frozenset({"FullyBooted"}), on_event=lambda _: None,
            on_up=lambda: None, on_down=lambda _: None,
        )  # fmt: skip
        self.claim = Claim(PbxId("a1"), around, self.client.send, PbxCounters())


class _Numbered:
    epoch = 7


async def test_of_two_who_come_at_once_exactly_one_has_it(
    asterisk: LabAsterisk, ami: LabAmi
) -> None:
    winners = []
    for number in range(ROUNDS):
        before = ["", "6-00c0ffee"][number % 2]  # nobody's, or left by somebody
        await ami.ask("Setvar", Variable="CTI_BEAT", Value=f"{before}*gone*r" if before else "")
        await ami.ask("Setvar", Variable="CTI_EPOCH", Value=before)
        comers = [Comer(asterisk, f"{n}{number:07x}") for n in (1, 2)]
        for comer in comers:
            comer.client.start()
        await eventually(lambda both=comers: all(each.client.is_up for each in both))
        for comer in comers if number % 3 else reversed(comers):
            comer.claim.begin()
        await eventually(lambda both=comers: all(each.claim.standing in KNOWN for each in both))
        (winner,) = [each for each in comers if each.claim.standing is Standing.OURS]
        assert await epoch(ami) == str(winner.claim.epoch)
        winners.append(comers.index(winner))
        for comer in comers:
            comer.claim.end()
            await comer.client.close()
    assert len(winners) == ROUNDS
