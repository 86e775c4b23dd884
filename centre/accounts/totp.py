"""The second factor: time-based one-time passwords (RFC 6238, with the values that authenticators
know: SHA-1, 30 s, 6 digits). A code is good for its own step and one beside it, and once only.
"""

import base64
import hashlib
import hmac
import secrets
import struct
from typing import Final
from urllib.parse import quote

STEP_US: Final = 30_000_000
_BESIDE: Final = 1  # RFC 6238, 5.2: clocks differ


def new_secret() -> str:
    """160 bits in base 32 (RFC 4226, 4: R6)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The six digits of a time step (RFC 4226, 5.3)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def used_step(secret: str, code: str, now_us: int, last_step: int) -> int:
    """The step that a right code is of, 0 for a wrong one or one that was used already."""
    now = now_us // STEP_US
    for step in range(now - _BESIDE, now + _BESIDE + 1):
        if step > last_step and hmac.compare_digest(code_at(secret, step), code):
            return step
    return 0


def uri(secret: str, agent_id: str) -> str:
    """What an authenticator reads (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    return f"otpauth://totp/{quote(f'Paidui:{agent_id}')}?secret={secret}&issuer=Paidui"
