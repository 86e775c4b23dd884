"""A dispatcher on a clock that is moved by hand."""

from cti.dispatcher import Dispatcher
from cti.journal.file import MemoryJournal
from routing.commands import (
    ApplyConfig,
    CallArrived,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    TelephonyRestored,
)
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.ids import AgentId, CallId, PbxId, QueueId

A1 = PbxId("a1")
START_US = 1_795_000_000_000_000
CONFIG = RoutingConfig(
    queues=(QueueSpec(QueueId("loans")),),
    agents=(AgentSpec(AgentId("8001"), "p8001"),),
    pbxs=(A1,),
)
READY = (
    LogOnAgent(AgentId("8001")),
    SetAgentState(AgentId("8001"), RequestedState.READY),
)


def arrival(number):
    return CallArrived(CallId(f"a1-{number}.1"), QueueId("loans"), A1)


class Timer:
    def __init__(self, at_us, call):
        self.at_us, self.call, self.live = at_us, call, True

    def cancel(self):
        self.live = False


class DispatcherWorld:
    """Its journal, its timers, and what it has told."""

    def __init__(self):
        self.now = START_US
        self.timers = []
        self.crashes = []
        self.took = []
        self.told = []
        self.journal = MemoryJournal()
        self.dispatcher = Dispatcher(
            RoutingEngine(RoutingConfig()),
            self.journal,
            self,
            epoch=7,
            call_later=self.call_later,
            on_crash=self.crashes.append,
            decided=self.took.append,
        )
        self.dispatcher.listen("told", self.told.append)
        self.submit = self.dispatcher.submit
        self.submit(ApplyConfig(CONFIG))
        self.submit(TelephonyRestored(A1))

    def now_us(self):
        return self.now

    def call_later(self, delay_s, call):
        timer = Timer(self.now + round(delay_s * 1_000_000), call)
        self.timers.append(timer)
        return timer

    def live_timers(self):
        return [timer for timer in self.timers if timer.live]

    def pass_time(self, us, *, step_us=1_000):
        """Let time pass and timers fire in their order, each `step_us` late at most."""
        end = self.now + us
        while due := [timer for timer in self.live_timers() if timer.at_us <= end]:
            timer = min(due, key=lambda timer: timer.at_us)
            self.now = max(self.now, timer.at_us)
            timer.live = False
            timer.call()
        self.now = end
