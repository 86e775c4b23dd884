"""JSON Schemas (draft 07) and the AsyncAPI 3 document, from the types.

Draft 07 since that is what AsyncAPI's own schemas are, and what every library reads. msgspec writes
2020-12, which differs in what the types use only in tuples.
"""

from collections import defaultdict
from typing import Any

import msgspec

from cti.bus.link import BrokerAddress
from cti.record.cloudevents import CloudEvent
from cti.record.topics import Leaf, Subject
from docs.catalogue.entries import (
    IDS,
    MAJOR,
    Entry,
    address,
    docstring,
    entries,
    event_words,
    fields_of,
    meaning,
    minor,
)
from routing import events as e

Json = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
STRUCTS: dict[str, type[msgspec.Struct]] = {
    **{entry.name: entry.kind for entry in entries()},
    "Decision": e.Decision,
    "CloudEvent": CloudEvent,
}
UNITS = {"us": "microseconds", "moment_us": "microseconds since 1970 UTC"}


def json_schema() -> Json:
    """Any message on the bus; `definitions` has each by its `type`, and each event's data."""
    prefix = "#/definitions/"
    names = [name for entry in entries() for name in entry.types]
    return {
        "$schema": DRAFT,
        "$id": f"urn:paidui:bus:v{MAJOR}",
        "title": "A message on the bus",
        "oneOf": [{"$ref": prefix + name} for name in names],
        "definitions": schemas(prefix),
    }


def schemas(prefix: str) -> Json:
    """{name: schema}: messages, data, and the fixed lists; they refer to each other by `prefix`."""
    components = msgspec.json.schema_components(STRUCTS.values(), ref_template=prefix + "{name}")[1]
    on_the_wire = {kind.__name__: name for name, kind in STRUCTS.items()}
    found = {on_the_wire.get(own, own): _draft_07(said) for own, said in components.items()}
    for name, kind in STRUCTS.items():
        _describe(found[name], name, kind)
    envelope = found["CloudEvent"]
    envelope["properties"]["seq"]["pattern"] = "^[0-9]+$"
    messages = {
        name: _message_schema(entry, name, prefix) for entry in entries() for name in entry.types
    }
    return dict(sorted((found | messages).items()))


def _draft_07(value: Any) -> Any:
    if isinstance(value, list):
        return [_draft_07(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _draft_07(item) for key, item in value.items()}
    if "prefixItems" in made:
        made["additionalItems"] = made["items"]
        made["items"] = made.pop("prefixItems")
    return made


def _describe(schema: Json, name: str, kind: type[msgspec.Struct]) -> None:
    schema["title"] = name
    schema["description"] = docstring(kind)
    if name != "CloudEvent":
        schema["x-version"] = f"{MAJOR}.{minor(kind)}"
    for field in fields_of(kind):
        said = schema["properties"][field.name]
        if "$ref" in said:  # what stands beside a reference does not count in draft 07
            said = schema["properties"][field.name] = {"allOf": [said]}
        said["description"] = meaning(name, field.name)[0]
        if name != "CloudEvent":
            said["x-class"] = str(field.given)
        if field.unit:
            said["x-unit"] = UNITS[field.unit]


def _message_schema(entry: Entry, name: str, prefix: str) -> Json:
    data = {"$ref": prefix + entry.name}
    own = {"type": {"const": name}, "data": data}
    return {
        "title": name,
        "allOf": [{"$ref": f"{prefix}CloudEvent"}, {"type": "object", "properties": own}],
    }


def asyncapi() -> Json:
    """The bus as the router speaks on it; readers do the opposite of each operation."""
    channels: dict[tuple[Subject, Leaf], list[Entry]] = defaultdict(list)
    for entry in entries():
        channels[entry.subject, entry.leaf].append(entry)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Paidui: events on the bus",
            "version": f"{MAJOR}.{sum(minor(entry.kind) for entry in entries())}.0",
            "description": (
                "What a router says on MQTT, as CloudEvents 1.0 (structured JSON). 路由器在 MQTT "
                "总线上发布的事件。Readers drop what is not above the last (epoch, seq)."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {"bus": _server()},
        "channels": {_channel(*key): _channel_body(*key, told) for key, told in channels.items()},
        "operations": {
            f"send{_channel(*key)[0].upper()}{_channel(*key)[1:]}": _operation(*key)
            for key in channels
        },
        "components": {
            "messages": {
                name: _message(entry, name) for entry in entries() for name in entry.types
            },
            "schemas": schemas("#/components/schemas/"),
        },
    }


def _channel(subject: Subject, leaf: Leaf) -> str:
    return f"{subject}{leaf.capitalize()}"


def _channel_body(subject: Subject, leaf: Leaf, told: list[Entry]) -> Json:
    names = [name for entry in told for name in entry.types]
    return {
        "address": address(subject, leaf),
        "parameters": {
            "site": {"description": meaning("", "site")[0] + "; percent-encoded (RFC 3986)"},
            IDS[subject]: {
                "description": meaning("", IDS[subject])[0] + "; percent-encoded (RFC 3986)"
            },
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operation(subject: Subject, leaf: Leaf) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_channel(subject, leaf)}"},
        "bindings": {"mqtt": {"qos": 1, "retain": leaf is Leaf.STATE, "bindingVersion": "0.2.0"}},
    }


def _message(entry: Entry, name: str) -> Json:
    title, when = event_words(entry.name)
    return {
        "name": name,
        "title": f"{entry.name} {title}",
        "summary": docstring(entry.kind).split("\n\n")[0],
        "description": when,
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def _server() -> Json:
    there = BrokerAddress()
    return {
        "host": "{host}:{port}",
        "protocol": "mqtt",
        "protocolVersion": "3.1.1",
        "variables": {"host": {"default": there.host}, "port": {"default": str(there.port)}},
    }
