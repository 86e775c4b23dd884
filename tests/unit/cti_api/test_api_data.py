"""Call data at the control door: whole at their own routes, masked or absent everywhere else."""

import msgspec
import pytest

from routing import commands as c
from routing.config import DataClass, DataField
from tests.worlds.api.router import CONFIG

LISTED = msgspec.structs.replace(
    CONFIG,
    version=2,
    call_data=(
        DataField("language", DataClass.PUBLIC),
        DataField("customer", DataClass.PERSONAL),
        DataField("pin_token", DataClass.SECRET),
    ),
)
DATA = (("language", "zh"), ("customer", "张三丰"), ("pin_token", "t-123456"))
NUMBER = "13812345678"
PRIVATE = (NUMBER, "李四", "张三丰", "t-123456")


@pytest.fixture
def called(router):
    router.do(c.ApplyConfig(LISTED))
    router.do(c.CallArrived("c1", "loans", "a1", caller=NUMBER, caller_name="李四", data=DATA))
    return router


async def test_a_live_calls_data_are_whole_by_class(called, http):
    assert await http.get("calls/c1/data") == {
        "call_id": "c1", "caller": NUMBER, "caller_name": "李四",
        "public": {"language": "zh"}, "personal": {"customer": "张三丰"},
        "secret": {"pin_token": "t-123456"},
    }  # fmt: skip


async def test_the_record_is_shown_up_to_the_class_that_is_asked_for(called, http):
    async def events(show):
        page = await http.get(f"record{show}")
        return [event["data"] for event in page["events"] if event["type"] != "cti.configApplied"]

    told, queued, *_ = await events("?show=secret")
    assert dict(told["secret_data"]) == {"pin_token": "t-123456"}
    assert (queued["caller"], queued["caller_name"]) == (NUMBER, "李四")
    told, queued, *_ = await events("")
    assert dict(told["personal_data"]) == {"customer": "张三丰"}
    assert (told["secret_data"], queued["caller"]) == ([], NUMBER)
    told, queued, *_ = await events("?show=public")
    assert dict(told["public_data"]) == {"language": "zh"}
    assert (queued["caller"], queued["caller_name"]) == ("138****5678", "李*")


@pytest.mark.parametrize("path", ["events", "calls", "status", "calls/c1/story"])
async def test_nowhere_else_is_anything_private(path, called, http):
    text = msgspec.json.encode(await http.get(path)).decode()
    assert not [value for value in PRIVATE if value in text]


async def test_a_call_that_is_over_and_a_class_that_is_none(router, http):
    status, _, problem = await http("GET", "calls/c9/data")
    assert (status, problem["subject"]) == (404, "c9")
    status, _, problem = await http("GET", "record?show=everything")
    assert (status, problem["errors"][0]["field"]) == (400, "show")
