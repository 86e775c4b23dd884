"""Raw values as arguments: strictly, and with every wrong field at once.

msgspec says whether all is right, in one step. Only when it is not, or a text holds something that
must be looked at, the value is walked along its type and each wrong field found. No value is shown
in an error: it may be a secret.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from cti.routes import rules
from cti.routes.declare import BODY, Parameter, Route
from cti.routes.problem import BAD_JSON, ApiError, FieldError, bad_fields
from cti.routes.text import MAX_TEXT, has_control, has_control_in_lines

MAX_DEPTH: Final = 16
"""Objects within objects of a body; ours have four."""

MAX_ERRORS: Final = 100
"""Wrong fields in one answer; the rest shows when these are put right."""

MAX_INT: Final = 2**63 - 1
"""Databases and readers in other languages hold no more."""

_SAFE_FLOAT: Final = 2**53
_SHOWN: Final = 64
_LISTS: Final = (list, tuple, set, frozenset)

_as_int = re.compile(r"-?[0-9]{1,19}").fullmatch
_as_float = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?").fullmatch
_bare_key = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch

Path = tuple[str | int, ...]


def arguments(
    route: Route, path: Mapping[str, str], query: Iterable[tuple[str, str]], raw: bytes
) -> dict[str, Any]:
    """The handler's arguments, `Asked` and the request left out. Raises ApiError."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    said = _by_name(query)
    known = [each.name for each in route.parameters if each.where == "query"]
    errors += [_unknown(name, known, "query") for name in said if name not in known]
    for each in route.parameters:
        texts = [path[each.name]] if each.where == "path" else said.get(each.name, [])
        values[each.name] = _parameter(each, texts, errors)
    if route.body is not None:
        values[BODY] = _body(route.body, raw, errors)
    elif raw:
        errors.append(FieldError("", "this request has no body", "", "unknown"))
    if errors:
        raise bad_fields(tuple(errors[:MAX_ERRORS]))
    return values


def structure(value: Any, hint: Any) -> tuple[Any, list[FieldError]]:
    """`value`, made of dicts, lists and plain values, as `hint`; or every wrong field. For what
    comes by another way than a body: a message of a WebSocket, a line of an import.
    """
    looked = _Look()
    try:
        value = looked.at(value, 0)
    except _TooDeepError:
        return None, [FieldError("", f"must not be deeper than {MAX_DEPTH} levels", "", "length")]
    try:
        made = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        found = _Walk().errors(value, hint)
        return None, found or [FieldError("", str(error), "", "type")]
    if looked.found and (found := _Walk().errors(value, hint)):
        return None, found
    return made, []


# --- body ----------------------------------------------------------------------------------------


def _body(hint: Any, raw: bytes, errors: list[FieldError]) -> Any:
    try:
        value = msgspec.json.decode(raw) if raw.strip() else {}
    except RecursionError:
        raise ApiError(BAD_JSON, "the body is too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(BAD_JSON, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ApiError(BAD_JSON, "the body must be a JSON object")
    made, found = structure(value, hint)
    errors += found
    return made


class _TooDeepError(Exception):
    pass


class _Look:
    """One pass over a raw value, without its type. `found`: something must be looked at closely."""

    def __init__(self) -> None:
        self.found = False

    def at(self, value: Any, depth: int) -> Any:
        """The value, a whole number as one: to JSON Schema 3.0 is an integer, to msgspec not."""
        if depth > MAX_DEPTH:
            raise _TooDeepError
        if isinstance(value, str):
            self.found = self.found or len(value) > MAX_TEXT or has_control(value) is not None
        elif isinstance(value, dict):
            for key in value:
                self.at(key, depth)
                value[key] = self.at(value[key], depth + 1)
        elif isinstance(value, list):
            value[:] = [self.at(item, depth + 1) for item in value]
        elif isinstance(value, float) and value.is_integer() and abs(value) < _SAFE_FLOAT:
            return int(value)
        elif isinstance(value, int) and abs(value) > MAX_INT:
            self.found = True
        return value


class _Walk:
    """A raw value along its type: each wrong field."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def errors(self, value: Any, hint: Any) -> list[FieldError]:
        """What is wrong, at most `MAX_ERRORS`."""
        self._walk(value, hint, ())
        return self._errors[:MAX_ERRORS]

    def _walk(self, value: Any, hint: Any, path: Path) -> None:
        kind = rules.bare(hint)
        if value is None and rules.may_be_none(kind):
            return
        kinds = rules.members(kind)
        if len(kinds) > 1:
            self._union(value, hint, kinds, path)
        elif kind is not kinds[0]:
            self._walk(value, kinds[0], path)
        elif _is_struct(kind):
            self._struct(value, kind, path)
        elif get_origin(kind) in _LISTS:
            self._list(value, hint, path)
        elif get_origin(kind) is dict:
            self._dict(value, kind, path)
        elif kind is Any and isinstance(value, dict | list):
            self._anything(value, path)
        else:
            self._leaf(value, hint, path)

    def _union(self, value: Any, hint: Any, kinds: tuple[Any, ...], path: Path) -> None:
        structs = {each.__struct_config__.tag: each for each in kinds if _is_struct(each)}
        if not structs or not isinstance(value, dict):
            self._leaf(value, hint, path)
            return
        field = next(iter(structs.values())).__struct_config__.tag_field
        tag = value.get(field)
        kind = structs.get(tag) if isinstance(tag, str | int) else None
        if kind is None:
            wanted = ", ".join(str(tag) for tag in structs)
            self._add((*path, str(field)), f"must be one of {wanted}", "choice")
        else:
            self._struct(value, kind, path)

    def _struct(self, value: Any, kind: type[msgspec.Struct], path: Path) -> None:
        if not isinstance(value, dict):
            self._add(path, f"must be {rules.CALLED[dict]}", "type")
            return
        hints = _hints(kind)
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        for key in value:
            if key not in fields and key != kind.__struct_config__.tag_field:
                error = _unknown(key, fields, "")
                self._add((*path, key), error.rule, error.code)
        for name, each in fields.items():
            if name in value:
                self._walk(value[name], hints[each.name], (*path, name))
            elif each.required:
                self._add((*path, name), "must be given", "required")

    def _list(self, value: Any, hint: Any, path: Path) -> None:
        if not isinstance(value, list):
            self._add(path, f"must be {rules.list_says(hint)}", "type")
            return
        least, most = rules.bound(hint, "min_length"), rules.bound(hint, "max_length")
        if len(value) < (least or 0) or (most is not None and len(value) > most):
            self._add(path, f"must be {rules.list_says(hint)}", "length")
            return
        before, kind = len(self._errors), rules.bare(hint)
        parts = get_args(kind)
        if get_origin(kind) is tuple and parts[-1] is not ...:
            if len(value) != len(parts):
                self._add(path, f"must be a list of {len(parts)}", "length")
                return
        else:
            parts = (parts[0],) * len(value)
        for index, (item, part) in enumerate(zip(value, parts, strict=True)):
            self._walk(item, part, (*path, index))
            if len(self._errors) >= before + MAX_ERRORS:
                return

    def _dict(self, value: Any, kind: Any, path: Path) -> None:
        if not isinstance(value, dict):
            self._add(path, f"must be {rules.CALLED[dict]}", "type")
            return
        of_key, of_value = get_args(kind)
        for key, item in value.items():
            self._leaf(key, of_key, (*path, key))
            self._walk(item, of_value, (*path, key))

    def _anything(self, value: dict[str, Any] | list[Any], path: Path) -> None:
        if isinstance(value, dict):
            self._dict(value, dict[str, Any], path)
        else:
            self._list(value, list[Any], path)

    def _leaf(self, value: Any, hint: Any, path: Path) -> None:
        if isinstance(value, str) and (wrong := _wrong_text(value, hint)):
            self._add(path, *wrong)
            return
        if isinstance(value, int) and abs(value) > MAX_INT:
            self._add(path, f"must be {rules.says(hint) or 'a number of 64 bits'}", "range")
            return
        try:
            msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            said = rules.says(hint)
            self._add(path, f"must be {said}" if said else str(error), rules.code(hint, value))

    def _add(self, path: Path, rule: str, code: str) -> None:
        self._errors.append(FieldError(dotted(path), rule, "", code))


def _wrong_text(value: str, hint: Any) -> tuple[str, str] | None:
    """What holds for every text, whatever its rule: (rule, code)."""
    lines = rules.noted(hint, "lines")
    if (has_control_in_lines if lines else has_control)(value):
        more = " but line feed and tab" if lines else ""
        said = rules.says(hint) if rules.noted(hint, "says") else ""
        return (f"must be {said}" if said else f"must have no control characters{more}"), "control"
    bounded = rules.bound(hint, "max_length") is not None or rules.bound(hint, "pattern")
    if len(value) > MAX_TEXT and not bounded:
        return f"must be at most {MAX_TEXT} characters", "length"
    return None


# --- path and query ------------------------------------------------------------------------------


def _by_name(query: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for name, text in query:
        said.setdefault(name, []).append(text)
    return said


def _parameter(each: Parameter, texts: list[str], errors: list[FieldError]) -> Any:
    def wrong(rule: str, code: str) -> None:
        errors.append(FieldError(each.name, rule, each.where, code))

    kind = rules.bare(each.hint)
    if not texts:
        if each.required:
            wrong("must be given", "required")
        return each.default
    if get_origin(kind) in _LISTS:
        raw: Any = [_plain(text, get_args(kind)[0]) for text in texts]
    elif len(texts) > 1:
        wrong("must be given once", "repeated")
        return None
    else:
        raw = _plain(texts[0], each.hint)
    made, found = structure(raw, each.hint)
    for error in found:
        wrong(error.rule, error.code)
    return made


def _plain(text: str, hint: Any) -> Any:
    """A text of the query as JSON would have it; left as it is where it is not of that kind."""
    kinds = {rules.bare(each) for each in rules.members(rules.bare(hint))}
    if int in kinds and _as_int(text):
        return int(text)
    if float in kinds and _as_float(text):
        return msgspec.json.decode(text)  # JSON's own reading; 36 digits at most
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    return text


# --- words ---------------------------------------------------------------------------------------


def _unknown(name: str, known: Iterable[str], where: str) -> FieldError:
    known = list(known)
    # Cut: difflib's time grows with the square of the length.
    near = difflib.get_close_matches(name[:_SHOWN].lower().replace("-", "_"), known, n=1)
    rule = f"unknown; did you mean {near[0]}?" if near else "unknown"
    if known and not near:
        rule += f"; known here: {', '.join(sorted(known))}"
    return FieldError(_key(name), rule, where, "unknown")


def dotted(path: Path) -> str:
    """`("lines", 2, "amount")` as `lines[2].amount`; odd keys are quoted."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else ("." if text else "") + _key(step)
    return text


def _key(key: str) -> str:
    """As it may be printed: nothing of a stranger ends a line."""
    return key if _bare_key(key) else ascii(key[:_SHOWN])


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)
