"""The daemon, put together; read it from top to bottom.

    directory   locked: one router, one journal
    event log   opened: how far has it got?
    core        newest snapshot, then the journal: the router is where it was when it ended; the
                epoch counts this start
    record      the event log gets what it had not written yet, from the journal
    listeners   gateway, event log, feed (the bus reads it), invariants: told in this order;
                view and metrics: later
    bus         starts to connect; nobody waits for it
    Asterisks   each is logged in to, compared with the core, and heard from then on
    questions   the AGI port opens when the Asterisks are heard, or after a limit
    operators   control socket, metrics and probes
    background  flushing, snapshots, watchdog

Stopping goes the other way: no more questions and offers, AMI logged off, the event log written
to its end, a snapshot, the journal closed; within three seconds, whatever hangs. What the log does
not manage it gets at the next start: journal and snapshots are kept until then. A core that crashed
is not asked for a snapshot: the next start replays up to the command before (exit code 70).

This is the only place that builds things. `parts` says how each is made from the settings.
"""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cti import signals
from cti.agi.server import BACKLOG, MAX_CONNECTIONS
from cti.api.control import Control
from cti.api.principal import SocketDoor
from cti.api.probes import probes_app
from cti.api.servers import Servers
from cti.api.sockets import ControlSocket
from cti.clock import SystemClock
from cti.config import Settings
from cti.gateway.pbx import Hearing
from cti.journal.recovery import ReplayFailed
from cti.journal.segments import JournalDamaged
from cti.parts import (
    BUS_READER,
    Core,
    Disk,
    Parts,
    add_client,
    make_disk,
    make_health,
    make_operations,
    make_parts,
    make_present,
    recover_core,
)
from cti.record.envelope import Envelope
from cti.record.event_log import EventLogError
from cti.record.retention import prune_forever
from cti.supervision import Background, Stages, notify, watchdog
from cti.view.day import read_day
from cti.view.recover import recovered
from cti.watch.machine import prepare
from cti.watch.metrics import LoopLag
from cti.watch.news import News
from routing.commands import ContinueEvents
from routing.events import ConfigApplied

log = logging.getLogger(__name__)

UNUSABLE: Final = 1
"""The journal or the event log cannot be used; the log says what can be done."""

CRASHED: Final = 70
"""EX_SOFTWARE: the core raised. A supervisor starts us again, without the command that did it."""

ASTERISK_WAIT_S: Final = 3.0
LIMIT_S: Final = 0.8  # of one stage of the stop; what has one of its own gets less


def run(settings: Settings, file: Path | None = None) -> int:
    """Run the daemon until a signal ends it; its exit code. `file` is where `settings` are from.

    Raises OSError and SocketBusy when a port, directory or socket cannot be had.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(serve(settings, file))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def serve(settings: Settings, file: Path | None = None) -> int:
    """Start, run until a signal or a crash of the core, stop; the exit code."""
    daemon = Daemon(settings, file)
    with signals.listening(
        stop=daemon.ending.set,
        reload=daemon.read_again,
        on_terminal=sys.stderr.isatty(),
    ):
        try:
            await daemon.start()
            await daemon.ending.wait()
        except (JournalDamaged, ReplayFailed, EventLogError):
            daemon.exit_code = UNUSABLE  # `starting` has said why
        finally:
            await daemon.stop()
    return daemon.exit_code


class Daemon:
    """One router. `start` it, wait for `ending`, `stop` it.

    Until the core is recovered there are no `parts`.
    """

    def __init__(self, settings: Settings, file: Path | None = None) -> None:
        self.settings = settings
        self.file = file
        self.ending = asyncio.Event()
        self.exit_code = 0
        self.is_routing = False
        self.stages = Stages()
        self.background = Background()
        self._parts: Parts | None = None

    @property
    def parts(self) -> Parts:
        """Everything that is running. RuntimeError before the core is recovered."""
        if self._parts is None:
            raise RuntimeError("the daemon has not been started")
        return self._parts

    async def start(self) -> None:
        """Stage by stage; `stop` undoes what was started, also when a later stage has failed."""
        began, starting = time.perf_counter(), self.stages.starting
        disk = make_disk(self.settings)
        async with starting("directory"):
            disk.data.lock()
            self.stages.at_stop_call("directory", disk.data.release)
        async with starting("event log"):
            await disk.event_log.start()
            self.stages.at_stop("event log", disk.event_log.close, LIMIT_S)
        async with starting("core"):
            core = recover_core(disk, SystemClock())
        async with starting("record"):
            await disk.event_log.append_missing(core.tail, core.engine.event_seq)
        parts = self._parts = self._make_parts(disk, core)
        async with starting("listeners"):
            self._open_journal(parts)
            self._join_listeners(parts)
            parts.reconfiguration.at_start(self.file)
        async with starting("bus"):
            self._start_bus(parts)
        async with starting("Asterisks"):
            await self._start_asterisks(parts)
        async with starting("questions"):
            await parts.agi.start()
            self.stages.at_stop("questions", partial(_close_agi, parts), LIMIT_S)
        async with starting("operators"):
            await self._start_servers(parts)
        async with starting("background"):
            self._start_background(parts)
        took_s = time.perf_counter() - began
        log.info(
            "%s is routing: epoch %d, %d calls, %d commands replayed, started in %.3f s",
            self.settings.node, core.epoch, len(core.engine.calls), core.replayed, took_s,
            extra={"epoch": core.epoch, "took_s": took_s},
        )  # fmt: skip
        self.is_routing = True
        notify("READY=1")
        # What has been built so far stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Undo what was started, the last first."""
        began = time.perf_counter()
        self.is_routing = False
        notify("STOPPING=1")
        await self.stages.stop()
        log.info("stopped in %.3f s", time.perf_counter() - began)

    async def read_again(self) -> None:
        """The configuration file, for SIGHUP."""
        reconfiguration = self.parts.reconfiguration if self.is_routing else None
        await signals.read_again(reconfiguration, self.file)

    # --- journal, listeners ----------------------------------------------------------------------

    def _make_parts(self, disk: Disk, core: Core) -> Parts:
        return make_parts(
            self.settings,
            prepare(questions=MAX_CONNECTIONS, queue=BACKLOG),
            disk,
            core,
            loop=asyncio.get_running_loop(),
            on_crash=self._crashed,
        )

    def _crashed(self, _error: Exception) -> None:
        self.exit_code = CRASHED
        self.parts.keeper.distrust()
        self.ending.set()

    def _open_journal(self, parts: Parts) -> None:
        parts.journal.start(parts.core.engine.seq + 1)
        self.stages.at_stop_call("journal", parts.journal.close)
        self.stages.at_stop("snapshot", parts.keeper.snapshot, LIMIT_S)
        close = partial(parts.disk.event_log.close, LIMIT_S / 2)
        self.stages.at_stop("record", close, LIMIT_S)

    def _join_listeners(self, parts: Parts) -> None:
        engine, dispatcher, event_log = parts.core.engine, parts.dispatcher, parts.disk.event_log
        # A power cut may cost the journal more than the event log; a number never comes twice.
        if event_log.last_seq() > engine.event_seq:
            dispatcher.submit(ContinueEvents(event_log.last_seq()))
        self.stages.at_stop_call("core", dispatcher.stop)
        parts.feed.newest = engine.event_seq
        parts.view.reset(recovered(engine, parts.core.epoch))
        parts.view.wait_for_day()
        dispatcher.listen_turns("event log", event_log.offer_all)
        dispatcher.listen_turns("feed", parts.feed.offer_all)
        dispatcher.listen_turns("configuration", partial(_follow_config, parts))
        dispatcher.listen_turns("invariants", lambda _: parts.invariants.after_turn())
        dispatcher.listen_later("view", parts.view.apply)
        dispatcher.listen_later("metrics", parts.metrics.apply)
        dispatcher.listen_later("news", News().apply)
        dispatcher.start()

    # --- bus, Asterisks --------------------------------------------------------------------------

    def _start_bus(self, parts: Parts) -> None:
        """Beside everything else: calls do not wait for a broker."""
        if not self.settings.bus.enabled:
            return
        if parts.broker is not None:
            self.stages.at_stop("broker", parts.broker.stop, LIMIT_S)
        self.stages.at_stop("bus", partial(parts.publisher.close, LIMIT_S * 0.9), LIMIT_S)
        # The last event of the past; what comes from now on is new to the bus in any case.
        join = partial(_join_bus, parts, parts.disk.event_log.last_seq())
        self.background.keep("bus", join, may_end=True)

    async def _start_asterisks(self, parts: Parts) -> None:
        self.stages.at_stop("Asterisks", partial(_log_off, parts), LIMIT_S + 0.4)
        for asterisk in self.settings.asterisks:
            add_client(parts, asterisk).start()
        parts.gateway.start()
        deadline_s = time.monotonic() + ASTERISK_WAIT_S
        while not parts.gateway.all_heard and time.monotonic() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # once, at the start: the gateway knows no event loop
        for name, client in parts.clients.items():
            if parts.gateway.pbxs[name].hearing is not Hearing.UP:
                why = client.failure or client.state.value
                log.error("%s: not heard yet: %s; next: cti asterisk check", name, why)

    # --- operators, background -------------------------------------------------------------------

    async def _start_servers(self, parts: Parts) -> None:
        settings = self.settings
        health = make_health(parts, self.background, lambda: self.exit_code != 0)
        present = make_present(parts)
        control = Control(
            node=settings.node,
            site=settings.site,
            present=present,
            history=parts.disk.event_log,
            operations=make_operations(parts, present),
            reconfiguration=parts.reconfiguration,
            health=health.all,
            invariants=parts.metrics.breaches,
        )
        servers = Servers(
            control.app(SocketDoor()),
            probes_app(parts.metrics, health.routing),
            socket=ControlSocket(settings.control_path),
            host=settings.metrics.host,
            port=settings.metrics.port,
        )
        await servers.start()
        self.stages.at_stop("operators", servers.stop, LIMIT_S)
        health.watch(parts.metrics)

    def _start_background(self, parts: Parts) -> None:
        self.background.keep("journal", parts.keeper.flush_forever)
        self.background.keep("snapshots", parts.keeper.snapshot_forever)
        self.background.keep("watchdog", watchdog, may_end=True)
        day = partial(read_day, parts.view, parts.disk.event_log, parts.core.clock.now_us())
        self.background.keep("figures", day, may_end=True)
        self.stages.at_stop("background", self.background.stop, LIMIT_S)
        if keep_days := self.settings.event_log.keep_days:
            forget = partial(
                prune_forever, parts.disk.event_log, parts.core.clock, keep_days, parts.all_have
            )
            self.background.keep("retention", forget)
        lag = LoopLag(parts.metrics)
        lag.start()
        self.stages.at_stop_call("event loop lag", lag.stop)


def _follow_config(parts: Parts, envelopes: Sequence[Envelope]) -> None:
    for envelope in envelopes:
        if type(envelope.event) is ConfigApplied:
            break
    else:
        return
    # What has happened so far is of the old configuration's queues and agents.
    parts.dispatcher.catch_up()
    for envelope in envelopes:
        parts.view.apply(envelope)  # it passes over what it knows
    parts.view.configure(parts.core.engine.config)
    parts.disk.encoder.directory = parts.view.directory


async def _join_bus(parts: Parts, newest: int) -> None:
    if parts.broker is not None:
        # Not before it is ours: on that port may be somebody else's.
        await parts.broker.start()
    position = await parts.disk.event_log.bookmark(BUS_READER, newest)
    await parts.publisher.start(parts.core.epoch, position)


async def _log_off(parts: Parts) -> None:
    parts.gateway.stop()
    parts.gateway.release()
    await asyncio.gather(*(client.close() for client in parts.clients.values()))


async def _close_agi(parts: Parts) -> None:
    parts.gateway.drain()
    await parts.agi.close()
