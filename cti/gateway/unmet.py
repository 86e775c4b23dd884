"""Wishes of callers that nobody can fulfil, whoever signs in. Pure."""

from collections.abc import Sequence
from typing import Final

from routing.config import RoutingConfig
from routing.config_check import can_be_met
from routing.engine import RoutingEngine
from routing.ids import QueueId
from routing.index.needs import both, parse, text_of

MAX_KNOWN: Final = 1000
"""Different needs of callers whose answer is remembered; dialplans write a few dozen."""


class Staffing:
    """Which needs some configured agent meets: one walk over the agents for each different one."""

    def __init__(self) -> None:
        self._config: RoutingConfig | None = None
        self._unmet: dict[tuple[QueueId, str], str] = {}

    def unmet(self, engine: RoutingEngine, queue_id: QueueId, needs: str) -> str:
        """What such a caller in this queue needs, when no agent meets it now or after any step of
        the queue; "" when somebody does.
        """
        if self._config is not engine.config or len(self._unmet) >= MAX_KNOWN:
            self._config = engine.config
            self._unmet.clear()
        key = (queue_id, needs)
        if key not in self._unmet:
            self._unmet[key] = self._look(engine, queue_id, needs)
        return self._unmet[key]

    @staticmethod
    def _look(engine: RoutingEngine, queue_id: QueueId, needs: str) -> str:
        own = parse(needs)
        steps = [both(need, own) for need in engine.queues[queue_id].own_needs]
        agents = engine.config.agents
        return "" if any(can_be_met(need, agents) for need in steps) else text_of(steps[0])


def unknown_tags(config: RoutingConfig, tags: Sequence[str]) -> list[str]:
    """Tags that no boost names, those of modes that are off included."""
    if not tags:
        return []
    boosts = [*config.boosts, *(boost for mode in config.modes for boost in mode.boosts)]
    known = frozenset(boost.tag for boost in boosts)
    return [tag for tag in tags if tag not in known]
