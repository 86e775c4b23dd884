"""An order that the dialplan did not carry out: whose epoch is it that Asterisk obeys?"""

import pytest

from cti.ami.messages import event
from cti.gateway.pbx import EVENTS
from routing.events import OfferEnded
from tests.worlds.gateway.desk import make_ready, request
from tests.worlds.gateway.hand import HandWorld


@pytest.fixture
def world():
    """A caller has been ordered to an agent."""
    world = HandWorld()
    world.up()
    world.gateway.answer(request("arrive"))
    make_ready(world.dispatcher.submit)
    return world


def order_of(world):
    (order,) = [each for each, _ in world.link.sent if each.name == "Redirect"]
    return order.get("Exten")


def came_back(world, order, epoch=""):
    world.link.sent.clear()
    world.pbx.heard(
        event("UserEvent", UserEvent="CtiRefused", Uniqueid="1.1", Order=order, Epoch=epoch)
    )
    return [(sent.name, sent.get("Exten") or sent.get("Value")) for sent, _ in world.link.sent]


@pytest.mark.parametrize("epoch", ["", "6", "0"], ids=["cleared", "of a router before us", "0"])
def test_where_the_epoch_is_none_it_is_set_and_the_order_repeated_once(world, epoch):
    order = order_of(world)
    assert came_back(world, order, epoch) == [("Setvar", "7"), ("Redirect", order)]
    assert world.pbx.counters.came_back == 1
    assert came_back(world, order, epoch) == [("Setvar", "7")]  # more often it would be a loop
    assert not [each for each in world.told if isinstance(each.event, OfferEnded)]


def test_who_has_been_replaced_does_not_take_the_place_back(world, caplog):
    assert came_back(world, order_of(world), epoch="8") == []
    assert "epoch 8" in caplog.text
    world.pbx.heard(event("Reload", Module="All", Status="0"))
    assert "Setvar" not in world.link.names()
    world.pbx.link_down("cut")
    world.pbx.link_up()  # a new login is a new claim: the other one may be gone
    assert "Setvar" in world.link.names()


@pytest.mark.parametrize("order", ["6*1*15*p8001", "", "s", "7*1", "7*x*15*p8001"])
def test_orders_of_others_and_what_is_no_order_are_none_of_ours(world, order):
    assert came_back(world, order) == []


def test_an_order_that_is_over_is_not_repeated(world):
    order = order_of(world)
    world.pbx.heard(event("Hangup", Uniqueid="1.1", Context="cti-wait", Cause="0"))
    assert came_back(world, order) == [("Setvar", "7")]


def test_an_order_that_was_carried_out_meanwhile_is_not_repeated(world):
    order = order_of(world)
    world.pbx.heard(
        event("DialBegin", Uniqueid="1.1", DestUniqueid="1.2", Context="cti-deliver", Exten=order,
              DialString="p8001", Channel="PJSIP/trunk-1.1")
    )  # fmt: skip
    assert came_back(world, order) == [("Setvar", "7")]


def test_a_reload_is_reason_enough_to_say_the_epoch_again(world):
    world.link.sent.clear()
    world.pbx.heard(event("Reload", Module="All", Status="0"))
    assert ("Setvar", "7") in [(sent.name, sent.get("Value")) for sent, _ in world.link.sent]
    assert "Reload" in EVENTS
