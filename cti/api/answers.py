"""What the control socket answers, as values: the JSON is made from these and nothing else.

Fields are only ever added. Times are microseconds since 1970 UTC, lengths microseconds.
"""

import msgspec

from cti.view import AgentRow, CallRow, EventRow, QueueRow


class Check(msgspec.Struct, frozen=True):
    """One thing that must be well: an Asterisk, the journal, the broker."""

    name: str
    ok: bool
    detail: str = ""


class Health(msgspec.Struct, frozen=True):
    """`ok` when every check is."""

    ok: bool
    checks: tuple[Check, ...]


class Status(msgspec.Struct, frozen=True):
    """Everything the live screen shows, in one answer. Figures are those of the present day."""

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


class Queues(msgspec.Struct, frozen=True):
    """`GET /v1/queues`."""

    now_us: int
    counting_since_us: int
    queues: list[QueueRow]


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


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    rule: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457, section 3.1, with two members of our own: `errors` and `code`."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    code: str = ""
    subject: str = ""
