"""The scenarios about transfers hold, for the engine and for its naive twin alike."""

from pathlib import Path

import pytest

from routing import invariants
from routing.engine import RoutingEngine
from tests.naive.engine import NaiveEngine
from tests.scenarios.language import read, read_file
from tests.scenarios.play import MismatchError
from tests.scenarios.transfer_words import TransferPlayer
from tests.scenarios.words import ScenarioError
from tests.test_scenarios import with_row

FOLDER = Path(__file__).parent / "scenarios" / "transfers"
SCENARIOS = [scenario for path in sorted(FOLDER.glob("*.txt")) for scenario in read_file(path)]


def no_breach(engine: RoutingEngine) -> None:
    assert invariants.check(engine) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_engine(scenario):
    TransferPlayer(scenario, RoutingEngine, check=no_breach).play()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_twin(scenario):
    TransferPlayer(scenario, NaiveEngine).play()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_row_has_teeth(scenario):
    """One event too few, one too many, or the right events about somebody else."""
    for row in scenario.rows:
        wrong = [(*row.expected, ("CallQueued", "c1"))]
        if row.expected:
            kind, subject, *rest = row.expected[-1]
            wrong += [row.expected[:-1], (*row.expected[:-1], (kind, f"{subject}x", *rest))]
        for expected in wrong:
            with pytest.raises((MismatchError, ScenarioError)):
                TransferPlayer(with_row(scenario, row, expected), RoutingEngine).play()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("at 1s cancel c1 -> nothing", "was in no transfer yet"),
        ("at 1s transfer c1 blind cards -> nothing", "nobody knows how to"),
    ],
)
def test_what_cannot_be_played_says_so(row, message):
    [scenario] = read("queue q need s\n== title\n" + row)
    with pytest.raises(ScenarioError, match=message):
        TransferPlayer(scenario, RoutingEngine).play()
