"""Telephony by itself: who rings, who talks, who hangs up, and what is told of it."""

from dataclasses import replace

import pytest

from simulators.pbx.asterisk import OBSERVER
from simulators.pbx.dialling import event_status, variable_status
from simulators.pbx.phones import Behaviour, Caller, Ending, Once, Phone
from tests.worlds.simulators.scripted import ScriptedWorld, brief, phone_of_each_kind

WAIT = "wait*7*20*"


def talking(
    *phones: Phone, caller: Caller | None = None, user=None, seed=1, then="after*7"
) -> ScriptedWorld:
    world = ScriptedWorld(
        "deliver*7*1*15*8001",
        then,
        phones=phones or (Phone("8001"),),
        seed=seed,
        **({"user": user} if user else {}),
    )
    world.set_epoch()
    world.channel = world.call(caller)
    world.pass_s(1)
    world.events.clear()
    return world


def test_channels_are_named_and_numbered_as_asterisk_does():
    world = ScriptedWorld(WAIT)
    first, second = world.call(), world.call()
    assert (first.name, second.name) == ("PJSIP/trunk-00000000", "PJSIP/trunk-00000001")
    assert first.uniqueid == f"{world.clock.now_us() // 1_000_000}.0"
    assert second.uniqueid.endswith(".1")
    assert first.linkedid == first.uniqueid


def test_a_leg_is_linked_to_its_caller():
    world = talking()
    (leg,) = world.world.phones["8001"].legs
    assert leg.linkedid == world.channel.uniqueid != leg.uniqueid


def test_the_caller_ends_the_conversation_after_his_talk_time():
    world = talking(caller=Caller("138", "loans", talk_ms=5000))
    world.pass_s(5)
    assert sorted(world.told("Hangup")) == ["Hangup 8001 16", "Hangup trunk 16"]
    (report,) = world.reports
    assert report.ending is Ending.SERVED
    assert report.talked_us == 5_000_000


def test_the_agent_ends_the_conversation_and_the_caller_goes_on_in_the_dialplan():
    world = talking(Phone("8001", hangs_up_after_ms=3000))
    world.pass_s(3)
    assert sorted(world.told("Hangup")) == ["Hangup 8001 16", "Hangup trunk 16"]
    assert world.channel.get("CTI_STAGE") == "after"


@pytest.mark.parametrize("phone", [Phone("8001"), Phone("8001", hangs_up_after_ms=3000)])
def test_the_two_legs_of_a_conversation_go_in_either_order(phone):
    orders = set()
    for seed in range(20):
        caller = Caller("138", "loans", talk_ms=5000)
        world = talking(replace(phone, legs=[]), caller=caller, seed=seed)
        world.pass_s(10)
        orders.add(tuple(world.told("Hangup")))
    assert len(orders) == 2


def test_a_caller_gives_up_while_waiting_with_cause_0():
    world = ScriptedWorld(WAIT)
    world.call(Caller("138", "loans", gives_up_after_ms=3000))
    world.pass_s(4)
    assert world.told() == ["HangupRequest", "Hangup"]
    assert world.told("Hangup") == ["Hangup trunk 0"]
    assert [report.ending for report in world.reports] == [Ending.GAVE_UP]


def test_a_caller_gives_up_while_the_phone_rings():
    world = ScriptedWorld("deliver*7*1*15*rings", phones=phone_of_each_kind())
    world.set_epoch()
    world.call(Caller("138", "loans", gives_up_after_ms=3000))
    world.pass_s(4)
    assert [brief(event) for event in world.events] == [
        "Newchannel trunk",
        "DialBegin rings",
        "HangupRequest trunk",
        "DialEnd rings CANCEL",
        "Hangup rings 16",
        "Hangup trunk 0",
    ]


def test_patience_is_over_when_somebody_has_answered():
    world = talking(caller=Caller("138", "loans", gives_up_after_ms=2000))
    world.pass_s(60)
    assert world.channel.bridge is not None


def test_a_phone_answers_after_its_time():
    world = ScriptedWorld("deliver*7*1*15*8001", phones=[Phone("8001", answer_after_ms=2500)])
    world.set_epoch()
    world.call()
    world.pass_ms(2400)
    assert world.told() == ["DialBegin"]
    world.pass_ms(200)
    assert world.told() == ["DialBegin", "DialEnd", "BridgeEnter", "BridgeEnter"]


def test_a_phone_that_answers_too_late_is_not_answered():
    world = ScriptedWorld("deliver*7*1*2*8001", WAIT, phones=[Phone("8001", answer_after_ms=2500)])
    world.set_epoch()
    world.call()
    world.pass_s(5)
    assert world.told("DialEnd") == ["DialEnd 8001 NOANSWER"]
    assert world.told("BridgeEnter") == []


def test_one_line_takes_one_call():
    world = talking()
    second = world.call()
    world.answers = ["deliver*7*2*15*8001", WAIT]
    world.pass_s(1)
    assert world.told("DialEnd") == ["DialEnd 8001 BUSY"]
    assert second.bridge is None
    assert world.channel.bridge is not None


def test_two_lines_take_two():
    world = talking(Phone("8001", lines=2))
    world.answers = ["deliver*7*2*15*8001", WAIT]
    second = world.call()
    world.pass_s(1)
    assert second.bridge is not None


def test_a_phone_whose_owner_decides_is_asked_each_time():
    decisions = iter([Once(Behaviour.BUSY), Once(answer_after_ms=10, hangs_up_after_ms=500)])
    phone = Phone("8001", decide=lambda: next(decisions))
    orders = ("deliver*7*1*15*8001", "deliver*7*2*15*8001")
    world = ScriptedWorld(*orders, "after*7", phones=[phone])
    world.set_epoch()
    world.call()
    world.pass_s(2)
    assert world.told("DialEnd") == ["DialEnd 8001 BUSY", "DialEnd 8001 ANSWER"]
    assert [report.ending for report in world.reports] == [Ending.SERVED]


def test_hold_and_unhold_are_told_of_the_phone_that_pressed_them():
    world = talking(user=OBSERVER)
    assert world.world.hold("8001")
    assert not world.world.hold("8001")
    assert world.world.unhold("8001")
    assert not world.world.unhold("8001")
    world.pass_ms(5)
    assert [brief(event) for event in world.events] == [
        "Hold 8001",
        "MusicOnHoldStart trunk",
        "Unhold 8001",
        "MusicOnHoldStop trunk",
    ]


def test_a_phone_without_a_conversation_cannot_hold():
    world = ScriptedWorld(WAIT, phones=[Phone("8001")])
    assert not world.world.hold("8001")


def test_registrations_come_and_go():
    world = ScriptedWorld("deliver*7*1*15*8001", WAIT, phones=[Phone("8001")])
    world.set_epoch()
    world.world.unregister("8001")
    world.call()
    world.pass_s(1)
    assert world.told() == ["ContactStatus"]
    assert world.asked() == ["arrive", "returned"]
    world.world.register("8001")
    world.pass_ms(5)
    assert world.told("ContactStatus") == [
        "ContactStatus 8001 Removed",
        "ContactStatus 8001 NonQualified",
    ]


def test_a_phone_in_two_places_can_be_called_until_both_are_gone():
    world = ScriptedWorld(WAIT, phones=[Phone("8001")])
    world.set_epoch()
    phone = world.world.phones["8001"]
    world.world.register("8001", uri="sip:8001@home")
    world.world.unregister("8001")
    assert (phone.is_registered, list(phone.contacts)) == (True, ["sip:8001@home"])
    world.world.unregister("8001", "sip:8001@home")
    assert not phone.is_registered
    world.pass_ms(5)
    assert world.told("ContactStatus") == [
        "ContactStatus 8001 NonQualified",
        "ContactStatus 8001 Removed",
        "ContactStatus 8001 Removed",
    ]


def test_a_reload_makes_other_phones():
    world = ScriptedWorld(WAIT, phones=[Phone("8001")])
    world.set_epoch()
    world.world.reload([Phone("8002")])
    world.pass_ms(5)
    assert list(world.world.phones) == ["8002"]
    assert world.told() == ["Reload"]


def test_a_lost_registration_does_not_end_the_conversation():
    world = talking()
    world.world.unregister("8001")
    world.pass_s(5)
    assert world.channel.bridge is not None


def test_a_phone_that_hangs_up_while_it_rings_has_not_answered():
    world = ScriptedWorld("deliver*7*1*15*rings", WAIT, phones=phone_of_each_kind())
    world.set_epoch()
    world.call()
    world.pass_s(1)
    (leg,) = world.world.phones["rings"].legs
    world.world.hang_up(leg)
    world.pass_s(1)
    assert world.told("DialEnd", "Hangup") == ["DialEnd rings NOANSWER", "Hangup rings 0"]
    assert world.questions[1].args[6:8] == ("CHANUNAVAIL", "0")


def test_a_leg_that_goes_before_the_phone_was_called_is_not_told_of_as_a_dial():
    world = ScriptedWorld("deliver*7*1*15*rings", WAIT, phones=phone_of_each_kind())
    world.set_epoch()
    world.call()
    while not world.world.phones["rings"].legs:
        world.clock.step()
    world.world.hang_up(world.world.phones["rings"].legs[0])
    world.pass_s(1)
    assert world.told() == ["Hangup"]
    assert world.asked() == ["arrive", "returned"]
    world.answers = ["deliver*7*2*15*rings"]
    second = world.call()
    while not world.world.phones["rings"].legs:
        world.clock.step()
    world.world.clears(second)
    world.pass_s(1)
    assert world.told() == ["Hangup", "HangupRequest", "Hangup", "Hangup"]


def test_statuses_are_made_of_causes_by_two_tables():
    causes = (3, 17, 19, 20, 21, 34, 16, 0)
    assert [event_status(cause) for cause in causes] == [
        "CHANUNAVAIL",
        "BUSY",
        "NOANSWER",
        "CHANUNAVAIL",
        "NOANSWER",
        "CONGESTION",
        "NOANSWER",
        "NOANSWER",
    ]
    assert [variable_status(cause) for cause in causes] == [
        "CHANUNAVAIL",
        "BUSY",
        "NOANSWER",
        "CHANUNAVAIL",
        "CHANUNAVAIL",
        "CONGESTION",
        "NOANSWER",
        "CHANUNAVAIL",
    ]


def test_who_redirects_a_talking_caller_drops_the_agent():
    world = talking(then=WAIT)
    world.redirect(world.channel, "cti-wait", "s")
    world.pass_s(1)
    assert world.told("Hangup") == ["Hangup 8001 16"]
    assert world.asked() == ["arrive", "again"]
    assert not world.channel.gone


def test_death_takes_everything_and_tells_nobody():
    world = talking(then=WAIT)
    waiting = world.call()
    world.pass_s(1)
    world.answers = ["deliver*7*2*15*8002"]
    world.world.add_phones([Phone("8002", Behaviour.RINGS)])
    ringing = world.call()
    world.pass_s(1)
    world.events.clear()
    world.pbx.kill()
    world.pass_s(1)
    assert world.world.channels == {}
    assert world.world.globals == {}
    assert world.events == []
    assert waiting.gone
    assert ringing.gone
    assert {report.ending for report in world.reports} == {Ending.SERVED, Ending.LOST}


def test_unique_ids_do_not_repeat_after_a_restart():
    world = ScriptedWorld(WAIT)
    before = world.call().uniqueid
    world.pbx.restart(away_us=1)
    world.pass_s(2)
    after = world.call()
    assert after.name == "PJSIP/trunk-00000000"
    assert after.uniqueid != before


@pytest.mark.parametrize("graceful", [True, False])
def test_only_a_shutdown_on_purpose_is_told(graceful):
    world = ScriptedWorld(WAIT)
    (world.pbx.stop if graceful else world.pbx.kill)()
    world.pass_s(1)
    # What was told in the last moment may still be on the wire when it is cut.
    assert world.ups_and_downs == ["up", "the connection broke"]
