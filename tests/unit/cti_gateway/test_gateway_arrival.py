"""When a caller first arrived, whatever the dialplan's, the machine's and our own clock say."""

import pytest

from cti.gateway.arrival import Wrong, created_us, first_arrival, plausible
from cti.gateway.question import read_question
from tests.worlds.gateway.desk import A1, SECOND_US, SECRET, START_US, request

START_S = START_US // SECOND_US
HOURS_US = 3600 * SECOND_US
BORN = f"{START_S}.7"  # a channel of this very second


def arrival(verb="arrive", uniqueid=BORN, *, arrived_us=START_US, asked_us=START_US, now_us=None):
    asked = {"arrived": str(arrived_us // 1000), "asked": str(asked_us // SECOND_US)}
    question = read_question(request(verb, uniqueid, **asked), [SECRET], [A1])
    return first_arrival(question, START_US if now_us is None else now_us)


@pytest.mark.parametrize(
    ("uniqueid", "second"),
    [
        ("1795000000.7", 1795000000),
        ("north-1.5-1795000000.7", 1795000000),
        ("1.1", 0),
        ("chosen-by-somebody", 0),
        ("1795000000", 0),
    ],
)
def test_a_channel_carries_the_second_of_its_birth(uniqueid, second):
    assert created_us(uniqueid) == second * SECOND_US


def test_an_ordinary_arrival_is_taken_as_it_is():
    arrived_us = START_US + 123_000
    assert arrival(arrived_us=arrived_us, now_us=arrived_us + 4000) == (arrived_us, None)


def test_a_caller_who_has_waited_is_as_old_as_that():
    born = f"{START_S - 600}.7"
    arrived_us = START_US - 590 * SECOND_US
    assert arrival("again", born, arrived_us=arrived_us) == (arrived_us, None)


@pytest.mark.parametrize("hours", [-8, 8, -0.5, 3.5])
def test_a_dialplan_that_says_local_time_is_not_believed(hours):
    """`STRFTIME(,UTC,%s)` on a machine in another zone: 8 hours early in Shanghai."""
    arrived_us = START_US + round(hours * HOURS_US)
    assert arrival(arrived_us=arrived_us) == (0, Wrong.TIME), "0: now"
    waited = f"{START_S - 60}.7"
    # Who asks again has waited: not longer than the channel has been.
    assert arrival("again", waited, arrived_us=arrived_us) == (
        START_US - 60 * SECOND_US,
        Wrong.TIME,
    )


def test_it_is_not_believed_by_a_router_that_is_not_told_when_it_was_asked_either():
    """The birth of the channel is enough for what is too early; what is to come is now anyway."""
    assert arrival(arrived_us=START_US - 8 * HOURS_US, asked_us=0) == (0, Wrong.TIME)


@pytest.mark.parametrize("seconds", [0, 4, -4])
def test_clocks_that_are_nearly_the_same_are_the_same(seconds):
    theirs_us = START_US + seconds * SECOND_US
    born = f"{theirs_us // SECOND_US}.7"
    assert arrival("arrive", born, arrived_us=theirs_us, asked_us=theirs_us) == (theirs_us, None)


@pytest.mark.parametrize("seconds", [-3600, -30, 30, 86_400])
def test_where_the_clocks_are_apart_only_the_age_counts(seconds):
    theirs_us = START_US + seconds * SECOND_US
    born = f"{theirs_us // SECOND_US - 20}.7"
    arrived_us = theirs_us - 15 * SECOND_US + 250_000
    found_us, wrong = arrival("again", born, arrived_us=arrived_us, asked_us=theirs_us)
    assert wrong is Wrong.CLOCK
    assert found_us == START_US - 15 * SECOND_US + 250_000


def test_callers_of_one_second_keep_their_order_where_the_clocks_are_apart():
    theirs_us = START_US - 3600 * SECOND_US
    born = f"{theirs_us // SECOND_US}.7"
    found = [
        arrival(
            "arrive",
            born,
            arrived_us=theirs_us + ms * 1000,
            asked_us=theirs_us,
            now_us=START_US + ms * 1000 + 2000,
        )[0]
        for ms in (100, 101, 500, 900)
    ]
    assert found == sorted(found)
    assert len(set(found)) == 4


def test_after_an_outage_there_is_only_the_birth_to_go_by():
    born = f"{START_S}.7"
    assert plausible(START_US - 8 * HOURS_US, born) == (START_US, Wrong.TIME)
    assert plausible(START_US + 5 * SECOND_US, born) == (START_US + 5 * SECOND_US, None)
    assert plausible(START_US - 8 * HOURS_US, "chosen") == (START_US - 8 * HOURS_US, None)
