"""Tells the bus what happens, whatever the broker does.

It follows the events by a subscription (`cti.record.subscription`), so nobody waits for it. One
task owns the link to the broker. Over each new link it says first what is so (router, agents,
queues: all retained state), then goes on after the last event that was acknowledged (`agenda`). Up
to `window` messages are under way at once, in order; when the link breaks, all that was not
acknowledged is sent again. So a reader may see an event twice, with the same id, and never misses
one or sees two of a call in the wrong order.

A state document carries the place in history as of which it is true, and may overtake events. So a
reader keeps one mark for events, and one for each document: what is not above it is dropped.

A message alone is sent at once; under load they leave together, at most `gather_s` later. What
costs is not the message but waking up for it.

Three words say how the router is: `running`, `stopped` (its own last word) and `lost` (its will,
said by the broker). A will carries the epoch of the router that left it: readers ignore one that is
older than the router they know.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec.structs import asdict

from cti.bus.agenda import Agenda
from cti.bus.documents import RouterDocument, StateDocuments
from cti.bus.link import Connector, Link, LinkError, Message, UnpublishableError
from cti.clock import Clock
from cti.record.cloudevents import AsOf, CloudEventEncoder
from cti.record.subscription import Feed, Subscription, UnreadableError
from cti.record.topics import Subject

log = logging.getLogger(__name__)


class PublisherSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`window`: messages under way; those that come within `gather_s` leave together. `protected`:
    what names an agent is said once more, for the employer (`cti.record.topics.protected_topic`).
    """

    window: int = 32
    gather_s: float = 0.02
    queue_state_every_s: float = 1.0
    backoff_min_s: float = 0.2
    backoff_max_s: float = 5.0
    protected: bool = False


@dataclass(slots=True)
class BusCounters:
    """Plain numbers for the metrics to read."""

    connected: bool = False
    lagging: bool = False  # what comes next has to be read from the event log
    published: int = 0  # events acknowledged, repetitions and protected copies included
    states_published: int = 0
    in_flight: int = 0
    behind: int = 0  # events not acknowledged yet
    connects: int = 0
    reconnects: int = 0
    link_failures: int = 0
    log_failures: int = 0  # the event log could not be read; tried again
    unpublishable: int = 0  # no broker can take it
    lost: int = 0  # neither in memory nor in the event log


class Publisher:
    """One router's voice on the bus.

    `feed` is what it follows. `mark` is told the last event that needs no sending any more;
    kept and given to the next `start`, it makes the bus survive a `kill -9` of the router.
    `catch_up` brings what the documents are made of up to now.
    """

    def __init__(
        self,
        connector: Connector,
        encoder: CloudEventEncoder,
        documents: StateDocuments,
        clock: Clock,
        feed: Feed,
        mark: Callable[[int], None] = lambda _position: None,
        settings: PublisherSettings | None = None,
        *,
        catch_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._connector = connector
        self._encoder = encoder
        self._clock = clock
        self._mark = mark
        self._catch_up = catch_up
        self._settings = settings or PublisherSettings()
        self._events = Subscription(feed)
        every_s, protected = self._settings.queue_state_every_s, self._settings.protected
        self._agenda = Agenda(documents, self._events, every_s, protected=protected)
        self._counters = BusCounters()
        self._epoch = 0
        self._started_us = 0
        self._up_at_s = float("inf")  # loop time, of the present link
        self._wake, self._room, self._closing = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._resume_at = 0  # so few under way make it worth while to send more
        self._flush_by_s = 0.0  # loop time, once closing
        self._task: asyncio.Task[None] | None = None

    # --- for the app ---

    async def start(self, epoch: int, position: int) -> None:
        """Begin to connect, without waiting for it.

        `position` is the last event that the bus has: what `mark` was told.
        """
        self._epoch = epoch
        self._started_us = self._clock.now_us()
        self._events.on_news = self._wake.set
        self._events.open(position)
        self._task = asyncio.create_task(self._run(), name="bus publisher")

    async def close(self, timeout_s: float = 2.0) -> None:
        """Say what is still to be said, and that the router has stopped, within the limit.

        Without a broker there is nobody to tell: returns at once. What stays unsaid is in the
        event log and is said after the next start.
        """
        if self._task is None:
            return
        self._flush_by_s = _now_s() + timeout_s * 0.7  # then good-bye
        self._closing.set()
        self.lost()  # whatever it waits for: look again
        _, still_running = await asyncio.wait((self._task,), timeout=timeout_s)
        if still_running:
            log.warning("bus: closed too early for %d events", self._events.behind)
            self._task.cancel()
            await asyncio.wait((self._task,))
        self._events.close()
        self._task = None

    @property
    def counters(self) -> BusCounters:
        """As of now."""
        counters, events = self._counters, self._events
        counters.behind, counters.lost = events.behind, events.lost
        counters.lagging = events.is_lagging
        return counters

    @property
    def position(self) -> int:
        """The last event that needs no sending any more."""
        return self._events.position

    # --- what a link tells us ---

    def acknowledged(self, message: Message) -> None:
        """See `cti.bus.link.Listener`."""
        if message.seq or message.copy:
            self._counters.published += 1
        else:
            self._counters.states_published += 1
        self._settled(message)

    def refused(self, message: Message, why: str) -> None:
        """See `cti.bus.link.Listener`."""
        self._unpublishable(message, why)
        self._settled(message)

    def _settled(self, message: Message) -> None:
        counters = self._counters
        counters.in_flight -= 1
        if message.seq:
            self._events.acknowledge(message.seq)
            self._mark(self._events.position)
        if counters.in_flight <= self._resume_at or self._closing.is_set():
            self._room.set()

    def lost(self) -> None:
        """See `cti.bus.link.Listener`."""
        self._wake.set()
        self._room.set()

    # --- the life of the link ---

    async def _run(self) -> None:
        shortest_s = delay_s = self._settings.backoff_min_s
        while not self._closing.is_set():
            self._up_at_s = float("inf")
            try:
                await self._live()
            except LinkError as error:
                level = logging.WARNING if delay_s == shortest_s else logging.DEBUG
                log.log(level, "bus: %s; again in %.1f s", error, delay_s)
            except Exception:
                log.exception("bus: a defect; again in %.1f s", delay_s)
            # A broker that takes each connection and hangs up would else be called all the time.
            if _now_s() - self._up_at_s >= self._settings.backoff_max_s:
                delay_s = shortest_s
            await self._pause(delay_s)
            delay_s = min(delay_s * 2, self._settings.backoff_max_s)

    async def _live(self) -> None:
        """One link from its beginning to its end."""
        try:
            async with self._connector.connect(self._router_state("lost"), self) as link:
                self._counters.connects += 1
                self._counters.reconnects = self._counters.connects - 1
                self._counters.connected = True
                self._up_at_s = _now_s()
                await self._session(link)
        except BaseException:
            self._counters.link_failures += 1
            raise
        finally:
            self._counters.connected = False

    async def _session(self, link: Link) -> None:
        """Raises LinkError when the link breaks, returns when everything is said at the end."""
        self._agenda.begin()
        self._counters.in_flight = 0
        window = self._settings.window
        self._resume_at = window // 2
        self._send(link, self._router_state("running"))
        log.info("bus: up, %d events behind", self._events.behind)
        while not await self._send_some(link, window):
            await self._gather_or_wait(window)
        self._send(link, self._router_state("stopped"))
        while self._counters.in_flight and not link.error:
            self._room.clear()
            await self._room.wait()
        if link.error:
            raise LinkError(link.error)

    async def _send_some(self, link: Link, window: int) -> bool:
        """Send what there is room for; True when we are closing and it is time to."""
        self._wake.clear()
        self._room.clear()
        self._catch_up()
        while self._counters.in_flight < window:
            if link.error:
                raise LinkError(link.error)
            closing = self._closing.is_set()
            if closing and _now_s() >= self._flush_by_s:
                return True
            message = await self._next()
            if message is None:
                return closing
            self._send(link, message)
        if link.error:
            raise LinkError(link.error)
        return False

    def _send(self, link: Link, message: Message) -> None:
        try:
            link.send(message)
        except UnpublishableError as error:
            self._unpublishable(message, str(error))
            if message.seq:
                self._events.acknowledge(message.seq)
        else:
            self._counters.in_flight += 1

    def _unpublishable(self, message: Message, why: str) -> None:
        self._counters.unpublishable += 1
        if self._counters.unpublishable % 1000 == 1:  # an access list may forbid all of them
            log.error("bus: %s cannot be published: %s", message.topic, why)

    async def _next(self) -> Message | None:
        """The next message, None when there is none now."""
        while True:
            try:
                return await self._agenda.next()
            except UnreadableError as error:
                self._counters.log_failures += 1
                log.warning("bus: the event log cannot be read: %s", error)
                await self._pause(self._settings.backoff_min_s)
                if self._closing.is_set():
                    return None

    async def _gather_or_wait(self, window: int) -> None:
        """Until there is room, when there was none; else until something is offered.

        In the second case never sooner than `gather_s` after the last sending.
        """
        if self._counters.in_flight >= window:
            await self._room.wait()
            return
        sent_s = _now_s()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._agenda.wait_s()):
                await self._wake.wait()
        early_s = sent_s + self._settings.gather_s - _now_s()
        if early_s > 0:
            await self._pause(early_s)

    async def _pause(self, delay_s: float) -> None:
        """As long as that, cut short by closing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._closing.wait()

    def _router_state(self, state: Literal["running", "stopped", "lost"]) -> Message:
        """The router's own document."""
        encoder, now_us = self._encoder, self._clock.now_us()
        data = asdict(RouterDocument(encoder.node, state, self._started_us))
        at = AsOf(self._epoch, self._events.newest, now_us)
        topic = encoder.state_topic(Subject.ROUTER, encoder.node)
        return Message(topic, encoder.state(Subject.ROUTER, encoder.node, at, data))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
