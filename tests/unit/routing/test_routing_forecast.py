"""How long a caller is going to wait: said only while it proves true, and its error is measured."""

from random import Random

import pytest

from routing.events import CallQueued
from routing.forecast import ENOUGH, RING, STALE, TRUSTED_PERCENT, UNKNOWN, Forecast
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one

NO_WORD = (UNKNOWN, UNKNOWN)


def moving(interval_us=10 * S, departures=ENOUGH):
    """A queue from which a call is taken every so often, others waiting all the time."""
    forecast = Forecast()
    for number in range(departures + 1):
        forecast.departed(number * interval_us, left_waiting=5)
    return forecast, departures * interval_us


def test_nothing_is_said_before_there_were_enough_departures():
    forecast, now_us = moving(departures=ENOUGH - 1)
    assert forecast.say(0, now_us) == NO_WORD
    forecast, now_us = moving(departures=ENOUGH)
    assert forecast.say(0, now_us) == (10 * S, 10 * S + 12_800_000)


@pytest.mark.parametrize(
    ("in_front", "p50_s", "p90_s"), [(0, 10, 22.8), (3, 40, 65.6), (8, 90, 128.4), (99, 1000, 1128)]
)
def test_the_median_grows_with_the_line_and_the_spread_with_its_root(in_front, p50_s, p90_s):
    forecast, now_us = moving()
    assert forecast.say(in_front, now_us) == (round(p50_s * S), round(p90_s * S))


def test_times_in_which_nobody_waited_say_nothing_about_speed():
    forecast = Forecast()
    for number in range(20):
        forecast.departed(number * 60 * S, left_waiting=0)
    assert forecast.intervals == []
    forecast.departed(2000 * S, left_waiting=1)
    forecast.departed(2010 * S, left_waiting=1)
    assert forecast.intervals == [10 * S]


def test_a_mean_that_is_too_old_is_not_believed():
    forecast, now_us = moving()
    last_us = now_us + STALE * 10 * S
    assert forecast.say(0, last_us) != NO_WORD
    assert forecast.say(0, last_us + 1) == NO_WORD


def test_departures_at_one_moment_do_not_make_it_stale_at_once():
    forecast, now_us = moving(interval_us=0)
    assert forecast.say(3, now_us) == (0, 0)
    assert forecast.say(3, now_us + STALE + 1) == NO_WORD


def test_only_the_last_departures_count():
    forecast, now_us = moving(interval_us=100 * S)
    for number in range(RING):
        forecast.departed(now_us + (number + 1) * S, left_waiting=1)
    assert len(forecast.intervals) == RING
    assert forecast.raw(0)[0] == S


@pytest.mark.parametrize(("kept", "said"), [(6, True), (5, False)])
def test_it_is_silent_when_it_proved_wrong_too_often(kept, said):
    """P90 has to hold for three of four at least."""
    assert TRUSTED_PERCENT == 75
    forecast, now_us = moving()
    for number in range(8):
        forecast.judged(10 * S if number < kept else 99 * S, 10 * S, 20 * S)
    assert (forecast.say(0, now_us) != NO_WORD) is said
    assert forecast.raw(0) != NO_WORD, "it goes on being judged: that is how trust comes back"


def test_few_judgements_are_no_judgement():
    forecast, now_us = moving()
    for _ in range(ENOUGH - 1):
        forecast.judged(99 * S, 10 * S, 20 * S)
    assert forecast.say(0, now_us) != NO_WORD
    forecast.judged(99 * S, 10 * S, 20 * S)
    assert forecast.say(0, now_us) == NO_WORD


def test_p90_includes_its_last_moment():
    forecast = Forecast()
    forecast.judged(20 * S, 10 * S, 20 * S)
    forecast.judged(20 * S + 1, 10 * S, 20 * S)
    assert forecast.kept == [1, 0]


def test_its_own_error_is_measured():
    forecast = Forecast()
    assert forecast.mean_error_us() == UNKNOWN
    forecast.judged(8 * S, 10 * S, 20 * S)
    forecast.judged(16 * S + 1, 10 * S, 20 * S)
    assert forecast.mean_error_us() == 4 * S, "a whole number, rounded down"


# --- in a queue -------------------------------------------------------------------------------


def test_the_first_callers_are_told_nothing():
    centre = Centre([queue("q")], [agent("8001", "q")])
    queued = one(centre.call("c1", "q"), CallQueued)
    assert (queued.wait_p50_us, queued.wait_p90_us) == NO_WORD


def test_forecasts_of_a_steady_queue_come_true():
    """Callers every 20 s or so, two agents, talks of 35 s or so: P90 holds for nine of ten, and the
    error of P50 is known.
    """
    rng = Random(11)
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q"), agent("8002", "q")])
    centre.ready("8001", "8002")
    ends = {}
    told = {}
    waits = {}
    next_call_us = centre.now_us
    number = 0
    while number < 500:
        moments = [next_call_us, *ends.values()]
        centre.wait((min(moments) - centre.now_us) / S)
        for name, end_us in sorted(ends.items()):
            if end_us <= centre.now_us:
                del ends[name]
                centre.hang_up(name)
        if next_call_us <= centre.now_us:
            queued = one(centre.call(f"c{number}", "q"), CallQueued)
            told[f"c{number}"] = queued
            next_call_us += int(rng.expovariate(1 / 17.9) * S)
            number += 1
        for who in ("8001", "8002"):
            found = centre.core.agents[who]
            if found.offer_id:
                waits[found.call_id] = centre.now_us - told[found.call_id].first_queued_us
                ends[found.call_id] = centre.now_us + int(rng.expovariate(1 / 35) * S)
                centre.answer(who)
    said = [(told[name], wait_us) for name, wait_us in waits.items() if told[name].wait_p50_us >= 0]
    assert len(said) > 200
    kept = sum(wait_us <= queued.wait_p90_us for queued, wait_us in said)
    assert 0.75 < kept / len(said) < 0.99
    forecast = centre.core.queues["q"].forecast
    assert 0 < forecast.mean_error_us() < 120 * S
    assert len(forecast.kept) == RING


def test_a_call_is_judged_once_by_its_first_forecast():
    centre = Centre([queue("q", after_call_work_us=0)], [agent("8001", "q")])
    centre.ready("8001")
    for number in range(12):
        centre.call(f"c{number}", "q")
    for number in range(9):
        centre.answer("8001")
        centre.wait(10)
        centre.hang_up(f"c{number}")
    forecast = centre.core.queues["q"].forecast
    assert forecast.kept == []
    centre.call("new", "q")
    assert centre.core.calls["new"].p50_us == 30 * S
    for number in (9, 10, 11):
        centre.answer("8001")
        centre.wait(10)
        centre.hang_up(f"c{number}")
    assert centre.core.agents["8001"].call_id == "new"
    assert (forecast.kept, forecast.errors) == ([1], [0])
    from routing.commands import OfferOutcome

    centre.fail("8001", OfferOutcome.REJECTED)
    centre.wait(5)
    assert forecast.kept == [1]


def test_who_comes_back_into_line_is_told_anew_and_not_judged_anew():
    centre = Centre([queue("q")], [agent("8001", "q")])
    centre.ready("8001")
    centre.call("c1", "q")
    from routing.commands import OfferOutcome

    again = of(centre.fail("8001", OfferOutcome.REJECTED), CallQueued)
    assert again[0].cause == "rejected"
    assert centre.core.calls["c1"].p50_us == UNKNOWN
