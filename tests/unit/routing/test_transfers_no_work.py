"""Without after-call work, whoever a transfer lets go is free for the next caller at once."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from tests.worlds.routing.centre import queue
from tests.worlds.routing.transfer_desk import SITUATIONS, Desk, deadline, target_leaves

SENDER_LEAVES = (
    "queued", "ringing", "blind", "answered", "consulting", "joining", "conferenced", "completing",
)  # fmt: skip
TARGET_LEAVES = ("consulting", "joining", "conferenced", "completing", "handedOver")


def desk_in(situation: str) -> Desk:
    desk = SITUATIONS[situation]()
    desk.change(queue("loans", after_call_work_us=0), queue("cards", after_call_work_us=0))
    return desk


def is_free(desk: Desk, name: str) -> bool:
    """The target stands ready, and is offered the next caller who fits."""
    assert desk.work(name) == "idle"
    line = "loans" if name == "ann" else "cards"
    return desk.offered(desk.call("next", line)) == [("next", name)]


@pytest.mark.parametrize("situation", SENDER_LEAVES)
def test_the_sender_who_leaves(situation):
    desk = desk_in(situation)
    desk.agent_hangs_up("c1", "ann")
    assert is_free(desk, "ann")


@pytest.mark.parametrize("situation", TARGET_LEAVES)
def test_the_target_who_leaves(situation):
    desk = desk_in(situation)
    target_leaves(desk)
    assert is_free(desk, "cat")


def test_the_target_who_was_never_bridged():
    """The target was asked for on behalf of the customer's queue, without serving it."""
    desk = desk_in("handedOver")
    deadline(desk)
    assert desk.customer == "in loans"
    assert is_free(desk, "cat")


@pytest.mark.parametrize("situation", ["consulting", "conferenced"])
def test_the_target_of_a_cancelled_transfer(situation):
    desk = desk_in(situation)
    desk.cancel()
    assert is_free(desk, "cat")


@pytest.mark.parametrize("situation", ["consulting", "joining", "conferenced", "completing"])
def test_the_sender_of_a_transfer_that_is_complete(situation):
    desk = desk_in(situation)
    desk.bridged()
    assert is_free(desk, "ann")


def test_the_sender_of_a_blind_transfer():
    desk = desk_in("blind")
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    assert is_free(desk, "ann")


@pytest.mark.parametrize("situation", ["consulting", "conferenced"])
def test_both_whose_customer_hangs_up(situation):
    desk = desk_in(situation)
    desk.hang_up("c1")
    assert desk.work("cat") == "idle"
    assert is_free(desk, "ann")


def test_the_sender_of_a_single_step():
    """The sender is recalled at once when the target refuses: the sender is free."""
    desk = Desk()
    desk.change(queue("loans", after_call_work_us=0))
    desk.ready("cat")
    desk.start("singleStep", "cat")
    assert desk.work("ann") == "idle"
    desk.fail("cat", OfferOutcome.REJECTED)
    assert desk.customer == "rings ann"
