"""The simulated dialplan's questions over TCP: one connection a question, as Asterisk does it.

Every trouble (nobody listens, a reset in the middle, a line that is no command) ends the same way:
the question is over, and CTI_NEXT holds what was set until then.
"""

import asyncio
import logging
from contextlib import suppress
from typing import cast

from cti.agi.errors import AgiError
from cti.agi.messages import AgiCommand, AgiReply
from cti.agi.protocol import CommandDecoder, encode_hangup, encode_reply, encode_request
from simulators.pbx.questions import ANSWER_VARIABLE, Asking, Heard, Question

log = logging.getLogger(__name__)

DONE = AgiReply(200, "1")
NO_SUCH_COMMAND = AgiReply(510, data="Invalid or unknown command")


class AgiClient:
    """Asks the router at `host` and `port`; both may be changed while it is in use. `name` is this
    Asterisk's, for a router that has several.
    """

    def __init__(self, host: str, port: int, name: str = "") -> None:
        self.host = host
        self.port = port
        self.path = f"{name}/" if name else ""
        self.asked_count = 0
        self.open: dict[AgiConversation, None] = {}

    def ask(self, question: Question, heard: Heard) -> Asking:
        """Connect and ask."""
        self.asked_count += 1
        conversation = AgiConversation(self, question, heard)
        self.open[conversation] = None
        conversation.start()
        return conversation

    async def close(self) -> None:
        """Drop what is under way; nobody is answered any more."""
        open_now = tuple(self.open)
        for conversation in open_now:
            conversation.cancel()
        await asyncio.gather(*(conversation.closed for conversation in open_now))


class AgiConversation(asyncio.Protocol):
    """One question from the connect to the close."""

    def __init__(self, client: AgiClient, question: Question, heard: Heard) -> None:
        self._client = client
        self._question = question
        self._heard: Heard | None = heard
        self._decoder = CommandDecoder()
        self._variables: dict[str, str] = {}
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        """Connect in the background."""
        self._connecting = asyncio.get_running_loop().create_task(self._connect())
        # Also when it is cancelled before its first step, in which no `except` of its own counts.
        self._connecting.add_done_callback(self._tried)

    def cancel(self) -> None:
        """The channel has left: say so as Asterisk does, and close."""
        self._heard = None
        if self._transport is not None:
            self._transport.write(encode_hangup())
            self._transport.close()
        elif self._connecting is not None:
            self._connecting.cancel()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            await loop.create_connection(lambda: self, self._client.host, self._client.port)

    def _tried(self, _connecting: asyncio.Task[None]) -> None:
        if self._transport is None:
            self._over()

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request, or leave when the channel has left meanwhile."""
        self._transport = cast("asyncio.Transport", transport)
        if self._heard is None:
            self._transport.abort()
            return
        address = f"{self._client.host}:{self._client.port}"
        self._transport.write(encode_request(self._question.headers(address, self._client.path)))

    def data_received(self, data: bytes) -> None:
        """Carry out commands, one reply each."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            for command in self._decoder.feed(data):
                self._transport.write(encode_reply(self._carry_out(command)))
        except AgiError as error:
            log.warning("simulated asterisk: the AGI server said what is no command: %s", error)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The router has closed, or died: both are the end of AGI() in the dialplan."""
        self._transport = None
        self._over()

    # --- internal -----------------------------------------------------------------------------

    def _carry_out(self, command: AgiCommand) -> AgiReply:
        words = command.words
        match tuple(word.upper() for word in words[:2]):
            case ("SET", "VARIABLE") if len(words) == 4:
                self._variables[words[2]] = words[3]
                return DONE
            case ("GET", "VARIABLE") if len(words) == 3:
                value = self._variables.get(words[2], self._question.variables.get(words[2]))
                return AgiReply(200, "0") if value is None else AgiReply(200, "1", f"({value})")
            case ("NOOP" | "VERBOSE", *_):
                return DONE
        return NO_SUCH_COMMAND

    def _over(self) -> None:
        self._client.open.pop(self, None)
        if not self.closed.done():
            self.closed.set_result(None)
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(self._variables.get(ANSWER_VARIABLE, ""))
