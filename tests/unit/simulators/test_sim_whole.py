"""The daemon's own code between simulated people, in one thread: safe under faults, and heals."""

import logging
from dataclasses import astuple

import msgspec
import pytest

from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.ids import AgentId, QueueId, SkillId
from simulators.pbx.faults import CALM, ROUGH, FaultRates
from simulators.pbx.phones import Ending
from simulators.people.habits import CallerHabits, Habits
from simulators.whole import PBX, SECOND_US, Whole
from tests.lanes import lane

pytestmark = pytest.mark.soak


def config(agent_count: int = 12) -> RoutingConfig:
    queues = tuple(
        QueueSpec(QueueId(name), need=name, after_call_work_us=8 * SECOND_US)
        for name in ("loans", "cards")
    )
    skills = (((SkillId("loans"), 1),), ((SkillId("loans"), 1), (SkillId("cards"), 1)))
    agents = tuple(
        AgentSpec(AgentId(str(8001 + number)), str(8001 + number), skills=skills[number % 2])
        for number in range(agent_count)
    )
    return RoutingConfig(pbxs=(PBX,), queues=queues, agents=agents)


def site(seed: int, rates: FaultRates = CALM) -> Whole:
    callers = CallerHabits(mean_interval_ms=2_500, queues=(("loans", 2), ("cards", 1)))
    whole = Whole(config(), seed=seed, habits=Habits(callers=callers), rates=rates)
    whole.start()
    return whole


def counted(whole: Whole) -> tuple[int, ...]:
    return tuple(whole.callers.endings[ending] for ending in Ending)


def test_a_quiet_hour():
    whole = site(seed=1)
    assert whole.run_s(3_600, check_every_s=20) == []
    served, gave_up, sent_away, lost = counted(whole)
    assert served + gave_up > 1_300
    assert served > 5 * gave_up
    assert (sent_away, lost) == (0, 0)
    (counters,) = (pbx.counters for pbx in whole.gateway.pbxs.values())
    assert (counters.repairs, counters.orders_refused, counters.orders_unanswered) == (0, 0, 0)
    assert whole.gateway.counters.strangers == 0
    assert not any(astuple(whole.gateway.remarks.counters))
    assert whole.crashes == []


@pytest.mark.parametrize("seed", range(2, 2 + lane(2, whole=40)))
def test_an_hour_of_bad_weather_is_safe_and_heals(seed, caplog):
    caplog.set_level(logging.CRITICAL)
    whole = site(seed, ROUGH)
    assert whole.run_s(3_600, check_every_s=10) == []
    assert sum(whole.pbx.faults.struck.values()) > 100
    whole.callers.stop()
    whole.pbx.set_rates(CALM)
    assert whole.run_s(900, check_every_s=30) == []
    assert whole.crashes == []
    assert whole.callers.live_count == 0
    assert whole.engine.calls == {}
    assert whole.pbx.world.channels == {}
    # Whatever broke, nobody was sent away by it: callers are only lost with their Asterisk.
    assert whole.callers.endings[Ending.SENT_AWAY] == 0


def test_one_seed_is_one_history_to_the_byte(caplog):
    caplog.set_level(logging.CRITICAL)

    def journal(seed: int) -> bytes:
        whole = site(seed, ROUGH)
        whole.run_s(600)
        return msgspec.json.encode(whole.journal.kept)

    first = journal(5)
    assert len(first) > 100_000
    assert first == journal(5)
    assert first != journal(6)
