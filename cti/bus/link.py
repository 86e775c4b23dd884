"""The port between the publisher and a broker: a link that is up until it is lost.

`cti.bus.mqtt` is the real one; one in memory serves the publisher's unit tests. Sending does not
wait, and acknowledging does not wake anybody: the publisher's cost a message is paid on the loop
that routes calls.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

PAYLOAD_MAX = 1_000_000
"""Bytes. NATS takes 1 MiB as it comes and hangs up on more; an event of ours has some 1,000."""


class LinkError(Exception):
    """The link could not be made, or is lost, or the broker does not answer: make a new one."""


class UnpublishableError(Exception):
    """One message that can never be sent, over no link: too long, or on a topic MQTT forbids."""


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and how it knows us."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = ""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message to the broker; state documents are retained and have no `seq`. A `copy` of an
    event for readers with more rights goes out just before the event itself.
    """

    topic: str
    payload: bytes
    seq: int = 0
    copy: bool = False

    @property
    def retain(self) -> bool:
        """The broker keeps it for those who come later."""
        return not (self.seq or self.copy)


class Listener(Protocol):
    """Who is told what becomes of a link and of what is sent over it. Nothing here may wait."""

    def acknowledged(self, message: Message) -> None:
        """The broker has it."""

    def refused(self, message: Message, why: str) -> None:
        """It cannot be sent, over whatever link; the next one can."""

    def lost(self) -> None:
        """The link is gone; `Link.error` says how."""


class Link(Protocol):
    """One connection. Messages arrive in the order in which they are sent."""

    error: str
    """Why the link is lost; "" while it is up."""

    def send(self, message: Message) -> None:
        """Send, without waiting; the listener hears of it. Raises UnpublishableError.

        What is sent over a link that is lost is gone; the listener does not hear of it.
        """


class Connector(Protocol):
    """Makes links."""

    def connect(self, will: Message, listener: Listener) -> AbstractAsyncContextManager[Link]:
        """A link that lasts as long as the context.

        The broker publishes `will` (retained) when the context ends with an exception, or we
        vanish; at an ordinary end we say good-bye. Raises LinkError on entering when there is no
        broker or it refuses us.
        """
