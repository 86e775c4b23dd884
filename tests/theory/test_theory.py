"""The engine reproduces Erlang C and Erlang A, and agrees with ciw on two skills.

`python -m tests.theory` prints the tables.
"""

import statistics

import pytest

from tests.lanes import lane
from tests.theory.formulas import erlang_a, erlang_b, erlang_c
from tests.theory.network import apart, ciw_figures, engine_figures
from tests.theory.rows import CASES, MEAN_S, Case

pytestmark = pytest.mark.soak

STANDARD_ERRORS = 3

# --- the yardstick itself -----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_formulas_give_the_published_figures(case: Case):
    for name, published in case.published.items():
        digits = len(str(published).split(".")[1])
        assert getattr(case.theory, name) == pytest.approx(published, abs=0.6 * 10**-digits), name


def test_erlang_b_and_a_large_centre():
    assert erlang_b(10, 10.0) == pytest.approx(0.2145823431, abs=1e-10)
    large = erlang_c(360, 3000 / 1800, 210.0, 20.0)
    assert large.service_level == pytest.approx(0.812735, abs=1e-6)
    assert large.mean_wait_s == pytest.approx(10.19, abs=0.01)


def test_endless_patience_turns_erlang_a_into_erlang_c():
    patient = erlang_a(14, 1 / 18, MEAN_S, 1e7, 20.0)
    endless = erlang_c(14, 1 / 18, MEAN_S, 20.0)
    assert patient.waits == pytest.approx(endless.waits, abs=1e-4)
    assert patient.service_level == pytest.approx(endless.service_level, abs=1e-4)


# --- the engine ---------------------------------------------------------------------------------


# Shorter runs would not do: what a queue remembers makes errors of short batches look too small.
@pytest.mark.parametrize("case", CASES[:: lane(3, whole=1)], ids=lambda case: case.name)
def test_engine_reproduces_theory(case: Case):
    estimates = case.experiment().run().estimates("q")
    far = {}
    for name, estimate in estimates.items():
        truth = getattr(case.theory, name)
        if estimate.error and abs(estimate.distance(truth)) > STANDARD_ERRORS:
            far[name] = f"{estimate.mean:.5f} ± {estimate.error:.5f}, theory {truth:.5f}"
    assert not far
    # and the errors mean something: a yardstick of a mile would pass everything
    assert estimates["occupancy"].error < 0.01
    assert estimates["service_level"].error < 0.03


def test_engine_agrees_with_ciw_on_two_skills():
    ours, theirs = engine_figures(), ciw_figures()
    distances = {
        (queue, name): apart(ours[queue][name], theirs[queue][name])
        for queue in ours
        for name in theirs[queue]
    }
    assert max(map(abs, distances.values())) < STANDARD_ERRORS, distances
    # the kinds of calls differ from each other far more than the simulators do
    between = apart(ours["loans"]["abandons"], ours["cards"]["abandons"])
    assert abs(between) > 2 * STANDARD_ERRORS
    assert statistics.fmean(abs(d) for d in distances.values()) < STANDARD_ERRORS / 2
