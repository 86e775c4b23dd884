"""What all Asterisks of one router share."""

from dataclasses import dataclass

from cti.clock import Clock
from cti.dispatcher import CallLater, Dispatcher


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`instance` (8 hex digits) tells this router from any other, across its restarts; `name` is
    what people are told of it where another router finds it.
    """

    dispatcher: Dispatcher
    clock: Clock
    call_later: CallLater
    instance: str
    name: str
