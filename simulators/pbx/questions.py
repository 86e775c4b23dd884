"""What the dialplan asks the router, and the port it asks through. Pure.

The port has two implementations: `agi_client.AgiClient` over sockets, and `link.AgiInThread` for
one thread. An answer is the value of CTI_NEXT; empty means that the router did not set it, whatever
the reason: that is all that the dialplan goes by.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulators.pbx.channels import UNKNOWN, Channel, Pairs

Heard = Callable[[str], None]

ANSWER_VARIABLE = "CTI_NEXT"


@dataclass(frozen=True, slots=True)
class Question:
    """One run of `AGI(agi://HOST:PORT/VERB,ARGUMENTS)`.

    `channel_headers` are the channel's lines of the request, `variables` what `GET VARIABLE` may
    read while the question lasts.
    """

    verb: str
    arguments: tuple[str, ...]
    channel_headers: Pairs
    variables: Mapping[str, str]

    def headers(self, address: str, path: str = "") -> Pairs:
        """All lines of the request to a router at `address` (HOST:PORT); `path` is what CTI_ROUTER
        has behind it (`a2/`), where a router has several Asterisks.
        """
        return (
            ("agi_network", "yes"),
            ("agi_network_script", f"{path}{self.verb}"),
            ("agi_request", f"agi://{address}/{path}{self.verb}"),
            *self.channel_headers,
            *((f"agi_arg_{no}", value) for no, value in enumerate(self.arguments, 1)),
        )


class Asking(Protocol):
    """A question that is under way."""

    def cancel(self) -> None:
        """The channel has left: close the connection, do not answer."""


class AgiPort(Protocol):
    """How the dialplan reaches the router."""

    def ask(self, question: Question, heard: Heard) -> Asking:
        """Ask. `heard` is called once, never inside this call, unless it is cancelled before."""


def token(secret: str, uniqueid: str) -> str:
    """`${SHA1(${CTI_SECRET}:${UNIQUEID})}`: fits this channel only."""
    return hashlib.sha1(f"{secret}:{uniqueid}".encode(), usedforsecurity=False).hexdigest()


def ask_headers(channel: Channel) -> Pairs:
    """The channel's part of an AGI request, in the order of `setup_env` (res/res_agi.c)."""
    return (
        ("agi_channel", channel.name),
        ("agi_language", "en"),
        ("agi_type", "PJSIP"),
        ("agi_uniqueid", channel.uniqueid),
        ("agi_version", "22.10.1"),
        ("agi_callerid", _or_unknown(channel.caller_number)),
        ("agi_calleridname", _or_unknown(channel.caller_name)),
        ("agi_callingpres", "0"),
        ("agi_callingani2", "0"),
        ("agi_callington", "0"),
        ("agi_callingtns", "0"),
        ("agi_dnid", channel.get("CTI_LINE_QUEUE")),
        ("agi_rdnis", "unknown"),
        ("agi_context", channel.context),
        ("agi_extension", channel.exten),
        ("agi_priority", str(channel.priority)),
        ("agi_enhanced", "0.0"),
        ("agi_accountcode", ""),
        ("agi_threadid", "0"),
    )


def _or_unknown(value: str) -> str:
    return "unknown" if value in ("", UNKNOWN) else value
