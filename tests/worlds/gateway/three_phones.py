"""The office of tests/worlds/acts as a router knows it: three agents, one queue, no work after."""

from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.ids import AgentId, QueueId
from tests.worlds.acts.office import AGENTS
from tests.worlds.gateway.thread import A1

CONFIG = RoutingConfig(
    version=2,
    queues=(QueueSpec(QueueId("loans"), after_call_work_us=0),),
    agents=tuple(AgentSpec(AgentId(device[1:]), device) for device in AGENTS),
    pbxs=(A1,),
)
LONGEST_LOOK_MS = 35_000
