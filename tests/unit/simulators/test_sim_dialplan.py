"""Each path of docs/call-flow.md through the simulated dialplan."""

import pytest

from cti.agi.tokens import make_token
from cti.ami.messages import action
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.phones import Behaviour, Caller, Ending, Phone
from tests.worlds.simulators.scripted import QUIET, SECOND_US, ScriptedWorld, phone_of_each_kind

WAIT = "wait*7*5*"


def test_an_arriving_call_is_answered_marked_and_asks_with_its_token():
    world = ScriptedWorld(WAIT)
    caller = Caller("13800138000", "loans", needs="english:3", priority="5", tags="vip,fraud")
    channel = world.call(caller)
    world.pass_ms(50)
    (question,) = world.questions
    token, *rest = question.args
    assert question.script == "arrive"
    assert token == make_token("simulated-agi-secret", channel.uniqueid)
    assert rest == [
        *("loans", channel.get("CTI_ARRIVED"), "5", "english%3A3"),
        *("", "", "", ""),
        *("vip%2Cfraud", "1", channel.get("CTI_ASKED")),
    ]
    assert int(channel.get("CTI_ASKED")) == int(channel.get("CTI_ARRIVED")) // 1000
    assert question.headers["agi_network_script"] == "arrive"
    assert (question.uniqueid, question.callerid) == (channel.uniqueid, "13800138000")
    assert int(channel.get("CTI_ARRIVED")) * 1000 <= world.clock.now_us()
    assert world.stage(channel) == "wait"


def test_a_waiting_call_asks_again_after_each_slice_with_the_first_arrival():
    world = ScriptedWorld(WAIT)
    world.call()
    world.pass_s(16)
    assert world.asked() == ["arrive", "again", "again", "again"]
    assert len({question.args[2] for question in world.questions}) == 1


@pytest.mark.parametrize(
    ("slice_s", "waited_s"), [("0", 1), ("", 1), ("x", 1), ("3", 3), ("25", 25), ("900", 25)]
)
def test_a_slice_is_one_to_25_seconds_whatever_was_said(slice_s, waited_s):
    world = ScriptedWorld(f"wait*7*{slice_s}*")
    world.call()
    world.clock.advance(waited_s * SECOND_US - 1000)
    assert world.asked() == ["arrive"]
    world.pass_ms(50)
    assert world.asked() == ["arrive", "again"]


def test_an_announcement_is_played_before_the_music():
    world = ScriptedWorld("wait*7*5*all-busy")
    world.call()
    world.pass_ms(6_900)
    assert world.asked() == ["arrive"]
    world.pass_ms(200)
    assert world.asked() == ["arrive", "again"]


def test_a_free_agent_is_rung_by_the_answer_itself():
    phone = Phone("8001", hangs_up_after_ms=4000)
    world = ScriptedWorld("deliver*7*41*15*8001", "after*7", phones=[phone])
    world.set_epoch()
    channel = world.call()
    world.pass_ms(50)
    assert world.stage(channel) == "deliver"
    assert channel.get("CTI_OFFER") == "41"
    (leg,) = world.world.phones["8001"].legs
    assert leg.get("CTI_LEG") == "41*8001"
    assert channel.exten == "7*41*15*8001"
    world.pass_s(5)
    assert world.told() == [
        "DialBegin",
        "DialEnd",
        "BridgeEnter",
        "BridgeEnter",
        "HangupRequest",
        "Hangup",
        "Hangup",
    ]
    assert channel.get("CTI_STAGE") == "after"
    assert [report.ending for report in world.reports] == [Ending.SERVED]


def test_a_redirect_cuts_the_music_and_rings_the_phone():
    world = ScriptedWorld(WAIT, phones=[Phone("8001")])
    world.set_epoch()
    channel = world.call()
    world.pass_s(2)
    world.redirect(channel, "cti-deliver", "7*9*15*8001")
    world.pass_s(10)
    assert world.told("BridgeEnter") == ["BridgeEnter 8001", "BridgeEnter trunk"]
    assert world.asked() == ["arrive"]  # the slice asks no more


@pytest.mark.parametrize(
    ("behaviour", "status", "cause", "rang"),
    [
        (Behaviour.RINGS, "NOANSWER", "0", True),
        (Behaviour.DEAD, "NOANSWER", "0", False),
        (Behaviour.BUSY, "BUSY", "17", False),
        (Behaviour.REJECTS, "CHANUNAVAIL", "21", False),
        (Behaviour.UNREGISTERED, "CHANUNAVAIL", "3", False),
    ],
)
def test_a_phone_that_does_not_answer_is_reported_with_its_reason(behaviour, status, cause, rang):
    world = ScriptedWorld(f"deliver*7*41*15*{behaviour}", WAIT, phones=phone_of_each_kind())
    world.set_epoch()
    world.call()
    world.pass_s(16)
    question = world.questions[1]
    assert question.script == "returned"
    offer, said, why, rang_ms = question.args[5:9]
    assert (offer, said, why, bool(rang_ms)) == ("41", status, cause, rang)


def test_an_endpoint_that_does_not_exist_is_like_one_that_is_not_registered():
    world = ScriptedWorld("deliver*7*41*15*nobody", WAIT)
    world.set_epoch()
    world.call()
    world.pass_ms(50)
    assert world.questions[1].args[6:8] == ("CHANUNAVAIL", "3")


def test_after_a_failed_dial_the_answer_may_name_the_next_phone():
    world = ScriptedWorld(
        "deliver*7*1*15*busy", "deliver*7*2*15*answers", phones=phone_of_each_kind()
    )
    world.set_epoch()
    world.call()
    world.pass_ms(100)
    assert world.told("DialEnd") == ["DialEnd busy BUSY", "DialEnd answers ANSWER"]


def test_an_order_of_a_replaced_router_is_not_carried_out():
    world = ScriptedWorld(WAIT, phones=[Phone("8001")], settings=DialplanGlobals(retry_s=2))
    world.set_epoch("8")
    channel = world.call()
    world.pass_s(1)
    world.redirect(channel, "cti-deliver", "7*9*15*8001")
    world.pass_ms(1900)
    assert world.told() == ["UserEvent"]  # that it was refused
    assert world.asked() == ["arrive"]
    world.pass_ms(200)
    assert world.asked() == ["arrive", "again"]  # after the retry, not at once


def test_an_answer_of_a_replaced_router_does_not_spin():
    world = ScriptedWorld("deliver*6*9*15*8001", phones=[Phone("8001")])
    world.set_epoch()
    world.call()
    world.pass_s(9)
    assert len(world.questions) == 5
    assert set(world.told()) == {"UserEvent"}


def test_before_the_router_has_said_its_epoch_nothing_is_delivered():
    world = ScriptedWorld("deliver*7*9*15*8001", phones=[Phone("8001")])
    world.call()
    world.pass_s(1)
    assert world.told() == ["UserEvent"]


@pytest.mark.parametrize("answer", [QUIET, "dance*7", "wait", "deliver"])
def test_no_answer_or_an_unknown_one_is_asked_again(answer):
    world = ScriptedWorld(answer, settings=DialplanGlobals(retry_s=2))
    world.call()
    world.pass_s(5)
    assert world.asked() == ["arrive", "arrive", "arrive"]


def test_a_returned_question_is_repeated_until_it_is_heard():
    world = ScriptedWorld("deliver*7*4*15*busy", QUIET, QUIET, WAIT, phones=phone_of_each_kind())
    world.set_epoch()
    world.call()
    world.pass_s(12)
    assert world.asked() == ["arrive", "returned", "returned", "returned", "again"]
    assert {question.args[5] for question in world.questions[1:4]} == {"4"}


def test_without_the_router_the_call_goes_to_failsafe_and_says_so():
    world = ScriptedWorld(QUIET, settings=DialplanGlobals(retry_s=2, failsafe_after_s=10))
    channel = world.call()
    world.pass_s(9)
    assert world.told() == []
    world.pass_s(2)
    assert world.told("UserEvent") == ["UserEvent trunk CtiFailsafe"]
    (event,) = [each for each in world.events if each.name == "UserEvent"]
    assert event.headers.get("Queue") == "loans"
    assert event.headers.get("Arrived") == channel.get("CTI_ARRIVED")
    assert world.stage(channel) == "failsafe"


def test_the_failsafe_number_serves_the_caller():
    world = ScriptedWorld(
        QUIET,
        phones=[Phone("night", hangs_up_after_ms=2000)],
        settings=DialplanGlobals(failsafe_after_s=4, failsafe_dial="night"),
    )
    channel = world.call()
    world.pass_s(5)
    assert channel.bridge is not None
    world.pass_s(3)
    assert [report.ending for report in world.reports] == [Ending.SERVED]


def test_a_failsafe_number_that_does_not_answer_leaves_the_caller_with_music():
    settings = DialplanGlobals(failsafe_after_s=4, failsafe_dial="busy", failsafe_limit_s=10)
    world = ScriptedWorld(QUIET, phones=phone_of_each_kind(), settings=settings)
    channel = world.call()
    world.pass_s(6)
    assert not channel.gone
    assert world.told("DialEnd") == ["DialEnd busy BUSY"]


def test_a_router_that_is_back_is_heard_from_failsafe():
    world = ScriptedWorld(
        QUIET, phones=[Phone("8001")], settings=DialplanGlobals(failsafe_after_s=4)
    )
    world.set_epoch()
    channel = world.call()
    world.pass_s(7)
    assert world.stage(channel) == "failsafe"
    world.answers = ["deliver*7*1*15*8001"]
    world.pass_s(3)
    assert channel.bridge is not None


def test_failsafe_has_an_end():
    settings = DialplanGlobals(failsafe_after_s=4, failsafe_limit_s=10)
    world = ScriptedWorld(QUIET, settings=settings)
    world.call()
    world.pass_s(30)
    assert [report.ending for report in world.reports] == [Ending.SENT_AWAY]
    assert len(world.told("UserEvent")) == 1


def test_a_router_that_hangs_is_given_up_after_its_time():
    world = ScriptedWorld(WAIT, settings=DialplanGlobals(ask_s=3, retry_s=2))
    held = world.pbx.dialplan._agi = HoldingAgi()
    world.call()
    world.pass_ms(2900)
    assert held.asked == 1
    assert held.cancelled == 0
    world.pass_ms(200)
    assert held.cancelled == 1
    world.pass_s(2)
    assert held.asked == 2


class HoldingAgi:
    """Takes questions and says nothing."""

    def __init__(self):
        self.asked = self.cancelled = 0

    def ask(self, _question, _heard):
        self.asked += 1
        return self

    def cancel(self):
        self.cancelled += 1


def test_leave_says_goodbye_and_hangs_up():
    world = ScriptedWorld("leave*7*queueFull*", settings=DialplanGlobals(leave_ms=1500))
    channel = world.call()
    world.pass_ms(1000)
    assert (world.stage(channel), channel.get("CTI_CAUSE")) == ("left", "queueFull")
    world.pass_ms(1000)
    assert [report.ending for report in world.reports] == [Ending.SENT_AWAY]
    assert world.told("Hangup") == ["Hangup trunk 16"]


def test_a_caller_who_hangs_up_in_a_question_cuts_it_off():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.clock.step()  # the question is on its way
    world.world.clears(channel)
    world.pass_s(1)
    assert world.done in ([], [False])
    assert channel.gone
    assert world.world.channels == {}


def test_a_redirect_in_a_question_makes_its_answer_void():
    world = ScriptedWorld("deliver*7*1*15*8001", phones=[Phone("8001"), Phone("8002")])
    world.set_epoch()
    channel = world.call()
    while not world.questions:
        world.clock.step()
    channel.at_location("cti-deliver", "7*2*15*8002")
    channel.interrupt()
    world.world.proceed(channel)
    world.pass_s(1)
    assert world.done == [False]
    assert world.told("DialBegin") == ["DialBegin 8002"]


def test_a_redirect_to_a_wrong_place_is_a_success_that_loses_the_caller():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    answer = world.redirect(channel, "nowhere", "x")
    assert answer.success
    assert world.told() == ["Hangup"]
    assert channel.gone


def test_a_redirect_to_a_wrong_extension_of_the_waiting_context_loses_nobody():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    world.redirect(channel, "cti-wait", "no-such-extension")
    world.pass_s(3)
    assert not channel.gone
    assert world.asked() == ["arrive", "again"]


def test_a_queue_that_the_router_has_changed_is_asked_for():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    world.ask(action("Setvar", Channel=channel.name, Variable="CTI_LINE_QUEUE", Value="cards"))
    world.pass_s(5)
    assert world.questions[-1].args[1] == "cards"
