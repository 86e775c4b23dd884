"""What the daemon itself sees of a mistake on the other side, with a real Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.worlds.asterisk.mistakes import change
from tests.worlds.cards.real import RealWorld
from tests.worlds.cards.words import Call, Phone

pytestmark = [pytest.mark.real, pytest.mark.room("cti", "gateway", "watch")]


async def test_questions_with_another_secret_turn_health_red_until_one_is_right(
    lab: None, tmp_path: Path
) -> None:
    world = RealWorld({"8001": Phone(talk_ms=300)})
    await world.start(tmp_path)
    try:
        change("extensions.conf", "CTI_SECRET=", "CTI_SECRET=x")(world.asterisk)
        await asyncio.to_thread(world.asterisk.cli, "dialplan reload")
        await world.router.start()
        await world.router.ready("8001")
        await world.call(Call(stay_ms=30_000))

        async def questions() -> dict[str, object]:
            checks = (await world.router.get("/v1/health"))["checks"]
            return next(check for check in checks if check["name"] == "questions")

        async def until(*, ok: bool) -> str:
            async def told() -> dict[str, object] | None:
                check = await questions()
                return check if check["ok"] is ok else None

            return str((await eventually(told))["detail"])

        detail = await until(ok=False)
        assert detail.startswith("a1: ")
        assert "CTI_SECRET there is not agi.secret here (cti asterisk check)" in detail
        change("extensions.conf", "CTI_SECRET=x", "CTI_SECRET=")(world.asterisk)
        await asyncio.to_thread(world.asterisk.cli, "dialplan reload")
        await until(ok=True)
        await eventually(lambda: world.served == 1, 20)
    finally:
        await world.stop()


async def test_a_dead_phone_never_rang_and_why_the_caller_waits_is_told(
    lab: None, tmp_path: Path
) -> None:
    """Asterisk dials it, and nobody answers at all: in the story, in the log, in both languages."""
    world = RealWorld({"8001": Phone("dead")})
    await world.start(tmp_path)
    try:
        await world.router.start()
        await world.router.ready("8001")
        await world.call(Call(stay_ms=30_000))
        events = await world.router.until(
            lambda events: any(event["type"] == "cti.failed" for event in events)
        )
        call_id = next(event["contactid"] for event in events if event.get("contactid"))
        english = await world.router.get(f"/v1/calls/{call_id}/story?lang=en")
        chinese = await world.router.get(f"/v1/calls/{call_id}/story?lang=zh")
    finally:
        await world.stop()
    told = "\n".join(english["lines"])
    assert "agent 8001's phone is dialled" in told
    assert "the phone could not be reached: it never rang" in told
    assert "rings" not in told
    assert "话机不可达，未振铃" in "\n".join(chinese["lines"])
    assert any("8001" in line and "pauses after the last offer" in line for line in english["now"])
    assert any("8001" in line and "上次派单后停歇" in line for line in chinese["now"])
    assert english["caller"].count("*") > 0
    log = world.router.log.read_text(encoding="utf-8")
    assert "offer 1 to agent 8001 failed: unreachable" in log
    assert english["caller"] not in log
