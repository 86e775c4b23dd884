"""The rules of the house as one immutable value, swapped whole by `ApplyConfig`.

Times are microseconds, ratios are pairs of integers. `cti.config` makes this value from TOML and
names path and rule of what is wrong there; `problems()` is the core's own last look.
"""

from collections.abc import Mapping

import msgspec

from routing.ids import AgentId, PbxId, QueueId, SkillId
from routing.words import DataClass as DataClass
from routing.words import Strategy as Strategy

SECOND_US = 1_000_000

MAX_DOUBLINGS = 20
"""A gap of a second has grown to twelve days by then."""


class Step(msgspec.Struct, frozen=True):
    """From `after_us` of waiting on, `need` replaces the queue's need; the place is kept."""

    after_us: int
    need: str


class Overflow(msgspec.Struct, frozen=True):
    """Where a call goes when `cause` happens: another queue, or out to a dialplan extension."""

    cause: str  # queueFull | noAvailableAgents | queueTimeOverflow | calendarOverflow
    to_queue: QueueId = QueueId("")
    to_extension: str = ""


class Reserve(msgspec.Struct, frozen=True):
    """Agents who help out only in need: those who meet `need` are admitted when `open_at` calls
    wait, until no more than `close_at` do.
    """

    need: str
    open_at: int
    close_at: int = 0


class Announcement(msgspec.Struct, frozen=True):
    """What a waiting caller hears after `after_us`, and then every `every_us` (0: once).

    `kind` says what is filled in: nothing (`plain`), the `position`, or the forecast `wait`, which
    is left out while it is unknown.
    """

    sound: str
    after_us: int
    every_us: int = 0
    kind: str = "plain"


class QueueSpec(msgspec.Struct, frozen=True):
    """One waiting line and how it is served. `need` is an expression of `routing.index.needs`.

    Score of a waiting call = priority (queue's + call's + boosts) + `age_points` for each
    `age_every_us` waited, at most `age_cap`, + up to `sl_points` that grow evenly over the last
    `sl_window_us` before the service level is missed and then stay.
    """

    queue_id: QueueId
    need: str = ""
    strategy: Strategy = Strategy.LONGEST_IDLE
    priority: int = 0
    age_points: int = 1  # points of score for each `age_every_us` of waiting
    age_every_us: int = SECOND_US
    age_cap: int = 3600  # the most points that age gives
    ring_timeout_us: int = 15 * SECOND_US
    after_call_work_us: int = 30 * SECOND_US
    max_waiting: int = 10_000
    max_wait_us: int = 0  # 0: for ever
    sticky_us: int = 0  # how long a preferred agent is waited for
    service_level_us: int = 20 * SECOND_US
    sl_points: int = 0
    sl_window_us: int = 10 * SECOND_US
    regain_us: int = 0  # how long a caller who hung up may call again and have the place back
    allocation: tuple[tuple[str, int], ...] = ()  # percent of the calls for each employer
    reserve: Reserve | None = None
    announcements: tuple[Announcement, ...] = ()
    callback_attempts: int = 2
    callback_retry_us: int = 300 * SECOND_US
    steps: tuple[Step, ...] = ()
    overflows: tuple[Overflow, ...] = ()


class AgentSpec(msgspec.Struct, frozen=True):
    """An agent who may sign in: with which phone and skills, and for which employer."""

    agent_id: AgentId
    device: str
    skills: tuple[tuple[SkillId, int], ...] = ()
    employer: str = "own"
    site: str = "main"
    weight: int = 1
    training: bool = False  # a seat that is given practice calls only


class Boost(msgspec.Struct, frozen=True):
    """Calls with this tag get more points; the rule's id stands in every record of them."""

    rule_id: str
    tag: str
    points: int
    queues: tuple[QueueId, ...] = ()  # empty: in all


class BreakCap(msgspec.Struct, frozen=True):
    """At most `limit` agents who have `group` (empty: all) may be not ready for these reasons at
    once; who asks beyond it waits in a line of requests.
    """

    group: SkillId
    reasons: tuple[str, ...]
    limit: int


class Mode(msgspec.Struct, frozen=True):
    """A named emergency overlay: while it is on, these queues are run like this, and these boosts
    are added (GB/T 32315 7.3).
    """

    name: str
    queues: tuple[QueueSpec, ...] = ()
    boosts: tuple[Boost, ...] = ()


class OutcomePolicy(msgspec.Struct, frozen=True):
    """What a failed offer means for the agent: a gap before the next offer, which doubles with each
    further failure in a row up to `gap_max_us` (0: it does not grow), and not ready after so many
    in a row (0: never).
    """

    gap_us: int
    not_ready_after: int = 0
    gap_max_us: int = 0

    def gap_after_us(self, in_a_row: int) -> int:
        """How long the phone is spared after so many failures in a row."""
        doubled = min(in_a_row - 1, MAX_DOUBLINGS)
        return max(self.gap_us, min(self.gap_us << doubled, self.gap_max_us))


class Policies(msgspec.Struct, frozen=True):
    """One policy for each of the four ways a phone can fail.

    By default nobody whose phone takes no calls stays "ready" for long. An agent who does not pick
    up is not there. Three calls rejected in a row, some 15 s apart, are a decision, or a phone set
    to "do not disturb". A phone that is engaged belongs to a person who is at work: it is tried
    less and less often, for some six minutes. A phone that is dead costs each caller the whole time
    of ringing; after the fifth, some two minutes, the agent is ready again when it registers.
    """

    no_answer: OutcomePolicy = OutcomePolicy(gap_us=0, not_ready_after=1)
    busy: OutcomePolicy = OutcomePolicy(5 * SECOND_US, 10, 60 * SECOND_US)
    rejected: OutcomePolicy = OutcomePolicy(5 * SECOND_US, 3, 60 * SECOND_US)
    unreachable: OutcomePolicy = OutcomePolicy(10 * SECOND_US, 5, 60 * SECOND_US)


class Limits(msgspec.Struct, frozen=True):
    """Bounds of everything that could grow."""

    calls: int = 200_000  # ten times the 20,000 waiting that the largest site was sized for
    needs: int = 20_000  # distinct needs alive at once: queues x steps, and what callers bring
    decision_rows: int = 4  # a record is read by people: the first few say why
    deliver_timeout_us: int = 3 * SECOND_US  # Redirect to DialBegin took 5 ms at p99 when measured
    ring_grace_us: int = 2 * SECOND_US  # Asterisk's own ring timer should fire first
    bridge_timeout_us: int = 5 * SECOND_US
    open_work_us: int = 1800 * SECOND_US  # after-call work that an agent asked for and forgot
    telephony_lost_us: int = 600 * SECOND_US  # a link may be cut longer than any sane conversation


class DataField(msgspec.Struct, frozen=True):
    """One thing that may be known about a call: its name, who may see it, and its longest value in
    bytes of UTF-8 (`routing.data`).
    """

    name: str
    protection: DataClass = DataClass.PERSONAL
    max_bytes: int = 64


DEFAULT_REASONS = (
    "loggedOn",
    "break",
    "meal",
    "meeting",
    "coaching",
    "training",
    "fault",
    "forced",
    "ringNoAnswer",
    "busy",
    "rejected",
    "unreachable",
    "endOfShift",
)


class RoutingConfig(msgspec.Struct, frozen=True):
    """Everything the core goes by."""

    version: int = 1
    queues: tuple[QueueSpec, ...] = ()
    agents: tuple[AgentSpec, ...] = ()
    pbxs: tuple[PbxId, ...] = ()
    reasons: tuple[str, ...] = DEFAULT_REASONS
    boosts: tuple[Boost, ...] = ()
    break_caps: tuple[BreakCap, ...] = ()
    modes: tuple[Mode, ...] = ()
    policies: Policies = Policies()
    limits: Limits = Limits()
    call_data: tuple[DataField, ...] = ()


def overlaid(base: RoutingConfig, modes: Mapping[str, bool]) -> RoutingConfig:
    """The base with the modes that are on (the keys of `modes`) laid over it."""
    queues = {spec.queue_id: spec for spec in base.queues}
    boosts = base.boosts
    for mode in base.modes:
        if mode.name in modes:
            queues.update({spec.queue_id: spec for spec in mode.queues})
            boosts += mode.boosts
    return msgspec.structs.replace(base, queues=tuple(queues.values()), boosts=boosts)
