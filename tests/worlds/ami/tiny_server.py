"""The smallest AMI server that a foreign client can talk to, made of our codec only.

Tests know it as an `AmiAddress`: whatever else listens there and keeps to the same few actions (a
simulated Asterisk, a real one) can take its place.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from cti.ami.encoder import encode_event, encode_greeting, encode_response
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, event, response
from cti.ami.protocol import ActionDecoder


class AmiAddress(NamedTuple):
    """Where an Asterisk manager port is, and who may log in."""

    host: str
    port: int
    user: str
    secret: str


class TinyAmiServer:
    """Login, Ping, Logoff, CoreShowChannels (two), UserEvent (told to all), Redirect (refused)."""

    def __init__(self):
        self.user = "cti"
        self.secret = "secret"
        self.sessions = []
        self.server = None

    async def start(self) -> AmiAddress:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Session(self), "127.0.0.1", 0)
        host, port = self.server.sockets[0].getsockname()
        return AmiAddress(host, port, self.user, self.secret)

    async def stop(self):
        self.server.close()
        for session in self.sessions:
            session.transport.abort()
        await asyncio.sleep(0)
        await self.server.wait_closed()

    def tell_all(self, message: AmiEvent):
        for session in self.sessions:
            if session.is_logged_in:
                session.transport.write(encode_event(message))


class Session(asyncio.Protocol):
    """One client of the tiny server."""

    def __init__(self, server):
        self.server = server
        self.decoder = ActionDecoder()
        self.is_logged_in = False

    def connection_made(self, transport):
        self.transport = transport
        self.server.sessions.append(self)
        transport.write(encode_greeting("11.0.0"))

    def connection_lost(self, exc):
        self.server.sessions.remove(self)

    def data_received(self, data):
        for order in self.decoder.feed(data):
            assert isinstance(order, AmiAction), order
            self.take(order)

    def take(self, order: AmiAction):
        name = order.name.lower()
        if name != "login" and not self.is_logged_in:
            self.answer(order, False, "Permission denied")
            return
        handlers: dict[str, Callable[[AmiAction], None]] = {
            "login": self.login,
            "logoff": self.logoff,
            "ping": lambda order: self.answer(order, True, "", Ping="Pong"),
            "coreshowchannels": self.show_channels,
            "userevent": self.user_event,
        }
        if name in handlers:
            handlers[name](order)
        else:
            self.answer(order, False, f"Channel does not exist: {order.get('Channel')}")

    def answer(self, order, success, message, **headers):
        ids = [("ActionID", order.action_id)] if order.action_id else []
        self.say([response(success, message, *ids, **headers)])

    def say(self, messages: Iterable[AmiEvent | AmiResponse]):
        self.transport.write(
            b"".join(
                encode_event(each) if isinstance(each, AmiEvent) else encode_response(each)
                for each in messages
            )
        )

    def login(self, order):
        if (order.get("Username"), order.get("Secret")) != (self.server.user, self.server.secret):
            self.answer(order, False, "Authentication failed")
            self.transport.close()
            return
        self.is_logged_in = True
        self.answer(order, True, "Authentication accepted")
        self.say([event("FullyBooted", Privilege="system,all", Status="Fully Booted")])

    def logoff(self, order):
        self.answer(order, True, "Thanks for all the fish.")
        self.transport.close()

    def show_channels(self, order):
        ids = ("ActionID", order.action_id)
        self.say(
            [
                response(True, "Channels will follow", ids, EventList="start"),
                event("CoreShowChannel", ids, Channel="PJSIP/a1-1", CallerIDName="张伟"),
                event("CoreShowChannel", ids, Channel="PJSIP/a2-2", CallerIDName="李娜"),
                event("CoreShowChannelsComplete", ids, EventList="Complete", ListItems="2"),
            ]
        )

    def user_event(self, order):
        self.answer(order, True, "Event Sent")
        fields = (each for each in order.fields if each[0].lower() != "actionid")
        self.server.tell_all(event("UserEvent", ("Privilege", "user,all"), *fields))
