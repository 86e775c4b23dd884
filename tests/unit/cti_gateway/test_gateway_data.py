"""Call data at the border: what fits is taken, what does not is named, and the call goes on."""

from urllib.parse import quote, quote_from_bytes

import msgspec
import pytest

from cti.gateway import border
from cti.gateway.asking import Remark, RemarkKind, answer
from cti.gateway.data import kept, read_data, wanted
from cti.gateway.question import read_question
from routing.commands import AgentLegCleared, ApplyConfig, AssociateData
from routing.config import DataClass, DataField
from routing.ids import AgentId, CallId
from tests.worlds.gateway.desk import A1, CONFIG, SECRET, DeskWorld, make_ready, request, status_row
from tests.worlds.gateway.hand import HandWorld

CALL = CallId("a1-1.1")
FIELDS = (DataField("customer"), DataField("language", DataClass.PUBLIC, 8))
LISTED = msgspec.structs.replace(CONFIG, call_data=FIELDS)


def pair(name, value):
    raw = value if isinstance(value, bytes) else value.encode()
    return f"{name}={quote_from_bytes(raw, safe='')}"


class Centre(DeskWorld):
    def ask(self, verb, *data, **named):
        desk = self.desk
        question = read_question(request(verb, data=data, **named), [SECRET], [A1])
        said = answer(question, desk)
        self.remarked = desk.remarks
        return said

    @property
    def data(self):
        return dict(self.engine.calls[CALL].data)


def test_what_fits_is_the_calls_and_its_name_too():
    world = Centre(LISTED)
    world.ask("arrive", pair("language", "zh"), pair("customer", "张三, & ="), name="李四")
    assert world.data == {"customer": "张三, & =", "language": "zh"}
    assert world.engine.calls[CALL].caller_name == "李四"
    assert world.remarked == []


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"x" * 65, "longer than 64 bytes"),
        ("张" * 22, "longer than 64 bytes"),
        ("张三".encode("gbk"), "no UTF-8"),
        ("张三".encode()[:-1], "no UTF-8"),
        (b"\xed\xa0\x80", "no UTF-8"),  # half a surrogate pair
        ("a\rb", "control character"),
        ("a\nb", "control character"),
        ("a\0b", "control character"),
        ("${SHELL(id)}", "control character, ${ or $["),
        ("$[1]", "control character, ${ or $["),
    ],
)
def test_an_unfit_value_is_left_out_and_only_its_name_is_said(value, rule):
    world = Centre(LISTED)
    assert world.ask("arrive", pair("customer", value), pair("language", "zh")) == "wait*7*10*"
    assert world.data == {"language": "zh"}
    ((kind, about),) = [(each.kind, each.about) for each in world.remarked]
    assert kind is RemarkKind.UNFIT_DATA
    assert about.startswith("customer (")
    assert rule in about
    assert str(value) not in about


def test_a_name_that_is_not_listed_is_named_and_what_is_no_name_is_not_repeated():
    world = Centre(LISTED)
    world.ask("arrive", pair("account", "1"), "a b=1", "noise", "=", "")
    assert world.remarked == [
        Remark(RemarkKind.UNFIT_DATA, "account (no such name in call_data)"),
        Remark(RemarkKind.UNFIT_DATA, "? (no such name in call_data)"),
    ]


def test_more_arguments_than_names_can_be_are_not_read():
    question = read_question(request("arrive", data=("a=1",) * 100), [SECRET], [A1])
    assert len(question.data) == 16


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("unknown", ""),
        ("Anonymous", ""),
        ("王 小明", "王 小明"),
        ("A\x1b[31mB", "A[31mB"),
        ("a\u2028b", "ab"),
        ("x${SHELL(id)}y", "xSHELL(id)}y"),
        ("长" * 100, "长" * 64),
    ],
)
def test_a_callers_name_is_cleaned(said, taken):
    assert border.caller_name_of(said) == taken


def test_who_comes_to_the_line_again_keeps_what_the_dialplan_says_nothing_about():
    world = Centre(LISTED)
    world.ask("arrive", pair("customer", "张三"), pair("language", "zh"), entry="1")
    world.submit(AssociateData(CALL, (("customer", "李四"),), "8001"))
    world.ask("arrive", pair("language", "en"), entry="2")
    assert world.data == {"customer": "李四", "language": "en"}
    assert kept((("a", "1"), ("b", "2")), (("b", "3"),)) == (("a", "1"), ("b", "3"))


def test_who_talked_and_is_sent_to_another_line_keeps_them():
    world = Centre(LISTED)
    world.ask("arrive", pair("customer", "张三"), entry="1")
    make_ready(world.submit)
    world.dial()
    world.talk()
    world.submit(AgentLegCleared(CALL, AgentId("8001")))
    world.ask("arrive", entry="2")
    assert world.data == {"customer": "张三"}


def test_the_question_of_a_known_caller_changes_nothing():
    world = Centre(LISTED)
    world.ask("arrive", pair("customer", "张三"))
    world.submit(AssociateData(CALL, (("customer", "李四"),), "8001"))
    world.ask("again", pair("customer", "张三"))
    assert world.data == {"customer": "李四"}


def test_asterisk_is_told_the_names_and_told_again_when_they_change():
    world = HandWorld()
    world.up()
    assert names_told(world) == [""]  # there may be a list of before
    world.dispatcher.submit(ApplyConfig(msgspec.structs.replace(LISTED, version=2)))
    assert names_told(world)[1:] == ["customer:65*language:9"]
    world.pbx.link_down("cut")
    world.link_up()
    assert names_told(world)[2:] == ["customer:65*language:9"]
    assert read_data((pair("customer", "x"),), FIELDS)[0] == (("customer", "x"),)
    assert wanted(()) == ""


def names_told(world):
    return [sent.get("Value") for sent, _ in world.link.sent if sent.get("Variable") == "CTI_DATA"]


def test_a_waiting_stranger_found_after_a_restart_has_its_data():
    world = HandWorld()
    world.dispatcher.submit(ApplyConfig(msgspec.structs.replace(LISTED, version=2)))
    world.up(
        status_row("1.1", "cti-wait", CTI_STAGE="wait", CTI_LINE_QUEUE="loans",
                   CTI_ARRIVED="1800000000000", CallerIDName="李四",
                   CTI_LINE_DATA=f",customer={quote('张三')},language=zh")
    )  # fmt: skip
    call = world.dispatcher.engine.calls[CALL]
    assert dict(call.data) == {"customer": "张三", "language": "zh"}
    assert call.caller_name == "李四"
