"""What may cross between the core and Asterisk, each kind of value with its pattern. Pure.

Every value is held to a positive list of characters in *both* directions: what the dialplan says
(it may have been written by somebody else, or the connection may be a stranger's), and what we say
(a device that an API client signed in with must not become a second `Dial` destination). The AMI
encoder refuses line ends and `${` once more; this is the check that knows what the field means.
"""

import re
from collections.abc import Callable
from typing import Final

# Asterisk cuts an extension at AST_MAX_EXTENSION = 80 bytes, its NUL included
# (include/asterisk/channel.h).
MAX_EXTENSION: Final = 79

CONTEXT_DELIVER: Final = "cti-deliver"
CONTEXT_WAIT: Final = "cti-wait"
CONTEXT_LEAVE: Final = "cti-leave"


class BorderError(ValueError):
    """A value may not cross. `field` names it; the value itself is not repeated."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field}: holds what must not cross to Asterisk")


def _pattern(text: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(text).fullmatch


is_uniqueid = _pattern(r"[A-Za-z0-9_.-]{1,96}")
is_channel = _pattern(r"[A-Za-z0-9_./@:;*#+-]{1,160}")
is_endpoint = _pattern(r"[A-Za-z0-9_.-]{1,40}")
is_extension = _pattern(r"[A-Za-z0-9_-]{1,64}")
is_queue = _pattern(r"[A-Za-z0-9_-]{1,64}")
is_needs = _pattern(r"[A-Za-z0-9_:&-]{0,256}")
is_word = _pattern(r"[A-Za-z]{1,32}")
is_announcement = _pattern(r"[a-z0-9_-]{0,64}")
is_number = _pattern(r"[0-9]{1,15}")
is_token = _pattern(r"[0-9a-f]{40}")


def checked(field: str, fits: Callable[[str], object], value: str) -> str:
    """The value, if it fits; `BorderError` with the field's name if not."""
    if not fits(value):
        raise BorderError(field)
    return value


def deliver_order(epoch: int, offer_id: int, ring_us: int, endpoint: str) -> str:
    """`EPOCH*OFFER*RING_S*ENDPOINT`: an extension of `cti-deliver`, the order of one offer.

    The ring time is rounded up to whole seconds, which is all that `Dial` takes. Raises
    `BorderError` for an endpoint that is no endpoint.
    """
    ring_s = max(1, -(-ring_us // 1_000_000))
    text = f"{epoch}*{offer_id}*{ring_s}*{checked('device', is_endpoint, endpoint)}"
    if len(text) > MAX_EXTENSION:
        raise BorderError("device")
    return text


def read_deliver_order(text: str) -> tuple[int, int, str] | None:
    """(epoch, offer, endpoint) of such an extension, None for anything else."""
    parts = text.split("*")
    if len(parts) != 4 or not (is_number(parts[0]) and is_number(parts[1])):
        return None
    return int(parts[0]), int(parts[1]), parts[3]
