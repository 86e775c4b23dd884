"""`python -m tests.naive.digest SEED COUNT`: one line that stands for all that a router did.

The commands come from the seed, the digest from the engine's events and its state hash. Run it
under any hash seed, any interpreter, any machine: the line must be the same.
"""

import hashlib
import sys

import msgspec

from routing.commands import Stamped
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.snapshot import state_hash
from tests.naive.duel import fought


def digest(config: RoutingConfig, journal: list[Stamped]) -> str:
    engine = RoutingEngine(config)
    seen = hashlib.sha256()
    for stamped in journal:
        for event in engine.handle(stamped):
            seen.update(msgspec.json.encode(event))
    return f"{seen.hexdigest()[:16]} {state_hash(engine)[:16]}"


def main(first: int, count: int) -> None:
    for seed in range(first, first + count):
        duel = fought(seed)
        sys.stdout.write(f"{seed} {digest(duel.config, duel.journal)}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
