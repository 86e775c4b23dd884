"""How the daemon's parts are made from the settings. Nothing is started here. For `cti.app`."""

import errno
import ipaddress
import secrets
import ssl
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from cti.agi.server import AgiServer
from cti.ami.client import AmiClient
from cti.bus.broker import Broker
from cti.bus.documents import StateDocuments
from cti.bus.mqtt import BrokerAddress, MqttConnector
from cti.bus.publisher import Publisher
from cti.clock import Clock
from cti.config import AsteriskSettings, Settings
from cti.figures import Calendar
from cti.gateway.gateway import Gateway
from cti.gateway.pbx import EVENTS, Pbx
from cti.record.cloudevents import CloudEventEncoder
from cti.record.event_log import EventLog
from cti.record.masking import masked
from cti.record.subscription import Feed
from cti.view import StateView
from routing.engine import RoutingEngine

MINUTE_US = 60_000_000

BUS_READER = "bus"
"""Under this name the event log keeps how far the bus has got."""


def version() -> str:
    """Of this program, as the journal's headers name it."""
    try:
        return metadata.version("paidui")
    except metadata.PackageNotFoundError:
        return "unknown"


def make_encoder(settings: Settings) -> CloudEventEncoder:
    """Events as CloudEvents, with callers' numbers masked. Its directory comes with the core."""
    return CloudEventEncoder(settings.node, settings.site, masked, prefix=settings.bus.topic_prefix)


def make_view(settings: Settings, engine: RoutingEngine) -> StateView:
    """The present, with the figures of the site's day."""
    calendar = Calendar(offset_us=settings.utc_offset_min * MINUTE_US)
    return StateView(engine.config, calendar=calendar)


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
        catch_up=catch_up,
    )


def client_id_of(settings: Settings, broker: Broker | None) -> str:
    """By which the broker knows the publisher. It hangs up on one when another comes with the same
    id (MQTT 3.1.1, 3.1.4), so on a broker that lets everybody read nobody may guess it.
    """
    return settings.node if broker is None else f"{settings.node}-{secrets.token_hex(8)}"


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
