"""The rows a screen shows and the JSON of the control socket, as values.

Times are microseconds since 1970 UTC (0: unknown) or lengths in microseconds. A caller's number is
masked in every row.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from cti.record.cloudevents import AsOf, csta_name
from cti.record.envelope import Envelope
from routing.events import AgentState
from routing.ids import AgentId, CallId, PbxId, QueueId, SkillId

NOBODY = AgentId("")
NO_CALL = CallId("")


class CallStage(StrEnum):
    """Where a call is, as a caller would say it."""

    WAITING = "waiting"
    RINGING = "ringing"  # an agent is reserved; the caller still hears music
    TALKING = "talking"
    HELD = "held"
    RELEASED = "released"  # the agent has left, the caller's channel lives on
    LEAVING = "leaving"  # sent to another queue or out of the router


@dataclass(slots=True)
class CallNow:
    """A live call. `since_us`: when its stage began."""

    call_id: CallId
    queue_id: QueueId
    pbx: PbxId
    stage: CallStage
    first_queued_us: int
    since_us: int
    agent_id: AgentId = NOBODY
    caller: str = ""
    request_no: int = 1
    step: int = 0
    callback: bool = False


@dataclass(slots=True)
class AgentNow:
    """An agent. `since_us`: when the state or its reason began."""

    agent_id: AgentId
    state: AgentState
    reason: str = ""
    since_us: int = 0
    device: str = ""
    call_id: CallId = NO_CALL
    pending: str = ""
    until_us: int = 0
    reachable: bool = True
    idle_groups: tuple[SkillId, ...] = ()
    phone_missing: bool = False
    phone_unheard: bool = False


@dataclass(slots=True)
class QueueNow:
    """What was switched of a queue."""

    queue_id: QueueId
    accepting: bool = True
    reserve_open: bool = False


@dataclass(slots=True)
class RouterNow:
    """All that a view shows of one router, as of one moment of its history. `pbxs`: each Asterisk
    with `up`, `lost` or `gone`; `modes`: those that are on.
    """

    at: AsOf
    agents: list[AgentNow]
    calls: list[CallNow]
    pbxs: dict[PbxId, str]
    queues: list[QueueNow]
    modes: list[str]


class Level(msgspec.Struct, frozen=True):
    """A rate as two integers, and the name of its definition: `count` of `of` within the time."""

    name: str
    within_us: int
    count: int
    of: int

    @property
    def percent(self) -> float | None:
        """0 … 100, or None where nothing has been counted yet: no data is neither 0 nor 100 %."""
        return 100 * self.count / self.of if self.of else None


class QueueRow(msgspec.Struct, frozen=True):
    """One queue at one moment, with the figures of the day.

    `waiting` includes `ringing` and `callbacks`, customers whose place is kept without a channel;
    `longest_wait_us` is of those who are on the line. `offered` are requests (a transfer or
    overflow into the queue is one more), of which `answered`, `abandoned`, `diverted` (out, or to
    another queue), `lost` (an Asterisk died, or its failsafe took the call) and `callbacks_unmet`
    (not reached, or called off: no abandon, C14) have ended. `service_level` is SL-B, answered
    within T of answered and abandoned; `service_level_strict` SL-A, of all that have ended.
    `waiting_since_us` is the first arrival of those on the line, 0 for nobody; agents count for
    each queue whose own need they meet, `agents_ready` only with a phone that can be reached.
    `waiting_elsewhere`: callers for whom an agent is free whose phone is at another Asterisk.
    """

    queue_id: QueueId
    waiting: int
    ringing: int
    talking: int
    longest_wait_us: int
    offered: int
    answered: int
    abandoned: int
    diverted: int
    lost: int
    service_level: Level
    service_level_strict: Level
    accepting: bool = True
    reserve_open: bool = False
    callbacks: int = 0
    callbacks_unmet: int = 0
    waiting_since_us: int = 0
    agents_logged_on: int = 0
    agents_ready: int = 0
    waiting_elsewhere: int = 0


class AgentRow(msgspec.Struct, frozen=True):
    """One agent at one moment. `pending` is what the agent wants when the present work is
    over, `waiting_break` the reason of the break that they stand in line for, at place
    `break_place` (from 1), `idle_groups` the skills that they have and do not serve now.

    `reachable`: some Asterisk can call the phone; `barred` are those that cannot, while others can;
    `phone_missing`: none of them knows it; `phone_unheard`: those that can call it are not heard.
    `gap` is the outcome of the offer after which the phone is spared until `gap_until_us`, "" when
    it is not.
    """

    agent_id: AgentId
    state: AgentState
    reason: str
    since_us: int
    device: str
    call_id: CallId
    pending: str
    until_us: int
    reachable: bool
    idle_groups: tuple[SkillId, ...] = ()
    waiting_break: str = ""
    break_place: int = 0
    last_call: bool = False
    phone_missing: bool = False
    barred: tuple[PbxId, ...] = ()
    gap: str = ""
    gap_until_us: int = 0
    phone_unheard: bool = False


class CallRow(msgspec.Struct, frozen=True):
    """One live call at one moment; `waited_us` since it first reached a queue, until the answer.
    `step`: how far its need has been relaxed, -1 while it waits for its preferred agent.
    """

    call_id: CallId
    queue_id: QueueId
    pbx: PbxId
    stage: CallStage
    waited_us: int
    since_us: int
    agent_id: AgentId
    caller: str
    step: int = 0
    callback: bool = False


class EventRow(msgspec.Struct, frozen=True):
    """One event in a line of a list: CSTA's name, whom it is about, and the word that matters."""

    seq: int
    at_us: int
    type: str
    call_id: str
    queue_id: str
    agent_id: str
    note: str


def event_row(envelope: Envelope) -> EventRow:
    """An event as a row of a list."""
    event = envelope.event
    return EventRow(
        envelope.seq,
        envelope.at_us,
        csta_name(event),
        getattr(event, "call_id", ""),
        getattr(event, "queue_id", ""),
        getattr(event, "agent_id", ""),
        note(msgspec.to_builtins(event)),
    )


def note(data: dict[str, Any]) -> str:
    """The word or two of an event's fields that a reader looks for; "" when the name says all.

    `data` is the event as JSON has it, so that `cti events` shows the same as the live screen.
    """
    words = [str(data[key]) for key in _TELLING if data.get(key)]
    words += [f"step {data['step']}"] if "step" in data else []
    words += [said[not data[key]] for key, said in _SWITCHES.items() if key in data]
    words += [str(data[key]) for key in _LAST if data.get(key)]
    words += [f"→ {data[key]}" for key in ("to_queue", "to_extension", "pending") if data.get(key)]
    words += [f"{label} {data[key] / 1e6:.1f} s" for key, label in _LENGTHS.items() if key in data]
    return " ".join(words)


_TELLING = (
    "command", "subject", "service", "code", "outcome", "cause", "reason", "name", "sound",
)  # fmt: skip
_LAST = ("by", "version")
_SWITCHES = {"on": ("on", "off"), "accepting": ("open", "closed"), "open": ("open", "closed")}
_LENGTHS = {"waited_us": "waited", "rang_us": "rang", "talked_us": "talked"}
