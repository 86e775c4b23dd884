"""From raw values to a Struct: every field checked, every problem collected.

msgspec's own conversion stops at the first error and speaks of regular expressions; an operator
wants all of them, in words. Types and rules are read from the annotations of the Struct (such as
`cti.config.settings.Settings`); nothing is listed here that is listed there.
"""

import difflib
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

from cti.config import kinds
from cti.config.problems import Path, Problem, dotted, shown
from cti.config.rules import Range, Text
from cti.config.secret import Secret
from cti.config.sources import EnvText, Tree, readable_by_others

T = TypeVar("T", bound=msgspec.Struct)

_INVALID: Final = object()
_SECRET_BYTES = 4096


class Builder:
    """One pass over one tree. `problems` and `warnings` are complete afterwards."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.problems: list[Problem] = [*tree.problems]
        self.warnings: list[Problem] = []
        self._wrong_paths: list[Path] = []
        self._open_files: set[str] = set()  # those already warned about

    def draft(self, kind: type[T]) -> T:
        """The tree as a value of `kind`. With `problems` it is a draft: what is wrong is at its
        default or empty, so that the rules between fields can be checked in the same run.
        """
        found = self._struct(kind, self._tree.values, ())
        if not isinstance(found, kind):
            raise TypeError("the root of a tree is a table")
        return found

    def add(self, where: str, path: Path, rule: str) -> None:
        """A finding about a draft; not one that only repeats what is known to be wrong there."""
        if not any(_touch(path, wrong) for wrong in self._wrong_paths):
            self.problems.append(Problem(where or self._tree.origin(path), dotted(path), rule))

    def warn(self, where: str, path: Path, rule: str) -> None:
        """Something that may be used as it is, and that the operator should know."""
        self.warnings.append(Problem(where or self._tree.origin(path), dotted(path), rule))

    # --- tables ----------------------------------------------------------------------------------

    def _struct(self, kind: type[msgspec.Struct], raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict):
            return self._wrong(path, "must be a table")
        hints = kinds.hints(kind)
        self._unknown_keys(hints, raw, path)
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            hint = hints[field.name]
            if kinds.base(hint) is Secret and f"{field.name}_file" in raw:
                values[field.name] = self._secret_from_file(hint, raw, field.name, path)
                if values[field.name] is _INVALID:
                    self._wrong_paths.append((*path, field.name))
            elif field.name in raw:
                values[field.name] = self._value(hint, raw[field.name], (*path, field.name))
            elif field.required:
                values[field.name] = self._wrong((*path, field.name), "must be given")
            if field.required and values[field.name] is _INVALID:
                values[field.name] = kinds.empty(kinds.base(hint))
        return kind(**{name: value for name, value in values.items() if value is not _INVALID})

    def _unknown_keys(self, hints: dict[str, Any], raw: dict[str, Any], path: Path) -> None:
        known = [
            *hints,
            *(f"{name}_file" for name, hint in hints.items() if kinds.base(hint) is Secret),
        ]
        for key in raw:
            if key in known:
                continue
            # Cut: difflib's time grows with the square of the length.
            near = difflib.get_close_matches(key[:64].lower().replace("-", "_"), known, n=1)
            rule = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
            self._wrong((*path, key), f"unknown key; {rule}")

    def _secret_from_file(self, hint: Any, raw: dict[str, Any], name: str, path: Path) -> Any:
        at = (*path, f"{name}_file")
        if name in raw:
            return self._wrong(at, f"give {name} or {name}_file, not both")
        file = raw[f"{name}_file"]
        if not isinstance(file, str):
            return self._wrong(at, "must be a path", file)
        try:
            with FilePath(file).open("rb") as stream:
                text = stream.read(_SECRET_BYTES).decode("utf-8")
        except (OSError, ValueError) as error:  # ValueError: NUL in the path, not UTF-8
            return self._wrong(at, f"{shown(file)} cannot be read: {_reason(error)}")
        self._warn_if_open(file, at)
        # `echo secret > file` and every editor end the line; the line feed is not of the secret.
        return self._value(hint, text.removesuffix("\n").removesuffix("\r"), at)

    # --- values ----------------------------------------------------------------------------------

    def _value(self, hint: Any, raw: Any, path: Path) -> Any:
        kind, rule = kinds.base(hint), kinds.rule(hint)
        origin = get_origin(kind)
        if origin is tuple:
            return self._tuple(get_args(kind)[0], raw, path)
        if origin is dict:
            return self._mapping(get_args(kind), raw, path)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(kind, raw, path)
        choices = kinds.choices(kind)
        if choices:
            return self._choice(choices, raw, path)
        value = kinds.CONVERT[kind](raw)
        if value is None:
            # A secret of the wrong type is a secret still.
            got = Secret() if kind is Secret else raw
            return self._wrong(path, f"must be {kinds.CALLED[kind]}", got)
        return self._ruled(value, rule, path)

    def _ruled(self, value: Any, rule: Text | Range | None, path: Path) -> Any:
        if isinstance(value, Secret):
            self._warn_if_open(self._tree.origin(path), path)
        if rule is None or rule.admits(value):
            return value
        return self._wrong(path, f"must be {rule.says}", value)

    def _tuple(self, hint: Any, raw: Any, path: Path) -> Any:
        if isinstance(raw, EnvText):
            raw = [EnvText(part.strip()) for part in raw.split(",") if part.strip()]
        if not isinstance(raw, list):
            tables = isinstance(kinds.base(hint), type) and issubclass(
                kinds.base(hint), msgspec.Struct
            )
            called = f"a list of tables, [[{dotted(path)}]]" if tables else "a list"
            return self._wrong(path, f"must be {called}", raw)
        items = tuple(self._value(hint, item, (*path, index)) for index, item in enumerate(raw))
        return _INVALID if _INVALID in items else items

    def _mapping(self, hints: tuple[Any, Any], raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict):
            return self._wrong(path, "must be a table", raw)
        values = {}
        for key, item in raw.items():
            at = (*path, key)
            named = self._ruled(key, kinds.rule(hints[0]), at)
            values[key] = _INVALID if named is _INVALID else self._value(hints[1], item, at)
        return _INVALID if _INVALID in values.values() else values

    def _choice(self, choices: dict[str, Any], raw: Any, path: Path) -> Any:
        if isinstance(raw, str) and raw in choices:
            return choices[raw]
        return self._wrong(path, f"must be one of {', '.join(choices)}", raw)

    # --- findings --------------------------------------------------------------------------------

    def _wrong(self, path: Path, rule: str, *got: Any) -> Any:
        rule += f", not {shown(got[0])}" if got and not isinstance(got[0], Secret) else ""
        self.problems.append(Problem(self._tree.origin(path), dotted(path), rule))
        self._wrong_paths.append(path)
        return _INVALID

    def _warn_if_open(self, file: str, path: Path) -> None:
        if file in self._open_files or not readable_by_others(file):
            return
        self._open_files.add(file)
        rule = f"every user of this machine can read it in {quoted(file)}; chmod o-rwx helps"
        self.warnings.append(Problem(file, dotted(path), rule))


def quoted(file: str) -> str:
    """A file name as it may be printed."""
    return file if file.isprintable() else ascii(file)


def _touch(path: Path, other: Path) -> bool:
    """Whether one of the two contains the other."""
    length = min(len(path), len(other))
    return path[:length] == other[:length]


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "not a text file"
