"""Who signs in at which phone, and what the rows of the agents say of it."""

import asyncio

import pytest

from cti.api import phones
from routing import commands as c
from routing.words import DeviceState
from tests.worlds.api.router import SECOND

REACHABLE, UNREACHABLE, MISSING = DeviceState


async def test_a_phone_that_no_asterisk_has_is_refused_by_name(router, http):
    router.phones["nosuchphone"] = {"a1": MISSING, "a2": MISSING}
    answer = await http.refused("agents/8001/log-on", {"device": "nosuchphone"})
    assert (answer["status"], answer["code"]) == (409, "unknownDevice")
    assert answer["subject"] == "nosuchphone"
    assert answer["detail"] == "there is no endpoint nosuchphone (asked: a1, a2); see pjsip.conf"
    assert router.engine.agents["8001"].status == "loggedOff"


async def test_so_is_the_configured_one(router, http):
    device = router.engine.agents["8001"].spec.device
    router.phones[device] = {"a1": MISSING}
    answer = await http.refused("agents/8001/log-on", {})
    assert (answer["code"], answer["subject"]) == ("unknownDevice", device)


@pytest.mark.parametrize(
    "said",
    [
        {},  # no Asterisk is configured, or one hangs
        {"a1": MISSING, "a2": None},  # a2 is away
        {"a1": MISSING, "a2": UNREACHABLE},
        {"a1": UNREACHABLE},  # its phone will register
        {"a1": REACHABLE},
    ],
    ids=str,
)
async def test_what_is_not_known_to_be_missing_everywhere_keeps_nobody_out(router, http, said):
    router.phones["door"] = said
    assert (await http.post("agents/8001/log-on", {"device": "door"}))["changed"]


async def test_a_phone_that_is_known_is_not_asked_about(router, http):
    device = router.engine.agents["8001"].spec.device
    router.phones[device] = {"a1": MISSING}
    router.do(c.DeviceReported(device, "a1", UNREACHABLE))
    assert (await http.post("agents/8001/log-on", {}))["changed"]
    await http.post("agents/8001/log-off")
    router.do(c.DeviceReported(device, "a1", MISSING))
    assert (await http.refused("agents/8001/log-on", {}))["code"] == "unknownDevice"
    router.phones[device] = {"a1": REACHABLE}  # the operator has made it
    assert (await http.post("agents/8001/log-on", {}))["changed"]


async def test_who_is_signed_in_already_is_not_thrown_out_by_asking_again(router, http):
    router.phones["door"] = {"a1": REACHABLE}
    await http.post("agents/8001/log-on", {"device": "door"})
    router.phones["door"] = {"a1": MISSING}
    assert not (await http.post("agents/8001/log-on", {"device": "door"}))["changed"]


async def test_an_unknown_agent_is_told_so_and_no_phone_is_asked_about(router, http):
    answer = await http.refused("agents/nobody/log-on", {"device": "door"})
    assert answer["code"] == "unknownAgent"


# --- rows -----------------------------------------------------------------------------------------


async def agent(http):
    return (await http.get("agents"))["agents"][0]


async def test_a_row_says_what_keeps_calls_from_a_phone(router, http):
    device = router.engine.agents["8001"].spec.device
    router.ready("8001")
    row = await agent(http)
    assert (row["reachable"], row["phone_missing"], row["barred"]) == (True, False, [])
    router.do(c.DeviceReported(device, "a1", UNREACHABLE))
    row = await agent(http)
    assert (row["reachable"], row["phone_missing"]) == (False, False)
    router.do(c.DeviceReported(device, "a1", MISSING))
    row = await agent(http)
    assert (row["reachable"], row["phone_missing"]) == (False, True)
    router.do(c.DeviceReported(device, "a2", REACHABLE))
    row = await agent(http)
    assert (row["reachable"], row["phone_missing"], row["barred"]) == (True, False, ["a1"])


async def test_a_row_says_that_the_phone_is_only_at_an_asterisk_that_is_not_heard(router, http):
    device = router.engine.agents["8001"].spec.device
    for pbx, state in (("a1", MISSING), ("a2", REACHABLE)):
        router.do(c.DeviceReported(device, pbx, state))
    for command, is_heard in ((c.TelephonyLost, True), (c.TelephonyRestored, True)):
        router.do(command("a1"))
        assert (await agent(http))["reachable"] is is_heard
    router.do(c.TelephonyGone("a2"))
    row = await agent(http)
    assert (row["reachable"], row["phone_missing"], row["phone_unheard"]) == (False, False, True)
    router.do(c.TelephonyRestored("a2"))
    row = await agent(http)
    assert (row["reachable"], row["phone_unheard"], row["barred"]) == (True, False, ["a1"])


async def test_a_queue_says_how_many_wait_only_because_of_a_phone_elsewhere(router, http):
    device = router.engine.agents["8001"].spec.device
    router.do(c.DeviceReported(device, "a1", MISSING))
    router.do(c.DeviceReported(device, "a2", REACHABLE))
    router.ready("8001")
    router.arrives("c1")
    [row] = [row for row in (await http.get("queues"))["queues"] if row["queue_id"] == "loans"]
    assert (row["waiting"], row["waiting_elsewhere"]) == (1, 1)
    assert (await http.get("status"))["queues"][0]["waiting_elsewhere"] == 1
    router.do(c.DeviceReported(device, "a1", REACHABLE))
    [row] = [row for row in (await http.get("queues"))["queues"] if row["queue_id"] == "loans"]
    assert (row["ringing"], row["waiting_elsewhere"]) == (1, 0)


async def test_the_answer_to_who_signs_in_says_which_asterisk_does_not_have_the_phone(router, http):
    router.phones["door"] = {"a1": MISSING, "a2": REACHABLE}
    answer = await http.post("agents/8001/log-on", {"device": "door"})
    assert (answer["agent"]["device"], answer["agent"]["barred"]) == ("door", ["a1"])


async def test_a_row_says_how_long_a_phone_is_spared_and_why(router, http):
    router.ready("8001")
    router.arrives("c1")
    router.fails(c.OfferOutcome.REJECTED)
    row = await agent(http)
    assert (row["state"], row["gap"]) == ("ready", "rejected")
    assert row["gap_until_us"] == router.clock.now_us() + 5 * SECOND
    router.hangs_up("c1")
    router.wait(5)
    row = await agent(http)
    assert (row["gap"], row["gap_until_us"]) == ("", 0)


# --- asking ---------------------------------------------------------------------------------------


class Silent:
    """A gateway whose Asterisk hangs, or answers much too late."""

    def ask_about(self, _device, told):
        self.told = told


async def test_an_asterisk_that_hangs_keeps_nobody_out(monkeypatch):
    monkeypatch.setattr(phones, "ANSWER_S", 0.01)
    gateway = Silent()
    assert await phones.ask_about(gateway, "door") == {}
    gateway.told({"a1": MISSING})  # nobody waits for it, and nothing breaks


async def test_the_answer_is_given_as_it_comes():
    gateway = Silent()
    asked = asyncio.create_task(phones.ask_about(gateway, "door"))
    await asyncio.sleep(0)
    gateway.told({"a1": REACHABLE})
    assert await asked == {"a1": REACHABLE}
