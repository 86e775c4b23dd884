"""SIP messages as far as a handset of the lab reads and writes them (RFC 3261)."""

from __future__ import annotations

import re
from dataclasses import dataclass

SDP = """\
v=0
o=handset 1 {version} IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0
a=rtpmap:0 PCMU/8000
a={direction}
"""


@dataclass
class Message:
    """A request or response, as far as it is read."""

    first: str
    headers: list[tuple[str, str]]
    body: str = ""

    @property
    def method(self) -> str:
        """`INVITE`; of a response that of its request."""
        return self.first.split(" ")[0] if not self.status else self.get("CSeq").split(" ")[1]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0") else 0

    def get(self, name: str) -> str:
        """The first header of that name, empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def every(self, name: str) -> list[str]:
        """All headers of that name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def parse(data: bytes) -> Message:
    """A datagram; header names as they are written."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(first, [(name.strip(), value.strip()) for name, _, value in pairs], body)


def media_port(message: Message) -> int:
    """Where the sender of this offer or answer hears."""
    found = re.search(r"^m=audio (\d+)", message.body, re.MULTILINE)
    return int(found[1]) if found else 0


def written(first: str, *headers: str, body: str = "") -> str:
    """A message as it goes out."""
    kind = ("Content-Type: application/sdp",) if body else ()
    lines = (first, *headers, *kind, f"Content-Length: {len(body.encode())}", "", body)
    return "\r\n".join(lines)
