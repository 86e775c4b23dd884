"""`python make_mutants.py MODULE…`: every small mistake that could be made there, as JSON.

Runs in the tool's own environment (`make mutants` makes it), started in this folder. The mistakes
are mutmut's, and two kinds that it does not make: a call whose result nobody uses is left out, and
a condition is turned round.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import create_mutations

ROUTING = Path(__file__).resolve().parents[2] / "routing"


def functions(module: cst.Module) -> Iterator[tuple[str, cst.FunctionDef]]:
    """Functions and methods by their names, those within others left to them."""
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            yield node.name.value, node
        elif isinstance(node, cst.ClassDef):
            for inner in node.body.body:
                if isinstance(inner, cst.FunctionDef):
                    yield f"{node.name.value}.{inner.name.value}", inner


class Ours(cst.CSTVisitor):
    """The mistakes that mutmut does not make."""

    def __init__(self) -> None:
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:  # noqa: N802
        for part in node.body:
            if isinstance(part, cst.Del) or (
                isinstance(part, cst.Expr) and isinstance(part.value, cst.Call)
            ):
                self.found.append((part, cst.Pass()))

    def visit_If(self, node: cst.If) -> None:  # noqa: N802
        self.turned(node.test)

    def visit_IfExp(self, node: cst.IfExp) -> None:  # noqa: N802
        self.turned(node.test)

    def visit_While(self, node: cst.While) -> None:  # noqa: N802
        self.turned(node.test)

    def turned(self, test: cst.BaseExpression) -> None:
        if not isinstance(test, cst.Comparison | cst.UnaryOperation | cst.NamedExpr):
            inner = test.with_changes(
                lpar=[cst.LeftParen(), *test.lpar], rpar=[*test.rpar, cst.RightParen()]
            )
            self.found.append((test, cst.UnaryOperation(cst.Not(), inner)))


class Replaced(cst.CSTTransformer):
    """One node for another."""

    def __init__(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        self.old, self.new = old, new

    def on_leave(self, original_node, updated_node):
        return self.new if original_node is self.old else updated_node


def mutants_of(name: str) -> Iterator[dict[str, object]]:
    """All mutants of one module, each as the source of one function."""
    code = (ROUTING / f"{name}.py").read_text(encoding="utf-8")
    module, theirs, _, _ = create_mutations(name, code)
    lines = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    for path, function in functions(module):
        ours = Ours()
        function.visit(ours)
        pairs = [
            (each.original_node, each.mutated_node)
            for each in theirs
            if each.contained_by_top_level_function is function
        ]
        bare = function.with_changes(decorators=[], leading_lines=[])
        for old, new in (*pairs, *ours.found):
            source = module.code_for_node(bare.visit(Replaced(old, new)))
            try:
                compile(source, name, "exec")
            except SyntaxError:
                continue
            yield {
                "module": name,
                "function": path,
                "line": lines[old].start.line,
                "before": " ".join(module.code_for_node(old).split()),
                "after": " ".join(module.code_for_node(new).split()),
                "source": source,
            }


if __name__ == "__main__":
    json.dump([mutant for name in sys.argv[1:] for mutant in mutants_of(name)], sys.stdout)
