"""The simulated Asterisk goes down on purpose in the order in which the real one was seen to."""

from cti.ami.messages import SHUTTING_DOWN, AmiAction
from simulators.pbx.asterisk import LAST_WORD_US, OBSERVER
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.phones import Ending, Phone
from tests.worlds.simulators.scripted import ScriptedWorld

WAIT = "wait*7*20*"
LAST_WORD_MS = LAST_WORD_US // 1000


def waiting(count=2):
    world = ScriptedWorld(WAIT, phones=[Phone("8001")], settings=DialplanGlobals())
    world.set_epoch()
    channels = [world.call() for _ in range(count)]
    world.pass_s(1)
    return world, channels


def names(world):
    wanted = ("SoftHangupRequest", "HangupRequest", "Hangup", "Shutdown")
    return [event.name for event in world.events if event.name in wanted]


def refusal(world):
    """What a new session is told."""
    heard = []
    line = world.pbx.connect(heard.append, lambda: None)
    login = (("Username", OBSERVER.name), ("Secret", OBSERVER.secret))
    line.said(AmiAction("Login", login))
    return heard[0].message


def test_each_channel_is_said_to_be_ended_before_any_is_and_shutdown_comes_last():
    world, _ = waiting()
    world.pbx.shut_down()
    world.pass_ms(1)
    assert names(world) == ["SoftHangupRequest"] * 2 + ["Hangup"] * 2
    assert {e.headers.get("Cause") for e in world.events if e.name == "SoftHangupRequest"} == {"4"}
    world.pass_ms(LAST_WORD_MS - 1)
    assert world.pbx.is_alive
    world.pass_ms(2)
    assert names(world)[-1] == "Shutdown"
    assert not world.pbx.is_alive


def test_it_comes_back_when_it_is_told_to():
    world, _ = waiting()
    world.pbx.shut_down(back_after_us=2_000_000)
    world.pass_ms(LAST_WORD_MS + 2_000)
    assert not world.pbx.is_alive
    world.pass_ms(1)
    assert world.pbx.is_alive
    assert not world.pbx.world.is_leaving


def test_one_that_waits_for_its_calls_refuses_all_else():
    world, channels = waiting()
    world.pbx.leave()
    world.pass_s(3)
    assert refusal(world) == SHUTTING_DOWN
    reports = []
    world.pbx.world.call(channels[0].caller, reports.append)
    assert [report.ending for report in reports] == [Ending.LOST]
    for channel in channels:
        world.pbx.world.clears(channel)
    world.pass_ms(LAST_WORD_MS + 2)
    assert names(world)[-3:] == ["HangupRequest", "Hangup", "Shutdown"]
    assert not world.pbx.is_alive


def test_one_that_was_called_off_stays():
    world, channels = waiting()
    world.pbx.leave()
    world.pass_s(3)
    world.pbx.stay()
    assert refusal(world) == "Authentication accepted"
    for channel in channels:
        world.pbx.world.clears(channel)
    world.pass_s(30)
    assert world.pbx.is_alive


def test_nobody_is_dialled_while_it_waits():
    world, (channel,) = waiting(1)
    world.pbx.leave()
    channel.interrupt()
    channel.at_location("cti-deliver", "7*9*15*8001")
    world.pbx.world.proceed(channel)
    world.pass_ms(100)
    assert channel.get("CTI_DIALSTATUS") == "CHANUNAVAIL"
