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
