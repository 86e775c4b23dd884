"""Every situation of a transfer with every trigger, and with every pair of triggers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routing import commands as c
from routing import snapshot
from routing.transfers.transfer import TransferState
from tests.worlds.routing.ledger import Ledger
from tests.worlds.routing.transfer_desk import SITUATIONS, TRIGGERS, outcome

MATRIX = Path(__file__).with_name("transfer_matrix.txt")


def cells() -> Iterator[tuple[str, str, str]]:
    """(situation, trigger, expected) of every cell."""
    trigger, left = "", list(SITUATIONS)
    for line in MATRIX.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            trigger, left = line, list(SITUATIONS)
            continue
        names, _, expected = line.strip().partition(" -> ")
        for name in list(left) if names == "otherwise" else names.split():
            left.remove(name)
            yield name, trigger, expected


CELLS = {(situation, trigger): expected for situation, trigger, expected in cells()}


def test_the_matrix_has_a_cell_for_everything():
    assert set(CELLS) == {(name, trigger) for name in SITUATIONS for trigger in TRIGGERS}


@pytest.mark.parametrize(("situation", "trigger"), CELLS)
def test_every_situation_with_every_trigger(situation, trigger):
    desk = SITUATIONS[situation]()
    before = f"{desk.state or 'over'}, {desk.customer}"
    after = outcome(desk, TRIGGERS[trigger](desk))
    expected = CELLS[situation, trigger]
    assert after == (before if expected == "as before" else expected)


@pytest.mark.parametrize(("situation", "trigger"), CELLS)
def test_after_anything_the_day_ends_well(situation, trigger):
    """Customers hang up, time passes: nobody is stuck, nothing is left behind."""
    desk = SITUATIONS[situation]()
    TRIGGERS[trigger](desk)
    desk.do(c.TelephonyRestored(next(iter(desk.core.pbx_lost), "a1")))
    desk.wait(3)
    for call in list(desk.core.calls.values()):
        if call.call_id in desk.core.calls and not call.consult_for:
            desk.hang_up(call.call_id)
    desk.wait(3600)
    core = desk.core
    assert not core.calls
    assert not core.transfers
    assert not core.offers
    assert {str(agent.work) for agent in core.agents.values()} == {"idle"}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_pair_of_triggers(situation):
    """Invariants after each, and a reader of the events is not led astray."""
    for first in TRIGGERS:
        for second in TRIGGERS:
            desk, ledger = SITUATIONS[situation](), Ledger()
            ledger.read(desk.told)
            seen = len(desk.told)
            for trigger in (first, second):
                TRIGGERS[trigger](desk)
                ledger.read(desk.told[seen:])
                seen = len(desk.told)
                assert ledger.differences(desk.core) == [], (first, second)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_snapshot_in_any_situation_goes_on_alike(situation):
    """Every trigger does to the loaded engine what it does to the one that was saved."""
    for trigger in TRIGGERS:
        desk, again = SITUATIONS[situation](), SITUATIONS[situation]()
        data = snapshot.dump(desk.core)
        again.core = snapshot.load(data)
        assert snapshot.dump(again.core) == data
        assert TRIGGERS[trigger](desk) == TRIGGERS[trigger](again), trigger
        assert desk.wait(120) == again.wait(120), trigger
        assert snapshot.dump(desk.core) == snapshot.dump(again.core), trigger


def test_every_state_is_a_situation():
    assert {build().state for build in SITUATIONS.values()} == set(TransferState)
