"""The daemon's configuration as immutable values, in the units that people use (seconds).

Field names here are the keys in TOML and, in capitals with `__` between levels, the environment:
`[bus] port = 1883` is `CTI_BUS__PORT=1883`. `cti.config.sources` reads, `cti.config.build` checks;
a value built by hand (in a test) is taken as it is.
"""

from pathlib import Path
from typing import Literal

import msgspec

from cti.config import rules as of
from cti.config.secret import Secret
from cti.zone import OFFSET_US
from routing.config import DEFAULT_REASONS, DataClass, Strategy

Cause = Literal["queueFull", "noAvailableAgents", "queueTimeOverflow", "calendarOverflow"]
AnnouncementKind = Literal["plain", "position", "wait"]


class AsteriskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One Asterisk. `name` is part of the id of every call from it: not to be renamed lightly."""

    name: of.Name
    host: of.Host
    secret: of.AmiSecret
    ami_port: of.Port = 5038
    username: of.Name = "cti-router"
    originate_username: of.Name = "cti-originate"
    originate_secret: of.OptionalAmiSecret = Secret()  # "": no call is begun by the router
    sip_port: of.ListenPort = 5060  # only `cti asterisk check` asks there; 0: it does not


class AgiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the dialplans ask, who may, and the secret that their tokens are made with.

    `previous_secret` is taken as well while the dialplans are given a new one.
    """

    host: of.Host = "127.0.0.1"
    port: of.ListenPort = 4573
    secret: of.AgiSecret = Secret()  # immutable, so safe to share
    previous_secret: of.AgiSecret = Secret()
    allowed: tuple[of.Network, ...] = ("127.0.0.1/32",)


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The MQTT broker. `embedded` starts one as a child process and ignores host, port and user."""

    enabled: bool = True
    embedded: bool = True
    host: of.Host = "127.0.0.1"
    port: of.Port = 1883
    username: of.BusUser = ""
    password: of.BusSecret = Secret()  # immutable, so safe to share
    tls: bool = False
    ca_path: of.OptionalPath = ""  # "": the system's certificate authorities
    topic_prefix: of.Topic = "cti/v1"
    protected: bool = False  # what is personal too, on topics of its own: an access list first!


class EventLogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The record of published events (SQLite)."""

    path: of.OptionalPath = ""  # "": events.db in the data directory
    keep_days: of.KeepDays = 0  # 0: for ever


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The unix socket that the `cti` command speaks to. Its file mode is its access control."""

    socket: of.OptionalPath = ""  # "": cti.sock in the data directory


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where /metrics, /healthz and /readyz are served. They show no personal data."""

    host: of.Host = "127.0.0.1"
    port: of.ListenPort = 9464


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`auto` is text on a terminal and JSON lines elsewhere; `syslog` is RFC 5424."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text", "journald", "syslog"] = "auto"
    file: of.OptionalPath = ""  # "": standard error


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`sync_s`: how much a power cut may cost. `snapshot_every`: commands between two snapshots."""

    sync_s: of.PositiveSeconds = 1.0
    snapshot_every: of.PositiveCount = 50_000


class StepSettings(msgspec.Struct, frozen=True, kw_only=True):
    """From `after_s` of waiting on, `need` replaces the queue's own."""

    after_s: of.Seconds
    need: of.Need


class OverflowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call goes when `cause` happens: another queue, or out to an extension; never both."""

    cause: Cause
    to_queue: of.OptionalName = ""
    to_extension: of.Extension = ""


class ReserveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Agents who meet `need` help out from `open_at` waiting calls until no more than `close_at`
    wait.
    """

    need: of.Need
    open_at: of.PositiveCount
    close_at: of.Count = 0


class AnnouncementSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller hears after `after_s` of waiting, and then every `every_s` (0: once)."""

    sound: of.Sound
    after_s: of.PositiveSeconds
    every_s: of.Seconds = 0
    kind: AnnouncementKind = "plain"


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting line (`routing.config.QueueSpec` says what each field does)."""

    id: of.Name
    need: of.Need = ""
    strategy: Strategy = Strategy.LONGEST_IDLE
    priority: of.Priority = 0
    age_points: of.Points = 1
    age_every_s: of.PositiveSeconds = 1
    age_cap: of.Points = 3600
    ring_timeout_s: of.RingSeconds = 15
    after_call_work_s: of.Seconds = 30
    max_waiting: of.PositiveCount = 10_000
    max_wait_s: of.Seconds = 0
    sticky_s: of.Seconds = 0
    service_level_s: of.Seconds = 20
    sl_points: of.Points = 0
    sl_window_s: of.PositiveSeconds = 10
    regain_s: of.Seconds = 0
    callback_attempts: of.Count = 2
    callback_retry_s: of.Seconds = 300
    allocation: dict[of.Name, of.Percent] = {}
    reserve: ReserveSettings | None = None
    announcements: tuple[AnnouncementSettings, ...] = ()
    steps: tuple[StepSettings, ...] = ()
    overflows: tuple[OverflowSettings, ...] = ()


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign in. `device` is the PJSIP endpoint to ring; `skills` maps name to level."""

    id: of.Name
    device: of.Endpoint
    skills: dict[of.Name, of.Level] = {}
    employer: of.Name = "own"
    site: of.OptionalName = ""  # "": the site of the router
    weight: of.PositiveCount = 1
    training: bool = False


class BoostSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Calls with this tag get more points, in all queues or in those named. `id` is in the records
    of every call that it raised.
    """

    id: of.Name
    tag: of.Name
    points: of.PositiveCount
    queues: tuple[of.Name, ...] = ()


class BreakCapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` agents of `group` ("": of all) pause for these reasons at once."""

    group: of.OptionalName = ""
    reasons: tuple[of.Name, ...]
    limit: of.Count


class CallDataSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be known about a call: `CTI_DATA_` and its name is the variable of the
    dialplan. `protection`: who may see it (docs/call-data.md). `max_bytes`: the longest value, in
    UTF-8, where a Chinese character has 3; of all names together at most 1,024.
    """

    name: of.DataName
    protection: DataClass = DataClass.PERSONAL
    max_bytes: of.DataBytes = 64


class ModeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A named emergency mode. What one of its queues does not say is as in `[[queues]]`
    (`cti.config.inherit`).
    """

    name: of.Name
    queues: tuple[QueueSettings, ...] = ()
    boosts: tuple[BoostSettings, ...] = ()


class OutcomeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """After a failed offer: a pause, which doubles with each further one in a row up to `gap_max_s`
    (0: it does not grow), and not ready after so many in a row (0: never).
    """

    gap_s: of.Seconds = 0
    not_ready_after: of.Count = 0
    gap_max_s: of.Seconds = 0


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One policy for each of the four ways a phone can fail."""

    no_answer: OutcomeSettings = OutcomeSettings(not_ready_after=1)
    busy: OutcomeSettings = OutcomeSettings(gap_s=5, not_ready_after=10, gap_max_s=60)
    rejected: OutcomeSettings = OutcomeSettings(gap_s=5, not_ready_after=3, gap_max_s=60)
    unreachable: OutcomeSettings = OutcomeSettings(gap_s=10, not_ready_after=5, gap_max_s=60)


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of everything that could grow, and how long each answer of Asterisk is waited for."""

    calls: of.PositiveCount = 200_000
    needs: of.PositiveCount = 20_000
    decision_rows: of.Count = 4
    deliver_timeout_s: of.PositiveSeconds = 3
    ring_grace_s: of.Seconds = 2
    bridge_timeout_s: of.PositiveSeconds = 5
    open_work_s: of.PositiveSeconds = 1800
    telephony_lost_s: of.PositiveSeconds = 600


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `cti.app.run` is told. The defaults make a router without Asterisk and queues."""

    node: of.Name = "cti-1"
    site: of.Name = "main"
    utc_offset_min: of.UtcOffset = OFFSET_US // 60_000_000  # when the day of figures begins
    data_dir: of.FilePath = "var"
    slice_s: of.SliceSeconds = 10  # one slice of waiting in the dialplan
    asterisks: tuple[AsteriskSettings, ...] = ()
    agi: AgiSettings = AgiSettings()
    bus: BusSettings = BusSettings()
    event_log: EventLogSettings = EventLogSettings()
    control: ControlSettings = ControlSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    journal: JournalSettings = JournalSettings()
    queues: tuple[QueueSettings, ...] = ()
    agents: tuple[AgentSettings, ...] = ()
    policies: PolicySettings = PolicySettings()
    limits: LimitSettings = LimitSettings()
    reasons: tuple[of.Name, ...] = DEFAULT_REASONS
    boosts: tuple[BoostSettings, ...] = ()
    break_caps: tuple[BreakCapSettings, ...] = ()
    modes: tuple[ModeSettings, ...] = ()
    call_data: tuple[CallDataSettings, ...] = ()

    @property
    def data_path(self) -> Path:
        """Directory of journal, snapshots and event log."""
        return Path(self.data_dir)

    @property
    def control_path(self) -> Path:
        """The control socket."""
        return Path(self.control.socket) if self.control.socket else self.data_path / "cti.sock"

    @property
    def event_log_path(self) -> Path:
        """The event log's database file."""
        return Path(self.event_log.path) if self.event_log.path else self.data_path / "events.db"
