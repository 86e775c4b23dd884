"""What an import contract cannot show, read from the source text: the rules of docs/determinism.md.

Each check takes parsed source and yields `Finding`s; nothing here knows where the files lie or what
pytest is. The rules and the excuse marker are described in `test_tidy.py`, which walks the
repository with them.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
LINE_COLUMNS_MAX = 100

EXCUSE = re.compile(r"#\s*pure-ok:\s*\S+")

PRAGMA = re.compile(r"\s+#\s*(noqa|type:|pragma:).*$")
"""What is said to a tool does not count as part of the line; ruff has it so, too."""

BANNED_CALLS = {
    "hash": "differs from run to run for strings: write the key out",
    "id": "is an address: number the thing instead",
    "float": "is not exact: count in whole microseconds",
    "print": "is I/O: return an event",
    "input": "is I/O: take a command",
    "open": "is I/O: it belongs to the rim",
    "eval": "runs text",
    "exec": "runs text",
}

# Calls that give a set's members in the set's own order. `sorted`, `len`, `min`, `max`, `any`,
# `all`, `sum` do not depend on it and are fine.
WALKING_CALLS = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "dict"}
WALKING_METHODS = {"join", "extend", "fromkeys"}
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SET_OPERATORS = (ast.BitAnd, ast.BitOr, ast.Sub, ast.BitXor)
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one line."""

    line: int
    rule: str


def pure_findings(source: str) -> list[Finding]:
    """Everything that pure code must not contain and that no marker on the line excuses."""
    tree = ast.parse(source)
    lines = source.splitlines()
    found = [*_async(tree), *_banned_calls(tree), *_floats(tree), *_set_walks(tree)]
    kept = [f for f in found if not EXCUSE.search(lines[f.line - 1])]
    return sorted(set(kept), key=lambda f: (f.line, f.rule))


def size_findings(source: str) -> list[Finding]:
    """Lines, functions and files that are longer than a reader can hold."""
    lines = [PRAGMA.sub("", line) for line in source.splitlines()]
    found = [
        Finding(number, f"line of {len(line)} columns (at most {LINE_COLUMNS_MAX})")
        for number, line in enumerate(lines, 1)
        if len(line) > LINE_COLUMNS_MAX
    ]
    if len(lines) > FILE_LINES_MAX:
        found.append(Finding(1, f"file of {len(lines)} lines (at most {FILE_LINES_MAX})"))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                text = f"{node.name} has {length} lines (at most {FUNCTION_LINES_MAX})"
                found.append(Finding(node.lineno, text))
    return found


def _async(tree: ast.AST) -> Iterator[Finding]:
    kinds = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    for node in ast.walk(tree):
        if isinstance(node, kinds):
            yield Finding(node.lineno, "async: pure code never waits")


def _banned_calls(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in BANNED_CALLS
        ):
            yield Finding(node.lineno, f"{node.func.id}() {BANNED_CALLS[node.func.id]}")


def _floats(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield Finding(node.lineno, "float literal: integers only")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield Finding(node.lineno, "true division makes a float: use //")


def _set_walks(tree: ast.Module) -> Iterator[Finding]:
    """Wherever a set's own order could get out.

    A name counts as a set where its function (or the module) annotates or assigns it as one, an
    attribute where this file does. That misses a set that comes from elsewhere without annotation;
    mypy strict leaves few of those.
    """
    attributes = _set_attributes(tree)
    outer = _set_names(_of_scope(tree))
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))):
        nodes = list(_of_scope(scope))
        names = outer | _set_names(nodes) | attributes
        for node in nodes:
            for walked in _walked(node):
                if _is_set(walked, names):
                    yield Finding(
                        walked.lineno, "walks over a set: its order is not the same twice"
                    )


def _of_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of one function or module, without those of the functions in it."""
    yield scope
    rest = list(ast.iter_child_nodes(scope))
    while rest:
        node = rest.pop()
        if not isinstance(node, FUNCTIONS):
            yield node
            rest += ast.iter_child_nodes(node)


def _walked(node: ast.AST) -> list[ast.expr]:
    """The expressions whose members this node takes one after another."""
    match node:
        case ast.For(iter=walked) | ast.comprehension(iter=walked):
            found = [walked]
        case ast.Starred(value=walked) | ast.YieldFrom(value=walked):
            found = [walked]
        case ast.Call(func=ast.Name(id=name), args=args) if name in WALKING_CALLS:
            found = args
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in WALKING_METHODS:
            found = args
        case ast.Call(func=ast.Attribute(attr="pop", value=walked), args=[]):
            found = [walked]
        case _:
            found = []
    return found


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Name(id=name):
            return name in names
        case ast.Attribute(attr=name):
            return f".{name}" in names
        case ast.BinOp(op=operator, left=left, right=right) if isinstance(operator, SET_OPERATORS):
            return _is_set(left, names) or _is_set(right, names)
        case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in SET_METHODS:
            return _is_set(value, names)
        case _:
            return False


def _set_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that these nodes make sets."""
    names: set[str] = set()
    for node in nodes:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                names |= {name} if _annotates_set(annotation) else set()
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                names |= {name} if _annotates_set(annotation) else set()
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names |= {name} if _is_set(value, set()) else set()
    return names


def _set_attributes(tree: ast.Module) -> set[str]:
    """Attributes that this file makes sets, as `.name`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(body=body):
                names |= {f".{name}" for name in _set_names(body)}
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                names |= {f".{name}"} if _annotates_set(annotation) else set()
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                names |= {f".{name}"} if _is_set(value, set()) else set()
    return names


def _annotates_set(annotation: ast.expr) -> bool:
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = outer.attr if isinstance(outer, ast.Attribute) else getattr(outer, "id", "")
    return name in SET_TYPES
