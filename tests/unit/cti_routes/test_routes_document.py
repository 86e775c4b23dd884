"""The OpenAPI document says what the routes do."""

import jsonschema
import msgspec
import pytest

from cti.routes.declare import routes_of
from cti.routes.document import faults_of, openapi
from cti.routes.reading import structure
from tests.worlds.routes.tickets import Room, TicketIn

ROUTES = routes_of(Room())
DOCUMENT = openapi(ROUTES, title="T", version="1", security={"who": {"type": "apiKey"}})


def operation(method, path):
    return DOCUMENT["paths"][path][method]


def test_each_route_is_there_with_its_right_and_its_problems():
    for each in ROUTES:
        found = operation(each.declared.method.lower(), each.declared.path)
        assert found["operationId"] == each.name
        assert found["x-needs"] == each.declared.needs
        answers = found["responses"].values()
        named = {urn for answer in answers for urn in answer.get("x-problems", ())}
        assert named == {kind.urn for kind in faults_of(each)}


def test_answers_and_headers():
    put = operation("put", "/v1/tickets/{ticket_id}")
    assert [each["name"] for each in put["parameters"]] == ["ticket_id", "If-Match"]
    assert put["responses"]["404"]["x-problems"] == ["urn:cti:problem:unknown-ticket"]
    assert put["security"] == [{"who": []}]
    assert "content" not in operation("delete", "/v1/tickets/{ticket_id}")["responses"]["204"]
    assert operation("get", "/v1/export")["responses"]["200"]["content"] == {"text/csv": {}}
    assert "security" not in operation("get", "/v1/export")
    limit, closed, _tag = operation("get", "/v1/tickets")["parameters"]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert closed["schema"]["default"] is False


def test_every_reference_leads_somewhere():
    text = msgspec.json.encode(DOCUMENT).decode()
    for part in text.split('"$ref":"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in DOCUMENT["components"]["schemas"]


BODY = {"title": "t"}


@pytest.mark.parametrize(
    "value",
    [
        BODY,
        BODY | {"note": "a\nb"},
        BODY | {"free": "x" * 1000},
        BODY | {"lines": [{"sku": "a", "amount": 99}]},
        BODY | {"owner": None},
        BODY | {"count": 3.0},
        {},
        BODY | {"x": 1},
        BODY | {"title": "a\nb"},
        BODY | {"note": "a\0"},
        BODY | {"note": "x" * 20_001},
        BODY | {"free": "a\tb"},
        BODY | {"free": "a\u202eb"},
        BODY | {"free": "x" * 1001},
        BODY | {"lines": [{"sku": "a", "amount": 0}]},
        BODY | {"lines": [{"sku": "a\nb", "amount": 1}]},
        BODY | {"lines": [{"sku": "a", "amount": 1, "y": 1}]},
        BODY | {"owner": ""},
        BODY | {"count": 2**63},
        BODY | {"tags": {"a": 1}},
        BODY | {"urgency": "x"},
    ],
)
def test_the_schema_and_the_reader_agree(value):
    # Line feeds stand inside: Python's `$`, which this validator uses, lets one follow at the end.
    schema = {
        "$ref": "#/components/schemas/TicketIn",
        "components": {"schemas": DOCUMENT["components"]["schemas"]},
    }
    by_schema = jsonschema.Draft202012Validator(schema).is_valid(value)
    _, errors = structure(value, TicketIn)
    assert by_schema == (not errors), errors
