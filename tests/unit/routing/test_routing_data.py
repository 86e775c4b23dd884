"""Call data: bounded, classed by the configuration, with the customer's call wherever it goes."""

import msgspec
import pytest

from routing import commands as c
from routing.call import STORED
from routing.commands import OfferOutcome, TransferCommand
from routing.config import DataClass, DataField, Overflow, RoutingConfig
from routing.config_check import problems
from routing.data import is_unfit
from routing.events import CallDelivered, CallInformation, CallQueued, OfferMade
from routing.explain import explain
from routing.refusals import Refusal
from routing.snapshot import dump, load
from routing.transfers import messages as t
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one, refusal, told_alike_after_a_restart

FIELDS = (
    DataField("language", DataClass.PUBLIC, 8),
    DataField("customer", DataClass.PERSONAL, 64),
    DataField("pin_token", DataClass.SECRET, 64),
)
DATA = (("pin_token", "t-1"), ("customer", "张三"), ("language", "zh"))
PUBLIC, PERSONAL = (("language", "zh"),), (("customer", "张三"),)


def centre_with(**fields):
    queues = [queue("q", after_call_work_us=0, **fields), queue("other")]
    return Centre(queues, [agent("8001", "q"), agent("8002", "other")], call_data=FIELDS)


def shown(event):
    return event.public_data, event.personal_data


def test_what_comes_in_is_told_under_its_class_before_the_call_is_queued():
    centre = centre_with()
    events = centre.call("c1", "q", data=DATA, caller_name="李四")
    assert [type(event) for event in events[:2]] == [CallInformation, CallQueued]
    told = one(events, CallInformation)
    assert (*shown(told), told.secret_data) == (PUBLIC, PERSONAL, (("pin_token", "t-1"),))
    assert told.changed == ("language", "customer", "pin_token")
    assert one(events, CallQueued).caller_name == "李四"


def test_a_call_without_data_costs_no_event():
    assert not of(centre_with().call("c1", "q", caller_name="李四"), CallInformation)


def test_a_ringing_phone_is_told_all_but_secrets():
    centre = centre_with()
    centre.ready("8001")
    offer = one(centre.call("c1", "q", data=DATA), OfferMade)
    told = one(centre.do(c.OfferRinging(offer.offer_id)), CallDelivered)
    assert shown(told) == (PUBLIC, PERSONAL)
    assert "t-1" not in str(told)


@pytest.mark.parametrize(
    "value", ["x" * 65, "张" * 22, "a\r", "a\nb", "\0", "${X}", "$[1]", "\x9b", "\ud800", "\u2028"]
)
def test_an_unfit_value_is_left_out_and_the_call_is_taken(value):
    centre = centre_with()
    events = centre.call("c1", "q", data=(("customer", value), ("language", "zh"), ("none", "x")))
    assert one(events, CallInformation).changed == ("language",)
    assert refusal(centre.do(c.AssociateData("c1", (("customer", value),)))) == Refusal.BAD_VALUE
    assert one(events, CallQueued)


def test_a_value_may_hold_what_people_write():
    for value in ("张三", "O'Brien & 女士", "100 $", "{}", "a=b&c", "%41", "　全角"):
        assert not is_unfit(value)


def test_a_change_is_told_once_with_who_made_it():
    centre = centre_with()
    centre.call("c1", "q", data=DATA)
    change = c.AssociateData("c1", (("language", "en"), ("customer", "")), by="8001")
    told = one(centre.do(change), CallInformation)
    assert (told.changed, told.by) == (("language", "customer"), "8001")
    assert (*shown(told), told.secret_data) == ((("language", "en"),), (), (("pin_token", "t-1"),))
    assert centre.do(change) == []


def test_the_story_names_them_and_says_no_value():
    history = [(S, event) for event in talked_about()]
    english, chinese = "\n".join(explain(history)), "\n".join(explain(history, "zh"))
    assert "comes with data: language, customer, pin_token" in english
    assert "noted by 8001: language" in english
    assert "8001 更改了随路数据：language" in chinese
    assert not [value for _, value in DATA if value in english + chinese and value != "zh"]


def talked_about():
    centre = centre_with()
    change = c.AssociateData("c1", (("language", "en"),), by="8001")
    return centre.call("c1", "q", data=DATA) + centre.do(change)


def test_what_is_not_listed_or_does_not_live_is_refused_and_nothing_is_changed():
    centre = centre_with()
    centre.call("c1", "q", data=DATA)
    half = c.AssociateData("c1", (("language", "en"), ("nobody", "x")))
    assert refusal(centre.do(half)) == Refusal.UNKNOWN_DATA
    assert dict(centre.core.calls["c1"].data)["language"] == "zh"
    assert refusal(centre.do(c.AssociateData("c2", ()))) == Refusal.UNKNOWN_CALL


def test_data_survive_a_failed_offer_an_overflow_and_a_call_back():
    flow = Overflow("queueTimeOverflow", to_queue="other")
    centre = centre_with(max_wait_us=30 * S, overflows=(flow,))
    centre.ready("8001")
    offer = one(centre.call("c1", "q", data=DATA), OfferMade)
    centre.do(c.OfferRinging(offer.offer_id))
    centre.do(c.OfferFailed(offer.offer_id, OfferOutcome.NO_ANSWER))
    centre.wait(31)
    assert centre.core.calls["c1"].queue_id == "other"
    centre.do(c.BookCallback("c1", "013800138000"))
    centre.hang_up("c1")
    offer = one(centre.ready("8002"), OfferMade)
    assert shown(one(centre.do(c.OfferRinging(offer.offer_id)), CallDelivered)) == (
        PUBLIC, PERSONAL,
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(t.TransferKind))
def test_the_target_of_a_transfer_is_told_the_customers_data_as_they_are_by_then(kind):
    centre = centre_with()
    talking(centre)
    centre.ready("8002")
    start: TransferCommand = t.StartTransfer("c1", "8001", kind, to_agent="8002")
    offer = one(centre.do(start), OfferMade)
    told = one(centre.do(c.AssociateData(offer.call_id, (("language", "en"),))), CallInformation)
    assert told.call_id == "c1"  # whoever asks by the consultation's id
    delivered = one(centre.do(c.OfferRinging(offer.offer_id)), CallDelivered)
    assert shown(delivered) == ((("language", "en"),), PERSONAL)
    assert delivered.agent_id == "8002"


def talking(centre):
    centre.ready("8001")
    offer = one(centre.call("c1", "q", data=DATA), OfferMade)
    for command in (c.OfferRinging, c.OfferAnswered, c.LegsBridged):
        centre.do(command(offer.offer_id))


def test_a_name_that_is_listed_no_more_is_secret():
    centre = centre_with()
    talking(centre)
    config = msgspec.structs.replace(centre.core.config, call_data=FIELDS[:1], version=2)
    centre.do(c.ApplyConfig(config))
    told = one(centre.do(c.AssociateData("c1", (("language", "en"),))), CallInformation)
    assert shown(told) == ((("language", "en"),), ())
    assert dict(told.secret_data) == {"customer": "张三", "pin_token": "t-1"}


def test_a_restart_knows_them():
    centre = centre_with()
    talking(centre)
    told_alike_after_a_restart(centre, c.AssociateData("c1", (("language", ""),)))


def test_a_snapshot_of_before_has_calls_without_data():
    centre = centre_with()
    centre.call("c1", "q", data=DATA)
    stored = msgspec.json.decode(dump(centre.core))
    del stored["base"]["call_data"]
    stored["calls"] = [row[: STORED.index("caller_name")] for row in stored["calls"]]
    call = load(msgspec.json.encode(stored)).calls["c1"]
    assert (call.data, call.caller_name) == ((), "")


def test_the_list_is_bounded():
    def wrong(*fields):
        return problems(RoutingConfig(call_data=fields))

    assert wrong(*(DataField(f"a{n}", max_bytes=1) for n in range(17))) == ["call_data: at most 16"]
    assert wrong(DataField("a", max_bytes=1025)) == [
        "call_data: max_bytes of all together at most 1024"
    ]
    assert wrong(DataField("a"), DataField("a"))[0] == "call_data[a]: is there twice"
    assert "a letter" in wrong(DataField("a-b"))[0]
    assert wrong(DataField("a", max_bytes=0)) == ["call_data[a].max_bytes: more than 0"]
