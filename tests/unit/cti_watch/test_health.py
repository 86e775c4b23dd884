"""What makes health red: whoever may die or stand still in silence is watched by somebody."""

from types import SimpleNamespace

import pytest

from cti.record.event_log import EventLogCounters
from cti.watch.check import Check
from cti.watch.health import (
    FLUSH_S,
    LATE_US,
    check_of_journal,
    check_of_log,
    check_of_phones,
)
from cti.watch.record_watch import RecordWatch
from routing.phone import Phone
from routing.words import DeviceState

WELL = {"writing": True}


def test_a_log_that_writes_is_well():
    check = check_of_log(EventLogCounters(**WELL, backlog=900, waiting_us=LATE_US))
    assert (check.ok, check.detail) == (True, "")


@pytest.mark.parametrize(
    ("counters", "said"),
    [
        ({"writing": False}, "nobody writes"),
        ({"failing": True}, "the disk refuses"),
        ({"waiting_us": LATE_US + 1}, "the oldest event waits for 10 s"),
        ({"degraded": True, "lost": 2, "refused": 1}, "3 lost"),
    ],
)
def test_a_log_that_is_not_well_says_what_is_wrong(counters, said):
    check = check_of_log(EventLogCounters(**{**WELL, **counters}))
    assert (check.ok, check.detail) == (False, said)


@pytest.mark.parametrize(
    ("failure", "lasts_s", "detail"),
    [
        ("", 0.0, ""),
        ("", FLUSH_S, ""),
        ("", FLUSH_S + 3, "a flush has lasted for 8 s"),
        ("the disk is full", 0.0, "the disk is full"),
    ],
)
def test_a_journal_that_is_not_kept_or_not_flushed(failure, lasts_s, detail):
    journal = SimpleNamespace(degraded=bool(failure), failure=failure, flush_lasts_s=lasts_s)
    assert check_of_journal(journal) == Check("journal", not detail, detail)


REACHABLE, UNREACHABLE, MISSING = DeviceState


def phone(device, agents, **said):
    made = Phone(device, agents=dict.fromkeys(agents))
    made.hear(said, said)
    return device, made


@pytest.mark.parametrize(
    "said",
    [{}, {"a1": MISSING}, {"a1": MISSING, "a2": UNREACHABLE}, {"a1": REACHABLE, "a2": REACHABLE}],
    ids=str,
)
def test_a_phone_that_some_asterisk_has_or_may_have_is_well(said):
    assert check_of_phones(dict([phone("p1", ["8001"], **said)]), ("a1", "a2")).ok


def test_a_phone_that_no_asterisk_has_is_named_with_its_agents():
    nowhere = {"a1": MISSING, "a2": MISSING}
    phones = dict([phone("p1", ["8002", "8001"], **nowhere), phone("p2", ["8003"], a1=REACHABLE)])
    check = check_of_phones(phones, ("a1", "a2"))
    assert (check.ok, check.detail) == (False, "1 on no Asterisk: p1 of 8001, 8002")
    many = dict(phone(f"p{n}", [str(n)], a1=MISSING) for n in range(9))
    check = check_of_phones(many, ("a1",))
    assert check.detail.startswith("9 on no Asterisk: p0 of 0; p1 of 1")
    assert check.detail.endswith("p4 of 4; …")


def test_without_an_asterisk_no_phone_is_missing():
    assert check_of_phones(dict([phone("p1", ["8001"])]), ()).ok


def test_an_event_set_aside_is_counted_and_said_without_what_it_holds(caplog):
    watch = RecordWatch()
    assert watch.check().ok
    watch.set_aside("CallQueued", 7, KeyError("13812345678"))
    assert watch.counters.set_aside == 1
    assert (watch.check().ok, watch.check().detail) == (False, "1 set aside, last CallQueued 7")
    assert "CallQueued 7 cannot be put into words" in caplog.text
    assert "KeyError" in caplog.text
    assert "1381" not in caplog.text
