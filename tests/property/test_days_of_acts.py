"""Random days of phones and strangers: nothing is breached that `tests.worlds.days.watch` lists.

`make days SEEDS=2000` plays as many as you like on all cores.
"""

import logging

import pytest

from cti.ami.messages import AmiAction, action
from routing.commands import CallerHungUp
from tests.lanes import lane
from tests.worlds.days.day import Day, play
from tests.worlds.days.keys import ACTS

pytestmark = [pytest.mark.room("gateway", "routing", "simulators"), pytest.mark.soak]

SEEDS = lane(24, whole=400)
NOT_YET = ("cut", "kill")
"""What nobody heard is found by `reconcile`, which does not find all of it (docs/phone-acts.md)."""


@pytest.fixture(autouse=True)
def quiet():
    """A day has thousands of lines of log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_day_of_acts_breaches_nothing(seed: int):
    result = play(seed, (), NOT_YET)
    assert not result.breaches, (result.breaches[:3], result.log[-12:])
    assert result.calls > 100
    assert result.talks > 100


def test_one_seed_is_one_history():
    first, second = (play(4, (), NOT_YET) for _ in range(2))
    assert first.log == second.log
    assert (first.commands, first.events) == (second.commands, second.events)


def test_every_act_is_done():
    """A day on which nobody does anything proves nothing."""
    done = sum((play(seed, (), NOT_YET).acts for seed in range(1, 5)), start=play(5).acts)
    assert {*ACTS, "completes"} - {*done} == set()


# --- the test of the test -----------------------------------------------------------------------


def test_an_order_that_tears_people_apart_is_seen():
    day = Day(1, (), NOT_YET)

    def tear() -> None:
        talking = day.keys.talking()
        if talking:
            order = action(
                "Redirect", Channel=talking[0].name, Context="cti-wait", Exten="s", Priority="1"
            )
            assert isinstance(order, AmiAction)
            day.link.send(order)
        else:
            day.clock.at(day.clock.now_us() + 1_000_000, tear)

    day.clock.at(day.clock.now_us() + 60_000_000, tear)
    assert day.play().breaches[0].rule == "torn"


def test_a_call_that_is_forgotten_is_seen():
    day = Day(1, (), NOT_YET)

    def forget() -> None:
        waiting = [call for call in day.engine.calls.values() if call.state == "waiting"]
        if waiting:
            day.dispatcher.submit(CallerHungUp(waiting[0].call_id))
        else:
            day.clock.at(day.clock.now_us() + 1_000_000, forget)

    day.clock.at(day.clock.now_us() + 60_000_000, forget)
    assert day.play().breaches[0].rule in ("ended", "lost")
