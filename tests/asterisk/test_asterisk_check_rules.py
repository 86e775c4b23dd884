"""The rules of `cti asterisk check` alone: what no lab can show, and the edges."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import replace

import pytest

from cti.cli.check.dialplan import queue_set_by
from cti.cli.check.facts import (
    CHECK,
    CONTEXTS,
    EXPOSING,
    LOOKING,
    MODULES,
    ORIGINATE,
    OURS,
    ROUTER,
    WANTED_EVENTS,
    Expected,
    Facts,
    Finding,
    Phone,
)
from cti.cli.check.manager import knock
from cti.cli.check.reach import Admission, Door, Knock, Login, door, login
from cti.cli.check.rules import verdicts
from cti.cli.check.words import STEPS, TITLES, finding
from tests.lab.asterisk import SHIPPED

pytestmark = pytest.mark.room("cli")

PHONE = Phone(exists=True, auth=("8001",), aors=("8001",), takes_registrations=True)
WELL = Facts(
    version="22.10.1+dfsg",
    system_name="",
    run_user="asterisk",
    modules={**dict.fromkeys((*MODULES, *LOOKING), True), **dict.fromkeys(EXPOSING, False)},
    contexts={name: frozenset(extensions) for name, extensions in CONTEXTS.items()},
    router_actions=frozenset(ROUTER.needs),
    check_actions=frozenset(CHECK.needs),
    originate_actions=frozenset(ORIGINATE.needs),
    router_heard=frozenset({OURS, "Hangup"}),
    has_timestamps=True,
    reads_files=False,
    globals={"CTI_ROUTER": "10.0.0.9:4573", "CTI_FAILSAFE_QUEUE": "failsafe"},
    has_secret=True,
    proof="5e",
    failsafe_queue_exists=True,
    queues={"loans": "from-trunk,95588"},
    dialplan_acts={},
    phones={"8001": PHONE},
    broken_auth=frozenset(),
    address="10.0.0.11",
    clock_ms=0,
)
EXPECTED = Expected(
    name="a1", agi_host="10.0.0.9", agi_port=4573, is_only_one=True, proof="5e",
    queues=frozenset({"loans"}),
    devices=("8001",),
)  # fmt: skip


def said(facts: Facts, expected: Expected = EXPECTED) -> list[Finding]:
    return [finding(verdict, "en") for verdict in verdicts(facts, expected)]


def bad(facts: Facts, expected: Expected = EXPECTED) -> list[Finding]:
    return [each for each in said(facts, expected) if not each.ok]


def test_all_is_well() -> None:
    assert bad(WELL) == []
    assert all(finding(each, "zh").next_step == "" for each in verdicts(WELL, EXPECTED))


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
        ("[2001:db8::9]:4573", "2001:db8::9", True, True),
        ("[2001:DB8:0::9]:4573/a1", "2001:db8::9", False, True),
        ("2001:db8::9:4573", "2001:db8::9", True, False),
        ("[2001:db8::9]:4573", "::", True, True),
        ("10.0.0.8:4573", "::", True, False),
        ("[2001:db8::9]:4573", "0.0.0.0", True, False),
        ("router:4573", "0.0.0.0", True, True),
        ("router:4573", "::", True, True),
        ("10.0.0.9", "10.0.0.9", True, False),
        ("", "10.0.0.9", True, False),
    ],
)
def test_address_of_the_router(said: str, host: str, is_only_one: bool, ok: bool) -> None:
    facts = replace(WELL, globals={**WELL.globals, "CTI_ROUTER": said})
    expected = replace(EXPECTED, agi_host=host, is_only_one=is_only_one)
    assert (bad(facts, expected) == []) is ok


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("0.0.0.0", "ROUTER:4000/a2"), ("10.0.0.9", "10.0.0.9:4000/a2"), ("::", "ROUTER:4000/a2"),
     ("2001:db8::9", "[2001:db8::9]:4000/a2")],
)  # fmt: skip
def test_the_next_step_names_what_to_write(host: str, wanted: str) -> None:
    facts = replace(WELL, globals={"CTI_FAILSAFE_DIAL": "PJSIP/8800"})
    expected = replace(EXPECTED, name="a2", agi_host=host, agi_port=4000, is_only_one=False)
    assert [each.next_step for each in bad(facts, expected)] == [
        f"set CTI_ROUTER={wanted} under [globals] in extensions.conf"
    ]


@pytest.mark.parametrize(
    ("allowed", "asks", "words"),
    [
        (("10.0.0.0/24",), "10.0.0.9:4573", ""),
        (("10.0.0.9/32",), "10.0.0.9:4573", "10.0.0.11/32"),
        (("10.0.0.11/32",), "[2001:db8::9]:4573", "IPv6"),
        (("10.0.0.11/32",), "[::1]:4573", "::1/128"),
        (("10.0.0.11/32", "2001:db8::/64"), "[2001:db8::9]:4573", ""),
    ],
)
def test_who_may_ask(allowed: tuple[str, ...], asks: str, words: str) -> None:
    facts = replace(WELL, globals={**WELL.globals, "CTI_ROUTER": asks})
    found = next(each for each in said(facts, replace(EXPECTED, allowed=allowed))
                 if each.check == "agi.allowed")  # fmt: skip
    assert words in found.next_step
    assert found.ok is (words == "")


@pytest.mark.parametrize(
    ("proof", "ok", "found"),
    [
        ("5e", True, "the same as agi.secret"),
        ("0d", True, "the same as agi.previous_secret, for now"),
        ("77", False, "differs from the router's agi.secret"),
        ("", False, "cannot be compared"),
    ],
)
def test_the_secret_by_its_proof(proof: str, ok: bool, found: str) -> None:
    expected = replace(EXPECTED, previous_proof="0d")
    verdict = next(each for each in said(replace(WELL, proof=proof), expected)
                   if each.check == "CTI_SECRET")  # fmt: skip
    assert (verdict.ok, verdict.found) == (ok, found)
    without = next(each for each in said(replace(WELL, proof=proof)) if each.check == "CTI_SECRET")
    assert without.ok is (proof == "5e")


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


@pytest.mark.parametrize(
    ("ms", "ok", "found"),
    [
        (2_000, True, "the same"),
        (-2_001, False, "0:00:02 behind"),
        (3_600_000, False, "1:00:00 ahead of"),
    ],
)
def test_clocks(ms: int, ok: bool, found: str) -> None:
    verdict = next(each for each in said(replace(WELL, clock_ms=ms)) if each.check == "clock")
    assert (verdict.ok, found in verdict.found) == (ok, True)


@pytest.mark.parametrize(
    ("phone", "check", "found"),
    [
        (Phone(exists=False), "endpoints", "missing: 8001"),
        (Phone(exists=True), "endpoints", "missing: aors (8001)"),
        (replace(PHONE, missing_aors=("8001",)), "endpoints", "missing: aor 8001 (8001)"),
        (replace(PHONE, auth=()), "auth", "no auth: 8001"),
        (
            replace(PHONE, acts=("allow_transfer", "pickup_group")),
            "phone acts",
            "on: allow_transfer, pickup_group (8001)",
        ),
        (replace(PHONE, auth=(), takes_registrations=False), "", ""),
    ],
)
def test_phones(phone: Phone, check: str, found: str) -> None:
    wrong = bad(replace(WELL, phones={"8001": phone}))
    assert [(each.check, each.found) for each in wrong] == ([(check, found)] if check else [])


def test_what_the_dialplan_lets_people_do_is_red_and_named() -> None:
    """P10, P12, P36."""
    free = {"Park": "phones,700", "Dial tT": "phones,_8XXX"}
    wrong = bad(replace(WELL, dialplan_acts=free))
    assert [(each.check, each.found) for each in wrong] == [
        ("dialplan acts", "on: Dial tT (phones,_8XXX), Park (phones,700)")
    ]
    assert not bad(replace(WELL, dialplan_acts=None))


def test_with_several_asterisks_a_phone_may_be_at_another() -> None:
    phones = {"8001": Phone(exists=False)}
    several = replace(EXPECTED, is_only_one=False)
    found = {each.check: each for each in said(replace(WELL, phones=phones), several)}
    assert (found["endpoints"].ok, found["endpoints"].found) == (True, "0 known, not here: 8001")


def test_a_password_that_cannot_be_checked() -> None:
    assert [each.found for each in bad(replace(WELL, broken_auth=frozenset({"8001"})))] == [
        "missing: 8001 (8001)"
    ]
    assert [each.found for each in bad(replace(WELL, broken_auth=None))] == ["no SIP on UDP 5060"]
    assert bad(replace(WELL, broken_auth=None), replace(EXPECTED, sip_port=0)) == []


def test_many_names_are_counted() -> None:
    devices = tuple(f"8{number:03}" for number in range(40))
    (found,) = bad(replace(WELL, phones={"8001": PHONE}), replace(EXPECTED, devices=devices))
    assert found.found == "missing: 8000, 8002, 8003, 8004, 8005, … (39)"


@pytest.mark.parametrize(
    ("application", "data", "queue"),
    [
        ("Set", "CTI_QUEUE=loans", "loans"),
        ("Set", "__CTI_QUEUE=loans", "loans"),
        ("MSet", 'X=1,CTI_QUEUE="loans",Y=2', "loans"),
        ("Set", "CTI_QUEUE=${CALLERID(num)}", ""),
        ("Set", "XCTI_QUEUE=loans", ""),
        ("NoOp", "CTI_QUEUE=loans", ""),
    ],
)
def test_queues_that_a_dialplan_names(application: str, data: str, queue: str) -> None:
    assert queue_set_by(application, data) == queue


# --- the way there --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [each for each in Knock if each is not Knock.MANAGER])
def test_each_way_not_to_be_answered_has_a_line_of_its_own(how: Knock) -> None:
    verdict = door(door_of(how))
    assert verdict.step
    for lang in ("zh", "en"):
        assert "10.0.0.11:5038" in finding(verdict, lang).found
    others = {door(door_of(other)).found for other in Knock if other is not how}
    assert verdict.found not in others


def door_of(how: Knock) -> Door:
    return Door("10.0.0.11:5038", how)


@pytest.mark.parametrize("how", [each for each in Admission if each is not Admission.IN])
def test_each_way_not_to_be_let_in_has_a_line_of_its_own(how: Admission) -> None:
    ours = ("我们的", "ours")
    verdict = login(Login("router login", "cti-router", how, "", "10.0.0.9", ours))
    assert verdict.step
    for lang in ("zh", "en"):
        assert "{" not in finding(verdict, lang).next_step


async def test_a_host_that_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("cti.cli.check.manager.asyncio.open_connection", unknown)
    assert (await knock("nowhere.invalid", 5038)).knock is Knock.UNKNOWN_HOST


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (TimeoutError(), Knock.NO_ANSWER),
        (OSError(113, "No route to host"), Knock.NO_ANSWER),
        (OSError("Multiple exceptions: [Errno 111] …, [Errno 111] …"), Knock.REFUSED),
    ],
)
async def test_networks_that_fail(
    monkeypatch: pytest.MonkeyPatch, error: OSError, how: Knock
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cti.cli.check.manager.asyncio.open_connection", fail)
    assert (await knock("asterisk", 5038)).knock is how


@pytest.mark.parametrize(
    ("greeting", "how"),
    [
        (b"Asterisk Call Manager/11.0.0\r\n", Knock.MANAGER),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Knock.STRANGER),
        (b"\xff" * 200_000, Knock.CLOSED),
        (b"", Knock.CLOSED),
    ],
)
async def test_who_answers(greeting: bytes, how: Knock) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        found = await knock("127.0.0.1", server.sockets[0].getsockname()[1])
    assert found.knock is how
    assert found.said == ("SSH-2.0-OpenSSH_9.2" if how is Knock.STRANGER else "")


# --- words ----------------------------------------------------------------------------------------


def test_every_step_is_said_in_both_languages_and_fits_its_values() -> None:
    for chinese, english in STEPS.values():
        assert chinese.isascii() is False
        assert english.isascii()
        assert chinese.count("{") == english.count("{")


def test_every_check_has_a_title_in_both_languages() -> None:
    assert {each.check for each in verdicts(WELL, EXPECTED)} <= set(TITLES)
    for name, (chinese, english) in TITLES.items():
        assert not chinese.isascii(), name
        assert english.isascii()


def test_the_events_are_those_of_the_shipped_filter() -> None:
    text = (SHIPPED / "manager.d" / "cti-users.conf").read_text(encoding="utf-8")
    ours = text.partition("[cti-check-rights]")[0]
    assert set(re.findall(r"eventfilter\(action\(include\),name\((\w+)\)", ours)) == WANTED_EVENTS


def test_the_contexts_are_those_that_are_shipped() -> None:
    text = (SHIPPED / "extensions.d" / "cti-routing.conf").read_text(encoding="utf-8")
    for context, extensions in CONTEXTS.items():
        part = text.partition(f"\n[{context}]\n")[2].partition("\n[")[0]
        for extension in extensions:
            assert f"\nexten => {extension},1," in f"\n{part}", (context, extension)


@pytest.mark.parametrize("name", ["北京", "north 1", "a/b", "x" * 61])
def test_a_system_name_that_no_call_can_be_named_with(name):
    (found,) = bad(replace(WELL, system_name=name))
    assert (found.check, found.found) == ("systemname", name)


@pytest.mark.parametrize("name", ["", "north-1", "a.b_c", "x" * 60])
def test_a_system_name_that_is_well(name):
    assert not bad(replace(WELL, system_name=name))


def test_an_overflow_that_leads_nowhere():
    places = replace(EXPECTED, places=("callback", "s"))
    (found,) = bad(WELL, places)
    assert (found.check, found.found) == ("cti-leave", "missing: callback")
    there = {**WELL.contexts, "cti-leave": WELL.contexts["cti-leave"] | {"callback"}}
    assert not bad(replace(WELL, contexts=there), places)
    pattern = {**WELL.contexts, "cti-leave": WELL.contexts["cti-leave"] | {"_X."}}
    assert not bad(replace(WELL, contexts=pattern), places)
