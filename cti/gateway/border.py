"""What may cross between the core and Asterisk, each kind of value with its pattern. Pure.

Every value is held to a positive list of characters in *both* directions: what the dialplan says
(it may have been written by somebody else, or the connection may be a stranger's), and what we say
(a device that an API client signed in with must not become a second `Dial` destination). The AMI
encoder refuses line ends and `${` once more; this is the check that knows what the field means.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from cti.gateway.epoch import Epoch, read_epoch
from routing.data import is_unfit
from routing.index.needs import MAX_TEXT

# Asterisk cuts an extension at AST_MAX_EXTENSION = 80 bytes, its NUL included
# (include/asterisk/channel.h).
MAX_EXTENSION: Final = 79

CONTEXT_DELIVER: Final = "cti-deliver"
CONTEXT_HOLD: Final = "cti-hold"
CONTEXT_ORDER: Final = "cti-order"
CONTEXT_WAIT: Final = "cti-wait"


class BorderError(ValueError):
    """A value may not cross. `field` names it; the value itself is not repeated."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field}: holds what must not cross to Asterisk")


Fits = Callable[[str], object]


def _pattern(text: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(text).fullmatch


is_uniqueid = _pattern(r"[A-Za-z0-9_.-]{1,96}")
is_channel = _pattern(r"[A-Za-z0-9_./@:;*#+-]{1,160}")
is_endpoint = _pattern(r"[A-Za-z0-9_.-]{1,40}")
is_extension = _pattern(r"[A-Za-z0-9_-]{1,64}")
is_queue = _pattern(r"[A-Za-z0-9_-]{1,64}")
is_needs = _pattern(rf"[A-Za-z0-9_.:&|()!>=@ -]{{0,{MAX_TEXT}}}")
is_tag = _pattern(r"[A-Za-z0-9_-]{1,64}")
is_word = _pattern(r"[A-Za-z]{1,32}")
is_announcement = _pattern(r"[a-z0-9_-]{0,64}")
is_keys = _pattern(r"[0-9*#A-D]{1,32}")
is_number = _pattern(r"[0-9]{1,15}")
is_token = _pattern(r"[0-9a-f]{40}")


def wish(text: str) -> str:
    """What the operator's dialplan has set for an entry: ours hands it on URI-encoded, whole."""
    return unquote(text)


def address(channel: str, uniqueid: str) -> str:
    """What finds the channel in an AMI action: its name, or its unique id where the name is of an
    endpoint such as `电信` or `t&1`.

    Asterisk looks for either (`ast_channel_get_by_name`, main/channel.c; measured on 22.10.1 for
    Redirect, Setvar, Getvar, Status and Hangup), by name without a walk over all channels. A name
    in GBK could not even be written back as it was read.
    """
    return channel if is_channel(channel) else uniqueid


_WITHHELD: Final = frozenset({
    "", "unknown", "anonymous", "anonymousinvalid", "anonymousanonymousinvalid", "restricted",
    "unavailable", "notavailable", "na", "private", "privacy", "withheld", "blocked", "hidden",
    "unidentified", "outofarea", "nonumber", "none", "null", "p", "o", "s", "asterisk",
})  # fmt: skip
"""Words for "no number", without case and punctuation: RFC 3323 (anonymous@anonymous.invalid), an
Asterisk that has none to send (asterisk, unknown, s), analogue caller ids (P, O), gateways."""

MAX_NUMBER: Final = 64


def number_of(text: str) -> str:
    """The caller's number; "" when it is withheld: such callers are many, not one person."""
    word = "".join(char for char in text.casefold() if char.isalnum())
    withheld = word in _WITHHELD or not word.strip("0")
    return "" if withheld else text[:MAX_NUMBER]


MAX_CALLER_NAME: Final = 64


def caller_name_of(text: str) -> str:
    """The name that came with the call, without what no text of ours may hold; "" for none."""
    name = text if not is_unfit(text) else "".join(char for char in text if char.isprintable())
    name = name.replace("${", "").replace("$[", "")[:MAX_CALLER_NAME].strip()
    return "" if name.casefold() in _WITHHELD else name


def checked(field: str, fits: Fits, value: str) -> str:
    """The value, if it fits; `BorderError` with the field's name if not."""
    if not fits(value):
        raise BorderError(field)
    return value


def deliver_order(epoch: Epoch, offer_id: int, ring_us: int, endpoint: str) -> str:
    """`EPOCH*OFFER*RING_S*ENDPOINT`: an extension of `cti-deliver`, the order of one offer.

    The ring time is rounded up to whole seconds, which is all that `Dial` takes. Raises
    `BorderError` for an endpoint that is no endpoint.
    """
    ring_s = max(1, -(-ring_us // 1_000_000))
    text = f"{epoch}*{offer_id}*{ring_s}*{checked('device', is_endpoint, endpoint)}"
    if len(text) > MAX_EXTENSION:
        raise BorderError("device")
    return text


class Verb(StrEnum):
    """What `cti-order` does with the channel that is sent there (docs/call-flow.md)."""

    WAIT = "wait"  # a caller: ask, and wait
    LEAVE = "leave"  # a caller: CAUSE*EXTENSION
    BRIDGE = "bridge"  # UNIQUEID: talk with that channel, whatever it does
    HANGUP = "hangup"  # CAUSE: end
    OVER = "over"  # a held caller: on, as behind a conversation
    STAY = "stay"  # SECONDS: hear music until one of the others comes, or end


def other_order(epoch: Epoch, verb: Verb, *arguments: str) -> str:
    """`EPOCH*VERB*ARGUMENTS`: an extension of `cti-order`. The arguments have been checked.

    Raises `BorderError` when Asterisk would cut it, which only very long names can do.
    """
    text = "*".join((str(epoch), verb.value, *arguments))
    if len(text) > MAX_EXTENSION:
        raise BorderError(verb.value)
    return text


def read_deliver_order(text: str) -> tuple[Epoch, int, str] | None:
    """(epoch, offer, endpoint) of such an extension, None for anything else."""
    parts = text.split("*")
    epoch = read_epoch(parts[0])
    if len(parts) != 4 or epoch is None or not is_number(parts[1]):
        return None
    return epoch, int(parts[1]), parts[3]


def endpoint_of(channel: str) -> str:
    """`8001` of `PJSIP/8001-0000002f`; "" of any other technology."""
    return channel[6:].rpartition("-")[0] if channel.startswith("PJSIP/") else ""
