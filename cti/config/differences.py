"""What differs between two values of one type, one line each, in the words and units of the file.

`queues.loans.ring_timeout_s: 15 → 20`. Rows of a table are told by their name, so that a new one in
front changes nothing else; a secret is never shown. For people: `routing.config_check.changes` says
in a word which queues and agents are concerned.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from cti.config.secret import Secret

_NAMES = ("id", "queue_id", "agent_id", "rule_id", "name", "cause")
_US = 1_000_000


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Every field that differs, in the order of the fields. Both are of one type, or None."""
    if isinstance(old, msgspec.Struct) and type(old) is type(new):
        for field in old.__struct_fields__:
            before, after = getattr(old, field), getattr(new, field)
            if before != after:
                yield from _field(field, before, after, path)
    elif isinstance(old, Secret):
        yield f"{path}: changed"
    elif isinstance(new, msgspec.Struct) or isinstance(old, msgspec.Struct):
        yield f"{path}: {'added' if old is None else 'removed'}"
    else:
        yield f"{path}: {_said(old)} → {_said(new)}"


def _field(name: str, old: Any, new: Any, path: str) -> Iterator[str]:
    if name.endswith("_us"):
        name, old, new = f"{name.removesuffix('_us')}_s", old / _US, new / _US
    path = f"{path}.{name}" if path else name
    if _are_rows(old) and _are_rows(new) and (old or new):
        yield from _rows(old, new, path)
    else:
        yield from differences(old, new, path)


def _are_rows(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(row, msgspec.Struct) for row in value)


def _rows(old: tuple[Any, ...], new: tuple[Any, ...], path: str) -> Iterator[str]:
    before, after = _keyed(old), _keyed(new)
    for key, row in after.items():
        if key not in before:
            yield f"{path}{key}: added"
        elif before[key] != row:
            yield from differences(before[key], row, f"{path}{key}")
    yield from (f"{path}{key}: removed" for key in before if key not in after)
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        yield f"{path}: in another order"


def _keyed(rows: tuple[Any, ...]) -> dict[str, Any]:
    """The rows by `.name`, or by `[number]` where they have none or share one."""
    keys = [next((f".{getattr(row, n)}" for n in _NAMES if hasattr(row, n)), "") for row in rows]
    if "" in keys or len({*keys}) < len(keys):
        keys = [f"[{number}]" for number in range(len(rows))]
    return dict(zip(keys, rows, strict=True))


def _said(value: Any) -> str:
    """A value as people would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "none"
    if isinstance(value, tuple):
        parts = (" ".join(map(str, x)) if isinstance(x, tuple) else str(x) for x in value)
        return ", ".join(parts) or "none"
    return "none" if value in (None, "") else str(value)
