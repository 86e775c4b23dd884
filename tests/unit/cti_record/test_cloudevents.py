import re
from typing import get_args

import msgspec
import pytest

from cti.record.cloudevents import AsOf, CloudEvent, CloudEventEncoder, csta_name
from cti.record.directory import directory_of
from cti.record.envelope import Envelope
from cti.record.seen import seen
from cti.record.topics import Subject
from routing import events as e
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from tests.worlds.record.history import (
    LIFE_TYPES,
    NOON_US,
    History,
    agent_state,
    call_life,
    encoder,
    made,
)

CONTEXT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype"}


def said(event, **place):
    envelope = Envelope(**{"epoch": 7, "seq": 3, "at_us": NOON_US, "event": event} | place)
    record = encoder().record(envelope)
    return record, msgspec.json.decode(record.body)


def test_a_queued_call_as_a_cloud_event():
    record, event = said(call_life()[0], at_us=NOON_US + 123456)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "n1-7-3",
        "source": "/cti/v1/main/router/n1",
        "type": "cti.queued",
        "subject": "call/a1-1795262400.63",
        "time": "2026-11-21T12:00:00.123456Z",
        "datacontenttype": "application/json",
        "seq": "3",
        "epoch": 7,
        "contactid": "a1-1795262400.63",
        "requestid": "a1-1795262400.63:1",
        "legid": "a1-1795262400.63",
        "queue": "loans",
        "site": "main",
        "pbx": "a1",
    }
    assert data["type"] == "CallQueued"
    assert data["first_queued_us"] == NOON_US
    assert (record.seq, record.epoch, record.type) == (3, 7, "cti.queued")
    assert record.topic == "cti/v1/main/call/a1-1795262400.63/event"


def test_a_calls_life_in_csta_words():
    words = [encoder().record(envelope).type for envelope in History().say_all(call_life())]
    assert words == LIFE_TYPES


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("null", "agentNull"),
        ("notReady", "agentNotReady"),
        ("ready", "agentReady"),
        ("reserved", "agentReserved"),
        ("busy", "agentBusy"),
        ("workingAfterCall", "agentWorkingAfterCall"),
    ],
)
def test_an_agents_state_names_the_event(state, word):
    assert csta_name(agent_state("8001", state)) == word


def test_a_phone_goes_out_of_service_and_comes_back():
    lost = made(e.DeviceChanged, agent_id="8001", reachable=False)
    assert csta_name(lost) == "outOfService"
    assert csta_name(msgspec.structs.replace(lost, reachable=True)) == "backInService"


@pytest.mark.parametrize("kind", get_args(e.Event), ids=lambda kind: kind.__name__)
def test_every_event_of_the_core_can_be_said(kind):
    record, event = said(made(kind))
    assert re.fullmatch(r"cti\.[a-z][A-Za-z]+", event["type"])
    assert len(record.topic.split("/")) == 6
    assert event.keys() >= CONTEXT
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in event)  # CloudEvents 1.0, 3.1
    assert msgspec.json.decode(record.body, type=CloudEvent).seq == "3"


@pytest.mark.parametrize("kind", get_args(e.Event), ids=lambda kind: kind.__name__)
def test_data_is_the_cores_event_and_can_be_read_back(kind):
    event = made(kind)
    body = msgspec.json.decode(said(event)[0].body, type=CloudEvent)
    assert msgspec.json.decode(body.data, type=e.Event) == event


def test_no_two_events_share_a_name():
    names = [csta_name(made(kind)) for kind in get_args(e.Event)]
    assert len(set(names)) == len(names)


def test_customers_numbers_are_masked_wherever_they_stand():
    for kind in get_args(e.Event):
        for field in {"caller", "callback", "number"} & set(kind.__struct_fields__):
            record, event = said(made(kind, **{field: "13812345678"}))
            assert event["data"][field] == "13812345678"  # the record is whole
            shown = seen(record)
            assert msgspec.json.decode(shown)["data"] == event["data"] | {field: "138****5678"}
            assert b"13812345678" not in shown


def test_an_agents_event_names_employer_and_site_and_goes_to_his_sites_topic():
    record, event = said(agent_state("8002", "ready"))
    assert (event["employer"], event["site"]) == ("acme", "west")
    assert record.topic == "cti/v1/west/agent/8002/event"


def test_a_calls_topic_stays_the_same_whichever_sites_agent_takes_it():
    events = call_life(agent_id="8002")
    topics = {said(event)[0].topic for event in events if hasattr(event, "request_no")}
    assert topics == {"cti/v1/main/call/a1-1795262400.63/event"}
    assert said(events[4])[1]["site"] == "west"


def test_an_agent_whom_nobody_knows_is_said_without_enrichment():
    record, event = said(agent_state("9999", "ready"))
    assert "employer" not in event
    assert record.topic == "cti/v1/main/agent/9999/event"


def test_the_longest_pbx_name_that_fits_owns_the_call():
    delivered = made(e.CallDelivered, call_id="a1-b-sys-17.1", request_no=1)
    assert said(delivered)[1]["pbx"] == "a1-b"


def test_events_of_the_router_itself_have_its_topic():
    record, event = said(made(e.TelephonyChanged, pbx="a1", state="lost"))
    assert record.topic == "cti/v1/main/router/n1/event"
    assert (event["type"], event["pbx"]) == ("cti.systemStatus", "a1")


def test_durations_keep_their_unit_in_the_name():
    data = said(call_life()[8])[1]["data"]
    assert (data["talked_us"], data["held_us"]) == (30_000_000, 3_000_000)


def test_half_a_surrogate_pair_in_a_name_does_not_stop_the_bus():
    record, event = said(made(e.CallQueued, call_id="a1-\udc801", request_no=1))
    assert event["contactid"] == "a1-?1"
    assert record.call_id == "a1-?1"


FAR_US = 2**70  # beyond the year 9999

UNSAYABLE = [
    ({"at_us": FAR_US}, made(e.DeviceChanged, agent_id="8001"), "OverflowError"),
    ({"epoch": 2**64}, made(e.DeviceChanged, agent_id="8001"), "OverflowError"),
    ({}, made(e.DeviceChanged, agent_id="8001", reachable=object()), "KeyError"),
    ({}, made(e.CallQueued, call_id="a1-1.1", caller=object()), "TypeError"),
    ({}, made(e.CallQueued, call_id=["a1-1.1"]), "TypeError"),
    ({}, made(e.CallQueued, call_id="a1-\udc801", first_queued_us=object()), "UnicodeEncodeError"),
]


@pytest.mark.parametrize(("place", "event", "error"), UNSAYABLE)
def test_what_has_no_form_is_set_aside_in_its_place(place, event, error):
    speaker, told = encoder(), []
    speaker.on_set_aside = lambda *what: told.append(what)
    envelope = Envelope(**{"epoch": 7, "seq": 3, "at_us": NOON_US, "event": event} | place)
    record = speaker.record(envelope)
    body = msgspec.json.decode(record.body)
    assert (record.seq, body["seq"]) == (3, "3")
    assert record.type == body["type"] == "cti.eventSetAside"
    assert body["subject"] == "router/n1"
    assert (body["data"]["event"], body["data"]["error"]) == (type(event).__name__, error)
    assert 0 <= record.epoch < 2**63
    assert 0 <= record.at_us < 2**63
    assert [(kind, seq) for kind, seq, _ in told] == [(type(event).__name__, 3)]
    assert speaker.record(envelope) is record
    assert len(told) == 1


def test_what_is_set_aside_keeps_what_has_a_form_and_no_customers_number():
    event = made(e.CallQueued, call_id="a1-1.1", queue_id="loans", caller="13812345678",
                 first_queued_us=object())  # fmt: skip
    record, body = said(event)
    assert record.call_id == body["contactid"] == "a1-1.1"
    assert body["data"]["fields"]["queue_id"] == "loans"
    assert "138" not in record.body.decode()


def test_a_state_document_without_a_form_is_said_without_that_field():
    speaker, told = encoder(), []
    speaker.on_set_aside = lambda *what: told.append(what)
    data = {"state": "ready", "reason": "\ud800", "since_us": object()}
    body = msgspec.json.decode(speaker.state(Subject.AGENT, "8001", AsOf(7, 3, FAR_US), data))
    assert body["data"] == {"state": "ready", "reason": "?"}
    assert body["seq"] == "3"
    assert [(kind, seq) for kind, seq, _ in told] == [("agentState", 3)]


def test_the_same_envelope_is_encoded_once():
    speaker = encoder()
    envelope = History().say(call_life()[0])
    assert speaker.record(envelope) is speaker.record(envelope)


def test_what_is_remembered_is_bounded():
    speaker = encoder()
    for envelope in History().say_all([call_life()[0]] * (CloudEventEncoder.MEMORY + 10)):
        speaker.record(envelope)
    assert len(speaker._recent) == CloudEventEncoder.MEMORY


def test_a_directory_says_who_serves_which_queue():
    directory = directory_of(
        RoutingConfig(
            queues=(QueueSpec("loans", need="loans>=2"), QueueSpec("any")),
            agents=(
                AgentSpec("8001", "8001", skills=(("loans", 3),), employer="own", site="main"),
                AgentSpec("8002", "8002", skills=(("loans", 1),), employer="acme", site="west"),
            ),
            pbxs=("a1",),
        )
    )
    assert directory.card("8001").queues == ("loans", "any")
    assert directory.card("8002").queues == ("any",)
    assert directory.card("8002").employer == "acme"
    assert directory.card("9999").site == ""
