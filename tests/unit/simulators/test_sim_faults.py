"""Faults strike as often as they should, can be switched meanwhile, and repeat with the seed."""

import pytest

from cti.ami.errors import AmiDown, AmiTimeout, AmiUsageError
from cti.ami.messages import action
from simulators.pbx.faults import (
    CALM,
    GOOD_ACTION,
    GOOD_EVENT,
    GOOD_QUESTION,
    ROUGH,
    FaultRates,
    Faults,
)
from simulators.pbx.phones import Caller, Phone
from simulators.prng import Prng, Ratio
from tests.worlds.simulators.scripted import SECOND_US, ScriptedWorld

ALWAYS = Ratio(1, 1)
WAIT = "wait*7*5*"
PING = action("Ping")


def test_in_a_perfect_world_nothing_strikes():
    faults = Faults(Prng(1))
    assert faults.event_fate() is GOOD_EVENT
    assert faults.action_fate() is GOOD_ACTION
    assert faults.question_fate() is GOOD_QUESTION
    assert faults.next_cut_us() is None
    assert faults.next_restart_us() is None
    assert not faults.struck


def test_what_has_struck_is_counted():
    faults = Faults(Prng(1), FaultRates(event_dropped=Ratio(1, 4)))
    dropped = sum(faults.event_fate().copies == 0 for _ in range(4000))
    assert faults.struck["event_dropped"] == dropped == pytest.approx(1000, rel=0.1)


def test_a_fault_switched_on_does_not_shift_those_of_another_kind():
    one = Faults(Prng(1), FaultRates(action_lost=Ratio(1, 3)))
    two = Faults(Prng(1), FaultRates(action_lost=Ratio(1, 3), event_dropped=Ratio(1, 3)))
    for _ in range(10):
        two.event_fate()
    assert [one.action_fate() for _ in range(50)] == [two.action_fate() for _ in range(50)]


def talking(rates: FaultRates, seed: int = 1) -> ScriptedWorld:
    world = ScriptedWorld("deliver*7*1*15*8001", WAIT, phones=[Phone("8001")], seed=seed)
    world.set_epoch()
    world.pbx.set_rates(rates)
    world.call(Caller("138", "loans", talk_ms=3000))
    world.pass_s(10)
    return world


def test_dropped_events_do_not_arrive():
    assert talking(FaultRates(event_dropped=ALWAYS)).told() == []


def test_doubled_events_arrive_twice():
    told = talking(FaultRates(event_doubled=ALWAYS)).told()
    assert told[:4] == ["DialBegin", "DialBegin", "DialEnd", "DialEnd"]


def test_delayed_events_of_one_channel_keep_their_order():
    world = talking(FaultRates(event_delayed=ALWAYS))
    by_channel: dict[str, list[str]] = {}
    for event in world.events:
        by_channel.setdefault(event.headers.get("Channel"), []).append(event.name)
    assert sorted(by_channel.values()) == [
        ["BridgeEnter", "Hangup"],
        ["Newchannel", "DialBegin", "DialEnd", "BridgeEnter", "HangupRequest", "Hangup"],
    ]


def test_a_refused_action_is_answered_with_an_error_and_not_carried_out():
    world = ScriptedWorld(WAIT)
    world.pbx.set_rates(FaultRates(action_refused=ALWAYS))
    answer = world.ask(action("Setvar", Variable="A", Value="1"))
    assert not answer.success
    assert world.world.globals == {}


def test_a_lost_action_is_not_carried_out_and_times_out():
    world = ScriptedWorld(WAIT)
    world.pbx.set_rates(FaultRates(action_lost=ALWAYS))
    answer = world.ask(action("Setvar", Variable="A", Value="1"), within_ms=6000)
    assert isinstance(answer, AmiTimeout)
    assert world.world.globals == {}


def test_a_lost_answer_leaves_the_action_carried_out():
    world = ScriptedWorld(WAIT)
    world.pbx.set_rates(FaultRates(answer_lost=ALWAYS))
    answer = world.ask(action("Setvar", Variable="A", Value="1"), within_ms=6000)
    assert isinstance(answer, AmiTimeout)
    assert world.world.globals == {"A": "1"}


def test_a_slow_answer_comes_within_its_limit():
    world = ScriptedWorld(WAIT)
    world.pbx.set_rates(FaultRates(answer_delayed=ALWAYS, delay_ms_max=500))
    answers = []
    world.link.send(PING, answers.append)
    world.pass_ms(0)
    assert answers == []
    world.pass_ms(510)
    assert [answer.success for answer in answers] == [True]


def test_a_refused_question_is_never_asked():
    world = ScriptedWorld(WAIT, rates=FaultRates(question_refused=ALWAYS))
    world.call()
    world.pass_s(5)
    assert world.questions == []
    assert world.pbx.faults.struck["question_refused"] == 3


def test_a_question_cut_off_was_heard_by_the_router_but_not_answered():
    world = ScriptedWorld(WAIT, rates=FaultRates(question_cut=ALWAYS))
    channel = world.call()
    world.pass_ms(100)
    assert world.asked() == ["arrive"]
    assert world.stage(channel) == "arrive"


def test_a_slow_question_delays_the_caller_only_so_long():
    world = ScriptedWorld(WAIT, rates=FaultRates(question_delayed=ALWAYS, delay_ms_max=300))
    channel = world.call()
    world.pass_ms(310)
    assert world.stage(channel) == "wait"


def test_a_caller_may_leave_in_a_slow_question():
    world = ScriptedWorld(WAIT, rates=FaultRates(question_delayed=ALWAYS, delay_ms_max=2000))
    channel = world.call(Caller("138", "loans", gives_up_after_ms=1))
    world.pass_s(3)
    assert channel.gone
    assert world.told() == ["HangupRequest", "Hangup"]


def test_a_cut_breaks_the_link_and_calls_go_on():
    world = ScriptedWorld(WAIT)
    channel = world.call()
    world.pass_s(1)
    world.pbx.cut(2 * SECOND_US)
    answers = []
    world.link.send(PING, answers.append)
    world.pass_ms(1)
    assert isinstance(answers[0], AmiDown)
    assert world.ups_and_downs == ["up", "the connection broke"]
    world.pass_s(3)
    assert world.ups_and_downs[-1] == "up"
    assert not channel.gone


def test_open_actions_fail_when_the_link_breaks():
    world = ScriptedWorld(WAIT)
    answers = []
    world.link.send(PING, answers.append)
    world.pbx.cut()
    world.pass_ms(1)
    assert [type(answer) for answer in answers] == [AmiDown]


def test_a_link_that_was_closed_stays_closed():
    world = ScriptedWorld(WAIT)
    answers = []
    world.link.send(PING, answers.append)
    world.link.close()
    assert [type(answer) for answer in answers] == [AmiDown]
    world.pass_s(5)
    assert not world.link.is_up
    assert world.ups_and_downs == ["up"]
    assert world.pbx.line_count == 0
    assert world.link.name == "a1"


def test_a_link_that_is_closed_while_it_waits_does_not_come_back():
    world = ScriptedWorld(WAIT)
    world.pbx.kill()
    world.pass_ms(1)
    assert world.link.is_refused
    world.link.close()
    world.pbx.start()
    world.pass_s(5)
    assert world.pbx.line_count == 0


def test_orders_without_a_listener_are_sent_all_the_same():
    world = ScriptedWorld(WAIT)
    world.link.send(action("Setvar", Variable="A", Value="1"))
    world.pbx.set_rates(FaultRates(answer_lost=ALWAYS))
    world.link.send(action("Setvar", Variable="B", Value="2"))
    world.pass_s(6)
    assert world.world.globals == {"A": "1", "B": "2"}
    world.pbx.kill()
    world.pass_ms(1)
    world.link.send(PING)
    world.pass_s(1)


def test_an_order_that_may_not_be_written_is_refused_here_as_there():
    with pytest.raises(AmiUsageError):
        ScriptedWorld(WAIT).link.send(action("Setvar", Variable="A", Value="1\r\n"))


def test_spontaneous_faults_strike_by_themselves_and_can_be_called_off():
    world = ScriptedWorld(WAIT, rates=FaultRates(cut_every_ms=60_000, restart_every_ms=600_000))
    world.pass_s(3600)
    struck = world.pbx.faults.struck
    assert struck["cut"] == pytest.approx(60, rel=0.5)
    assert struck["restart"] > 1
    world.pbx.set_rates(CALM)
    world.pass_s(60)
    before = dict(struck)
    world.pass_s(3600)
    assert dict(struck) == before
    assert world.link.is_up


def test_a_restart_in_a_restart_comes_back_once():
    world = ScriptedWorld(WAIT)
    world.pbx.restart(3 * SECOND_US)
    world.pass_s(1)
    world.pbx.restart(3 * SECOND_US)
    world.pass_ms(2500)
    assert not world.link.is_up
    world.pass_s(3)
    assert world.ups_and_downs == ["up", "the connection broke", "up"]


def day(seed: int) -> list[str]:
    """Everything that was told and asked in an hour of bad weather."""
    world = ScriptedWorld(
        "deliver*7*1*15*8001", WAIT, WAIT, phones=[Phone("8001")], rates=ROUGH, seed=seed
    )
    world.world.globals["CTI_EPOCH"] = "7"
    draws = Prng(seed)
    for number in range(200):
        patience_ms = draws.exponential(60_000)
        world.call(Caller(f"1380{number}", "loans", patience_ms, draws.exponential(20_000)))
        world.clock.advance(draws.exponential(18 * SECOND_US))
        world.answers = ["deliver*7*1*15*8001", WAIT, WAIT]
    return [
        *(f"{event.name} {event.headers.items()}" for event in world.events),
        *(f"{request.script} {request.headers}" for request in world.questions),
        *map(str, world.reports),
        str(world.pbx.faults.struck),
    ]


def test_one_seed_is_one_history_byte_for_byte():
    first, second, other = day(7), day(7), day(8)
    assert len(first) > 1000
    assert first == second
    assert first != other
