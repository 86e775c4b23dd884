"""Each word that people read is there in Chinese and in English, and the Chinese is Chinese."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from cti.cli import vocabulary as module
from cti.cli.words import Words
from cti.config.to_routing import ROUTER_REASONS
from cti.record import cloudevents
from cti.view import CallStage
from routing import events as e
from routing.config import DEFAULT_REASONS
from routing.events import AgentState
from routing.refusals import Refusal

HOUSE = Path(module.__file__).parent
TABLES = {
    name: table
    for name, table in vars(module).items()
    if isinstance(table, dict) and name.isupper() and not name.startswith("__")
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"Asterisk"}
"""What is called so in Chinese, too."""


@pytest.mark.parametrize("name", TABLES)
def test_each_word_is_in_both_languages(name):
    assert TABLES[name]
    for key, (chinese, english) in TABLES[name].items():
        assert CHINESE.search(chinese), key
        assert not CHINESE.search(english), key
        assert english, key


def test_there_are_tables():
    assert {"WORDS", "SHORT", "REASONS", "EVENTS", "NOTES", "CHECKS", "REFUSALS"} <= set(TABLES)


def asked_for(function):
    """Constants that the code of the command hands to `words(...)` or one of its methods."""
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="words"), args=[ast.Constant(value=str(key))]):
                    if function == "":
                        yield key
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="words"), attr=attr),
                    args=[ast.Constant(value=str(key))],
                ):
                    if function == attr:
                        yield key


def test_each_word_that_is_asked_for_is_there():
    wanted = set(asked_for(""))
    assert len(wanted) > 20
    assert wanted <= set(TABLES["WORDS"])


@pytest.mark.parametrize("kind", [AgentState, CallStage])
def test_each_state_has_a_word(kind):
    assert {each.value for each in kind} <= set(TABLES["WORDS"])


def test_each_reason_of_the_house_has_a_word():
    assert {*DEFAULT_REASONS, *ROUTER_REASONS} <= set(TABLES["REASONS"])


def test_each_refusal_has_a_word():
    assert {each.value for each in Refusal} <= set(TABLES["REFUSALS"])


def test_each_sentence_takes_the_same_values_in_both_languages():
    for key, (chinese, english) in TABLES["WORDS"].items():
        assert sorted(re.findall(r"{\w+}", chinese)) == sorted(re.findall(r"{\w+}", english)), key


def test_each_check_has_a_word():
    """As the daemon names them, in the sources that make them."""
    made = re.compile(r'\b_?[cC]heck\("([a-z ]+)"')
    sources = (HOUSE.parent / "watch").glob("*.py")
    names = {name for path in sources for name in made.findall(path.read_text(encoding="utf-8"))}
    assert {"journal", "event log", "bus"} <= names
    assert names <= set(TABLES["CHECKS"])


def test_a_check_of_an_asterisk_keeps_its_name():
    assert Words("zh").check("asterisk a1") == "Asterisk 连接 a1"
    assert Words("en").check("open files") == "open files"


def test_each_event_has_a_word():
    names = {cloudevents._STATE_NAMES[state] for state in AgentState}
    names |= set(cloudevents._DEVICE_NAMES.values())
    for kind in get_args(e.Event):
        if kind not in (e.AgentStateChanged, e.DeviceChanged):
            names.add(cloudevents._static_name(kind))
    assert names <= set(TABLES["EVENTS"])


def test_what_a_house_calls_its_own_stays_as_it_is():
    assert Words("zh").reason("gymnastics") == "gymnastics"


def test_what_stands_beside_an_event_is_in_the_readers_language():
    assert Words("en").note("noAnswer waited 3.2 s") == "noAnswer waited 3.2 s"
    assert Words("zh").note("noAnswer waited 3.2 s") == "无人接听 等待 3.2 秒"
    assert Words("zh").note("storm on 主管") == "storm 启用 主管"
