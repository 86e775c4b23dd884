"""Settings as the file that gives them: what is at its default is left out.

The routing part only, which is what can be changed while the router runs. Read back, the text gives
the same settings.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from cti.config.settings import ModeSettings, QueueSettings, Settings

ROUTING_FIELDS = (
    "reasons", "queues", "agents", "boosts", "break_caps", "modes", "policies", "limits",
    "call_data",
)  # fmt: skip
"""What takes effect while the router runs; all else needs a restart."""

_is_bare = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def to_toml(settings: Settings) -> str:
    """The routing part as TOML."""
    default = Settings()
    fields = [name for name in ROUTING_FIELDS if getattr(settings, name) != getattr(default, name)]
    queues = {queue.id: queue for queue in settings.queues}
    lines: list[str] = []
    for name in fields:
        value = getattr(settings, name)
        if name == "modes":
            for mode in value:
                lines += _mode(mode, queues)
        else:
            lines += _item(name, name, value)
    return "\n".join(lines).lstrip("\n") + "\n" if lines else ""


def _mode(mode: ModeSettings, queues: dict[str, QueueSettings]) -> Iterator[str]:
    """What a queue of a mode does not say is as in the queue, so that is what it is held against
    (`cti.config.inherit`).
    """
    yield from ("", "[[modes]]", f"name = {_said(mode.name)}")
    for queue in mode.queues:
        base = queues.get(queue.id) or QueueSettings(id=queue.id)
        yield from ("", "[[modes.queues]]", f"id = {_said(queue.id)}")
        yield from _fields("modes.queues", queue, base)
    if mode.boosts:
        yield from _item("boosts", "modes.boosts", mode.boosts)


def _item(name: str, path: str, value: Any) -> Iterator[str]:
    """One field: `name = …`, a table of its own, or one for each row."""
    if isinstance(value, msgspec.Struct):
        yield from ("", f"[{path}]")
        yield from _fields(path, value)
    elif _is_inner(value):
        for row in value:
            yield from ("", f"[[{path}]]")
            yield from _fields(path, row)
    else:
        yield f"{_key(name)} = {_said(value)}"


def _fields(path: str, value: msgspec.Struct, base: msgspec.Struct | None = None) -> Iterator[str]:
    """What differs from `base`, else from the defaults. Plain fields first: what follows the head
    of an inner table belongs to that one.
    """
    told = {}
    for field in msgspec.structs.fields(type(value)):
        item = getattr(value, field.name)
        usual = _default(field) if base is None else getattr(base, field.name)
        if item is not None and item != usual:  # TOML has no word for None
            told[field.name] = item
    for inner in (False, True):
        for name, item in told.items():
            if _is_inner(item) is inner:
                yield from _item(name, f"{path}.{name}", item)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _is_inner(value: Any) -> bool:
    rows = isinstance(value, tuple) and bool(value) and isinstance(value[0], msgspec.Struct)
    return rows or isinstance(value, msgspec.Struct)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_said, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {_said(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return msgspec.json.encode(value).decode()  # JSON's strings are TOML's


def _key(name: str) -> str:
    return name if _is_bare(name) else msgspec.json.encode(name).decode()
