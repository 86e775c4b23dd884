"""Whatever comes in, in whatever order: every invariant holds after every command.

And a reader of the events knows what the engine knows, a snapshot at any moment goes on alike, and
when the day is over nothing is left behind. Transfers are part of all of it.
"""

import os
import subprocess
import sys
from collections import Counter

import pytest

from routing import commands as c
from routing import invariants, snapshot
from routing.transfers.transfer import TransferState
from tests.lanes import lane
from tests.worlds.routing.ledger import Ledger
from tests.worlds.routing.random_centre import PBXS, RandomCentre

pytestmark = pytest.mark.soak

SEEDS, COMMANDS, BETWEEN_SNAPSHOTS = lane(20, whole=400), 2000, 250


def played(centre: RandomCentre, stamped: c.Stamped, ledger: Ledger) -> None:
    """One command, and everything that must hold after it."""
    events = centre.engine.handle(stamped)
    ledger.read(events)
    broken = [*invariants.check(centre.engine), *ledger.differences(centre.engine)]
    assert broken == [], (stamped, events)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_invariants_hold_after_every_command(seed):
    centre, ledger = RandomCentre(seed), Ledger()
    for number in range(COMMANDS):
        played(centre, centre.next(), ledger)
        if number % BETWEEN_SNAPSHOTS == 0:
            data = snapshot.dump(centre.engine)
            centre.engine = snapshot.load(data)
            assert snapshot.dump(centre.engine) == data
            assert invariants.check(centre.engine) == []


@pytest.mark.parametrize("seed", range(lane(5, whole=100)))
def test_when_the_day_is_over_nothing_is_left(seed):
    centre, ledger = RandomCentre(seed), Ledger()
    for _ in range(500):
        played(centre, centre.next(), ledger)
    for pbx in PBXS:
        played(centre, centre.stamped(c.TelephonyGone(pbx)), ledger)
    engine = centre.engine
    for call_id in list(engine.calls):
        played(centre, centre.stamped(c.CancelCallback(call_id)), ledger)
    assert not engine.transfers
    assert not engine.calls
    assert not engine.offers
    assert not ledger.alive
    assert not ledger.consults


def test_the_seeds_reach_every_state_and_every_end_of_a_transfer():
    """A random test that never gets anywhere proves nothing."""
    seen: Counter[str] = Counter()
    for seed in range(20):
        centre = RandomCentre(seed)
        for _ in range(COMMANDS):
            for event in centre.engine.handle(centre.next()):
                seen[type(event).__name__, str(getattr(event, "cause", ""))] += 1
                seen[type(event).__name__] += 1
            seen.update(str(each.state) for each in centre.engine.transfers.values())
    wanted = [
        *TransferState,
        *("TransferCancelled", "CallConferenced", "TransferJoining", "TransferCompleting"),
        *(("TransferFailed", str(cause)) for cause in (
            "recallNoAnswer", "recallBusy", "recallResourcesNotAvailable", "callCancelled",
            "normalClearing", "timeout", "switchingFunctionTerminated",
        )),
    ]  # fmt: skip
    assert [what for what in wanted if not seen[what]] == []


def test_five_hash_seeds_agree_on_random_days():
    """Days of another make than those of the naive engine."""
    command = [sys.executable, "-m", "tests.worlds.routing.random_centre", "4"]
    digests = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(5)
    }
    assert len(digests) == 1
