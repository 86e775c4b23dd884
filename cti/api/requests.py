"""What may be asked over the control socket, read strictly, with all errors at once.

Fields keep to the rules of the configuration, so nothing that ends a header or starts an expression
of the dialplan comes in this way either.
"""

import difflib
from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

import msgspec
from aiohttp import web

from cti.api.answers import FieldError
from cti.api.problem import ApiError, bad_fields
from cti.api.story import LANGUAGES
from cti.config import rules as of
from cti.config.build import Builder
from cti.config.rules import Range, Text
from cti.config.sources import Tree
from routing.commands import RequestedState

MAX_BODY_BYTES = 16 * 1024
"""The largest request there is has a path of 4,096 characters."""

MAX_PAGE = 1000

T = TypeVar("T", bound=msgspec.Struct)


class LogOn(msgspec.Struct, frozen=True, kw_only=True):
    """`device`: the endpoint to ring, where it is not the configured one."""

    device: of.OptionalEndpoint = ""


class LogOff(msgspec.Struct, frozen=True, kw_only=True):
    """`by`: who signs the agent out, where it is not that agent."""

    by: of.OptionalName = ""
    reason: of.OptionalName = ""


class SetState(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is needed for notReady. `by`: who asks, where it is not that agent.
    `override`: a supervisor's word, for which break caps do not hold.
    """

    state: RequestedState
    reason: of.OptionalName = ""
    by: of.OptionalName = ""
    override: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """`serving`: whether the agent serves this one of their groups from now on."""

    serving: bool
    by: of.OptionalName = ""


class LastCall(msgspec.Struct, frozen=True, kw_only=True):
    """`on`: whether the agent is signed out after their next conversation."""

    on: bool = True


class Accepting(msgspec.Struct, frozen=True, kw_only=True):
    """Closing time, or opening time."""

    accepting: bool
    by: of.OptionalName = ""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """An emergency mode, on or off."""

    on: bool
    by: of.OptionalName = ""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """`file`: a configuration on the daemon's machine, which reads it with its own rights and its
    own environment, as at the start.
    """

    file: of.AbsolutePath


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """`id`: of the change that was staged, so that no other one is applied."""

    file: of.AbsolutePath
    id: of.OptionalName = ""


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """`by`: who orders it."""

    by: of.OptionalName = ""


class WorkDone(msgspec.Struct, frozen=True, kw_only=True):
    """After-call work ends now."""

    by: of.OptionalName = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Events after this sequence number, at most so many."""

    after: int
    limit: int


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The JSON body as a value of `kind`; an empty one has every field at its default.

    Raises ApiError 400 with every wrong field, and aiohttp's 413 for a body too large.
    """
    raw = await request.read()
    try:
        values = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, RecursionError) as error:
        detail = f"the body is not JSON: {error}" if isinstance(error, ValueError) else "too deep"
        raise ApiError(HTTPStatus.BAD_REQUEST, "bad-json", detail) from None
    if not isinstance(values, dict):
        raise ApiError(HTTPStatus.BAD_REQUEST, "bad-json", "the body must be a JSON object")
    builder = Builder(Tree(values))
    value = builder.draft(kind)
    if builder.problems:
        raise bad_fields(tuple(FieldError(each.path, each.rule) for each in builder.problems))
    return value


def agent_id_of(request: web.Request) -> str:
    """The agent in the path."""
    return name_of(request, "agent_id")


def name_of(request: web.Request, part: str) -> str:
    """A name in the path: of an agent, a queue, a group, a mode."""
    return _checked(part, request.match_info[part], of.NAME)


def call_id_of(request: web.Request) -> str:
    """The call in the path."""
    return _checked("call_id", request.match_info["call_id"], of.CALL_ID)


def _checked(field: str, value: str, rule: Text) -> str:
    if not rule.admits(value):
        raise bad_fields((FieldError(field, f"must be {rule.says}"),))
    return value


def lang_of(request: web.Request) -> str:
    """`?lang=zh`."""
    lang = request.query.get("lang", LANGUAGES[0])
    _numbers({name: text for name, text in request.query.items() if name != "lang"}, {})
    if lang not in LANGUAGES:
        raise bad_fields((FieldError("lang", f"must be one of {', '.join(LANGUAGES)}"),))
    return lang


def page_of(request: web.Request) -> Page:
    """`?after=SEQ&limit=N`."""
    number = _numbers(request.query, {"after": (0, 2**63 - 1, 0), "limit": (1, MAX_PAGE, 100)})
    return Page(after=number["after"], limit=number["limit"])


def limit_of(request: web.Request) -> int:
    """`?limit=N`."""
    return _numbers(request.query, {"limit": (1, MAX_PAGE, MAX_PAGE)})["limit"]


def no_query(request: web.Request) -> None:
    """Nothing may follow the path: a misspelt filter would be left out in silence."""
    _numbers(request.query, {})


def _numbers(query: Mapping[str, str], known: Mapping[str, tuple[int, int, int]]) -> dict[str, int]:
    """Each known parameter as a number within (low, high), or its default."""
    errors = []
    values = {name: default for name, (_, _, default) in known.items()}
    for name, text in query.items():
        if name not in known:
            near = difflib.get_close_matches(name[:64], known, n=1)
            rule = f"unknown; did you mean {near[0]}?" if near else "unknown"
            errors.append(FieldError(ascii(name[:64])[1:-1], rule))
            continue
        low, high, _ = known[name]
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            values[name] = int(text)
        else:
            errors.append(FieldError(name, f"must be {Range(low, high).says}"))
    if errors:
        raise bad_fields(tuple(errors))
    return values
