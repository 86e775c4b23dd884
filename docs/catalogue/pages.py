"""The catalogue for people: one page in English, one in Chinese."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from cti.record.cloudevents import CloudEvent
from docs.catalogue.entries import (
    Entry,
    address,
    docstring,
    entries,
    event_words,
    fields_of,
    meaning,
)
from docs.catalogue.schemas import schemas
from routing import events as e

_PREFIX: Final = "#/"


class Language(NamedTuple):
    """The words of a page; `head` is its first part's file; `column` picks a field's meaning."""

    column: int
    head: str
    events: tuple[str, ...]
    fields: tuple[str, ...]
    units: dict[str, str]
    classes: dict[str, str]
    version: str
    topic: str
    parts: tuple[str, str, str]


ENGLISH = Language(
    0,
    "head.md",
    ("On the bus", "Event", "Version", "Topic", "When"),
    ("Field", "Type", "Unit", "Class", "Meaning"),
    {"": "", "us": "µs", "moment_us": "µs since 1970 UTC"},
    {"public": "public", "personal": "**personal**", "secret": "**secret**"},
    "Version",
    "Topic",
    ("The envelope", "Parts", "Fixed lists"),
)
CHINESE = Language(
    1,
    "head.zh.md",
    ("总线名称", "事件", "版本", "主题", "说明"),
    ("字段", "类型", "单位", "分级", "含义"),
    {"": "", "us": "微秒", "moment_us": "微秒（自 1970 UTC）"},
    {"public": "公开", "personal": "**个人信息**", "secret": "**机密**"},
    "版本",
    "主题",
    ("信封", "组成部分", "固定取值"),
)


def page(words: Language) -> str:
    """The whole page as Markdown."""
    known = schemas(_PREFIX)
    envelope, parts, lists = words.parts
    head = Path(__file__).with_name(words.head).read_text(encoding="utf-8")
    lines = [head, *_row(words.events), *_rule(words.events)]
    for entry in entries():
        lines += _row(_summary(entry, words))
    lines += [
        "",
        f"## {envelope}",
        "",
        _about("CloudEvent", CloudEvent, words),
        "",
        *_table("CloudEvent", CloudEvent, words, known),
    ]
    for entry in entries():
        lines += _section(entry, words, known)
    decision = _about("Decision", e.Decision, words)
    lines += ["", f"## {parts}", "", "### Decision", "", decision, ""]
    lines += [*_table("Decision", e.Decision, words, known), "", f"## {lists}", ""]
    for name, schema in known.items():
        if "enum" in schema:
            lines.append(f"* `{name}`: " + ", ".join(f"`{value}`" for value in schema["enum"]))
    return "\n".join(lines) + "\n"


def _summary(entry: Entry, words: Language) -> tuple[str, ...]:
    return (
        " ".join(f"`{name}`" for name in entry.types),
        f"[{_title(entry, words)}](#{entry.name.lower()})",
        entry.version,
        f"`{entry.subject}/…/{entry.leaf}`",
        _about(entry.name, entry.kind, words).split("\n\n")[0].replace("\n", " "),
    )


def _section(entry: Entry, words: Language, known: dict[str, Any]) -> Iterator[str]:
    yield from ("", f'<a id="{entry.name.lower()}"></a>', "")
    yield f"## {_title(entry, words)}: " + ", ".join(f"`{name}`" for name in entry.types)
    yield from ("", _about(entry.name, entry.kind, words), "")
    where = address(entry.subject, entry.leaf)
    yield f"{words.version} {entry.version}. {words.topic} `{where}`."
    yield ""
    yield from _table(entry.name, entry.kind, words, known)


def _title(entry: Entry, words: Language) -> str:
    return f"{entry.name} {event_words(entry.name)[0]}" if words.column else entry.name


def _about(name: str, kind: type, words: Language) -> str:
    return event_words(name)[1] if words.column else docstring(kind)


def _table(
    name: str, kind: type[msgspec.Struct], words: Language, known: dict[str, Any]
) -> Iterator[str]:
    yield from _row(words.fields)
    yield from _rule(words.fields)
    for field in fields_of(kind):
        yield from _row(
            (
                f"`{field.name}`",
                type_of(known[name]["properties"][field.name]),
                words.units[field.unit],
                words.classes[field.given] if name != "CloudEvent" else words.classes["public"],
                meaning(name, field.name)[words.column],
            )
        )


def type_of(schema: dict[str, Any]) -> str:
    """A schema as a reader says it: `string`, `list of [string, integer]`, the name of a list."""
    if "allOf" in schema:
        return type_of(schema["allOf"][0])
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_PREFIX)
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    items = schema.get("items")
    if isinstance(items, list):
        return f"[{', '.join(map(type_of, items))}]"
    if items:
        return f"list of {type_of(items)}"
    return str(schema.get("type", "any"))


def _row(cells: tuple[str, ...]) -> Iterator[str]:
    yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rule(cells: tuple[str, ...]) -> Iterator[str]:
    yield "|" + "---|" * len(cells)
