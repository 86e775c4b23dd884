"""An Asterisk that goes down on purpose, or waits for its last call to do so; typed by hand."""

import pytest

from cti.ami.errors import AmiTimeout
from cti.ami.messages import SHUTTING_DOWN, AmiResponse, event, response
from cti.gateway.pbx import LEAVING_ASK_S, Hearing
from routing.agent import AgentWork
from routing.events import CallCleared, OfferEnded
from tests.worlds.gateway.desk import make_ready, request, status_row
from tests.worlds.gateway.hand import SECOND_US, WIRE_US, HandWorld

LEAVING = response(False, SHUTTING_DOWN)
TEN_MINUTES = 600


@pytest.fixture
def world():
    world = HandWorld()
    world.up()
    world.link.sent.clear()
    return world


def told(world, kind):
    return [each.event for each in world.told if isinstance(each.event, kind)]


def hung_up_by_shutdown(world, uniqueid):
    """In the order of a real Asterisk (SIGTERM, 22.10.1): no HangupRequest, cause 0."""
    world.pbx.heard(event("SoftHangupRequest", Uniqueid=uniqueid, Context="cti-wait", Cause="4"))


def gone(world, uniqueid):
    world.pbx.heard(event("Hangup", Uniqueid=uniqueid, Context="cti-wait", Cause="0"))


def test_who_is_hung_up_since_asterisk_goes_down_is_lost_and_has_not_given_up(world):
    for uniqueid in ("1.1", "1.2"):
        world.gateway.answer(request("arrive", uniqueid))
    for uniqueid in ("1.1", "1.2"):
        hung_up_by_shutdown(world, uniqueid)
    for uniqueid in ("1.1", "1.2"):
        gone(world, uniqueid)
    world.pbx.heard(event("Shutdown", Shutdown="Cleanly", Restart="True"))
    assert [each.outcome for each in told(world, CallCleared)] == ["lost", "lost"]
    assert world.states()[-1] == "gone"
    assert world.pbx.counters.restarts == 1


def test_who_is_hung_up_by_anything_else_has_given_up_or_been_sent_away(world):
    world.gateway.answer(request("arrive"))
    world.pbx.heard(event("SoftHangupRequest", Uniqueid="1.1", Context="cti-wait", Cause="16"))
    gone(world, "1.1")
    assert [each.outcome for each in told(world, CallCleared)] == ["abandoned"]
    assert world.pbx.hearing is Hearing.UP


def test_an_asterisk_that_refuses_everything_is_offered_nothing_and_keeps_nobody(world):
    """`core restart gracefully`, while callers wait: Redirect is refused, and so is all else."""
    world.gateway.answer(request("arrive"))
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", LEAVING)
    assert world.pbx.hearing is Hearing.LEAVING
    assert world.states()[-1] == "lost"
    (ended,) = told(world, OfferEnded)
    assert ended.outcome == "undelivered"
    assert world.dispatcher.engine.agents["8001"].work is AgentWork.IDLE
    world.link.answer("Status", LEAVING)  # where is the caller? no answer is no hang-up
    assert len(world.dispatcher.engine.calls) == 1
    (command,) = world.gateway.answer(request("again"))
    assert command.words[3].startswith("wait*")


def test_what_it_tells_while_it_waits_is_heard_and_it_is_not_given_up(world):
    world.gateway.answer(request("arrive", "1.1"))
    world.gateway.answer(request("arrive", "1.2"))
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", LEAVING)
    world.gateway.start()
    for _ in range(TEN_MINUTES // 5 + 2):
        world.link.answer("Ping", LEAVING)
        world.clock.advance(round(LEAVING_ASK_S * SECOND_US))
    assert world.states()[-1] == "lost"
    world.pbx.heard(event("HangupRequest", Uniqueid="1.2"))
    gone(world, "1.2")
    assert [each.outcome for each in told(world, CallCleared)] == ["abandoned"]
    assert len(world.dispatcher.engine.calls) == 1
    world.gateway.stop()


@pytest.mark.parametrize("silence", [LEAVING, AmiTimeout("late")])
def test_one_that_stays_after_all_is_compared_and_served(world, silence):
    world.gateway.answer(request("arrive"))
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", LEAVING)
    world.link.answer("Ping", silence)
    assert world.pbx.hearing is Hearing.LEAVING
    world.clock.advance(round(LEAVING_ASK_S * SECOND_US))
    world.link.sent = [pair for pair in world.link.sent if pair[0].name == "Ping"]
    world.link.answer("Ping", response(True, "", Ping="Pong"))
    assert world.pbx.hearing is Hearing.SYNCING
    world.clock.advance(10 * WIRE_US)
    row = status_row("1.1", "cti-wait", CTI_STAGE="wait", CTI_ARRIVED="1", CTI_QUEUE="loans")
    world.link.answer("Status", AmiResponse(True, events=(row,)))
    assert world.states()[-1] == "up"
    world.clock.advance(60 * SECOND_US)  # its agent had a short pause after the failed offer
    assert "Redirect" in world.link.names()


def test_one_that_dies_while_it_waits_is_gone(world):
    world.gateway.answer(request("arrive"))
    make_ready(world.dispatcher.submit)
    world.link.answer("Redirect", LEAVING)
    world.pbx.heard(event("Shutdown", Shutdown="Cleanly", Restart="False"))
    assert [each.outcome for each in told(world, CallCleared)] == ["lost"]
    world.pbx.link_down("closed by Asterisk")
    asked = world.link.names().count("Ping")
    world.clock.advance(60 * SECOND_US)
    assert world.link.names().count("Ping") == asked  # whether it stays is no question any more
