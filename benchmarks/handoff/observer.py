"""What the run looks at: five kinds of events, and what they say about both sides.

* agent free to next ring, while callers wait: app_queue's own AgentComplete to the next AgentCalled
  of that agent; ours the Hangup of the agent's leg to the next DialBegin there.
* arrival to ring, with free agents: Newchannel of the caller to the DialBegin of that call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cti.ami.messages import AmiEvent

WANTED = frozenset({"Newchannel", "DialBegin", "Hangup", "AgentComplete", "AgentCalled"})

TRUNK = "PJSIP/trunk-"


@dataclass
class Observer:
    """Collects milliseconds; `reset` between two phases."""

    agent_events: bool
    """True for app_queue, whose agents tell by AgentComplete and AgentCalled."""
    free_to_ring_ms: list[float] = field(default_factory=list)
    arrival_to_ring_ms: list[float] = field(default_factory=list)
    arrivals: int = 0
    rings: int = 0
    _arrived: dict[str, float] = field(default_factory=dict)
    _free: dict[str, float] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget what was measured, not who is where."""
        self.free_to_ring_ms.clear()
        self.arrival_to_ring_ms.clear()
        self._free.clear()

    def see(self, event: AmiEvent) -> None:
        """Take one event."""
        handler = _HANDLERS.get(event.name)
        if handler is not None:
            handler(self, event)

    @property
    def waiting(self) -> int:
        """Callers who have come and have not been rung for."""
        return self.arrivals - self.rings

    def _newchannel(self, event: AmiEvent) -> None:
        if event.headers.get("Channel").startswith(TRUNK):
            self.arrivals += 1
            self._arrived[event.headers.get("Uniqueid")] = _time(event)

    def _dial_begin(self, event: AmiEvent) -> None:
        arrived = self._arrived.pop(event.headers.get("Uniqueid"), None)
        if arrived is not None:
            self.rings += 1
            self.arrival_to_ring_ms.append((_time(event) - arrived) * 1000)
        if not self.agent_events:
            self._rung(_endpoint(event.headers.get("DestChannel")), event)

    def _hangup(self, event: AmiEvent) -> None:
        channel = event.headers.get("Channel")
        if self._arrived.pop(event.headers.get("Uniqueid"), None) is not None:
            self.arrivals -= 1  # gave up before anybody was rung
        elif not self.agent_events and not channel.startswith(TRUNK):
            self._freed(_endpoint(channel), event)

    def _agent_complete(self, event: AmiEvent) -> None:
        self._freed(event.headers.get("Interface"), event)

    def _agent_called(self, event: AmiEvent) -> None:
        self._rung(event.headers.get("Interface"), event)

    def _freed(self, agent: str, event: AmiEvent) -> None:
        if self.waiting > 0:
            self._free[agent] = _time(event)

    def _rung(self, agent: str, event: AmiEvent) -> None:
        since = self._free.pop(agent, None)
        if since is not None:
            self.free_to_ring_ms.append((_time(event) - since) * 1000)


_HANDLERS: dict[str, Callable[[Observer, AmiEvent], None]] = {
    "Newchannel": Observer._newchannel,  # noqa: SLF001
    "DialBegin": Observer._dial_begin,  # noqa: SLF001
    "Hangup": Observer._hangup,  # noqa: SLF001
    "AgentComplete": Observer._agent_complete,  # noqa: SLF001
    "AgentCalled": Observer._agent_called,  # noqa: SLF001
}


def _time(event: AmiEvent) -> float:
    """Seconds since 1970 by Asterisk's clock, with microseconds (`timestampevents = yes`)."""
    return float(event.headers.get("Timestamp"))


def _endpoint(channel: str) -> str:
    """`PJSIP/a8001-0000002a` without its number."""
    return channel.rpartition("-")[0]
