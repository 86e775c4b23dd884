"""The record of why: what an offer was chosen among. Made before anybody is moved."""

from itertools import islice

from routing.agent import Agent
from routing.call import Call
from routing.core import Core
from routing.events import Decision
from routing.ids import AgentId, CallId, PbxId
from routing.index.ordered import Item
from routing.index.pool import Band, Pool
from routing.index.selection import passed_over

Rivals = tuple[tuple[CallId, int], ...]
"""The calls with their scores that a free agent could have been given, best first; empty when the
choice was among agents.
"""


def decide(core: Core, call: Call, trigger: str, rivals: Rivals) -> Decision:
    """Why this call, which stands in line, is offered now."""
    rows, waited_us = core.limits.decision_rows, core.now_us - call.first_queued_us
    band = call.band
    assert isinstance(band, Band)  # noqa: S101  a waiting call stands in a band
    pool = band.pool
    return Decision(
        trigger=trigger,
        strategy=pool.strategy,
        need=pool.text,
        step=call.step,
        score=band.score(waited_us),
        waited_us=waited_us,
        config_version=core.config.version,
        rules=call.rules,
        candidates=() if rivals else _first_ready(pool, call.pbx, rows),
        passed_over=tuple((who.agent_id, why) for who, why in passed_over(pool, call.pbx, rows)),
        rivals=rivals,
    )


def rivals_of(found: list[Item]) -> Rivals:
    """The rows of `selection.best_calls` as they stand in a record."""
    rivals: list[tuple[CallId, int]] = []
    for points, _, _, call in found:
        rival: Call = call
        rivals.append((rival.call_id, -points))
    return tuple(rivals)


def _first_ready(pool: Pool, pbx: PbxId, rows: int) -> tuple[tuple[AgentId, int], ...]:
    """The best of those who could have been given the call, in the strategy's order."""
    best = list(islice(pool.ready, rows))
    if pool.apart:
        lines = pool.ready_for(pbx)
        best = sorted(entry for _, line in lines for entry in islice(line, rows))[:rows]
    found: list[tuple[AgentId, int]] = []
    for entry in best:
        agent: Agent = entry[3]
        found.append((agent.agent_id, entry[0]))
    return tuple(found)
