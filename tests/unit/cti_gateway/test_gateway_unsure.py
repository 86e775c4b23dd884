"""A router that was held up orders nothing before it knows that Asterisk obeys it still."""

import pytest

from cti.ami.messages import AmiResponse
from cti.dispatcher import Dispatcher
from cti.gateway.claim import LEASE_S
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import Hearing
from cti.journal.file import MemoryJournal
from routing.commands import ApplyConfig
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import OfferEnded
from routing.ids import PbxId
from simulators.pbx.link import Listener, WorldLink
from simulators.pbx.phones import Behaviour, Phone
from tests.worlds.gateway.desk import INSTANCE, make_ready, request, status_row
from tests.worlds.gateway.hand import SECOND_US, WIRE_US, HandWorld
from tests.worlds.gateway.thread import ThreadWorld


@pytest.fixture
def world():
    """A caller waits, and for a while Asterisk has said nothing of whose it is."""
    world = HandWorld()
    world.up()
    world.gateway.answer(request("arrive"))
    world.link.globals, kept = None, world.link.globals
    world.clock.advance(round((LEASE_S + 1) * SECOND_US))
    world.link.globals = kept
    world.link.sent.clear()
    return world


def orders(world):
    return [order.get("Exten") for order, _ in world.link.sent if order.name == "Redirect"]


def test_nothing_is_ordered_and_all_is_compared_first(world, caplog):
    make_ready(world.dispatcher.submit)
    assert orders(world) == []
    assert world.pbx.counters.withheld == 1
    assert world.pbx.hearing is Hearing.SYNCING
    assert world.states()[-1] == "lost"
    assert "not sure that it obeys us still" in caplog.text
    world.clock.advance(10 * WIRE_US)
    row = status_row("1.1", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="1", CTI_LINE_QUEUE="loans")
    world.link.answer("Status", AmiResponse(True, events=(row,)))
    assert world.pbx.hearing is Hearing.UP
    assert orders(world) == [f"7-{INSTANCE}*1*15*p8001"]  # the offer stands, and is ordered now
    assert not [each for each in world.told if isinstance(each.event, OfferEnded)]


def test_what_another_has_taken_meanwhile_is_left_alone(world):
    world.link.globals["CTI_EPOCH"] = "8-00c0ffee"
    make_ready(world.dispatcher.submit)
    world.clock.advance(10 * WIRE_US)
    assert orders(world) == []
    assert world.pbx.hearing is Hearing.ELSEWHERE
    assert world.gateway.answer(request("again")) == ()


def second_at(world):
    """Another router with a core and a journal of its own, at the same Asterisk."""
    dispatcher = Dispatcher(
        RoutingEngine(RoutingConfig()), MemoryJournal(), world.clock,
        epoch=1, call_later=world.call_later, on_crash=world.crashes.append,
    )  # fmt: skip
    gateway = Gateway(
        dispatcher, world.clock, secret=world.dialplan.secret, slice_s=10,
        call_later=world.call_later, instance="00c0ffee", name="second",
    )  # fmt: skip
    dispatcher.submit(ApplyConfig(world.config))
    side = gateway.add(PbxId("a1"))
    link = WorldLink("a1", world.pbx, Listener(side.link_up, side.link_down, side.heard))
    side.attach(link)
    gateway.start()
    dispatcher.start()
    link.start()
    return dispatcher, side


def test_a_second_router_serves_who_waits_when_the_first_has_died():
    """The whole product twice in one thread, at one simulated Asterisk."""
    world = ThreadWorld([Phone("p8001", Behaviour.ANSWERS, 100, 5_000)])
    dispatcher, side = second_at(world)
    make_ready(dispatcher.submit)
    call_id = world.call()
    world.pass_ms(5_000)
    assert side.hearing is Hearing.ELSEWHERE
    assert not dispatcher.engine.calls
    world.kill_router()
    world.pass_ms(12_000)
    assert side.hearing is Hearing.UP
    assert world.pbx.world.globals["CTI_EPOCH"] == "2-00c0ffee"
    assert dispatcher.engine.calls[call_id].agent_id == "8001"
    assert not world.crashes
