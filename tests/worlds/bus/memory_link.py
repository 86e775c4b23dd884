"""A broker in memory: an implementation of the publisher's port that does as a test says."""

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
        self.chokes_on = ""  # a topic that turns out to be unwritable when it is written
        self.messages = []  # (topic, payload, retain) as they arrived
        self.retained = {}
        self.links = 0
        self.peak = 0
        self._open = set()

    @asynccontextmanager
    async def connect(self, will, listener):
        if self.refuses:
            raise LinkError("refused")
        self.links += 1
        link = _MemoryLink(self, listener)
        self._open.add(link)
        try:
            yield link
        except BaseException:
            self.receive(will)
            raise
        finally:
            self._open.discard(link)
            link.error = link.error or "closed"

    def cut(self):
        for link in tuple(self._open):
            link.cut()

    def acknowledge(self, count=10**9):
        for link in self._open:
            link.acknowledge(count)

    def receive(self, message):
        self.messages.append((message.topic, message.payload, message.retain))
        if message.retain:
            self.retained[message.topic] = message.payload
            if not message.payload:
                del self.retained[message.topic]


class _MemoryLink:
    def __init__(self, broker, listener):
        self.broker = broker
        self.listener = listener
        self.error = ""
        self.under_way = deque()

    def send(self, message):
        if message.topic == self.broker.hates:
            raise UnpublishableError("no broker wants it")
        if self.error:
            return
        if message.topic == self.broker.chokes_on:
            asyncio.get_running_loop().call_soon(self.listener.refused, message, "unwritable")
            return
        self.broker.receive(message)
        self.under_way.append(message)
        self.broker.peak = max(self.broker.peak, len(self.under_way))
        if not self.broker.frozen:
            asyncio.get_running_loop().call_soon(self.acknowledge, 1)

    def acknowledge(self, count):
        while self.under_way and count and not self.error:
            message = self.under_way.popleft()
            self.listener.acknowledged(message)
            count -= 1

    def cut(self):
        self.error = "cut"
        self.listener.lost()
