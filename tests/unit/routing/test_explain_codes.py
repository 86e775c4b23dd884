"""Every code that an event can hold has its words, and the Chinese is Chinese."""

import ast
import re
from pathlib import Path

import pytest

import routing
from routing.agent import AgentStatus, AgentWork
from routing.call import CallState
from routing.config import DEFAULT_REASONS, Strategy
from routing.events import CallOutcome, ClearedBy
from routing.explain import codes
from routing.transfers.messages import Connection, TransferCause, TransferKind
from routing.verbs.offers import NOT_READY_REASON
from routing.words import OfferOutcome

TABLES = {
    name: table
    for name, table in vars(codes).items()
    if name.isupper() and isinstance(table, dict) and not name.startswith("_")
}
WHOLE = [
    (codes.OUTCOMES, OfferOutcome),
    (codes.ENDS, CallOutcome),
    (codes.PARTIES, ClearedBy),
    (codes.STRATEGIES, Strategy),
    (codes.KINDS, TransferKind),
    (codes.FAILURES, TransferCause),
    (codes.CONNECTIONS, Connection),
    (codes.CALLS, CallState),
    (codes.CAUSES, OfferOutcome),
    (codes.CAUSES, TransferKind),
    (codes.CAUSES, TransferCause),
]
SAYS_WHY = {
    "line_up", "offer_to_best_agent", "agent_is_free", "match_after", "_match_in_order", "divert",
    "enter_queue", "seek", "tell_diverted",
}  # fmt: skip
"""Verbs of the core whose last words are a cause or a trigger."""


@pytest.mark.parametrize("name", TABLES)
def test_each_code_is_in_both_languages(name):
    for code, (chinese, english) in TABLES[name].items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), code
        assert english.isascii(), code
        assert english, code


@pytest.mark.parametrize(("table", "kind"), WHOLE, ids=lambda each: getattr(each, "__name__", ""))
def test_each_member_of_an_enumeration_has_a_word(table, kind):
    assert {member.value for member in kind} <= set(table)


def causes_in_the_core():
    """String constants that the core hands on as a cause or a trigger."""
    for path in Path(routing.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS_WHY:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        yield inner.value


def test_each_cause_that_the_core_says_has_a_word():
    said = {each for each in causes_in_the_core() if each.isalpha() and each != "step"}
    assert len(said) > 12
    assert said <= set(codes.CAUSES)


def test_each_reason_why_an_agent_is_not_free_has_a_word():
    work = {each.value for each in AgentWork if each is not AgentWork.IDLE}
    status = {each.value for each in AgentStatus if each is not AgentStatus.READY}
    reasons = {*DEFAULT_REASONS, *NOT_READY_REASON.values(), "deviceUnreachable"}
    assert work | status | reasons <= set(codes.STATES)


def test_codes_with_a_part_of_their_own():
    assert codes.cause_word("step2", "en") == "step 2"
    assert codes.cause_word("step2", "zh") == "放宽到第 2 级"
    assert codes.cause_word("steps", "zh") == "steps"
    assert codes.state_word("gap:noAnswer", "en") == "pause: nobody answered"
    assert codes.state_word("gap:noAnswer", "zh") == "停歇中（无人接听）"


def test_what_nobody_knows_stays_as_it_is():
    assert codes.code_word("gymnastics", "zh") == "gymnastics"
    assert codes.code_word("noAnswer", "zh") == "无人接听"
