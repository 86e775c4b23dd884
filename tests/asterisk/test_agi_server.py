"""Our AGI server under a real Asterisk's own limits."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from cti.agi.messages import AgiRequest
from cti.agi.server import AgiServer
from tests.eventually import eventually
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.world import MANY_ARGS

pytestmark = [pytest.mark.real, pytest.mark.room("agi", "asterisk-config")]


async def test_as_many_arguments_as_asterisk_passes_on(asterisk: LabAsterisk) -> None:
    asked: list[AgiRequest] = []

    def handle(request: AgiRequest) -> tuple[()]:
        asked.append(request)
        return ()

    allowed = (ip_network("127.0.0.0/8"),)
    server = AgiServer("127.0.0.1", asterisk.agi_port, allowed=allowed, handler=handle)
    await server.start()
    try:
        with Callers(asterisk.sip, "many-args", stay_ms=2_000) as callers:
            await eventually(lambda: asked or server.counters.protocol_errors)
            await asyncio.to_thread(callers.wait, 10)
    finally:
        await server.close()
    assert server.counters.protocol_errors == 0
    given = MANY_ARGS.split(",")
    # The 128th, the address being the first, is all the rest.
    assert asked[0].args == (*given[:126], ",".join(given[126:]))
