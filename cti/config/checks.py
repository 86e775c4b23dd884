"""What no single field can show: names given twice or known to nobody, orders, sizes."""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cti.config.problems import Path, dotted, shown
from cti.config.settings import (
    BoostSettings,
    BreakCapSettings,
    CallDataSettings,
    OutcomeSettings,
    PolicySettings,
    QueueSettings,
    Settings,
)
from cti.config.sources import Tree
from cti.config.to_routing import ROUTER_REASONS, routing_config
from routing.config import SECOND_US
from routing.config_check import (
    MAX_DATA_BYTES,
    MAX_DATA_FIELDS,
    MIN_GAP_US,
    can_be_met,
)
from routing.index.needs import NeedError, parse

# sockaddr_un.sun_path is 108 bytes with its NUL (unix(7)); bind fails beyond, and says so badly.
SOCKET_PATH_BYTES = 107

Finding = tuple[str, Path, str]
"""Where ("": where the value at the path was written), path and rule."""


def check(settings: Settings, tree: Tree) -> list[Finding]:
    """Every rule that spans two fields. `tree` says where each was written."""
    return [
        *_twice(tree, _named("asterisks", settings.asterisks, "name")),
        *_twice(tree, _named("queues", settings.queues, "id")),
        *_twice(tree, _named("agents", settings.agents, "id")),
        *_queues(settings.queues, {queue.id for queue in settings.queues}, ()),
        *_boosts(settings, tree),
        *_break_caps(settings.break_caps, {*settings.reasons, *ROUTER_REASONS}),
        *_modes(settings, tree),
        *_twice(tree, _named("call_data", settings.call_data, "name")),
        *_call_data(settings.call_data),
        *_policies(settings.policies),
        *_users(settings),
        *_daemon(settings),
    ]


def doubts(settings: Settings) -> list[Finding]:
    """What is allowed and most likely a slip of the pen."""
    return [
        *_unknown_employers(settings),
        *_unknown_groups(settings),
        *_unmet_needs(settings),
    ]


_Named = list[tuple[Path, str]]
"""Where each name of one kind stands, and the name."""


def _named(table: str, rows: Sequence[object], key: str, at: Path = ()) -> _Named:
    return [((*at, table, index, key), getattr(row, key)) for index, row in enumerate(rows)]


def _twice(tree: Tree, names: _Named) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for path, name in names:
        known = first.setdefault(name, path)
        if name and known is not path:
            files = (tree.origin(known[:-1]), tree.origin(path[:-1]))
            where = " and ".join(dict.fromkeys(files))
            yield where, path, f"{shown(name)} is {dotted(known[:-1])} already"


# --- queues --------------------------------------------------------------------------------------


def _queues(queues: tuple[QueueSettings, ...], known: set[str], root: Path) -> Iterator[Finding]:
    for index, queue in enumerate(queues):
        at: Path = (*root, "queues", index)
        yield from _steps(queue, at)
        yield from _overflows(queue, known, at)
        yield from _shares(queue, at)
        for number, each in enumerate(queue.announcements):
            if 0 < each.every_s < 1:
                yield "", (*at, "announcements", number, "every_s"), "must be 0 or 1 or more"


def _steps(queue: QueueSettings, at: Path) -> Iterator[Finding]:
    yield from _need(queue.need, (*at, "need"))
    for number, step in enumerate(queue.steps):
        yield from _need(step.need, (*at, "steps", number, "need"))
    for number, (earlier, later) in enumerate(pairwise(queue.steps), start=1):
        if later.after_s <= earlier.after_s:
            rule = f"must be more than the {earlier.after_s:g} of the step before"
            yield "", (*at, "steps", number, "after_s"), rule


def _need(text: str, at: Path) -> Iterator[Finding]:
    try:
        parse(text)
    except NeedError as error:
        yield "", at, f"is no need: {error}"


def _overflows(queue: QueueSettings, known: set[str], at: Path) -> Iterator[Finding]:
    causes: set[str] = set()
    for index, overflow in enumerate(queue.overflows):
        path = (*at, "overflows", index)
        if overflow.cause in causes:
            yield "", (*path, "cause"), f"{overflow.cause} has a target already"
        causes.add(overflow.cause)
        if bool(overflow.to_queue) == bool(overflow.to_extension):
            yield "", path, "give to_queue or to_extension, one of the two"
        elif overflow.to_queue == queue.id:
            yield "", (*path, "to_queue"), "must be another queue"
        elif overflow.to_queue:
            yield from _known_queue(overflow.to_queue, known, (*path, "to_queue"))


def _known_queue(name: str, known: set[str], at: Path) -> Iterator[Finding]:
    if name and not known & {name, ""}:  # "": an id that is wrong already, maybe this one
        yield "", at, f"no queue has the id {shown(name)}"


def _shares(queue: QueueSettings, at: Path) -> Iterator[Finding]:
    total = sum(queue.allocation.values())
    if queue.allocation and total != 100:
        yield "", (*at, "allocation"), f"the percents must add up to 100, not {total}"
    reserve = queue.reserve
    if reserve is None:
        return
    yield from _need(reserve.need, (*at, "reserve", "need"))
    if reserve.close_at >= reserve.open_at:
        rule = f"must be less than open_at, which is {reserve.open_at}"
        yield "", (*at, "reserve", "close_at"), rule


# --- rules over all queues, modes ----------------------------------------------------------------


def _boosts(settings: Settings, tree: Tree) -> Iterator[Finding]:
    """Ids are one of a kind with those of the modes: records say no more than the id."""
    names = _named("boosts", settings.boosts, "id")
    for index, mode in enumerate(settings.modes):
        names += _named("boosts", mode.boosts, "id", ("modes", index))
    yield from _twice(tree, names)
    known = {queue.id for queue in settings.queues}
    yield from _boosted(settings.boosts, known, ())
    for index, mode in enumerate(settings.modes):
        yield from _boosted(mode.boosts, known, ("modes", index))


def _boosted(boosts: tuple[BoostSettings, ...], known: set[str], root: Path) -> Iterator[Finding]:
    for index, boost in enumerate(boosts):
        for number, name in enumerate(boost.queues):
            yield from _known_queue(name, known, (*root, "boosts", index, "queues", number))


def _call_data(fields: tuple[CallDataSettings, ...]) -> Iterator[Finding]:
    if len(fields) > MAX_DATA_FIELDS:
        yield "", ("call_data",), f"must be at most {MAX_DATA_FIELDS} names, not {len(fields)}"
    in_all = sum(field.max_bytes for field in fields)
    if in_all > MAX_DATA_BYTES:
        rule = f"max_bytes of all must be at most {MAX_DATA_BYTES} together, not {in_all}"
        yield "", ("call_data",), rule


def _break_caps(caps: tuple[BreakCapSettings, ...], known: set[str]) -> Iterator[Finding]:
    for index, cap in enumerate(caps):
        at: Path = ("break_caps", index, "reasons")
        if not cap.reasons:
            yield "", at, "must name at least one reason"
        for number, reason in enumerate(cap.reasons):
            if reason not in known:
                yield "", (*at, number), f"{shown(reason)} is not among the reasons"


def _modes(settings: Settings, tree: Tree) -> Iterator[Finding]:
    yield from _twice(tree, _named("modes", settings.modes, "name"))
    known = {queue.id for queue in settings.queues}
    for index, mode in enumerate(settings.modes):
        root: Path = ("modes", index)
        yield from _twice(tree, _named("queues", mode.queues, "id", root))
        for number, queue in enumerate(mode.queues):
            yield from _known_queue(queue.id, known, (*root, "queues", number, "id"))
        yield from _queues(mode.queues, known, root)


# --- doubts --------------------------------------------------------------------------------------


def _unknown_employers(settings: Settings) -> Iterator[Finding]:
    known = {agent.employer for agent in settings.agents}
    for index, queue in enumerate(settings.queues):
        for employer in queue.allocation:
            if employer not in known:
                at: Path = ("queues", index, "allocation", employer)
                yield "", at, "no agent has this employer: its share goes to the others"


def _unknown_groups(settings: Settings) -> Iterator[Finding]:
    held = {skill for agent in settings.agents for skill in agent.skills}
    for index, cap in enumerate(settings.break_caps):
        if cap.group and cap.group not in held:
            yield "", ("break_caps", index, "group"), "no agent has this skill: it caps nobody"


def _unmet_needs(settings: Settings) -> Iterator[Finding]:
    """What queues ask for and no agent can do, each once: a mode repeats what it does not change.

    Not where no agent is configured at all: that is a router in the making, and shows by itself.
    """
    agents = routing_config(settings).agents
    said: set[tuple[str, str]] = set()
    for path, queue, need in _needs(settings):
        if agents and (queue, need) not in said and not can_be_met(parse(need), agents):
            said.add((queue, need))
            rule = f"{shown(need)} is met by no agent: whoever needs it waits in vain"
            yield "", path, rule


def _needs(settings: Settings) -> Iterator[tuple[Path, str, str]]:
    """Path, queue and text of each need."""
    rooted: list[tuple[Path, QueueSettings]] = [
        (("queues", index), queue) for index, queue in enumerate(settings.queues)
    ]
    for number, mode in enumerate(settings.modes):
        rooted += [
            (("modes", number, "queues", index), queue) for index, queue in enumerate(mode.queues)
        ]
    for at, queue in rooted:
        yield (*at, "need"), queue.id, queue.need
        for index, step in enumerate(queue.steps):
            yield (*at, "steps", index, "need"), queue.id, step.need
        if queue.reserve is not None:
            yield (*at, "reserve", "need"), queue.id, queue.reserve.need


# --- the daemon ----------------------------------------------------------------------------------


def _policies(policies: PolicySettings) -> Iterator[Finding]:
    for name in policies.__struct_fields__:
        policy: OutcomeSettings = getattr(policies, name)
        if policy.gap_s * SECOND_US < MIN_GAP_US and policy.not_ready_after != 1:
            rule = f"must be {MIN_GAP_US // SECOND_US} or more unless not_ready_after is 1: "
            yield (
                "",
                ("policies", name, "gap_s"),
                rule + "a phone that rejects would ring in a loop",
            )
        if 0 < policy.gap_max_s < policy.gap_s:
            yield "", ("policies", name, "gap_max_s"), "must not be less than gap_s (0: no growth)"


def _users(settings: Settings) -> Iterator[Finding]:
    """One user for both would have the rights of both."""
    for number, asterisk in enumerate(settings.asterisks):
        if asterisk.originate_secret and asterisk.originate_username == asterisk.username:
            rule = "is username too: beginning calls needs a manager user of its own"
            yield "", ("asterisks", number, "originate_username"), rule


def _daemon(settings: Settings) -> Iterator[Finding]:
    if settings.asterisks and not settings.agi.secret:
        yield "", ("agi", "secret"), "must be given: the dialplan's tokens are made with it"
    length = len(os.fsencode(settings.control_path))
    if length > SOCKET_PATH_BYTES:
        rule = f"{length} bytes long; a unix socket's path has {SOCKET_PATH_BYTES} at most"
        yield "", ("control", "socket"), rule
    agi, metrics = settings.agi, settings.metrics
    if agi.port and (agi.host, agi.port) == (metrics.host, metrics.port):
        yield "", ("metrics", "port"), "is that of agi; each needs its own"
