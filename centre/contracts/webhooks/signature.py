"""The signature of Standard Webhooks (HMAC-SHA256 over id, time and body). Pure.

Source: the Standard Webhooks specification 1.0. Two secrets may live at once, so that a receiver
can change to a new one without a break: one signature each, in one header.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE_S: Final = 300
"""A message whose time is further off is refused: it may be one that was recorded."""

_SECRET_BYTES: Final = (24, 64)  # by the specification
_VERSION: Final = "v1,"


def secret_key(secret: str) -> bytes:
    """The key in `whsec_<base64>`. Raises ValueError, without the secret in its text."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SECRET_BYTES[0] <= len(key) <= _SECRET_BYTES[1]:
        raise ValueError("a webhook secret is whsec_ and 24 to 64 bytes in base64")
    return key


def headers(message_id: str, at_s: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of a message; `at_s` is the time of this try in seconds since 1970."""
    if not message_id or "." in message_id or not message_id.isascii() or " " in message_id:
        raise ValueError("the id of a webhook message is ASCII without dots and blanks")
    signatures = [_signature(message_id, at_s, body, secret) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(signatures),
    }


def is_ours(given: dict[str, str], body: bytes, secrets: Sequence[str], now_s: int) -> bool:
    """What a receiver asks: was it signed with one of these secrets, and lately?"""
    stamp = given.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    claimed = given.get("webhook-signature", "").encode().split(b" ")
    good = [
        _signature(given.get("webhook-id", ""), int(stamp), body, secret).encode()
        for secret in secrets
    ]
    return any(hmac.compare_digest(one, other) for one in good for other in claimed)


def _signature(message_id: str, at_s: int, body: bytes, secret: str) -> str:
    signed = f"{message_id}.{at_s}.".encode() + body
    digest = hmac.digest(secret_key(secret), signed, "sha256")
    return _VERSION + base64.b64encode(digest).decode()
