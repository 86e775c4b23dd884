"""Whatever the day, how things stand with each call can be told, and telling changes nothing."""

from collections import Counter

import pytest

from routing import commands as c
from routing.call import CallState
from routing.explain import Obstacle, standing_of, tell_standing
from routing.explain.elsewhere import elsewhere
from routing.index.places import present_need
from routing.index.predicates import is_met
from routing.snapshot import state_hash
from tests.lanes import lane
from tests.worlds.routing.random_centre import PBXS, RandomCentre


def by_full_scan(engine):
    """Callers of each queue and Asterisk for whom an agent is free whose phone is elsewhere."""
    found = Counter()
    for call in engine.calls.values():
        if call.state is not CallState.WAITING:
            continue
        need = present_need(call, engine.queues[call.queue_id])
        found[call.queue_id, call.pbx] += any(
            agent.is_offerable
            and agent.spec.training is call.training
            and is_met(need, agent.agent_id, agent.skills)
            for agent in engine.agents.values()
        )
    return {key: count for key, count in found.items() if count}


@pytest.mark.parametrize("seed", range(lane(3, whole=40)))
def test_no_idle_agent_is_without_an_obstacle(seed):
    centre = RandomCentre(seed)
    told = 0
    for number in range(600):
        engine = centre.engine
        engine.handle(centre.next())
        if number % 20:
            continue
        before = state_hash(engine)
        for call_id in engine.calls:
            standing = standing_of(engine, call_id, engine.now_us)
            assert standing is not None
            told += len(standing.idle)
            assert all(each.obstacle is not Obstacle.NONE for each in standing.idle), standing
            for lang in ("en", "zh"):
                assert tell_standing(standing, lang)
        assert state_hash(engine) == before
    assert told > 0


@pytest.mark.parametrize("seed", range(lane(3, whole=40)))
def test_who_waits_because_of_a_phone_elsewhere_is_what_a_full_scan_finds(seed):
    centre = RandomCentre(seed)
    found = 0
    for number in range(900):
        engine = centre.engine
        engine.handle(centre.next())
        if number % 60 == 0:  # half of the phones move to the other Asterisk
            for place, device in enumerate(sorted(engine.phones)):
                for pbx in PBXS:
                    here = (PBXS.index(pbx) + place + number // 60) % 3
                    state = c.DeviceState.REACHABLE if here else c.DeviceState.MISSING
                    engine.handle(centre.stamped(c.DeviceReported(device, pbx, state)))
        if number % 5:
            continue
        told = elsewhere(engine)
        assert {(each.queue_id, each.pbx): each.calls for each in told} == by_full_scan(engine)
        found += len(told)
    assert found > 0
