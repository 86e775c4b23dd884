"""How a call proves that the dialplan sent it: ``SHA1(secret:uniqueid)``, computed by the dialplan
itself.

Anyone who reaches the AGI port can claim to be Asterisk. The token keeps the secret off the wire
and fits one channel only. SHA-1 because it is what an Asterisk dialplan can compute (function
``SHA1``, in lower-case hex); its known weakness is collisions, which are of no use here: whoever
forges needs a preimage. Pure.
"""

import hashlib
import hmac


def make_token(secret: str, uniqueid: str) -> str:
    """The token of one channel: 40 lower-case hex digits."""
    # As the docstring says: not a choice but what the dialplan has.
    return hashlib.sha1(f"{secret}:{uniqueid}".encode()).hexdigest()  # noqa: S324


def token_ok(secret: str, uniqueid: str, token: str) -> bool:
    """Whether the token is that of the channel, in time that does not depend on how wrong it is."""
    expected = make_token(secret, uniqueid).encode()
    return hmac.compare_digest(expected, token.encode(errors="replace"))
