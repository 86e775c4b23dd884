"""The scenarios in `tests/scenarios` hold, for the engine and for the naive engine alike.

Each scenario is one test, so that a broken one names itself. And each row has teeth: a scenario
with one expectation less, or of another kind, must fail.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from routing import invariants
from routing.engine import RoutingEngine
from tests.naive.engine import NaiveEngine
from tests.scenarios.language import Row, Scenario, read, read_file
from tests.scenarios.play import MismatchError
from tests.scenarios.transfer_words import TransferPlayer as Player
from tests.scenarios.words import ScenarioError

FOLDER = Path(__file__).parent
SCENARIOS = [scenario for path in sorted(FOLDER.rglob("*.txt")) for scenario in read_file(path)]
ROWS = [(scenario, row) for scenario in SCENARIOS for row in scenario.rows]


def no_breach(engine: RoutingEngine) -> None:
    assert invariants.check(engine) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_engine(scenario):
    Player(scenario, RoutingEngine, check=no_breach).play()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_naive_engine(scenario):
    Player(scenario, NaiveEngine).play()


def test_there_are_enough_rows_to_call_it_a_specification():
    assert len(ROWS) >= 150


# --- the test of the test -----------------------------------------------------------------------


def with_row(scenario: Scenario, row: Row, expected: tuple) -> Scenario:
    """The scenario up to and including this row, which now expects something else."""
    before = tuple(each for each in scenario.rows if each.line < row.line)
    return replace(scenario, rows=(*before, replace(row, expected=expected)))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_row_has_teeth(scenario):
    """One event too few, one too many, or the right events about somebody else."""
    for row in scenario.rows:
        wrong = [(*row.expected, ("CallQueued", "c1"))]
        if row.expected:
            kind, subject, *rest = row.expected[-1]
            wrong += [row.expected[:-1], (*row.expected[:-1], (kind, f"{subject}x", *rest))]
            if kind not in {"CommandRefused", "ConfigApplied"} and rest[:1] != ["is"]:
                wrong.append((*row.expected[:-1], (kind, subject, "someone")))
        for expected in wrong:
            with pytest.raises((MismatchError, ScenarioError)):
                Player(with_row(scenario, row, expected), RoutingEngine).play()


SETUP = """
queue q need s
agent ann s:1
== title
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at 1s call c1 q", "says what comes of it"),
        ("at 1x call c1 q -> nothing", "not a time"),
        ("at 1s call c1 q -> CallQueued c1,", "an expectation is empty"),
        ("at 2s -> nothing\nat 1s -> nothing", "time runs backwards"),
        ("at 1s -> nothing\nqueue r need t", "belongs before the first row"),
        ("queue r colour red", "unknown word 'colour'"),
        ("queue r need", "a value is missing"),
        ("kettle on", "unknown set-up"),
    ],
)
def test_what_cannot_be_read_says_where(text, message):
    with pytest.raises(ScenarioError, match=message) as problem:
        read(SETUP + text)
    assert "scenario.txt:" in str(problem.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("at 1s dance -> nothing", "nobody knows how to"),
        ("at 1s ringing c9 -> nothing", "has had no offer"),
        ("at 1s call c1 q -> CallVanished c1", "no event is called"),
        ("at 1s call c1 q -> CallQueued c1 colour=red", "has no field"),
        ("at 1s call c1 q -> CallQueued c1 q too many", "too many words"),
        ("at 1s cancel c1 -> nothing", "was in no transfer yet"),
        ("at 1s transfer c1 blind cards -> nothing", "nobody knows how to"),
    ],
)
def test_what_cannot_be_played_says_so(row, message):
    [scenario] = read(SETUP + row)
    with pytest.raises(ScenarioError, match=message):
        Player(scenario, RoutingEngine).play()


def test_a_mismatch_tells_what_came_instead():
    [scenario] = read(SETUP + "at 1s call c1 q -> CallQueued c2")
    with pytest.raises(MismatchError) as problem:
        Player(scenario, RoutingEngine).play()
    assert "scenario.txt:5" in str(problem.value)
    assert "came:     CallQueued c1 q cause=arrived" in str(problem.value)


def test_deadlines_that_nobody_tells_of_are_noticed():
    [scenario] = read(
        SETUP + "on duty ann\nat 1s call c1 q -> CallQueued c1, ann is reserved, OfferMade c1\n"
        "at 9s call c2 q -> CallQueued c2"
    )
    with pytest.raises(MismatchError, match="OfferEnded c1 ann undelivered"):
        Player(scenario, RoutingEngine).play()
