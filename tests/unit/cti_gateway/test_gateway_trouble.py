"""One Asterisk that refuses, does not answer or is asked by strangers; a link typed by hand."""

import pytest

from cti.ami.errors import AmiTimeout
from cti.ami.messages import AmiResponse, event, response
from cti.gateway import pbx as pbx_module
from cti.gateway.pbx import GATE, Hearing
from tests.worlds.gateway.desk import INSTANCE, make_ready, request, status_row
from tests.worlds.gateway.hand import DONE, SECOND_US, HandWorld


@pytest.fixture
def world():
    return HandWorld()


def test_a_list_that_cannot_be_had_is_asked_for_again(world):
    world.link_up()
    world.link.answer("Status", AmiTimeout("late"))
    assert world.pbx.hearing is Hearing.SYNCING
    world.clock.advance(SECOND_US)
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.hearing is Hearing.UP
    assert world.states() == ["lost", "up"]


def test_answers_of_an_earlier_link_mean_nothing(world):
    world.link_up()
    (listed,) = [on_answer for order, on_answer in world.link.sent if order.name == "Status"]
    world.link.sent.clear()
    world.pbx.link_up()
    world.pbx.link_down("cut")
    listed(DONE)
    world.clock.advance(SECOND_US)
    assert world.pbx.hearing is Hearing.DEAF
    assert "Status" not in world.link.names()


def test_what_is_heard_before_the_list_waits_for_it(world):
    world.link_up()
    row = status_row("1.1", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="1", CTI_LINE_QUEUE="loans")
    world.pbx.heard(event("Hangup", Uniqueid="1.1", Cause="16"))
    assert not world.dispatcher.engine.calls
    world.link.answer("Status", AmiResponse(True, events=(row,)))
    assert not world.dispatcher.engine.calls  # arrived by the list, hung up by the report
    kinds = [type(e.event).__name__ for e in world.told]
    kinds = [kind for kind in kinds if kind != "DeviceChanged"]
    assert kinds == ["TelephonyChanged", "CallQueued", "TelephonyChanged", "CallCleared"]


def test_too_much_heard_before_the_list_is_answered_by_a_newer_list(world, monkeypatch):
    monkeypatch.setattr(pbx_module, "BACKLOG", 5)
    world.link_up()
    for number in range(7):
        world.pbx.heard(event("Hold", Uniqueid=str(number)))
    assert world.link.names().count("Status") == 2
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.hearing is Hearing.SYNCING  # what came after the first list is not known
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.hearing is Hearing.UP


def test_a_channel_that_is_not_there_any_more_is_a_caller_who_is_gone(world):
    world.up()
    world.gateway.answer(request("arrive"))
    assert len(world.dispatcher.engine.calls) == 1
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", response(False, "Channel does not exist: PJSIP/trunk-1.1"))
    assert not world.dispatcher.engine.calls
    assert world.pbx.counters.orders_refused == 1


def test_an_order_without_an_answer_is_counted(world):
    world.up()
    world.gateway.answer(request("arrive"))
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", AmiTimeout("late"))
    assert world.pbx.counters.orders_unanswered == 1
    assert len(world.dispatcher.engine.calls) == 1


def test_strangers_get_no_answer_and_fill_no_log(world, caplog):
    world.up()
    for _ in range(1000):
        assert world.gateway.answer(request("arrive", token="0" * 40)) == ()
    assert world.gateway.counters.strangers == 1000
    assert len([r for r in caplog.records if "is not answered" in r.getMessage()]) == 1


def test_whose_questions_are_turned_away_is_kept_until_one_is_right(world):
    world.up()
    assert world.gateway.turned_away() == []
    for _ in range(3):
        world.gateway.answer(request("arrive", token="0" * 40))
    world.gateway.answer(request("nonsense"))
    a1, nobody = world.gateway.turned_away()
    assert (a1.pbx, a1.count, nobody.pbx, nobody.count) == ("a1", 3, "", 1)
    assert "CTI_SECRET" in a1.why
    world.gateway.answer(request("arrive"))
    assert world.gateway.turned_away() == [nobody]
    world.clock.advance(60 * SECOND_US)
    assert world.gateway.turned_away() == []


def test_an_odd_argument_is_named_and_answered(world, caplog):
    world.up()
    (command,) = world.gateway.answer(request("arrive", priority="-1"))
    assert command.words == ("SET", "VARIABLE", "CTI_NEXT", f"wait*7-{INSTANCE}*10*")
    assert "PRIORITY" in caplog.text


def test_a_router_that_stops_answers_nobody_and_a_dead_one_neither(world):
    world.up()
    world.gateway.answer(request("arrive"))
    world.gateway.drain()
    assert world.gateway.answer(request("again")) == ()
    assert world.states()[-1] == "lost"
    other = HandWorld()
    other.up()
    other.dispatcher.stop("crashed")
    assert other.gateway.answer(request("arrive")) == ()
    other.pbx.heard(event("Shutdown"))  # too late, and no reason to raise


def test_answers_that_nobody_took_are_counted(world):
    world.gateway.answered(request("again"), False)
    world.gateway.answered(request("again"), True)
    assert world.gateway.counters.unheard == 1


def test_a_look_finds_what_was_missed(world):
    world.up()
    world.gateway.answer(request("arrive"))
    world.gateway.start()
    world.clock.advance(31 * SECOND_US)
    assert world.link.names()[-1] == "Status"
    world.link.answer("Status", AmiResponse(True))
    assert not world.dispatcher.engine.calls
    assert world.pbx.counters.repairs == 1
    world.gateway.stop()


def test_a_look_that_fails_is_tried_again_later(world):
    world.up()
    world.gateway.start()
    world.clock.advance(31 * SECOND_US)
    world.link.answer("Status", AmiTimeout("late"))
    assert world.pbx.counters.looks == 0
    world.clock.advance(31 * SECOND_US)
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.counters.looks == 1
    world.gateway.stop()


def test_a_watch_that_fails_once_goes_on(world, monkeypatch, caplog):
    """A timer that raises before it sets itself anew would end the watch over all links."""
    trouble = [KeyError("a defect")]
    ticks = []

    def tick():
        ticks.append(world.clock.now_us())
        if trouble:
            raise trouble.pop()

    monkeypatch.setattr(world.pbx, "tick", tick)
    world.gateway.start()
    world.clock.advance(SECOND_US)
    assert len(ticks) >= 3
    assert world.gateway.counters.failed_ticks == 1
    assert "a1: the watch over its link failed" in caplog.text


def test_a_dialplan_without_our_gate_is_not_served_before_it_is_there(world, caplog):
    """A Redirect into a context that is missing would hang the caller up."""
    world.link_up()
    (asked,) = [told for order, told in world.link.sent if order.get("Variable") == GATE]
    asked(response(True, "", Value="0"))
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.hearing is Hearing.OUTDATED
    assert "copy asterisk-config/extensions.d anew" in caplog.text
    assert world.gateway.answer(request("arrive")) == ()
    world.link.sent.clear()
    world.clock.advance(6 * SECOND_US)
    (asked,) = [told for order, told in world.link.sent if order.get("Variable") == GATE]
    asked(response(True, "", Value="1"))
    world.link.answer("Status", AmiResponse(True))
    assert world.pbx.hearing is Hearing.UP
