"""Every state with every trigger of every table of the core.

What a table does not list must be refused as a bug, not wander on; every state can be reached and
left; and no state or trigger is there for show.
"""

from enum import StrEnum
from itertools import product

import pytest

from routing.agent import (
    STATUS_TABLE,
    WORK_TABLE,
    AgentStatus,
    AgentWork,
    StatusTrigger,
    WorkTrigger,
)
from routing.bug import Bug
from routing.call import CALL_TABLE, CallState, CallTrigger
from routing.machine import advance
from routing.offer import OFFER_TABLE, OfferState, OfferTrigger
from routing.transfers.transfer import TRANSFER_TABLE, TransferState, TransferTrigger

# table, states, triggers, where it starts, states that only an end (forgetting) leaves
TABLES = {
    "call": (CALL_TABLE, CallState, CallTrigger, {CallState.WAITING}, set()),
    "offer": (OFFER_TABLE, OfferState, OfferTrigger, {OfferState.MADE}, {OfferState.ANSWERED}),
    "transfer": (
        TRANSFER_TABLE,
        TransferState,
        TransferTrigger,
        {TransferState.SEEKING},
        {TransferState.CONFERENCED, TransferState.HANDED_OVER, TransferState.RECALLING},
    ),
    "work": (WORK_TABLE, AgentWork, WorkTrigger, {AgentWork.IDLE}, set()),
    "status": (STATUS_TABLE, AgentStatus, StatusTrigger, {AgentStatus.LOGGED_OFF}, set()),
}

EVERY = [
    pytest.param(table, state, trigger, id=f"{name}-{state}-{trigger}")
    for name, (table, states, triggers, _, _) in TABLES.items()
    for state, trigger in product(states, triggers)
]


@pytest.mark.parametrize(("table", "state", "trigger"), EVERY)
def test_every_state_with_every_trigger(table, state, trigger):
    """A pair is in the table and leads to a state of the same machine, or it is a bug."""
    if (state, trigger) in table:
        assert type(advance(table, state, trigger)) is type(state)
    else:
        with pytest.raises(Bug, match=f"no way from {state} by {trigger}"):
            advance(table, state, trigger)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_from_the_start(name):
    table, states, _, reached, _ = TABLES[name]
    reached = set(reached)
    while True:
        further = {after for (before, _), after in table.items() if before in reached} - reached
        if not further:
            break
        reached |= further
    assert reached == set(states)


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_left(name):
    table, states, _, _, ends = TABLES[name]
    left = {before for (before, _), after in table.items() if after is not before}
    assert left == set(states) - ends


@pytest.mark.parametrize("name", TABLES)
def test_every_trigger_is_used(name):
    table, _, triggers, _, _ = TABLES[name]
    assert {trigger for _, trigger in table} == set(triggers)


@pytest.mark.parametrize("name", TABLES)
def test_states_and_triggers_read_well_in_logs(name):
    _, states, triggers, _, _ = TABLES[name]
    for member in (*states, *triggers):
        assert isinstance(member, StrEnum)
        assert str(member)[0].islower()
