"""A link to an MQTT broker over aiomqtt.

What aiomqtt 2.5 leaves to us, found by measurement before it was chosen:

* It does not reconnect: one link is one life of its client; the publisher makes the next.
* A publish under way when the connection dies ends only with its own time-out: `lost` tells first.
* paho sets no TCP_NODELAY, which costs 20 to 40 ms steps under load.
* paho's work on each acknowledgement grows with the messages under way: the publisher bounds them.

The session is clean: we subscribe to nothing, so there is nothing that a broker could keep for us;
what was not acknowledged is sent again by the publisher. The client id is fixed, so a link that
half-died is thrown out by its successor, which the MQTT specifications ask of every broker
(3.1.1 section 3.1.4, MQTT-3.1.4-2); its will comes before the successor's first word.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cti.bus.link import Link, LinkError, UnpublishableError, Will

CONTENT_TYPE = "application/cloudevents+json"
PAYLOAD_MAX = 1_000_000
"""Bytes. NATS takes 1 MiB as it comes and hangs up on more; an event of ours has some 1,000."""

_paho_log = logging.getLogger("cti.bus.paho")
_paho_log.setLevel(logging.ERROR)  # it warns of each lost link; the publisher says that itself

_NO_DELAY = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
_CONNECT_S = 2.0
_GOODBYE_S = 1.0


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and how it knows us. `version` 5 needs Mosquitto or the like."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = ""
    version: Literal["3.1.1", "5"] = "3.1.1"


class MqttConnector:
    """Makes links to one broker.

    `silence_s` is how long a broker may take to answer anything, and the keep-alive: a router that
    hangs is found out by the broker within 1.5 times that.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        silence_s: int = 5,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._silence_s = silence_s
        self._tls = tls

    @asynccontextmanager
    async def connect(self, will: Will) -> AsyncIterator[Link]:
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
        try:
            yield _MqttLink(client, self._properties(PacketTypes.PUBLISH))
        except BaseException:
            _hang_up(client)
            raise
        finally:
            await _say_goodbye(client, _GOODBYE_S)

    def _client(self, will: Will) -> aiomqtt.Client:
        address, is_5 = self._address, self._address.version == "5"
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username or None,
            password=address.password or None,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_5 else True,
            will=aiomqtt.Will(
                will.topic, will.payload, 1, True, self._properties(PacketTypes.WILLMESSAGE)
            ),
            logger=_paho_log,
            timeout=self._silence_s,
            keepalive=self._silence_s,
            tls_context=self._tls,
            socket_options=_NO_DELAY,
            # The publisher bounds what is under way; paho must not hold back anything below that.
            max_inflight_messages=1000,
        )
        client._client.connect_timeout = _CONNECT_S  # noqa: SLF001  5 s otherwise: stopping waits
        client.pending_calls_threshold = 1000  # else a warning for each message beyond ten
        return client

    def _properties(self, packet: int) -> Properties | None:
        """What MQTT 5 asks of structured CloudEvents (MQTT binding 1.0.2, section 3.2.1)."""
        if self._address.version != "5":
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]
        properties.ContentType = CONTENT_TYPE
        properties.PayloadFormatIndicator = 1  # it is UTF-8
        return properties


class _MqttLink:
    """One life of an aiomqtt client."""

    def __init__(self, client: aiomqtt.Client, properties: Properties | None) -> None:
        self._client = client
        self._properties = properties

    async def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        if len(payload) > PAYLOAD_MAX:
            raise UnpublishableError(f"{len(payload)} bytes, {PAYLOAD_MAX} are the most")
        properties = self._properties if payload else None  # nothing has no content type
        try:
            await self._client.publish(topic, payload, 1, retain, properties)
        except aiomqtt.MqttError as error:
            raise LinkError(str(error)) from error
        except ValueError as error:
            raise UnpublishableError(str(error)) from error

    async def lost(self) -> None:
        # Nothing is subscribed, so the first thing to come out of here is the end.
        with suppress(aiomqtt.MqttError):
            async for _ in self._client.messages:
                pass


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
