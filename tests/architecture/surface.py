"""What others build on, as text: every message with its fields, every code.

`python -m tests.architecture.surface` writes it anew. What stands in `surface.txt` is promised: the
test lets nothing of it disappear or change its meaning, since journals, the event log, desks and
modules of other people hold it.
"""

import inspect
from collections.abc import Iterator
from enum import EnumMeta
from pathlib import Path
from types import ModuleType

import msgspec

from routing import commands, config, control, events, legs, refusals, words
from routing.transfers import messages as transfer_messages

RECORDED = Path(__file__).with_name("surface.txt")
WORDS = {
    commands: "command",
    events: "event",
    transfer_messages: "transfer",
    legs: "leg",
    control: "control",
    config: "config",
    refusals: "refusals",
    words: "word",
}


def lines() -> list[str]:
    return sorted(line for module, word in WORDS.items() for line in lines_of(module, word))


def lines_of(module: ModuleType, word: str) -> Iterator[str]:
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", "") != module.__name__:
            continue
        if isinstance(thing, EnumMeta):
            yield from (f"{word} {name} = {member.value}" for member in thing)
        elif inspect.isclass(thing) and issubclass(thing, msgspec.Struct):
            yield from fields_of(thing, word)


def fields_of(struct: type[msgspec.Struct], word: str) -> Iterator[str]:
    """Each field with whether it must be given; the tag is the name on the wire."""
    name = str(struct.__struct_config__.tag or struct.__name__)
    yield f"{word} {name}"
    for field in msgspec.structs.fields(struct):
        need = "required" if field.required else "optional"
        yield f"{word} {name}.{field.encode_name} {need}"


if __name__ == "__main__":
    RECORDED.write_text("\n".join(lines()) + "\n", encoding="utf-8")
