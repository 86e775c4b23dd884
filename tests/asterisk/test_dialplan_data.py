"""Call data on a real Asterisk: what the dialplan hands over, and what comes of what is unfit."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest

from cti.gateway.data import read_data, wanted
from routing.config import DataField, RoutingConfig
from routing.config_check import MAX_DATA_BYTES, MAX_DATA_FIELDS, problems
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter, Question
from tests.worlds.asterisk.world import EPOCH, end_calls

pytestmark = pytest.mark.real

WAIT = f"wait*{EPOCH}*25*"

PLAIN = {
    "customer": '张三, "女士" & O\'Brien (a|b) 100% = $5;',
    "language": "zh",
    "absent": "",
}
UNFIT = {
    "gbk": "张三".encode("gbk"),
    "long": "长".encode() * 22,
    "line": b"a\nb",
    "expression": b"a${SHELL(id)}b",
    "bracket": b"$[1+1]",
    "control": b"a\x1bb",
}
FIELDS = tuple(DataField(name) for name in (*PLAIN, *UNFIT))
FULL = tuple(
    DataField(f"a_name_of_thirty_two_letters_n{number:02}", max_bytes=64)
    for number in range(MAX_DATA_FIELDS)
)


def _set(name: str, value: bytes) -> str:
    """The only way to write any byte in a dialplan."""
    return f" same => n,Set(CTI_DATA_{name}=${{URIDECODE({quote_from_bytes(value, safe='')})}})\n"


def _extension(name: str, values: dict[str, bytes]) -> str:
    lines = "".join(_set(*each) for each in values.items() if each[1])
    return f"exten => {name},1,NoOp()\n{lines} same => n,Goto(cti-inbound,${{EXTEN}},1)\n"


EXTENSIONS = (
    _extension("plain", {name: value.encode() for name, value in PLAIN.items()})
    + _extension("unfit", {"language": b"zh", **UNFIT})
    + _extension("full", {field.name: "长".encode() * 21 + b"!" for field in FULL})
    + _extension("huge", {field.name: "长".encode() * 400 for field in FULL[:5]})
)


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    with LabAsterisk(extensions=EXTENSIONS) as running:
        yield running


async def asked(asterisk: LabAsterisk, dialled: str, fields: tuple[DataField, ...]) -> Question:
    async with (
        LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami,
        FakeRouter(asterisk.agi_port, WAIT) as router,
    ):
        await ami.ask("Setvar", Variable="CTI_DATA", Value=wanted(fields))
        with Callers(asterisk.sip, dialled, stay_ms=9_000) as callers:
            question = await router.question()
            await end_calls(ami, callers)
    return question


async def test_any_text_arrives_as_it_was_set(asterisk: LabAsterisk) -> None:
    question = await asked(asterisk, "plain", FIELDS)
    data, wrong = read_data(question.data, FIELDS)
    assert dict(data) == {name: value for name, value in PLAIN.items() if value}
    assert wrong == ()
    assert question.asked.isdigit()  # the argument in front of them


async def test_what_is_unfit_is_named_and_the_rest_is_taken(asterisk: LabAsterisk) -> None:
    question = await asked(asterisk, "unfit", FIELDS)
    data, wrong = read_data(question.data, FIELDS)
    assert dict(data) == {"language": "zh"}
    assert sorted(text.partition(" ")[0] for text in wrong) == sorted(UNFIT)


async def test_without_names_nothing_is_handed_over(asterisk: LabAsterisk) -> None:
    question = await asked(asterisk, "plain", ())
    assert question.data == ()
    assert "agi_arg_13" not in question.headers


async def test_all_that_may_be_listed_arrives_whole(asterisk: LabAsterisk) -> None:
    """As many names, as long, and as many bytes as a configuration may have: the source of both
    limits.
    """
    assert problems(RoutingConfig(call_data=FULL)) == []
    assert sum(field.max_bytes for field in FULL) == MAX_DATA_BYTES
    question = await asked(asterisk, "full", FULL)
    data, wrong = read_data(question.data, FULL)
    assert dict(data) == {field.name: "长" * 21 + "!" for field in FULL}
    assert wrong == ()


async def test_a_value_without_end_costs_nobody_the_call(asterisk: LabAsterisk) -> None:
    question = await asked(asterisk, "huge", FULL)
    data, wrong = read_data(question.data, FULL)
    assert data == ()
    assert len(wrong) == 5
