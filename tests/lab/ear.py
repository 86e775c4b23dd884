"""What a caller hears: counts the RTP that Asterisk sends to a port of ours."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import TracebackType
from typing import Self

from tests.lab.asterisk import MUSIC

RTP_HEADER = 12
MUSIC_BYTES = frozenset(MUSIC)


class Ear(asyncio.DatagramProtocol):
    """A media port for one caller: when music came, and when other sound came."""

    def __init__(self) -> None:
        self.port = 0
        self.music: list[float] = []
        self.other: list[float] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port."""
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """One packet."""
        heard = self.music if MUSIC_BYTES.issuperset(data[RTP_HEADER:]) else self.other
        heard.append(asyncio.get_running_loop().time())

    def longest_gap_s(self, since: float, until: float) -> float:
        """The longest time without music between two moments of the event loop's clock."""
        inside = [at for at in self.music if since <= at <= until]
        edges = [since, *inside, until]
        return max(later - earlier for earlier, later in pairwise(edges))
