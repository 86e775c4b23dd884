"""Which Python files the repository has, and what they import."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("routing", "cti", "simulators", "centre", "benchmarks", "tests")


def sources(*rooms: str) -> list[Path]:
    """Every Python file of these rooms; `var/` and caches are not ours."""
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(path: Path) -> set[str]:
    """Full names of all that this file imports, `from a import b` counted as `a` and as `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytest_plugins":
            names |= set(ast.literal_eval(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return names
