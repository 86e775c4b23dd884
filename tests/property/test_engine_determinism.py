"""The same journal gives the same state: on every hash seed, from every snapshot, read from disk.

The contract is in docs/determinism.md: recovery is the newest snapshot and the journal after
it, so each of these equalities is one that a restart depends on.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest

from benchmarks.core.cores import cores
from routing import invariants
from routing.commands import Stamped
from routing.engine import RoutingEngine
from routing.snapshot import dump, load, state_hash
from tests.naive.digest import digest
from tests.naive.duel import fought

pytestmark = pytest.mark.room("routing", "benchmarks")

SEEDS = 6


ROOT = Path(__file__).parents[2]


def digests_of(python: str, hash_seed: str, path: Sequence[Path] = (ROOT,)) -> str:
    where = os.pathsep.join(map(str, path))
    return subprocess.run(
        [python, "-P", "-m", "tests.naive.digest", "0", str(SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_five_hash_seeds_agree():
    runs = [digests_of(sys.executable, str(seed)) for seed in (0, 1, 2, 3, 4)]
    assert runs[0].count("\n") == SEEDS
    assert set(runs) == {runs[0]}


def test_another_version_of_python_agrees_on_every_hash_seed(other_python):
    """The line is the same by whatever interpreter it was written; each draws its own journal."""
    here = digests_of(sys.executable, "0")
    assert [digests_of(other_python, str(seed)) for seed in (0, 1, 2, 3, 4)] == [here] * 5


def test_the_compiled_core_agrees():
    """Compiled and plain, each against the naive engine, and with each other to the last byte."""
    path = cores().get("compiled")
    if path is None:
        pytest.skip("no compiled core of this source: `make compiled` makes it")
    assert digests_of(sys.executable, "0", path) == digests_of(sys.executable, "0")


@pytest.mark.parametrize("seed", range(20, 20 + SEEDS))
def test_a_journal_read_from_json_replays_alike(seed):
    duel = fought(seed)
    lines = [msgspec.json.encode(stamped) for stamped in duel.journal]
    read = [msgspec.json.decode(line, type=Stamped) for line in lines]
    assert digest(duel.config, read) == digest(duel.config, duel.journal)


@pytest.mark.parametrize("seed", range(40, 40 + SEEDS))
def test_a_snapshot_at_any_moment_goes_on_alike(seed):
    """Snapshot plus the rest of the journal equals the whole journal, event for event."""
    duel = fought(seed)
    rng = Random(seed)
    moments = set(rng.sample(range(len(duel.journal)), 12))
    whole, loaded = RoutingEngine(duel.config), None
    for number, stamped in enumerate(duel.journal):
        events = whole.handle(stamped)
        if loaded is not None:
            assert loaded.handle(stamped) == events
        if number in moments:
            loaded = load(dump(whole))
            assert dump(loaded) == dump(whole)
            assert loaded.next_deadline_us() == whole.next_deadline_us()
            assert invariants.check(loaded) == []
    assert state_hash(loaded) == state_hash(whole)


def test_a_state_hash_tells_states_apart():
    hashes = []
    duel = fought(60)
    engine = RoutingEngine(duel.config)
    for stamped in duel.journal:
        engine.handle(stamped)
        hashes.append(state_hash(engine))
    assert len(set(hashes)) == len(hashes)  # at least the sequence number differs
