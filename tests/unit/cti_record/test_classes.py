"""The classes of fields: text is published only after somebody has said what it is."""

from typing import Any, NewType, get_args

import msgspec
import pytest

from cti.bus.documents import AgentDocument, QueueDocument, RouterDocument
from cti.record.classes import (
    PERSONAL,
    PUBLIC,
    SECRET,
    TEXT,
    classes_of,
    holds_text,
    name_of,
    protected,
)
from cti.record.cloudevents import CloudEventEncoder
from cti.record.seen import seen
from cti.record.set_aside import EventSetAside
from routing import events as e
from routing.ids import AgentId
from routing.message import Message
from tests.worlds.record.history import History, made

DOCUMENTS = [AgentDocument, QueueDocument, RouterDocument]
STRUCTS = {
    name_of(kind): kind for kind in [*get_args(e.Event), e.Decision, EventSetAside, *DOCUMENTS]
}
NUMBER = "13812345678"


def texts(kind):
    """Those of its fields that could hold anything."""
    return {field.name for field in msgspec.structs.fields(kind) if holds_text(field.type)}


@pytest.mark.parametrize("kind", STRUCTS.values(), ids=name_of)
def test_each_field_that_can_hold_text_has_its_line(kind):
    listed = set(TEXT.get(name_of(kind), {}))
    assert texts(kind) <= listed, "say in cti/record/classes.py what it holds"


@pytest.mark.parametrize(("name", "fields"), TEXT.items())
def test_no_line_is_of_a_field_that_is_gone(name, fields):
    assert set(fields) <= set(STRUCTS[name].__struct_fields__)


@pytest.mark.parametrize("kind", STRUCTS.values(), ids=name_of)
def test_what_is_masked_is_text_and_in_the_event_itself(kind):
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    maskable = (str, tuple[tuple[str, str], ...])
    personal = [name for name, given in protected(kind).items() if given is PERSONAL]
    assert all(types[name] in maskable for name in personal)
    if kind in (e.Decision, EventSetAside, *DOCUMENTS):
        assert not protected(kind), "masking does not reach here"


def test_what_is_personal_now():
    found = {name: set(fields) for name, kind in STRUCTS.items() if (fields := protected(kind))}
    assert found == {
        "AgentCallBegan": {"other"},
        "CallQueued": {"caller", "caller_name"},
        "CallDelivered": {"caller", "caller_name", "personal_data"},
        "CallInformation": {"personal_data", "secret_data"},
        "CallbackBooked": {"number"},
        "OfferMade": {"caller", "callback"},
    }


@pytest.mark.parametrize(
    ("kind", "fields"),
    [(kind, set(fields)) for kind in get_args(e.Event) if (fields := protected(kind))],
)
def test_no_protected_field_reaches_the_bus(kind, fields):
    given = {name: (("of", NUMBER),) if name.endswith("_data") else NUMBER for name in fields}
    body = spoken(made(kind, **given))
    assert NUMBER not in body.decode()
    data = msgspec.json.decode(body)["data"]
    shown = {"secret_data": [], "personal_data": [["of", "138****5678"]]}
    assert {name: data[name] for name in fields} == {
        name: shown.get(name, "138****5678") for name in fields
    }


class CustomerNamed(Message, frozen=True):
    """An event that nobody has listed."""

    agent_id: AgentId
    name: str
    lines: tuple[str, ...]
    count: int


def test_an_event_that_nobody_has_listed_shows_no_text():
    assert classes_of(CustomerNamed) == {
        "agent_id": PUBLIC, "name": PERSONAL, "lines": SECRET, "count": PUBLIC,
    }  # fmt: skip
    body = spoken(CustomerNamed(AgentId("8001"), NUMBER, (NUMBER,), 3))
    assert msgspec.json.decode(body)["data"] == {
        "type": "CustomerNamed", "agent_id": "****", "name": "138****5678", "lines": [], "count": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hint", "can"),
    [
        (str, True),
        (bytes, True),
        (Any, True),
        (NewType("Name", str), True),
        (dict[str, int], True),
        (tuple[tuple[AgentId, str], ...], True),
        (str | None, True),
        (msgspec.Raw, True),
        (AgentId, False),
        (tuple[tuple[AgentId, int], ...], False),
        (int, False),
        (e.AgentState, False),
    ],
)
def test_what_can_hold_text(hint, can):
    assert holds_text(hint) is can


def spoken(event):
    return seen(CloudEventEncoder("n1", "main").record(History().say(event)))
