"""The dialplan's question and our answer, as docs/call-flow.md says them."""

import pytest

from cti.gateway.legs import Place
from cti.gateway.question import NotOurs, Verb, read_question
from routing.call import CallState
from routing.commands import (
    CallArrived,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    TelephonyLost,
)
from routing.config import Limits, Overflow, QueueSpec
from routing.ids import CallId, OfferId, PbxId, QueueId
from tests.worlds.gateway.desk import A1, CONFIG, SECRET, START_US, DeskWorld, request

CALL = CallId("a1-1.1")


@pytest.fixture
def world():
    return DeskWorld()


# --- reading ------------------------------------------------------------------------------------


def test_a_whole_question():
    asked = request(
        "returned", "1.1", arrived="1795000000123", priority="7", needs="english:3&loans:1",
        offer="42", status="NOANSWER", cause="19", rang="8",
    )  # fmt: skip
    question = read_question(asked, [SECRET], [A1])
    assert question.verb is Verb.RETURNED
    assert question.call_id == "a1-1.1"
    assert question.arrived_us == 1_795_000_000_123_000
    assert (question.priority, question.needs, question.offer_id) == (7, "english:3&loans:1", 42)
    assert (question.dial_status, question.cause, question.odd) == ("NOANSWER", 19, ())
    assert question.rang


@pytest.mark.parametrize(
    ("named", "odd"),
    [
        ({"queue": "no such; queue"}, "QUEUE"),
        ({"queue": "a\r\nb"}, "QUEUE"),
        ({"priority": "1001"}, "PRIORITY"),
        ({"priority": "-1"}, "PRIORITY"),
        ({"needs": "english;3"}, "NEEDS"),
        ({"arrived": "yesterday"}, "ARRIVED_MS"),
        ({"offer": "9" * 99}, "OFFER"),
        ({"cause": "²"}, "CAUSE"),
    ],
)
def test_an_odd_argument_is_named_and_costs_nothing_else(named, odd):
    (found,) = read_question(request("again", **named), [SECRET], [A1]).odd
    assert (found.argument, found.value) == (odd, next(iter(named.values())))


@pytest.mark.parametrize("token", ["", "0" * 40, "A" * 40, "0" * 39, "x" * 4000, "é"])
def test_a_question_that_proves_nothing_gets_no_answer(token):
    with pytest.raises(NotOurs):
        read_question(request("arrive", token=token), [SECRET], [A1])


def test_a_token_fits_its_own_channel_only():
    stolen = request("arrive", "1.1").args[0]
    with pytest.raises(NotOurs):
        read_question(request("arrive", "1.2", token=stolen), [SECRET], [A1])


@pytest.mark.parametrize("script", ["", "nothing", "a2/arrive", "../arrive", "a1/arrive/x"])
def test_a_question_that_nobody_knows(script):
    with pytest.raises(NotOurs):
        read_question(request(script), [SECRET], [A1])


def test_several_asterisks_say_who_they_are():
    both = [A1, PbxId("a2")]
    assert read_question(request("a2/arrive"), [SECRET], both).call_id == "a2-1.1"
    assert read_question(request("/a1/arrive"), [SECRET], both).call_id == "a1-1.1"
    with pytest.raises(NotOurs, match="CTI_ROUTER"):
        read_question(request("arrive"), [SECRET], both)


# --- answering ----------------------------------------------------------------------------------


def test_nobody_free_means_wait_and_keep_the_time_of_arrival(world):
    assert world.ask("arrive", arrived="1794999990000") == "wait*7*10*"
    assert world.engine.calls[CALL].first_queued_us == START_US - 10_000_000


def test_asking_twice_changes_nothing(world):
    world.ask("arrive")
    before = world.engine.event_seq
    assert world.ask("arrive") == "wait*7*10*"
    assert world.ask("again") == "wait*7*10*"
    assert world.engine.event_seq == before


@pytest.mark.parametrize("verb", ["again", "returned"])
def test_a_call_that_we_forgot_is_an_arrival_with_its_old_time(world, verb):
    world.ask(verb, arrived="1794999990000", offer="3", status="NOANSWER", cause="19")
    assert world.engine.calls[CALL].first_queued_us == START_US - 10_000_000


def test_a_rejected_call_goes_to_the_next_agent_in_the_same_answer(world):
    world.ready("8001", "8002")
    assert world.ask("arrive") == "deliver*7*1*15*p8001"
    world.dial()
    answered = world.ask("returned", offer="1", status="NOANSWER", cause="21")
    assert answered == "deliver*7*2*15*p8002"
    assert OfferFailed(OfferId(1), OfferOutcome.REJECTED) in world.commands


def test_a_phone_that_was_never_dialled_is_told_by_the_question_alone(world):
    world.ready("8001")
    world.ask("arrive")
    assert world.ask("returned", offer="1", status="CHANUNAVAIL", cause="20") == "wait*7*10*"
    assert OfferFailed(OfferId(1), OfferOutcome.UNREACHABLE) in world.commands


def test_a_question_that_overtook_the_report_of_its_dial_tells_that_it_rang(world):
    world.ready("8001")
    world.ask("arrive")
    world.ask("returned", offer="1", status="NOANSWER", cause="0", rang="12")
    assert world.commands[-2:] == [
        OfferRinging(OfferId(1)),
        OfferFailed(OfferId(1), OfferOutcome.NO_ANSWER),
    ]


def test_returned_for_an_offer_of_another_call_fails_nobody(world):
    world.ready("8001")
    world.ask("arrive", "1.1")
    world.ask("arrive", "1.2")
    world.ask("returned", "1.2", offer="1", status="NOANSWER", cause="19")
    assert OfferId(1) in world.engine.offers


def test_a_redirect_on_its_way_is_given_two_seconds(world):
    world.ask("arrive")
    world.ready("8001")
    assert world.legs.callers[CALL].place is Place.ORDERED
    world.later(1.9)
    assert world.ask("again") == "wait*7*1*"
    world.later(0.1)
    assert world.ask("again") == "deliver*7*1*15*p8001"
    assert world.ask("again") == "wait*7*1*"


def test_a_ringing_call_that_still_asks_is_told_to_wait_a_moment(world):
    world.ask("arrive")
    world.ready("8001")
    world.dial()
    world.later(5)
    assert world.ask("again") == "wait*7*1*"


def test_an_unknown_queue_leaves(world):
    assert world.ask("arrive", queue="nowhere") == "leave*7*noQueue*"
    assert world.ask("arrive", queue="bad queue") == "leave*7*noQueue*"
    assert world.legs.callers == {}


def test_too_many_calls_leave():
    config = CONFIG.__class__(queues=CONFIG.queues, pbxs=(A1,), limits=Limits(calls=1))
    world = DeskWorld(config)
    world.ask("arrive", "1.1")
    assert world.ask("arrive", "1.2") == "leave*7*refused*"
    assert list(world.legs.callers) == ["a1-1.1"]


def test_a_full_queue_leaves_by_its_overflow():
    full = Overflow("queueFull", to_extension="callback")
    queue = QueueSpec(QueueId("loans"), max_waiting=1, overflows=(full,))
    world = DeskWorld(CONFIG.__class__(queues=(queue,), pbxs=(A1,)))
    world.ask("arrive", "1.1")
    assert world.ask("arrive", "1.2") == "leave*7*queueFull*callback"
    assert list(world.legs.callers) == ["a1-1.1"]
    assert world.take_orders() == []


def test_needs_that_the_core_refuses_do_not_cost_the_caller(world):
    assert world.ask("arrive", needs="&&&") == "wait*7*10*"
    assert world.engine.calls[CALL].needs == ""


def test_a_caller_whom_the_agent_let_go_stands_in_line_anew(world):
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.talk()
    world.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert world.engine.calls[CALL].state is CallState.RELEASED
    assert world.ask("arrive") == "deliver*7*2*15*p8001"
    assert sum(isinstance(command, CallArrived) for command in world.commands) == 2


def test_arrive_is_proof_that_a_conversation_is_over_again_is_not(world):
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.talk()
    assert world.ask("again") == "wait*7*1*"
    assert world.engine.calls[CALL].state is CallState.TALKING
    assert world.ask("arrive") == "deliver*7*2*15*p8001"


def test_while_asterisk_is_not_heard_nothing_is_delivered(world):
    world.ready("8001")
    world.submit(TelephonyLost(A1))
    assert world.ask("arrive") == "wait*7*10*"


def test_an_order_that_was_given_before_the_link_was_lost_is_not_given_again(world):
    world.ask("arrive")
    world.ready("8001")
    world.submit(TelephonyLost(A1))
    world.later(60)
    assert world.ask("again") == "wait*7*10*"


def test_while_a_secret_is_replaced_both_are_taken():
    """docs/installation.md: the router is told first, the dialplans later."""
    asked = request("arrive")
    assert read_question(asked, ["the-new-secret-of-today", SECRET], [A1]).call_id == "a1-1.1"
    with pytest.raises(NotOurs):
        read_question(asked, ["the-new-secret-of-today"], [A1])
