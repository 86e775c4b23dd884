"""How the daemon's parts are made from the settings. Nothing is started here. For `cti.app`.

Disk    what is kept, and is there before the core is
Core    what decides, as recovery has found it
Parts   all that stands around the core, once it is known
"""

import errno
import ipaddress
import secrets
import socket
import ssl
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from cti.agi.server import AgiServer
from cti.ami.client import AmiClient
from cti.api.calls import Calls
from cti.api.evidence import Evidence
from cti.api.operations import Operations
from cti.api.phones import ask_about
from cti.api.present import Present
from cti.bus.broker import Broker
from cti.bus.documents import StateDocuments
from cti.bus.mqtt import BrokerAddress, MqttConnector
from cti.bus.publisher import Publisher, PublisherSettings
from cti.clock import Clock
from cti.config import AsteriskSettings, Settings
from cti.config.at_start import AppliedFiles
from cti.config.reconfigure import Reconfiguration
from cti.dispatcher import Dispatcher
from cti.figures import Calendar
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import EVENTS, Pbx
from cti.journal.data_dir import DataDirectory
from cti.journal.file import FileJournal
from cti.journal.keeper import Keeper
from cti.journal.quarantine import Quarantine
from cti.journal.recovery import clock_for, quarantine_of, recover
from cti.journal.snapshots import SnapshotStore
from cti.record.cloudevents import CloudEventEncoder
from cti.record.directory import directory_of
from cti.record.envelope import Envelope
from cti.record.event_log import EventLog
from cti.record.subscription import Feed
from cti.supervision import Background
from cti.view import StateView
from cti.watch.health import Health
from cti.watch.invariant_watch import InvariantWatch
from cti.watch.machine import Machine
from cti.watch.metrics import Metrics
from cti.watch.record_watch import RecordWatch
from routing import invariants
from routing.engine import RoutingEngine
from routing.ids import PbxId

MINUTE_US = 60_000_000
BUS_READER = "bus"
"""Under this name the event log keeps how far the bus has got."""


def version() -> str:
    """Of this program, as the journal's headers name it."""
    try:
        return metadata.version("paidui")
    except metadata.PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True)
class Disk:
    """What is kept: snapshots and journal in a directory of ours, and the event log."""

    data: DataDirectory
    snapshots: SnapshotStore
    record_watch: RecordWatch
    encoder: CloudEventEncoder
    event_log: EventLog

    @property
    def journal_path(self) -> Path:
        """The directory of the journal's segments."""
        return self.data.path / "journal"


@dataclass(frozen=True, slots=True)
class Core:
    """The core as it was when it ended. `tail` are the events of the commands replayed for that,
    `epoch` counts this start, and `clock` goes on from where the core's time is.
    """

    engine: RoutingEngine
    epoch: int
    clock: Clock
    quarantine: Quarantine
    replayed: int
    tail: list[Envelope]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that is started, told and stopped. `invariants` are watched while it runs;
    `clients` come one by one as the Asterisks are started (`add_client`).
    """

    settings: Settings
    machine: Machine
    disk: Disk
    core: Core
    journal: FileJournal
    keeper: Keeper
    view: StateView
    metrics: Metrics
    invariants: InvariantWatch
    dispatcher: Dispatcher
    reconfiguration: Reconfiguration
    gateway: Gateway
    clients: dict[PbxId, AmiClient]
    agi: AgiServer
    feed: Feed
    broker: Broker | None
    publisher: Publisher

    def all_have(self) -> int:
        """The last event that every reader has: what lies before it need not be kept for them."""
        has_bus = self.settings.bus.enabled
        return self.publisher.position if has_bus else self.core.engine.event_seq


def make_disk(settings: Settings) -> Disk:
    """Where things are kept; customers' data stand whole in the event log."""
    data, watch = DataDirectory(settings.data_path), RecordWatch()
    encoder = CloudEventEncoder(settings.node, settings.site, prefix=settings.bus.topic_prefix)
    encoder.on_set_aside = watch.set_aside
    event_log = EventLog(settings.event_log_path, encoder.record)
    snapshots = SnapshotStore(data.path / "snapshots", code=version())
    return Disk(data, snapshots, watch, encoder, event_log)


def recover_core(disk: Disk, clock: Clock) -> Core:
    """Read it from disk, and count this start. Raises JournalDamaged and ReplayFailed."""
    found = recover(disk.snapshots, disk.journal_path, disk.event_log.reached)
    clock = clock_for(found.engine, clock)
    disk.encoder.directory = directory_of(found.engine.config)
    quarantine = quarantine_of(
        disk.data.path, found.abandoned, code=version(), now_us=clock.now_us()
    )
    epoch = disk.data.next_epoch(max(found.last_epoch, disk.event_log.last_epoch))
    return Core(found.engine, epoch, clock, quarantine, found.replayed, found.tail)


def make_parts(
    settings: Settings,
    machine: Machine,
    disk: Disk,
    core: Core,
    *,
    loop: AbstractEventLoop,
    on_crash: Callable[[Exception], None],
) -> Parts:
    """All parts around the core, each told of those that it speaks to."""
    engine, clock = core.engine, core.clock
    journal = FileJournal(disk.journal_path, epoch=core.epoch, code=version())
    view = make_view(settings, engine)
    metrics = Metrics(view, clock, invariants.NAMES)
    dispatcher = Dispatcher(
        engine,
        journal,
        clock,
        epoch=core.epoch,
        call_later=loop.call_later,
        on_crash=on_crash,
        decided=metrics.decided,
        quarantine=core.quarantine,
    )
    metrics.before_scrape = dispatcher.catch_up
    gateway = make_gateway(settings, dispatcher, clock, loop, disk.data.instance())
    feed = Feed(disk.encoder.record, disk.event_log.read_after)
    broker = make_broker(settings)
    return Parts(
        settings=settings,
        machine=machine,
        disk=disk,
        core=core,
        journal=journal,
        keeper=make_keeper(settings, disk, core, journal),
        view=view,
        metrics=metrics,
        invariants=InvariantWatch(engine, metrics.breached),
        dispatcher=dispatcher,
        reconfiguration=Reconfiguration(
            settings, engine, dispatcher.submit, AppliedFiles(settings.data_path)
        ),
        gateway=gateway,
        clients={},
        agi=make_agi(settings, gateway, machine.questions),
        feed=feed,
        broker=broker,
        publisher=make_publisher(
            settings,
            broker,
            disk.encoder,
            disk.event_log,
            clock,
            feed=feed,
            view=view,
            catch_up=dispatcher.catch_up,
        ),
    )


def make_view(settings: Settings, engine: RoutingEngine) -> StateView:
    """The present, with the figures of the site's day."""
    calendar = Calendar(offset_us=settings.utc_offset_min * MINUTE_US)
    return StateView(engine.config, calendar=calendar)


def make_gateway(
    settings: Settings,
    dispatcher: Dispatcher,
    clock: Clock,
    loop: AbstractEventLoop,
    instance: str,
) -> Gateway:
    """Between the core and the Asterisks."""
    return Gateway(
        dispatcher,
        clock,
        secret=settings.agi.secret.reveal(),
        previous_secret=settings.agi.previous_secret.reveal(),
        slice_s=settings.slice_s,
        call_later=loop.call_later,
        instance=instance,
        name=f"{settings.node}@{socket.gethostname()}",
    )


def make_keeper(settings: Settings, disk: Disk, core: Core, journal: FileJournal) -> Keeper:
    """Looks after journal and snapshots."""
    return Keeper(
        core.engine,
        journal,
        disk.snapshots,
        epoch=core.epoch,
        sync_s=settings.journal.sync_s,
        snapshot_every=settings.journal.snapshot_every,
        recorded=disk.event_log.make_safe,
    )


def make_health(parts: Parts, background: Background, crashed: Callable[[], bool]) -> Health:
    """Looks at all that may die or stand still."""
    return Health(
        crashed=crashed,
        uses_bus=parts.settings.bus.enabled,
        machine=parts.machine,
        background=background,
        journal=parts.journal,
        event_log=parts.disk.event_log,
        record_watch=parts.disk.record_watch,
        dispatcher=parts.dispatcher,
        invariants=parts.invariants,
        gateway=parts.gateway,
        clients=parts.clients,
        agi=parts.agi,
        publisher=parts.publisher,
    )


def make_broker(settings: Settings) -> Broker | None:
    """A broker of our own, where one is wanted."""
    if not (settings.bus.enabled and settings.bus.embedded):
        return None
    return Broker(Path(settings.data_dir) / "broker", port=settings.bus.port)


def make_publisher(
    settings: Settings,
    broker: Broker | None,
    encoder: CloudEventEncoder,
    event_log: EventLog,
    clock: Clock,
    *,
    feed: Feed,
    view: StateView,
    catch_up: Callable[[], None],
) -> Publisher:
    """The router's voice on the bus; `catch_up` brings the view up to now."""
    bus = settings.bus
    address = BrokerAddress(
        host=broker.host if broker else bus.host,
        port=bus.port,
        username=broker.writer.username if broker else bus.username,
        password=broker.writer.password if broker else bus.password.reveal(),
    )
    tls = ssl.create_default_context(cafile=bus.ca_path or None) if bus.tls else None
    return Publisher(
        MqttConnector(address, client_id_of(settings, broker), tls=tls),
        encoder,
        StateDocuments(view, encoder),
        clock,
        feed,
        lambda position: event_log.mark(BUS_READER, position),
        settings=PublisherSettings(protected=bus.protected),
        catch_up=catch_up,
    )


def client_id_of(settings: Settings, broker: Broker | None) -> str:
    """By which the broker knows the publisher. It hangs up on one when another comes with the same
    id (MQTT 3.1.1, 3.1.4), so on a broker that lets everybody read nobody may guess it.
    """
    return settings.node if broker is None else f"{settings.node}-{secrets.token_hex(8)}"


def add_client(parts: Parts, asterisk: AsteriskSettings) -> AmiClient:
    """One more Asterisk: the core takes it for not heard, and this is the link to it."""
    pbx = parts.gateway.add(PbxId(asterisk.name))
    client = make_client(asterisk, pbx, f"{parts.settings.node}-{parts.core.epoch}")
    parts.clients[pbx.name] = client
    return client


def make_client(asterisk: AsteriskSettings, pbx: Pbx, run: str) -> AmiClient:
    """The link to one Asterisk, told to its `Pbx` and the other way round."""
    client = AmiClient(
        asterisk.name,
        asterisk.host,
        asterisk.ami_port,
        asterisk.username,
        asterisk.secret.reveal(),
        wanted=EVENTS,
        on_event=pbx.heard,
        on_up=pbx.link_up,
        on_down=pbx.link_down,
        run=run,
    )
    pbx.attach(client, refusals_of(client))
    return client


def refusals_of(client: AmiClient) -> Callable[[], bool]:
    """Whether nobody listens at its port: the process is gone, not just the way to it."""
    refused = f"[Errno {errno.ECONNREFUSED}]"
    return lambda: refused in client.failure


def make_present(parts: Parts) -> Present:
    """What is so now."""
    core = parts.core
    return Present(parts.view, core.engine, core.clock, parts.dispatcher.catch_up)


def make_operations(parts: Parts, present: Present) -> tuple[Operations, Calls]:
    """What may be ordered of the router; the evidence of it is what the dispatcher tells."""
    about_phones = partial(ask_about, parts.gateway)
    operations = Operations(parts.dispatcher.submit, present, about_phones)
    evidence = Evidence()
    parts.dispatcher.listen_turns("operations", evidence.heard)
    return operations, Calls(operations, present, evidence, parts.gateway.send_digits)


def make_agi(settings: Settings, gateway: Gateway, max_connections: int) -> AgiServer:
    """Where the dialplans ask, and how many of them at once."""
    return AgiServer(
        settings.agi.host,
        settings.agi.port,
        allowed=[ipaddress.ip_network(network) for network in settings.agi.allowed],
        handler=gateway.answer,
        on_done=gateway.answered,
        max_connections=max_connections,
    )
