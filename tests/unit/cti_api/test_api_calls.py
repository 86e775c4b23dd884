"""Orders about calls: done when the event says so, one at a time, and the call kept when not."""

import asyncio

import pytest

from cti.api import calls, evidence
from routing import commands as c
from routing.control import CallControlFailed, CallControlOrdered, ControlFailed
from routing.control import ControlService as Service
from tests.eventually import eventually
from tests.worlds.api.hostile import HOSTILE
from tests.worlds.api.router import OPERATOR


@pytest.fixture(autouse=True)
def talking(router):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()


def ordered(router):
    return [each.event for each in router.events if isinstance(each.event, CallControlOrdered)]


async def carried_out(router, http, path, command, body=None):
    """Ask, let Asterisk say so, and have the answer."""
    before = len(ordered(router))
    asking = asyncio.ensure_future(http("POST", path, body or {}))
    await eventually(lambda: len(ordered(router)) > before)
    assert not asking.done()
    router.do(command)
    return await asking


async def test_held_when_asterisk_says_so(router, http):
    status, _, answer = await carried_out(router, http, "calls/c1/hold", c.CallHeld("c1"))
    assert (status, answer["call"]["stage"], answer["agent"]["state"]) == (200, "held", "busy")
    status, _, answer = await carried_out(router, http, "calls/c1/retrieve", c.CallRetrieved("c1"))
    assert (status, answer["call"]["stage"]) == (200, "talking")


async def test_cleared_when_the_leg_is_gone(router, http):
    gone = c.AgentLegCleared("c1", "8001")
    status, _, answer = await carried_out(router, http, "calls/c1/clear", gone)
    assert (status, answer["call"]["stage"]) == (200, "released")
    assert answer["agent"]["state"] == "workingAfterCall"


async def test_who_and_why_is_told_before_it_is_done(router, http):
    body = {"agent": "8001", "reason": "coaching"}
    await carried_out(router, http, "calls/c1/hold", c.CallHeld("c1"), body)
    [order] = ordered(router)
    assert (order.by, order.reason, order.service) == (OPERATOR, "coaching", Service.HOLD_CALL)
    names = [type(each.event).__name__ for each in router.events[-2:]]
    assert names == ["CallControlOrdered", "CallHeldEvent"]


async def test_what_asterisk_refuses_has_a_cause_and_changes_nothing(router, http):
    failed = ControlFailed("c1", "8001", Service.HOLD_CALL, "invalidConnectionIdentifier")
    status, _, problem = await carried_out(router, http, "calls/c1/hold", failed)
    assert (status, problem["type"]) == (409, "urn:cti:problem:not-done")
    assert problem["cause"] == "invalidConnectionIdentifier"
    assert (await http.get("calls"))["calls"][0]["stage"] == "talking"


async def test_what_is_not_heard_in_time_is_told_and_recorded(router, http, monkeypatch):
    monkeypatch.setattr(evidence.Waiting.proof, "__defaults__", (0.05,))
    status, _, problem = await http("POST", "calls/c1/hold", {})
    assert (status, problem["type"]) == (504, "urn:cti:problem:no-evidence")
    assert problem["cause"] == "timeout"
    assert isinstance(router.events[-1].event, CallControlFailed)
    status, _, _ = await carried_out(router, http, "calls/c1/hold", c.CallHeld("c1"))
    assert status == 200


async def test_a_caller_who_hangs_up_meanwhile(router, http):
    status, _, problem = await carried_out(router, http, "calls/c1/hold", c.CallerHungUp("c1"))
    assert (status, problem["code"], problem["cause"]) == (409, "unknownCall", "callCancelled")


async def test_of_two_in_one_moment_one_wins_and_the_other_is_told(router, http):
    first = asyncio.ensure_future(http("POST", "calls/c1/hold", {}))
    second = asyncio.ensure_future(http("POST", "calls/c1/clear", {}))
    await eventually(lambda: first.done() or second.done())
    [done] = [each for each in (first, second) if each.done()]
    status, _, problem = await done
    assert (status, problem["code"]) == (409, "callState")
    assert "being carried out" in problem["detail"]
    assert len(ordered(router)) == 1
    gone = c.AgentLegCleared("c1", "8001")
    router.do(gone if ordered(router)[0].service is Service.CLEAR_CONNECTION else c.CallHeld("c1"))
    assert (await (second if done is first else first))[0] == 200


async def test_a_double_click_with_one_key_acts_once(router, http):
    key = {"Idempotency-Key": "k"}
    both = [asyncio.ensure_future(http("POST", "calls/c1/hold", {}, headers=key)) for _ in range(2)]
    await eventually(lambda: ordered(router))
    router.do(c.CallHeld("c1"))
    answers = await asyncio.gather(*both)
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert len(ordered(router)) == 1


async def test_keys_are_sent_and_stand_in_no_record(router, http):
    answer = await http.post("calls/c1/digits", {"digits": "95588#"})
    assert answer["call"]["call_id"] == "c1"
    assert router.sent == [("c1", "95588#")]
    assert "95588" not in repr(router.events)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("calls/nobody/hold", {}, "unknownCall"),
        ("calls/c1/retrieve", {}, "callState"),
        ("calls/c1/hold", {"agent": "8002"}, "notYourCall"),
        ("calls/nobody/digits", {"digits": "1"}, "unknownCall"),
    ],
)
async def test_what_the_core_refuses_has_its_code(router, http, path, body, code):
    problem = await http.refused(path, body)
    assert problem["code"] == code
    assert router.sent == []


async def test_handed_on_at_once_by_whoever_has_the_call(router, http):
    router.ready("8002")
    answer = await http.post("calls/c1/transfer", {"to_agent": "8002"})
    assert (answer["call"]["stage"], answer["call"]["agent_id"]) == ("ringing", "8002")
    assert (answer["agent"]["agent_id"], answer["agent"]["state"]) == ("8001", "workingAfterCall")
    [started] = [e.event for e in router.events if type(e.event).__name__ == "TransferStarted"]
    assert (started.by, started.kind, started.agent_id) == (OPERATOR, "singleStep", "8001")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to_agent": "9999"}, "unknownAgent"),
        ({"to_agent": "8001"}, "ownId"),
        ({"to_agent": "8002"}, "notLoggedOn"),
        ({"to_queue": "nowhere"}, "unknownQueue"),
        ({"to_queue": "cards", "agent": "8002"}, "notYourCall"),
        ({"to_queue": "cards", "to_agent": "8002"}, "badValue"),
        ({}, "badValue"),
        ({"to_agent": "8003", "busy": "overflow", "overflow_to": "nowhere"}, "unknownQueue"),
    ],
)
async def test_a_target_that_cannot_be_had_leaves_the_customer(router, http, body, code):
    problem = await http.refused("calls/c1/transfer", body)
    assert problem["code"] == code
    assert problem["detail"] != code
    assert (await http.get("calls"))["calls"][0]["stage"] == "talking"


async def test_what_is_wrong_with_a_transfer_is_named_all_at_once(router, http):
    body = {"to_agent": "8002\r\nX: y", "busy": "shrug", "wait_s": 0, "too_queue": "cards"}
    status, _, problem = await http("POST", "calls/c1/transfer", body)
    assert status == 400
    named = {error["field"] for error in problem["errors"]}
    assert named == {"to_agent", "busy", "wait_s", "too_queue"}


async def test_no_action_is_offered_that_nobody_carries_out(http):
    served = {row["service"] for row in (await http.get("agents/8001/actions"))["actions"]}
    assert "singleStepTransferCall" in served
    assert not served & set(calls.NOT_CARRIED_OUT)


@pytest.mark.parametrize("hostile", [*HOSTILE, "", "1" * 33])
async def test_hostile_keys_reach_nothing(router, http, hostile):
    status, _, problem = await http("POST", "calls/c1/digits", {"digits": hostile})
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == ["digits"]
    assert router.sent == []


async def test_what_is_allowed_is_served_with_the_reason_for_the_rest(router, http):
    answer = await http.get("agents/8001/actions")
    rows = {row["service"]: row for row in answer["actions"]}
    assert answer["call_id"] == "c1"
    assert rows["holdCall"]["allowed"]
    assert (rows["retrieveCall"]["allowed"], rows["retrieveCall"]["code"]) == (False, "callState")
    assert rows["retrieveCall"]["why"]
    rows = {row["service"]: row for row in (await http.get("agents/8002/actions"))["actions"]}
    assert (rows["ready"]["code"], rows["logOn"]["allowed"]) == ("notLoggedOn", True)
    status, _, problem = await http("GET", "agents/nobody/actions")
    assert (status, problem["type"]) == (404, "urn:cti:problem:unknown-agent")


async def test_a_call_may_be_ordered_again_after_its_asker_has_gone(router, http):
    asking = asyncio.ensure_future(http("POST", "calls/c1/hold", {}))
    await eventually(lambda: ordered(router))
    asking.cancel()
    router.do(c.CallHeld("c1"))

    async def free():
        status, _, _ = await http("POST", "calls/c1/hold", {})
        return status == 409 and not router.evidence._waits

    await eventually(free)
    assert calls.FAULTS
