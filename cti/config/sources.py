"""Where a configuration comes from: one TOML file, a folder of more beside it, the environment.

Later sources win, in that order. Tables are merged; arrays of tables (`[[queues]]`, `[[agents]]`)
are joined; everything else is replaced. Each value remembers where it came from, for the messages.
This file knows TOML and the environment, and nothing of what the keys mean.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any

from cti.config.problems import Path, Problem, dotted, quoted_key


@dataclass(frozen=True, slots=True)
class Names:
    """Where one program's values come from: variables with `prefix`, less `reserved` (which are for
    its command line), and every `*.toml` of `folder` beside its file.
    """

    prefix: str
    reserved: frozenset[str]
    folder: str


ROUTER = Names("CTI_", frozenset({"CTI_CONFIG", "CTI_SOCKET"}), "conf.d")
# 50,000 agents of 200 bytes are 10 MB; what is larger is not a configuration.
MAX_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class EnvText(str):
    """A text from the environment: it may stand for a number, a truth value or a list."""

    __slots__ = ()


@dataclass(slots=True)
class Tree:
    """Raw values, and the origin of each: the file, or the name of the variable."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def origin(self, path: Path) -> str:
        """Where this value, or the nearest table around it, was written; "" for a default."""
        for length in range(len(path), -1, -1):
            if (found := self.origins.get(path[:length])) is not None:
                return found
        return ""


def gather(path: FilePath | None, environ: Mapping[str, str], names: Names = ROUTER) -> Tree:
    """All sources as one tree. What cannot be read is in its `problems`."""
    tree = Tree()
    for file in _files(path, names.folder):
        document = _parse(file, tree.problems)
        if document is not None:
            _merge(tree, tree.values, document, (), str(file))
    for name in sorted(environ):
        if name.startswith(names.prefix) and name not in names.reserved:
            _place(tree, name, names.prefix, environ[name])
    return tree


def _files(path: FilePath | None, folder: str) -> list[FilePath]:
    if path is None:
        return []
    # Hidden files are what editors leave behind.
    more = (file for file in (path.parent / folder).glob("*.toml") if file.name[0] != ".")
    return [path, *sorted(more)]


def _parse(file: FilePath, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        raw = _read(file)
        if len(raw) <= MAX_BYTES:
            return tomllib.loads(raw.decode("utf-8"))
        rule = f"is larger than {MAX_BYTES >> 20} MiB"
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        rule = f"must be UTF-8; byte {error.start} is not"
    except RecursionError:
        rule = "nested too deeply"
    except ValueError as error:  # tomllib.TOMLDecodeError is one, with line and column
        rule = f"is not valid TOML: {error}"
    problems.append(Problem(str(file), "", rule))
    return None


def _read(file: FilePath) -> bytearray:
    """The bytes of a file, of one that is too large only so many that this can be told."""
    raw = bytearray()
    with file.open("rb") as stream:
        while len(raw) <= MAX_BYTES and (chunk := stream.read(_CHUNK_BYTES)):
            raw += chunk
    return raw


def _merge(tree: Tree, into: dict[str, Any], new: dict[str, Any], at: Path, file: str) -> None:
    for key, value in new.items():
        path = (*at, key)
        old = into.get(key)
        if isinstance(value, dict):
            if not isinstance(old, dict):
                old = into[key] = {}
            tree.origins.setdefault(path, file)
            _merge(tree, old, value, path, file)
        elif _is_tables(value) and (old is None or _is_tables(old)):
            rows = into.setdefault(key, [])
            for row in value:
                tree.origins[(*path, len(rows))] = file
                rows.append(row)
        else:
            into[key] = value
            tree.origins[path] = file


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value) and bool(value)


def _place(tree: Tree, name: str, prefix: str, text: str) -> None:
    """Put one variable where it belongs: `CTI_ASTERISKS__A1__SECRET` names the entry by its name
    (or by its number), so that its place does not hang on the order of files.
    """
    origin = f"environment {quoted_key(name)}"
    *steps, last = name.removeprefix(prefix).lower().split("__")
    here: Any = tree.values
    path: Path = ()
    for step, following in pairwise([*steps, last]):
        key = _key(here, step)
        if key is None:
            rule = f"no entry {quoted_key(step)} in {dotted(path)}; the next number adds one"
            tree.problems.append(Problem(origin, "", rule))
            return
        path = (*path, key)
        if _make_room(here, key, following):
            tree.origins[path] = origin
        here = here[key]
        if not isinstance(here, dict | list):
            rule = f"{dotted(path)} is one value and has nothing below it"
            tree.problems.append(Problem(origin, "", rule))
            return
    key = _key(here, last) if isinstance(here, dict) else None
    if key is None or isinstance(here.get(key), dict) or _is_tables(here.get(key)):
        rule = f"{dotted((*path, last))} is a table; name one field of it"
        tree.problems.append(Problem(origin, "", rule))
        return
    here[key] = EnvText(text)
    tree.origins[(*path, str(key))] = origin
    # The variable takes the place of the other way to say the same secret.
    here.pop(last.removesuffix("_file") if last.endswith("_file") else f"{last}_file", None)


def _key(here: Any, step: str) -> str | int | None:
    """The key or index that `step` means in this table or list, None when there is none."""
    if isinstance(here, dict):
        return next((key for key in here if _alike(key, step)), step)
    for index, row in enumerate(here):
        name = row.get("id", row.get("name")) if isinstance(row, dict) else None
        if isinstance(name, str) and _alike(name, step):
            return index
    return int(step) if _is_number(step) and int(step) <= len(here) else None


def _alike(name: str, step: str) -> bool:
    """Variables know no small letters and no `-`."""
    return name.lower().replace("-", "_") == step.replace("-", "_")


def _is_number(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10


def _make_room(here: Any, key: str | int, following: str) -> bool:
    """Add the table or list that `key` names; False when it is there already."""
    if isinstance(here, list):
        if key != len(here):
            return False
        here.append({})
    elif key in here:
        return False
    else:
        here[key] = [] if _is_number(following) else {}
    return True


def readable_by_others(file: str) -> bool:
    """Whether every user of the machine may read this file. False where that cannot be told."""
    try:
        return bool(FilePath(file).stat().st_mode & 0o004)
    except OSError:
        return False
