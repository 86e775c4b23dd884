r"""
AMI from the wire, both roles, without I/O: bytes in, messages out. `encoder` is the way back.

`MessageDecoder` reads what an Asterisk says, `ActionDecoder` what its client says. The first serves
the daemon, the second whoever plays Asterisk; tests put them back to back. Pure: no socket, no
clock, no log.

How the bytes are cut
---------------------
Bytes are cut into messages, messages into lines, and only then is anything decoded: a TCP segment
may end in the middle of a character. A stream opens with one greeting line, which is not followed
by a blank one.

Asterisk ends each line with CRLF and each message with an empty line. So in a stream whose greeting
ended with CRLF **only CRLF ends a line**: a bare LF is data. That matters, because values are under
the control of strangers (a caller's name): with the lenient reading, a name with two line feeds in
it would end the message and begin one of the stranger's choice. A peer that greets with a bare LF
is read by bare LFs throughout. In the other direction Asterisk takes either (``also accept \n
only``, get_input in main/manager.c), and `ActionDecoder` does as Asterisk does.

When the peer is wrong
----------------------
An `AmiProtocolError` is handed out **in line with the messages, not raised**: the messages before
it in the same segment are not lost, and those after the next blank line are read as if nothing had
been. No input makes a decoder raise, hang, or hold more than its limit.
"""

import re
from typing import Final

from cti.ami.errors import AmiProtocolError
from cti.ami.messages import AmiAction, AmiEvent, AmiGreeting, AmiResponse, Headers
from cti.ami.text import decode_text

AmiMessage = AmiGreeting | AmiEvent | AmiResponse | AmiProtocolError

# A `Command` answer is one message however long: `dialplan show` of a large site is some 300 kB.
# Ten times that is never met; beyond it a broken peer would only fill our memory.
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
# "Asterisk Call Manager/11.0.0" and room; a peer that sends more without a line end speaks no AMI.
MAX_GREETING_BYTES: Final = 256
# Asterisk's own input buffer: `char inbuf[1025]` with its NUL (main/manager.c); longer lines are
# dumped.
MAX_ACTION_LINE_BYTES: Final = 1024
# AST_MAX_MANHEADERS in include/asterisk/manager.h; further lines are ignored by Asterisk.
MAX_ACTION_LINES: Final = 128

_GREETING: Final = b"Asterisk Call Manager/"
_EVENT: Final = b"Event: "
_ACTION_ID: Final = re.compile(rb"\nactionid:", re.IGNORECASE)
_CRLF: Final = b"\r\n"


class MessageDecoder:
    """
    What an Asterisk says: feed bytes, take messages.

    With `wanted`, events of other names are counted in `skipped` and never read, which costs a
    tenth of reading; those that quote an ActionID are kept all the same, since they are the items
    of a list answer.
    """

    def __init__(
        self, *, wanted: frozenset[str] | None = None, max_bytes: int = MAX_MESSAGE_BYTES
    ) -> None:
        self._wanted = wanted is not None
        self._names = {name.encode(): name for name in wanted or ()}
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0  # no message ends before this place: each byte is looked at once
        self._line_end = _CRLF
        self._message_end = _CRLF * 2
        self._greeted = False
        self._dropping = False  # inside a message that was too long, up to the next blank line
        self.skipped = 0

    def feed(self, data: bytes) -> list[AmiMessage]:
        """Take the next bytes of the stream; give the messages that they complete, in order."""
        self._buffer += data
        messages: list[AmiMessage] = []
        if not self._greeted:
            greeting = self._read_greeting()
            if greeting is None:
                return messages
            messages.append(greeting)
        start = 0
        while (end := self._buffer.find(self._message_end, self._searched)) >= 0:
            message = self._read_message(start, end)
            if message is not None:
                messages.append(message)
            start = self._searched = end + len(self._message_end)
        del self._buffer[:start]
        # The end mark may be cut by the segment: search again from where it could have begun.
        self._searched = max(0, len(self._buffer) - len(self._message_end) + 1)
        if self._searched > self._max_bytes:
            del self._buffer[: self._searched]
            self._searched = 0
            if not self._dropping:
                self._dropping = True
                messages.append(self._too_long())
        return messages

    def _read_greeting(self) -> AmiGreeting | AmiProtocolError | None:
        """The first line, or None while it is not complete. Decides what ends a line."""
        end = self._buffer.find(b"\n", 0, MAX_GREETING_BYTES)
        if end < 0 and len(self._buffer) < MAX_GREETING_BYTES:
            return None
        self._greeted = True
        line = bytes(self._buffer[: max(end, 0)])
        del self._buffer[: end + 1]
        if not line.startswith(_GREETING):
            return AmiProtocolError("the greeting is not that of an Asterisk manager port")
        if not line.endswith(b"\r"):
            self._line_end, self._message_end = b"\n", b"\n\n"
        return AmiGreeting(decode_text(line[len(_GREETING) :].strip()))

    def _read_message(self, start: int, end: int) -> AmiMessage | None:
        """The message between two places of the buffer; None when there is nothing to tell."""
        if self._dropping:
            self._dropping = False
            return None
        if end - start > self._max_bytes:
            return self._too_long()
        raw = bytes(self._buffer[start:end])
        if raw.startswith(_EVENT):
            return self._read_event(raw)
        raw = raw.lstrip(_CRLF)
        # Several blank lines in a row: Asterisk sends them after some errors.
        return self._parse(raw) if raw else None

    def _read_event(self, raw: bytes) -> AmiEvent | None:
        """
        An event as every Asterisk spells it; None when nobody wants it.

        One that is not spelled ``Event: Name`` to the letter is read by `_parse`, more slowly.
        """
        line, _, rest = raw.partition(self._line_end)
        name = line[len(_EVENT) :]
        known = self._names.get(name)
        if known is None:
            if self._wanted and not _ACTION_ID.search(raw):
                self.skipped += 1
                return None
            known = decode_text(name.strip())
        return AmiEvent(known, self._headers(rest))

    def _parse(self, raw: bytes) -> AmiMessage:
        line, _, rest = raw.partition(self._line_end)
        key, _, value = line.partition(b":")
        kind = key.strip().lower()
        if kind == b"event":
            return AmiEvent(decode_text(value.strip()), self._headers(rest))
        if kind == b"response":
            return AmiResponse(value.strip().lower() != b"error", self._headers(rest))
        return AmiProtocolError("a message that is neither an event nor a response")

    def _headers(self, lines: bytes) -> Headers:
        if self._line_end != _CRLF:
            lines = lines.replace(self._line_end, _CRLF)
        return Headers.from_wire(lines)

    def _too_long(self) -> AmiProtocolError:
        return AmiProtocolError(f"a message of more than {self._max_bytes} bytes was dropped")


class ActionDecoder:
    """What a client says, read as Asterisk reads it: feed bytes, take actions."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._fields: list[tuple[str, str]] = []
        self._line_count = 0

    def feed(self, data: bytes) -> list[AmiAction | AmiProtocolError]:
        """Take the next bytes of the stream; give the actions that they complete, in order."""
        self._buffer += data
        actions: list[AmiAction | AmiProtocolError] = []
        *lines, rest = self._buffer.split(b"\n")
        for line in lines:
            done = self._read_line(bytes(line).removesuffix(b"\r"))
            if done is not None:
                actions.append(done)
        self._buffer = rest
        if len(rest) > MAX_ACTION_LINE_BYTES:
            # "Dumping long line with no return": Asterisk forgets what it has of it and goes on.
            self._buffer = bytearray()
            actions.append(AmiProtocolError("a line that is too long was dropped"))
        return actions

    def _read_line(self, line: bytes) -> AmiAction | AmiProtocolError | None:
        if not line:
            return self._finish()
        self._line_count += 1
        if len(line) > MAX_ACTION_LINE_BYTES:
            return AmiProtocolError("a line that is too long was dropped")
        if self._line_count <= MAX_ACTION_LINES:
            key, colon, value = line.partition(b":")
            if colon:
                self._fields.append((decode_text(key), decode_text(value.lstrip(b" \t"))))
        return None

    def _finish(self) -> AmiAction | AmiProtocolError | None:
        """The blank line: hand out what came since the one before."""
        fields, self._fields = self._fields, []
        line_count, self._line_count = self._line_count, 0
        if line_count == 0:
            return None
        name = next((value for key, value in fields if key.lower() == "action"), "")
        if not name:
            return AmiProtocolError("Missing action in request")
        return AmiAction(name, tuple(each for each in fields if each[0].lower() != "action"))
