"""The configuration in force: swapped, rolled back, overlaid by emergency modes.

`core.base` is what was applied, `core.config` what is in force: the base with every mode that is on
laid over it, in the order of the configuration. A swap re-files the waiting calls (each keeps its
place) and the agents whose skills changed; nothing else is touched.
"""

from routing.agent import Agent, AgentStatus
from routing.commands import ApplyConfig, Command, RollbackConfig, SetMode
from routing.config import RoutingConfig, overlaid
from routing.config_check import changes, problems
from routing.core import Core
from routing.events import ConfigApplied, ModeChanged
from routing.index.places import pin_pools_of
from routing.index.selection import apply_boosts
from routing.phone import ANYWHERE
from routing.queue import Queue
from routing.refusals import Refusal
from routing.verbs.breaks import note_break
from routing.verbs.lines import nobody_left
from routing.verbs.matching import match_after
from routing.verbs.phones import give_phones
from routing.verbs.reach import hear_of_phone
from routing.verbs.waiting import enter_pool, leave_pool


def apply_config(core: Core, command: ApplyConfig) -> None:
    """Swap the configuration whole. What the difference does not name goes on as it is."""
    if _refuses(core, command, command.config):
        return
    core.previous = core.base
    _change_base(core, command.config)


def rollback_config(core: Core, command: RollbackConfig) -> None:
    """Back to what was in force before; again: forth."""
    if core.previous is None:
        core.refuse(command, str(core.base.version), Refusal.NO_PREVIOUS_CONFIG)
    elif not _refuses(core, command, core.previous):
        core.previous, config = core.base, core.previous
        _change_base(core, config)


def set_mode(core: Core, command: SetMode) -> None:
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


def _refuses(core: Core, command: Command, config: RoutingConfig) -> bool:
    bad = bool(problems(config)) or _orphans(core, config)
    if bad:
        core.refuse(command, str(config.version), Refusal.BAD_CONFIG)
    return bad


def _change_base(core: Core, config: RoutingConfig) -> None:
    core.base = config
    names = {mode.name for mode in config.modes}
    core.modes = {name: True for name in core.modes if name in names}
    _put_in_force(core, overlaid(config, core.modes))


def _put_in_force(core: Core, config: RoutingConfig) -> None:
    said = changes(core.config, config)
    other_pbxs = config.pbxs != core.config.pbxs
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
    for agent in core.agents.values():  # caps and skills may have changed
        note_break(core, agent)
    core.emit(ConfigApplied(config.version, said))
    _swap_phones(core)
    if other_pbxs:
        _swap_pbxs(core)
    for call in waiting:
        enter_pool(core, call)
    for agent in moved:
        if agent.entries is None and agent.is_offerable:
            core.pools.enter_ready(agent)
    match_after(core, waiting, "configApplied")
    nobody_left(core)


def _orphans(core: Core, config: RoutingConfig) -> bool:
    """Would a live call or a signed-in agent lose its queue or its place?"""
    queues = {spec.queue_id for spec in config.queues}
    agents = {spec.agent_id for spec in config.agents}
    return any(call.queue_id not in queues for call in core.calls.values()) or any(
        agent.status is not AgentStatus.LOGGED_OFF and agent.agent_id not in agents
        for agent in core.agents.values()
    )


def _swap_agents(core: Core, config: RoutingConfig) -> list[Agent]:
    """Take over the agents' specifications; those whose skills changed leave all pools and are
    returned, in the order in which they signed in.
    """
    kept = {}
    moved = []
    for spec in config.agents:
        agent = core.agents.get(spec.agent_id) or core.new_agent(spec)
        kept[spec.agent_id] = agent
        if agent.spec == spec:
            continue
        agent.spec = spec
        if agent.status is not AgentStatus.LOGGED_OFF:
            core.pools.sign_out(agent)
            agent.skills = agent.skills_in_use()
            moved.append(agent)
    for agent_id, agent in core.agents.items():
        if agent_id not in kept:
            core.leave_phone(agent, agent.phone)
    core.agents.clear()
    core.agents.update(kept)
    return sorted(moved, key=lambda agent: agent.logon_no)


def _swap_phones(core: Core) -> None:
    """Who is signed out has the phone of the new configuration."""
    agents = core.agents.values()
    give_phones(core, [(agent, agent.device or agent.spec.device) for agent in agents])


def _swap_pbxs(core: Core) -> None:
    """What an Asterisk has said of phones counts as long as it is in the configuration."""
    known = (ANYWHERE, *core.config.pbxs)
    for _, phone in sorted(core.phones.items()):
        hear_of_phone(core, phone, {p: word for p, word in phone.said.items() if p in known})


def _swap_queues(core: Core, config: RoutingConfig) -> None:
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
        pin_pools_of(core.pools, queue)
