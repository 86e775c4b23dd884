"""As much of MQTT 3.1.1 and 5 as a publisher needs, as bytes. Pure.

Section numbers are those of the OASIS standards: "MQTT Version 3.1.1" (2014) and "MQTT Version 5.0"
(2019); where both agree the older is named.
"""

from enum import IntEnum

import msgspec

from cti.bus.link import CONTENT_TYPE

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"  # 5: reason 0, "normal disconnection", may be left out (3.14.2.1)

PACKET_MAX = 65_536
"""Bytes of one packet from the broker: the longest it has to say to a publisher is a reason."""

_RETAIN, _QOS_1 = 0x01, 0x02
_CLEAN, _WILL, _WILL_QOS_1, _WILL_RETAIN = 0x02, 0x04, 0x08, 0x20
_PASSWORD, _USERNAME = 0x40, 0x80
_REASON_STRING, _RECEIVE_MAXIMUM, _MAXIMUM_PACKET_SIZE = 0x1F, 0x21, 0x27
_ALLOWED = {_RECEIVE_MAXIMUM: "window", _MAXIMUM_PACKET_SIZE: "size_max"}
_REFUSED = 0x80  # reasons from here on are failures (5: 2.4)

_V3_REFUSALS = {
    1: "unacceptable protocol version",
    2: "identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
}
_V5_REASONS = {
    0x80: "unspecified error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorised",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8D: "keep alive timeout",
    0x8E: "session taken over",
    0x90: "topic name invalid",
    0x93: "receive maximum exceeded",
    0x95: "packet too large",
    0x97: "quota exceeded",
    0x99: "payload format invalid",
    0x9A: "retain not supported",
    0x9B: "QoS not supported",
}

# Property lengths of the types that a broker may send us (5: 2.2.2.2); -1 text, -2 pair of texts.
_PROPERTY_SIZES = {
    0x11: 4, 0x12: -1, 0x13: 2, 0x15: -1, 0x16: -1, 0x1A: -1, 0x1C: -1, 0x1F: -1, 0x21: 2, 0x22: 2,
    0x24: 1, 0x25: 1, 0x26: -2, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip


class MqttError(ValueError):
    """The peer does not speak MQTT as we know it."""


class Kind(IntEnum):
    """First half byte of the packets that a broker sends to a publisher (2.2.1)."""

    CONNACK = 2
    PUBACK = 4
    PINGRESP = 13
    DISCONNECT = 14


class Packet(msgspec.Struct, frozen=True):
    """What a broker said. `reason` is "" for success; `window` and `size_max` are what it allows us
    (5: Receive Maximum, Maximum Packet Size).
    """

    kind: Kind
    packet_id: int = 0
    reason: str = ""
    window: int = 65_535
    size_max: int = 268_435_460  # what a length of four bytes can say, and the length itself


def connect_packet(
    client_id: str,
    keep_alive_s: int,
    will: tuple[str, bytes],
    credentials: tuple[str, str],
    *,
    is_5: bool,
) -> bytes:
    """CONNECT (3.1): a clean session, a retained will with QoS 1, credentials unless empty."""
    username, password = credentials
    flags = _CLEAN | _WILL | _WILL_QOS_1 | _WILL_RETAIN
    flags |= (_USERNAME if username else 0) | (_PASSWORD if password else 0)
    head = _text("MQTT") + bytes((5 if is_5 else 4, flags)) + keep_alive_s.to_bytes(2)
    properties = b"\x00" if is_5 else b""
    said = _text(client_id) + publish_properties(is_5=is_5) + _text(will[0]) + _binary(will[1])
    secrets = (_text(username) if username else b"") + (_text(password) if password else b"")
    return _packet(0x10, head + properties + said + secrets)


def publish_packet(
    topic: str, payload: bytes, packet_id: int, properties: bytes, *, retain: bool
) -> bytes:
    """PUBLISH (3.3) with QoS 1. Raises ValueError for a topic that may not be published to."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:  # 4.7.1, 4.7.3
        raise ValueError(f"no topic to publish to: {topic!r}")
    head = 0x30 | _QOS_1 | (_RETAIN if retain else 0)
    return _packet(head, _text(topic) + packet_id.to_bytes(2) + properties + payload)


def publish_properties(*, is_5: bool) -> bytes:
    """What MQTT 5 says of each message: UTF-8, and what kind of JSON (5: 3.3.2.3)."""
    if not is_5:
        return b""
    properties = b"\x01\x01\x03" + _text(CONTENT_TYPE)
    return bytes((len(properties),)) + properties


class Decoder:
    """Packets out of bytes as they come, however they are cut."""

    def __init__(self, *, is_5: bool) -> None:
        self._is_5 = is_5
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are now complete. Raises MqttError; what comes after is undefined."""
        self._rest += data
        packets = []
        while (framed := self._frame()) is not None:
            first, body = framed
            packets.append(self._packet(first >> 4, body))
        return packets

    def _frame(self) -> tuple[int, bytes] | None:
        """First byte and body of the next packet (2.2.3), None when it is not complete."""
        rest, length = self._rest, 0
        for place in range(1, 5):
            if place >= len(rest):
                return None
            length |= (rest[place] & 0x7F) << (7 * (place - 1))
            if not rest[place] & 0x80:
                break
        else:
            raise MqttError("a length of more than four bytes")
        if length > PACKET_MAX:
            raise MqttError(f"a packet of {length} bytes")
        begin, end = place + 1, place + 1 + length
        if len(rest) < end:
            return None
        first, body = rest[0], bytes(rest[begin:end])
        del rest[:end]
        return first, body

    def _packet(self, kind: int, body: bytes) -> Packet:
        try:
            match kind:
                case Kind.CONNACK:
                    return self._connack(body)
                case Kind.PUBACK:
                    return self._puback(body)
                case Kind.PINGRESP:
                    return Packet(Kind.PINGRESP)
                case Kind.DISCONNECT if self._is_5:
                    return Packet(Kind.DISCONNECT, reason=self._reason(body, 0) or "disconnected")
        except (IndexError, UnicodeDecodeError) as error:
            raise MqttError(f"a packet of kind {kind} that is cut or garbled") from error
        raise MqttError(f"a packet of kind {kind}, which nobody sends to a publisher")

    def _connack(self, body: bytes) -> Packet:
        code = body[1]
        if not self._is_5:
            refusal = _V3_REFUSALS.get(code, f"code {code}") if code else ""
            return Packet(Kind.CONNACK, reason=refusal)
        told = {
            name: int.from_bytes(value)
            for kind, value in _properties(body[2:]).items()
            if (name := _ALLOWED.get(kind))
        }
        return Packet(Kind.CONNACK, reason=self._reason(body, 1), **told)

    def _puback(self, body: bytes) -> Packet:
        packet_id = body[0] << 8 | body[1]
        return Packet(Kind.PUBACK, packet_id, self._reason(body, 2) if len(body) > 2 else "")

    def _reason(self, body: bytes, place: int) -> str:
        """The reason code at `place` in words, and the broker's own when it gives some."""
        code = body[place] if len(body) > place else 0
        if code < _REFUSED:
            return ""
        words = _V5_REASONS.get(code, f"reason 0x{code:02x}")
        own = _properties(body[place + 1 :]).get(_REASON_STRING, b"").decode()
        return f"{words}: {own}" if own else words


def _properties(body: bytes) -> dict[int, bytes]:
    """MQTT 5's properties at the beginning of `body` (2.2.2); the last of each kind."""
    found: dict[int, bytes] = {}
    if not body:
        return found
    length, at = 0, 0
    while True:
        length |= (body[at] & 0x7F) << (7 * at)
        at += 1
        if not body[at - 1] & 0x80:
            break
    end = at + length
    while at < end:
        kind, at = body[at], at + 1
        size = _PROPERTY_SIZES.get(kind)
        if size is None:
            raise MqttError(f"property 0x{kind:02x}, which is not for a publisher")
        for _ in range(max(1, -size)):
            if size < 0:
                count, at = body[at] << 8 | body[at + 1], at + 2
            else:
                count = size
            found[kind] = body[at : at + count]
            at += count
    return found


def _packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:  # 2.2.3
        length, digit = length >> 7, length & 0x7F
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((first,)) + bytes(digits) + body


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _binary(data: bytes) -> bytes:
    if len(data) > 65_535:
        raise ValueError(f"{len(data)} bytes where MQTT allows 65535")
    return len(data).to_bytes(2) + data
