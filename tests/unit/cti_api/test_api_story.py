"""The life of one call in words, from what the event log has kept."""

import msgspec
import pytest

from cti.api import story
from cti.record.cloudevents import CloudEventEncoder
from routing import commands as c
from routing import events as e
from routing.explain import explain
from routing.transfers.messages import StartTransfer, TransferKind
from tests.worlds.api.router import NOON, SECOND
from tests.worlds.record.history import History, call_life


def told(router, call_id):
    """What `explain` says of the events themselves."""
    return explain(
        (envelope.at_us, envelope.event)
        for envelope in router.events
        if getattr(envelope.event, "call_id", "") == call_id
    )


def a_life(router):
    router.arrives("c1")
    router.wait(3)
    router.ready("8001", "8002")
    router.rings()
    router.wait(2)
    router.fails()
    router.rings()
    router.answers()
    router.wait(60)
    router.hangs_up("c1")


async def test_a_call_that_is_over(router, http):
    a_life(router)
    router.arrives("c2")
    answer = await http.get("calls/c1/story")
    assert answer["lines"] == told(router, "c1")
    assert (answer["call_id"], answer["lang"], answer["whole"]) == ("c1", "en", True)
    assert answer["lines"][0].startswith("+0.000s  in line in queue loans (arrived)")
    assert answer["lines"][-1].endswith("over: answered")


async def test_a_call_that_waits_now(router, http):
    router.arrives("c1")
    answer = await http.get("calls/c1/story?lang=zh")
    assert answer["lines"] == ["+0.000s  进入队列 loans（来电到达），前面 0 人"]
    assert answer["events"] == 1
    assert answer["now"] == [
        "现状：在队列 loans 已等待 0.0 秒，前面 0 人，需求：不限",
        "  没有空闲座席",
        "  符合需求而不空闲：无人",
    ]


async def test_a_story_says_when_it_was_and_whose_masked(router, http):
    router.arrives("c1", caller="13812345678")
    router.wait(61)
    answer = await http.get("calls/c1/story")
    assert (answer["arrived_us"], answer["queue_id"]) == (NOON, "loans")
    assert answer["caller"] == "138****5678"
    assert answer["now"][0] == "now: waits for 61.0 s in queue loans, 0 in front, needs anyone"
    router.hangs_up("c1")
    assert (await http.get("calls/c1/story"))["now"] == []


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("13812345678", "138****5678"),
        ("138****5678", "138****5678"),
        ("+86*******5678", "+86*******5678"),
        ("alice", "a****"),
        ("a****", "a****"),
        ("***88", "***88"),
        ("", ""),
        ("*67138", "******"),
    ],
)
def test_a_number_is_masked_once_whatever_the_record_holds(kept, shown):
    queued = e.CallQueued("c1", 1, "q", "a1", kept, 0, 7, -1, -1, "arrived")
    assert story.beginning([(9, queued)]).caller == shown


async def test_a_consultation_belongs_to_the_story(router, http):
    router.ready("8001", "8002")
    router.arrives("c1")
    router.rings()
    router.answers()
    router.do(StartTransfer("c1", "8001", TransferKind.CONSULT, to_agent="8002"))
    router.wait(2)
    router.rings()
    router.answers()
    answer = await http.get("calls/c1/story")
    asides = [line for line in answer["lines"] if "consultation: " in line]
    assert any("agent 8002 talks to the sender" in line for line in asides)
    moments = [float(line.partition("s  ")[0]) for line in answer["lines"]]
    assert moments == sorted(moments)


async def test_a_live_call_is_told_of_even_when_the_log_has_lost_it(router, http):
    router.arrives("c1")

    class Empty:
        async def by_call(self, _call_id, _limit):
            return []

    router.history = Empty()
    answer = await http.get("calls/c1/story")
    assert (answer["lines"], answer["events"], answer["arrived_us"]) == ([], 0, 0)
    assert answer["now"][0].startswith("now: waits for")


async def test_a_call_of_which_nothing_is_known(http):
    status, _, problem = await http("GET", "calls/c9/story")
    assert (status, problem["type"]) == (404, "urn:cti:problem:unknown-call")
    assert problem["detail"] == "nothing is known of c9"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("calls/c1%0d%0a/story", "call_id"),
        ("calls/$%7BX%7D/story", "call_id"),
        ("calls/c1/story?lang=fr", "lang"),
        ("calls/c1/story?lang=en&x=1", "x"),
    ],
)
async def test_questions_that_make_no_sense_are_refused(http, path, field):
    status, _, problem = await http("GET", path)
    assert (status, [error["field"] for error in problem["errors"]]) == (400, [field])


def test_every_event_can_be_read_back_from_its_cloudevent():
    encoder = CloudEventEncoder("n1", "main")
    decode = msgspec.json.Decoder(e.Event).decode
    for envelope in History().say_all(call_life()):
        body = msgspec.json.decode(encoder.record(envelope).body)
        kept = decode(msgspec.json.encode(body["data"]))
        assert type(kept) is type(envelope.event)
    assert story.read([]) == ([], 0)


async def test_an_event_of_another_version_is_left_out_and_said(router, http):
    a_life(router)

    class Older:
        """What an older program has kept: one event without a field, one of a type long gone."""

        async def by_call(self, call_id, limit):
            found = list(await router.log.by_call(call_id, limit))
            strange = [b'{"data": {"type": "CallGone"}}', b'{"data": 3}', b"{}", b"x"]
            made = [msgspec.structs.replace(found[0], body=body) for body in strange]
            return [*made, *found]

    router.history = Older()
    answer = await http.get("calls/c1/story")
    assert answer["lines"] == told(router, "c1")
    assert not answer["whole"]


async def test_no_story_is_without_end(router, http, monkeypatch):
    monkeypatch.setattr("cti.api.control.STORY_EVENTS", 3)
    a_life(router)
    answer = await http.get("calls/c1/story")
    assert (answer["events"], answer["whole"]) == (3, False)


async def test_no_story_shows_a_number(router, http):
    router.arrives("c1", caller="13812345678")
    router.do(c.BookCallback("c1", "13812345678"))
    router.wait(SECOND / SECOND)
    lines = (await http.get("calls/c1/story"))["lines"]
    assert "12345678" not in "".join(lines)
    assert "called back" in lines[-1]
