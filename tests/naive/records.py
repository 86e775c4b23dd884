"""What the naive engine remembers: plain records in plain lists."""

from dataclasses import dataclass, field

from routing.commands import RequestedState
from routing.config import AgentSpec, Boost, RoutingConfig
from routing.transfers.messages import TransferKind, TransferPolicy
from tests.naive.forecast import UNKNOWN, Past


@dataclass
class Call:
    """One contact, or a consultation on its behalf.

    `state`: waiting, offered, talking, held or released; "entering" while it is told where to.
    """

    call_id: str
    number: int
    queue_id: str
    pbx: str
    priority: int
    needs: str
    first_queued_us: int
    caller: str
    preferred: str
    tags: tuple[str, ...] = ()
    training: bool = False
    boosts: list[Boost] = field(default_factory=list)
    hops: int = 0
    callback: str = ""  # the number to dial when an agent is reserved
    attempts: int = 0
    paused: bool = False  # between two attempts to call back
    planned_us: int = 0  # the wait at which something changes next
    state: str = "waiting"
    step_need: str = ""  # the queue's side of the present need
    step_no: int = 0
    sticky: bool = False  # still waiting for the preferred agent
    request_no: int = 1
    foretold: tuple[int, int] = UNKNOWN  # (P50, P90) at arrival, until it is judged
    requests: int = 1  # how many numbers were given out
    asked_us: int = 0  # when the present request began
    transfer_id: int = 0  # the live transfer that it has part in
    consult_for: str = ""  # of a consultation: the customer's call
    wanted: str = ""  # the one agent who will do
    agent_id: str = ""
    offer_id: int = 0
    waited_us: int = 0
    established_us: int = 0
    held_since_us: int = 0
    held_us: int = 0
    talked_us: int = 0
    leg_id: str = ""  # another channel than the one that the id names
    agent_leg: str = ""
    released_by: str = ""
    cause: int = 0
    caller_name: str = ""
    data: dict[str, str] = field(default_factory=dict)

    @property
    def in_line(self) -> bool:
        return self.state == "waiting"

    @property
    def connected(self) -> bool:
        return self.state in {"talking", "held"}

    def ends_by(self, by: str) -> None:
        """Whom the end of the call is put down to: whoever ended the last conversation, unless that
        one had sent the customer on, who then hung up.
        """
        sent_on = by == "caller" and self.released_by in {"transfer", "other"}
        said = self.connected or (self.state == "released" and not sent_on)
        if not said or not self.released_by:
            self.released_by = by


@dataclass
class Transfer:
    """One attempt to hand a customer on; `state`: see `routing.transfers.transfer`."""

    transfer_id: int
    call_id: str
    consult_id: str  # the customer's own call when there is no second one
    sender: str
    kind: TransferKind
    policy: TransferPolicy
    state: str = "seeking"
    until_us: int = 0


@dataclass
class Offer:
    """One attempt. `state`: made, ringing or answered."""

    offer_id: int
    call_id: str
    agent_id: str
    queue_id: str
    made_us: int
    ringing_us: int = 0
    state: str = "made"
    leg_id: str = ""


@dataclass
class OwnCall:
    """A channel of a phone that is of no call of ours."""

    leg_id: str
    pbx: str
    began_us: int
    answered_us: int = 0


@dataclass
class Wish:
    """What an agent asked for while it could not be had: a state, or to be signed out."""

    state: RequestedState | None  # None: sign out
    reason: str = ""
    by: str = ""


@dataclass
class Agent:
    """A signed-on agent.

    `status`: notReady or ready; `work`: idle, reserved, busy or afterCallWork.
    """

    spec: AgentSpec
    device: str
    logon_no: int
    logged_on_us: int
    status: str = "notReady"
    reason: str = "loggedOn"
    work: str = "idle"
    pending: Wish | None = None
    call_id: str = ""
    offer_id: int = 0
    unused: list[str] = field(default_factory=list)  # groups out of use
    last_call: bool = False
    gap_until_us: int = 0
    gap_cause: str = ""
    until_us: int = 0  # planned end of after-call work
    failures: dict[str, int] = field(default_factory=dict)  # in a row, by outcome
    # figures for the strategies
    idle_since_us: int = 0
    calls: int = 0
    offers: int = 0
    last_offer: int = 0
    worked_us: int = 0  # busy and after-call work
    work_since_us: int = 0
    occupancy: int = 0  # millionths, measured when the agent last became idle
    # what the world was last told
    shown: str = "null"
    shown_as: tuple = ()
    shown_since_us: int = 0

    @property
    def agent_id(self) -> str:
        return self.spec.agent_id

    @property
    def skills(self) -> dict[str, int]:
        """Those of the agent's skills that are in use."""
        return {skill: level for skill, level in self.spec.skills if skill not in self.unused}


@dataclass
class Deadline:
    """`what` happens to `subject` at `due_us`; `number` says which was set first."""

    due_us: int
    number: int
    what: str
    subject: str | int


@dataclass
class World:
    """Everything there is."""

    config: RoutingConfig  # in force: the base with the modes that are on laid over it
    base: RoutingConfig
    previous: RoutingConfig | None = None
    modes: list[str] = field(default_factory=list)  # those that are on
    now_us: int = 0
    calls: list[Call] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each phone, what each Asterisk has said; "" stands for those that have not."""
    own: dict[str, list[OwnCall]] = field(default_factory=dict)  # by phone
    lost: list[str] = field(default_factory=list)  # Asterisks that we do not hear …
    gone: list[str] = field(default_factory=list)  # … and those of them that have died
    closed: list[str] = field(default_factory=list)  # queues that take nobody new
    reserves: list[str] = field(default_factory=list)  # queues whose reserve is open
    given: dict[tuple[str, str], int] = field(default_factory=dict)  # offers by queue and employer
    past: dict[str, Past] = field(default_factory=dict)  # of each queue
    dropped: list[tuple[str, str, int, int]] = field(default_factory=list)
    """Who hung up: queue, caller, first-queue time, until when it may be had back."""
    breaks: list[tuple[str, str]] = field(default_factory=list)  # who waits for one, and why
    numbers: dict[str, int] = field(default_factory=dict)

    def past_of(self, queue_id: str) -> Past:
        return self.past.setdefault(queue_id, Past())

    def next_number(self, what: str) -> int:
        self.numbers[what] = self.numbers.get(what, 0) + 1
        return self.numbers[what]

    def call(self, call_id: str) -> Call | None:
        return next((c for c in self.calls if c.call_id == call_id), None)

    def offer(self, offer_id: int) -> Offer | None:
        return next((o for o in self.offers if o.offer_id == offer_id), None)

    def transfer(self, transfer_id: int) -> Transfer | None:
        return next((t for t in self.transfers if t.transfer_id == transfer_id), None)

    def agent(self, agent_id: str) -> Agent | None:
        return next((a for a in self.agents if a.agent_id == agent_id), None)

    def queue(self, queue_id: str):
        return next((q for q in self.config.queues if q.queue_id == queue_id), None)

    def spec(self, agent_id: str) -> AgentSpec | None:
        return next((a for a in self.config.agents if a.agent_id == agent_id), None)

    def phone_of(self, agent_id: str) -> str:
        """Where the agent sits, else the configured one."""
        agent = self.agent(agent_id)
        return agent.device if agent else self.spec(agent_id).device

    def owners(self, device: str) -> list[str]:
        """Whose phone it is."""
        everybody = [spec.agent_id for spec in self.config.agents]
        return sorted(each for each in everybody if self.phone_of(each) == device)

    def phone(self, device: str) -> str:
        """How it is with a phone, wherever it is called from: reachable, unreachable, missing,
        or unheard where those that can call it are not heard.
        """
        said = self.said.get(device, {})
        words = list(said.values()) or ["reachable"]
        if "" not in said and any(pbx not in said for pbx in self.config.pbxs):
            words.append("reachable")  # one has said nothing
        best = ("reachable", "unreachable", "missing")
        found = min(words, key=best.index)
        if found == "reachable" and self.config.pbxs:
            everywhere = [*self.config.pbxs, *(pbx for pbx in said if pbx)]
            otherwise = said.get("", "reachable")
            can = [pbx for pbx in everywhere if said.get(pbx, otherwise) == "reachable"]
            if all(pbx in self.lost for pbx in can):
                return "unheard"
        return found

    def can_call(self, pbx: str, device: str) -> bool:
        """Can this Asterisk call it, as far as is known?"""
        words = self.said.get(device, {})
        return self.phone(device) == "reachable" and words.get(pbx, "reachable") == "reachable"

    def set_deadline(self, what: str, subject: str | int, due_us: int) -> None:
        self.drop_deadline(what, subject)
        number = self.next_number("deadline")
        self.deadlines.append(Deadline(due_us, number, what, subject))

    def drop_deadline(self, what: str, subject: str | int) -> None:
        self.deadlines = [d for d in self.deadlines if (d.what, d.subject) != (what, subject)]

    def first_deadline(self) -> Deadline | None:
        return min(self.deadlines, key=lambda d: (d.due_us, d.number), default=None)
