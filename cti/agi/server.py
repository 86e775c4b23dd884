"""A FastAGI server: one question of the dialplan, one decision, a few commands, done.

It knows the conversation, not the questions; what ``arrive`` means is the gateway's. There is no
task and no stream in it: a conversation is a protocol object and one timer, which is half the cost
of asyncio streams (measured), and the path from the last header to the first command is one
call deep.

Whatever a peer does costs its own connection and nothing else. A port scanner, a health check that
connects and closes, a client that stops in the middle of its headers: each is counted, closed, and
forgotten. (The server of panoramisk 1.4 spins for ever on the second of these.) Where there is no
room, one that has connected and says nothing gives way to one that asks.

Callers come in floods, after a television spot or when a router is back: thousands may ask in one
second. They wait in the kernel's queue and are answered one after the other. Whoever has given up
meanwhile is not asked for: an answer to nobody would cost an agent's time, and the more of those,
the later the next answer.

The dialplan tells whether we took the call by the variable that the last command sets, never by
AGISTATUS, which says SUCCESS even when the server dies in the middle. So a conversation that fails
is simply closed with nothing more set.
"""

import asyncio
import logging
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, cast

from cti.agi.errors import AgiError
from cti.agi.messages import AgiCommand, AgiReply, AgiRequest
from cti.agi.protocol import AgiMessage, AgiSession, encode_command
from cti.agi.session_table import SessionState

log = logging.getLogger(__name__)

AgiHandler = Callable[[AgiRequest], Sequence[AgiCommand]]

# Open at once. A question waits for nothing but its turn, half a millisecond each (measured): four
# thousand are two seconds of questions, and the dialplan gives up after three.
MAX_CONNECTIONS: Final = 4096
# Connections that the kernel holds until we take them; asyncio's own 100 is full in a flood, and
# who finds it full is tried again by TCP after 1, 3, 7 and 15 s. Linux cuts it at
# net.core.somaxconn, 4,096 since 5.4.
BACKLOG: Final = 4096
# Asterisk sends its request with the connection. Who has said nothing for so long may be dropped
# when there is no room.
SILENT_S: Final = 0.5

# Few Asterisks and many questions: reading an address costs as much as its connection's timers.
MAX_KNOWN: Final = 1000


@dataclass(slots=True)
class AgiCounters:
    """What a server has seen since it was made; plain numbers for the metrics to read."""

    connections: int = 0
    refused_peers: int = 0  # not of an allowed network
    refused_full: int = 0  # more than `max_connections`
    gave_way: int = 0  # said nothing, and were dropped for somebody new when there was no room
    requests: int = 0
    completed: int = 0
    abandoned: int = 0  # closed by the peer before its request was whole
    too_late: int = 0  # closed by the peer before its request was read: not asked
    hangups: int = 0  # the caller left, or the peer closed, before the last reply
    refused_commands: int = 0  # Asterisk answered something else than 200
    timeouts: int = 0
    protocol_errors: int = 0
    handler_errors: int = 0


class AgiServer:
    """
    Listens on `host` and `port` (0: any free one, see `port`) between `start` and `close`.

    For each request `handler` returns the commands to send: at once, without waiting. They go out
    one by one, each after a 200 to the one before; after the last 200 the connection is closed.
    `on_done` is called once for each request that reached the handler, with whether all of that
    happened.

    `allowed` are the networks that may connect. Times are in seconds: `header_timeout_s` for the
    whole request, `reply_timeout_s` for each reply.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        allowed: Sequence[IPv4Network | IPv6Network],
        handler: AgiHandler,
        on_done: Callable[[AgiRequest, bool], None] | None = None,
        header_timeout_s: float = 5.0,
        reply_timeout_s: float = 5.0,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self.counters = AgiCounters()
        self.handler = handler
        self.on_done = on_done
        self.header_timeout_s = header_timeout_s
        self.reply_timeout_s = reply_timeout_s
        self._address = (host, port)
        self._allowed = tuple(allowed)
        self._max_connections = max_connections
        self._server: asyncio.Server | None = None
        self._conversations: dict[Conversation, None] = {}
        self._unasked: dict[Conversation, None] = {}  # whose request is not whole, oldest first
        self._last_stranger = ""
        self._known: dict[str, bool] = {}  # addresses, and whether they may connect

    async def start(self) -> None:
        """Open the port. Raises `OSError` when it cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Conversation(self), *self._address, backlog=BACKLOG
        )

    async def close(self) -> None:
        """Close the port and drop what is open; returns when the last connection is gone."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        open_now = tuple(self._conversations)
        for conversation in open_now:
            conversation.abort()
        await asyncio.gather(*(conversation.closed for conversation in open_now))
        await server.wait_closed()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            return self._address[1]
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def is_open(self) -> bool:
        """The port is listened on."""
        return self._server is not None and self._server.is_serving()

    @property
    def open_count(self) -> int:
        """Conversations under way."""
        return len(self._conversations)

    # -- for its conversations

    def admit(self, conversation: "Conversation", peer: str) -> bool:
        """Whether to talk to this address now."""
        self.counters.connections += 1
        if not self._is_allowed(peer):
            self.counters.refused_peers += 1
            if peer != self._last_stranger:  # once, not for each attempt of a scanner
                self._last_stranger = peer
                log.warning("agi: %s is not allowed to connect", peer)
            return False
        if len(self._conversations) >= self._max_connections and not self._make_room():
            self.counters.refused_full += 1
            return False
        self._conversations[conversation] = self._unasked[conversation] = None
        return True

    def asked(self, conversation: "Conversation") -> None:
        """Its request is whole: it has a right to its place."""
        self._unasked.pop(conversation, None)

    def forget(self, conversation: "Conversation") -> None:
        """A conversation has ended."""
        self._conversations.pop(conversation, None)
        self._unasked.pop(conversation, None)

    def _make_room(self) -> bool:
        """Drop the one that has said nothing for longest, if that is long enough."""
        oldest = next(iter(self._unasked), None)
        if oldest is None or oldest.age_s() < SILENT_S:
            return False
        self.counters.gave_way += 1
        oldest.give_way()
        return True

    def _is_allowed(self, peer: str) -> bool:
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[peer] = _is_in(peer, self._allowed)
        return known


def _is_in(peer: str, allowed: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in allowed)


def _has_closed(transport: asyncio.Transport) -> bool:
    """Whether the peer has closed its side already, though what it said before is still unread."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))


class Conversation(asyncio.Protocol):
    """One connection: reads the request, asks the handler, sends its commands."""

    def __init__(self, server: AgiServer) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._counters = server.counters
        self._session = AgiSession()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._made_s = self._loop.time()
        self._due_s = 0.0  # loop time at which the peer has taken too long
        self._request: AgiRequest | None = None  # from the handler's call to `on_done`
        self._lines: list[bytes] = []  # commands still to be sent, the last one first
        self.closed: asyncio.Future[None] = self._loop.create_future()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected: stay if it may, and give it its time."""
        self._transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername")
        if not self._server.admit(self, peername[0] if peername else ""):
            self._transport.abort()
            self._transport = None
            return
        self._arm(self._server.header_timeout_s)

    def data_received(self, data: bytes) -> None:
        """Read on. An error of the peer, or of ours, ends this conversation only."""
        if self._transport is None:
            return
        try:
            for message in self._session.feed(data):
                self._take(message)
        except AgiError as error:
            self._counters.protocol_errors += 1
            self._end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Ended, by whichever side."""
        if self._transport is not None:  # not by ours
            self._transport = None
            if self._request is None:
                self._counters.abandoned += 1
            else:
                self._counters.hangups += 1
        self._disarm()
        self._server.forget(self)
        if not self.closed.done():
            self.closed.set_result(None)
        self._done(is_complete=False)

    # -- for the server

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def age_s(self) -> float:
        """How long it has been open."""
        return self._loop.time() - self._made_s

    def give_way(self) -> None:
        """Make room for somebody else, now."""
        self._end("said nothing, and others wait")
        self._server.forget(self)

    # -- the conversation

    def _take(self, message: AgiMessage) -> None:
        if self._transport is None:
            return
        if isinstance(message, AgiRequest):
            self._ask(message)
        elif isinstance(message, AgiReply):
            self._replied(message)
        else:
            self._counters.hangups += 1
            self._end("the caller has hung up")

    def _ask(self, request: AgiRequest) -> None:
        """Let the handler decide, and check all its commands before the first one is sent."""
        if self._session.state is SessionState.HUNG_UP:
            return  # the news is the next message: there is nobody to route any more
        self._server.asked(self)
        if self._transport is not None and _has_closed(self._transport):
            self._counters.too_late += 1
            self._end("asked too late")
            return
        self._counters.requests += 1
        self._request = request
        try:
            lines = [encode_command(command) for command in self._server.handler(request)]
        except Exception:
            self._counters.handler_errors += 1
            log.exception("agi: the handler of %r failed", request.script)
            self._end("handler failed")
            return
        self._lines = lines[::-1]
        self._send_next()

    def _send_next(self) -> None:
        if not self._lines:
            self._complete()
            return
        if self._transport is None or self._session.state is not SessionState.READY:
            return  # a hang-up came with the reply: it is the next message
        self._session.command_sent()
        self._transport.write(self._lines.pop())
        self._arm(self._server.reply_timeout_s)

    def _replied(self, reply: AgiReply) -> None:
        if reply.success:
            self._send_next()
            return
        self._counters.refused_commands += 1
        self._end(f"Asterisk answered {reply.code} {reply.data}")

    def _complete(self) -> None:
        """Everything is said: closing is what lets the dialplan go on."""
        self._counters.completed += 1
        self._disarm()
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._done(is_complete=True)

    def _end(self, reason: str) -> None:
        """Close with nothing more set; the dialplan sees no answer and asks again."""
        log.info("agi: conversation ended: %s", reason)
        self._disarm()
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._done(is_complete=False)

    def _done(self, *, is_complete: bool) -> None:
        request, self._request = self._request, None
        if request is None or self._server.on_done is None:
            return
        try:
            self._server.on_done(request, is_complete)
        except Exception:
            self._counters.handler_errors += 1
            log.exception("agi: on_done failed")

    # -- time

    def _arm(self, delay_s: float) -> None:
        """The peer has so long from now. A timer that runs already is left alone: it fires too
        early and goes on, if that ever happens; a conversation is over long before.
        """
        self._due_s = self._loop.time() + delay_s
        if self._timer is None or self._timer.when() > self._due_s:
            self._disarm()
            self._timer = self._loop.call_at(self._due_s, self._overdue)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _overdue(self) -> None:
        self._timer = None
        if self._loop.time() < self._due_s:
            self._timer = self._loop.call_at(self._due_s, self._overdue)
            return
        self._counters.timeouts += 1
        self._end(f"timed out while {self._session.state.value}")
