"""Each entry is its own; what its dialplan has set is used, or named where it cannot be."""

from urllib.parse import quote

import pytest

from cti.gateway.asking import Remark, RemarkKind, answer
from cti.gateway.question import read_question
from cti.gateway.remarks import SAID, RemarkCounters, Remarks
from routing.call import CallState
from routing.commands import (
    ApplyConfig,
    CallArrived,
    CallerHungUp,
    CallTaken,
    OfferFailed,
    OfferOutcome,
    TelephonyLost,
)
from routing.config import AgentSpec, Boost, Mode, QueueSpec, RoutingConfig, Step
from routing.ids import AgentId, CallId, OfferId, QueueId, SkillId
from tests.worlds.gateway.desk import A1, CONFIG, SECOND_US, SECRET, START_US, DeskWorld, request

CALL = CallId("a1-1.1")
KINDS = set(RemarkKind)


def centre(**fields) -> RoutingConfig:
    queues = (
        QueueSpec(QueueId("loans"), need="loans", regain_us=60 * SECOND_US),
        QueueSpec(QueueId("cards"), after_call_work_us=0),
        QueueSpec(QueueId("steps"), need="gold", steps=(Step(10 * SECOND_US, "loans"),)),
        QueueSpec(QueueId("vain"), need="platinum"),
    )
    skills = ((SkillId("loans"), 3), (SkillId("english"), 2))
    agents = (
        AgentSpec(AgentId("8001"), "p8001", skills),
        AgentSpec(AgentId("8009"), "p8009", ((SkillId("platinum"), 1),), training=True),
    )
    return RoutingConfig(**{"queues": queues, "agents": agents, "pbxs": (A1,), **fields})


class Centre(DeskWorld):
    """Remembers what was remarked about each question."""

    def __init__(self, config: RoutingConfig) -> None:
        super().__init__(config)
        self.remarked: list[Remark] = []

    def ask(self, verb: str, uniqueid: str = "1.1", **named: str) -> str:
        desk = self.desk
        said = answer(read_question(request(verb, uniqueid, **named), [SECRET], [A1]), desk)
        self.remarked = desk.remarks
        return said

    def kinds(self) -> list[RemarkKind]:
        return [remark.kind for remark in self.remarked]


@pytest.fixture
def world():
    return Centre(centre())


# --- tags, needs, priorities --------------------------------------------------------------------


@pytest.mark.parametrize("text", ["vip,fraud", "vip&fraud", "vip; fraud", " vip fraud,vip "])
def test_tags_are_words_whatever_stands_between_them(text):
    question = read_question(request("arrive", tags=quote(text)), [SECRET], [A1])
    assert question.tags == ("vip", "fraud")
    assert question.odd == ()


@pytest.mark.parametrize("text", ["金卡", "vip,a/b", "x" * 65, ",".join(map(str, range(17)))])
def test_what_is_no_tag_is_named_and_left_out(text):
    question = read_question(request("arrive", tags=quote(text)), [SECRET], [A1])
    (odd,) = question.odd
    assert (odd.argument, odd.value) == ("TAGS", text)
    assert len(question.tags) <= 16


def test_a_tag_that_the_dialplan_has_set_raises_the_call():
    world = Centre(centre(boosts=(Boost("vip-first", "vip", 500),)))
    world.ask("arrive", "1.1", queue="cards")
    world.ask("arrive", "1.2", queue="cards", tags="vip")
    call = world.engine.calls[CallId("a1-1.2")]
    assert (call.tags, call.rules, call.priority) == (("vip",), ("vip-first",), 500)
    assert world.kinds() == []


def test_a_tag_that_no_boost_names_is_remarked():
    mode = Mode("storm", boosts=(Boost("s", "flooded", 5),))
    world = Centre(centre(boosts=(Boost("b", "vip", 5),), modes=(mode,)))
    world.ask("arrive", queue="cards", tags="vip,flooded,vpi")
    assert world.remarked == [Remark(RemarkKind.UNKNOWN_TAG, "'vpi'")]


def test_needs_are_written_as_in_the_configuration(world):
    world.ask("arrive", needs=quote("english>=2 & (loans | cards) & !trainee"))
    assert world.engine.calls[CALL].needs == "english>=2 & (loans | cards) & !trainee"
    assert world.kinds() == []


@pytest.mark.parametrize("needs", ["&&&", "english>=", "(loans"])
def test_needs_that_are_none_are_ignored_and_named(world, needs):
    assert world.ask("arrive", needs=quote(needs)) == "wait*7*10*"
    assert world.remarked == [Remark(RemarkKind.IGNORED_NEEDS, repr(needs))]


@pytest.mark.parametrize(
    ("queue", "needs", "unmet"),
    [
        ("loans", "engilsh", "loans & engilsh"),
        ("loans", "english>=3", "loans & english>=3"),
        ("loans", "@8002", "loans & @8002"),
        ("vain", "", "platinum"),  # only a training seat has it
        ("steps", "chinese", "gold & chinese"),
    ],
)
def test_a_need_that_nobody_can_ever_meet_is_named(world, queue, needs, unmet):
    assert world.ask("arrive", queue=queue, needs=quote(needs)) == "wait*7*10*"
    assert world.remarked == [Remark(RemarkKind.UNMET_NEEDS, f"{unmet!r} (queue {queue})")]
    assert world.engine.calls[CALL].state is CallState.WAITING


@pytest.mark.parametrize(("queue", "needs"), [("loans", "english:2"), ("steps", ""), ("cards", "")])
def test_a_need_that_somebody_meets_if_only_later_is_not(world, queue, needs):
    world.ask("arrive", queue=queue, needs=quote(needs))
    assert world.kinds() == []


# --- queues that are none -----------------------------------------------------------------------


@pytest.mark.parametrize("queue", ["nowhere", "个人贷款", "lo ans", ""])
def test_an_unknown_queue_is_named_and_its_caller_goes_to_failsafe(world, queue):
    assert world.ask("arrive", queue=quote(queue)) == "leave*7*noQueue*"
    assert world.remarked == [Remark(RemarkKind.UNKNOWN_QUEUE, repr(queue))]
    assert world.legs.callers == {}


def test_a_queue_that_is_mended_takes_its_callers():
    world = Centre(centre())
    assert world.ask("arrive", queue="new") == "leave*7*noQueue*"
    config = centre(queues=(QueueSpec(QueueId("new")),), version=2)
    world.submit(ApplyConfig(config))
    assert world.ask("arrive", queue="new") == "wait*7*10*"


# --- withheld numbers ---------------------------------------------------------------------------


def test_callers_without_a_number_are_not_one_person(world):
    """Two of them within `regain_s`: the second does not get the place of the first."""
    for uniqueid, number in (("1.1", "anonymous"), ("1.2", "Anonymous")):
        asked = request("arrive", uniqueid)
        asked = asked.__class__(
            asked.script, asked.channel, asked.uniqueid, number, "unknown", "95588", asked.args, {}
        )
        question = read_question(asked, [SECRET], [A1])
        assert question.caller == ""
        answer(question, world.desk)
        if uniqueid == "1.1":
            world.later(30)
            world.submit(CallerHungUp(CALL))
    assert world.engine.calls[CallId("a1-1.2")].first_queued_us == START_US + 30 * SECOND_US


# --- arrivals that cannot be ----------------------------------------------------------------------


def test_a_dialplan_in_another_zone_is_named_once_for_all_its_callers(world):
    for number in range(3):
        uniqueid = f"{START_US // SECOND_US}.{number}"
        world.ask("arrive", uniqueid, queue="cards", arrived=str(START_US // 1000 - 28_800_000))
        assert world.remarked == [Remark(RemarkKind.ODD_ARRIVAL, "a1")]
        call = world.engine.calls[CallId(f"a1-{uniqueid}")]
        assert call.first_queued_us == START_US


# --- entries ------------------------------------------------------------------------------------


def test_an_entry_while_the_caller_waits_is_an_entry(world):
    world.ask("arrive", queue="loans", entry="1")
    world.later(60)
    arrived = str(world.now_us // 1000)
    assert world.ask("arrive", queue="cards", entry="2", arrived=arrived) == "wait*7*10*"
    call = world.engine.calls[CALL]
    assert (call.queue_id, call.first_queued_us) == ("cards", world.now_us)
    assert CallTaken(CALL, "queuedAgain") in world.commands


def test_a_question_that_is_repeated_is_no_entry(world):
    world.ask("arrive", queue="loans", entry="1")
    before = world.engine.event_seq
    assert world.ask("arrive", queue="loans", entry="1") == "wait*7*10*"
    assert world.engine.event_seq == before


def test_an_entry_while_a_phone_rings_ends_that_offer(world):
    world.ready("8001")
    assert world.ask("arrive", queue="loans", entry="1") == "deliver*7*1*15*p8001"
    world.dial()
    answered = world.ask("arrive", queue="vain", entry="2")
    assert answered == "wait*7*10*"
    assert world.engine.calls[CALL].queue_id == "vain"
    assert not world.engine.offers


def test_an_old_question_that_comes_late_does_not_take_the_caller_back(world):
    world.ask("arrive", queue="loans", entry="2")
    world.ask("again", queue="cards", entry="1")
    assert world.engine.calls[CALL].queue_id == "loans"


def test_a_router_that_has_forgotten_the_entry_sees_that_it_is_another(world):
    """Restarted with its journal: the calls are known, what was asked about them is not."""
    world.ask("arrive", queue="loans", entry="1")
    world.later(60)
    world.legs.callers.clear()
    arrived = str(world.now_us // 1000)
    world.ask("arrive", queue="cards", entry="2", arrived=arrived)
    assert world.engine.calls[CALL].queue_id == "cards"


def test_after_a_restart_a_queue_that_the_core_has_changed_is_no_entry(world):
    """An overflow to another queue whose note on the channel was lost."""
    first = str(START_US // 1000)
    world.ask("arrive", queue="loans", entry="1", arrived=first)
    world.legs.callers.clear()
    world.later(20)
    before = world.engine.event_seq
    world.ask("again", queue="cards", entry="1", arrived=first)
    world.ask("arrive", queue="cards", entry="1", arrived=first)
    assert world.engine.event_seq == before


# --- behind an answered Dial --------------------------------------------------------------------

ENDED = {"offer": "1", "status": "ANSWER", "cause": "16", "rang": "12"}


@pytest.fixture
def dialling():
    world = Centre(CONFIG)
    world.ready("8001", "8002")
    assert world.ask("arrive", entry="1") == "deliver*7*1*15*p8001"
    world.dial()
    return world


def test_behind_a_conversation_the_caller_is_let_go(dialling):
    dialling.talk()
    dialling.later(30)
    dialling.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert dialling.ask("returned", entry="1", **ENDED) == "after*7"
    assert dialling.engine.calls[CALL].state is CallState.RELEASED


def test_also_when_the_question_overtakes_the_report_of_the_hangup(dialling):
    dialling.talk()
    dialling.later(30)
    assert dialling.ask("returned", entry="1", **ENDED) == "after*7"
    dialling.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert dialling.engine.calls[CALL].state is CallState.RELEASED


def test_an_agent_who_hangs_up_before_they_meet_has_rejected_the_call(dialling):
    dialling.hear("DialEnd", Uniqueid="1.1", DestUniqueid="2.1", DialStatus="ANSWER")
    dialling.hear("BridgeEnter", Uniqueid="2.1", BridgeUniqueid="b1")
    dialling.take_orders()
    dialling.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert dialling.effects.held == [OfferId(2)], "the question is on its way"
    assert dialling.take_orders() == []
    assert dialling.ask("returned", entry="1", **ENDED) == "deliver*7*2*15*p8002"
    assert dialling.engine.calls[CALL].first_queued_us == START_US


def test_the_question_alone_tells_it_too(dialling):
    assert dialling.ask("returned", entry="1", **ENDED) == "deliver*7*2*15*p8002"
    assert OfferFailed(OfferId(1), OfferOutcome.REJECTED) in dialling.commands


@pytest.mark.parametrize("heard", [True, False])
def test_who_heard_no_word_keeps_the_place(dialling, heard):
    """Met in a bridge for some milliseconds: whether they did is a race, so it decides nothing."""
    dialling.talk()
    dialling.later(0.15)
    if heard:
        dialling.hear("Hangup", Uniqueid="2.1", Cause="16")
    arrived = str(START_US // 1000)
    answered = dialling.ask("returned", entry="1", arrived=arrived, **ENDED)
    assert answered == "deliver*7*2*15*p8002"
    assert dialling.engine.calls[CALL].first_queued_us == START_US
    assert sum(isinstance(command, CallArrived) for command in dialling.commands) == 2


def test_a_call_that_nobody_knows_has_been_talked_to(dialling):
    assert dialling.ask("returned", "9.9", **ENDED) == "after*7"
    assert CallId("a1-9.9") not in dialling.engine.calls
    assert CallId("a1-9.9") not in dialling.legs.callers


def test_while_asterisk_is_not_heard_a_phone_that_was_picked_up_was_a_conversation(dialling):
    dialling.submit(TelephonyLost(A1))
    dialling.later(300)
    assert dialling.ask("returned", entry="1", **ENDED) == "after*7"


# --- saying it ----------------------------------------------------------------------------------


def test_every_kind_of_remark_has_its_words_and_its_counter():
    assert set(SAID) == KINDS
    assert set(RemarkCounters.__dataclass_fields__) == {kind.value for kind in KINDS}


def test_a_thing_is_said_once_and_counted_each_time(caplog):
    remarks, remark = Remarks(), Remark(RemarkKind.UNKNOWN_QUEUE, "'nowhere'")
    question = read_question(request("arrive", queue="nowhere"), [SECRET], [A1])
    for _ in range(3):
        remarks.note([remark], question, START_US)
    remarks.note([Remark(RemarkKind.UNKNOWN_QUEUE, "'other'")], question, START_US)
    assert remarks.counters.unknown_queues == 4
    first, other = caplog.records
    assert "a1-1.1 (PJSIP/trunk-1.1): there is no queue 'nowhere'" in first.getMessage()
    assert (first.levelname, first.queue, first.channel) == (
        "ERROR", "nowhere", "PJSIP/trunk-1.1",
    )  # fmt: skip
    assert "'other'" in other.getMessage()


def test_it_is_said_again_after_an_hour_with_how_often_it_was_met(caplog):
    remarks, remark = Remarks(), Remark(RemarkKind.UNMET_NEEDS, "'loans & engilsh'")
    question = read_question(request("arrive"), [SECRET], [A1])
    for minute in range(120):
        remarks.note([remark], question, START_US + minute * 60 * SECOND_US)
    assert len(caplog.records) == 2
    assert "59 more" in caplog.records[1].getMessage()


def test_what_was_said_is_not_remembered_without_end():
    remarks = Remarks()
    question = read_question(request("arrive"), [SECRET], [A1])
    for number in range(3000):
        remarks.note([Remark(RemarkKind.UNKNOWN_TAG, str(number))], question, START_US)
    assert len(remarks._said) == 1000
