"""What the control socket answers, as values: the JSON is made from these and nothing else. What is
wrong is answered with a `cti.routes.problem.Problem`.

Fields are only ever added. Times are microseconds since 1970 UTC, lengths microseconds.
"""

import msgspec

from cti.routes.problem import FieldError
from cti.view import AgentRow, CallRow, EventRow, QueueRow
from cti.watch.check import Check
from routing.config import RoutingConfig


class Health(msgspec.Struct, frozen=True):
    """`ok` when every check is."""

    ok: bool
    checks: tuple[Check, ...]


class Status(msgspec.Struct, frozen=True):
    """Everything the live screen shows, in one answer. Figures are those of the present day.

    After a start the day is read from the record: until then `counting_to_us` says how far that has
    come, 0 when all is counted. `events_missing` could not be had; the figures are without them.
    """

    node: str
    site: str
    epoch: int
    seq: int
    now_us: int
    started_us: int
    counting_since_us: int
    config_version: int
    live_calls: int
    calls_per_second: float
    ok: bool
    failing: tuple[Check, ...]
    invariant_breaches: int
    telephony: dict[str, str]
    agent_states: dict[str, int]
    not_ready_reasons: dict[str, int]
    queues: list[QueueRow]
    last_events: list[EventRow]
    modes: dict[str, bool] = {}
    breaks_waiting: int = 0
    counting_to_us: int = 0
    events_missing: int = 0


class Queues(msgspec.Struct, frozen=True):
    """`GET /v1/queues`; `counting_to_us` and `events_missing` as in `Status`."""

    now_us: int
    counting_since_us: int
    queues: list[QueueRow]
    counting_to_us: int = 0
    events_missing: int = 0


class Agents(msgspec.Struct, frozen=True):
    """`GET /v1/agents`."""

    now_us: int
    agents: list[AgentRow]


class Calls(msgspec.Struct, frozen=True):
    """`GET /v1/calls`: the first to have come; `total` says how many there are."""

    now_us: int
    total: int
    calls: list[CallRow]


class AgentChanged(msgspec.Struct, frozen=True):
    """The agent after the command. `changed` is false when all was so already."""

    changed: bool
    agent: AgentRow | None


class QueueChanged(msgspec.Struct, frozen=True):
    """The queue after the command."""

    changed: bool
    queue: QueueRow | None


class ModeSwitched(msgspec.Struct, frozen=True):
    """Every mode of the configuration after the command, and whether it is on."""

    changed: bool
    modes: dict[str, bool]


class ActionRow(msgspec.Struct, frozen=True):
    """A service (CSTA's name), whether it would be taken now, and else the core's code and why."""

    service: str
    allowed: bool
    code: str = ""
    why: str = ""


class Actions(msgspec.Struct, frozen=True):
    """What may be asked on behalf of an agent now. `call_id` is the customer's call that the agent
    has part in, "" for none.
    """

    now_us: int
    agent_id: str
    call_id: str
    actions: list[ActionRow]


class CallChanged(msgspec.Struct, frozen=True):
    """The call and the agent when Asterisk has done what was ordered; None for what is over."""

    call: CallRow | None
    agent: AgentRow | None


class Story(msgspec.Struct, frozen=True):
    """What became of one call and why, a line each, and how it stands `now` (nothing when it is
    over). `events` were read for it; `whole` is false when there are more, or some that could not
    be read. `arrived_us` is 0 when it is not known; the number of the caller is masked.
    """

    call_id: str
    lang: str
    events: int
    whole: bool
    lines: list[str]
    now: list[str] = []
    arrived_us: int = 0
    caller: str = ""
    queue_id: str = ""


class CallData(msgspec.Struct, frozen=True):
    """Who calls and what is known about the call, each value whole under its class."""

    call_id: str
    caller: str
    caller_name: str
    public: dict[str, str]
    personal: dict[str, str]
    secret: dict[str, str]


class Events(msgspec.Struct, frozen=True):
    """A page of the event log: CloudEvents as on the bus. Go on from `last` until it is `head`."""

    after: int
    last: int
    head: int
    events: list[msgspec.Raw]


class Invariants(msgspec.Struct, frozen=True):
    """How often each rule that always holds was found broken."""

    ok: bool
    breaches: dict[str, int]


class ConfigShown(msgspec.Struct, frozen=True):
    """`GET /v1/config`: what was applied last, in the core's units. While a mode is on, it is laid
    over this. `previous_version` is where a rollback leads, 0 for nowhere.
    """

    version: int
    previous_version: int
    site: str
    modes: dict[str, bool]
    config: RoutingConfig


class ConfigChange(msgspec.Struct, frozen=True):
    """What staging, applying or rolling back changes. `id` names this very step: who applies with
    it gets what was staged, or a refusal. `changes` is a word for each queue and agent, `details`
    each field; `needs_restart` has no effect yet; `hindrances` say why the core would refuse it.
    """

    applied: bool
    id: str
    version: int
    changes: tuple[str, ...]
    details: tuple[str, ...]
    needs_restart: tuple[str, ...]
    hindrances: tuple[str, ...]
    warnings: tuple[FieldError, ...]
