"""The same journal gives the same state: on every hash seed, from every snapshot, read from disk.

The contract is in docs/determinism.md: recovery is the newest snapshot and the journal after
it, so each of these equalities is one that a restart depends on.
"""

import os
import shutil
import subprocess
import sys
from random import Random

import msgspec
import pytest

from routing import invariants
from routing.commands import Stamped
from routing.engine import RoutingEngine
from routing.snapshot import dump, load, state_hash
from tests.naive.digest import digest
from tests.naive.duel import fought

SEEDS = 6


def other_pythons() -> list[str]:
    """Further interpreters on this machine that could run the core."""
    found = []
    for version in ("3.12", "3.13", "3.14"):
        path = shutil.which(f"python{version}")
        if path and subprocess.run([path, "-c", "import msgspec"], check=False).returncode == 0:
            found.append(path)
    return found


def digests_of(python: str, hash_seed: str) -> str:
    return subprocess.run(
        [python, "-m", "tests.naive.digest", "0", str(SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_five_hash_seeds_and_every_interpreter_agree():
    runs = [digests_of(sys.executable, str(seed)) for seed in (0, 1, 2, 3, 4)]
    runs += [digests_of(python, "random") for python in other_pythons()]
    assert runs[0].count("\n") == SEEDS
    assert set(runs) == {runs[0]}


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
