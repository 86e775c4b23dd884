"""The decorator, and a handler's signature as a `Route`. Nothing here knows a web server."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, get_origin, get_type_hints

import msgspec

from cti.routes.problem import Kind

PUBLIC: Final = "public"
"""`needs` of a route that answers whoever asks."""

SIGNED_IN: Final = "signed-in"
"""`needs` of a route that answers everybody who is signed in."""

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY: Final = "body"

P = TypeVar("P")
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


@dataclass(slots=True)
class Asked(Generic[P]):
    """What a request says besides its arguments: who asks, and some headers.

    `key` is the Idempotency-Key, `if_match` the entity tag without quotes, "" where there is none.
    `headers` go out with the answer.
    """

    principal: P
    key: str = ""
    if_match: str = ""
    language: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the decorator says, see `route`."""

    method: str
    path: str
    needs: str
    status: int
    faults: tuple[Kind, ...]
    once: bool
    if_match: bool
    produces: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that is read from the path or the query."""

    name: str
    hint: Any
    where: str
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route, ready to be served and documented. `asked` and `request` are the names of those
    arguments, "" where the handler does not want them.
    """

    name: str
    declared: Declared
    parameters: tuple[Parameter, ...]
    body: Any
    body_required: bool
    returns: Any
    summary: str
    description: str
    call: Callable[..., Awaitable[Any]]
    asked: str = ""
    request: str = ""

    @property
    def status(self) -> int:
        """Of the answer when all is well; one without a body is 204."""
        nothing = self.returns in (None, type(None)) and not self.declared.produces
        return 204 if nothing and self.declared.status == 200 else self.declared.status


MAX_BODY_BYTES: Final = 64 * 1024
"""A request of people: a form with a page or two of text. A route that takes more says so."""


def route(  # noqa: PLR0913  # the words of a declaration, all by name
    method: str,
    path: str,
    *,
    needs: str,
    status: int = 200,
    faults: tuple[Kind, ...] = (),
    once: bool = False,
    if_match: bool = False,
    produces: str = "",
    max_bytes: int = MAX_BODY_BYTES,
) -> Callable[[Handler], Handler]:
    """Make a handler a route.

    `needs`: the right, or PUBLIC, or SIGNED_IN. `faults`: the problems it answers with, besides
    those that every route has. `once`: takes an Idempotency-Key. `if_match`: wants If-Match.
    `produces`: the media type of an answer that is no JSON; the handler makes the response.
    """
    if method not in METHODS:
        raise TypeError(f"{method} {path}: the method must be one of {', '.join(METHODS)}")
    if once and produces:
        raise TypeError(f"{method} {path}: only an answer in JSON can be given a second time")

    def mark(handler: Handler) -> Handler:
        declared = Declared(
            method, path, needs, status, faults, once, if_match, produces, max_bytes
        )
        handler.__dict__["__route__"] = declared
        return handler

    return mark


def routes_of(*rooms: object) -> list[Route]:
    """The routes of functions and of objects with routed methods, in the order of their source.

    Raises TypeError for a signature that cannot be served.
    """
    found = [_route(handler) for room in rooms for handler in _handlers(room)]
    names: dict[str, Route] = {}
    for each in found:
        if each.name in names:
            raise TypeError(f"two routes are called {each.name}")
        names[each.name] = each
    return found


def _handlers(room: object) -> Iterator[Callable[..., Awaitable[Any]]]:
    if hasattr(room, "__route__") and callable(room):
        yield room
        return
    for name, member in vars(type(room)).items():
        if hasattr(member, "__route__"):
            yield getattr(room, name)


def _route(handler: Callable[..., Awaitable[Any]]) -> Route:
    declared: Declared = getattr(handler, "__route__")  # noqa: B009  # mypy knows no such attribute
    where = f"{declared.method} {declared.path}"
    hints = get_type_hints(handler, include_extras=True)
    in_path = re.findall(r"{(\w+)}", declared.path)
    parameters: list[Parameter] = []
    body, body_required, asked, request = None, False, "", ""
    for name, each in inspect.signature(handler).parameters.items():
        hint = hints.get(name)
        if hint is None:
            raise TypeError(f"{where}: {name} has no type")
        required = each.default is inspect.Parameter.empty
        if hint is Asked or get_origin(hint) is Asked:
            asked = name
        elif _is_request(hint):
            request = name
        elif name == BODY:
            _check_body(hint, where)
            body, body_required = hint, _has_required(hint)
        elif name in in_path:
            parameters.append(Parameter(name, hint, "path", required=True))
        else:
            default = None if required else each.default
            parameters.append(Parameter(name, hint, "query", required, default))
    missing = set(in_path) - {each.name for each in parameters}
    if missing:
        raise TypeError(f"{where}: no argument for {', '.join(sorted(missing))}")
    summary, _, description = (inspect.getdoc(handler) or "").partition("\n\n")
    if not summary:
        raise TypeError(f"{where}: the handler has no docstring, which is its summary")
    return Route(
        camel(getattr(handler, "__name__", "")),
        declared,
        tuple(parameters),
        body,
        body_required,
        hints.get("return"),
        " ".join(summary.split()),
        description,
        handler,
        asked,
        request,
    )


def camel(name: str) -> str:
    """`set_agent_state` as CSTA and OpenAPI have it: `setAgentState`."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _is_request(hint: Any) -> bool:
    """A request of aiohttp, which is not imported here; for who makes the response itself."""
    return isinstance(hint, type) and hint.__module__.startswith("aiohttp.")


def _check_body(hint: Any, where: str) -> None:
    """A misspelt field must not be left out in silence."""
    if not (isinstance(hint, type) and issubclass(hint, msgspec.Struct)):
        raise TypeError(f"{where}: body must be a msgspec.Struct")
    for kind in structs_in(hint, set()):
        if not kind.__struct_config__.forbid_unknown_fields:
            raise TypeError(f"{where}: {kind.__name__} must have forbid_unknown_fields=True")


def structs_in(hint: Any, seen: set[Any]) -> set[type[msgspec.Struct]]:
    """Every Struct that a type is made of."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        if hint not in seen:
            seen.add(hint)
            for each in get_type_hints(hint, include_extras=True).values():
                structs_in(each, seen)
    else:
        for part in getattr(hint, "__args__", ()):
            structs_in(part, seen)
    return seen


def _has_required(kind: type[msgspec.Struct]) -> bool:
    return any(each.required for each in msgspec.structs.fields(kind))
