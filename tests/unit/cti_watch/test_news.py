"""What stands in the log at `info`: what went wrong, once, without numbers, and never a flood."""

import logging

import pytest

from cti.record.envelope import Envelope
from cti.watch.news import A_SECOND, News
from routing import commands as c
from routing import events as e
from tests.worlds.api.router import SECOND, Router


@pytest.fixture
def router(caplog):
    caplog.set_level(logging.INFO, "cti.watch.news")
    made = Router()
    made.listeners.append(News().apply)
    return made


def lines(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(
    "outcome",
    [each for each in c.OfferOutcome if each not in (c.OfferOutcome.ESTABLISHED,
     c.OfferOutcome.CALLER_GONE, c.OfferOutcome.WITHDRAWN, c.OfferOutcome.CUSTOMER_UNREACHABLE)],
)  # fmt: skip
def test_a_failed_offer_is_said_with_whom_and_why(router, caplog, outcome):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(2)
    router.fails(outcome)
    failed = next(record for record in caplog.records if "failed" in record.getMessage())
    assert failed.getMessage() == f"offer 1 to agent 8001 failed: {outcome} after 2.0 s"
    assert (failed.call_id, failed.queue_id, failed.agent_id) == ("c1", "loans", "8001")
    assert "13812345678" not in caplog.text


def test_an_agent_whom_the_router_takes_out_is_said(router, caplog):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.fails()
    assert ("INFO", "agent 8001 is set not ready: ringNoAnswer") in lines(caplog)


def test_ordinary_calls_say_nothing(router, caplog):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.answers()
    router.hangs_up("c1")
    router.arrives("c2")
    router.hangs_up("c2")
    router.do(c.SetAgentState("8001", c.RequestedState.NOT_READY, "break"))
    assert lines(caplog) == []


def test_calls_that_are_lost_or_taken_are_warnings(router, caplog):
    router.arrives("c1")
    router.do(c.CallTaken("c1"))
    router.arrives("c2")
    router.do(c.TelephonyGone("a1"))
    assert lines(caplog) == [
        ("WARNING", "call c1 was taken by the dialplan (failsafe)"),
        ("WARNING", "call c2 is lost with its Asterisk"),
    ]


def test_what_people_switch_is_said(router, caplog):
    router.do(c.SetQueueAccepting("loans", accepting=False, by="boss"))
    router.do(c.DeviceReachable("8001", reachable=False))
    router.do(c.DeviceReported("8001", "a1", c.DeviceState.MISSING))
    router.ready("8002")
    router.do(c.LogOffAgent("8002", by="boss", reason="forced"))
    assert [text for _, text in lines(caplog)] == [
        "queue loans is closed by boss",
        "phone 8001 of agent 8001 cannot be called",
        "phone 8001 of agent 8001 cannot be called: no Asterisk has such an endpoint",
        "agent 8002 is signed out by boss: forced",
    ]


def test_a_storm_is_cut_short_and_counted(caplog):
    caplog.set_level(logging.INFO, "cti.watch.news")
    news = News()

    def device(number, at_us):
        news.apply(
            Envelope(1, number, at_us, e.DeviceChanged(f"{number}", reachable=False, device="p"))
        )

    for number in range(1000):
        device(number, 5 * SECOND + number)
    assert len(caplog.records) == A_SECOND
    device(1000, 6 * SECOND)
    assert [record.getMessage() for record in caplog.records[A_SECOND:]] == [
        f"… and {1000 - A_SECOND} more in that second: cti events",
        "phone p of agent 1000 cannot be called",
    ]
