"""What stands in the catalogue: every event and state document, with its topic and its fields.

All of it is read from the types; only words come from `words.toml`.
"""

import inspect
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from cti.bus.documents import AgentDocument, QueueDocument, RouterDocument
from cti.record.classes import FieldClass, classes_of, name_of
from cti.record.cloudevents import csta_names, subject_of
from cti.record.set_aside import EventSetAside
from cti.record.topics import PREFIX, Leaf, Subject
from routing import events as e

MAJOR = int(PREFIX.rpartition("/v")[2])

IDS = {
    Subject.CALL: "call_id",
    Subject.AGENT: "agent_id",
    Subject.QUEUE: "queue_id",
    Subject.ROUTER: "node",
}
DOCUMENTS: dict[type[msgspec.Struct], Subject] = {
    AgentDocument: Subject.AGENT,
    QueueDocument: Subject.QUEUE,
    RouterDocument: Subject.ROUTER,
}
MOMENTS = {"first_queued_us", "longest_waiting_since_us", "since_us", "started_us", "until_us"}


class Field(NamedTuple):
    """`unit` is "us" for a length in microseconds, "moment_us" for microseconds since 1970 UTC."""

    name: str
    unit: str
    given: FieldClass


class Entry(NamedTuple):
    """An event or a state document. `types` are its names on the bus, with our prefix."""

    name: str
    kind: type[msgspec.Struct]
    types: tuple[str, ...]
    subject: Subject
    leaf: Leaf
    fields: tuple[Field, ...]

    @property
    def version(self) -> str:
        """Fields are only ever added, with a default: so their number says how often that was."""
        return f"{MAJOR}.{minor(self.kind)}"


@cache
def entries() -> tuple[Entry, ...]:
    """Events in the order of `routing.events.Event`, then the documents."""
    events: list[Any] = [*get_args(e.Event), EventSetAside]
    return (
        *(_entry(kind, csta_names(kind), subject_of(kind), Leaf.EVENT) for kind in events),
        *(_entry(kind, (f"{it}State",), it, Leaf.STATE) for kind, it in DOCUMENTS.items()),
    )


def _entry(
    kind: type[msgspec.Struct], names: tuple[str, ...], subject: Subject, leaf: Leaf
) -> Entry:
    types = tuple(f"cti.{name}" for name in names)
    return Entry(name_of(kind), kind, types, subject, leaf, fields_of(kind))


def fields_of(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of an event, or of a part of one."""
    return tuple(Field(name, unit_of(name), given) for name, given in classes_of(kind).items())


def unit_of(name: str) -> str:
    """Units stand last in a name."""
    if name in MOMENTS:
        return "moment_us"
    return "us" if name.endswith("_us") else ""


def minor(kind: type[msgspec.Struct]) -> int:
    """How many fields have a default, those of its parts included."""
    fields = msgspec.structs.fields(kind)
    own = sum(not field.required for field in fields)
    parts = [field.type for field in fields if isinstance(field.type, type)]
    return own + sum(minor(part) for part in parts if issubclass(part, msgspec.Struct))


def address(subject: Subject, leaf: Leaf) -> str:
    """The topic, with parameters as AsyncAPI writes them."""
    return f"{PREFIX}/{{site}}/{subject}/{{{IDS[subject]}}}/{leaf}"


def docstring(kind: type) -> str:
    """The type's own words, in one paragraph each."""
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


@cache
def words() -> dict[str, dict[str, list[str]]]:
    """`words.toml`."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def meaning(entry: str, field: str) -> tuple[str, str]:
    """What a field says, in English and in Chinese; KeyError when nobody has written it down."""
    said = words()["fields"]
    english, chinese = said.get(f"{entry}.{field}") or said[field]
    return english, chinese


def event_words(name: str) -> tuple[str, str]:
    """Name and description in Chinese."""
    title, when = words()["events"][name]
    return title, when
