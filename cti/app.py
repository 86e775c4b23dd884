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

from cti import parts, signals
from cti.agi.server import BACKLOG, MAX_CONNECTIONS
from cti.ami.client import AmiClient
from cti.api.control import Control
from cti.api.present import Present
from cti.api.probes import probes_app
from cti.api.servers import Servers
from cti.api.sockets import ControlSocket
from cti.clock import Clock, SystemClock
from cti.config import Settings
from cti.config.at_start import AppliedFiles
from cti.config.reconfigure import Reconfiguration
from cti.dispatcher import Dispatcher
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import Hearing
from cti.journal.data_dir import DataDirectory
from cti.journal.file import FileJournal
from cti.journal.keeper import Keeper
from cti.journal.recovery import Recovered, ReplayFailed, clock_for, quarantine_of, recover
from cti.journal.segments import JournalDamaged
from cti.journal.snapshots import SnapshotStore
from cti.record.directory import directory_of
from cti.record.envelope import Envelope
from cti.record.event_log import EventLog, EventLogError
from cti.record.subscription import Feed
from cti.supervision import Background, Stages, notify, watchdog
from cti.view.day import read_day
from cti.view.recover import recovered
from cti.watch.health import Health
from cti.watch.invariant_watch import InvariantWatch
from cti.watch.machine import prepare
from cti.watch.metrics import LoopLag, Metrics
from cti.watch.news import News
from cti.watch.record_watch import RecordWatch
from routing import invariants
from routing.commands import ContinueEvents
from routing.events import ConfigApplied
from routing.ids import PbxId

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
    """All parts of one router. `start` them, wait for `ending`, `stop` them."""

    def __init__(self, settings: Settings, file: Path | None = None) -> None:
        self.settings = settings
        self.file = file
        self.ending = asyncio.Event()
        self.exit_code = 0
        self.is_routing = False
        self.stages = Stages()
        self.background = Background()
        self.record_watch = RecordWatch()
        self.clock: Clock = SystemClock()
        self.clients: dict[PbxId, AmiClient] = {}

    async def start(self) -> None:
        """Stage by stage; `stop` undoes what was started, also when a later stage has failed."""
        began, starting = time.perf_counter(), self.stages.starting
        async with starting("directory"):
            self._take_directory()
        async with starting("event log"):
            await self._open_event_log()
        async with starting("core"):
            found = self._recover()
        async with starting("record"):
            await self.event_log.append_missing(found.tail, self.engine.event_seq)
        async with starting("listeners"):
            self._open_journal()
            self._join_listeners()
            self._apply_config()
        async with starting("bus"):
            await self._start_bus()
        async with starting("Asterisks"):
            await self._start_asterisks()
        async with starting("questions"):
            await self._start_agi()
        async with starting("operators"):
            await self._start_servers()
        async with starting("background"):
            self._start_background()
        took_s = time.perf_counter() - began
        log.info(
            "%s is routing: epoch %d, %d calls, %d commands replayed, started in %.3f s",
            self.settings.node, self.epoch, len(self.engine.calls), found.replayed, took_s,
            extra={"epoch": self.epoch, "took_s": took_s},
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
        reconfiguration = self.reconfiguration if self.is_routing else None
        await signals.read_again(reconfiguration, self.file)

    # --- directory, event log, core --------------------------------------------------------------

    def _take_directory(self) -> None:
        self.data = DataDirectory(self.settings.data_path)
        self.data.lock()
        self.stages.at_stop_call("directory", self.data.release)
        self.journal_path = self.data.path / "journal"
        self.snapshots = SnapshotStore(self.data.path / "snapshots", code=parts.version())

    async def _open_event_log(self) -> None:
        self.encoder = parts.make_encoder(self.settings)
        self.encoder.on_set_aside = self.record_watch.set_aside
        self.event_log = EventLog(self.settings.event_log_path, self.encoder.record)
        await self.event_log.start()
        self.stages.at_stop("event log", self.event_log.close, LIMIT_S)

    def _recover(self) -> Recovered:
        found = recover(self.snapshots, self.journal_path, self.event_log.reached)
        self.engine = found.engine
        self.clock = clock_for(self.engine, self.clock)
        self.encoder.directory = directory_of(self.engine.config)
        self.quarantine = quarantine_of(
            self.data.path, found.abandoned, code=parts.version(), now_us=self.clock.now_us()
        )
        self.epoch = self.data.next_epoch(max(found.last_epoch, self.event_log.last_epoch))
        return found

    def _open_journal(self) -> None:
        settings = self.settings.journal
        self.journal = FileJournal(self.journal_path, epoch=self.epoch, code=parts.version())
        self.journal.start(self.engine.seq + 1)
        self.stages.at_stop_call("journal", self.journal.close)
        self.keeper = Keeper(
            self.engine,
            self.journal,
            self.snapshots,
            epoch=self.epoch,
            sync_s=settings.sync_s,
            snapshot_every=settings.snapshot_every,
            recorded=self.event_log.make_safe,
        )
        self.stages.at_stop("snapshot", self.keeper.snapshot, LIMIT_S)
        self.stages.at_stop("record", partial(self.event_log.close, LIMIT_S / 2), LIMIT_S)

    # --- core and listeners ----------------------------------------------------------------------

    def _join_listeners(self) -> None:
        engine, loop = self.engine, asyncio.get_running_loop()
        self.view = parts.make_view(self.settings, engine)
        self.metrics = Metrics(self.view, self.clock, invariants.NAMES)
        self.watch = InvariantWatch(engine, self.metrics.breached)
        self.dispatcher = Dispatcher(
            engine,
            self.journal,
            self.clock,
            epoch=self.epoch,
            call_later=loop.call_later,
            on_crash=self._crashed,
            decided=self.metrics.decided,
            quarantine=self.quarantine,
        )
        self._continue_events()
        self.view.reset(recovered(engine, self.epoch))
        self.view.wait_for_day()
        self.stages.at_stop_call("core", self.dispatcher.stop)
        self.metrics.before_scrape = self.dispatcher.catch_up
        self.gateway = Gateway(
            self.dispatcher,
            self.clock,
            secret=self.settings.agi.secret.reveal(),
            previous_secret=self.settings.agi.previous_secret.reveal(),
            slice_s=self.settings.slice_s,
            call_later=loop.call_later,
        )
        self.broker = parts.make_broker(self.settings)
        self.feed = Feed(self.encoder.record, self.event_log.read_after, newest=engine.event_seq)
        self.publisher = parts.make_publisher(
            self.settings,
            self.broker,
            self.encoder,
            self.event_log,
            self.clock,
            feed=self.feed,
            view=self.view,
            catch_up=self.dispatcher.catch_up,
        )
        self.dispatcher.listen_turns("event log", self.event_log.offer_all)
        self.dispatcher.listen_turns("feed", self.feed.offer_all)
        self.dispatcher.listen_turns("configuration", self._follow_config)
        self.dispatcher.listen_turns("invariants", lambda _: self.watch.after_turn())
        self.dispatcher.listen_later("view", self.view.apply)
        self.dispatcher.listen_later("metrics", self.metrics.apply)
        self.dispatcher.listen_later("news", News().apply)
        self.dispatcher.start()

    def _continue_events(self) -> None:
        """A power cut may cost the journal more than the event log; a number never comes twice."""
        last = self.event_log.last_seq()
        if last > self.engine.event_seq:
            self.dispatcher.submit(ContinueEvents(last))

    def _apply_config(self) -> None:
        """The file's configuration or the core's: `cti.config.at_start` says which and why."""
        self.reconfiguration = Reconfiguration(
            self.settings,
            self.engine,
            self.dispatcher.submit,
            AppliedFiles(self.settings.data_path),
        )
        self.reconfiguration.at_start(self.file)

    def _follow_config(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if type(envelope.event) is ConfigApplied:
                break
        else:
            return
        # What has happened so far is of the old configuration's queues and agents.
        self.dispatcher.catch_up()
        for envelope in envelopes:
            self.view.apply(envelope)  # it passes over what it knows
        self.view.configure(self.engine.config)
        self.encoder.directory = self.view.directory

    def _crashed(self, _error: Exception) -> None:
        self.exit_code = CRASHED
        self.keeper.distrust()
        self.ending.set()

    # --- bus, Asterisks, questions ---------------------------------------------------------------

    async def _start_bus(self) -> None:
        """Beside everything else: calls do not wait for a broker."""
        if not self.settings.bus.enabled:
            return
        if self.broker is not None:
            self.stages.at_stop("broker", self.broker.stop, LIMIT_S)
        self.stages.at_stop("bus", partial(self.publisher.close, LIMIT_S * 0.9), LIMIT_S)
        join = partial(self._join_bus, self.event_log.last_seq())
        self.background.keep("bus", join, may_end=True)

    async def _join_bus(self, newest: int) -> None:
        """`newest` is the last event of the past; what came since is new to the bus in any case."""
        if self.broker is not None:
            # Not before it is ours: on that port may be somebody else's.
            await self.broker.start()
        position = await self.event_log.bookmark(parts.BUS_READER, newest)
        await self.publisher.start(self.epoch, position)

    async def _start_asterisks(self) -> None:
        self.stages.at_stop("Asterisks", self._log_off, LIMIT_S + 0.4)
        for asterisk in self.settings.asterisks:
            pbx = self.gateway.add(PbxId(asterisk.name))
            client = parts.make_client(asterisk, pbx, f"{self.settings.node}-{self.epoch}")
            self.clients[pbx.name] = client
            client.start()
        self.gateway.start()
        deadline_s = time.monotonic() + ASTERISK_WAIT_S
        while not self.gateway.all_heard and time.monotonic() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # once, at the start: the gateway knows no event loop
        for name, client in self.clients.items():
            if self.gateway.pbxs[name].hearing is not Hearing.UP:
                why = client.failure or client.state.value
                log.error("%s: not heard yet: %s; next: cti asterisk check", name, why)

    async def _log_off(self) -> None:
        self.gateway.stop()
        await asyncio.gather(*(client.close() for client in self.clients.values()))

    async def _start_agi(self) -> None:
        self.machine = prepare(questions=MAX_CONNECTIONS, queue=BACKLOG)
        self.agi = parts.make_agi(self.settings, self.gateway, self.machine.questions)
        await self.agi.start()
        self.stages.at_stop("questions", self._close_agi, LIMIT_S)

    async def _close_agi(self) -> None:
        self.gateway.drain()
        await self.agi.close()

    # --- operators, background -------------------------------------------------------------------

    async def _start_servers(self) -> None:
        settings = self.settings
        health = Health(self)
        control = Control(
            node=settings.node,
            site=settings.site,
            present=Present(self.view, self.engine, self.clock, self.dispatcher.catch_up),
            history=self.event_log,
            submit=self.dispatcher.submit,
            reconfiguration=self.reconfiguration,
            health=health.all,
            invariants=self.metrics.breaches,
        )
        self.servers = Servers(
            control.app(),
            probes_app(self.metrics, health.routing),
            socket=ControlSocket(settings.control_path),
            host=settings.metrics.host,
            port=settings.metrics.port,
        )
        await self.servers.start()
        self.stages.at_stop("operators", self.servers.stop, LIMIT_S)
        health.watch(self.metrics)

    def _start_background(self) -> None:
        self.background.keep("journal", self.keeper.flush_forever)
        self.background.keep("snapshots", self.keeper.snapshot_forever)
        self.background.keep("watchdog", watchdog, may_end=True)
        day = partial(read_day, self.view, self.event_log, self.clock.now_us())
        self.background.keep("figures", day, may_end=True)
        self.stages.at_stop("background", self.background.stop, LIMIT_S)
        lag = LoopLag(self.metrics)
        lag.start()
        self.stages.at_stop_call("event loop lag", lag.stop)
