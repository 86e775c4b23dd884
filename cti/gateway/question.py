"""What the dialplan asks, read and checked: one AGI request as one `Question`. Pure.

`AGI(agi://HOST:PORT/[PBX/]VERB,TOKEN,QUEUE,ARRIVED_MS,PRIORITY,NEEDS[,OFFER,DIALSTATUS,CAUSE,
RANG_MS])`, see docs/call-flow.md. `PBX/` is for several Asterisks on one router: each sets it once,
in the global that holds our address (`CTI_ROUTER = 10.0.0.9:4573/a2`).

Two kinds of wrong: a request that proves nothing (`NotOurs`: no answer) and an odd argument in a
request that is proven ours (named in `Question.odd`, replaced by what harms the caller least).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.agi.messages import AgiRequest
from cti.agi.tokens import token_ok
from cti.gateway import border
from routing.ids import CallId, OfferId, PbxId, QueueId

MAX_PRIORITY: Final = 1000
_ARGUMENTS: Final = 9
_US_PER_MS: Final = 1000
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
class Question:
    """One checked question. Times in microseconds since 1970 UTC, 0 where not given. The last four
    are about the Dial that has failed (`returned`).
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
    odd: tuple[str, ...]

    @property
    def call_id(self) -> CallId:
        """The call that is asked about."""
        return CallId(f"{self.pbx}-{self.uniqueid}")


def read_question(request: AgiRequest, secrets: Sequence[str], pbxs: Sequence[PbxId]) -> Question:
    """The question in this request; `NotOurs` when it is not from a dialplan of ours.

    `secrets`: the one that tokens are made with, and the one before while it is being replaced.
    """
    pbx, verb = _path(request.script, pbxs)
    args = [*request.args[:_ARGUMENTS], *[""] * (_ARGUMENTS - len(request.args))]
    token, queue, arrived, priority, needs, offer, status, cause, rang_ms = args
    if not (border.is_uniqueid(request.uniqueid) and border.is_channel(request.channel)):
        raise NotOurs("no channel of Asterisk's is named")
    fits = any(token_ok(secret, request.uniqueid, token) for secret in secrets)
    if not (border.is_token(token) and fits):
        why = "its token does not fit: CTI_SECRET there is not agi.secret here (cti asterisk check)"
        raise NotOurs(why, pbx)
    odd: list[str] = []

    def number(name: str, text: str, most: int) -> int:
        if not text:
            return 0
        if border.is_number(text) and int(text) <= most:
            return int(text)
        odd.append(name)
        return 0

    if not border.is_queue(queue):
        odd.append("QUEUE")
        queue = ""
    if not border.is_needs(needs):
        odd.append("NEEDS")
        needs = ""
    return Question(
        verb=verb,
        pbx=pbx,
        uniqueid=request.uniqueid,
        channel=request.channel,
        caller="" if request.callerid == "unknown" else request.callerid[:64],
        queue=QueueId(queue),
        arrived_us=number("ARRIVED_MS", arrived, 10**14) * _US_PER_MS,
        priority=number("PRIORITY", priority, MAX_PRIORITY),
        needs=needs,
        offer_id=OfferId(number("OFFER", offer, 10**15)),
        dial_status=status if border.is_word(status) else "",
        cause=number("CAUSE", cause, 999),
        rang=rang_ms != "",
        odd=tuple(odd),
    )


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
