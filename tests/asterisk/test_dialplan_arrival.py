"""When a caller has arrived, on machines all over the world."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.lab.zone import Zone
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.world import end_calls

pytestmark = pytest.mark.real

WAIT = "wait*7*25*"


def hour_that_comes_twice() -> str:
    """A rule of TZ in which daylight saving ended half an hour ago: the time on the wall is in the
    hour that it shows for the second time.
    """
    ended = datetime.now(UTC) + timedelta(hours=9) - timedelta(minutes=30)
    day = ended.timetuple().tm_yday - 1
    return f"JST-8JDT-9,0/0,{day}/{ended:%H:%M:%S}"


ZONES = {
    "UTC": Zone(),
    "Shanghai by TZ": Zone(tz="Asia/Shanghai"),
    "Shanghai by localtime": Zone(localtime="Asia/Shanghai"),
    "half an hour off, west": Zone(localtime="America/St_Johns"),
    "the two say different things": Zone(tz="Pacific/Auckland", localtime="Europe/Berlin"),
    "an hour that comes twice": Zone(tz=hour_that_comes_twice()),
    "no such zone": Zone(tz="Nowhere/Atall"),
}


@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES)
async def test_a_caller_arrives_now_wherever_asterisk_is(lab: None, zone: Zone) -> None:
    with LabAsterisk(zone=zone) as asterisk:
        async with (
            LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami,
            FakeRouter(asterisk.agi_port, WAIT) as router,
        ):
            before = time.time_ns() // 1_000_000
            with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
                question = await router.question()
                after = time.time_ns() // 1_000_000
                await end_calls(ami, callers)
    assert before <= int(question.arrived) <= after
    # Seconds are taken off the kernel's clock at its last tick, which may be one second older.
    assert before // 1000 - 1 <= int(question.asked) <= after // 1000
    assert before // 1000 - 1 <= int(question.uniqueid.partition(".")[0]) <= after // 1000


async def test_no_second_turns_between_the_two_halves_of_an_arrival(lab: None) -> None:
    """The one expression that everything hangs on, asked some thousand times over two seconds.

    With EPOCH for the seconds and %3q for the rest it would be a second off near each turn: they
    are read one after the other, and EPOCH is the kernel's clock at its last tick.
    """
    off = 0
    with LabAsterisk(zone=Zone(tz="Asia/Shanghai")) as asterisk:
        text = (asterisk.etc / "extensions.d" / "cti-routing.conf").read_text(encoding="utf-8")
        assert "STRFTIME(,UTC,%Y%m%d%H%M%S.%3q)" in text
        async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami:
            ends, asked = time.time() + 2.2, 0
            while time.time() < ends:
                before = time.time_ns() // 1_000_000
                said = await ami.ask("Getvar", Variable="STRFTIME(,UTC,%Y%m%d%H%M%S.%3q)")
                after = time.time_ns() // 1_000_000
                second, _, ms = said[0]["Value"].partition(".")
                at = datetime.strptime(second, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                off += not before <= round(at.timestamp()) * 1000 + int(ms) <= after
                asked += 1
    assert asked > 500
    assert off == 0


async def test_callers_who_arrive_while_the_router_is_away_keep_their_order(
    lab: None,
) -> None:
    """Within one second, too: that is what the milliseconds are for."""
    with LabAsterisk(zone=Zone(tz="Asia/Shanghai")) as asterisk:
        async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami:
            with Callers(asterisk.sip, "95588", calls=10, rate=20, stay_ms=20_000) as callers:
                await ami.until(
                    lambda: sum(e["Event"] == "MusicOnHoldStart" for e in ami.events) >= 10 or None
                )
                async with FakeRouter(asterisk.agi_port, WAIT) as router:
                    await asyncio.wait_for(router.question(9), 15)
                    await end_calls(ami, callers)
    by_arrival = sorted(router.questions, key=lambda question: int(question.arrived))
    by_channel = sorted(router.questions, key=lambda each: int(each.uniqueid.rpartition(".")[2]))
    assert by_arrival == by_channel
    assert len({question.arrived for question in router.questions}) == 10
