"""What a reader sees of the record, which is whole, by the class up to which the reader may see."""

import sqlite3

import msgspec
import pytest

from cti.record.classes import PERSONAL, PUBLIC, SECRET
from cti.record.event_log import EventLog
from cti.record.seen import employer_of, seen
from routing import events as e
from tests.worlds.record.history import History, call_life, encoder, made

DATA = {
    "public_data": (("language", "zh"),),
    "personal_data": (("customer", "张三丰"), ("account", "6222020200112233445")),
    "secret_data": (("pin_token", "t-123456"),),
}


def record(event):
    return encoder().record(History().say(event))


def data_of(event, upto):
    return msgspec.json.decode(seen(record(event), upto))["data"]


INFORMATION = made(e.CallInformation, call_id="a1-1.1", changed=("customer",), **DATA)


def test_the_public_sees_names_masked_values_and_no_secret():
    data = data_of(INFORMATION, PUBLIC)
    assert data["public_data"] == [["language", "zh"]]
    assert data["personal_data"] == [["customer", "张**"], ["account", "622************3445"]]
    assert data["secret_data"] == []
    assert data["changed"] == ["customer"]


def test_who_may_see_persons_sees_no_secret():
    data = data_of(INFORMATION, PERSONAL)
    assert dict(data["personal_data"]) == dict(DATA["personal_data"])
    assert data["secret_data"] == []


def test_who_may_see_all_sees_the_record():
    whole = record(INFORMATION)
    assert seen(whole, SECRET) == whole.body
    assert dict(data_of(INFORMATION, SECRET)["secret_data"]) == {"pin_token": "t-123456"}


def test_all_else_is_as_it_was():
    for event in call_life():
        whole = record(event)
        before, after = msgspec.json.decode(whole.body), msgspec.json.decode(seen(whole))
        assert list(before) == list(after)
        differs = {name for name in before["data"] if before["data"][name] != after["data"][name]}
        assert differs <= {"caller"}
        assert before | {"data": 0} == after | {"data": 0}


def test_a_record_of_before_it_was_whole_is_read_as_it_is():
    event = made(e.CallQueued, call_id="a1-1.1", caller="138****5678")
    assert data_of(event, PUBLIC)["caller"] == data_of(event, PERSONAL)["caller"] == "138****5678"


def test_of_an_event_of_another_version_no_text_is_seen():
    whole = record(INFORMATION)
    body = msgspec.json.decode(whole.body)
    body["type"], body["data"] = "cti.later", {"type": "Later", "who": "13812345678", "n": 3,
                                               "deep": {"who": "13812345678"}}  # fmt: skip
    later = msgspec.structs.replace(whole, type="cti.later", body=msgspec.json.encode(body))
    assert msgspec.json.decode(seen(later))["data"] == {
        "type": "Later", "who": "138****5678", "n": 3, "deep": {},
    }  # fmt: skip


def test_what_is_of_the_wrong_type_is_left_empty():
    wrong = record(made(e.CallQueued, call_id="a1-1.1", caller=13812345678))
    assert msgspec.json.decode(seen(wrong))["data"]["caller"] == 0


def test_the_employer_is_that_of_the_agent_as_of_then():
    life = call_life(agent_id="8002")
    assert {employer_of(record(event)) for event in life} == {"", "acme"}
    assert employer_of(record(life[0])) == ""


async def test_the_log_keeps_it_whole(tmp_path):
    log = EventLog(tmp_path / "events.db", encoder().record)
    await log.start()
    try:
        log.offer(History().say(INFORMATION))
    finally:
        await log.close()
    assert "t-123456" in body_of(tmp_path)
    assert "6222020200112233445" in body_of(tmp_path)


async def test_a_log_of_masked_events_is_taken_on_and_says_from_where_it_is_whole(tmp_path):
    path, history = tmp_path / "events.db", History()
    await written(path, history.say_all(call_life()[:3]))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE events SET body = replace(body, '13812345678', '138****5678')")
        db.execute("PRAGMA user_version = 1")
    await written(path, history.say_all(call_life()[:1]))
    with sqlite3.connect(path) as db:
        bodies = [body for (body,) in db.execute("SELECT body FROM events ORDER BY seq")]
        assert ["138****5678" in body for body in bodies] == [True, False, True, False]
        assert "13812345678" in bodies[3]
        kept = dict(db.execute("SELECT reader, seq FROM bookmarks"))
        assert kept["(whole)"] == 4
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


async def written(path, envelopes):
    log = EventLog(path, encoder().record)
    await log.start()
    try:
        log.offer_all(envelopes)
    finally:
        await log.close()


def body_of(folder):
    with sqlite3.connect(folder / "events.db") as db:
        return "".join(body for (body,) in db.execute("SELECT body FROM events"))


@pytest.mark.parametrize("upto", [PUBLIC, PERSONAL])
def test_no_secret_of_any_event_is_seen(upto):
    body = seen(record(INFORMATION), upto)
    assert b"t-123456" not in body
