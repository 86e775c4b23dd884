"""When an Asterisk is asked about which phones, and what the core is told; links typed by hand."""

import pytest

from cti.ami.errors import AmiTimeout
from cti.ami.messages import AmiResponse, event, response
from cti.dispatcher import Dispatcher
from cti.gateway.gateway import Gateway
from cti.gateway.phones import AT_ONCE
from cti.journal.file import MemoryJournal
from routing import commands as c
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.ids import AgentId, PbxId, QueueId
from routing.words import DeviceState
from simulators.virtual_clock import VirtualClock
from tests.worlds.gateway.desk import INSTANCE, SECRET, make_ready

SECOND_US = 1_000_000
REACHABLE, UNREACHABLE, MISSING = DeviceState
SAID = {
    "DEVICE_STATE": {MISSING: "INVALID"},
    "PJSIP_ENDPOINT": {REACHABLE: "from-agent", UNREACHABLE: "from-agent"},
    "PJSIP_DIAL_CONTACTS": {REACHABLE: "PJSIP/x/sip:x@10.0.0.1"},
}


class Switchboard:
    """A link that answers about phones as `states` says, when it is let; all else succeeds."""

    name, is_up = "a1", True

    def __init__(self, states):
        self.states = states
        self.open = []
        self.asked = []
        self.silent = False
        self.globals = {"CTI_EPOCH": f"6-{INSTANCE}"}

    def send(self, order, on_answer=None, /):
        self.open.append((order, on_answer))
        if order.get("Variable").startswith(tuple(SAID)):
            self.asked.append(order.get("Variable"))
        return "1"

    def answer(self):
        """Everything that is open, and what follows from it."""
        while self.open and not self.silent:
            order, on_answer = self.open.pop(0)
            function, _, argument = order.get("Variable").partition("(")
            if order.name == "Setvar":
                self.globals[function] = order.get("Value")
            value = self.globals.get(function, "")
            if function in SAID:
                device = argument.removeprefix("PJSIP/").rstrip(")").partition(",")[0]
                value = SAID[function].get(self.states.get(device, UNREACHABLE), "")
            if on_answer is not None:
                on_answer(response(True, "", Value=value))

    def take_asked(self):
        """The phones that were asked about since, each once."""
        asked, self.asked = self.asked, []
        names = (each.partition("(")[2].removeprefix("PJSIP/").rstrip(")") for each in asked)
        return list(dict.fromkeys(name.partition(",")[0] for name in names))


class PhoneWorld:
    def __init__(self, agents=3, pbxs=("a1",)):
        self.clock = VirtualClock()
        self.told = []
        config = RoutingConfig(
            queues=(QueueSpec(QueueId("loans")),),
            agents=tuple(AgentSpec(AgentId(str(8001 + n)), f"p{8001 + n}") for n in range(agents)),
            pbxs=tuple(map(PbxId, pbxs)),
        )

        def later(delay_s, call):
            return self.clock.at(self.clock.now_us() + round(delay_s * SECOND_US), call)

        self.dispatcher = Dispatcher(
            RoutingEngine(config),
            MemoryJournal(),
            self.clock,
            epoch=7,
            call_later=later,
            on_crash=lambda _: None,
        )
        self.gateway = Gateway(
            self.dispatcher, self.clock, secret=SECRET, slice_s=10, call_later=later,
            instance=INSTANCE, name="tested",
        )  # fmt: skip
        self.links = {}
        for name in pbxs:
            pbx = self.gateway.add(PbxId(name))
            link = self.links[name] = Switchboard({})
            pbx.attach(link)
        self.pbx, self.link = self.gateway.pbxs["a1"], self.links["a1"]

    def up(self, name="a1", **states):
        self.links[name].states |= states
        self.gateway.pbxs[name].link_up()
        self.links[name].answer()

    def said(self, device, pbx="a1"):
        return self.dispatcher.engine.phones[device].said.get(pbx)

    def contact(self, device, status):
        self.pbx.heard(event("ContactStatus", URI="sip:1", ContactStatus=status, AOR=device))

    def reports(self):
        kept = [stamped.command for stamped in self.dispatcher._journal.kept]
        return [each for each in kept if isinstance(each, c.DeviceReported)]


@pytest.fixture
def world():
    return PhoneWorld()


def test_after_a_login_every_phone_is_asked_about(world):
    world.up(p8001=REACHABLE, p8003=MISSING)
    assert [world.said(device) for device in ("p8001", "p8002", "p8003")] == [
        REACHABLE, UNREACHABLE, MISSING,
    ]  # fmt: skip
    assert "PJSIP_ENDPOINT(p8003,context)" not in world.link.asked, "it would leave a warning"


def test_what_the_core_knows_is_not_told_again(world):
    world.up(p8001=REACHABLE)
    told = len(world.reports())
    world.pbx.link_down("cut")
    world.up()
    assert len(world.reports()) == told


def test_one_contact_of_two_leaves_and_asterisk_is_asked(world):
    world.up(p8001=REACHABLE)
    world.contact("p8001", "Removed")
    world.link.answer()
    assert world.said("p8001") is REACHABLE
    world.link.states["p8001"] = UNREACHABLE
    world.contact("p8001", "Unreachable")
    world.link.answer()
    assert world.said("p8001") is UNREACHABLE


def test_a_contact_that_comes_needs_no_question(world):
    world.up()
    world.link.take_asked()
    world.contact("p8001", "NonQualified")
    assert (world.said("p8001"), world.link.asked) == (REACHABLE, [])


def test_strangers_and_unknown_words_mean_nothing(world):
    world.up()
    world.link.take_asked()
    world.contact("door", "Removed")
    world.contact("p8001", "Unknown")
    assert world.link.asked == []


def test_a_registration_ends_a_pause_though_the_phone_was_thought_to_be_there(world):
    world.up(p8001=REACHABLE)
    make_ready(world.dispatcher.submit)
    agent = world.dispatcher.engine.agents["8001"]
    world.dispatcher.submit(c.CallArrived("a1-1.1", "loans", "a1"))
    world.dispatcher.submit(c.OfferFailed(agent.offer_id, c.OfferOutcome.UNREACHABLE))
    world.link.answer()
    assert agent.gap_cause == "unreachable", "that Asterisk has a contact is no news"
    world.contact("p8001", "NonQualified")
    assert agent.work == "reserved"


def test_a_reload_may_have_made_and_taken_away_phones(world):
    world.up(p8001=MISSING, p8002=REACHABLE)
    world.link.states = {"p8001": REACHABLE, "p8002": MISSING}
    world.pbx.heard(event("Reload", Module="res_pjsip.so"))
    world.link.answer()
    assert (world.said("p8001"), world.said("p8002")) == (REACHABLE, MISSING)


def test_who_signs_in_at_another_phone_has_it_asked_about_and_the_own_one_afterwards(world):
    world.up(p8001=UNREACHABLE, door=REACHABLE)
    world.link.take_asked()
    world.dispatcher.submit(c.LogOnAgent("8001", device="door"))
    world.link.answer()
    assert (world.said("door"), world.link.take_asked()) == (REACHABLE, ["door"])
    world.dispatcher.submit(c.LogOffAgent("8001"))
    world.link.answer()
    assert (world.said("p8001"), world.link.take_asked()) == (UNREACHABLE, ["p8001"])


def test_who_signs_in_at_a_phone_that_can_be_called_costs_no_question(world):
    world.up(p8001=REACHABLE)
    world.link.take_asked()
    world.dispatcher.submit(c.LogOnAgent("8001"))
    assert world.link.asked == []
    world.dispatcher.submit(c.LogOnAgent("8002"))
    world.link.answer()
    assert world.link.take_asked() == ["p8002"]


def test_a_dial_that_found_nobody_has_the_phone_asked_about(world):
    world.up(p8001=REACHABLE)
    make_ready(world.dispatcher.submit)
    world.dispatcher.submit(c.CallArrived("a1-1.1", "loans", "a1"))
    world.link.answer()
    world.link.states["p8001"] = UNREACHABLE  # the report of it got lost
    offer_id = world.dispatcher.engine.agents["8001"].offer_id
    world.link.take_asked()
    world.dispatcher.submit(c.OfferFailed(offer_id, c.OfferOutcome.UNREACHABLE))
    world.link.answer()
    assert world.link.take_asked() == ["p8001"]
    assert world.said("p8001") is UNREACHABLE


def test_now_and_then_the_phones_of_those_who_wait_in_vain_are_asked_about(world):
    world.up(p8001=REACHABLE, p8002=MISSING)
    make_ready(world.dispatcher.submit, "8001")
    make_ready(world.dispatcher.submit, "8002")
    world.link.answer()
    world.link.take_asked()
    world.link.states["p8002"] = REACHABLE  # a database has it now, and says so to nobody
    world.gateway.start()
    world.clock.advance(31 * SECOND_US)
    world.link.answer()
    assert world.link.take_asked() == ["p8002"]
    assert world.said("p8002") is REACHABLE
    world.gateway.stop()


def test_a_question_without_an_answer_changes_nothing(world):
    world.up(p8001=REACHABLE)
    world.link.silent = True
    world.contact("p8001", "Removed")
    [(_, on_answer)] = world.link.open
    on_answer(AmiTimeout("late"))
    assert world.said("p8001") is REACHABLE


def test_answers_of_an_earlier_link_mean_nothing(world):
    world.link.silent = True
    world.pbx.link_up()
    late = [on_answer for order, on_answer in world.link.open if "(" in order.get("Variable")]
    world.pbx.link_down("cut")
    world.link.open.clear()
    for on_answer in late:
        on_answer(response(True, "", Value="INVALID"))
    assert world.said("p8001") is None
    assert world.link.open == []


def test_two_questions_about_one_phone_are_asked_one_after_the_other(world):
    world.up(p8001=REACHABLE)
    world.link.silent = True
    world.contact("p8001", "Removed")
    world.contact("p8001", "Removed")
    assert len(world.link.open) == 1
    world.link.take_asked()
    world.link.silent = False
    world.link.answer()
    assert world.link.asked.count("PJSIP_DIAL_CONTACTS(p8001)") == 2


def test_many_phones_are_asked_about_a_few_at_a_time():
    world = PhoneWorld(agents=AT_ONCE + 10)
    world.up()
    world.link.asked.clear()
    world.link.silent = True
    world.pbx.phones.ask_all()
    assert len(world.link.asked) == AT_ONCE
    world.link.silent = False
    world.link.answer()
    assert len(world.reports()) == AT_ONCE + 10


def test_an_odd_name_is_asked_about_by_nobody_and_holds_nobody_up(world, caplog):
    world.up(p8001=REACHABLE)
    said = []
    world.pbx.phones.ask("a&b", said.append)
    world.clock.advance(SECOND_US)
    assert said == [None]
    assert "device: holds what must not cross" in caplog.text


def test_what_each_asterisk_says_of_a_phone():
    world = PhoneWorld(pbxs=("a1", "a2"))
    told = []
    world.gateway.ask_about("door", told.append)
    assert told == [{"a1": None, "a2": None}], "both are away"
    world.up("a1", door=MISSING)
    world.gateway.ask_about("door", told.append)
    world.link.answer()
    assert told[1:] == [{"a1": MISSING, "a2": None}]
    world.up("a2", door=REACHABLE)
    world.gateway.ask_about("door", told.append)
    world.links["a1"].answer()
    assert len(told) == 2
    world.links["a2"].answer()
    assert told[2:] == [{"a1": MISSING, "a2": REACHABLE}]
    assert "door" not in world.dispatcher.engine.phones, "it is nobody's"


def test_a_link_that_breaks_while_it_is_asked_says_nothing(world):
    world.up()
    told = []
    world.gateway.ask_about("door", told.append)
    world.pbx.link_down("cut")
    assert told == [{"a1": None}]


def test_a_list_of_nothing_is_no_answer_of_ours(world):
    world.up(p8001=REACHABLE)
    world.contact("p8001", "Removed")
    [(_, on_answer)] = world.link.open
    on_answer(AmiResponse(False))
    assert world.said("p8001") is REACHABLE
