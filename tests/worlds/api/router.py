"""A router without Asterisk: the real core, view, metrics, event log and control interface.

Wired as the daemon wires them, on a clock that is moved by hand.
"""

import os
from pathlib import Path

import msgspec

from cti.api.calls import Calls
from cti.api.control import Control
from cti.api.evidence import Evidence
from cti.api.operations import Operations
from cti.api.present import Present
from cti.api.principal import SocketDoor
from cti.api.probes import probes_app
from cti.api.servers import Servers
from cti.api.sockets import ControlSocket
from cti.config import Settings
from cti.config.at_start import AppliedFiles
from cti.config.reconfigure import Reconfiguration
from cti.record.cloudevents import CloudEventEncoder
from cti.record.envelope import Envelope
from cti.record.event_log import EventLog
from cti.view import StateView
from cti.watch.check import Check
from cti.watch.metrics import Metrics
from routing import commands as c
from routing.config import AgentSpec, BreakCap, Mode, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.events import ConfigApplied

SECOND = 1_000_000
OPERATOR = "boss"  # the user at the other end of the socket
NOON = 1_795_320_000 * SECOND  # 2026-11-22 12:00:00 in UTC+8

CONFIG = RoutingConfig(
    queues=(QueueSpec("loans", max_waiting=3), QueueSpec("cards", after_call_work_us=0)),
    agents=tuple(AgentSpec(f"800{n}", f"800{n}") for n in (1, 2, 3)),
    pbxs=("a1",),
)
WITH_MODES = RoutingConfig(
    queues=(QueueSpec("loans", need="loans"), QueueSpec("cards", after_call_work_us=0)),
    agents=tuple(AgentSpec(f"800{n}", f"800{n}", (("loans", 2),)) for n in (1, 2, 3)),
    pbxs=("a1",),
    break_caps=(BreakCap("loans", ("meal",), 1),),
    modes=(Mode("storm"), Mode("flood")),
)


class HandClock:
    def __init__(self, now_us=NOON):
        self.us = now_us

    def now_us(self):
        return self.us


class Router:
    """`do` submits a command, `wait` moves the clock, `events` is all that was published."""

    def __init__(self, config=CONFIG, **view):
        self.clock = HandClock()
        self.engine = RoutingEngine(config)
        self.view = StateView(config, **view)
        self.metrics = Metrics(self.view, self.clock, ("oneOffer", "oneCall"))
        self.listeners = [self.view.apply, self.metrics.apply, self.use]
        self.events = []
        self.checks = [Check("a1", ok=True)]
        self.log = None
        self.evidence = Evidence()
        self.listeners.append(lambda envelope: self.evidence.heard([envelope]))
        self.sent = []  # digits
        self.phones = {}  # what each Asterisk says of each device
        self.history = NoLog()
        self.files = Path("var")  # not written unless something is applied

    def do(self, command):
        stamped = c.Stamped(self.engine.seq + 1, self.clock.us, command)
        events = self.engine.handle(stamped)
        for event in events:
            envelope = Envelope(1, len(self.events) + 1, self.clock.us, event)
            self.events.append(envelope)
            for listener in self.listeners:
                listener(envelope)
        return events

    def wait(self, seconds):
        """Let time pass; what falls due in it happens when it is due."""
        until = self.clock.us + round(seconds * SECOND)
        while (due := self.engine.next_deadline_us()) is not None and due <= until:
            self.clock.us = max(due, self.clock.us)
            self.do(c.DeadlinesReached())
        self.clock.us = until

    # --- the words of a call's life ---

    def ready(self, *agents):
        for agent in agents:
            self.do(c.LogOnAgent(agent))
            self.do(c.SetAgentState(agent, c.RequestedState.READY))

    def arrives(self, call, queue="loans", caller="13812345678"):
        self.do(c.CallArrived(call, queue, "a1", caller=caller))

    def rings(self):
        self.do(c.OfferRinging(self.engine.last_offer))

    def answers(self):
        self.do(c.OfferAnswered(self.engine.last_offer))
        self.do(c.LegsBridged(self.engine.last_offer))

    def fails(self, outcome=c.OfferOutcome.NO_ANSWER):
        self.do(c.OfferFailed(self.engine.last_offer, outcome))

    def hangs_up(self, call):
        self.do(c.CallerHungUp(call))

    # --- what is seen of it ---

    def queue(self, queue="loans"):
        return next(row for row in self.view.queues(self.clock.us) if row.queue_id == queue)

    # --- with servers ---

    def submit(self, command):
        return self.do(command)

    async def read_after(self, after, limit):
        return await self.history.read_after(after, limit)

    async def by_call(self, call_id, limit):
        return await self.history.by_call(call_id, limit)

    def use(self, envelope):
        """As the daemon follows a new configuration."""
        if isinstance(envelope.event, ConfigApplied):
            self.view.configure(self.engine.config)

    async def ask_about(self, device):
        """What the Asterisks say of a phone; by default there is none that could say anything."""
        return self.phones.get(device, {})

    def control(self):
        present = Present(self.view, self.engine, self.clock)
        operations = Operations(self.submit, present, self.ask_about)
        return Control(
            node="n1",
            site="main",
            present=present,
            history=self,
            operations=(
                operations,
                Calls(operations, present, self.evidence, lambda *keys: self.sent.append(keys)),
            ),
            reconfiguration=Reconfiguration(
                Settings(), self.engine, self.submit, AppliedFiles(self.files), {}
            ),
            health=lambda: self.checks,
            invariants=self.metrics.breaches,
        )

    async def serve(self, path):
        """Servers on a socket at `path` and a free port; the event log lies beside the socket."""
        encoder = CloudEventEncoder("n1", "main")
        self.log = EventLog(path.parent / "events.db", encoder.record)
        await self.log.start()
        self.history, self.files = self.log, path.parent
        for envelope in self.events:
            self.log.offer(envelope)
        self.listeners.append(self.log.offer)
        servers = Servers(
            self.control().app(SocketDoor({os.geteuid(): OPERATOR})),
            probes_app(self.metrics, lambda: self.checks),
            socket=ControlSocket(path),
            host="127.0.0.1",
            port=0,
        )
        await servers.start()
        return servers


class NoLog:
    async def read_after(self, _after, _limit):
        return []

    async def by_call(self, _call_id, _limit):
        return []


def plain(value):
    """A row as a dict."""
    return msgspec.to_builtins(value)
