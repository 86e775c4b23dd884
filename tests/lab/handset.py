"""A SIP phone whose keys a test presses: dials, answers, holds, transfers, forwards.

    async with Handset("a8001", asterisk.sip_port) as phone:
        line = await phone.dial("95588")
        await phone.rings()                  # a call has come in
        phone.answer()
        phone.refer("8002")                  # blind
        phone.refer_to_other_line()          # attended: REFER with Replaces (RFC 3891)

It has no sound but a tick (`speak`). SIPp plays phones by the hundred; this one plays what SIPp
cannot: two calls of one phone that know of each other, and a REFER in the middle. From its name
Asterisk knows the endpoint; a name that is no endpoint's is a caller on the trunk.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.lab.ports import free_port
from tests.lab.sip import SDP, Message, media_port, parse, written

HOST = "127.0.0.1"
WAIT_S = 10.0


@dataclass(eq=False)
class Line:
    """One call of the phone. `invite` is the request that it came with, of a call that came in."""

    call_id: str
    own: str  # our address with tag, as From or To has it
    other: str
    target: str  # where requests go
    invite: Message | None = None
    state: str = "calling"  # calling, ringing, talking, ended
    cseq: int = 1
    branch: str = ""  # of our INVITE
    held: bool = False
    media_port: int = 0  # where the other end hears
    spoken: int = 0
    answers: dict[str, str] = field(default_factory=dict)  # by branch: sent again when asked again

    def tag(self, address: str) -> str:
        """The tag of one of the two addresses."""
        found = re.search(r";tag=([^;>\s]+)", address)
        return found[1] if found else ""


class Handset(asyncio.DatagramProtocol):
    """One phone; see above. `lines` are its calls that have not ended, oldest first."""

    def __init__(self, name: str, sip_port: int, port: int | None = None) -> None:
        self.name = name
        self.port = port or free_port()
        self.forward_to = ""  # answer every call with 302 to this extension
        self.auto_answer = False
        self._sip_port = sip_port
        self._calls: dict[str, Line] = {}
        self._counter = itertools.count(1)
        self._changed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sound.bind((HOST, 0))

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(HOST, self.port)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up everything and close."""
        for line in self.lines:
            self.hang_up(line)
        self._sound.close()
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)

    # --- what a test looks at --------------------------------------------------------------------

    @property
    def lines(self) -> list[Line]:
        """Calls that have not ended, oldest first."""
        return [line for line in self._calls.values() if line.state != "ended"]

    def line(self, state: str = "") -> Line:
        """The newest call in this state, or in any."""
        return next(each for each in reversed(self.lines) if state in ("", each.state))

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait, looking after each message."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not happened():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            states = [each.state for each in self._calls.values()]
            raise AssertionError(f"{self.name} does not {what}: {states}") from None

    async def rings(self) -> Line:
        """A call has come in."""
        await self.until(lambda: any(each.state == "ringing" for each in self.lines), "ring")
        return self.line("ringing")

    # --- keys ------------------------------------------------------------------------------------

    def dial(self, extension: str) -> Line:
        """Call."""
        number = next(self._counter)
        own = f"<sip:{self.name}@{HOST}:{self.port}>;tag={uuid.uuid4().hex[:8]}"
        uri = f"sip:{extension}@{HOST}:{self._sip_port}"
        line = Line(f"{uuid.uuid4().hex}-{number}", own, f"<{uri}>", uri)
        self._calls[line.call_id] = line
        line.branch = self._request(line, "INVITE", body=self._sdp())
        return line

    def answer(self, line: Line | None = None) -> None:
        """Pick up."""
        line = line or self.line("ringing")
        assert line.invite is not None
        line.state = "talking"
        self._respond(line, line.invite, "200 OK", body=self._sdp())

    def refuse(self, status: str = "603 Decline", line: Line | None = None, more: str = "") -> None:
        """Send a call away that rings here."""
        line = line or self.line("ringing")
        assert line.invite is not None
        line.state = "ended"
        self._respond(line, line.invite, status, more=(more,) if more else ())

    def hang_up(self, line: Line | None = None) -> None:
        """End a call, whatever it is in."""
        line = line or self.line()
        if line.state == "ringing":
            self.refuse(line=line)
        elif line.state == "calling":
            self._request(line, "CANCEL")
        elif line.state == "talking":
            self._request(line, "BYE")
            line.state = "ended"

    def hold(self, line: Line | None = None, *, held: bool = True) -> None:
        """Put a call on hold, or take it back."""
        there = [each for each in self.lines if each.state == "talking" and each.held is not held]
        line = line or there[-1]
        line.held = held
        self._request(line, "INVITE", body=self._sdp("sendonly" if held else "sendrecv"))

    def refer(self, extension: str, line: Line | None = None) -> None:
        """Send the other end to an extension (RFC 3515)."""
        line = line or self.line("talking")
        self._refer(line, f"<sip:{extension}@{HOST}:{self._sip_port}>")

    def refer_to_other_line(self) -> None:
        """Join the other ends of our first and our last call, and be out of it."""
        first, last = self.lines[0], self.lines[-1]
        replaces = f"{last.call_id};to-tag={last.tag(last.other)};from-tag={last.tag(last.own)}"
        escaped = replaces.replace(";", "%3B").replace("=", "%3D")
        self._refer(first, f"<{last.target}?Replaces={escaped}>")

    def press(self, keys: str, line: Line | None = None) -> None:
        """Dial within a call, key by key (SIP INFO; the endpoint has `dtmf_mode = info`)."""
        line = line or self.line("talking")
        kind = "Content-Type: application/dtmf-relay"
        for key in keys:
            body = f"Signal={key}\r\nDuration=100\r\n"
            self._request(line, "INFO", body=body, more=(kind,))

    def speak(self, line: Line | None = None) -> None:
        """Twenty milliseconds of sound: what a Local channel waits for to be optimised away."""
        line = line or self.line("talking")
        line.spoken += 1
        head = struct.pack("!BBHII", 0x80, 0, line.spoken, 160 * line.spoken, 1 + id(line) % 2**31)
        self._sound.sendto(head + bytes([0xD5] * 160), (HOST, line.media_port))

    def _refer(self, line: Line, refer_to: str) -> None:
        own = f"Referred-By: <sip:{self.name}@{HOST}:{self.port}>"
        self._request(line, "REFER", more=(f"Refer-To: {refer_to}", own))

    # --- what comes in ---------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: object) -> None:
        """One message."""
        message = parse(data)
        if "SIP/2.0" not in message.first:
            return  # a keep-alive
        line = self._calls.get(message.get("Call-ID"))
        if message.status:
            if line is not None:
                self._answered(line, message)
        else:
            self._asked(line, message)
        self._changed.set()

    def _answered(self, line: Line, message: Message) -> None:
        if message.method != "INVITE" or message.status < 200:
            return
        if message.status >= 300:
            if line.state != "talking":
                line.state = "ended"
            self._acknowledge(line, message, branch=self._branch_of(message))
            return
        if line.state == "calling":
            line.state = "talking"
            line.other = message.get("To")
            found = re.search(r"<([^>]+)>", message.get("Contact"))
            line.target = found[1] if found else line.target
            line.media_port = media_port(message)
        self._acknowledge(line, message)

    def _asked(self, line: Line | None, message: Message) -> None:
        method = message.method
        if method == "INVITE" and line is None:
            self._called(message)
        elif line is None:
            self._respond(None, message, "481 Call/Transaction Does Not Exist")
        elif method == "INVITE":
            self._again_or_anew(line, message)
        elif method == "CANCEL":
            self._respond(line, message, "200 OK")
            if line.state == "ringing" and line.invite is not None:
                line.state = "ended"
                self._respond(line, line.invite, "487 Request Terminated")
        elif method == "BYE":
            line.state = "ended"
            self._respond(line, message, "200 OK")
        elif method != "ACK":
            self._respond(line, message, "200 OK")

    def _again_or_anew(self, line: Line, message: Message) -> None:
        """The same INVITE sent again, or a new offer within the call."""
        said = line.answers.get(self._branch_of(message))
        if said is not None:
            self._send(said)
        else:
            self._respond(line, message, "200 OK", body=self._sdp())

    def _called(self, message: Message) -> None:
        tagged = f"{message.get('To')};tag={uuid.uuid4().hex[:8]}"
        found = re.search(r"<([^>]+)>", message.get("Contact"))
        target = found[1] if found else ""
        line = Line(message.get("Call-ID"), tagged, message.get("From"), target, message, "ringing")
        line.media_port = media_port(message)
        self._calls[line.call_id] = line
        if self.forward_to:
            contact = f"Contact: <sip:{self.forward_to}@{HOST}:{self._sip_port}>"
            self.refuse("302 Moved Temporarily", line, contact)
            return
        self._respond(line, message, "180 Ringing")
        if self.auto_answer:
            self.answer(line)

    # --- the wire --------------------------------------------------------------------------------

    def _request(
        self, line: Line, method: str, *, body: str = "", more: tuple[str, ...] = ()
    ) -> str:
        if method != "CANCEL":
            line.cseq += 1
        branch = line.branch if method == "CANCEL" else f"z9hG4bK{uuid.uuid4().hex}"
        self._send(self._text(line, f"{method} {line.target} SIP/2.0", branch, method, body, more))
        return branch

    def _acknowledge(self, line: Line, message: Message, branch: str = "") -> None:
        number = message.get("CSeq").split(" ")[0]
        text = self._text(
            line, f"ACK {line.target} SIP/2.0", branch or f"z9hG4bK{uuid.uuid4().hex}", "ACK"
        )
        text = re.sub(r"CSeq: \d+", f"CSeq: {number}", text)
        to = message.get("To")
        self._send(re.sub(r"\r\nTo: [^\r]*", lambda _: f"\r\nTo: {to}", text))

    def _text(
        self,
        line: Line,
        first: str,
        branch: str,
        method: str,
        body: str = "",
        more: tuple[str, ...] = (),
    ) -> str:
        return written(
            first,
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch={branch};rport",
            f"From: {line.own}",
            f"To: {line.other}",
            f"Call-ID: {line.call_id}",
            f"CSeq: {line.cseq} {method}",
            f"Contact: <sip:{self.name}@{HOST}:{self.port}>",
            "Max-Forwards: 70",
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER, UPDATE",
            *more,
            body=body,
        )

    def _respond(
        self,
        line: Line | None,
        message: Message,
        status: str,
        *,
        body: str = "",
        more: tuple[str, ...] = (),
    ) -> None:
        mine = message.get("To")
        if line is not None and ";tag=" not in mine:
            mine = line.own
        contact = () if more else (f"Contact: <sip:{self.name}@{HOST}:{self.port}>",)
        text = written(
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in message.every("Via")),
            f"From: {message.get('From')}",
            f"To: {mine}",
            f"Call-ID: {message.get('Call-ID')}",
            f"CSeq: {message.get('CSeq')}",
            *contact,
            *more,
            body=body,
        )
        if line is not None:
            line.answers[self._branch_of(message)] = text
        self._send(text)

    @staticmethod
    def _branch_of(message: Message) -> str:
        found = re.search(r"branch=([^;,\s]+)", message.get("Via"))
        return found[1] if found else ""

    def _sdp(self, direction: str = "sendrecv") -> str:
        port = self._sound.getsockname()[1]
        text = SDP.format(version=next(self._counter), port=port, direction=direction)
        return text.replace("\n", "\r\n")

    def _send(self, text: str) -> None:
        if self._transport is not None:
            self._transport.sendto(text.encode(), (HOST, self._sip_port))
