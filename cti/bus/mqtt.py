"""A link to an MQTT broker over aiomqtt, as MQTT 3.1.1: every broker and reader takes that.

What aiomqtt 2.5 leaves to us, found by measurement before it was chosen:

* It does not reconnect: one link is one life of its client; the publisher makes the next.
* A publish under way when the connection dies ends only with its own time-out; its stream of
  incoming messages tells first.
* paho sets no TCP_NODELAY, which costs 20 to 40 ms steps under load.
* paho's work on each acknowledgement grows with the messages under way: the publisher bounds them.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiomqtt

from cti.bus.link import (
    PAYLOAD_MAX,
    BrokerAddress,
    Link,
    LinkError,
    Listener,
    Message,
    UnpublishableError,
)

__all__ = ["BrokerAddress", "MqttConnector"]

log = logging.getLogger(__name__)
_paho_log = logging.getLogger("cti.bus.paho")
_paho_log.setLevel(logging.ERROR)  # it warns of each lost link; the publisher says that itself

_NO_DELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_CONNECT_S = 2.0
_GOODBYE_S = 1.0


class MqttConnector:
    """Makes links to one broker; `silence_s` is how long it may take to answer anything."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        silence_s: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._silence_s = silence_s
        self._tls = tls

    @asynccontextmanager
    async def connect(self, will: Message, listener: Listener) -> AsyncIterator[Link]:
        """See `cti.bus.link.Connector`.

        The TCP connect runs in a thread and cannot be cut short: better let it end (`_CONNECT_S`)
        than cancel, which would leave its socket open.
        """
        client = self._client(will)
        try:
            await client.__aenter__()
        except (aiomqtt.MqttError, ValueError) as error:
            # A broker that took the connection and never answered: aiomqtt leaves the socket open.
            await _say_goodbye(client, 0.1)
            address = f"{self._address.host}:{self._address.port}"
            raise LinkError(f"no MQTT at {address}: {error}") from error
        link = _AiomqttLink(client, listener)
        try:
            yield link
        except BaseException:
            _hang_up(client)
            raise
        finally:
            await link.end()
            await _say_goodbye(client, _GOODBYE_S)

    def _client(self, will: Message) -> aiomqtt.Client:
        address = self._address
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username or None,
            password=address.password or None,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            will=aiomqtt.Will(will.topic, will.payload, 1, True),
            logger=_paho_log,
            timeout=self._silence_s,
            keepalive=max(1, round(self._silence_s)),
            tls_context=self._tls,
            socket_options=_NO_DELAY,
            # The publisher bounds what is under way; paho must not hold back anything below that.
            max_inflight_messages=1000,
        )
        client._client.connect_timeout = _CONNECT_S  # noqa: SLF001  5 s otherwise: stopping waits
        client.pending_calls_threshold = 1000  # else a warning for each message beyond ten
        return client


class _AiomqttLink:
    """One life of an aiomqtt client; see `cti.bus.link.Link`."""

    def __init__(self, client: aiomqtt.Client, listener: Listener) -> None:
        self.error = ""
        self._client = client
        self._listener = listener
        # Tasks begin in the order in which they are made, and a message has its place in the
        # stream from its task's first step: that keeps the order with many under way.
        self._tasks = {asyncio.create_task(self._watch())}

    def send(self, message: Message) -> None:
        if len(message.payload) > PAYLOAD_MAX:
            raise UnpublishableError(f"{len(message.payload)} bytes, {PAYLOAD_MAX} are the most")
        if not message.topic or set(message.topic) & set("+#\0"):
            raise UnpublishableError(f"no topic to publish to: {message.topic!r}")
        task = asyncio.create_task(self._publish(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Nobody hears of what is still under way."""
        self.error = self.error or "closed"
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _publish(self, message: Message) -> None:
        try:
            await self._client.publish(message.topic, message.payload, 1, message.retain)
        except aiomqtt.MqttError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  paho raises ValueError and others for what it
            self._listener.refused(message, f"{error!r}")  # will not write: not the link's fault
        else:
            self._listener.acknowledged(message)

    async def _watch(self) -> None:
        """Nothing is subscribed, so the first thing to come out of here is the end."""
        why = "the broker hung up"
        try:
            async for _ in self._client.messages:
                pass
        except aiomqtt.MqttError:
            pass
        except Exception as error:
            log.exception("bus: a defect of the link")
            why = f"{error!r}"
        self._fail(why)

    def _fail(self, error: str) -> None:
        if not self.error:
            self.error = error
            self._listener.lost()


def _hang_up(client: aiomqtt.Client) -> None:
    """Cut the line without DISCONNECT, so that our will speaks; aiomqtt has no way to do that."""
    connection = client._client.socket()  # noqa: SLF001
    if isinstance(connection, socket.socket):
        with suppress(OSError):  # it may be cut already
            connection.shutdown(socket.SHUT_RDWR)


async def _say_goodbye(client: aiomqtt.Client, limit_s: float) -> None:
    """DISCONNECT and close; gives up on a broker that does not read.

    aiomqtt writes DISCONNECT before it first waits, so even then the socket is closed unless its
    buffer is full; in that case paho's keep-alive closes it.
    """
    with suppress(aiomqtt.MqttError, TimeoutError):
        async with asyncio.timeout(limit_s):
            await client.__aexit__(None, None, None)
