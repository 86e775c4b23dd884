"""The configuration in force: installed, swapped, rolled back, overlaid by emergency modes.

`core.base` is what was applied, `core.config` what is in force: the base with every mode that is on
laid over it, in the order of the configuration. A swap re-files the waiting calls (each keeps its
place) and the agents whose skills changed; nothing else is touched.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from routing.agent import Agent, AgentStatus
from routing.breaks import note_break
from routing.commands import ApplyConfig, Command, RollbackConfig, SetMode
from routing.config import RoutingConfig
from routing.config_check import changes, problems
from routing.events import ConfigApplied, ModeChanged
from routing.handlers.on_groups import skills_in_use
from routing.index.places import pin_pools_of
from routing.index.selection import apply_boosts
from routing.lines import nobody_left
from routing.matching import enter_pool, leave_pool, match_after
from routing.queue import Queue
from routing.refusals import Refusal

if TYPE_CHECKING:
    from routing.engine import RoutingEngine


def install(core: "RoutingEngine", config: RoutingConfig) -> None:
    """The first configuration of a new engine; ValueError when it is wrong."""
    wrong = problems(config)
    if wrong:
        raise ValueError("; ".join(wrong))
    core.base = config
    core.go_by(config)
    for spec in config.queues:
        core.queues[spec.queue_id] = Queue(spec)
    for agent_spec in config.agents:
        core.agents[agent_spec.agent_id] = Agent(agent_spec.agent_id, agent_spec)
    for queue in core.queues.values():
        pin_pools_of(core, queue)


def apply_config(core: "RoutingEngine", command: ApplyConfig) -> None:
    """Swap the configuration whole. What the difference does not name goes on as it is."""
    if _refuses(core, command, command.config):
        return
    core.previous = core.base
    _change_base(core, command.config)


def rollback_config(core: "RoutingEngine", command: RollbackConfig) -> None:
    """Back to what was in force before; again: forth."""
    if core.previous is None:
        core.refuse(command, str(core.base.version), Refusal.NO_PREVIOUS_CONFIG)
    elif not _refuses(core, command, core.previous):
        core.previous, config = core.base, core.previous
        _change_base(core, config)


def set_mode(core: "RoutingEngine", command: SetMode) -> None:
    """An emergency mode goes on or off."""
    if command.name not in {mode.name for mode in core.base.modes}:
        core.refuse(command, command.name, Refusal.UNKNOWN_MODE)
    elif command.on != (command.name in core.modes):
        if command.on:
            core.modes[command.name] = True
        else:
            del core.modes[command.name]
        core.emit(ModeChanged(command.name, command.on, command.by))
        _put_in_force(core, overlaid(core.base, core.modes))


def overlaid(base: RoutingConfig, modes: Mapping[str, bool]) -> RoutingConfig:
    """The base with the modes that are on laid over it."""
    queues = {spec.queue_id: spec for spec in base.queues}
    boosts = base.boosts
    for mode in base.modes:
        if mode.name in modes:
            queues.update({spec.queue_id: spec for spec in mode.queues})
            boosts += mode.boosts
    return msgspec.structs.replace(base, queues=tuple(queues.values()), boosts=boosts)


def _refuses(core: "RoutingEngine", command: Command, config: RoutingConfig) -> bool:
    bad = bool(problems(config)) or _orphans(core, config)
    if bad:
        core.refuse(command, str(config.version), Refusal.BAD_CONFIG)
    return bad


def _change_base(core: "RoutingEngine", config: RoutingConfig) -> None:
    core.base = config
    names = {mode.name for mode in config.modes}
    core.modes = {name: True for name in core.modes if name in names}
    _put_in_force(core, overlaid(config, core.modes))


def _put_in_force(core: "RoutingEngine", config: RoutingConfig) -> None:
    said = changes(core.config, config)
    core.go_by(config)
    moved = _swap_agents(core, config)
    waiting = [call for call in core.calls.values() if call.band is not None]
    for call in waiting:
        leave_pool(core, call)
    for call in core.calls.values():
        apply_boosts(config.boosts, call)
    _swap_queues(core, config)
    for agent in moved:
        core.pools.sign_in(agent)
    for agent in core.agents.values():  # caps and skills may be others now
        note_break(core, agent)
    core.emit(ConfigApplied(config.version, said))
    for call in waiting:
        enter_pool(core, call)
    for agent in moved:
        if agent.is_offerable:
            core.pools.enter_ready(agent)
    match_after(core, waiting, "configApplied")
    nobody_left(core)


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
            agent.skills = skills_in_use(agent)
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
        pin_pools_of(core, queue)
