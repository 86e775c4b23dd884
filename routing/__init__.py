"""The ACD core of Paidui: pure, deterministic, in memory. See README.md beside this file."""

from routing.commands import Command, Stamped
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import Event

__all__ = ["Command", "Event", "RoutingConfig", "RoutingEngine", "Stamped"]
