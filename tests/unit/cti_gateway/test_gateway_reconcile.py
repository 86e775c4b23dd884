"""After an outage: each difference between Asterisk and the core, and what repairs it."""

import pytest

from cti.ami.messages import action
from cti.gateway.legs import Legs, Place
from cti.gateway.reconcile import reconcile
from routing.call import CallState
from routing.commands import (
    AgentLegCleared,
    CallArrived,
    CallerHungUp,
    CallTaken,
    LegsBridged,
    OfferAnswered,
    OfferFailed,
    OfferOutcome,
    OfferRinging,
    TelephonyLost,
    TelephonyRestored,
)
from routing.ids import AgentId, CallId, LegId, OfferId, QueueId
from routing.legs import CallerBridged
from tests.worlds.gateway.desk import A1, EPOCH, START_US, DeskWorld, status_row

CALL = CallId("a1-1.1")
OFFER = OfferId(1)
ORDER = f"{EPOCH}*1*15*p8001"
RINGING = {"CTI_STAGE": "deliver", "CTI_OFFER": "1", "CTI_LEG": "1*p8001"}


class Outage:
    """A world whose router was restarted: the core knows, the legs are forgotten."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        world.submit(TelephonyLost(A1))
        world.legs = Legs(A1)
        world.take_orders()
        world.commands.clear()

    def compare(self, *rows):
        world = self.world
        self.repair = reconcile(
            rows, world.engine, world.legs, list(world.engine.calls), world.moment
        )
        return self.repair.commands

    def recover(self, *rows):
        """As the gateway does it: commands, orders, restored."""
        for command in self.compare(*rows):
            self.world.submit(command)
        self.world.ordered += self.repair.orders
        self.world.submit(TelephonyRestored(A1))
        return self.world.take_orders()


@pytest.fixture
def waiting():
    world = DeskWorld()
    world.ask("arrive")
    return Outage(world)


@pytest.fixture
def offered():
    world = DeskWorld()
    world.ready("8001")
    world.ask("arrive")
    return Outage(world)


@pytest.fixture
def talking():
    world = DeskWorld()
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.talk()
    return Outage(world)


def wait_row(uniqueid="1.1", **marks):
    return status_row(uniqueid, "cti-wait", "ask", CTI_STAGE="wait", **marks)


def deliver_row(bridge="", exten=ORDER, **marks):
    return status_row("1.1", "cti-deliver", exten, BridgeID=bridge, **{**RINGING, **marks})


def leg_row(state="5", bridge=""):
    fields = {"ChannelState": state, "BridgeID": bridge, "CTI_LEG": "1*p8001"}
    return status_row("2.1", "default", Channel="PJSIP/p8001-2.1", **fields)


def other_row(bridge=""):
    """Another phone, which the caller has dialled by somebody's REFER: the mark is inherited."""
    fields = {"ChannelState": "6", "BridgeID": bridge, "CTI_LEG": "1*p8001"}
    return status_row("3.1", "default", Channel="PJSIP/p8002-3.1", **fields)


def redirect(context, exten):
    return action("Redirect", Channel="PJSIP/trunk-1.1", Context=context, Exten=exten, Priority="1")


# --- who waits ----------------------------------------------------------------------------------


def test_who_waits_still_waits(waiting):
    assert waiting.compare(wait_row()) == []
    assert waiting.world.legs.callers[CALL].place is Place.WAITING


def test_who_has_hung_up_meanwhile_is_gone(waiting):
    assert waiting.compare() == [CallerHungUp(CALL)]


def test_a_call_that_came_while_the_list_was_made_is_not_gone(waiting):
    world = waiting.world
    known = list(world.engine.calls)
    world.ask("arrive", "1.2")
    repair = reconcile([wait_row()], world.engine, world.legs, known, world.moment)
    assert repair.commands == []
    assert CallId("a1-1.2") in world.legs.callers


def test_callers_we_never_heard_of_line_up_by_their_first_arrival(waiting):
    marks = {"CTI_LINE_QUEUE": "loans", "CTI_LINE_PRIORITY": "5"}
    marks |= {"CTI_LINE_NEEDS": "english%3A1", "CTI_LINE_TAGS": "vip%2Cnew", "CTI_ENTRY": "2"}
    late = wait_row("1.3", CTI_ARRIVED=str(START_US // 1000 - 1000), **marks)
    early = wait_row("1.2", CTI_ARRIVED=str(START_US // 1000 - 9000), **marks)
    commands = waiting.compare(late, wait_row(), early)
    assert [command.call_id for command in commands] == ["a1-1.2", "a1-1.3"]
    assert commands[0] == CallArrived(
        CallId("a1-1.2"), QueueId("loans"), A1, 5, "english:1", START_US - 9_000_000,
        tags=("vip", "new"),
    )  # fmt: skip
    assert waiting.world.legs.callers[CallId("a1-1.2")].entry == 2


def test_strangers_in_a_conversation_or_elsewhere_are_left_alone(waiting):
    talking = status_row(
        "1.9", "cti-deliver", "3*9*15*p8002", BridgeID="b9", CTI_ARRIVED="1", **RINGING
    )
    somebody = status_row("5.5", "internal")
    survey = status_row("1.8", "cti-survey", CTI_STAGE="after", CTI_ARRIVED="1")
    assert waiting.compare(wait_row(), talking, somebody, survey) == []


def test_a_phone_that_rings_for_an_offer_that_is_over_is_silenced(waiting):
    assert waiting.recover(deliver_row(exten="6*99*15*p8001", CTI_OFFER="99")) == [
        redirect("cti-order", "7*wait")
    ]


def test_two_people_in_a_conversation_are_never_torn_apart(waiting):
    row = deliver_row(bridge="b1", exten="6*99*15*p8001", CTI_OFFER="99")
    waiting.world.ready("8001", "8002")
    assert waiting.recover(row) == []
    assert waiting.world.commands[-2:] == [CallTaken(CALL, "reconciled"), TelephonyRestored(A1)]


def test_failsafe_has_taken_the_call(waiting):
    assert waiting.compare(status_row("1.1", "cti-failsafe", CTI_STAGE="failsafe")) == [
        CallTaken(CALL, "failsafe")
    ]


def test_who_comes_back_from_failsafe_to_ask_us_waits(waiting):
    assert waiting.compare(status_row("1.1", "cti-wait", "ask", CTI_STAGE="failsafe")) == []


# --- who is offered -----------------------------------------------------------------------------


def test_an_order_that_never_arrived_is_given_again(offered):
    assert offered.recover(wait_row()) == [redirect("cti-deliver", ORDER)]
    assert offered.world.engine.calls[CALL].state is CallState.OFFERED


def test_an_order_of_a_dial_that_failed_unheard_is_not_given_again(offered):
    row = wait_row(CTI_OFFER="1", CTI_DIALSTATUS="NOANSWER", CTI_HANGUPCAUSE="21")
    assert offered.compare(row) == [OfferFailed(OFFER, OfferOutcome.REJECTED)]
    assert offered.compare(wait_row(CTI_OFFER="1")) == [
        OfferFailed(OFFER, OfferOutcome.UNDELIVERED)
    ]


def test_an_order_about_to_be_carried_out_is_left_alone(offered):
    assert offered.recover(deliver_row()) == []
    assert offered.world.legs.callers[CALL].place is Place.ORDERED


def test_the_phone_rings(offered):
    assert offered.compare(deliver_row(), leg_row()) == [OfferRinging(OFFER)]
    offered.world.submit(OfferRinging(OFFER))
    assert offered.world.hear("DialEnd", DestUniqueid="2.1", DialStatus="ANSWER") == [
        OfferAnswered(OFFER)
    ]


def test_the_phone_was_picked_up(offered):
    assert offered.compare(deliver_row(), leg_row(state="6")) == [
        OfferRinging(OFFER),
        OfferAnswered(OFFER),
    ]


def test_they_talk(offered):
    rows = deliver_row(bridge="b1"), leg_row("6", "b1")
    assert offered.compare(*rows)[-1] == LegsBridged(OFFER)
    assert offered.recover(*rows) == []
    call = offered.world.engine.calls[CALL]
    assert (call.state, call.agent_id) == (CallState.TALKING, "8001")
    offered.world.hear("HangupRequest", Uniqueid="2.1")
    assert offered.world.hear("Hangup", Uniqueid="2.1") == [AgentLegCleared(CALL, AgentId("8001"))]


def test_they_talk_although_the_agents_leg_carries_no_mark(offered):
    assert offered.compare(deliver_row(bridge="b1")) == [LegsBridged(OFFER)]


def test_an_older_order_rings_instead(offered):
    row = deliver_row(exten="6*99*15*p8002", CTI_OFFER="99")
    assert offered.recover(row) == [redirect("cti-deliver", ORDER)]


def test_an_older_order_has_led_to_a_conversation(offered):
    row = deliver_row(bridge="b1", exten="6*99*15*p8002", CTI_OFFER="99")
    assert offered.compare(row) == [CallTaken(CALL, "reconciled")]


# --- who talks ----------------------------------------------------------------------------------


def test_who_talks_still_talks(talking):
    assert talking.compare(deliver_row(bridge="b1"), leg_row("6", "b1")) == []
    talking.world.hear("HangupRequest", Uniqueid="2.1")
    assert talking.world.hear("Hangup", Uniqueid="2.1") == [AgentLegCleared(CALL, AgentId("8001"))]


def test_the_agent_has_hung_up_meanwhile(talking):
    survey = status_row("1.1", "cti-survey", CTI_STAGE="after", CTI_OFFER="1")
    assert talking.compare(survey) == [AgentLegCleared(CALL, AgentId("8001"))]
    assert talking.compare(wait_row(CTI_OFFER="1")) == [AgentLegCleared(CALL, AgentId("8001"))]


def test_the_caller_has_hung_up_meanwhile(talking):
    assert talking.compare(leg_row("6"))[0] == CallerHungUp(CALL)


def test_a_phone_that_the_caller_dials_later_is_not_of_that_offer(offered):
    """Whoever is in one bridge with the caller has them: it has picked the call up."""
    commands = offered.compare(deliver_row(bridge="b1"), other_row("b1"))
    assert commands[0] == CallerBridged(CALL, "p8002", LegId("a1-3.1"))
    assert [each.device for each in commands[1:]] == ["p8002", "p8002"]


def test_twice_is_as_good_as_once(talking, offered, waiting):
    for outage in (talking, offered, waiting):
        rows = deliver_row(bridge="b1"), leg_row("6", "b1")
        outage.recover(*rows)
        engine = outage.world.engine
        before = engine.event_seq
        outage.world.submit(TelephonyLost(A1))
        outage.recover(*rows)
        assert engine.event_seq == before + 2 * (1 + len(engine.phones))  # lost and restored


@pytest.mark.parametrize(
    "row",
    [
        status_row("", "cti-wait", CTI_STAGE="wait"),
        status_row("bad id", "cti-wait", CTI_STAGE="wait"),
        status_row("7.7", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="soon"),
        status_row("7.7", "cti-wait", CTI_STAGE="???", CTI_OFFER="x", CTI_PRIORITY="-"),
        status_row("7.7", "x", CTI_LEG="nonsense"),
    ],
)
def test_odd_rows_are_passed_over(waiting, row):
    assert waiting.compare(row, wait_row()) == []
