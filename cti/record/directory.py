"""Who an agent is and whom they serve: what events are enriched with, drawn from a configuration.

Pure, immutable, made anew when a configuration is applied.
"""

from collections.abc import Mapping

import msgspec

from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.ids import AgentId, PbxId, QueueId
from routing.index.needs import parse
from routing.index.predicates import is_met


class AgentCard(msgspec.Struct, frozen=True):
    """`employer`: own staff, or which outsourcer. `queues`: those whose own need they meet."""

    employer: str = ""
    site: str = ""  # "": the router's
    queues: tuple[QueueId, ...] = ()


NOBODY = AgentCard()


class Directory(msgspec.Struct, frozen=True):
    """Everyone and everything by name. What is not in it is published without enrichment."""

    agents: Mapping[AgentId, AgentCard] = {}
    queues: tuple[QueueId, ...] = ()
    pbxs: tuple[PbxId, ...] = ()

    def card(self, agent_id: str) -> AgentCard:
        """The agent's card; `NOBODY` for one whom the configuration does not know (any more)."""
        return self.agents.get(AgentId(agent_id), NOBODY)

    def pbx_of(self, call_id: str) -> str:
        """The Asterisk whose call this is, "" when unknown.

        A call id is `PBX-UNIQUEID` (docs/call-flow.md). Both halves may hold hyphens (Asterisk puts
        its `systemname` in front of a Uniqueid), so only the names that exist can tell: the longest
        that fits.
        """
        best = ""
        for pbx in self.pbxs:
            if len(pbx) > len(best) and call_id.startswith(pbx) and call_id[len(pbx) :][:1] == "-":
                best = pbx
        return best


def directory_of(config: RoutingConfig) -> Directory:
    """The directory of one configuration: agents times queues, so not for the hot path."""
    return Directory(
        agents={agent.agent_id: _card(agent, config.queues) for agent in config.agents},
        queues=tuple(queue.queue_id for queue in config.queues),
        pbxs=config.pbxs,
    )


def _card(agent: AgentSpec, queues: tuple[QueueSpec, ...]) -> AgentCard:
    skills = dict(agent.skills)
    served = [q.queue_id for q in queues if is_met(parse(q.need), agent.agent_id, skills)]
    return AgentCard(agent.employer, agent.site, tuple(served))
