"""How a caller enters the simulated dialplan, and what comes behind an answered Dial."""

import pytest

from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.phones import Behaviour, Caller, Ending, Phone
from tests.worlds.simulators.scripted import QUIET, ScriptedWorld

WAIT = "wait*7*5*"


# --- entries ------------------------------------------------------------------------------------


def test_an_entry_is_an_entry():
    world = ScriptedWorld(WAIT)
    channel = world.call(Caller("138", "loans", needs="english:3", priority="5", tags="vip"))
    world.pass_s(1)
    arrived = channel.get("CTI_ARRIVED")
    world.redirect(channel, "cti-inbound", "cards")
    world.pass_s(1)
    again = world.questions[-1]
    assert (again.script, again.args[1], again.args[10]) == ("arrive", "cards", "2")
    assert (again.args[3], again.args[4], again.args[9]) == ("", "", "vip")
    assert int(again.args[2]) > int(arrived)


def test_a_circle_ends_in_failsafe():
    world = ScriptedWorld(WAIT, settings=DialplanGlobals(failsafe_limit_s=10))
    channel = world.call()
    for _ in range(12):
        world.pass_ms(100)
        world.redirect(channel, "cti-inbound", "loans")
    world.pass_ms(100)
    assert world.asked() == ["arrive"] * 10
    assert [event.headers.get("Reason") for event in world.events[-1:]] == ["maximumHops"]
    world.pass_s(60)
    assert world.asked() == ["arrive"] * 10, "not sent round once more"
    assert [report.ending for report in world.reports] == [Ending.SENT_AWAY]


def test_a_conversation_is_no_part_of_a_circle():
    phone = Phone("8001", hangs_up_after_ms=100)
    world = ScriptedWorld("deliver*7*41*15*8001", WAIT, phones=[phone])
    world.set_epoch()
    channel = world.call()
    world.pass_ms(50)
    channel.variables["CTI_HOPS"] = "9"
    world.redirect(channel, "cti-inbound", "loans")
    world.pass_s(1)
    assert channel.get("CTI_HOPS") == "1"


@pytest.mark.parametrize(
    "answer", ["leave*7*noQueue*", "leave*7*refused*", "leave*7*maximumHops*", "leave*7*x*nowhere"]
)
def test_who_is_sent_away_by_a_mistake_goes_to_failsafe_and_is_asked_about(answer):
    world = ScriptedWorld(answer, answer, WAIT, settings=DialplanGlobals(retry_s=2))
    channel = world.call()
    world.pass_s(1)
    assert world.told("UserEvent") == ["UserEvent trunk CtiFailsafe"]
    world.pass_s(6)
    assert world.told("UserEvent") == ["UserEvent trunk CtiFailsafe"], "said once"
    assert world.stage(channel) == "wait"


# --- behind an answered Dial --------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["after*7", QUIET, "gibberish"])
def test_after_a_conversation_the_caller_is_let_go(answer):
    phone = Phone("8001", hangs_up_after_ms=500)
    world = ScriptedWorld("deliver*7*41*15*8001", answer, phones=[phone])
    world.set_epoch()
    channel = world.call()
    world.pass_s(2)
    assert world.asked() == ["arrive", "returned"]
    assert world.questions[1].args[5:7] == ("41", "ANSWER")
    assert (channel.gone, channel.get("CTI_STAGE")) == (True, "after")


def test_who_was_dropped_goes_on_in_line_if_the_router_says_so():
    phones = [Phone("drops", Behaviour.DROPS), Phone("8001")]
    orders = ("deliver*7*41*15*drops", "deliver*7*42*15*8001")
    world = ScriptedWorld(*orders, WAIT, phones=phones)
    world.set_epoch()
    channel = world.call()
    world.pass_s(1)
    assert world.told("DialEnd") == ["DialEnd drops ANSWER", "DialEnd 8001 ANSWER"]
    assert world.told("BridgeEnter") == ["BridgeEnter 8001", "BridgeEnter trunk"]
    assert channel.bridge is not None


@pytest.mark.parametrize(
    ("number", "queue"),
    [("95588", "95588"), ("+8695588", "8695588"), ("7", "7"), ("cards-vip", "cards-vip"),
     ("s", ""), ("电信", "%E7%94%B5%E4%BF%A1"), ("x", "x")],
)  # fmt: skip
def test_each_door_leads_to_a_question(number, queue):
    world = ScriptedWorld(WAIT)
    world.call(Caller("138", number))
    world.pass_s(1)
    assert world.questions[0].args[1] == queue
