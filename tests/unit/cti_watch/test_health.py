"""What makes health red: whoever may die or stand still in silence is watched by somebody."""

from types import SimpleNamespace

import pytest

from cti.record.event_log import EventLogCounters
from cti.watch.check import Check
from cti.watch.health import FLUSH_S, LATE_US, check_of_journal, check_of_log
from cti.watch.record_watch import RecordWatch

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


def test_an_event_set_aside_is_counted_and_said_without_what_it_holds(caplog):
    watch = RecordWatch()
    assert watch.check().ok
    watch.set_aside("CallQueued", 7, KeyError("13812345678"))
    assert watch.counters.set_aside == 1
    assert (watch.check().ok, watch.check().detail) == (False, "1 set aside, last CallQueued 7")
    assert "CallQueued 7 cannot be put into words" in caplog.text
    assert "KeyError" in caplog.text
    assert "1381" not in caplog.text
