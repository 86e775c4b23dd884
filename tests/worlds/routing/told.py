"""Reading what a centre told: the events of one kind, and what most tests ask of an offer."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from routing import Stamped, snapshot
from routing import commands as c
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from routing.events import CommandRefused, Decision, Event, OfferMade
from tests.worlds.routing.centre import Centre

Kind = TypeVar("Kind")


def of(events: Iterable[Event], kind: type[Kind]) -> list[Kind]:
    """The events of this kind, in order."""
    return [event for event in events if isinstance(event, kind)]


def one(events: Iterable[Event], kind: type[Kind]) -> Kind:
    """The only event of this kind."""
    found = of(events, kind)
    assert len(found) == 1, found
    return found[0]


def refusal(events: Iterable[Event]) -> str:
    """The code with which the command was refused; nothing else came of it."""
    events = list(events)
    assert len(events) == 1, events
    return str(one(events, CommandRefused).code)


def decision(events: Iterable[Event]) -> Decision:
    """Why the only offer among the events was made."""
    return one(events, OfferMade).decision


def changed(config: RoutingConfig, **fields: object) -> RoutingConfig:
    """The configuration with other fields and the next version."""
    return msgspec.structs.replace(config, version=config.version + 1, **fields)


def apply(centre: Centre, **fields: object) -> list[Event]:
    """Change the configuration in force and apply it."""
    return centre.do(c.ApplyConfig(changed(centre.core.base, **fields)))


def told_alike_after_a_restart(centre: Centre, command: c.Command) -> list[Event]:
    """What the command leads to, which a restored engine says just the same."""
    restored: RoutingEngine = snapshot.load(snapshot.dump(centre.core))
    stamped = Stamped(restored.seq + 1, centre.now_us, command)
    expected = restored.handle(stamped)
    assert centre.do(command) == expected
    return expected
