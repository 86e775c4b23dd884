"""Is there such a phone? Asked of each Asterisk before an agent signs in at it."""

import asyncio
from typing import Final

from cti.gateway.gateway import Gateway, Said

ANSWER_S: Final = 1.0
"""An Asterisk that is well answers within milliseconds; one that does not may not keep an agent
from signing in."""


async def ask_about(gateway: Gateway, device: str) -> Said:
    """What each configured Asterisk says of this phone; nothing at all when one of them hangs."""
    answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()

    def told(said: Said) -> None:
        if not answer.done():
            answer.set_result(said)

    gateway.ask_about(device, told)
    try:
        async with asyncio.timeout(ANSWER_S):
            return await answer
    except TimeoutError:
        return {}
