"""An order that the dialplan did not carry out: whose epoch is it that Asterisk obeys?"""

import pytest

from cti.ami.messages import event
from cti.gateway.pbx import EVENTS, Hearing
from routing.events import OfferEnded
from tests.worlds.gateway.desk import INSTANCE, make_ready, request
from tests.worlds.gateway.hand import WIRE_US, HandWorld

OURS = f"7-{INSTANCE}"


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
    """What is written to Asterisk then."""
    world.link.sent.clear()
    world.link.claimed.clear()
    world.pbx.heard(
        event("UserEvent", UserEvent="CtiRefused", Uniqueid="1.1", Order=order, Epoch=epoch)
    )
    claimed = [each for each in world.link.claimed if each[0] == "CTI_EPOCH"]
    ordered = [("Redirect", sent.get("Exten")) for sent, _ in world.link.sent if sent.get("Exten")]
    return claimed + ordered


SET_AGAIN = ("CTI_EPOCH", OURS)
BEFORE_US = ["", f"6-{INSTANCE}", "6-00c0ffee", "0"]


@pytest.mark.parametrize("epoch", BEFORE_US, ids=["cleared", "ours", "another's", "bare"])
def test_where_the_epoch_is_none_it_is_set_and_the_order_repeated_once(world, epoch):
    order = order_of(world)
    assert came_back(world, order, epoch) == [SET_AGAIN, ("Redirect", order)]
    assert world.pbx.counters.came_back == 1
    assert came_back(world, order, epoch) == [SET_AGAIN]  # more often it would be a loop
    assert not [each for each in world.told if isinstance(each.event, OfferEnded)]
    assert world.pbx.counters.reclaimed == 2


def test_of_a_router_that_has_set_it_meanwhile_it_is_no_news(world):
    order = order_of(world)
    assert came_back(world, order, epoch=OURS) == [("Redirect", order)]


@pytest.mark.parametrize("epoch", [f"8-{INSTANCE}", "7-00c0ffee", "8"])
def test_who_has_been_replaced_steps_back(world, caplog, epoch):
    assert came_back(world, order_of(world), epoch=epoch) == []
    assert f"epoch {epoch}, not us" in caplog.text
    assert world.pbx.hearing is Hearing.ELSEWHERE
    assert world.states()[-1] == "lost"
    assert (world.pbx.counters.replaced, world.pbx.counters.elsewhere) == (1, True)
    world.link.claimed.clear()
    world.pbx.heard(event("Reload", Module="All", Status="0"))
    assert world.link.claimed == []
    assert world.gateway.answer(request("again")) == ()
    (turned_away,) = world.gateway.turned_away()
    assert turned_away.why == "another router has it"


@pytest.mark.parametrize("order", [f"6-{INSTANCE}*1*15*p8001", "", "s", "7*1*15*p8001"])
def test_orders_of_others_and_what_is_no_order_are_none_of_ours(world, order):
    assert came_back(world, order) == []


@pytest.mark.parametrize("order", [f"{OURS}*1", f"{OURS}*x*15*p8001", f"{OURS}*wait"])
def test_another_order_of_ours_is_not_repeated(world, order):
    """The caller asks by itself."""
    assert came_back(world, order) == [SET_AGAIN]


def test_an_order_that_is_over_is_not_repeated(world):
    order = order_of(world)
    world.pbx.heard(event("Hangup", Uniqueid="1.1", Context="cti-wait", Cause="0"))
    assert came_back(world, order) == [SET_AGAIN]


def test_an_order_that_was_carried_out_meanwhile_is_not_repeated(world):
    order = order_of(world)
    world.pbx.heard(
        event("DialBegin", Uniqueid="1.1", DestUniqueid="1.2", Context="cti-deliver", Exten=order,
              DialString="p8001", Channel="PJSIP/trunk-1.1")
    )  # fmt: skip
    assert came_back(world, order) == [SET_AGAIN]


def test_a_reload_is_reason_enough_to_look(world):
    world.link.globals["CTI_EPOCH"] = ""
    world.pbx.heard(event("Reload", Module="All", Status="0"))
    world.clock.advance(10 * WIRE_US)
    assert world.link.globals["CTI_EPOCH"] == OURS
    assert "Reload" in EVENTS
