"""Whatever the day, how things stand with each call can be told, and telling changes nothing."""

import pytest

from routing.explain import Obstacle, standing_of, tell_standing
from routing.snapshot import state_hash
from tests.lanes import lane
from tests.worlds.routing.random_centre import RandomCentre


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
