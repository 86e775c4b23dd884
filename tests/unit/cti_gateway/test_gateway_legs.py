"""The table of places: total, and never raising for what Asterisk says."""

import pytest

from cti.gateway.legs import PLACES, Caller, Delivery, Legs, Move, Place
from routing.ids import AgentId, CallId, OfferId, PbxId

OURS = {Move.SENT_TO_AGENT: Place.ORDERED, Move.SENT_TO_WAIT: Place.WAITING}
OURS[Move.SENT_AWAY] = Place.LEAVING


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("move", Move)
def test_every_place_takes_every_move(place, move):
    caller = Caller(CallId("a1-1"), "PJSIP/t-1", place)
    caller.follow(move)
    assert caller.place is OURS.get(move, PLACES.get((place, move), place))


def test_a_late_report_of_a_dial_does_not_move_a_caller_who_is_back_in_line():
    caller = Caller(CallId("a1-1"), "PJSIP/t-1", Place.WAITING)
    for move in (Move.DIAL_FAILED, Move.DIAL_ANSWERED, Move.AGENT_LEFT):
        caller.follow(move)
    assert caller.place is Place.WAITING


def test_what_has_ended_leaves_nothing_behind():
    legs = Legs(PbxId("a1"))
    caller = legs.learn(legs.call_id("1.1"), "PJSIP/t-1")
    delivery = Delivery(OfferId(1), caller.call_id, AgentId("8001"), "p8001")
    caller.offer_id = delivery.offer_id
    legs.offered(delivery)
    legs.dialled(delivery, "2.1")
    assert legs.delivery_of_leg("2.1") is delivery
    legs.forget_call(caller.call_id)
    assert (legs.callers, legs.deliveries) == ({}, {})
    assert legs.delivery_of_leg("2.1") is None


def test_a_second_dial_of_an_offer_replaces_the_first_leg():
    legs = Legs(PbxId("a1"))
    delivery = Delivery(OfferId(1), CallId("a1-1.1"), AgentId("8001"), "p8001")
    legs.offered(delivery)
    legs.dialled(delivery, "2.1")
    legs.dialled(delivery, "2.2")
    assert legs.delivery_of_leg("2.1") is None
    assert legs.delivery_of_leg("2.2") is delivery


def test_a_channel_that_was_renamed_is_ordered_by_its_new_name():
    legs = Legs(PbxId("a1"))
    call_id = legs.call_id("1.1")
    legs.learn(call_id, "PJSIP/t-1")
    assert legs.learn(call_id, "PJSIP/t-9").channel == "PJSIP/t-9"
    assert legs.learn(call_id, "").channel == "PJSIP/t-9"
