"""The invariants about customers and transfers can fail: each is broken by hand, and rings."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from routing.call import CallState
from routing.deadlines import DeadlineKind
from routing.ids import NO_CALL, NO_TRANSFER, AgentId, CallId, TransferId
from routing.invariants import NAMES, Breach, check
from tests.worlds.routing.transfer_desk import (
    Desk,
    alone,
    completing,
    consulting,
    handed_over,
    queued,
    recalling,
    ringing,
)

CUSTOMER, CONSULT, ANN = CallId("c1"), CallId("c1~2"), AgentId("ann")


@dataclass(frozen=True)
class Damage:
    """How it is broken, in which situation, and which alarm that must ring."""

    how: str
    build: Callable[[], Desk]
    break_it: Callable[[Desk], object]
    invariant: str


def put(thing: object, **values: object) -> None:
    for name, value in values.items():
        setattr(thing, name, value)


def customer(desk: Desk, **values: object) -> None:
    put(desk.core.calls[CUSTOMER], **values)


def consult(desk: Desk, **values: object) -> None:
    put(desk.core.calls[CONSULT], **values)


def transfer(desk: Desk, **values: object) -> None:
    put(desk.core.transfers[desk.transfer_id], **values)


def no_deadline(desk: Desk) -> None:
    desk.core.deadlines.cancel(DeadlineKind.TRANSFER, desk.transfer_id)


def a_deadline(desk: Desk, due_us: int) -> None:
    desk.core.deadlines.set(DeadlineKind.TRANSFER, desk.transfer_id, due_us)


OWNER, CALLS, WAIT = (
    "customer_has_an_owner", "transfer_and_its_calls", "deadline_for_every_wait",
)  # fmt: skip

DAMAGES = [
    Damage("released in a transfer", queued, lambda d: customer(d, state="released"), CALLS),
    Damage("with an agent who is idle", queued,
           lambda d: put(d.core.agents[ANN], work="idle"), OWNER),
    Damage("with two agents", consulting,
           lambda d: put(d.core.agents[AgentId("cat")], call_id=CUSTOMER), OWNER),
    Damage("in line and talking", alone,
           lambda d: put(d.core.agents[AgentId("cat")], call_id=CUSTOMER), OWNER),
    Damage("of another transfer", queued, lambda d: consult(d, transfer_id=TransferId(9)), CALLS),
    Damage("of none", queued, lambda d: customer(d, transfer_id=NO_TRANSFER), CALLS),
    Damage("no consultation", queued, lambda d: consult(d, consult_for=NO_CALL), CALLS),
    Damage("its own consultation", alone, lambda d: customer(d, consult_for=CUSTOMER), CALLS),
    Damage("a call is gone", queued, lambda d: d.core.calls.pop(CUSTOMER), CALLS),
    Damage("a consultation is gone", queued, lambda d: d.core.calls.pop(CONSULT), CALLS),
    Damage("a transfer is gone", queued, lambda d: d.core.transfers.clear(), CALLS),
    Damage("a third call", queued, lambda d: transfer(d, consult_id=CUSTOMER), CALLS),
    Damage("not the sender's", queued, lambda d: transfer(d, initiator=AgentId("bob")), CALLS),
    Damage("consulting in line", ringing, lambda d: transfer(d, state="consulting"), CALLS),
    Damage("joined without the customer", consulting,
           lambda d: transfer(d, state="conferenced"), CALLS),
    Damage("not on hold", completing, lambda d: customer(d, state=CallState.TALKING), CALLS),
    Damage("wanted for no transfer", handed_over,
           lambda d: (d.bridged(), customer(d, wanted=ANN)), CALLS),
    Damage("sought for ever", queued, no_deadline, WAIT),
    Damage("recalled for ever", recalling, no_deadline, WAIT),
    Damage("waiting for a report for ever", completing, no_deadline, WAIT),
    Damage("handed over for ever", handed_over, no_deadline, WAIT),
    Damage("a deadline of a talk", consulting, lambda d: a_deadline(d, d.now_us + 1), WAIT),
    Damage("another deadline", queued, lambda d: a_deadline(d, d.now_us + 1), WAIT),
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.how)
def test_the_breach_is_told(damage):
    desk = damage.build()
    assert check(desk.core) == []
    damage.break_it(desk)
    rung = {breach.invariant for breach in check(desk.core)}
    assert damage.invariant in rung
    assert rung <= set(NAMES)


def test_a_call_that_has_no_part_in_the_transfer_that_it_names():
    desk = queued()
    desk.call("c9", "cards")
    desk.core.calls[CallId("c9")].transfer_id = desk.transfer_id
    assert check(desk.core) == [Breach(CALLS, "call c9 has no part in it")]


def test_a_transfer_whose_customer_does_not_name_it():
    desk = queued()
    desk.core.calls[CUSTOMER].transfer_id = NO_TRANSFER
    assert Breach(CALLS, f"transfer {desk.transfer_id} is not theirs") in check(desk.core)
