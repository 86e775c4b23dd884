"""The port between the publisher and a broker: a link that is up until it is lost.

`cti.bus.mqtt` is the real one, over aiomqtt; a link in memory serves the publisher's unit tests. It
is this small so that the inside can be replaced when a site needs more than aiomqtt's some 10,000
messages a second.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec


class LinkError(Exception):
    """The link could not be made, or is lost, or the broker does not answer: make a new one."""


class UnpublishableError(Exception):
    """One message that can never be sent, over no link: too long, or on a topic MQTT forbids."""


class Will(msgspec.Struct, frozen=True):
    """What the broker says (retained) in our name when we vanish without a word."""

    topic: str
    payload: bytes


class Link(Protocol):
    """One connection. Messages published one after another arrive in that order."""

    async def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Returns when the broker has acknowledged. Raises LinkError or UnpublishableError.

        The message is on its way, in its place among the others, when this first suspends: so
        several may be under way at once without losing their order.
        """

    async def lost(self) -> None:
        """Returns when the link is gone; a broker that is merely silent takes a while to tell."""


class Connector(Protocol):
    """Makes links."""

    def connect(self, will: Will) -> AbstractAsyncContextManager[Link]:
        """A link that lasts as long as the context, and says good-bye at its end (so no will).

        Raises LinkError on entering when there is no broker or it refuses us.
        """
