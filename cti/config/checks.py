"""What no single field can show: names given twice or known to nobody, orders, sizes."""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cti.config.problems import Path, shown
from cti.config.settings import OutcomeSettings, PolicySettings, QueueSettings, Settings
from cti.config.sources import Tree
from routing.config import SECOND_US
from routing.config_check import MIN_GAP_US
from routing.needs import NeedError, parse

# sockaddr_un.sun_path is 108 bytes with its NUL (unix(7)); bind fails beyond, and says so badly.
SOCKET_PATH_BYTES = 107

Finding = tuple[str, Path, str]
"""Where ("": where the value at the path was written), path and rule."""


def check(settings: Settings, tree: Tree) -> list[Finding]:
    """Every rule that spans two fields. `tree` says where each was written."""
    return [
        *_twice(tree, "asterisks", "name", [asterisk.name for asterisk in settings.asterisks]),
        *_twice(tree, "queues", "id", [queue.id for queue in settings.queues]),
        *_twice(tree, "agents", "id", [agent.id for agent in settings.agents]),
        *_queues(settings.queues),
        *_policies(settings.policies),
        *_daemon(settings),
    ]


def _twice(tree: Tree, table: str, key: str, names: Sequence[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        at = first.setdefault(name, index)
        if name and at != index:
            files = (tree.origin((table, at)), tree.origin((table, index)))
            where = " and ".join(dict.fromkeys(files))
            yield where, (table, index, key), f"{shown(name)} is {table}[{at}] already"


def _queues(queues: tuple[QueueSettings, ...]) -> Iterator[Finding]:
    known = {queue.id for queue in queues}
    for index, queue in enumerate(queues):
        at: Path = ("queues", index)
        yield from _need(queue.need, (*at, "need"))
        for number, step in enumerate(queue.steps):
            yield from _need(step.need, (*at, "steps", number, "need"))
        for number, (earlier, later) in enumerate(pairwise(queue.steps), start=1):
            if later.after_s <= earlier.after_s:
                rule = f"must be more than the {earlier.after_s:g} of the step before"
                yield "", (*at, "steps", number, "after_s"), rule
        yield from _overflows(queue, known, at)


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
        elif overflow.to_queue and not known & {overflow.to_queue, ""}:
            yield "", (*path, "to_queue"), f"no queue has the id {shown(overflow.to_queue)}"


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
