"""Orders to queues, modes and groups, and what no event tells of an agent."""

import os

import pytest

from cti.api.principal import SocketDoor
from tests.worlds.api.hostile import HOSTILE
from tests.worlds.api.router import OPERATOR, WITH_MODES, Router


@pytest.fixture
def router():
    return Router(WITH_MODES)


async def test_a_queue_closes_and_opens(http):
    answer = await http.post("queues/loans/accepting", {"accepting": False})
    assert (answer["changed"], answer["queue"]["accepting"]) == (True, False)
    answer = await http.post("queues/loans/accepting", {"accepting": False})
    assert (answer["changed"], answer["queue"]["accepting"]) == (False, False)
    answer = await http.post("queues/loans/accepting", {"accepting": True})
    assert (answer["changed"], answer["queue"]["accepting"]) == (True, True)


async def test_a_mode_goes_on_and_off(http):
    answer = await http.post("modes/storm", {"on": True})
    assert answer == {"changed": True, "modes": {"storm": True, "flood": False}}
    assert (await http.get("status"))["modes"] == {"storm": True, "flood": False}
    answer = await http.post("modes/storm", {"on": True})
    assert not answer["changed"]
    answer = await http.post("modes/storm", {"on": False})
    assert answer == {"changed": True, "modes": {"storm": False, "flood": False}}


async def test_a_group_is_left_out_and_taken_up_again(router, http):
    router.ready("8001")
    answer = await http.post("agents/8001/groups/loans", {"serving": False})
    assert (answer["changed"], answer["agent"]["idle_groups"]) == (True, ["loans"])
    answer = await http.post("agents/8001/groups/loans", {"serving": False})
    assert not answer["changed"]
    answer = await http.post("agents/8001/groups/loans", {"serving": True})
    assert (answer["changed"], answer["agent"]["idle_groups"]) == (True, [])


async def test_a_last_call_is_marked_and_the_mark_taken_away(router, http):
    router.ready("8001")
    answer = await http.post("agents/8001/last-call")
    assert (answer["changed"], answer["agent"]["last_call"]) == (True, True)
    assert (await http.get("agents"))["agents"][0]["last_call"]
    answer = await http.post("agents/8001/last-call", {"on": True})
    assert not answer["changed"]
    answer = await http.post("agents/8001/last-call", {"on": False})
    assert (answer["changed"], answer["agent"]["last_call"]) == (True, False)


async def test_a_break_beyond_the_cap_waits_in_line(router, http):
    router.ready("8001", "8002", "8003")
    meal = {"state": "notReady", "reason": "meal"}
    assert (await http.post("agents/8001/state", meal))["agent"]["state"] == "notReady"
    agent = (await http.post("agents/8002/state", meal))["agent"]
    assert (agent["state"], agent["waiting_break"], agent["break_place"]) == ("ready", "meal", 1)
    assert (await http.post("agents/8003/state", meal))["agent"]["break_place"] == 2
    assert (await http.get("status"))["breaks_waiting"] == 2
    places = [row["break_place"] for row in (await http.get("agents"))["agents"]]
    assert places == [0, 1, 2]
    answer = await http.post("agents/8002/state", {"state": "ready"})  # never mind
    assert (answer["changed"], answer["agent"]["waiting_break"]) == (True, "")
    answer = await http.post("agents/8001/state", {"state": "ready"})
    assert (await http.get("agents"))["agents"][2]["state"] == "notReady"


async def test_a_supervisor_may_override_the_cap(router, http):
    router.ready("8001", "8002")
    meal = {"state": "notReady", "reason": "meal"}
    await http.post("agents/8001/state", meal)
    agent = (await http.post("agents/8002/state", meal | {"override": True}))["agent"]
    assert (agent["state"], agent["waiting_break"]) == ("notReady", "")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("queues/nowhere/accepting", {"accepting": False}, "unknownQueue"),
        ("modes/calm", {"on": True}, "unknownMode"),
        ("agents/8001/groups/cards", {"serving": False}, "unknownGroup"),
        ("agents/8002/groups/loans", {"serving": False}, "notLoggedOn"),
        ("agents/9999/last-call", {}, "unknownAgent"),
        ("agents/8002/last-call", {}, "notLoggedOn"),
    ],
)
async def test_what_the_core_refuses_is_a_conflict_with_its_code(router, http, path, body, code):
    router.ready("8001")
    router.arrives("a1-1", "cards")
    status, media_type, problem = await http("POST", path, body)
    assert (status, media_type) == (409, "application/problem+json")
    assert (problem["code"], problem["type"]) == (code, "urn:cti:problem:refused")
    assert problem["subject"] in path
    assert problem["detail"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("agents/8001/log-on", {}, "device"),
        ("agents/8001/log-off", {}, "reason"),
        ("agents/8001/state", {"state": "notReady"}, "reason"),
    ],
)
async def test_hostile_fields_are_named_and_reach_nothing(router, http, path, body, field, hostile):
    status, _, problem = await http("POST", path, body | {field: hostile})
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not set("\r\n\0") & set(problem["detail"])
    assert router.events == []


@pytest.mark.parametrize("name", ["8001%0d%0aX", "%00", "$%7BX%7D", "a%20b", "x" * 162])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("queues/{}/accepting", {"accepting": False}),
        ("modes/{}", {"on": True}),
        ("agents/8001/groups/{}", {"serving": False}),
        ("agents/{}/last-call", {}),
    ],
)
async def test_hostile_names_in_the_path_reach_nothing(router, http, path, body, name):
    status, _, problem = await http("POST", path.format(name), body)
    assert status in (400, 404), problem
    assert router.events == []


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("queues/loans/accepting", {}, {"accepting": "must be given"}),
        ("queues/loans/accepting", {"accepting": "no"}, {"accepting": "must be true or false"}),
        (
            "modes/storm",
            {"onn": True},
            {"onn": "unknown; did you mean on?", "on": "must be giv"},
        ),
        ("agents/8001/groups/loans", {"serving": 1}, {"serving": "must be true or false"}),
        ("agents/8001/last-call", {"on": None}, {"on": "must be true or false"}),
        ("agents/8001/state", {"state": "ready", "override": "yes"}, {"override": "must be true"}),
    ],
)
async def test_what_is_wrong_with_a_body_is_named(router, http, path, body, fields):
    status, _, problem = await http("POST", path, body)
    assert status == 400
    found = {error["field"]: error["rule"] for error in problem["errors"]}
    assert found.keys() == fields.keys()
    assert all(found[name].startswith(rule) for name, rule in fields.items())
    assert router.events == []


BODIES = {
    "agents/8001/log-off": {},
    "agents/8001/state": {"state": "notReady", "reason": "meal"},
    "agents/8001/groups/loans": {"serving": False},
    "queues/loans/accepting": {"accepting": False},
    "modes/storm": {"on": True},
}


@pytest.mark.parametrize(("path", "body"), BODIES.items())
async def test_who_ordered_it_is_the_user_at_the_other_end(router, http, path, body):
    router.ready("8001")
    before = len(router.events)
    await http.post(path, body)
    assert OPERATOR in {getattr(each.event, "by", "") for each in router.events[before:]}


@pytest.mark.parametrize(("path", "body"), BODIES.items())
async def test_nobody_can_say_in_a_request_who_they_are(router, http, path, body):
    status, _, problem = await http("POST", path, body | {"by": "somebody"})
    assert status == 400
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("by", "unknown")]
    assert router.events == []


async def test_a_repeated_key_acts_once(router, http):
    router.ready("8001")
    key = {"Idempotency-Key": "k1"}
    off = await http("POST", "modes/storm", {"on": True}, headers=key)
    await http.post("modes/storm", {"on": False})
    assert await http("POST", "modes/storm", {"on": True}, headers=key) == off
    assert (await http.get("status"))["modes"]["storm"] is False
    status, _, problem = await http("POST", "modes/storm", {"on": False}, headers=key)
    assert (status, problem["type"]) == (422, "urn:cti:problem:key-reused")


async def test_a_body_of_another_kind_is_refused(router, http):
    status, _, problem = await http("POST", "modes/storm", data=b'{"on": true}')
    assert (status, problem["type"]) == (415, "urn:cti:problem:not-json")
    assert router.events == []


def test_the_daemons_users_are_known_by_name():
    names = SocketDoor()._names
    assert names[0] == "root"
    assert set(names) == {0, os.geteuid()}
