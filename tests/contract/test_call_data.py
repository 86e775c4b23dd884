"""Call data through the whole router: a real Asterisk, real SIP, the daemon, killed in between."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab import scenarios
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.sipp import Callers, Phones
from tests.worlds.cards.router import Router

pytestmark = [pytest.mark.real, pytest.mark.room("gateway", "record", "asterisk-config")]

EXTENSIONS = """
exten => with-data,1,Set(CTI_QUEUE=loans)
 same => n,Set(CTI_DATA_customer=张三丰)
 same => n,Set(CTI_DATA_language=zh)
 same => n,Set(CTI_DATA_pin_token=t-123456)
 same => n,Set(CTI_DATA_account=${URIDECODE(bad%0Aline)})
 same => n,Set(CALLERID(name)=李四光)
 same => n,Goto(cti-inbound,${EXTEN},1)
"""
NAMES = (
    "[[call_data]]", 'name = "language"', 'protection = "public"',
    "[[call_data]]", 'name = "customer"',
    "[[call_data]]", 'name = "pin_token"', 'protection = "secret"',
    "[[call_data]]", 'name = "account"',
)  # fmt: skip
PRIVATE = ("张三丰", "t-123456", "李四光")
WHOLE = {
    "public": {"language": "zh"},
    "personal": {"customer": "张三丰"},
    "secret": {"pin_token": "t-123456"},
}


async def test_they_are_there_for_the_second_agent_and_after_a_kill(
    lab: None, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(Phones(scenarios.phone_rings()))
        answers = stack.enter_context(Phones(scenarios.phone_answers(after_ms=50, talk_ms=60_000)))
        agents = [Agent("silent", silent.port), Agent("quick", answers.port)]
        asterisk = stack.enter_context(LabAsterisk(agents=agents, extensions=EXTENSIONS))
        router = Router(
            tmp_path,
            ami_port=asterisk.ami_port,
            ami_secret=asterisk.ami_secret,
            agi_port=asterisk.agi_port,
            agi_secret=asterisk.secret,
            devices={"8001": "silent", "8002": "quick"},
            more=NAMES,
        )
        stack.callback(router.end)
        await router.start()
        await router.ready("8001")
        caller = Callers(asterisk.sip, "with-data", stay_ms=60_000)
        await asyncio.to_thread(stack.enter_context, caller)
        await router.until(lambda events: any(e["type"] == "cti.failed" for e in events))
        router.kill()
        await router.start()
        await router.ready("8002")
        await router.until(lambda events: any(e["type"] == "cti.established" for e in events))

        events = (await router.get("/v1/record?show=secret&limit=1000"))["events"]
        told = [e["data"] for e in events if e["type"] == "cti.callInformation"]
        rung = [e["data"] for e in events if e["type"] == "cti.delivered"]
        assert dict(told[0]["secret_data"]) == WHOLE["secret"]
        assert [each["agent_id"] for each in rung] == ["8001", "8002"]
        for each in rung:
            assert dict(each["personal_data"]) == WHOLE["personal"]
            assert dict(each["public_data"]) == WHOLE["public"]
            assert each["caller_name"] == "李四光"
        [call] = (await router.get("/v1/calls"))["calls"]
        whole = await router.get(f"/v1/calls/{call['call_id']}/data")
        assert {name: whole[name] for name in WHOLE} == WHOLE
        masked = str([await router.get(path) for path in ("/v1/events", "/v1/calls")])
        log = router.log.read_text(encoding="utf-8")
        assert not [value for value in PRIVATE if value in masked + log]
        assert "call data left out: account (" in log
