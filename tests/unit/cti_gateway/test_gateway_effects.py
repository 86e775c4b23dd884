"""What the core decides reaches the caller's channel, once, by the right way."""

import pytest

from cti.ami.messages import action
from cti.gateway.border import BorderError, deliver_order, read_deliver_order
from cti.gateway.epoch import Epoch
from cti.gateway.legs import Place
from routing.commands import (
    CallerHungUp,
    DeadlinesReached,
    LogOffAgent,
    LogOnAgent,
    OfferFailed,
    OfferOutcome,
    RequestedState,
    SetAgentState,
    TelephonyLost,
)
from routing.config import Announcement, Overflow, QueueSpec
from routing.ids import AgentId, CallId, OfferId, QueueId
from tests.worlds.gateway.desk import A1, CONFIG, EPOCH, DeskWorld

CALL = CallId("a1-1.1")


def redirect(exten, context="cti-deliver", uniqueid="1.1"):
    channel = f"PJSIP/trunk-{uniqueid}"
    return action("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")


@pytest.fixture
def waiting():
    """One caller who waits; nobody is free."""
    world = DeskWorld()
    assert world.ask("arrive") == "wait*7*10*"
    return world


def test_an_agent_who_becomes_free_is_rung_by_one_redirect(waiting):
    waiting.ready("8001")
    assert waiting.take_orders() == [redirect("7*1*15*p8001")]
    assert waiting.legs.callers[CALL].place is Place.ORDERED


def test_in_a_question_the_answer_carries_the_order():
    world = DeskWorld()
    world.ready("8001")
    assert world.ask("arrive") == "deliver*7*1*15*p8001"
    assert world.take_orders() == []


def test_an_offer_that_ends_while_the_phone_may_ring_takes_the_caller_back(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.take_orders()
    waiting.submit(OfferFailed(OfferId(1), OfferOutcome.BUSY))
    assert waiting.take_orders() == [redirect("7*wait", "cti-order")]
    assert waiting.legs.callers[CALL].place is Place.WAITING


def test_an_offer_that_ends_in_silence_moves_nobody_before_asterisk_was_asked(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.ready("8002")
    waiting.take_orders()
    waiting.submit(OfferFailed(OfferId(1), OfferOutcome.NO_ANSWER))
    assert OfferId(2) in waiting.engine.offers
    assert waiting.take_orders() == []
    assert waiting.effects.doubts == [CALL]
    assert waiting.legs.callers[CALL].place is Place.LOST
    assert waiting.ask("again") == "deliver*7*2*15*p8002"  # who asks is not talking


def test_from_one_phone_straight_to_the_next(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.submit(LogOnAgent(AgentId("8002")))
    waiting.submit(SetAgentState(AgentId("8002"), RequestedState.READY))
    waiting.take_orders()
    waiting.submit(OfferFailed(OfferId(1), OfferOutcome.REJECTED))
    assert waiting.take_orders() == [redirect("7*2*15*p8002")]


def test_a_caller_who_has_gone_is_not_ordered_about(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.take_orders()
    waiting.submit(CallerHungUp(CALL))
    assert waiting.take_orders() == []
    assert waiting.legs.callers == {}


def test_the_next_offer_waits_for_the_question_of_a_dial_that_failed(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.ready("8002")
    waiting.take_orders()
    waiting.hear("DialEnd", DestUniqueid="2.1", DialStatus="NOANSWER")
    waiting.hear("Hangup", Uniqueid="2.1", Cause="21")
    assert waiting.effects.held == [OfferId(2)]
    assert waiting.take_orders() == []
    answered = waiting.ask("returned", offer="1", status="NOANSWER", cause="21")
    assert answered == "deliver*7*2*15*p8002"
    assert waiting.take_orders() == []


def test_a_call_sent_out_of_the_router_while_it_waits():
    queue = QueueSpec(
        QueueId("loans"),
        max_wait_us=5_000_000,
        overflows=(Overflow("queueTimeOverflow", to_extension="callback"),),
    )
    config = CONFIG.__class__(queues=(queue,), agents=CONFIG.agents, pbxs=(A1,))
    world = DeskWorld(config)
    world.ask("arrive")
    world.later(5)
    world.submit(DeadlinesReached())
    assert world.take_orders() == [redirect("7*leave*queueTimeOverflow*callback", "cti-order")]
    assert world.legs.callers == {}


def announced_world():
    queue = QueueSpec(
        QueueId("loans"),
        announcements=(Announcement("all-busy", 5_000_000),),
    )
    return DeskWorld(CONFIG.__class__(queues=(queue,), agents=CONFIG.agents, pbxs=(A1,)))


def test_an_announcement_that_is_due_makes_the_caller_ask_and_is_the_answer():
    world = announced_world()
    world.ask("arrive")
    world.later(5)
    world.submit(DeadlinesReached())
    assert world.take_orders() == [redirect("7*wait", "cti-order")]
    assert world.ask("again") == "wait*7*10*all-busy"
    assert world.ask("again") == "wait*7*10*"


def test_an_announcement_does_not_fetch_back_who_is_on_his_way_to_an_agent():
    world = announced_world()
    world.ask("arrive")
    world.ready("8001")
    world.take_orders()
    world.later(5)
    world.submit(DeadlinesReached())
    assert all(order.get("Exten") != "s" for order in world.take_orders())


def test_a_forced_sign_out_does_not_stop_the_ringing(waiting):
    waiting.ready("8001")
    waiting.dial()
    waiting.take_orders()
    waiting.submit(LogOffAgent(AgentId("8001"), by="lead"))
    assert waiting.take_orders() == []


def test_a_lost_link_is_no_reason_to_move_callers(waiting):
    waiting.ready("8001")
    waiting.take_orders()
    waiting.submit(TelephonyLost(A1))
    assert waiting.take_orders() == []


def test_a_device_that_is_no_endpoint_does_not_cross(waiting):
    waiting.submit(LogOnAgent(AgentId("8001"), "p1&PJSIP/p2"))
    waiting.submit(SetAgentState(AgentId("8001"), RequestedState.READY))
    assert [problem.field for problem in waiting.effects.problems] == ["device"]
    assert waiting.take_orders() == []


@pytest.mark.parametrize("device", ["", "a*b", "a/b", "a b", "a\r\nb", "${X}", "a" * 41, "é"])
def test_only_endpoints_are_dialled(device):
    with pytest.raises(BorderError, match="device"):
        deliver_order(1, 1, 15_000_000, device)


def test_ring_time_is_rounded_up_and_the_order_reads_back():
    ours = Epoch(7, "3fa9c1d2")
    assert deliver_order(ours, 12, 14_500_000, "p8001") == "7-3fa9c1d2*12*15*p8001"
    assert deliver_order(EPOCH, 12, 0, "p8001") == "7*12*1*p8001"
    assert read_deliver_order("7-3fa9c1d2*12*15*p8001") == (ours, 12, "p8001")
    for text in ("", "s", "7*12*15", "x*12*15*p", "7**15*p", "7*12*15*p*q"):
        assert read_deliver_order(text) is None
