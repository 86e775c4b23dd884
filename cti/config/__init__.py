"""Configuration of the daemon: TOML, `conf.d` and environment in, one immutable `Settings` out."""

from cti.config.load import Loaded, load, read
from cti.config.problems import ConfigError, Problem
from cti.config.secret import Secret
from cti.config.settings import (
    AgentSettings,
    AgiSettings,
    AsteriskSettings,
    BusSettings,
    ControlSettings,
    EventLogSettings,
    JournalSettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    OutcomeSettings,
    OverflowSettings,
    PolicySettings,
    QueueSettings,
    Settings,
    StepSettings,
)
from cti.config.to_routing import routing_config

__all__ = [
    "AgentSettings",
    "AgiSettings",
    "AsteriskSettings",
    "BusSettings",
    "ConfigError",
    "ControlSettings",
    "EventLogSettings",
    "JournalSettings",
    "LimitSettings",
    "Loaded",
    "LogSettings",
    "MetricsSettings",
    "OutcomeSettings",
    "OverflowSettings",
    "PolicySettings",
    "Problem",
    "QueueSettings",
    "Secret",
    "Settings",
    "StepSettings",
    "load",
    "read",
    "routing_config",
]
