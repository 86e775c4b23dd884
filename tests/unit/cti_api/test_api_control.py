"""The control interface over its real socket: what is asked, ordered and refused."""

import asyncio

import pytest

from cti.api.requests import MAX_BODY_BYTES
from cti.dispatcher import RouterStopped
from cti.record.event_store import EventLogUnavailableError
from cti.watch.check import Check
from tests.worlds.api.hostile import HOSTILE
from tests.worlds.api.router import NOON, SECOND


async def test_status_has_everything_a_screen_shows(router, http):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.arrives("c2", "cards")
    router.wait(5)
    status = await http.get("status")
    assert (status["node"], status["site"], status["epoch"]) == ("n1", "main", 1)
    assert (status["now_us"], status["started_us"]) == (NOON + 5 * SECOND, NOON)
    assert status["agent_states"]["reserved"] == 1
    assert status["live_calls"] == 2
    assert [row["waiting"] for row in status["queues"]] == [1, 1]
    assert status["last_events"][-1]["type"] == "queued"
    assert status["ok"]
    assert status["failing"] == []
    assert status["invariant_breaches"] == 0


async def test_a_failing_check_is_in_the_status(router, http):
    router.checks.append(Check("journal", ok=False, detail="disk full"))
    status = await http.get("status")
    assert not status["ok"]
    (failing,) = status["failing"]
    assert failing == {
        "name": "journal", "ok": False, "detail": "disk full", "code": "", "about": "",
    }  # fmt: skip


async def test_queues_agents_and_calls(router, http):
    router.ready("8001")
    router.arrives("c1")
    assert (await http.get("queues"))["queues"][0]["ringing"] == 1
    assert (await http.get("agents"))["agents"][0]["call_id"] == "c1"
    calls = await http.get("calls?limit=1")
    assert calls["total"] == 1
    assert calls["calls"][0]["caller"] == "138****5678"


async def test_an_agent_signs_in_works_and_signs_out(router, http):
    answer = await http.post("agents/8001/log-on", {"device": "phone-9"})
    assert answer["changed"]
    assert (answer["agent"]["state"], answer["agent"]["device"]) == ("notReady", "phone-9")
    answer = await http.post("agents/8001/state", {"state": "ready"})
    assert answer["agent"]["state"] == "ready"
    answer = await http.post("agents/8001/state", {"state": "ready"})
    assert not answer["changed"]
    answer = await http.post("agents/8001/state", {"state": "notReady", "reason": "meal"})
    assert answer["agent"]["reason"] == "meal"
    answer = await http.post("agents/8001/log-off")
    assert answer["agent"]["state"] == "null"


async def test_a_wish_during_a_call_is_shown_as_pending(router, http):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()
    answer = await http.post("agents/8001/state", {"state": "notReady", "reason": "meal"})
    assert (answer["agent"]["state"], answer["agent"]["pending"]) == ("busy", "notReady")


async def test_after_call_work_is_ended_but_nothing_else_by_work_done(router, http):
    router.ready("8001")
    status, _, problem = await http("POST", "agents/8001/work-done")
    assert (status, problem["code"]) == (409, "agentState")
    router.arrives("c1")
    router.rings()
    router.answers()
    router.hangs_up("c1")
    answer = await http.post("agents/8001/work-done", {})
    assert answer["agent"]["state"] == "ready"
    status, _, problem = await http("POST", "agents/9999/work-done")
    assert (status, problem["code"]) == (409, "unknownAgent")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("agents/9999/log-on", {}, "unknownAgent"),
        ("agents/8002/state", {"state": "ready"}, "notLoggedOn"),
        ("agents/8001/state", {"state": "notReady"}, "reasonRequired"),
        ("agents/8001/state", {"state": "notReady", "reason": "tea"}, "unknownReason"),
        ("agents/8002/log-on", {"device": "8001"}, "deviceInUse"),
        ("agents/8001/log-on", {"device": "other"}, "alreadyLoggedOn"),
    ],
)
async def test_what_the_core_refuses_is_a_conflict_with_its_code(router, http, path, body, code):
    router.ready("8001")
    status, media_type, problem = await http("POST", path, body)
    assert (status, media_type) == (409, "application/problem+json")
    assert problem["code"] == code
    assert problem["type"] == "urn:cti:problem:refused"
    assert problem["subject"] in path
    assert problem["detail"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("agents/8001/log-on", "device"),
        ("agents/8001/log-off", "reason"),
        ("agents/8001/state", "reason"),
    ],
)
async def test_hostile_fields_are_named_and_reach_nothing(router, http, path, field, hostile):
    body = {field: hostile} | ({"state": "notReady"} if path.endswith("state") else {})
    status, media_type, problem = await http("POST", path, body)
    assert (status, media_type) == (400, "application/problem+json")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not set("\r\n\0") & set(problem["detail"])
    assert router.events == []


@pytest.mark.parametrize(
    "agent", ["8001%0d%0aX", "%00", "$%7BX%7D", "a%2Fb", "x" * 65, "%E5%BA%A7"]
)
async def test_hostile_agents_in_the_path_reach_nothing(router, http, agent):
    status, _, problem = await http("POST", f"agents/{agent}/log-on", {})
    assert status in (400, 404), problem
    assert router.events == []


async def test_all_errors_of_a_body_are_named_with_the_nearest_known_name(http):
    body = {"state": "raedy", "reson": "meal", "override": 3}
    status, _, problem = await http("POST", "agents/8001/state", body)
    assert status == 400
    assert {error["field"]: error["rule"] for error in problem["errors"]} == {
        "reson": "unknown; did you mean reason?",
        "state": "must be one of ready, notReady, workingAfterCall",
        "override": "must be true or false",
    }
    status, _, problem = await http("POST", "agents/8001/state", {})
    assert problem["errors"] == [{"field": "state", "rule": "must be given", "code": "required"}]


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 9000, b"null", b"1e999"])
async def test_a_body_that_is_no_object_is_refused(http, raw):
    headers = {"Content-Type": "application/json"}
    status, _, problem = await http("POST", "agents/8001/state", data=raw, headers=headers)
    assert (status, problem["type"]) == (400, "urn:cti:problem:bad-json")


async def test_a_huge_body_is_refused(router, http):
    status, media_type, _ = await http(
        "POST", "agents/8001/state", data=b" " * (MAX_BODY_BYTES + 1)
    )
    assert (status, media_type) == (413, "application/problem+json")
    assert router.events == []


async def test_other_methods_and_paths_are_problem_documents_too(http):
    status, media_type, problem = await http("DELETE", "agents")
    assert (status, media_type) == (405, "application/problem+json")
    assert problem["type"] == "urn:cti:problem:wrong-method"
    status, _, problem = await http("GET", "agent")
    assert (status, problem["type"]) == (404, "urn:cti:problem:no-such-path")
    status, _, _ = await http("GET", "agents/8001/log-on")
    assert status == 405


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("events?after=-1", ["after"]),
        ("events?after=x&limit=0", ["after", "limit"]),
        ("events?limit=1001", ["limit"]),
        ("events?after=99999999999999999999", ["after"]),
        ("calls?limt=3", ["limt"]),
        ("status?x=1", ["x"]),
        ("events?%0a=1", ["'\\n'"]),
    ],
)
async def test_questions_that_make_no_sense_are_refused(http, path, fields):
    status, _, problem = await http("GET", path)
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == fields


async def test_events_are_those_of_the_log_page_by_page(router, http):
    router.ready("8001")
    for n in range(10):
        router.arrives(f"c{n}", "cards")
    seen, after = [], 0
    while True:
        page = await http.get(f"events?after={after}&limit=4")
        assert page["after"] == after
        assert page["head"] == len(router.events)
        if not page["events"]:
            break
        seen += [int(event["seq"]) for event in page["events"]]
        after = page["last"]
    assert seen == list(range(1, len(router.events) + 1))
    assert page["last"] == after == page["head"]


async def test_events_are_what_the_bus_carries(router, http):
    router.arrives("c1")
    (event,) = (await http.get("events"))["events"]
    assert event["type"] == "cti.queued"
    assert event["contactid"] == "c1"
    assert event["data"]["caller"] == "138****5678"


async def test_health_and_invariants(router, http):
    assert await http.get("health") == {
        "ok": True,
        "checks": [{"name": "a1", "ok": True, "detail": "", "code": "", "about": ""}],
    }
    assert (await http.get("invariants"))["ok"]
    router.metrics.breached("oneOffer")
    assert await http.get("invariants") == {"ok": False, "breaches": {"oneOffer": 1, "oneCall": 0}}


async def test_what_is_asked_of_a_router_that_stops_is_not_done(router, http):
    def stopped(_command):
        raise RouterStopped("the router is stopping")

    router.do = stopped
    status, _, problem = await http("POST", "agents/8001/log-on", {})
    assert (status, problem["type"]) == (503, "urn:cti:problem:stopped")
    assert problem["detail"] == "the router is stopping"


async def test_an_event_log_that_cannot_be_read_is_said(router, http):
    class Unreadable:
        async def read_after(self, _after, _limit):
            raise EventLogUnavailableError("disk I/O error")

        by_call = read_after

    router.history = Unreadable()
    for path in ("events", "calls/c1/story"):
        status, _, problem = await http("GET", path)
        assert (status, problem["type"]) == (503, "urn:cti:problem:event-log")


async def test_an_error_of_our_own_tells_nothing_of_the_inside(router, http, caplog):
    router.engine.seq = 10**6  # the core refuses to go on: a bug
    router.engine.handle = None
    status, media_type, problem = await http("POST", "agents/8001/log-on", {})
    assert (status, media_type) == (500, "application/problem+json")
    assert set(problem) == {"type", "title", "status"}
    assert len(caplog.records) == 1


async def test_many_at_once_are_answered_in_turn(router, http):
    answers = await asyncio.gather(*(http.get("status") for _ in range(50)))
    assert {answer["seq"] for answer in answers} == {0}
