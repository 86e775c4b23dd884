"""What may be asked over the control socket: the bodies, and what a path or a query may hold.

Texts keep to the rules of the configuration, so nothing that ends a header or starts an expression
of the dialplan comes in this way either. Who asks is in none of them (`cti.api.principal`).
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from cti.config import rules as of
from cti.routes import text
from cti.routes.text import OptionalName
from routing.commands import RequestedState
from routing.transfers.messages import IfMissed

MAX_BODY_BYTES: Final = 16 * 1024
"""The largest request there is has a path of 4,096 characters."""

MAX_PAGE: Final = 1000


def _as(rule: of.Text) -> Meta:
    return text.matching(rule.pattern, rule.says)


CallId = Annotated[str, _as(of.CALL_ID)]
OptionalEndpoint = Annotated[str, _as(of.OPTIONAL_ENDPOINT)]
AbsolutePath = Annotated[str, _as(of.ABSOLUTE_PATH)]
Keys = Annotated[str, text.matching(r"[0-9*#A-D]{1,32}", "1 to 32 of 0-9 * # A-D")]
Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
Seq = Annotated[int, Meta(ge=0)]


class Lang(StrEnum):
    """The first is taken where none is asked for."""

    EN = "en"
    ZH = "zh"


class LogOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`device`: the endpoint to ring, where it is not the configured one."""

    device: OptionalEndpoint = ""


class LogOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: why, in the words of the house."""

    reason: OptionalName = ""


class SetState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason` is needed for notReady. `override`: a supervisor's word, for which break caps do not
    hold.
    """

    state: RequestedState
    reason: OptionalName = ""
    override: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`serving`: whether the agent serves this one of their groups from now on."""

    serving: bool


class LastCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`on`: whether the agent is signed out after their next conversation."""

    on: bool = True


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`agent`: whose conversation it is, where it is not whoever has the call; `reason`: why."""

    agent: OptionalName = ""
    reason: OptionalName = ""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hand the customer on to a queue or to an agent: exactly one of the two. `busy`, `no_answer`,
    `not_ready`: what to do when that agent cannot be had; `overflow_to`: the queue of `overflow`.
    `wait_s`: for how long the agent is sought; `recall_s`: how long the customer waits for the
    sender afterwards.
    """

    to_queue: OptionalName = ""
    to_agent: OptionalName = ""
    busy: IfMissed = IfMissed.RECALL
    no_answer: IfMissed = IfMissed.RECALL
    not_ready: IfMissed = IfMissed.RECALL
    overflow_to: OptionalName = ""
    wait_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    recall_s: Annotated[int, Meta(ge=1, le=3600)] = 30
    agent: OptionalName = ""


class Digits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`digits`: the keys, in order."""

    digits: Keys
    agent: OptionalName = ""


class Accepting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Closing time, or opening time."""

    accepting: bool


class Switch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An emergency mode, on or off."""

    on: bool


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The path says all: `{}`, or no body."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file`: a configuration on the daemon's machine, which reads it with its own rights and its
    own environment, as at the start.
    """

    file: AbsolutePath


class Apply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`id`: of the change that was staged, so that no other one is applied."""

    file: AbsolutePath
    id: OptionalName = ""
