"""The words of a field's rule, from its annotation, and the stable code of how it was broken."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import Meta

CALLED: Final[Mapping[Any, str]] = MappingProxyType(
    {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        dict: "an object",
        list: "a list",
        datetime: "a time such as 2026-11-29T08:00:00Z",
        date: "a date such as 2026-11-29",
    }
)


def bare(hint: Any) -> Any:
    """The type without its rules."""
    return bare(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def metas(hint: Any) -> list[Meta]:
    """Its rules, the outermost last."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return [note for note in notes if isinstance(note, Meta)]


def noted(hint: Any, key: str) -> Any:
    """What the rules carry besides: `says`, `lines`."""
    return next((meta.extra[key] for meta in metas(hint) if meta.extra and key in meta.extra), None)


def bound(hint: Any, name: str) -> Any:
    """One bound (`max_length`, `ge` …), None where there is none."""
    found = (getattr(meta, name) for meta in metas(hint))
    return next((value for value in found if value is not None), None)


def members(hint: Any) -> tuple[Any, ...]:
    """The members of a union, None left out; the type alone where it is no union."""
    if get_origin(hint) not in (Union, UnionType):
        return (hint,)
    return tuple(part for part in get_args(hint) if part is not NoneType)


def may_be_none(hint: Any) -> bool:
    """Whether null is right."""
    is_union = get_origin(hint) in (Union, UnionType)
    return hint in (None, NoneType, Any) or (is_union and NoneType in get_args(hint))


def choices(kind: Any) -> tuple[str, ...]:
    """What may be written; nothing where anything of the type may."""
    if get_origin(kind) is Literal:
        return tuple(str(choice) for choice in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return ()


def says(hint: Any) -> str:
    """What completes "must be …"; "" where msgspec knows more than we do."""
    if said := noted(hint, "says"):
        return str(said)
    kind = bare(hint)
    if chosen := choices(kind):
        return f"one of {', '.join(chosen)}"
    if kind in (int, float) and (within := _within(hint)):
        return within
    if kind is str and (length := _length(hint, "characters")):
        return length
    return CALLED.get(kind, "")


def list_says(hint: Any) -> str:
    """The rule of a list's length."""
    return _length(hint, "items") or CALLED[list]


def code(hint: Any, value: Any) -> str:
    """How `value` breaks the rule of `hint`."""
    kind = bare(hint)
    if choices(kind):
        return "choice"
    if kind is str and isinstance(value, str):
        longest = bound(hint, "max_length")
        fits = longest is None or len(value) <= longest
        return "pattern" if fits and bound(hint, "pattern") else "length"
    if kind is int and type(value) is int:
        return "range"
    if kind is float and type(value) in (int, float):
        return "range"
    return "type"


def _within(hint: Any) -> str:
    low, high = bound(hint, "ge"), bound(hint, "le")
    if low is not None and high is not None:
        return f"{low:.9g} to {high:.9g}" if isinstance(low, float) else f"{low} to {high}"
    if low is not None:
        return f"{low} or more"
    return "" if high is None else f"{high} or less"


def _length(hint: Any, what: str) -> str:
    low, high = bound(hint, "min_length"), bound(hint, "max_length")
    if high is None:
        return f"at least {low} {what}" if low else ""
    return f"{low} to {high} {what}" if low else f"at most {high} {what}"
