"""Callers for whom nothing but a question speaks: is there such a channel?"""

import pytest

from cti.ami.errors import AmiBusy
from cti.ami.messages import AmiResponse, event, response
from cti.gateway import lookout
from routing.events import CallCleared
from tests.worlds.gateway.desk import make_ready, request, status_row
from tests.worlds.gateway.hand import SECOND_US, HandWorld

NO_CHANNEL = response(False, "No such channel")


@pytest.fixture
def world():
    world = HandWorld()
    world.up()
    world.gateway.start()
    yield world
    world.gateway.stop()


def asked_about(world):
    return [order.get("Channel") for order, _ in world.link.sent if order.name == "Status"]


def calls(world):
    return len(world.dispatcher.engine.calls)


def test_a_caller_who_is_not_there_is_dropped_within_moments(world):
    world.gateway.answer(request("arrive"))
    world.gateway.answered(request("arrive"), True)
    world.clock.advance(SECOND_US * 3 // 4)
    assert asked_about(world) == []
    world.clock.advance(SECOND_US // 2)
    assert asked_about(world) == ["PJSIP/trunk-1.1"]
    world.link.answer("Status", NO_CHANNEL)
    assert calls(world) == 0
    assert world.pbx.counters.repairs == 1


def test_a_caller_who_is_there_is_asked_about_once(world):
    world.gateway.answer(request("arrive"))
    world.clock.advance(2 * SECOND_US)
    row = status_row("1.1", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="1", CTI_QUEUE="loans")
    world.link.answer("Status", AmiResponse(True, events=(row,)))
    world.gateway.answer(request("again"))
    world.clock.advance(20 * SECOND_US)
    assert asked_about(world) == []
    assert calls(world) == 1


def test_a_channel_of_that_name_is_not_that_caller(world):
    world.gateway.answer(request("arrive"))
    world.clock.advance(2 * SECOND_US)
    other = status_row("9.9", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="1", CTI_QUEUE="loans")
    world.link.answer("Status", AmiResponse(True, events=(other,)))
    assert calls(world) == 0


def test_who_hung_up_before_the_question_was_read_is_asked_about_at_once(world):
    world.pbx.heard(event("Hangup", Uniqueid="1.1", Context="cti-wait", Cause="0"))
    world.gateway.answer(request("arrive"))
    world.gateway.answered(request("arrive"), False)
    world.clock.advance(SECOND_US // 4)
    assert asked_about(world) == ["PJSIP/trunk-1.1"]
    world.link.answer("Status", NO_CHANNEL)
    (cleared,) = [each.event for each in world.told if isinstance(each.event, CallCleared)]
    assert cleared.outcome == "abandoned"


def test_a_stranger_whose_answer_was_not_taken_is_none_of_ours(world):
    world.gateway.answered(request("arrive", token="0" * 40), False)
    world.clock.advance(2 * SECOND_US)
    assert asked_about(world) == []


def test_who_has_been_reported_need_not_be_asked_about(world):
    make_ready(world.dispatcher.submit)
    (command,) = world.gateway.answer(request("arrive"))
    order = command.words[3].removeprefix("deliver*")
    world.pbx.heard(
        event("DialBegin", Uniqueid="1.1", DestUniqueid="1.2", Context="cti-deliver", Exten=order,
              DialString="p8001", Channel="PJSIP/trunk-1.1")
    )  # fmt: skip
    world.clock.advance(2 * SECOND_US)
    assert asked_about(world) == []


def test_an_agent_who_was_given_to_nobody_is_free_again_at_once(world):
    make_ready(world.dispatcher.submit)
    world.gateway.answer(request("arrive"))
    world.gateway.answered(request("arrive"), False)
    world.clock.advance(SECOND_US // 4)
    world.link.answer("Status", NO_CHANNEL)
    assert calls(world) == 0
    assert not world.dispatcher.engine.offers


@pytest.mark.parametrize("said", ["Permission denied", "Memory Allocation Failure", ""])
def test_an_asterisk_that_cannot_say_is_not_taken_for_a_no(world, said):
    world.gateway.answer(request("arrive"))
    world.clock.advance(2 * SECOND_US)
    world.link.answer("Status", response(False, said))
    assert calls(world) == 1


def test_an_unanswered_doubt_is_asked_again(world):
    world.gateway.answer(request("arrive"))
    world.clock.advance(2 * SECOND_US)
    world.link.answer("Status", AmiBusy("512 actions are open"))
    world.clock.advance(SECOND_US)
    world.link.answer("Status", NO_CHANNEL)
    assert calls(world) == 0


def test_who_has_moved_on_meanwhile_is_not_judged_by_an_old_answer(world):
    world.gateway.answer(request("arrive"))
    world.clock.advance(2 * SECOND_US)
    make_ready(world.dispatcher.submit)  # the caller is ordered to this agent
    world.link.answer("Status", NO_CHANNEL)
    assert calls(world) == 1


def test_many_doubts_are_asked_about_bit_by_bit(world, monkeypatch):
    monkeypatch.setattr(lookout, "DOUBTS_AT_ONCE", 10)
    for number in range(25):
        world.gateway.answer(request("arrive", f"1.{number}"))
    world.clock.advance(SECOND_US)
    found = []
    for _ in range(4):
        found.append(len(asked_about(world)))
        world.link.sent.clear()
        world.clock.advance(SECOND_US // 4)
    assert found == [10, 10, 5, 0]
