"""Raw values as arguments: every wrong field at once, each with its path, rule and code."""

import msgspec
import pytest

from cti.routes.declare import routes_of
from cti.routes.problem import ApiError
from cti.routes.reading import MAX_DEPTH, arguments, structure
from tests.worlds.routes.tickets import Room, TicketIn

ROUTES = {each.name: each for each in routes_of(Room())}


def wrong(value, hint=TicketIn):
    _, errors = structure(value, hint)
    return {error.field: (error.code, error.rule) for error in errors}


def test_all_wrong_fields_are_named_at_once():
    value = {
        "titel": "x",
        "urgency": "urgent",
        "lines": [{"sku": "a b", "amount": 0}, {"sku": "ok", "amount": 1}, 7],
        "owner": "a/b",
        "count": "3",
        "tags": {"a b": "x"},
    }
    assert wrong(value) == {
        "titel": ("unknown", "unknown; did you mean title?"),
        "title": ("required", "must be given"),
        "urgency": ("choice", "must be one of low, high"),
        "lines[0].sku": ("pattern", "must be 1 to 64 of A-Z a-z 0-9 _ -"),
        "lines[0].amount": ("range", "must be 1 to 99"),
        "lines[2]": ("type", "must be an object"),
        "owner": ("pattern", "must be 1 to 64 of A-Z a-z 0-9 _ -"),
        "count": ("type", "must be a whole number"),
        "tags.'a b'": ("pattern", "must be 1 to 64 of A-Z a-z 0-9 _ -"),
    }


@pytest.mark.parametrize("bad", ["\0", "\r", "\n", "\x1b", "\x85", "\u2028", "\u202e", "\ud800"])
@pytest.mark.parametrize(
    "at", ["title", "free", "owner", "note", "key", "value", "deep", "deep key"]
)
def test_control_characters_are_refused_wherever_they_stand(bad, at):
    text = f"a{bad}"
    value = {"title": "t"} | {
        "key": {"tags": {text: "x"}},
        "value": {"tags": {"x": text}},
        "deep": {"more": {"a": [{"b": text}]}},
        "deep key": {"more": {"a": {text: 1}}},
    }.get(at, {at: text})
    if (at, bad) == ("note", "\n"):
        assert wrong(value) == {}
    else:
        assert [code for code, _ in wrong(value).values()] == ["control"]


def test_texts_have_a_bound_without_saying_so():
    assert wrong({"title": "t", "free": "x" * 1001}) == {
        "free": ("length", "must be at most 1000 characters")
    }
    assert wrong({"title": "t", "note": "x" * 20_000}) == {}
    assert wrong({"title": "t", "note": "x" * 20_001})["note"][0] == "length"
    assert wrong({"title": ""}) == {"title": ("length", "must be 1 to 20 characters")}
    too_many = {"title": "t", "lines": [{"sku": "a", "amount": 1}] * 4}
    assert wrong(too_many) == {"lines": ("length", "must be at most 3 items")}


def test_a_whole_number_may_be_written_with_a_point():
    made, errors = structure({"title": "t", "count": 3.0}, TicketIn)
    assert (made.count, errors) == (3, [])
    assert wrong({"title": "t", "count": 3.5})["count"][0] == "type"
    assert wrong({"title": "t", "count": True})["count"][0] == "type"
    assert wrong({"title": "t", "count": 2**63})["count"][0] == "range"


def test_depth_has_a_bound():
    value = {}
    for _ in range(MAX_DEPTH + 1):
        value = {"a": value}
    assert wrong({"title": "t", "more": value})[""][0] == "length"


def test_a_member_of_a_union_is_found_by_its_tag():
    class Cat(msgspec.Struct, tag=True, forbid_unknown_fields=True):
        lives: int

    class Dog(msgspec.Struct, tag=True, forbid_unknown_fields=True):
        name: str

    pets = list[Cat | Dog]
    assert wrong([{"type": "Cat", "lives": "x"}, {"type": "Cow"}], pets) == {
        "[0].lives": ("type", "must be a whole number"),
        "[1].type": ("choice", "must be one of Cat, Dog"),
    }
    assert wrong([{"type": ["Cat"]}], pets)["[0].type"][0] == "choice"
    made, _ = structure([{"type": "Dog", "name": "Rex"}], pets)
    assert made == [Dog("Rex")]


# --- with path and query ---


def read(name, path=None, query=(), raw=b""):
    return arguments(ROUTES[name], path or {}, query, raw)


def faults(name, **asked):
    with pytest.raises(ApiError) as caught:
        read(name, **asked)
    return caught.value.problem


def test_path_query_and_body_are_wrong_together():
    problem = faults("changeTicket", path={"ticket_id": "x1"}, query=[("liimt", "1")], raw=b"{}")
    assert problem.type == "urn:cti:problem:bad-field"
    assert {(error.where, error.field, error.code) for error in problem.errors} == {
        ("path", "ticket_id", "type"),
        ("query", "liimt", "unknown"),
        ("", "title", "required"),
    }


def test_the_query_is_read_by_type():
    assert read("listTickets") == {"limit": 20, "closed": False, "tag": ()}
    query = [("limit", "5"), ("closed", "true"), ("tag", "a"), ("tag", "b")]
    assert read("listTickets", query=query) == {"limit": 5, "closed": True, "tag": ("a", "b")}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ([("limit", "0")], "range"),
        ([("limit", "5.0")], "type"),
        ([("limit", "٣")], "type"),
        ([("limit", "9" * 500)], "type"),
        ([("limit", "1"), ("limit", "2")], "repeated"),
        ([("closed", "yes")], "type"),
        ([("tag", "a\n")], "control"),
        ([("x\r\ny", "")], "unknown"),
    ],
)
def test_wrong_queries(query, code):
    (error,) = faults("listTickets", query=query).errors
    assert error.code == code
    assert error.where == "query"
    assert error.field.isprintable()


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"null", b"\xff", b"{" + b'"a":{' * 20_000])
def test_a_body_that_is_no_object(raw):
    assert faults("openTicket", raw=raw).type == "urn:cti:problem:bad-json"


def test_no_wrong_value_is_shown():
    problem = faults("openTicket", raw=b'{"title":"t","owner":"pass word","count":"hunter2"}')
    assert "hunter2" not in str(problem)
    assert "pass word" not in str(problem)


def test_a_body_where_there_is_none_is_refused():
    assert faults("listTickets", raw=b"{}").errors[0].code == "unknown"
