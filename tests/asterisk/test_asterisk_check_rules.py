"""The rules of `cti asterisk check` alone: what no lab can show, and the edges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.cli.asterisk_check_rules import (
    CONTEXTS,
    EXPOSING,
    MODULES,
    NEEDED_ACTIONS,
    OURS,
    STEPS,
    WANTED_EVENTS,
    Expected,
    Facts,
    Finding,
    findings,
)
from tests.lab.asterisk import SHIPPED

WELL = Facts(
    version="22.10.1+dfsg",
    run_user="asterisk",
    modules={**dict.fromkeys(MODULES, True), **dict.fromkeys(EXPOSING, False)},
    contexts={name: frozenset(extensions) for name, extensions in CONTEXTS.items()},
    router_actions=frozenset(NEEDED_ACTIONS),
    router_heard=frozenset({OURS, "Hangup"}),
    reads_files=False,
    globals={"CTI_ROUTER": "10.0.0.9:4573", "CTI_FAILSAFE_QUEUE": "failsafe"},
    has_secret=True,
    failsafe_queue_exists=True,
)
EXPECTED = Expected(name="a1", agi_host="10.0.0.9", agi_port=4573, is_only_one=True)


def bad(facts: Facts, expected: Expected = EXPECTED) -> list[Finding]:
    return [finding for finding in findings(facts, expected) if not finding.ok]


def test_all_is_well() -> None:
    assert bad(WELL) == []
    assert all(finding.next_step == "" for finding in findings(WELL, EXPECTED, "zh"))


@pytest.mark.parametrize(
    ("version", "ok"),
    [
        ("22.10.1+dfsg+~cs6.17", True),
        ("22.10.2", True),
        ("22.11.0", True),
        ("22.10.0", False),
        ("22.2.0~dfsg", False),
        ("20.15.0", False),
        ("23.0.0", False),
        ("certified-22.10.1", True),
        ("GIT-master", False),
        ("", False),
    ],
)
def test_version(version: str, ok: bool) -> None:
    assert (bad(replace(WELL, version=version)) == []) is ok


@pytest.mark.parametrize(
    ("said", "host", "is_only_one", "ok"),
    [
        ("10.0.0.9:4573", "10.0.0.9", True, True),
        ("10.0.0.9:4573/a1", "10.0.0.9", True, True),
        ("10.0.0.9:4573/a1", "10.0.0.9", False, True),
        ("10.0.0.9:4573", "10.0.0.9", False, False),
        ("10.0.0.9:4573/a2", "10.0.0.9", False, False),
        ("10.0.0.8:4573", "10.0.0.9", True, False),
        ("10.0.0.8:4573", "0.0.0.0", True, True),
        ("10.0.0.9:4574", "10.0.0.9", True, False),
        (":4573", "0.0.0.0", True, False),
        ("10.0.0.9", "10.0.0.9", True, False),
        ("", "10.0.0.9", True, False),
    ],
)
def test_address_of_the_router(said: str, host: str, is_only_one: bool, ok: bool) -> None:
    facts = replace(WELL, globals={**WELL.globals, "CTI_ROUTER": said})
    expected = Expected(name="a1", agi_host=host, agi_port=4573, is_only_one=is_only_one)
    assert (bad(facts, expected) == []) is ok


def test_the_next_step_names_what_to_write() -> None:
    facts = replace(WELL, globals={"CTI_FAILSAFE_DIAL": "PJSIP/8800"})
    expected = Expected(name="a2", agi_host="0.0.0.0", agi_port=4000, is_only_one=False)
    assert [finding.next_step for finding in bad(facts, expected)] == [
        "set CTI_ROUTER=ROUTER:4000/a2 under [globals] in extensions.conf"
    ]


def test_what_could_not_be_looked_at_is_not_well() -> None:
    checks = {finding.check for finding in bad(replace(WELL, modules={}, contexts={}))}
    assert checks == {"modules", "exposing modules", "contexts"}
    assert [each.found for each in bad(replace(WELL, router_heard=frozenset()))] == [
        "no UserEvent comes"
    ]


def test_an_extension_that_is_missing_is_named() -> None:
    contexts = {**WELL.contexts, "cti-wait": WELL.contexts["cti-wait"] - {"T"}}
    assert [each.found for each in bad(replace(WELL, contexts=contexts))] == ["missing: cti-wait,T"]


def test_no_failsafe_at_all() -> None:
    facts = replace(WELL, globals={"CTI_ROUTER": "10.0.0.9:4573"}, failsafe_queue_exists=False)
    assert [each.found for each in bad(facts)] == ["music only"]


def test_every_step_is_said_in_both_languages_and_fits_its_values() -> None:
    for chinese, english in STEPS.values():
        assert chinese.isascii() is False
        assert english.isascii()
        assert chinese.count("{") == english.count("{")


def test_the_events_are_those_of_the_shipped_filter() -> None:
    text = (SHIPPED / "manager.d" / "cti-users.conf").read_text(encoding="utf-8")
    for event in WANTED_EVENTS:
        assert f"eventfilter(action(include),name({event})" in text


def test_the_contexts_are_those_that_are_shipped() -> None:
    text = (SHIPPED / "extensions.d" / "cti-routing.conf").read_text(encoding="utf-8")
    for context, extensions in CONTEXTS.items():
        part = text.partition(f"\n[{context}]\n")[2].partition("\n[")[0]
        for extension in extensions:
            assert f"\nexten => {extension},1," in f"\n{part}", (context, extension)
