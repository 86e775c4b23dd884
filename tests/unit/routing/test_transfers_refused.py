"""Who is refused a transfer, each for a reason with a code; the sender keeps the customer."""

import msgspec
import pytest

from routing import commands as c
from routing.config import Limits
from routing.events import OfferMade
from routing.ids import AgentId, CallId, QueueId
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed, TransferKind
from tests.worlds.routing.centre import S, queue
from tests.worlds.routing.transfer_desk import (
    KINDS,
    PBX,
    Desk,
    closed,
    one,
    refused,
    reserved,
    talks,
    unreachable,
)

OVERFLOW = IfMissed.OVERFLOW


def full(desk):
    spec = queue("cards", max_waiting=1)
    desk.change(spec)
    desk.ready("cat")
    desk.not_ready("cat")
    desk.call("c8", "cards")


def limited(**limits):
    def make(desk):
        desk.ready("cat")
        desk.do(c.ApplyConfig(msgspec.structs.replace(desk.config, limits=Limits(**limits))))

    return make


def after_call(desk):
    talks(desk)
    desk.hang_up("c8")


def in_gap(desk):
    reserved(desk)
    desk.fail("cat", c.OfferOutcome.REJECTED)
    desk.hang_up("c8")


TO_AGENT = [
    ("nobody", lambda _: None, "unknownAgent"),
    ("ann", lambda _: None, "ownId"),
    ("cat", lambda _: None, "notLoggedOn"),
    ("eve", lambda desk: desk.ready("eve"), "trainingSeat"),
    ("cat", reserved, "agentBusy"),
    ("cat", talks, "agentBusy"),
    ("cat", after_call, "agentNotReady"),
    ("cat", in_gap, "agentNotReady"),
    ("cat", lambda desk: desk.do(c.LogOnAgent(AgentId("cat"))), "agentNotReady"),
    ("cat", unreachable, "agentUnreachable"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("target", "prepare", "code"), TO_AGENT)
def test_an_agent_who_cannot_be_had_is_refused_by_name(kind, target, prepare, code):
    """R024, R025: each reason has a code of its own, and the sender keeps the customer."""
    desk = Desk()
    prepare(desk)
    assert refused(desk.start(kind, target)) == code
    assert desk.customer == "talking ann"
    assert not desk.core.transfers


OTHERWISE = [
    ({"call": "nobody"}, lambda _: None, "unknownCall"),
    ({"call": "c9"}, lambda desk: desk.call("c9", "cards"), "callState"),
    ({"by": "bob"}, lambda _: None, "notYourCall"),
    ({"to": "nowhere!"}, lambda _: None, "unknownAgent"),
    ({"to": ""}, lambda _: None, "badValue"),
    ({"wait_us": 0}, lambda _: None, "badValue"),
    ({"recall_us": 0}, lambda _: None, "badValue"),
    ({"wait_us": 3600 * S + 1}, lambda _: None, "badValue"),
    ({"recall_us": 3600 * S + 1}, lambda _: None, "badValue"),
    ({"busy": OVERFLOW}, lambda _: None, "unknownQueue"),
    ({"no_answer": OVERFLOW, "overflow_to": "nowhere"}, lambda _: None, "unknownQueue"),
    ({}, closed, "queueClosed"),
    ({}, full, "queueFull"),
    ({}, lambda _: None, "nobodySignedIn"),
    ({}, lambda desk: desk.do(c.TelephonyLost(PBX)), "telephonyLost"),
    ({}, limited(calls=1), "tooManyCalls"),
    ({"to": "cat"}, limited(needs=1), "tooManyNeeds"),
]


@pytest.mark.parametrize(("how", "prepare", "code"), OTHERWISE)
def test_what_else_is_refused(how, prepare, code):
    desk = Desk()
    prepare(desk)
    how = {"to": "cards", **how}
    assert refused(desk.start("blind", how.pop("to"), **how)) == code
    assert desk.customer == "talking ann"


def test_an_unknown_queue_is_refused():
    desk = Desk()
    command = t.StartTransfer(CallId("c1"), AgentId("ann"), TransferKind.BLIND, QueueId("nowhere"))
    assert refused(desk.do(command)) is Refusal.UNKNOWN_QUEUE


def test_exactly_one_target():
    desk = Desk()
    both = t.StartTransfer(
        CallId("c1"), AgentId("ann"), TransferKind.BLIND, QueueId("cards"), AgentId("cat")
    )
    assert refused(desk.do(both)) is Refusal.BAD_VALUE


def test_a_single_step_transfer_needs_no_room_for_a_call():
    desk = Desk()
    limited(calls=1)(desk)
    assert one(desk.start("singleStep", "cards"), OfferMade).call_id == "c1"


def test_two_transfers_of_one_call_are_refused():
    desk = Desk()
    desk.ready("cat")
    desk.start("consult", "cards")
    assert refused(desk.start("blind", "cards")) is Refusal.TRANSFER_EXISTS
    assert refused(desk.start("blind", "cards", call="c1~2")) is Refusal.UNKNOWN_CALL


@pytest.mark.parametrize("command", [t.CancelTransfer, t.CompleteTransfer, t.JoinTransfer])
def test_a_transfer_that_is_not_there(command):
    assert refused(Desk().do(command(7))) is Refusal.UNKNOWN_TRANSFER


@pytest.mark.parametrize("command", [t.TransferBridged, t.TransferConferenced])
def test_a_report_about_a_transfer_that_is_over(command):
    desk = Desk()
    desk.ready("cat")
    desk.start("blind", "cards")
    desk.cancel()
    assert refused(desk.do(command(desk.transfer_id))) is Refusal.UNKNOWN_TRANSFER


@pytest.mark.parametrize("us", [1, 3600 * S])
def test_the_shortest_and_the_longest_time(us):
    desk = Desk()
    desk.ready("cat")
    assert refused(desk.start("blind", "cards", wait_us=us, recall_us=us)) is None
