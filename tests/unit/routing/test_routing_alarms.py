"""An alarm rings for the last one as for the first, whoever stands before in order; and a snapshot
that cannot be is not loaded.
"""

import pytest

from routing import commands as c
from routing import restore, snapshot
from routing.invariants import Breach, check
from tests.worlds.routing.centre import Centre, agent, queue


def house() -> Centre:
    """`out` is signed off and comes first; ann talks to c1, bob stands ready and has no skill."""
    names = [agent("out", "q"), agent("ann", "q"), agent("bob", "other")]
    centre = Centre([queue("q")], names)
    centre.ready("ann")
    centre.call("c1", "q")
    centre.answer("ann")
    centre.ready("bob")
    centre.call("c2", "q")
    return centre


def test_time_that_is_lost_behind_somebody_signed_off():
    core = house().core
    core.agents["bob"].logged_on_us -= 1
    assert check(core) == [Breach("state_times_add_up", "agent bob")]


def test_an_agent_beside_a_call_that_waits_behind_one_that_talks():
    core = house().core
    core.agents["bob"].skills["q"] = 1
    found = Breach("no_ready_agent_beside_a_waiting_call", "agent bob beside call c2")
    assert found in check(core)


def test_work_without_an_end_is_told_with_its_agent():
    centre = house()
    centre.do(c.SetAgentState("bob", c.RequestedState.WORKING_AFTER_CALL))
    centre.core.deadlines.cancel("work", "bob")
    assert check(centre.core) == [Breach("deadline_for_every_wait", "agent bob")]


def test_a_wait_without_an_end_is_told_with_its_call():
    centre = Centre([queue("q", max_wait_us=60_000_000)], [])
    centre.call("c1", "q")
    centre.core.deadlines.cancel("call", "c1")
    assert check(centre.core) == [Breach("deadline_for_every_wait", "call c1")]


def test_a_customer_who_names_a_transfer_that_is_gone():
    core = house().core
    core.calls["c1"].transfer_id = 9
    assert check(core) == [Breach("transfer_and_its_calls", "call c1 has part in none")]


def test_a_break_of_somebody_unknown():
    core = house().core
    core.breaks["ghost"] = "break"
    assert check(core) == [Breach("break_index", "of somebody unknown")]


@pytest.mark.parametrize(
    ("known", "record"), [("waiting", "Call"), ("busy", "Agent"), ("ready", "Agent")]
)
def test_a_snapshot_with_a_state_that_nobody_knows_is_refused_by_name(known, record):
    """Of a later program, or damaged: better no state than one that no table has."""
    data = snapshot.dump(house().core)
    wrong = data.replace(f'"{known}"'.encode(), f'"{"x" * len(known)}"'.encode())
    assert wrong != data
    with pytest.raises(snapshot.SnapshotError, match=f"no state 'x+' of a {record}"):
        snapshot.load(wrong)


@pytest.mark.parametrize(
    ("restored", "row", "record"),
    [
        (restore.restore_offers, (1, "c1", "ann", "q", 0, 0, "lost"), "Offer"),
        (restore.restore_transfers, (1, "c1", "c2", "ann", "blind", {}, "lost", 0), "Transfer"),
    ],
)
def test_a_row_with_a_state_that_nobody_knows_is_refused_by_name(restored, row, record):
    with pytest.raises(snapshot.SnapshotError, match=f"no state 'lost' of a {record}"):
        restored(house().core, [row])
