"""The configuration changed while the router runs: seen first, applied whole, taken back.

    stage     the file is read and checked, and what would change is said; nothing is applied
    apply     the same, and then one `ApplyConfig`: journalled like every command
    rollback  back to the one before; again: forth

The routing part takes effect at once. What needs a restart stays as it was at the start, and is
named. A staged change has an id; who applies with it gets exactly that one, or a refusal.
"""

import asyncio
import hashlib
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from cti.config.at_start import (
    AppliedFiles,
    AtStart,
    decide,
    digest,
    next_version,
    same_rules,
)
from cti.config.differences import differences
from cti.config.load import Loaded, read
from cti.config.problems import Problem
from cti.config.settings import Settings
from cti.config.to_routing import routing_config
from cti.config.to_toml import ROUTING_FIELDS
from cti.dispatcher import CommandHeld
from routing.agent import AgentStatus
from routing.commands import ApplyConfig, Command, RollbackConfig
from routing.config import RoutingConfig
from routing.config_check import changes
from routing.engine import RoutingEngine
from routing.events import CommandRefused, Event
from routing.refusals import Refusal

log = logging.getLogger(__name__)

DETAILS = 1000
"""Lines of a comparison: more than that nobody reads, and a new site has 50,000."""


class NotApplied(Exception):  # noqa: N818  # says what is
    """Nothing has changed, since the core refuses or the change is not the one that was staged."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Change:
    """From one configuration to another. `version` is the new one's number, `changes` a word for
    each queue and agent, `details` each field; `needs_restart` what of the file has no effect
    yet; `hindrances` why the core would refuse it now.
    """

    id: str
    version: int
    changes: tuple[str, ...]
    details: tuple[str, ...]
    needs_restart: tuple[str, ...] = ()
    hindrances: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()


class Reconfiguration:
    """`running` is what the router was started with. For the event loop's thread.

    `submit` applies one command and returns what it led to (`Dispatcher.submit`).
    """

    def __init__(
        self,
        running: Settings,
        engine: RoutingEngine,
        submit: Callable[[Command], Sequence[Event]],
        applied: AppliedFiles,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._running = running
        self._engine = engine
        self._submit = submit
        self._applied = applied
        self._environ = environ
        self._one_by_one = asyncio.Lock()

    @property
    def previous_version(self) -> int:
        """Where a rollback leads; 0 for nowhere. Before the first configuration there was nothing:
        no queue, so no call could be taken.
        """
        previous = self._engine.previous
        return 0 if previous is None or previous == RoutingConfig() else previous.version

    def at_start(self, file: Path | None) -> AtStart:
        """Have the core go by the right configuration, see `cti.config.at_start`. Once, at the
        start; a refusal leaves the core's own in force.
        """
        found = decide(self._running, file, self._engine, self._applied)
        if found.config is not None:
            try:
                self._order(ApplyConfig(found.config), found.config)
            except NotApplied as refused:
                log.error(
                    "the configuration of the file is not in force: %s; next: cti config apply",
                    refused,
                )
                return found
        if found.from_file:
            self._applied.note(file, found.said)
        log.info("configuration %d is in force: %s", self._engine.base.version, found.why)
        return found

    async def stage(self, file: Path) -> Change:
        """What applying this file would change. Raises ConfigError."""
        settings, loaded = await self._read(file)
        return self._change(routing_config(settings, next_version(self._engine)), loaded)

    async def apply(self, file: Path, change_id: str = "") -> Change:
        """Apply it; with `change_id` only if that is still the change. Raises ConfigError,
        NotApplied, and what `submit` raises.
        """
        async with self._one_by_one:
            settings, loaded = await self._read(file)
            config = routing_config(settings, next_version(self._engine))
            change = self._change(config, loaded)
            if change_id and change_id != change.id:
                detail = "the file, or what is in force, has changed since it was staged"
                raise NotApplied("stale", detail)
            if not same_rules(self._engine.base, config):
                self._order(ApplyConfig(config), config)
                log.info("configuration %d of %s is applied", config.version, file)
            await asyncio.to_thread(self._note, file, settings)
        return change

    def rollback(self, by: str) -> Change:
        """Back to the one before. Raises NotApplied, and what `submit` raises."""
        engine, previous = self._engine, self._engine.previous
        if previous is None or not self.previous_version:
            code = Refusal.NO_PREVIOUS_CONFIG
            raise NotApplied(code, "there is no configuration before the present one")
        change = self._change(previous)
        self._order(RollbackConfig(by), previous)
        log.info("rolled back to configuration %d", engine.base.version, extra={"by": by})
        return change

    # --- inside ----------------------------------------------------------------------------------

    def _note(self, file: Path, settings: Settings) -> None:
        self._applied.note(file, digest(settings))

    async def _read(self, file: Path) -> tuple[Settings, Loaded]:
        """What was started with, with the routing part of this file; and all that it says."""
        loaded = await asyncio.to_thread(read, file, self._environ)
        routing = {name: getattr(loaded.settings, name) for name in ROUTING_FIELDS}
        return msgspec.structs.replace(self._running, **routing), loaded

    def _change(self, new: RoutingConfig, loaded: Loaded | None = None) -> Change:
        base = self._engine.base
        restart = (
            differences(_unrouted(self._running), _unrouted(loaded.settings)) if loaded else ()
        )
        return Change(
            id=_id_of(base, new),
            version=base.version if same_rules(base, new) else new.version,
            changes=changes(base, new),
            details=_bounded(_details(base, new)),
            needs_restart=_bounded(restart),
            hindrances=_bounded(hindrances(self._engine, new)),
            warnings=loaded.warnings if loaded else (),
        )

    def _order(self, command: Command, new: RoutingConfig) -> None:
        if reasons := _bounded(hindrances(self._engine, new)):
            raise NotApplied(Refusal.BAD_CONFIG, "; ".join(reasons))
        try:
            events = self._submit(command)
        except CommandHeld as held:  # it has crashed the core before
            raise NotApplied("held", str(held)) from None
        for event in events:
            if isinstance(event, CommandRefused):
                raise NotApplied(event.code, f"the core refuses {event.command}: {event.code}")


def hindrances(engine: RoutingEngine, new: RoutingConfig) -> Iterator[str]:
    """Why the core would refuse `new` now: who in it would lose their place."""
    queues = {spec.queue_id for spec in new.queues}
    agents = {spec.agent_id for spec in new.agents}
    calls = Counter(call.queue_id for call in engine.calls.values())
    for queue_id, count in calls.items():
        if queue_id not in queues:
            yield f"queue {queue_id} is not in it and has {count} live calls"
    for agent in engine.agents.values():
        if agent.agent_id not in agents and agent.status is not AgentStatus.LOGGED_OFF:
            yield f"agent {agent.agent_id} is not in it and is signed in"


def _details(old: RoutingConfig, new: RoutingConfig) -> Iterator[str]:
    """Each field; that a queue or agent comes or goes stands in `changes`."""
    new = msgspec.structs.replace(new, version=old.version)
    return (line for line in differences(old, new) if not _comes_or_goes(line))


_comes_or_goes = re.compile(r"(queues|agents)\.[^.]+: (added|removed)").fullmatch


def _unrouted(settings: Settings) -> Settings:
    """Only what needs a restart; the rest is at its default."""
    default = Settings()
    return msgspec.structs.replace(settings, **{n: getattr(default, n) for n in ROUTING_FIELDS})


def _bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """The first `DETAILS`, and that there are more."""
    found = tuple(islice(lines, DETAILS + 1))
    return found if len(found) <= DETAILS else (*found[:DETAILS], "…")


def _id_of(base: RoutingConfig, new: RoutingConfig) -> str:
    """The same for the same step from the same configuration."""
    plain = msgspec.json.encode(msgspec.structs.replace(new, version=0))
    return f"{base.version}-{hashlib.sha256(plain).hexdigest()[:12]}"
