"""What AMI users may ask and hear."""

import pytest

from cti.ami.login import login_action
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from simulators.pbx.asterisk import OBSERVER, ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.phones import Behaviour, Phone
from simulators.pbx.sessions import AmiUser
from simulators.virtual_clock import VirtualClock
from tests.worlds.simulators.scripted import ScriptedWorld, phone_of_each_kind

WAIT = "wait*7*20*"


class Wire:
    """A connection seen from its messages."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.pbx = SimulatedAsterisk(self.clock, agi=None)
        self.heard: list[AmiResponse | AmiEvent] = []
        self.shut_count = 0
        self.line = self.pbx.connect(self.heard.append, self.shut)

    def shut(self) -> None:
        self.shut_count += 1

    def say(self, name: str, **fields: str) -> list[AmiResponse | AmiEvent]:
        self.heard.clear()
        self.line.said(AmiAction(name, (("ActionID", "x1"), *fields.items())))
        return list(self.heard)

    def login(self, user=ROUTER, **more: str) -> list[AmiResponse | AmiEvent]:
        return self.say("Login", Username=user.name, Secret=user.secret, **more)


def test_a_login_is_accepted_and_told_that_asterisk_has_booted():
    accepted, booted = Wire().login()
    assert (accepted.success, accepted.message) == (True, "Authentication accepted")
    assert accepted.action_id == "x1"
    assert booted.name == "FullyBooted"
    assert booted.headers.get("Status") == "Fully Booted"


def test_who_may_not_hear_it_is_not_told_that_asterisk_has_booted():
    pbx = SimulatedAsterisk(
        VirtualClock(),
        agi=None,
        settings=PbxSettings(users=(AmiUser("deaf", "secret", frozenset({"Hangup"})),)),
    )
    heard = []
    pbx.connect(heard.append, lambda: None).said(
        AmiAction("Login", (("Username", "deaf"), ("Secret", "secret")))
    )
    assert [message.message for message in heard] == ["Authentication accepted"]


@pytest.mark.parametrize(
    "wrong", [{"Username": "cti-router", "Secret": "no"}, {"Username": "eve", "Secret": ""}]
)
def test_a_wrong_login_is_refused_and_cut_off(wrong):
    wire = Wire()
    (answer,) = wire.say("Login", **wrong)
    assert (answer.success, answer.message) == (False, "Authentication failed")
    assert wire.shut_count == 1
    assert wire.pbx.line_count == 0


def test_a_login_may_prove_the_secret_instead_of_saying_it():
    wire = Wire()
    (asked,) = wire.say("Challenge", AuthType="md5")
    proof = login_action(ROUTER.name, ROUTER.secret, asked.headers.get("Challenge"))
    accepted, booted = wire.say("Login", **dict(proof.fields))
    assert (accepted.success, booted.name) == (True, "FullyBooted")
    other = Wire()
    other.pbx = wire.pbx
    other.line = wire.pbx.connect(other.heard.append, other.shut)
    assert not other.say("Login", **dict(proof.fields))[0].success  # another session, another one


def test_there_is_one_kind_of_challenge():
    (answer,) = Wire().say("Challenge", AuthType="SHA")
    assert (answer.success, answer.message) == (False, "Must specify AuthType")


def test_before_the_login_nothing_is_permitted():
    (answer,) = Wire().say("Ping")
    assert (answer.success, answer.message) == (False, "Permission denied")


def test_logoff_says_goodbye_and_cuts_the_line():
    wire = Wire()
    wire.login()
    (answer,) = wire.say("Logoff")
    assert answer.message == "Thanks for all the fish."
    assert wire.shut_count == 1


def test_rights_are_those_of_the_user():
    wire = Wire()
    wire.login()
    for name in ("CoreStatus", "Originate", "PJSIPShowContacts", "CoreShowChannels"):
        (answer,) = wire.say(name)
        assert answer.message == "Permission denied"
    (answer,) = wire.say("Setvar", Variable="CTI_EPOCH", Value="3")
    assert answer.message == "Variable Set"
    assert wire.pbx.world.globals == {"CTI_EPOCH": "3"}


def test_an_unknown_action_is_an_error_in_asterisks_words():
    wire = Wire()
    wire.login()
    (answer,) = wire.say("Nonsense")
    assert answer.message == (
        "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands."
    )


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("Redirect", {"Channel": "PJSIP/none-1"}, "Channel does not exist: PJSIP/none-1"),
        ("Setvar", {"Channel": "PJSIP/none-1"}, "No variable specified"),
        ("Setvar", {"Channel": "PJSIP/none-1", "Variable": "A"}, "No such channel"),
        ("Getvar", {"Channel": "PJSIP/none-1", "Variable": "A"}, "No such channel"),
        ("Hangup", {"Channel": "PJSIP/none-1"}, "No such channel"),
        ("Status", {"Channel": "PJSIP/none-1"}, "No such channel"),
    ],
)
def test_what_is_not_there_is_an_honest_error(name, fields, message):
    wire = Wire()
    wire.login()
    (answer,) = wire.say(name, **fields)
    assert (answer.success, answer.message) == (False, message)


def test_a_redirect_needs_its_place():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    assert world.ask(action("Redirect", Channel=channel.name)).message == "Context not specified"
    order = action("Redirect", Channel=channel.name, Context="a", Exten="b", Priority="x")
    assert world.ask(order).message == "Priority is invalid"


def test_status_lists_channels_with_the_variables_that_were_asked_for():
    world = ScriptedWorld("deliver*7*5*15*8001", phones=[Phone("8001")])
    world.set_epoch()
    channel = world.call()
    world.pass_s(3)
    answer = world.ask(action("Status", Variables="CTI_STAGE,CTI_LEG,CTI_EPOCH"))
    assert answer.message == "Channel status will follow"
    caller, leg = answer.events
    assert caller.headers.get("Channel") == channel.name
    assert caller.headers.get("Seconds") == "3"
    assert caller.headers.get("BridgeID") == leg.headers.get("BridgeID") != ""
    # As glibc writes a null pointer, and so Asterisk a variable that is not set.
    assert caller.headers.all("Variable") == (
        "CTI_STAGE=deliver",
        "CTI_LEG=5*8001",
        "CTI_EPOCH=7",
    )
    assert leg.headers.all("Variable") == ("CTI_STAGE=(null)", "CTI_LEG=5*8001", "CTI_EPOCH=7")


def test_lists_have_a_beginning_items_and_an_end_with_their_number():
    wire = Wire()
    wire.pbx.world.add_phones(phone_of_each_kind())
    wire.login(OBSERVER)
    start, *items, end = wire.say("PJSIPShowContacts")
    assert start.headers.get("EventList") == "start"
    assert {item.name for item in items} == {"ContactList"}
    assert "unregistered" not in {item.headers.get("Endpoint") for item in items}
    assert end.name == "ContactListComplete"
    assert end.headers.get("EventList") == "Complete"
    assert end.headers.get("ListItems") == str(len(items))
    assert {message.action_id for message in (start, *items, end)} == {"x1"}


def test_no_contacts_is_an_error_as_it_is_there():
    wire = Wire()
    wire.login(OBSERVER)
    (answer,) = wire.say("PJSIPShowContacts")
    assert (answer.success, answer.message) == (False, "No Contacts found")


def test_device_states_tell_who_can_be_called():
    world = ScriptedWorld(
        "deliver*7*5*15*8001",
        WAIT,
        phones=[
            Phone("8001"),
            Phone("8002", Behaviour.RINGS),
            Phone("8003", Behaviour.UNREGISTERED),
            Phone("8004"),
        ],
    )
    world.set_epoch()
    world.call()
    world.pass_s(1)
    world.answers = ["deliver*7*6*15*8002"]
    world.call()
    world.pass_s(1)

    def said(function: str) -> str:
        return world.ask(action("Getvar", Variable=function)).headers.get("Value")

    names = ("8001", "8002", "8003", "8004", "8005")
    assert [said(f"DEVICE_STATE(PJSIP/{name})") for name in names] == [
        "INUSE", "RINGING", "UNAVAILABLE", "NOT_INUSE", "INVALID",
    ]  # fmt: skip
    assert [said(f"PJSIP_ENDPOINT({name},context)") for name in names] == [*["from-agent"] * 4, ""]
    assert [said(f"PJSIP_DIAL_CONTACTS({name})") for name in ("8003", "8004", "8005")] == [
        "", "PJSIP/8004/sip:8004@127.0.0.1:5080", "",
    ]  # fmt: skip
    assert said("SHELL(true)") == ""


def test_core_status_tells_when_it_was_started():
    wire = Wire()
    wire.login(OBSERVER)
    (answer,) = wire.say("CoreStatus")
    get = answer.headers.get
    assert (get("CoreStartupDate"), get("CoreStartupTime")) == ("2026-11-21", "20:38:45")
    (answer,) = wire.say("CoreSettings")
    assert answer.headers.get("AsteriskVersion") == "22.10.1"
    (answer,) = wire.say("CoreShowChannels")[:1]
    assert answer.message == "Channels will follow"


def test_channels_are_listed_with_what_they_do():
    world = ScriptedWorld(WAIT, user=OBSERVER)
    channel = world.call()
    world.pass_s(3_725)
    (item,) = world.ask(action("CoreShowChannels")).events
    get = item.headers.get
    assert (get("Channel"), get("Application"), get("Duration")) == (
        channel.name,
        "Wait",
        "01:02:05",
    )


def test_variables_can_be_read_from_channels_and_globally():
    world = ScriptedWorld(WAIT).set_epoch()
    channel = world.call()
    world.pass_s(1)
    of_channel = world.ask(action("Getvar", Channel=channel.name, Variable="CTI_STAGE"))
    assert of_channel.headers.get("Value") == "wait"
    assert world.ask(action("Getvar", Variable="CTI_EPOCH")).headers.get("Value") == "7"
    assert world.ask(action("Getvar", Variable="NOTHING")).headers.get("Value") == ""


def test_a_hangup_may_name_its_cause():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    assert world.ask(action("Hangup", Channel=channel.name, Cause="21")).message == "Channel Hungup"
    assert world.told("Hangup") == ["Hangup trunk 21"]


def test_an_originate_to_nowhere_is_refused_in_words_that_nobody_takes_for_success():
    order = action("Originate", Channel="PJSIP/8001", Context="cti-order")
    answer = ScriptedWorld(WAIT, user=OBSERVER).ask(order)
    said = "Originate is simulated with Context and Exten"
    assert (answer.success, answer.message) == (False, said)


def test_an_order_for_a_caller_who_has_just_left_moves_nobody():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    answers = []
    order = action("Redirect", Channel=channel.name, Context="cti-wait", Exten="s", Priority=1)
    world.link.send(order, answers.append)
    world.clock.advance(300)  # it was answered, and is to be carried out in a moment
    world.world.clears(channel)
    world.pass_s(1)
    assert answers[0].success
    assert world.asked() == ["arrive"]


def test_who_has_logged_off_is_not_heard_any_more():
    wire = Wire()
    wire.login()
    wire.say("Logoff")
    assert wire.say("Ping") == []
    assert wire.line.session.act(AmiAction("Ping")) == ([], None)
    wire.line.cut()
    assert wire.shut_count == 1


def test_an_action_without_an_id_is_answered_without():
    wire = Wire()
    wire.login()
    wire.heard.clear()
    wire.line.said(AmiAction("Ping"))
    assert wire.heard[0].action_id == ""


def test_an_asterisk_that_dies_while_it_boots_does_not_boot():
    wire = Wire()
    wire.pbx.kill()
    wire.pbx.start()
    wire.line = wire.pbx.connect(wire.heard.append, wire.shut)
    wire.login()
    wire.pbx.kill()
    wire.heard.clear()
    wire.clock.advance(10_000_000)
    assert wire.heard == []


def test_ping_answers_with_the_time():
    wire = Wire()
    wire.login()
    (answer,) = wire.say("Ping")
    assert answer.headers.get("Ping") == "Pong"
    assert answer.headers.get("Timestamp").startswith("1795293525.")


def test_the_routers_user_hears_what_the_filter_lets_through():
    wire, all_ears = Wire(), []
    wire.login()
    wire.pbx.announcer.listen(all_ears.append)
    wire.heard.clear()
    channel = wire.pbx.world.channel("trunk")
    wire.pbx.announcer.new_channel(channel)
    wire.pbx.announcer.user_event(channel, "Bank", ())
    wire.pbx.announcer.user_event(channel, "CtiFailsafe", ())
    wire.pbx.announcer.hangup(channel)
    assert [event.name for event in wire.heard] == ["UserEvent", "Hangup"]
    assert [event.name for event in all_ears] == ["Newchannel", "UserEvent", "UserEvent", "Hangup"]


def test_events_can_be_switched_off_and_on():
    wire = Wire()
    (answer,) = wire.login(Events="off")
    assert answer.success
    wire.pbx.announcer.fully_booted(1)
    assert wire.heard == [answer]
    (answer,) = wire.say("Events", EventMask="on")
    assert answer.headers.get("Events") == "On"
    wire.pbx.announcer.fully_booted(1)
    assert wire.heard[-1].name == "FullyBooted"
    (answer,) = wire.say("Events", EventMask="off")
    assert answer.headers.get("Events") == "Off"
    (answer,) = wire.say("Filter", Operation="Add", Filter="x")
    assert answer.success


def test_while_it_boots_a_login_is_taken_and_told_later():
    wire = Wire()
    wire.pbx.restart()
    assert wire.pbx.connect(wire.heard.append, wire.shut) is None
    wire.clock.advance(1_000_000)
    wire.line = wire.pbx.connect(wire.heard.append, wire.shut)
    assert [message.message for message in wire.login()] == ["Authentication accepted"]
    wire.clock.advance(400_000)
    assert wire.heard[-1].name == "FullyBooted"


def test_an_event_has_its_time_and_its_privilege_first():
    wire, heard = Wire(), []
    wire.pbx.announcer.listen(heard.append)
    wire.pbx.announcer.fully_booted(3)
    assert heard[0].headers.items()[:3] == (
        ("Privilege", "system,all"),
        ("Timestamp", "1795293525.000000"),
        ("Uptime", "3"),
    )
