"""What the dialplan asks, read and checked: one AGI request as one `Question`. Pure.

`AGI(agi://HOST:PORT/[PBX/]VERB,TOKEN,QUEUE,ARRIVED_MS,PRIORITY,NEEDS,OFFER,DIALSTATUS,CAUSE,
RANG_MS,TAGS,ENTRY,ASKED_S[,NAME=VALUE…])`, see docs/call-flow.md. `PBX/` is for several Asterisks
on one router: each sets it once, in the global of our address (`CTI_ROUTER = 10.0.0.9:4573/a2`).

Two kinds of wrong: a request that proves nothing (`NotOurs`: no answer) and an odd argument in a
request that is proven ours (named in `Question.odd`, replaced by what harms the caller least).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.agi.messages import AgiRequest
from cti.agi.tokens import token_ok
from cti.gateway import border
from routing.config_check import MAX_DATA_FIELDS
from routing.ids import CallId, OfferId, PbxId, QueueId

MAX_PRIORITY: Final = 1000
MAX_TAGS: Final = 16
"""A boost names one tag each; nobody reads more of them in the record of a decision."""

_ARGUMENTS: Final = 12
_SECOND_US: Final = 1_000_000
NO_PBX: Final = PbxId("")


class Verb(StrEnum):
    """Why it asks now. The question is the same: what next?"""

    ARRIVE = "arrive"
    AGAIN = "again"
    RETURNED = "returned"


class NotOurs(Exception):  # noqa: N818  # it is no error of ours
    """The request is no question of a dialplan of ours; `str()` says what is missing. `pbx` is the
    Asterisk that it claims to be of, "" for none that we know.
    """

    def __init__(self, why: str, pbx: PbxId = NO_PBX) -> None:
        super().__init__(why)
        self.pbx = pbx


@dataclass(frozen=True, slots=True)
class Odd:
    """An argument that is not as agreed, as it came."""

    argument: str
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """One checked question. Times in microseconds since 1970 UTC by Asterisk's clock, 0 where not
    given. `entry` counts how often this channel has come to `cti-inbound`. Offer, status, cause and
    `rang` are about the Dial that has ended (`returned`). `data` is as it came: `cti.gateway.data`
    reads it.
    """

    verb: Verb
    pbx: PbxId
    uniqueid: str
    channel: str
    caller: str
    queue: QueueId
    arrived_us: int
    priority: int
    needs: str
    offer_id: OfferId
    dial_status: str
    cause: int
    rang: bool
    tags: tuple[str, ...]
    entry: int
    asked_us: int
    caller_name: str
    data: tuple[str, ...]
    odd: tuple[Odd, ...]
    own_uniqueid: str = ""  # of the channel, where `uniqueid` is the one that the call began with

    @property
    def of_channel(self) -> str:
        """The unique id of the channel that asks."""
        return self.own_uniqueid or self.uniqueid

    @property
    def call_id(self) -> CallId:
        """The call that is asked about."""
        return CallId(f"{self.pbx}-{self.uniqueid}")

    @property
    def named_queue(self) -> str:
        """The queue as it was named, fit or not."""
        odd = (each.value for each in self.odd if each.argument == "QUEUE")
        return next(odd, self.queue)

    @property
    def was_answered(self) -> bool:
        """A phone had picked up and is gone: after a conversation, or before there was one."""
        return self.verb is Verb.RETURNED and self.dial_status == "ANSWER"


def read_question(request: AgiRequest, secrets: Sequence[str], pbxs: Sequence[PbxId]) -> Question:
    """The question in this request; `NotOurs` when it is not from a dialplan of ours.

    `secrets`: the one that tokens are made with, and the one before while it is being replaced.
    """
    pbx, verb = _path(request.script, pbxs)
    args = [*request.args[:_ARGUMENTS], *[""] * (_ARGUMENTS - len(request.args))]
    token, queue, arrived, priority, needs, offer, status, cause, rang_ms, tags, entry, asked = args
    if not border.is_uniqueid(request.uniqueid):
        raise NotOurs("the unique id of its channel is none that a call can be named by", pbx)
    fits = any(token_ok(secret, request.uniqueid, token) for secret in secrets)
    if not (border.is_token(token) and fits):
        why = "its token does not fit: CTI_SECRET there is not agi.secret here (cti asterisk check)"
        raise NotOurs(why, pbx)
    read = _Reader()
    return Question(
        verb=verb,
        pbx=pbx,
        uniqueid=request.uniqueid,
        channel=request.channel,
        caller=border.number_of(request.callerid),
        queue=QueueId(read.fitting("QUEUE", border.is_queue, border.wish(queue))),
        arrived_us=read.number("ARRIVED_MS", arrived, 10**14) * 1000,
        priority=read.number("PRIORITY", border.wish(priority).strip(), MAX_PRIORITY),
        needs=read.fitting("NEEDS", border.is_needs, border.wish(needs)),
        offer_id=OfferId(read.number("OFFER", offer, 10**15)),
        dial_status=status if border.is_word(status) else "",
        cause=read.number("CAUSE", cause, 999),
        rang=rang_ms != "",
        tags=read.tags(border.wish(tags)),
        entry=read.number("ENTRY", entry, 10**9),
        asked_us=read.number("ASKED_S", asked, 10**11) * _SECOND_US,
        caller_name=border.caller_name_of(request.calleridname),
        data=request.args[_ARGUMENTS : _ARGUMENTS + MAX_DATA_FIELDS],
        odd=tuple(read.odd),
    )


class _Reader:
    """Reads values one by one and keeps what is odd about them."""

    def __init__(self) -> None:
        self.odd: list[Odd] = []

    def fitting(self, argument: str, fits: border.Fits, text: str) -> str:
        """The text, or "" when it does not fit."""
        if fits(text):
            return text
        self.odd.append(Odd(argument, text))
        return ""

    def number(self, argument: str, text: str, most: int) -> int:
        """The number, 0 when there is none or it is none."""
        if not text:
            return 0
        if border.is_number(text) and int(text) <= most:
            return int(text)
        self.odd.append(Odd(argument, text))
        return 0

    def tags(self, text: str) -> tuple[str, ...]:
        """`vip,fraud`: each once, in their order; what is no tag is left out."""
        words = [word for word in re.split(r"[,;&\s]+", text) if word]
        tags = [word for word in dict.fromkeys(words) if border.is_tag(word)]
        if len(tags) > MAX_TAGS or not all(map(border.is_tag, words)):
            self.odd.append(Odd("TAGS", text))
        return tuple(tags[:MAX_TAGS])


def read_tags(text: str) -> tuple[str, ...]:
    """The tags of a `CTI_LINE_TAGS`, as far as they are tags."""
    return _Reader().tags(border.wish(text))


def _path(script: str, pbxs: Sequence[PbxId]) -> tuple[PbxId, Verb]:
    """`VERB`, or `PBX/VERB` where there are several Asterisks."""
    name, _, word = script.strip("/").rpartition("/")
    try:
        verb = Verb(word)
    except ValueError:
        raise NotOurs("it asks for nothing that we know") from None
    if not name and len(pbxs) == 1:
        return pbxs[0], verb
    if name not in pbxs:
        raise NotOurs(
            "it does not say from which Asterisk: CTI_ROUTER must end in its name"
            if not name
            else "it is from an Asterisk that is not configured"
        )
    return PbxId(name), verb
