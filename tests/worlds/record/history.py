"""Events made by hand, and a router's numbering of them."""

import msgspec

from cti.record.cloudevents import CloudEventEncoder
from cti.record.directory import directory_of
from cti.record.envelope import Envelope
from routing import events as e
from routing.config import AgentSpec, QueueSpec, RoutingConfig

NOON_US = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z

CONFIG = RoutingConfig(
    queues=(QueueSpec("loans", need="loans"), QueueSpec("cards", need="cards")),
    agents=(
        AgentSpec("8001", "8001", (("loans", 1), ("cards", 1))),
        AgentSpec("8002", "8002", (("loans", 1),), employer="acme", site="west"),
    ),
    pbxs=("a1", "a1-b"),
)
DIRECTORY = directory_of(CONFIG)


def made(kind, /, **given):
    """An event with neutral values in the fields that the test does not care about."""
    fields = {
        field.name: _neutral(field.type)
        for field in msgspec.structs.fields(kind)
        if field.required and field.name not in given
    }
    return kind(**fields, **given)


def _neutral(kind):
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return made(kind)
    described = msgspec.inspect.type_info(kind)
    match described:
        case msgspec.inspect.IntType():
            return 0
        case msgspec.inspect.StrType():
            return ""
        case msgspec.inspect.BoolType():
            return False
        case msgspec.inspect.EnumType():
            return next(iter(described.cls))
        case _:
            return ()


def encoder(directory=DIRECTORY):
    return CloudEventEncoder("n1", "main", directory)


class History:
    """Numbers events as a router does: `seq` without gaps, one millisecond apart."""

    def __init__(self, epoch=7, seq=0):
        self.epoch = epoch
        self.seq = seq

    def say(self, event):
        self.seq += 1
        return Envelope(self.epoch, self.seq, NOON_US + self.seq * 1000, event)

    def say_all(self, events):
        return [self.say(event) for event in events]


def agent_state(agent_id, state, **given):
    return made(e.AgentStateChanged, agent_id=agent_id, state=e.AgentState(state), **given)


def call_life(call_id="a1-1795262400.63", queue_id="loans", agent_id="8001"):
    """Everything that is said while one caller is served, in the core's order."""
    of_call = {"call_id": call_id, "request_no": 1, "queue_id": queue_id}
    offer = {**of_call, "offer_id": 1, "agent_id": agent_id}
    return [
        made(e.CallQueued, **of_call, pbx="a1", caller="13812345678", cause="arrived",
             first_queued_us=NOON_US),
        agent_state(agent_id, "reserved", call_id=call_id),
        made(e.OfferMade, **offer, pbx="a1", caller="13812345678", device="8001"),
        made(e.CallDelivered, **offer, caller="13812345678"),
        made(e.CallEstablished, **offer, waited_us=2_000_000, rang_us=900_000),
        agent_state(agent_id, "busy", call_id=call_id),
        made(e.CallHeldEvent, **of_call, agent_id=agent_id),
        made(e.CallRetrievedEvent, **of_call, agent_id=agent_id, held_us=3_000_000),
        made(e.ConnectionCleared, **of_call, agent_id=agent_id, by=e.ClearedBy.CALLER,
             talked_us=30_000_000, held_us=3_000_000),
        agent_state(agent_id, "workingAfterCall", call_id=call_id),
        made(e.CallCleared, **of_call, outcome=e.CallOutcome.ANSWERED, waited_us=2_000_000,
             talked_us=30_000_000),
        agent_state(agent_id, "ready"),
    ]  # fmt: skip


LIFE_TYPES = [
    "cti.queued", "cti.agentReserved", "cti.agentAllocated", "cti.delivered", "cti.established",
    "cti.agentBusy", "cti.held", "cti.retrieved", "cti.connectionCleared",
    "cti.agentWorkingAfterCall", "cti.callCleared", "cti.agentReady",
]  # fmt: skip


class Log:
    """Everything that was said, as the event log would give it."""

    def __init__(self):
        self.records = []
        self.reads = 0
        self.error = None

    async def read_after(self, seq, limit):
        self.reads += 1
        if self.error:
            raise self.error
        return [record for record in self.records if record.seq > seq][:limit]
