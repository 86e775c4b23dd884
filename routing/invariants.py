"""Every rule that spans two structures, checked against a full scan.

`check` walks over everything: after every command in tests and simulation, now and then in
production. A breach is a bug of ours; each has a stable name that becomes a counter.
"""

from collections.abc import Iterator

import msgspec

from routing.agent import Agent, AgentStatus, AgentWork, shown_state
from routing.call import Call, CallState
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.index.places import present_need
from routing.index.pool import TOGETHER, Band, Pool
from routing.index.predicates import is_met
from routing.offer import Offer
from routing.phone import Phone
from routing.transfers.invariants import owner_breaches, transfer_breaches
from routing.verbs.breaks import counted_break
from routing.verbs.waiting import is_in_sight, next_change_us

NAMES = (
    "one_offer_per_agent", "one_offer_per_call", "only_ready_agents", "deadline_for_every_wait",
    "no_ready_agent_beside_a_waiting_call", "call_belongs_to_its_agent", "line_index",
    "ready_index", "break_index", "devices", "phones", "calls_balance", "state_times_add_up",
    "shown_state", "customer_has_an_owner", "transfer_and_its_calls",
)  # fmt: skip


class Breach(msgspec.Struct, frozen=True):
    """One rule that does not hold, and where."""

    invariant: str
    detail: str


def check(core: Core) -> list[Breach]:
    """All breaches; an empty list is what everyone wants."""
    found: list[Breach] = []
    for offer in core.offers.values():
        found += (Breach(*pair) for pair in _offer(core, offer))
    for agent in core.agents.values():
        found += (Breach(*pair) for pair in _agent(core, agent))
    for call in core.calls.values():
        found += (Breach(*pair) for pair in _call(core, call))
    for transfer in core.transfers.values():
        found += (Breach(*pair) for pair in transfer_breaches(core, transfer))
    found += (Breach(*pair) for pair in owner_breaches(core))
    found += (Breach(*pair) for pair in _waits(core))
    found += (Breach(*pair) for pair in _indexes(core))
    found += (Breach(*pair) for pair in _breaks(core))
    found += (Breach(*pair) for pair in _books(core))
    found += (Breach(*pair) for pair in _phones(core))
    return found


def _offer(core: Core, offer: Offer) -> Iterator[tuple[str, str]]:
    call, agent = core.calls.get(offer.call_id), core.agents[offer.agent_id]
    where = f"offer {offer.offer_id}"
    if call is None or call.offer_id != offer.offer_id or call.state is not CallState.OFFERED:
        yield "one_offer_per_call", where
    if agent.offer_id != offer.offer_id or agent.work is not AgentWork.RESERVED:
        yield "one_offer_per_agent", where
    timed = core.deadlines.due_us(DeadlineKind.OFFER, offer.offer_id)
    if not timed and (call is None or call.pbx not in core.pbx_lost):
        yield "deadline_for_every_wait", where


def _agent(core: Core, agent: Agent) -> Iterator[tuple[str, str]]:
    where = f"agent {agent.agent_id}"
    if agent.work is AgentWork.RESERVED and agent.offer_id not in core.offers:
        yield "one_offer_per_agent", f"{where} is reserved for nothing"
    if agent.work is AgentWork.RESERVED and agent.status is not AgentStatus.READY:
        yield "only_ready_agents", where
    if agent.work is AgentWork.BUSY and agent.status is AgentStatus.LOGGED_OFF:
        yield "only_ready_agents", where  # who is not ready may pick up, who is not there may not
    if agent.status is not AgentStatus.LOGGED_OFF and agent.shown is not shown_state(agent):
        yield "shown_state", f"{where} is shown {agent.shown}"
    if agent.work is AgentWork.BUSY:
        call = core.calls.get(agent.call_id)
        if call is None or call.agent_id != agent.agent_id:
            yield "call_belongs_to_its_agent", where
    if agent.work is AgentWork.AFTER_CALL_WORK and not core.deadlines.due_us(
        DeadlineKind.WORK, agent.agent_id
    ):
        yield "deadline_for_every_wait", where
    if (agent.gap_until_us != 0) != (core.deadlines.due_us(DeadlineKind.GAP, agent.agent_id) != 0):
        yield "deadline_for_every_wait", f"{where} gap"
    signed_in = agent.status is not AgentStatus.LOGGED_OFF
    if signed_in != (core.devices.get(agent.device) == agent.agent_id):
        yield "devices", where
    yield from _phone_of(core, agent)


def _phone_of(core: Core, agent: Agent) -> Iterator[tuple[str, str]]:
    """The agent has the phone that they sit at, or else the configured one, and it knows."""
    phone = agent.phone
    if phone is not core.phones.get(agent.device or agent.spec.device):
        yield "phones", f"agent {agent.agent_id}"
    elif agent.agent_id not in phone.agents:
        yield "phones", f"{phone.device} is not that of {agent.agent_id}"


def _phones(core: Core) -> Iterator[tuple[str, str]]:
    """Each is somebody's, and what follows from what was said of it is kept beside it."""
    for device, phone in core.phones.items():
        if not phone.agents or any(core.agents[name].phone is not phone for name in phone.agents):
            yield "phones", f"{device} is nobody's"
        fresh = Phone(device)
        fresh.hear(phone.said, core.config.pbxs, core.pbx_lost)
        if (fresh.state, fresh.barred) != (phone.state, phone.barred):
            yield "phones", f"{device} is said to be {phone.state}"


def _call(core: Core, call: Call) -> Iterator[tuple[str, str]]:
    where = f"call {call.call_id}"
    if call.first_queued_us > core.now_us:
        yield "line_index", f"{where} comes from the future"
    if (call.state is CallState.WAITING) != (call.band is not None):
        yield "line_index", where
    if call.state is CallState.OFFERED and call.offer_id not in core.offers:
        yield "one_offer_per_call", f"{where} is offered to nobody"
    if call.state in (CallState.TALKING, CallState.HELD):
        agent = core.agents.get(call.agent_id)
        if agent is None or agent.call_id != call.call_id or agent.work is not AgentWork.BUSY:
            yield "call_belongs_to_its_agent", where
    if call.state is CallState.OUT_OF_SIGHT and is_in_sight(core, call):
        yield "line_index", f"{where} is out of sight of an Asterisk that we hear"
    transfer = core.transfers.get(call.transfer_id)
    if transfer is None:
        if call.transfer_id or call.consult_for or call.wanted:
            yield "transfer_and_its_calls", f"{where} has part in none"
    elif call.call_id not in (transfer.call_id, transfer.consult_id):
        yield "transfer_and_its_calls", f"{where} has no part in it"


def _waits(core: Core) -> Iterator[tuple[str, str]]:
    """A call or an Asterisk that waits has a deadline, too."""
    due_us = core.deadlines.due_us
    for call in core.calls.values():
        where = f"call {call.call_id}"
        if call.state is CallState.WAITING:
            change_us = next_change_us(core, call)
            if change_us is not None and not due_us(DeadlineKind.CALL, call.call_id):
                yield "deadline_for_every_wait", where
        if call.paused_until_us != due_us(DeadlineKind.CALLBACK, call.call_id):
            yield "deadline_for_every_wait", f"{where} call-back"
    for pbx, state in core.pbx_lost.items():
        if (state == "lost") != (due_us(DeadlineKind.PBX, pbx) != 0):
            yield "deadline_for_every_wait", f"pbx {pbx}"


def _breaks(core: Core) -> Iterator[tuple[str, str]]:
    """Who counts against a cap, and that only who is signed in waits for a break."""
    for agent in core.agents.values():
        if core.on_break.get(agent.agent_id, "") != counted_break(core, agent):
            yield "break_index", f"agent {agent.agent_id}"
        if agent.agent_id in core.breaks and agent.status is AgentStatus.LOGGED_OFF:
            yield "break_index", f"agent {agent.agent_id} waits"
    if any(agent_id not in core.agents for agent_id in (*core.on_break, *core.breaks)):
        yield "break_index", "of somebody unknown"


def _indexes(core: Core) -> Iterator[tuple[str, str]]:
    """Each index holds what a full scan gives."""
    agents = [a for a in core.agents.values() if a.status is not AgentStatus.LOGGED_OFF]
    ready = [a for a in agents if a.is_offerable]
    for agent in core.agents.values():
        if (agent.entries is not None) != (agent in ready):
            yield "ready_index", f"agent {agent.agent_id}"
    for pool in core.pools.pools.values():
        yield from _pool(pool, agents, ready)
    for queue in core.queues.values():
        calls = [c for c in core.calls.values() if c.band is not None and c.band in queue.bands]
        if queue.waiting != len(calls) or sum(len(band) for band in queue.bands) != len(calls):
            yield "line_index", f"queue {queue.queue_id} counts {queue.waiting} of {len(calls)}"
        if not all(queue.bands):
            yield "line_index", f"queue {queue.queue_id} keeps an empty band"
    for call in core.calls.values():
        if isinstance(call.band, Band):
            yield from _in_line(core, call, call.band, ready)


def _in_line(core: Core, call: Call, band: Band, ready: list[Agent]) -> Iterator[tuple[str, str]]:
    """Nobody stands ready who could be given this waiting call."""
    if band not in band.pool.bands:
        yield "line_index", f"call {call.call_id}"
    need = present_need(call, core.queues[call.queue_id])
    for agent in ready:
        if agent.spec.training is not call.training or call.pbx in agent.phone.barred:
            continue
        if is_met(need, agent.agent_id, agent.skills):
            where = f"agent {agent.agent_id} beside call {call.call_id}"
            yield "no_ready_agent_beside_a_waiting_call", where


def _pool(pool: Pool, agents: list[Agent], ready: list[Agent]) -> Iterator[tuple[str, str]]:
    where = f"pool {pool.key}"
    seats = [agent for agent in agents if agent.spec.training is pool.training]
    fits = {a.agent_id for a in seats if is_met(pool.need, a.agent_id, a.skills)}
    free = {a.agent_id for a in ready} & fits
    if fits != set(pool.members):
        yield "ready_index", f"{where} members"
    lines = [(TOGETHER, pool.ready), *pool.apart.items()]
    stands = [(key, entry[3]) for key, line in lines for entry in line]
    if len(stands) != len(free) or {agent.agent_id for _, agent in stands} != free:
        yield "ready_index", where
    if not all(pool.apart.values()):
        yield "ready_index", f"{where} keeps an empty line"
    for (employer, barred), agent in stands:
        apart = agent.spec.employer if pool.splits else ""
        if (employer, barred) != (apart, agent.phone.barred):
            yield "ready_index", f"{where} has {agent.agent_id} in another's line"
    for band in pool.bands:
        line = list(band)
        if not line or line[0] != (band.head_us, band.head_no, band.head):
            yield "line_index", f"{where} head"
        elif line[-1][0] > band.newest_us:
            yield "line_index", f"{where} newest"
        if any(item[2].pbx != band.pbx for item in line):
            yield "line_index", f"{where} pbx"
        if not pool.pinned and pool.ready_for(band.pbx):
            yield "no_ready_agent_beside_a_waiting_call", where


def _books(core: Core) -> Iterator[tuple[str, str]]:
    """Calls taken in = calls that ended + live calls; state times = signed-in time, exactly.

    Consultations are not in the books: they are nobody's contact.
    """
    ended = sum(core.outcomes.values())
    live = sum(not call.consult_for for call in core.calls.values())
    if core.arrived != ended + live:
        yield "calls_balance", f"{core.arrived} in, {ended} ended, {live} live"
    for agent in core.agents.values():
        if agent.status is AgentStatus.LOGGED_OFF:
            continue
        told_us = sum(agent.state_us.values()) + core.now_us - agent.shown_since_us
        if told_us != core.now_us - agent.logged_on_us:
            yield "state_times_add_up", f"agent {agent.agent_id}"
