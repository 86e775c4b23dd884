"""The state of the core, and the few words in which a change of it is said.

`Core` is what handlers and verbs work on: the records, the indexes over them, the counters. It
decides nothing. `routing.engine.RoutingEngine` is the same with the table of commands.
"""

from routing.agent import Agent
from routing.call import Call
from routing.commands import Command
from routing.config import AgentSpec, RoutingConfig
from routing.config_check import problems
from routing.deadlines import Deadlines
from routing.events import CommandRefused, Event
from routing.ids import AgentId, CallId, OfferId, PbxId, QueueId, TransferId
from routing.index.places import pin_pools_of
from routing.index.pools import PoolIndex
from routing.offer import Offer
from routing.phone import Phone
from routing.queue import Queue
from routing.refusals import Refusal
from routing.transfers.transfer import Transfer


class Core:
    """All state of one router. Its attributes are written by handlers and verbs, and only read by
    everybody else.
    """

    def __init__(self, config: RoutingConfig) -> None:
        """An empty centre; ValueError when the configuration is wrong."""
        wrong = problems(config)
        if wrong:
            raise ValueError("; ".join(wrong))
        self.seq = 0
        self.event_seq = 0
        self.now_us = 0
        self.config = config  # in force: the base with every mode that is on
        self.limits = config.limits
        self.caps_breaks = bool(config.break_caps)
        self.base = config  # as it was applied, without modes
        self.previous: RoutingConfig | None = None  # what was applied before it
        self.modes: dict[str, bool] = {}  # emergency overlays that are on
        self.calls: dict[CallId, Call] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.transfers: dict[TransferId, Transfer] = {}
        self.queues: dict[QueueId, Queue] = {}
        self.devices: dict[str, AgentId] = {}  # of signed-in agents
        self.phones: dict[str, Phone] = {}  # those that somebody sits at or is configured with
        self.pbx_lost: dict[PbxId, str] = {}  # those we do not hear: `lost` or `gone`
        self.deadlines = Deadlines()
        self.pools = PoolIndex()
        self.breaks: dict[AgentId, str] = {}  # who waits for a break, in order, and its reason
        self.on_break: dict[AgentId, str] = {}  # index: who has one that a cap counts
        self.arrived = 0  # calls ever taken in; with `outcomes` the books must balance
        self.outcomes: dict[str, int] = {}
        self.last_call = 0
        self.last_offer = 0
        self.last_transfer = 0
        self.last_logon = 0
        self._out: list[Event] = []
        for spec in config.queues:
            self.queues[spec.queue_id] = Queue(spec)
        for agent_spec in config.agents:
            self.agents[agent_spec.agent_id] = self.new_agent(agent_spec)
        for queue in self.queues.values():
            pin_pools_of(self.pools, queue)

    def go_by(self, config: RoutingConfig) -> None:
        """Put `config` in force, and what each command asks of it within reach."""
        self.config = config
        self.limits = config.limits
        self.caps_breaks = bool(config.break_caps)

    def new_agent(self, spec: AgentSpec) -> Agent:
        """An agent who is signed out, with the configured phone."""
        agent = Agent(spec.agent_id, spec)
        self.hand_phone(agent, spec.device)
        return agent

    def hand_phone(self, agent: Agent, device: str) -> None:
        """The agent gets this phone."""
        phone = self.phones.get(device)
        if phone is None:
            phone = self.phones[device] = Phone(device)
            phone.hear({}, self.config.pbxs, self.pbx_lost)
        phone.agents[agent.agent_id] = None
        agent.phone = phone

    def leave_phone(self, agent: Agent, phone: Phone) -> None:
        """The agent no longer has it; what is known of a phone that is nobody's is forgotten."""
        del phone.agents[agent.agent_id]
        if not phone.agents:
            del self.phones[phone.device]

    def emit(self, event: Event) -> None:
        """Say that something has happened."""
        self._out.append(event)

    def refuse(self, command: Command, subject: str, code: Refusal) -> None:
        """Say that this command changes nothing."""
        self._out.append(CommandRefused(type(command).__name__, subject, code))
