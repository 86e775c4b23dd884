"""Time, Asterisk and the configuration: what concerns many calls and agents at once."""

from typing import TYPE_CHECKING

from routing.agent import Agent, AgentStatus
from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import (
    ApplyConfig,
    DeadlinesReached,
    TelephonyGone,
    TelephonyLost,
    TelephonyRestored,
)
from routing.config import RoutingConfig
from routing.config_check import changes, problems
from routing.deadlines import DeadlineKind
from routing.events import ConfigApplied, TelephonyChanged
from routing.ids import AgentId, CallId, OfferId, PbxId
from routing.machine import advance
from routing.matching import enter_pool, leave_pool, offer_to_best_agent
from routing.needs import text_of
from routing.on_agents import gap_over, work_done
from routing.on_calls import lose_call, wait_deadline
from routing.on_offers import offer_deadline, restore_deadline
from routing.queue import Queue
from routing.refusals import Refusal
from routing.selection import score

if TYPE_CHECKING:
    from routing.engine import RoutingEngine


def deadlines_reached(core: "RoutingEngine", command: DeadlinesReached) -> None:
    """Everything that is due by now happens, in the order in which it is due."""
    del command
    while (due := core.deadlines.pop_due(core.now_us)) is not None:
        kind, subject = due
        match kind:
            case DeadlineKind.CALL:
                wait_deadline(core, core.calls[CallId(str(subject))])
            case DeadlineKind.OFFER:
                offer_deadline(core, core.offers[OfferId(int(subject))])
            case DeadlineKind.WORK:
                work_done(core, core.agents[AgentId(str(subject))])
            case DeadlineKind.GAP:
                gap_over(core, core.agents[AgentId(str(subject))])
            case DeadlineKind.PBX:
                _gone(core, PbxId(str(subject)))


# --- Asterisk -----------------------------------------------------------------------------------


def telephony_lost(core: "RoutingEngine", command: TelephonyLost) -> None:
    """We do not hear this Asterisk: its waiting calls are offered to nobody, its offers are not
    timed, until it is back or has been away for too long.
    """
    pbx = command.pbx
    if pbx in core.pbx_lost:
        return
    _lose_sight(core, pbx)
    core.deadlines.set(DeadlineKind.PBX, pbx, core.now_us + core.config.limits.telephony_lost_us)
    core.emit(TelephonyChanged(pbx, "lost"))


def _lose_sight(core: "RoutingEngine", pbx: PbxId) -> None:
    core.pbx_lost[pbx] = "lost"
    for call in _calls_of(core, pbx):
        if call.state is CallState.WAITING:
            leave_pool(core, call)
            call.state = advance(CALL_TABLE, call.state, CallTrigger.LOSE_SIGHT)
        elif call.state is CallState.OFFERED:
            core.deadlines.cancel(DeadlineKind.OFFER, call.offer_id)


def telephony_restored(core: "RoutingEngine", command: TelephonyRestored) -> None:
    """We hear it again, and what changed meanwhile has been told."""
    pbx = command.pbx
    if pbx not in core.pbx_lost:
        return
    del core.pbx_lost[pbx]
    core.deadlines.cancel(DeadlineKind.PBX, pbx)
    core.emit(TelephonyChanged(pbx, "up"))
    back: list[Call] = []
    for call in _calls_of(core, pbx):
        if call.state is CallState.OUT_OF_SIGHT:
            back.append(call)
        elif call.state is CallState.OFFERED:
            restore_deadline(core, core.offers[call.offer_id])
    for call in back:
        enter_pool(core, call)
    match_in_order(core, back, "telephonyRestored")


def telephony_gone(core: "RoutingEngine", command: TelephonyGone) -> None:
    """It has died, and its channels with it."""
    _gone(core, command.pbx)


def _gone(core: "RoutingEngine", pbx: PbxId) -> None:
    if core.pbx_lost.get(pbx) == "gone":
        return
    if pbx not in core.pbx_lost:
        _lose_sight(core, pbx)
    core.pbx_lost[pbx] = "gone"
    core.deadlines.cancel(DeadlineKind.PBX, pbx)
    core.emit(TelephonyChanged(pbx, "gone"))
    for call in _calls_of(core, pbx):
        lose_call(core, call)


def _calls_of(core: "RoutingEngine", pbx: PbxId) -> list[Call]:
    return [call for call in core.calls.values() if call.pbx == pbx]


def match_in_order(core: "RoutingEngine", calls: list[Call], trigger: str) -> None:
    """Several calls came into line at once: the one with the highest score chooses first."""
    ranked = []
    for call in calls:
        if call.band is not None:
            points = score(call.band, call.first_queued_us, core.now_us)
            ranked.append((-points, call.first_queued_us, call.number, call))
    for *_, call in sorted(ranked):
        offer_to_best_agent(core, call, trigger)


# --- configuration ------------------------------------------------------------------------------


def install(core: "RoutingEngine", config: RoutingConfig) -> None:
    """The first configuration of a new engine; ValueError when it is wrong."""
    wrong = problems(config)
    if wrong:
        raise ValueError("; ".join(wrong))
    core.config = config
    for spec in config.queues:
        core.queues[spec.queue_id] = Queue(spec)
    for agent_spec in config.agents:
        core.agents[agent_spec.agent_id] = Agent(agent_spec.agent_id, agent_spec)
    pin_pools(core)


def pin_pools(core: "RoutingEngine") -> None:
    """Make the pools of all queues' needs, and keep them."""
    for queue in core.queues.values():
        strategy = queue.spec.strategy
        queue.pools = [core.pools.pool(text_of(n), n, strategy) for n in queue.needs]
        for pool in queue.pools:
            core.pools.pin(pool)


def apply_config(core: "RoutingEngine", command: ApplyConfig) -> None:
    """Swap the configuration whole. What the difference does not name goes on as it is."""
    config = command.config
    if problems(config) or _orphans(core, config):
        core.refuse(command, str(config.version), Refusal.BAD_CONFIG)
        return
    said = changes(core.config, config)
    core.config = config
    moved = _swap_agents(core, config)
    waiting = [call for call in core.calls.values() if call.band is not None]
    for call in waiting:
        leave_pool(core, call)
    _swap_queues(core, config)
    for agent in moved:
        core.pools.sign_in(agent)
    core.emit(ConfigApplied(config.version, said))
    for call in waiting:
        enter_pool(core, call)
    for agent in moved:
        if agent.is_offerable:
            core.pools.enter_ready(agent)
    match_in_order(core, waiting, "configApplied")


def _orphans(core: "RoutingEngine", config: RoutingConfig) -> bool:
    """Would a live call or a signed-in agent lose its queue or its place?"""
    queues = {spec.queue_id for spec in config.queues}
    agents = {spec.agent_id for spec in config.agents}
    return any(call.queue_id not in queues for call in core.calls.values()) or any(
        agent.status is not AgentStatus.LOGGED_OFF and agent.agent_id not in agents
        for agent in core.agents.values()
    )


def _swap_agents(core: "RoutingEngine", config: RoutingConfig) -> list[Agent]:
    """Take over the agents' specifications; those whose skills changed leave all pools and are
    returned, in the order in which they signed in.
    """
    kept = {}
    moved = []
    for spec in config.agents:
        agent = core.agents.get(spec.agent_id) or Agent(spec.agent_id, spec)
        kept[spec.agent_id] = agent
        if agent.spec == spec:
            continue
        agent.spec = spec
        if agent.status is not AgentStatus.LOGGED_OFF:
            core.pools.sign_out(agent)
            agent.skills = dict(spec.skills)
            moved.append(agent)
    core.agents.clear()
    core.agents.update(kept)
    return sorted(moved, key=lambda agent: agent.logon_no)


def _swap_queues(core: "RoutingEngine", config: RoutingConfig) -> None:
    core.pools.unpin_all()
    old = dict(core.queues)
    core.queues.clear()
    for spec in config.queues:
        queue = old.get(spec.queue_id)
        if queue is None:
            queue = Queue(spec)
        else:
            queue.use(spec)
        core.queues[spec.queue_id] = queue
    pin_pools(core)
