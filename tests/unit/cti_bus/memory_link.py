"""A broker in memory: the second implementation of the publisher's port to a broker."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager

from cti.bus.link import LinkError, UnpublishableError


class MemoryBroker:
    """Notes what is published; refuses, freezes and cuts links when a test says so."""

    def __init__(self):
        self.refuses = False
        self.frozen = False  # takes messages and acknowledges none
        self.hates = ""  # a topic that cannot be published
        self.messages = []  # (topic, payload, retain) as they arrived
        self.retained = {}
        self.links = 0
        self.peak = 0
        self._open = set()

    @asynccontextmanager
    async def connect(self, will):
        if self.refuses:
            raise LinkError("refused")
        self.links += 1
        link = _MemoryLink(self)
        self._open.add(link)
        try:
            yield link
        except BaseException:
            self.receive(will.topic, will.payload, retain=True)
            raise
        finally:
            self._open.discard(link)

    def cut(self):
        for link in self._open:
            link.gone.set()

    def acknowledge(self, count=10**9):
        for link in self._open:
            link.acknowledge(count)

    def receive(self, topic, payload, *, retain):
        self.messages.append((topic, payload, retain))
        if retain:
            self.retained[topic] = payload
            if not payload:
                del self.retained[topic]


class _MemoryLink:
    def __init__(self, broker):
        self.broker = broker
        self.gone = asyncio.Event()
        self.under_way = deque()

    async def publish(self, topic, payload, *, retain):
        if topic == self.broker.hates:
            raise UnpublishableError("no broker wants it")
        self.broker.receive(topic, payload, retain=retain)
        answer = asyncio.get_running_loop().create_future()
        self.under_way.append(answer)
        self.broker.peak = max(self.broker.peak, len(self.under_way))
        if not self.broker.frozen:
            asyncio.get_running_loop().call_soon(self.acknowledge, 1)
        await answer

    def acknowledge(self, count):
        while self.under_way and count:
            answer = self.under_way.popleft()
            if not answer.done():
                answer.set_result(None)
                count -= 1

    async def lost(self):
        await self.gone.wait()
