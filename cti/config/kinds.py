"""What the annotations of `cti.config.settings` say, and how one value of each type is read.

A reader gives None for what is not of its type. Texts from the environment are read generously
(`yes`, `5038`), values from TOML strictly: there, `"5038"` is a text and `true` is no number.
"""

import math
import re
from collections.abc import Callable
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from cti.config.rules import Name, Range, Text
from cti.config.secret import Secret
from cti.config.sources import EnvText

_TRUTH: Final = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True}
    | {"false": False, "no": False, "off": False, "0": False}
)


@cache
def hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Field name to annotation, rules included."""
    return get_type_hints(kind, include_extras=True)


def base(hint: Any) -> Any:
    """The type without its rule, and of `T | None` the T: TOML has no way to say nothing."""
    if get_origin(hint) in (Union, UnionType):
        return next(part for part in get_args(hint) if part is not NoneType)
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def rule(hint: Any) -> Text | Range | None:
    """The rule of a field, if it has one."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((note for note in notes if isinstance(note, Text | Range)), None)


def choices(kind: Any) -> dict[str, Any]:
    """What may be written, and what it means; empty where anything of the type may."""
    if get_origin(kind) is Literal:
        return {choice: choice for choice in get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {member.value: member for member in kind}
    return {}


def _int(raw: Any) -> int | None:
    if isinstance(raw, EnvText) and re.fullmatch(r"-?[0-9]{1,18}", raw):
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _float(raw: Any) -> float | None:
    if isinstance(raw, EnvText) and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", raw):
        return float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return None if isinstance(raw, float) and not math.isfinite(raw) else raw


def _bool(raw: Any) -> bool | None:
    if isinstance(raw, EnvText):
        return _TRUTH.get(raw.strip().lower())
    return raw if isinstance(raw, bool) else None


def _str(raw: Any) -> str | None:
    return str(raw) if isinstance(raw, str) else None


def _secret(raw: Any) -> Secret | None:
    return Secret(str(raw)) if isinstance(raw, str) else None


CONVERT: Final[dict[Any, Callable[[Any], Any]]] = {
    int: _int,
    float: _float,
    bool: _bool,
    str: _str,
    Secret: _secret,
}
# "must be …"
CALLED: Final[dict[Any, str]] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
    Secret: "a text in quotes",
}

_EMPTY: Final[dict[Any, Any]] = {
    str: "",
    int: 0,
    float: 0.0,
    Secret: Secret(),
    tuple[Name, ...]: (),
}


def empty(kind: Any) -> Any:
    """What stands in a draft for a required value that is wrong or missing."""
    return next(iter(choices(kind).values()), _EMPTY.get(kind))
