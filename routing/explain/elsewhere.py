"""Who waits only because a phone is at another Asterisk, read from the core. Nothing changes here.

No agent who can be given a call stands beside a waiting call whose need that agent meets: the rule
of the core. So whoever stands ready in the pool of a waiting call has a phone that the call's
Asterisk cannot call, and nothing else keeps the two apart. That is why looking at each band's pool
is enough; it costs as much as there are bands, and nobody walks over agents or calls.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from routing.agent import Agent
from routing.core import Core
from routing.ids import AgentId, PbxId, QueueId
from routing.index.pool import Pool

NAMED: Final = 5
"""So many of the agents are named."""


class Elsewhere(msgspec.Struct, frozen=True, gc=False):
    """`calls` callers of one queue at one Asterisk, while `agents` (the first of them) who could
    serve them are free, with phones that this Asterisk cannot call.
    """

    queue_id: QueueId
    pbx: PbxId
    calls: int
    agents: tuple[AgentId, ...]


def elsewhere(core: Core) -> list[Elsewhere]:
    """In the order of the queues, then of the Asterisks' names; empty when nobody waits so."""
    found: list[Elsewhere] = []
    for queue in core.queues.values():
        calls: dict[PbxId, int] = {}
        agents: dict[PbxId, dict[AgentId, None]] = {}
        for band in queue.bands:
            ready = dict.fromkeys(_ready(band.pool))
            if ready:
                calls[band.pbx] = calls.get(band.pbx, 0) + len(band)
                agents.setdefault(band.pbx, {}).update(ready)
        found += [
            Elsewhere(queue.queue_id, pbx, calls[pbx], tuple(islice(agents[pbx], NAMED)))
            for pbx in sorted(calls)
        ]
    return found


def _ready(pool: Pool) -> Iterator[AgentId]:
    """The first of those who stand ready, line by line."""
    for line in (pool.ready, *pool.apart.values()):
        for entry in islice(line, NAMED):
            agent: Agent = entry[3]
            yield agent.agent_id
